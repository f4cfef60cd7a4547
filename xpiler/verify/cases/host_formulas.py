"""A case's formulas as the host code writes them.

A case that was inferred from a launch has formulas that fit its shapes, the simplest ones. For a test that is enough;
what is to hold for all sizes needs the formulas that the host computes: `(h - window) / stride + 1` instead of a number
that was 4, 3 and 2. Where host code tells them, and they have the same values at the case's shapes, they take the place of
the fitted ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from xpiler.frontends.host import BufferArgument as HostBuffer
from xpiler.frontends.host import DeviceBuffer, Launch
from xpiler.frontends.host import ScalarArgument as HostScalar
from xpiler.ir.nodes import Binary, Call, Cast, Const, Expr, Select, Unary, Var
from xpiler.ir.types import Scalar
from xpiler.records import dataclass
from xpiler.verify.cases.case import BufferArgument, Case, ScalarArgument, Triple
from xpiler.verify.cases.formula import Formula, parse_formula

__all__ = ["Overlap", "Overlaps", "as_written", "overlaps_of"]

_BINARY = frozenset({"+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^"})
_COMPARE = frozenset({"<", "<=", ">", ">=", "==", "!="})


@dataclass(frozen=True, slots=True)
class Overlap:
    """A pointer parameter that shares a buffer with another one: `first` is the element of the buffer that it points
    to, None where host code does not tell."""

    buffer: str
    first: Formula | None


Overlaps = Mapping[str, Overlap]


def overlaps_of(case: Case, launches: Iterable[Launch]) -> Overlaps:
    """The parameters of a case that its launch gives one buffer; of any launch where the case is of none."""
    known = list(launches)
    mine = [launch for launch in known if _is_of(case, launch)]
    found: dict[str, Overlap] = {}
    for launch in mine or known:
        given = [a for a in launch.arguments if isinstance(a, HostBuffer)]
        count = Counter(a.buffer for a in given)
        for a in given:
            if count[a.buffer] > 1:
                found[a.param] = Overlap(a.buffer, _first(a, case) if mine else None)
    return found


def _first(argument: HostBuffer, case: Case) -> Formula | None:
    text = _text(argument.offset)
    start = None if text is None else parse_formula(text)
    known = {n for n, _ in case.sizes}
    return start if isinstance(start, Formula) and not start.names() - known else None


def _is_of(case: Case, launch: Launch) -> bool:
    """Whether a case was inferred from a launch."""
    place = f" at {launch.span}" if launch.span is not None else ""
    return case.inferred and case.note.startswith(f"launch in {launch.function.name}(){place}")


def as_written(case: Case, launches: Iterable[Launch]) -> Case:
    """The case with the formulas of the launch that it was inferred from; any other case as it is."""
    for launch in launches:
        if _is_of(case, launch):
            return _without_idle_sizes(_exact(case, launch))
    return case


def _exact(case: Case, launch: Launch) -> Case:
    arguments = tuple(
        _buffer(a, case, launch) if isinstance(a, BufferArgument) else _scalar(a, case, launch)
        for a in case.arguments
    )
    return replace(
        case,
        grid=_triple(case.grid, launch.grid, case),
        block=_triple(case.block, launch.block, case),
        shared=_agreeing(case.shared, _text(launch.shared), case),
        arguments=arguments,
    )


def _triple(fitted: Triple, written: Sequence[Expr | None], case: Case) -> Triple:
    x, y, z = (_agreeing(f, _text(w), case) for f, w in zip(fitted, written, strict=True))
    return x, y, z


def _scalar(argument: ScalarArgument, case: Case, launch: Launch) -> ScalarArgument:
    for host in launch.arguments:
        if isinstance(host, HostScalar) and host.param == argument.name:
            if isinstance(argument.value, Formula):
                value = _agreeing(argument.value, _text(host.value), case)
                return replace(argument, value=value)
    return argument


def _buffer(argument: BufferArgument, case: Case, launch: Launch) -> BufferArgument:
    buffers = {b.name: b for b in launch.buffers}
    for host in launch.arguments:
        if isinstance(host, HostBuffer) and host.param == argument.name and host.buffer in buffers:
            text = _elements(buffers[host.buffer], host.offset)
            return replace(argument, elements=_agreeing(argument.elements, text, case))
    return argument


def _elements(buffer: DeviceBuffer, offset: Expr) -> str | None:
    if buffer.bytes is None:
        return None
    size = buffer.elem.size
    plain = _divided(buffer.bytes, size)
    whole = _text(plain) if plain is not None else _text(buffer.bytes)
    start = _text(offset)
    if whole is None or start is None:
        return None
    count = whole if plain is not None else f"({whole}) / {size}"
    return count if start == "0" else f"{count} - ({start})"


def _divided(expr: Expr, size: int) -> Expr | None:
    """The number of elements in `n * sizeof(T)`, without a division."""
    match expr:
        case Cast(a=a, type=Scalar() as type_) if type_.is_int:
            return _divided(a, size)
        case Const(value=int(value), type=type_) if value % size == 0:
            return Const(value // size, type_)
        case Binary(op="*", a=a, b=b):
            left = _divided(a, size)
            if left is not None:
                return Binary("*", left, b)
            right = _divided(b, size)
            return None if right is None else Binary("*", a, right)
        case _:
            return expr if size == 1 else None


def _text(expr: Expr | None) -> str | None:
    """A host expression as a formula; None where formulas have no such thing."""
    match expr:
        case Const(value=value) if not isinstance(value, float):
            return str(int(value))
        case Var(name=name, type=Scalar() as type_) if type_.is_int:
            return name
        case Cast(a=a, type=Scalar() as type_) if type_.is_int:
            rounded = _rounded_up(a)
            return _text(a) if rounded is None else rounded
        case Unary(op="-", a=a):
            inner = _text(a)
            return None if inner is None else f"(-{inner})"
        case Binary(op=op, a=a, b=b) if op in _BINARY or op in _COMPARE:
            left, right = _text(a), _text(b)
            return None if left is None or right is None else f"({left} {op} {right})"
        case Select(cond=cond, a=a, b=b):
            parts = [_text(e) for e in (a, cond, b)]
            return None if None in parts else f"({parts[0]} if {parts[1]} else {parts[2]})"
        case Call(function="min" | "max" | "abs" as name, args=args):
            given = [_text(a) for a in args]
            return None if None in given else f"{name}({', '.join(map(str, given))})"
        case _:
            return None


def _rounded_up(expr: Expr) -> str | None:
    """`ceil(n / 256.0)` as a division of integers."""
    match expr:
        case Call(function="ceil" | "ceilf", args=(Binary(op="/", a=a, b=b),)):
            left, right = _text(_whole(a)), _text(_whole(b))
            return None if left is None or right is None else f"ceil_div({left}, {right})"
        case _:
            return None


def _whole(expr: Expr) -> Expr:
    """An integer under a conversion to a real number; a real that is whole as an integer."""
    match expr:
        case Cast(a=a, type=Scalar() as type_) if type_.is_float:
            return _whole(a)
        case Const(value=float(value), type=type_) if value.is_integer():
            return Const(int(value), type_)
        case _:
            return expr


def _agreeing(fitted: Formula, text: str | None, case: Case) -> Formula:
    """The written formula, if it means the same at every shape of the case; else the fitted one."""
    written = None if text is None else parse_formula(text)
    if not isinstance(written, Formula) or written.names() - {n for n, _ in case.sizes}:
        return fitted
    same = all(written.value(shape) == fitted.value(shape) for shape in case.shapes)
    return written if same else fitted


def _without_idle_sizes(case: Case) -> Case:
    """The case without the sizes that no formula mentions any more."""
    formulas = [*case.grid, *case.block, case.shared]
    for argument in case.arguments:
        if isinstance(argument, BufferArgument):
            formulas += [argument.elements, *argument.values.arguments]
        elif isinstance(argument.value, Formula):
            formulas.append(argument.value)
        elif not isinstance(argument.value, float):
            formulas += argument.value.arguments
    used = {name for f in formulas for name in f.names()}
    return replace(case, sizes=tuple((n, v) for n, v in case.sizes if n in used))
