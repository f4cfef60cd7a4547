"""A translated kernel as C: its signature as the source has it, its body, OpenMP over its blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from xpiler.backends.avx512.emit.expressions import Array, Scope, memory_type, value_type
from xpiler.backends.avx512.emit.statements import Printer, runtime_sized
from xpiler.ir.nodes import (
    Assign,
    Atomic,
    Block,
    Builtin,
    Declare,
    For,
    Kernel,
    Module,
    Param,
    Stmt,
    Var,
)
from xpiler.ir.types import Pointer
from xpiler.ir.walk import expressions, statements, subexpressions

__all__ = ["KernelText", "Parameter", "parameters", "print_kernel"]

_BUILTINS = {
    f"{a}Dim.{c}": f"{b}.{c}" for a, b in (("grid", "grid"), ("block", "block")) for c in "xyz"
}
_BUILTINS |= {"sharedBytes": "(uint32_t)shared_bytes", "warpSize": "32"}
BOUND_AXIS = "task"
"""The axis of a loop that OpenMP shares out (the pass loop_bind sets it)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as the caller sees it: C type and name, and the IR parameters that it gives."""

    type: str
    name: str
    gives: tuple[Param, ...]

    @property
    def text(self) -> str:
        return f"{self.type}{self.name}" if self.type.endswith("*") else f"{self.type} {self.name}"


@dataclass(frozen=True, slots=True)
class KernelText:
    """A kernel's C: `signature` without `;`, and the whole definition."""

    signature: str
    definition: str


def parameters(params: Sequence[Param], source: Sequence[str], c: bool) -> tuple[Parameter, ...]:
    """The source's parameters: struct fields are put together again, vector pointers restored.

    `source` are the parameter declarations of the source, if known; `c` when the file has no host part, so that
    types that only the CUDA headers know are given by their elements.
    """
    found: list[Parameter] = []
    for param in params:
        owner = param.origin.split(".")[0] if "." in param.origin else ""
        if owner and found and found[-1].name == owner:
            found[-1] = Parameter(found[-1].type, owner, (*found[-1].gives, param))
        elif owner:
            found.append(Parameter(_declared(source, owner), owner, (param,)))
        else:
            found.append(Parameter(_type(param, c), param.name, (param,)))
    return tuple(found)


def _declared(source: Sequence[str], name: str) -> str:
    for text in source:
        match = re.search(rf"^(.*?)\b{re.escape(name)}\s*$", text.strip(), re.S)
        if match:
            return re.sub(r"\b(?:const|__grid_constant__)\b\s*", "", match[1]).strip()
    return "void"


def _type(param: Param, c: bool) -> str:
    if not isinstance(param.type, Pointer):
        return value_type(param.type)
    const = "const " if param.type.const else ""
    named = re.sub(
        r"\b(?:const|__restrict__|__restrict|restrict|volatile)\b|\*", "", param.origin
    ).strip()
    if named and not c:
        return f"{const}{named} *"
    return f"{const}{memory_type(param.type.elem)} *"


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


def _nest(body: Block) -> tuple[tuple[For, ...], Block] | None:
    """The perfectly nested bound loops that are the whole of `body`, and what they repeat."""
    loops: list[For] = []
    while len(body) == 1 and isinstance(body[0], For) and body[0].axis == BOUND_AXIS:
        loops.append(body[0])
        body = body[0].body
    return (tuple(loops), body) if loops else None


def _uses(kernel: Kernel, prefix: str) -> bool:
    return any(
        isinstance(e, Builtin) and e.name.startswith(prefix)
        for s in statements(kernel.body)
        for x in expressions(s)
        for e in subexpressions(x)
    )


class _Body:
    """Prints one kernel; the parts share the printer."""

    def __init__(self, module: Module, kernel: Kernel, params: tuple[Parameter, ...]) -> None:
        self.kernel = kernel
        self.params = params
        self.prologue: list[str] = []
        arrays = {g.name: Array(g.name, g.elem) for g in module.globals}
        for parameter in params:
            for param in parameter.gives:
                self._bind(parameter, param, arrays)
        self.printer = Printer(Scope(arrays, self.names), frozenset(), _dead(kernel.body))

    names: dict[str, str]

    def _bind(self, parameter: Parameter, param: Param, arrays: dict[str, Array]) -> None:
        if not hasattr(self, "names"):
            self.names = dict(_BUILTINS)
        value = param.origin if "." in param.origin else parameter.name
        if not isinstance(param.type, Pointer):
            if value != param.name:
                self.prologue.append(f"const {value_type(param.type)} {param.name} = {value};")
            return
        c = memory_type(param.type.elem)
        const = "const " if param.type.const else ""
        arrays[param.name] = Array(param.name, param.type.elem)
        if parameter.type != f"{const}{c} *" or value != param.name:
            name = param.name if value != param.name else f"{param.name}_"
            arrays[param.name] = Array(name, param.type.elem)
            self.prologue.append(f"{const}{c} *const {name} = ({const}{c} *){value};")

    def _lines(self, depth: int) -> str:
        return "".join(f"{'  ' * depth}{line}\n" for line in self.prologue)

    def _shared(self, body: str, depth: int) -> str:
        if "xp_shared" not in body:
            return ""
        call = "__builtin_alloca_with_align(shared_bytes + 1, 512)"
        return f"{'  ' * depth}unsigned char *xp_shared = (unsigned char *){call};\n"

    def definition(self, signature: str, linkage: str) -> str:
        nest = _nest(self.kernel.body)
        if nest is not None and runtime_sized(nest[1]):
            return self._split(signature, linkage, *nest)
        if nest is None:
            text = self.printer.block(self.kernel.body, 1, "return")
            text = self._shared(text, 1) + text
        else:
            text = self._loops(nest[0], self.printer.block(nest[1], 2))
        body = self._lines(1) + text
        return f"{linkage}{signature} {{\n{self._unused(body)}{body}}}\n"

    def _loops(self, loops: tuple[For, ...], body: str) -> str:
        collapse = f" collapse({len(loops)})" if len(loops) > 1 else ""
        text = f"#pragma omp parallel for{collapse} schedule(static)\n"
        for loop in loops[:-1]:
            text += f"  {self.printer.head(loop)}\n"
        return text + f"  {self.printer.head(loops[-1])} {{\n{body}  }}\n"

    def _split(self, signature: str, linkage: str, loops: tuple[For, ...], body: Block) -> str:
        """Memory on the stack is given back when a function ends: each block is a call."""
        heads = self._loops(loops, "\0")
        text = self.printer.block(body, 1, "return")
        text = self._lines(1) + self._shared(text, 1) + text
        mine = [("xp_dim3 ", "grid"), ("xp_dim3 ", "block"), ("size_t ", "shared_bytes")]
        mine += [(value_type(loop.type) + " ", loop.var) for loop in loops]
        mine += [(p.text.removesuffix(p.name), p.name) for p in self.params]
        used = [(t, n) for t, n in mine if re.search(rf"\b{re.escape(n)}\b", text)]
        name = f"{self.kernel.name}_block"
        inner = f"static void {name}({', '.join(t + n for t, n in used)}) {{\n{text}}}\n\n"
        outer = heads.replace("\0", f"    {name}({', '.join(n for _, n in used)});\n")
        return f"{inner}{linkage}{signature} {{\n{self._unused(outer)}{outer}}}\n"

    def _unused(self, body: str) -> str:
        names = ["grid", "block", "shared_bytes", *(p.name for p in self.params)]
        return "".join(f"  (void){n};\n" for n in names if not re.search(rf"\b{n}\b", body))


def print_kernel(
    module: Module, kernel: Kernel, source: Sequence[str], *, c: bool, linkage: str
) -> KernelText:
    """`source`: the parameter declarations as the user wrote them; `linkage`: `extern "C" ` or nothing."""
    params = parameters(kernel.params, source, c)
    shown = ["xp_dim3 grid", "xp_dim3 block", "size_t shared_bytes", *(p.text for p in params)]
    signature = f"void {kernel.name}({', '.join(shown)})"
    if len(signature) > 96:
        pad = ",\n" + " " * (len(f"void {kernel.name}(") + len(linkage))
        signature = f"void {kernel.name}({pad.join(shown)})"
    body = _Body(module, kernel, params)
    return KernelText(signature, body.definition(signature, linkage))
