"""What a reply must be: one program in the IR's C, over the same names, that takes no short cuts.

A reply is hostile input. It is never run by anything but the parser here; what passes still faces the same
checks as any candidate. Each rejection is a sentence that goes into the next prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from xpiler.ir.check import check
from xpiler.ir.nodes import (
    AddressOf,
    Binary,
    Block,
    Call,
    Cast,
    Const,
    Evaluate,
    Expr,
    Kernel,
    Module,
    Var,
)
from xpiler.ir.parse_c import ParseError, parse_module
from xpiler.ir.types import Scalar, Space, Type
from xpiler.ir.walk import blocks, buffers_written, expressions, statements, subexpressions
from xpiler.passes.names import with_unique_names
from xpiler.records import dataclass

__all__ = ["DECLINED", "Accepted", "Rejected", "read_reply"]

LONGEST_PROGRAM = 64 << 10
LARGEST_PROGRAM = 5000  # statements
GROWTH = 40  # statements per statement of the program that was given
EQUALITY = frozenset({"==", "!="})

DECLINED = "the model finds no place for the step"

_FENCE = re.compile(r"```[ \t]*(\w*)[^\n]*\n(.*?)(?:```|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A well-formed program that keeps the contract."""

    program: Module


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why the reply is no candidate. `rule` is a stable word for statistics."""

    rule: str
    reason: str


def read_reply(
    text: str,
    before: Module,
    instructions: Mapping[str, Type] | None = None,
    spaces: Mapping[str, Space] | None = None,
) -> Accepted | Rejected:
    """Read a model's reply to a request to rewrite `before`."""
    if len(text) > LONGEST_PROGRAM * 2:
        return Rejected("length", f"the reply is longer than {LONGEST_PROGRAM >> 9} KiB")
    code = _code(text)
    if isinstance(code, Rejected):
        return code
    try:
        program = with_unique_names(parse_module(code, instructions=instructions, spaces=spaces))
    except ParseError as error:
        return Rejected("parse", f"the program does not parse: {error}")
    except RecursionError:
        return Rejected("length", "the program is nested too deeply")
    for problem in _problems(before, program, instructions or {}):
        return problem
    return Accepted(program)


def _code(text: str) -> str | Rejected:
    blocks = [(lang, body) for lang, body in _FENCE.findall(text) if body.strip()]
    if not blocks:
        stripped = text.strip()
        if stripped.strip("*`. ").upper() == "NO STEP":
            return Rejected("declined", DECLINED)
        if "{" in stripped and stripped.endswith("}"):
            return stripped
        return Rejected("no-program", "the reply holds no fenced block of code")
    if len(blocks) > 1:
        return Rejected("no-program", f"the reply holds {len(blocks)} blocks of code, not one")
    body: str = blocks[0][1]
    if len(body) > LONGEST_PROGRAM:
        return Rejected("length", f"the program is longer than {LONGEST_PROGRAM >> 10} KiB")
    return body


def _problems(
    before: Module, after: Module, instructions: Mapping[str, Type]
) -> Iterator[Rejected]:
    if len(after.kernels) != 1:
        yield Rejected("kernel", f"expected one kernel, found {len(after.kernels)}")
        return
    old, new = before.kernels[0], after.kernels[0]
    if old.name != new.name:
        yield Rejected("kernel", f"the kernel is called {new.name!r}, not {old.name!r}")
    if _signature(old) != _signature(new):
        yield Rejected("signature", "the kernel's parameters were changed")
    if old.launch != new.launch:
        yield Rejected("signature", "the launch facts were changed")
    if before.globals != after.globals:
        yield Rejected("signature", "the data at file scope was changed")
    size, limit = _size(new.body), min(LARGEST_PROGRAM, 200 + GROWTH * _size(old.body))
    if size > limit:
        yield Rejected("length", f"the program has {size} statements, more than {limit}")
    for violation in check(after, instructions):
        yield Rejected("ill-formed", str(violation))
    yield from _short_cuts(old, new)


def _signature(kernel: Kernel) -> list[tuple[str, str, str]]:
    return [(p.name, str(p.type), p.space.name) for p in kernel.params]


def _size(block: Block) -> int:
    return sum(1 for _ in statements(block))


def _short_cuts(old: Kernel, new: Kernel) -> Iterator[Rejected]:
    outputs = {p.name for p in old.params} & buffers_written(old.body)
    lost = outputs - buffers_written(new.body)
    if lost:
        yield Rejected("dropped-store", f"nothing is stored to {sorted(lost)[0]!r} any more")
    gained = {p.name for p in new.params} & _surely_written(new.body) - outputs
    if gained:
        yield Rejected("extra-store", f"{sorted(gained)[0]!r} is written, and was not before")
    narrowed = _narrowing(new.body) - _narrowing(old.body)
    if narrowed:
        source, target = sorted(narrowed)[0]
        yield Rejected(
            "narrowed", f"a {source} is narrowed to {target}, which the source never does"
        )
    for name, value in sorted(_shape_tests(new) - _shape_tests(old)):
        yield Rejected("shape-branch", f"it branches on {name} == {value}, one particular shape")


def _surely_written(block: Block) -> frozenset[str]:
    """Buffers stored to, or whose address is an instruction's first operand.

    An address says nothing of its use: instructions read through their later operands. Those that write there are
    left to the comparison of results.
    """
    found: set[str] = set()
    for stmt in statements(block):
        match stmt:
            case Evaluate(call=Call(args=(AddressOf(buffer=buffer), *_))):
                found.add(buffer)
            case Evaluate():
                pass
            case _:
                found |= buffers_written((stmt,)) if not blocks(stmt) else set()
    return frozenset(found)


def _narrowing(block: Block) -> set[tuple[str, str]]:
    """Float types that are cast to fewer bits, or to integers."""
    found: set[tuple[str, str]] = set()
    for expr in _expressions(block):
        if not isinstance(expr, Cast) or not isinstance(expr.a.type, Scalar):
            continue
        source, target = expr.a.type, expr.type
        if source.is_float and (target.is_int or (target.is_float and target.bits < source.bits)):
            found.add((source.name, target.name))
    return found


def _shape_tests(kernel: Kernel) -> set[tuple[str, str]]:
    """Comparisons of a scalar parameter or builtin with a number other than 0 and 1."""
    sizes = {p.name for p in kernel.params if isinstance(p.type, Scalar) and p.type.is_int}
    found: set[tuple[str, str]] = set()
    for expr in _expressions(kernel.body):
        match expr:
            case Binary(op=op, a=Var(name=name), b=Const(value=value)) if op in EQUALITY:
                pass
            case Binary(op=op, a=Const(value=value), b=Var(name=name)) if op in EQUALITY:
                pass
            case _:
                continue
        if name in sizes and value not in (0, 1):
            found.add((name, str(value)))
    return found


def _expressions(block: Block) -> Iterator[Expr]:
    for stmt in statements(block):
        for expr in expressions(stmt):
            yield from subexpressions(expr)
