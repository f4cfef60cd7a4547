"""A case: how to launch a kernel, on which shapes, with which arguments.

Everything is a function of named sizes, so that one case gives several shapes. In a file:

    [[case]]
    kernel = "saxpy"
    grid = "ceil_div(n, 256)"       # or up to three, ["ceil_div(n, 32)", 4]
    block = 256
    [case.sizes]
    n = [1000, 1, 257]              # three shapes
    [case.arguments.n]
    value = "n"
    [case.arguments.x]
    elements = "n"
    role = "in"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from xpiler.ir.types import Scalar
from xpiler.records import dataclass
from xpiler.verify.cases.distribution import Distribution
from xpiler.verify.cases.formula import Formula, FormulaError

__all__ = [
    "MAX_ELEMENTS",
    "ONE",
    "ROLES",
    "BufferArgument",
    "Case",
    "Concrete",
    "ConcreteBuffer",
    "ConcreteScalar",
    "Impossible",
    "Role",
    "ScalarArgument",
    "Triple",
    "concrete",
]

Role = Literal["in", "out", "inout", "scratch"]
ROLES: tuple[Role, ...] = ("in", "out", "inout", "scratch")
Triple = tuple[Formula, Formula, Formula]
ONE = Formula("1")

MAX_THREADS_PER_BLOCK = 1024
MAX_ELEMENTS = 1 << 28


@dataclass(frozen=True, slots=True)
class BufferArgument:
    """A pointer parameter. `in` is read and must not change, `scratch` is not compared afterwards."""

    name: str
    elem: Scalar
    elements: Formula
    role: Role
    values: Distribution = field(default_factory=Distribution)


@dataclass(frozen=True, slots=True)
class ScalarArgument:
    """A scalar parameter: an integer formula, a real number, or drawn per seed."""

    name: str
    type: Scalar
    value: Formula | float | Distribution


@dataclass(frozen=True, slots=True)
class Case:
    """One way of launching a kernel. `sizes` holds (name, values); all value lists have one length.

    `cooperative`: blocks may wait for one
    another. `arguments` are in the order of the kernel's IR parameters, file-scope buffers that the host sets
    (`__constant__` data) after them. `note` says where the case comes from; `inferred` that nobody wrote it down.
    """

    kernel: str
    grid: Triple
    block: Triple
    shared: Formula
    sizes: tuple[tuple[str, tuple[int, ...]], ...]
    arguments: tuple[BufferArgument | ScalarArgument, ...]
    note: str = ""
    cooperative: bool = False
    inferred: bool = field(default=False, compare=False)

    @property
    def shapes(self) -> tuple[dict[str, int], ...]:
        """The sizes of each shape; one empty shape when there are no sizes."""
        if not self.sizes:
            return ({},)
        count = max(len(values) for _, values in self.sizes)
        return tuple(
            {name: values[i if len(values) > 1 else 0] for name, values in self.sizes}
            for i in range(count)
        )


@dataclass(frozen=True, slots=True)
class ConcreteBuffer:
    """A buffer with its number of elements; `bounds` are the distribution's arguments."""

    name: str
    elem: Scalar
    elements: int
    role: Role
    kind: str
    bounds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ConcreteScalar:
    """A scalar: a fixed value, or a distribution (`kind`, `bounds`) when `value` is None."""

    name: str
    type: Scalar
    value: int | float | None
    kind: str = ""
    bounds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Concrete:
    """A case at one shape: numbers only."""

    kernel: str
    shape: tuple[tuple[str, int], ...]
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared: int
    arguments: tuple[ConcreteBuffer | ConcreteScalar, ...]
    cooperative: bool = False

    @property
    def label(self) -> str:
        """`n=257`, or the launch when the case has no sizes."""
        if self.shape:
            return ", ".join(f"{name}={value}" for name, value in self.shape)
        return f"grid={'x'.join(map(str, self.grid))}, block={'x'.join(map(str, self.block))}"

    @property
    def buffers(self) -> tuple[ConcreteBuffer, ...]:
        return tuple(a for a in self.arguments if isinstance(a, ConcreteBuffer))


@dataclass(frozen=True, slots=True)
class Impossible:
    """A shape at which a case cannot be launched, and why (`grid.x is 0`)."""

    shape: tuple[tuple[str, int], ...]
    reason: str


class _ImpossibleError(Exception):
    """Leaves the nested evaluation; never leaves this module."""


def concrete(case: Case, sizes: Mapping[str, int]) -> Concrete | Impossible:
    """The case at one shape. Checks what CUDA would refuse to launch."""
    shape = tuple(sizes.items())
    try:
        grid = _triple("grid", case.grid, sizes)
        block = _triple("block", case.block, sizes)
        if block[0] * block[1] * block[2] > MAX_THREADS_PER_BLOCK:
            raise _ImpossibleError(f"a block of {block} has more than 1024 threads")
        shared = _number("shared", case.shared, sizes)
        arguments = tuple(_argument(argument, sizes) for argument in case.arguments)
    except _ImpossibleError as error:
        return Impossible(shape, str(error))
    return Concrete(case.kernel, shape, grid, block, shared, arguments, case.cooperative)


def _number(what: str, formula: Formula, sizes: Mapping[str, int], low: int = 0) -> int:
    value = formula.value(sizes)
    if isinstance(value, FormulaError):
        raise _ImpossibleError(f"{what}: {value.reason}")
    if value < low:
        raise _ImpossibleError(f"{what} is {value}")
    return value


def _triple(what: str, formulas: Triple, sizes: Mapping[str, int]) -> tuple[int, int, int]:
    x, y, z = (
        _number(f"{what}.{axis}", f, sizes, 1) for axis, f in zip("xyz", formulas, strict=True)
    )
    return x, y, z


def _bounds(name: str, values: Distribution, sizes: Mapping[str, int]) -> tuple[int, ...]:
    bounds = values.bounds(sizes)
    if isinstance(bounds, FormulaError):
        raise _ImpossibleError(f"values of {name}: {bounds.reason}")
    return bounds


def _argument(
    argument: BufferArgument | ScalarArgument, sizes: Mapping[str, int]
) -> ConcreteBuffer | ConcreteScalar:
    name = argument.name
    if isinstance(argument, BufferArgument):
        elements = _number(f"elements of {name}", argument.elements, sizes)
        if elements > MAX_ELEMENTS:
            raise _ImpossibleError(f"{name} would have {elements} elements")
        values = argument.values
        bounds = _bounds(name, values, sizes)
        return ConcreteBuffer(name, argument.elem, elements, argument.role, values.kind, bounds)
    value = argument.value
    if isinstance(value, Distribution):
        bounds = _bounds(name, value, sizes)
        return ConcreteScalar(name, argument.type, None, value.kind, bounds)
    if isinstance(value, Formula):
        number = _number(f"value of {name}", value, sizes, -(1 << 63))
        return ConcreteScalar(name, argument.type, number)
    return ConcreteScalar(name, argument.type, value)
