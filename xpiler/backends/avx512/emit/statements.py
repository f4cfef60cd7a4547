"""Statements of the IR as C."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from xpiler.backends.avx512.emit.expressions import (
    Array,
    Scope,
    expression,
    memory_type,
    place,
    value_type,
)
from xpiler.backends.avx512.emit.lines import wrapped
from xpiler.ir.nodes import (
    ARITHMETIC,
    SHIFTS,
    Alloc,
    Assign,
    Assume,
    Atomic,
    Binary,
    Block,
    Break,
    Const,
    Continue,
    Declare,
    Evaluate,
    Expr,
    For,
    If,
    Load,
    Return,
    Stmt,
    Store,
    Var,
    While,
)
from xpiler.ir.types import BF16, BOOL, F16, I32, I64, Mask, Scalar, Vector
from xpiler.ir.walk import blocks, expressions, statements, variables
from xpiler.records import dataclass

__all__ = ["Printer", "runtime_sized"]

_INDENT: Final = "  "
_NARROW: Final = {F16: "xp_float_to_half", BF16: "xp_float_to_bf16"}
_FETCH: Final = frozenset({"add", "sub", "and", "or", "xor"})


def runtime_sized(block: Block) -> bool:
    """Whether the block holds an array whose size only the launch tells."""
    return any(
        isinstance(s, Alloc) and (s.dynamic or not all(isinstance(d, Const) for d in s.shape))
        for s in statements(block)
    )


BOUND_AXIS: Final = "task"
"""The axis of a loop that OpenMP shares out (the pass loop_bind sets it)."""


def bound_nest(loop: For) -> tuple[tuple[For, ...], Block]:
    """A bound loop with the bound loops that are perfectly nested in it, and what they repeat."""
    loops, body = [loop], loop.body
    while len(body) == 1 and isinstance(body[0], For) and body[0].axis == BOUND_AXIS:
        loops.append(body[0])
        body = body[0].body
    return tuple(loops), body


@dataclass(frozen=True, slots=True)
class Counted:
    """A `while` loop whose condition's variable is updated at the end: `for (start; cond; update) body`."""

    start: Declare | None
    cond: Expr
    update: Assign
    body: Block


def counted(block: Block) -> Counted | None:
    """What `block` begins with, if that is a counted loop; `start` where nothing else needs the variable."""
    first = block[0]
    rest = block[1:]
    start = None
    if isinstance(first, Declare) and rest and isinstance(rest[0], While):
        start, first, rest = first, rest[0], rest[1:]
    match first:
        case While(
            cond=cond,
            body=(*body, Assign(name=name, value=Binary(a=Var(name=own))) as update),
        ) if own == name and name in variables(cond) and not _continues(tuple(body)):
            if start is None:
                return Counted(None, cond, update, tuple(body))
            if start.name == name and start.init is not None and not _mentioned(name, rest):
                return Counted(start, cond, update, tuple(body))
        case _:
            pass
    return None


def _continues(block: Block) -> bool:
    return any(
        isinstance(s, Continue)
        or (not isinstance(s, For | While) and any(_continues(b) for b in blocks(s)))
        for s in block
    )


def _mentioned(name: str, block: Block) -> bool:
    return any(
        name in variables(e) or (isinstance(s, Assign) and s.name == name)
        for s in statements(block)
        for e in expressions(s)
    )


class Printer:
    """Prints the body of one kernel. `private` names buffers that no other CPU thread sees (shared memory of a
    block, local arrays): atomics on them are plain updates. Names of variables that nothing reads are in
    `dead`: their stores are left out."""

    def __init__(self, scope: Scope, private: frozenset[str], dead: frozenset[str]) -> None:
        self.arrays: dict[str, Array] = dict(scope.arrays)
        self.scope = replace(scope, arrays=self.arrays)
        self.private = set(private)
        self.dead = dead
        self.types: dict[str, Scalar | Vector | Mask] = {}

    def block(self, block: Block, depth: int, exit: str = "continue") -> str:
        """The statements; `exit` is what a `continue` outside any loop of the block becomes."""
        out: list[str] = []
        number = 0
        while number < len(block):
            loop = counted(block[number:])
            if loop is None:
                out.append(wrapped(self.statement(block[number], depth, exit)))
            else:
                out.append(wrapped(self._counted(loop, depth)))
                number += loop.start is not None
            number += 1
        return "".join(out)

    def named(self, name: str) -> str:
        """The C name of a variable or an array."""
        return self.scope.names.get(name, name)

    def expr(self, expr: Expr, outer: int = 0) -> str:
        return expression(expr, self.scope, outer)

    def index(self, expr: Expr, outer: int = 0) -> str:
        """An expression that is an index or a bound."""
        return expression(expr, self.scope.indexing, outer)

    def value(self, name: str, expr: Expr, outer: int = 0) -> str:
        """An expression for the variable `name`."""
        if name in self.scope.wrapping.indices:
            return self.index(expr, outer)
        return self.expr(expr, outer)

    def statement(self, stmt: Stmt, depth: int, exit: str) -> str:
        pad = _INDENT * depth
        match stmt:
            case If():
                return self._if(stmt, depth, exit)
            case For():
                return self._for(stmt, depth)
            case While(cond=cond, body=body):
                inner = self.block(body, depth + 1)
                return f"{pad}while ({self.expr(cond)}) {{\n{inner}{pad}}}\n"
            case Atomic():
                return self._atomic(stmt, pad)
            case Alloc():
                return self._alloc(stmt, pad)
            case Assume():
                return ""
            case _:
                text = self._simple(stmt, exit)
                return f"{pad}{text};\n" if text else ""

    # --- control

    def _if(self, stmt: If, depth: int, exit: str) -> str:
        pad = _INDENT * depth
        text = (
            f"{pad}if ({self.expr(stmt.cond)}) {{\n{self.block(stmt.then, depth + 1, exit)}{pad}}}"
        )
        if not stmt.orelse:
            return text + "\n"
        if len(stmt.orelse) == 1 and isinstance(stmt.orelse[0], If):
            return f"{text} else {self._if(stmt.orelse[0], depth, exit).lstrip()}"
        return f"{text} else {{\n{self.block(stmt.orelse, depth + 1, exit)}{pad}}}\n"

    def head(self, loop: For) -> str:
        """`for (...)`, without the body."""
        self.types[loop.var] = loop.type
        step = self.index(loop.step)
        name = self.named(loop.var)
        advance = f"++{name}" if step in ("1", "1u", "1LL", "1ULL") else f"{name} += {step}"
        return (
            f"for ({value_type(loop.type)} {name} = {self.index(loop.lo)}; "
            f"{name} < {self.index(loop.hi, 11)}; {advance})"
        )

    def bound(self, loops: Sequence[For], body: str, depth: int) -> str:
        """Loops that OpenMP shares out, around `body`."""
        pad = _INDENT * depth
        collapse = f" collapse({len(loops)})" if len(loops) > 1 else ""
        text = f"#pragma omp parallel for{collapse} schedule(static)\n"
        text += "".join(f"{pad}{self.head(loop)}\n" for loop in loops[:-1])
        return f"{text}{pad}{self.head(loops[-1])} {{\n{body}{pad}}}\n"

    def _counted(self, loop: Counted, depth: int) -> str:
        pad = _INDENT * depth
        start = "" if loop.start is None else self._simple(loop.start, "")
        update = self._simple(loop.update, "")
        body = self.block(loop.body, depth + 1)
        return f"{pad}for ({start}; {self.expr(loop.cond)}; {update}) {{\n{body}{pad}}}\n"

    def _for(self, loop: For, depth: int) -> str:
        pad = _INDENT * depth
        if loop.axis == BOUND_AXIS:
            loops, body = bound_nest(loop)
            return self.bound(loops, self.block(body, depth + 1), depth)
        text = self.head(loop)
        return f"{pad}{text} {{\n{self.block(loop.body, depth + 1)}{pad}}}\n"

    # --- memory

    def _alloc(self, stmt: Alloc, pad: str) -> str:
        self.private.add(stmt.name)
        c, name = memory_type(stmt.elem), self.named(stmt.name)
        if stmt.dynamic:
            self.arrays[stmt.name] = Array(name, stmt.elem)
            start = (
                "xp_shared"
                if stmt.offset is None
                else f"(xp_shared + {self.index(stmt.offset, 12)})"
            )
            return f"{pad}{c} *{name} = ({c} *){start};\n"
        shape = [self.index(d, 13) for d in stmt.shape]
        if all(isinstance(d, Const) for d in stmt.shape):
            self.arrays[stmt.name] = Array(name, stmt.elem)
            dims = "".join(f"[{d.value}]" for d in stmt.shape if isinstance(d, Const))
            # a register is moved in one piece only where it does not cross a cache line
            large = math.prod(int(d.value) for d in stmt.shape if isinstance(d, Const)) >= 16
            align = " __attribute__((aligned(64)))" if large else ""
            values = ", ".join(self.expr(v) for v in stmt.init)
            init = f" = {{{values}}}" if stmt.init else ""
            return f"{pad}{c} {name}{dims}{align}{init};\n"
        strides = tuple(" * ".join(shape[i + 1 :]) for i in range(len(shape) - 1))
        strides = tuple(f"({s})" if " * " in s else s for s in strides)
        self.arrays[stmt.name] = Array(name, stmt.elem, strides)
        size = f"{' * '.join(shape)} * sizeof({c})"
        call = f"__builtin_alloca_with_align({size}, 512)"
        return f"{pad}{c} *{name} = ({c} *){call};\n"

    def _stored(self, elem: Scalar, value: Expr) -> str:
        text = self.expr(value)
        narrow = _NARROW.get(elem)
        return f"{narrow}({text})" if narrow else text

    def _atomic(self, stmt: Atomic, pad: str) -> str:
        at = place(stmt.buffer, stmt.index, self.scope)
        elem = self.arrays[stmt.buffer].elem
        operands = [self.expr(o) for o in stmt.operands]
        keep = stmt.result is not None and stmt.result not in self.dead
        result = f"{self.named(stmt.result)} = " if keep and stmt.result is not None else ""
        if stmt.buffer in self.private and not keep and stmt.op in _PLAIN and elem not in _NARROW:
            value = self.expr(stmt.operands[0], 13)
            wraps = _MODULAR.get(elem) if stmt.op in ("add", "sub") else None
            form = _PLAIN[stmt.op]
            if wraps is not None:
                sign = "+" if stmt.op == "add" else "-"
                form = f"{{at}} = ({wraps[0]})(({wraps[1]}){{at}} {sign} ({wraps[1]}){{v}})"
                value = self.expr(stmt.operands[0], 15)
            return f"{pad}{form.format(at=at, v=value)};\n"
        signature = ", ".join([f"&{at}", *operands])
        if elem.is_int and stmt.op in _FETCH:
            order = "__ATOMIC_RELAXED"
            return f"{pad}{result}__atomic_fetch_{stmt.op}({signature}, {order});\n"
        return f"{pad}{result}xp_atomic_{stmt.op}_{elem}({signature});\n"

    # --- the rest

    def _simple(self, stmt: Stmt, exit: str) -> str:
        match stmt:
            case Declare(name=name, type=type_, init=init):
                if name in self.dead:
                    return ""
                self.types[name] = type_
                return (
                    f"{value_type(type_)} {self.named(name)} = {self._initial(name, type_, init)}"
                )
            case Assign(name=name, value=value):
                return "" if name in self.dead else self.named(name) + self._update(name, value)
            case Store(buffer=buffer, index=index, value=value):
                at = place(buffer, index, self.scope)
                elem = self.arrays[buffer].elem
                if elem in _NARROW:
                    return f"{at} = {self._stored(elem, value)}"
                return at + self._update_place(buffer, index, value)
            case Evaluate(call=call):
                return self.expr(call)
            case Break():
                return "break"
            case Continue():
                return exit
            case Return():
                return "return"
            case _:
                raise TypeError(f"{type(stmt).__name__} has no meaning in C on a CPU")

    def _initial(self, name: str, type_: Scalar | Vector | Mask, init: Expr | None) -> str:
        if init is not None:
            return self.value(name, init)
        # indeterminate in the source; a compiler warns where it cannot see that it is set before use
        match type_:
            case Vector(elem=elem):
                suffix = {"f32": "ps", "f64": "pd"}.get(elem.name, "si512")
                return f"_mm512_setzero_{suffix}()"
            case Scalar() if type_ == BOOL:
                return "false"
            case Scalar(name="f32" | "f16" | "bf16"):
                return "0.0f"
            case Scalar(name="f64"):
                return "0.0"
            case _:
                return "0"

    def _update(self, name: str, value: Expr) -> str:
        match value:
            case Binary(op=op, a=Var(name=of), b=b) if of == name and self._updates(name, value):
                return f" {op}= {self.value(name, b)}"
            case _:
                return f" = {self.value(name, value)}"

    def _update_place(self, buffer: str, index: tuple[Expr, ...], value: Expr) -> str:
        match value:
            case Binary(op=op, a=Load(buffer=of, index=at), b=b) if (
                of == buffer and at == index and self._updates("", value)
            ):
                return f" {op}= {self.expr(b)}"
            case _:
                return f" = {self.expr(value)}"

    def _updates(self, name: str, value: Binary) -> bool:
        """Whether `name op= b` says the same as `name = name op b`."""
        index = name in self.scope.wrapping.indices
        wraps = self.scope.wrapping.may_wrap(value, index=index)
        return value.op in ARITHMETIC | SHIFTS and value.type not in _NARROW and not wraps


_MODULAR: Final = {I32: ("int32_t", "uint32_t"), I64: ("int64_t", "uint64_t")}

_PLAIN: Final[Mapping[str, str]] = {
    "add": "{at} += {v}",
    "sub": "{at} -= {v}",
    "and": "{at} &= {v}",
    "or": "{at} |= {v}",
    "xor": "{at} ^= {v}",
    "exch": "{at} = {v}",
}
