"""What host code says about its launches: geometry, arguments, allocations and copies, symbolically.

Expressions are those of the IR (`xpiler.ir.nodes`): `Const`, `Var`, `Unary`, `Binary`, `Cast`, `Select`
and `Call` of a pure function. A `Var` is a scalar parameter of the enclosing host function, or one of
`Launch.free`: a local that could not be followed to constants and parameters (read from argv or a
file, a loop variable), for which a case has to choose a value. `evaluate` gives a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from xpiler.ir.nodes import Binary, Call, Cast, Const, Expr, Select, Span, Unary, Var
from xpiler.ir.types import Pointer, Scalar
from xpiler.records import dataclass

__all__ = [
    "BufferArgument",
    "DeviceBuffer",
    "FreeVariable",
    "HostFunction",
    "HostParam",
    "Launch",
    "ScalarArgument",
    "UnknownArgument",
    "evaluate",
]


@dataclass(frozen=True, slots=True)
class HostParam:
    """A parameter of a host function; `type` is None where the IR has no such type (`std::vector<float>&`)."""

    name: str
    type: Scalar | Pointer | None
    text: str


@dataclass(frozen=True, slots=True)
class HostFunction:
    """The function that a launch stands in. In `main` every value is concrete or free."""

    name: str
    params: tuple[HostParam, ...]
    span: Span | None = None

    @property
    def is_main(self) -> bool:
        return self.name == "main"


@dataclass(frozen=True, slots=True)
class FreeVariable:
    """A variable that a launch depends on and host code does not fix.

    `lo` and `hi` (exclusive) are known for the variable of an enclosing counting loop, else None;
    `first` is then the value that it starts with.
    """

    name: str
    type: Scalar
    lo: Expr | None = None
    hi: Expr | None = None
    first: Expr | None = None


@dataclass(frozen=True, slots=True)
class DeviceBuffer:
    """Device memory as the host function sees it.

    `name` is the host function's variable. `bytes` is the size given to cudaMalloc (managed and pinned
    memory too), None when unknown. `parameter`: the pointer is a parameter of the host function, so
    its caller allocated it. `source` is the host pointer copied from before the launch, `sink` the one
    copied to after it (empty: none). `fill` is the byte of a cudaMemset before the launch.
    `written_before`: an earlier launch of the same function takes it as a non-const argument.
    """

    name: str
    elem: Scalar
    bytes: Expr | None = None
    parameter: bool = False
    source: str = ""
    sink: str = ""
    fill: int | None = None
    written_before: bool = False


@dataclass(frozen=True, slots=True)
class ScalarArgument:
    """A scalar kernel parameter (`param`, the IR's name) and its value over the host function's variables."""

    param: str
    value: Expr


@dataclass(frozen=True, slots=True)
class BufferArgument:
    """A pointer kernel parameter: which of `Launch.buffers`, and the offset in elements from its start."""

    param: str
    buffer: str
    offset: Expr


@dataclass(frozen=True, slots=True)
class UnknownArgument:
    """An argument that host code does not tell."""

    param: str
    reason: str


Argument = ScalarArgument | BufferArgument | UnknownArgument


@dataclass(frozen=True, slots=True)
class Launch:
    """One `kernel<<<grid, block, shared>>>(arguments)`.

    `symbol` is the launched `LiftedKernel.symbol`, `source_name` what the source calls the instance.
    `grid` and `block` are three numbers each (x, y, z) of type u32, None where unknown; `shared` is the
    dynamic shared memory in bytes. `arguments` stand in the order of the IR kernel's parameters (a
    struct argument gives one per field). `cooperative`: launched by cudaLaunchCooperativeKernel.
    """

    symbol: str
    source_name: str
    function: HostFunction
    grid: tuple[Expr | None, Expr | None, Expr | None]
    block: tuple[Expr | None, Expr | None, Expr | None]
    shared: Expr | None
    arguments: tuple[Argument, ...]
    buffers: tuple[DeviceBuffer, ...] = ()
    free: tuple[FreeVariable, ...] = ()
    cooperative: bool = False
    span: Span | None = None


Number = bool | int | float


def _wrap(value: Number, to: Scalar) -> Number:
    if to.kind == "bool":
        return bool(value)
    if to.is_float:
        return float(value)
    bits = int(value) & ((1 << to.bits) - 1)
    return bits - (1 << to.bits) if to.is_signed and bits >> (to.bits - 1) else bits


def _divide(a: Number, b: Number) -> Number | None:
    if b == 0:
        return None
    if isinstance(a, float) or isinstance(b, float):
        return a / b
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _remainder(a: Number, b: Number) -> Number | None:
    quotient = _divide(int(a), int(b))
    return None if quotient is None else int(a) - int(quotient) * int(b)


_BINARY: Final[dict[str, Callable[[Number, Number], Number | None]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "%": _remainder,
    "<<": lambda a, b: int(a) << (int(b) & 63),
    ">>": lambda a, b: int(a) >> (int(b) & 63),
    "&": lambda a, b: int(a) & int(b),
    "|": lambda a, b: int(a) | int(b),
    "^": lambda a, b: int(a) ^ int(b),
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "&&": lambda a, b: bool(a) and bool(b),
    "||": lambda a, b: bool(a) or bool(b),
}

_CALLS: Final[dict[str, Callable[..., Number]]] = {
    "min": min,
    "max": max,
    "ceil": math.ceil,
    "ceilf": math.ceil,
    "floor": math.floor,
    "floorf": math.floor,
    "sqrt": math.sqrt,
    "sqrtf": math.sqrt,
    "abs": abs,
    "fabs": abs,
    "fabsf": abs,
    "log2": math.log2,
    "log2f": math.log2,
    "pow": math.pow,
    "powf": math.pow,
    "fmin": min,
    "fminf": min,
    "fmax": max,
    "fmaxf": max,
}


def evaluate(expr: Expr | None, values: Mapping[str, Number]) -> Number | None:
    """The value of a host expression with `values` for its variables; None when it cannot be known.

    Integers wrap to their type; a division by zero or a domain error gives None.
    """
    match expr:
        case Const(value=value):
            return value
        case Var(name=name, type=Scalar() as to):
            found = values.get(name)
            return None if found is None else _wrap(found, to)
        case Cast(type=to, a=a):
            inner = evaluate(a, values)
            finite = inner is not None and math.isfinite(inner)
            return _wrap(inner, to) if inner is not None and (finite or to.is_float) else None
        case Unary():
            return _unary(expr, values)
        case Binary():
            return _binary(expr, values)
        case Select(cond=cond, a=a, b=b):
            chosen = evaluate(cond, values)
            return None if chosen is None else evaluate(a if chosen else b, values)
        case Call(function=name, args=args, type=Scalar() as to):
            given = [evaluate(a, values) for a in args]
            function = _CALLS.get(name)
            if function is None or any(g is None for g in given):
                return None
            try:
                return _wrap(function(*given), to)
            except (ValueError, OverflowError):
                return None
        case _:
            return None


def _unary(expr: Unary, values: Mapping[str, Number]) -> Number | None:
    a = evaluate(expr.a, values)
    if a is None or not isinstance(expr.type, Scalar):
        return None
    if expr.op == "!":
        return not a
    return _wrap(-a if expr.op == "-" else ~int(a), expr.type)


def _binary(expr: Binary, values: Mapping[str, Number]) -> Number | None:
    a = evaluate(expr.a, values)
    b = evaluate(expr.b, values)
    if a is None or b is None or not isinstance(expr.type, Scalar):
        return None
    result = _BINARY[expr.op](a, b)
    return None if result is None else _wrap(result, expr.type)
