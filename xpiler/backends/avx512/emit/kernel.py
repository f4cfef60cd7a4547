"""A translated kernel as C: its signature as the source has it, its body, OpenMP over its blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from xpiler.backends.avx512.emit.expressions import Array, Scope, memory_type, value_type
from xpiler.backends.avx512.emit.scoped import scoped_names
from xpiler.backends.avx512.emit.signature import (
    LAUNCH_TYPES,
    Parameter,
    launch_names,
    parameters,
    same_pointer,
)
from xpiler.backends.avx512.emit.statements import BOUND_AXIS, Printer, bound_nest, runtime_sized
from xpiler.backends.avx512.emit.wrapping import wrapping
from xpiler.ir.nodes import (
    Assign,
    Atomic,
    Block,
    Declare,
    For,
    GlobalBuffer,
    Kernel,
    Module,
    Param,
    Stmt,
    Var,
)
from xpiler.ir.textures import references
from xpiler.ir.types import BF16, F16, Pointer, Scalar, Spaces
from xpiler.ir.walk import declared, expressions, statements, subexpressions
from xpiler.records import dataclass

__all__ = ["DataForm", "KernelText", "print_kernel"]

DataForm = Literal["scalar", "object"]
"""Data that the source declares without brackets, and of a type (a struct, say) whose parts the elements are."""


def _builtins(grid: str, block: str, shared: str) -> dict[str, str]:
    """Builtins of the IR in terms of the launch's three parameters."""
    sizes = (("grid", grid), ("block", block))
    named = {f"{word}Dim.{axis}": f"{name}.{axis}" for word, name in sizes for axis in "xyz"}
    return {**named, "sharedBytes": f"(uint32_t){shared}", "warpSize": "32"}


def kernel_launch_names(
    module: Module, kernel: Kernel, params: Sequence[Parameter]
) -> tuple[str, str, str]:
    used = {p.name for p in kernel.params} | {p.name for p in params} | declared(kernel.body)
    return launch_names(used | {g.name for g in module.globals})


@dataclass(frozen=True, slots=True)
class KernelText:
    """A kernel's C: `head` is its linkage and signature without `;`, then the whole definition."""

    head: str
    definition: str


def _dead(body: Block) -> frozenset[str]:
    """Variables that are set and never read, once those that only they read are gone too."""
    dead: frozenset[str] = frozenset()
    while True:
        read: set[str] = set()
        for stmt in statements(body):
            if isinstance(stmt, Declare | Assign) and stmt.name in dead:
                continue
            for expr in expressions(stmt):
                read.update(e.name for e in subexpressions(expr) if isinstance(e, Var))
        now = frozenset(
            name
            for stmt in statements(body)
            for name in (_target(stmt),)
            if name is not None and name not in read
        )
        if now == dead:
            return dead
        dead = now


def _target(stmt: Stmt) -> str | None:
    match stmt:
        case Declare(name=name) | Assign(name=name):
            return name
        case Atomic(result=result):
            return result
        case _:
            return None


def _declared(line: str) -> str:
    """The name that a declaration with an initialiser gives: `const float (*const c_)[4] = ...`."""
    names: list[str] = re.findall(r"[A-Za-z_]\w*", re.sub(r"\[\w+\]", "", line.split(" = ")[0]))
    return names[-1]


def _nest(body: Block) -> tuple[tuple[For, ...], Block] | None:
    """The perfectly nested bound loops that are the whole of `body`, and what they repeat."""
    if len(body) != 1 or not isinstance(body[0], For) or body[0].axis != BOUND_AXIS:
        return None
    return bound_nest(body[0])


class _Body:
    """Prints one kernel; the parts share the printer."""

    def __init__(
        self,
        module: Module,
        kernel: Kernel,
        params: tuple[Parameter, ...],
        data: Mapping[str, DataForm],
    ) -> None:
        self.kernel = kernel
        self.params = params
        self.launch = kernel_launch_names(module, kernel, params)
        self.prologue: list[str] = []
        self.renamed: dict[str, str] = {}
        arrays = {g.name: self._data(g, data.get(g.name)) for g in module.globals}
        for parameter in params:
            for path, param in parameter.parts:
                arrays |= self._bind(parameter, path, param)
        for name, parts in references(kernel.params, [p.name for p in params]).items():
            for path, k in parts:
                arrays |= self._bind(Parameter("", name, ()), path, kernel.params[k])
        taken = {*self.launch, *arrays, *self.renamed.values(), *(p.name for p in params)}
        taken |= {p.name for p in kernel.params} | {a.name for a in arrays.values()}
        dead = _dead(kernel.body)
        shown = scoped_names(kernel.body, taken, dead)
        names = {**_builtins(*self.launch), **shown, **self.renamed}
        scope = Scope(arrays, names, wrapping(kernel))
        self.printer = Printer(scope, frozenset(), dead)

    def _data(self, buffer: GlobalBuffer, form: DataForm | None) -> Array:
        """Data of the file, as the source declares it."""
        name = buffer.name
        if form != "object":
            return Array(name, buffer.elem, scalar=form == "scalar")
        c = memory_type(buffer.elem)
        const = "const " if buffer.space == Spaces.CONSTANT else ""
        dims = "".join(f"[{n}]" for n in buffer.shape[1:])
        inner, to = (f"(*const {name}_){dims}", f"(*){dims}") if dims else (f"*const {name}_", "*")
        self.prologue.append(f"{const}{c} {inner} = ({const}{c} {to})&{name};")
        return Array(f"{name}_", buffer.elem)

    def _bind(self, parameter: Parameter, path: str, param: Param) -> dict[str, Array]:
        """Gives a parameter of the IR its name in C."""
        value = parameter.name + path
        if not isinstance(param.type, Pointer):
            self._bind_scalar(parameter, value, param)
            return {}
        c = memory_type(param.type.elem)
        const = "const " if param.type.const else ""
        if same_pointer(parameter.type, param) and not path:
            if parameter.name != param.name:
                self.prologue.append(f"{const}{c} *const {param.name} = {parameter.name};")
            return {param.name: Array(param.name, param.type.elem)}
        name = f"{param.name}_" if param.name == parameter.name else param.name
        self.prologue.append(f"{const}{c} *const {name} = ({const}{c} *){value};")
        return {param.name: Array(name, param.type.elem)}

    def _bind_scalar(self, parameter: Parameter, value: str, param: Param) -> None:
        narrow = param.type in (F16, BF16)
        name = param.name
        if narrow and name == parameter.name:
            name = f"{name}_"
            self.renamed[param.name] = name
        if narrow and parameter.type == "uint16_t":
            value = f"xp_{'half' if param.type == F16 else 'bf16'}_to_float({value})"
        if value != name and isinstance(param.type, Scalar):
            self.prologue.append(f"const {value_type(param.type)} {name} = {value};")

    def _lines(self, depth: int, text: str) -> str:
        """Names for parts of the parameters, those that `text` uses."""
        used = (
            line for line in self.prologue if re.search(rf"\b{re.escape(_declared(line))}\b", text)
        )
        return "".join(f"{'  ' * depth}{line}\n" for line in used)

    def _shared(self, body: str, depth: int) -> str:
        if "xp_shared" not in body:
            return ""
        call = f"__builtin_alloca_with_align({self.launch[2]} + 1, 512)"
        return f"{'  ' * depth}unsigned char *xp_shared = (unsigned char *){call};\n"

    def definition(self, signature: str, linkage: str) -> str:
        nest = _nest(self.kernel.body)
        if nest is not None and runtime_sized(nest[1]):
            return self._split(signature, linkage, *nest)
        text = self.printer.block(self.kernel.body, 1, "return")
        body = self._facts() + self._lines(1, text) + self._shared(text, 1) + text
        return f"{linkage}{signature} {{\n{self._unused(body)}{body}}}\n"

    def _facts(self) -> str:
        """Stop at a launch that the kernel was not made for: it counts on what the file's own launches share."""
        shown = _builtins(*self.launch)
        tests = [
            f"{shown[name]} != {value}"
            for name, value in self.kernel.launch
            if name.startswith(("blockDim.", "gridDim."))
        ]
        return f"  if ({' || '.join(tests)}) __builtin_trap();\n" if tests else ""

    def _split(self, signature: str, linkage: str, loops: tuple[For, ...], body: Block) -> str:
        """Memory on the stack is given back when a function ends: each block is a call."""
        heads = self.printer.bound(loops, "\0", 1)
        text = self.printer.block(body, 1, "return")
        text = self._lines(1, text) + self._shared(text, 1) + text
        mine = list(zip(LAUNCH_TYPES, self.launch, strict=True))
        mine += [(value_type(loop.type) + " ", self.printer.named(loop.var)) for loop in loops]
        mine += [(p.text.removesuffix(p.name), p.name) for p in self.params]
        used = [(t, n) for t, n in mine if re.search(rf"\b{re.escape(n)}\b", text)]
        name = f"{self.kernel.name}_block"
        inner = f"static void {name}({', '.join(t + n for t, n in used)}) {{\n{text}}}\n\n"
        call = f"    {name}({', '.join(n for _, n in used)});\n"
        outer = self._facts() + heads.replace("\0", call)
        return f"{inner}{linkage}{signature} {{\n{self._unused(outer)}{outer}}}\n"

    def _unused(self, body: str) -> str:
        names = [*self.launch, *(p.name for p in self.params)]
        return "".join(f"  (void){n};\n" for n in names if not re.search(rf"\b{n}\b", body))


def print_kernel(
    module: Module,
    kernel: Kernel,
    source: Sequence[str],
    actual: Mapping[str, str],
    *,
    data: Mapping[str, DataForm] | None = None,
    c: bool,
    linkage: str,
) -> KernelText:
    """`source`: the parameter declarations as the user wrote them; `actual`: its template arguments by name;
    `data`: how the source declares data of the file that is not an array of the elements;
    `linkage`: `extern "C" `, `[[maybe_unused]] static ` or nothing."""
    params = parameters(kernel.params, source, actual, c=c)
    body = _Body(module, kernel, params, data or {})
    launch = [t + n for t, n in zip(LAUNCH_TYPES, body.launch, strict=True)]
    signature = _filled(f"void {kernel.name}(", [*launch, *(p.text for p in params)], len(linkage))
    return KernelText(linkage + signature, body.definition(signature, linkage))


def _filled(head: str, items: Sequence[str], before: int) -> str:
    """The parameter list in lines of at most 100 columns."""
    lines = [head]
    for number, item in enumerate(items):
        end = ")" if number == len(items) - 1 else ","
        room = 98 - (before if len(lines) == 1 else 0)
        space = "" if lines[-1].endswith("(") else " "
        first = lines[-1].endswith("(")  # which stands behind the name, however long that is
        if not first and len(lines[-1] + space + item + end) > room:
            lines.append(" " * (len(head) + before) + item + end)
        else:
            lines[-1] += space + item + end
    return "\n".join(lines)
