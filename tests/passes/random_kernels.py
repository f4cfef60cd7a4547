"""Random well-defined SIMT kernels: free of races by construction, deterministic, every value initialised.

The generator draws from a `Chooser`, so that hypothesis can shrink what it draws and a long run can use a
plain random generator. Shared memory obeys a discipline: between two block barriers an array is either
written (each thread its own element) or read (any element).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
Chooser = Callable[[int], int]
"""Gives a number from 0 to n - 1."""

BLOCKS = (
    (32, 1, 1),
    (64, 1, 1),
    (8, 8, 1),
    (48, 1, 1),
    (16, 2, 2),
    (4, 3, 2),
    (64, 2, 1),
    (1, 1, 1),
)
N = 100


FUNCTIONS = """\
__device__ i32 between(i32 x, i32 low, i32 high) {
  if (x < low) { return low; }
  if (x % 3 == 1) { if (x > high) { return high; } x = x + 1; } else { x = x - low; }
  return x * 2;
}
__device__ i32 search(const i32 *p, i32 key, i32 &where) {
  for (i32 k = 0; k < 6; k += 1) {
    if (p[k] % 4 == key) { where = k; return 1; }
    if (p[k] > 40) { return 2; }
  }
  where = where - 1;
  return 0;
}
__device__ i32 block_total(i32 v, i32 *b) {
  b[threadIdx.x] = v;
  __syncthreads();
  i32 sum = 0;
  for (i32 k = 0; k < (i32)blockDim.x; k += 1) { sum = sum + b[k]; }
  __syncthreads();
  return sum;
}
__device__ i32 warp_total(i32 v) {
  i32 sum = v;
  i32 o = 16;
  while (o > 0) { i32 t; t = __shfl_xor_sync(4294967295u, sum, o, 32); sum = sum + t; o = o >> 1; }
  return sum;
}
"""


@dataclass
class Case:
    """A kernel's text and how to run it."""

    text: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]

    def arguments(self, seed: int = 0) -> dict[str, object]:
        rng = random.Random(seed)
        total = self.grid[0] * self.block[0] * self.block[1] * self.block[2]
        return {
            "a": [rng.randint(-50, 50) for _ in range(N)],
            "f": [rng.randint(-64, 64) / 8 for _ in range(N)],
            "out": [0] * max(total, 1),
            "fout": [0.0] * max(total, 1),
            "hist": [0] * 16,
            "n": rng.choice((total, max(1, total - 5), total // 2 + 1)),
            "m": rng.randint(1, 3),
        }


def from_seed(seed: int) -> Case:
    rng = random.Random(seed)
    return generate(lambda n: rng.randrange(n))


def generate(choose: Chooser) -> Case:
    """A kernel drawn with `choose`; 0 is always the simplest choice."""
    return _Generator(choose).case()


@dataclass
class _Generator:
    choose: Chooser
    ints: list[str] = field(default_factory=lambda: ["gid", "tid"])
    fixed: set[str] = field(default_factory=lambda: {"gid", "tid", "lane", "wid"})
    floats: list[str] = field(default_factory=list)
    arrays: list[str] = field(default_factory=list)
    uniform: list[str] = field(default_factory=list)
    modes: dict[str, str] = field(default_factory=lambda: {"s": "clean", "w": "own"})
    count: int = 0
    budget: int = 14
    called: bool = False
    exited: bool = False

    def pick(self, options: Sequence[T]) -> T:
        return options[self.choose(len(options))]

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    # --- the kernel

    def case(self) -> Case:
        block = self.pick(BLOCKS)
        size = block[0] * block[1] * block[2]
        self.size = size
        self.full = size % 32 == 0
        self.flat = block[1] == block[2] == 1
        known = self.choose(4) != 3
        body = self.block("block", 2 + self.choose(5), 0)
        ends = "".join(f"    out[gid] += {v};\n" for v in self.ints[2:] if v not in self.fixed)
        ends += "".join(f"    fout[gid] += {v};\n" for v in self.floats)
        facts = ", ".join(
            [f"blockDim.{a} = {n}" for a, n in zip("xyz", block, strict=True)]
            + ["gridDim.y = 1", "gridDim.z = 1"]
        )
        head = f"launch_facts({facts})\n" if known else ""
        text = (
            f"{FUNCTIONS if self.called else ''}{head}"
            "__global__ void k(const i32 *a, const f32 *f, i32 *out, f32 *fout, i32 *hist, i32 n, i32 m) {\n"
            f"    __shared__ i32 s[{size}];\n"
            f"    __shared__ i32 w[{size}];\n"
            "    i32 tid = (i32)((threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x);\n"
            "    i32 lane = tid & 31;\n"
            "    i32 wid = tid >> 5;\n"
            f"    i32 gid = (i32)blockIdx.x * {size} + tid;\n"
            "    w[tid] = gid;\n    __syncthreads();\n"
            f"{body}{ends}}}\n"
        )
        return Case(text, (2, 1, 1), block)

    # --- expressions

    def index(self) -> str:
        """Any index into an input."""
        return f"((({self.int_expr(1)}) & 1023) % {N})"

    def int_expr(self, depth: int = 2) -> str:
        if depth == 0 or self.choose(3) == 0:
            leaf = self.choose(6)
            if leaf == 0:
                return self.pick(self.ints)
            if leaf == 1:
                return str(self.choose(9) - 2)
            if leaf == 2:
                return self.pick(["n", "m", "lane", "wid", "(i32)blockIdx.x", "(i32)threadIdx.y"])
            if leaf == 3:
                return f"a[({self.pick(self.ints)} & 1023) % {N}]"
            if leaf == 4 and self.arrays:
                return f"{self.pick(self.arrays)}[({self.pick(self.ints)}) & 3]"
            if leaf == 5 and self.uniform:
                return self.pick(self.uniform)
            return self.shared_read() or self.pick(self.ints)
        op = self.pick(["+", "-", "*", "&", "^", "|", "/", "%", ">>", "min", "sel"])
        x, y = self.int_expr(depth - 1), self.int_expr(depth - 1)
        if op in ("/", "%"):
            return f"(({x}) {op} {self.pick([3, 7, 32])})"
        if op == ">>":
            return f"(({x}) >> {self.choose(6)})"
        if op == "min":
            return f"min({x}, {y})"
        if op == "sel":
            return f"(({self.cond()}) ? {x} : {y})"
        return f"(({x}) {op} ({y}))"

    def shared_read(self) -> str | None:
        if self.modes["s"] in ("clean", "read"):
            self.modes["s"] = "read"
            return f"s[({self.pick(self.ints)} & 1023) % {self.size}]"
        if self.modes["s"] == "own":
            return "s[tid]"
        return None

    def float_expr(self) -> str:
        leaf = self.choose(4)
        if leaf == 0 or not self.floats:
            return f"f[({self.pick(self.ints)} & 1023) % {N}]"
        if leaf == 1:
            return f"({self.pick(self.floats)} * 0.5f)"
        if leaf == 2:
            return f"(f32)({self.pick(self.ints)} & 15)"
        return f"({self.pick(self.floats)} + {self.pick(self.floats)})"

    def cond(self) -> str:
        op = self.pick(["<", ">=", "==", "!="])
        return f"{self.pick(self.ints)} {op} {self.int_expr(1)}"

    def uniform_cond(self, scope: str) -> str:
        """A condition that is the same for all threads of the scope, not always visibly so."""
        options = [
            "m > 1",
            "(i32)blockIdx.x == 0",
            "n > 7",
            f"a[{self.choose(N)}] > 0",
            "(tid & 0) + m > 2",
        ]
        options += [f"{u} > 1" for u in self.uniform]
        if self.modes["s"] in ("clean", "read") and scope == "block":
            options.append("s[0] > 3")
        if scope == "warp":
            options += ["wid == 0", "wid < 1", "tid < 32", "(tid >> 5) == 1"]
        chosen = self.pick(options)
        if "s[0]" in chosen:
            self.modes["s"] = "read"
        return chosen

    # --- statements; `where` says who is together: block, warp, or thread

    def block(self, where: str, length: int, depth: int) -> str:
        saved = (list(self.ints), list(self.floats), list(self.arrays), list(self.uniform))
        lines = "".join(self.stmt(where, depth) for _ in range(length))
        if depth:
            self.ints, self.floats, self.arrays, self.uniform = saved
        return lines

    def stmt(self, where: str, depth: int) -> str:
        self.budget -= 1
        if self.budget < 0:
            return ""
        simple = [
            self.declare_int,
            self.assign_int,
            self.declare_float,
            self.assign_float,
            self.array,
            self.atomic,
            self.own_shared,
        ]
        nested = [self.divergent_if, self.divergent_for, self.divergent_while]
        options: list[Callable[[], str]] = [*simple, lambda: self.call(where)]
        if depth < 3:
            options += [lambda f=f: f(depth) for f in nested]  # type: ignore[misc]
        if where in ("block", "warp"):
            options += [lambda: self.warp_op(where), lambda: self.warp_op(where), self.warp_memory]
            options += [lambda: self.uniform_var(where), lambda: self.half_warp()]
            if depth < 3:
                options += [
                    lambda: self.uniform_if(where, depth),
                    lambda: self.uniform_for(where, depth),
                    lambda: self.uniform_while(where, depth),
                    lambda: self.warp_if(depth),
                ]
        if where == "block":
            options += [self.barrier, self.barrier, self.block_vote]
            if depth == 0 and not self.exited:
                options += [self.exit, self.warp_exit]
        return self.pick(options)()

    def declare_int(self) -> str:
        name = self.fresh("x")
        line = f"i32 {name} = {self.int_expr()};\n"
        self.ints.append(name)
        return line

    def mutable(self) -> list[str]:
        return [v for v in self.ints if v not in self.fixed]

    def assign_int(self) -> str:
        if not self.mutable():
            return self.declare_int()
        return f"{self.pick(self.mutable())} = {self.int_expr()};\n"

    def declare_float(self) -> str:
        name = self.fresh("g")
        line = f"f32 {name} = {self.float_expr()};\n"
        self.floats.append(name)
        return line

    def assign_float(self) -> str:
        return (
            f"{self.pick(self.floats)} = {self.float_expr()};\n"
            if self.floats
            else self.declare_float()
        )

    def array(self) -> str:
        if not self.arrays or self.choose(3) == 0:
            name = self.fresh("l")
            line = f"i32 {name}[4];\n" + "".join(
                f"{name}[{n}] = {self.int_expr(1)};\n" for n in range(4)
            )
            self.arrays.append(name)
            return line
        return f"{self.pick(self.arrays)}[({self.int_expr(1)}) & 3] = {self.int_expr(1)};\n"

    def atomic(self) -> str:
        if self.choose(3) == 2:
            # nobody else's element, so that the old value is known
            name = self.fresh("old")
            line = f"i32 {name};\n{name} = atomicAdd(&out[gid], {self.int_expr(1)});\n"
            self.ints.append(name)
            return line
        return f"atomicAdd(&hist[({self.int_expr(1)}) & 15], {self.int_expr(1)});\n"

    def own_shared(self) -> str:
        value = self.int_expr(1)
        if self.modes["s"] not in ("clean", "own"):
            return self.assign_int()
        self.modes["s"] = "own"
        return f"s[tid] = {value};\n"

    def barrier(self) -> str:
        self.modes["s"] = "clean"
        return "__syncthreads();\n"

    def warp_exit(self) -> str:
        """Whole warps leave: those that stay may go on exchanging."""
        return f"if ({self.pick(['wid >= 1', '(gid >> 5) >= m', 'wid == 0 && n > 40'])}) {{ return; }}\n"

    def exit(self) -> str:
        self.exited = True
        return f"if ({self.pick(['gid >= n', 'a[gid % 100] > 30', 'tid > 40'])}) {{ return; }}\n"

    def call(self, where: str) -> str:
        """A call of a device function."""
        self.called = True
        name = self.fresh("z")
        kind = self.choose(4)
        value = self.int_expr(1)
        if kind == 2 and not (where == "block" and not self.exited and self.flat):
            kind = 0
        if kind == 3 and (where == "thread" or not self.full or self.exited):
            kind = 0
        self.ints.append(name)
        if kind == 1:
            at = self.fresh("at")
            self.ints.append(at)
            start = f"&a[({value}) & 63]"
            return f"i32 {at} = {name[1:]};\ni32 {name};\n{name} = search({start}, {self.choose(4)}, ref({at}));\n"
        if kind == 2:
            return f"{self.barrier()}i32 {name};\n{name} = block_total({value}, &s[0]);\n"
        if kind == 3:
            return f"i32 {name};\n{name} = warp_total({value});\n"
        return f"i32 {name};\n{name} = between({value}, -3, {self.choose(20)});\n"

    # --- code that threads run apart

    def apart(self, head: str, depth: int, tail: str = "") -> str:
        before = dict(self.modes)
        body = self.block("thread", 1 + self.choose(3), depth + 1)
        self.join(before)
        return f"{head} {{\n{body}{tail}}}\n"

    def join(self, before: dict[str, str]) -> None:
        for name, mode in before.items():
            if self.modes[name] != mode and mode != "clean":
                self.modes[name] = "mixed"

    def divergent_if(self, depth: int) -> str:
        text = self.apart(f"if ({self.cond()})", depth)
        if self.choose(2):
            text = text.rstrip("\n") + self.apart(" else", depth)
        return text

    def divergent_for(self, depth: int) -> str:
        head = self.int_expr(1)
        name = self.fresh("it")
        self.ints.append(name)
        self.fixed.add(name)
        jump = self.pick(
            ["", "", f"if ({self.cond()}) {{ continue; }}\n", f"if ({self.cond()}) {{ break; }}\n"]
        )
        body = self.apart(f"for (i32 {name} = 0; {name} < (({head}) & 3); {name} += 1)", depth)
        self.ints.remove(name)
        return body.replace("{\n", "{\n" + jump.replace(name, "m"), 1)

    def divergent_while(self, depth: int) -> str:
        name = self.fresh("c")
        start = f"i32 {name} = ({self.int_expr(1)}) & 3;\n"
        leave = ""
        if depth == 0 and not self.exited and self.choose(3) == 2:
            self.exited = True
            leave = f"if ({self.cond()}) {{ return; }}\n"
        text = self.apart(f"while ({name} > 0)", depth, tail=f"{leave}{name} = {name} - 1;\n")
        return start + text

    # --- code that threads run together

    def together(self, head: str, where: str, depth: int, tail: str = "") -> str:
        """A construct that all threads of `where` enter; what it leaves behind is synchronised."""
        first = self.barrier() if where == "block" else ""
        before = dict(self.modes)
        body = self.block(where, 1 + self.choose(3), depth + 1)
        last = self.barrier() if where == "block" else ""
        if where != "block":
            self.join(before)
        return f"{first}{head} {{\n{body}{tail}{last}}}\n"

    def uniform_if(self, where: str, depth: int) -> str:
        return self.together(f"if ({self.uniform_cond(where)})", where, depth)

    def warp_if(self, depth: int) -> str:
        return self.together(f"if ({self.uniform_cond('warp')})", "warp", depth)

    def uniform_for(self, where: str, depth: int) -> str:
        name = self.fresh("un")
        self.uniform.append(name)
        bounds = ["2", "m", "(m & 1) + 1", f"(a[{self.choose(N)}] & 1) + 1"]
        bound = self.pick([*bounds, "wid + 1", "(wid & 1) + 1"] if where == "warp" else bounds)
        jump = ""
        if self.choose(4) == 3:
            jump = f"if ({self.uniform_cond(where)}) {{ {self.pick(['break', 'continue'])}; }}\n"
        if where != "block" and jump:
            jump = ""
        text = self.together(
            f"for (i32 {name} = 0; {name} < {bound}; {name} += 1)", where, depth, ""
        )
        self.uniform.remove(name)
        return (
            text.replace("{\n", "{\n" + jump, 1) if "continue" in jump or "break" in jump else text
        )

    def uniform_while(self, where: str, depth: int) -> str:
        name = self.fresh("h")
        start = self.pick(["2", "m", f"(a[{self.choose(N)}] & 1) + 1", "(a[gid % 100] & 0) + 2"])
        self.uniform.append(name)
        step = self.pick([f"{name} = {name} >> 1;\n", f"{name} = {name} - 1;\n"])
        text = self.together(f"while ({name} > 0)", where, depth, tail=step)
        self.uniform.remove(name)
        return f"i32 {name} = {start};\n" + text

    def uniform_var(self, where: str) -> str:
        name = self.fresh("v")
        value = self.pick(["m * 2", "(i32)blockIdx.x + m", f"a[{self.choose(N)}]", "n - m"])
        if self.modes["s"] in ("clean", "read") and where == "block" and self.choose(2):
            self.modes["s"] = "read"
            value = f"s[{self.choose(self.size)}]"
        self.uniform.append(name)
        if self.choose(2):
            return f"i32 {name};\n{name} = {value};\n"
        return f"i32 {name} = {value};\n"

    def block_vote(self) -> str:
        self.modes["s"] = "clean"
        name = self.fresh("vote")
        op = self.pick(["__syncthreads_or", "__syncthreads_and", "__syncthreads_count"])
        value = self.cond()
        self.uniform.append(name)
        return f"i32 {name};\n{name} = {op}((i32)({value}));\n"

    # --- warps

    def warp_op(self, where: str) -> str:
        del where
        name = self.fresh("r")
        kind = self.choose(8)
        value = self.int_expr(1)
        mask = "4294967295u"
        if kind <= 3 and (not self.full or self.exited):
            kind += 4
        if kind == 0:
            call = f"__shfl_xor_sync({mask}, {value}, {self.pick([1, 2, 16, 5])}, {self.pick([32, 16, 8])})"
        elif kind in (1, 2):
            op = "__shfl_down_sync" if kind == 1 else "__shfl_up_sync"
            call = f"{op}({mask}, {value}, {self.pick([1, 4, 17])}, {self.pick([32, 16])})"
        elif kind == 3:
            by = self.pick(["0", "lane ^ 3", "m", self.int_expr(1)])
            call = f"__shfl_sync({mask}, {value}, {by}, {self.pick([32, 8])})"
        elif kind == 4:
            op = self.pick(["__any_sync", "__all_sync"])
            call = f"{op}({mask}, (i32)({self.cond()}))"
        elif kind == 5:
            op = self.pick(["add", "min", "max", "and", "or", "xor"])
            call = f"__reduce_{op}_sync({mask}, {value})"
        else:
            call = (
                f"__ballot_sync({mask}, (i32)({self.cond()}))"
                if kind == 6
                else f"__match_any_sync({mask}, ({value}) & 3)"
            )
            self.ints.append(name)
            return f"u32 {name}u;\n{name}u = {call};\ni32 {name} = (i32){name}u;\n"
        self.ints.append(name)
        if self.mutable()[:-1] and self.choose(3) == 2:
            target = self.mutable()[0]
            self.ints.remove(name)
            return f"{target} = {call};\n"
        return f"i32 {name};\n{name} = {call};\n"

    def half_warp(self) -> str:
        """An exchange of half a warp, under a condition that splits the warp."""
        if not self.full or self.exited:
            return self.declare_int()
        name, got = self.fresh("q"), self.fresh("p")
        value = self.int_expr(1)
        call = self.pick(
            [
                f"__shfl_down_sync(65535u, {value}, 1, 16)",
                f"__reduce_add_sync(65535u, {value})",
                f"__any_sync(65535u, (i32)(({value}) > 3))",
            ]
        )
        self.ints.append(name)
        return f"i32 {name} = 1;\nif (lane < 16) {{\ni32 {got};\n{got} = {call};\n{name} = {got} + 1;\n}}\n"

    def warp_memory(self) -> str:
        """Exchange through shared memory within a warp."""
        if not self.full or self.exited:
            return self.assign_int()
        name = self.fresh("y")
        value = self.int_expr(1)
        at = self.pick(["lane ^ 1", "31 - lane", "(lane + 5) & 31"])
        self.ints.append(name)
        return f"w[tid] = {value};\n__syncwarp();\ni32 {name} = w[(tid & -32) + ({at})];\n__syncwarp();\n"
