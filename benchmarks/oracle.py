"""The suite's judge: a NumPy reference per operator, tolerances, and a comparison that can say no.

Nothing here knows the translator. `mutants` gives results that are wrong in the ways in which kernels
go wrong; a judge that accepts one of them is broken (tests/benchmarks asks for every operator).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.inputs import widened
from benchmarks.model import Array, Case, Reference

__all__ = ["Right", "Verdict", "Wrong", "expected", "judge", "mutants", "tolerance"]

FLOAT_EPSILON: Final = 2.0**-23
ROUNDING: Final = {
    "float32": (FLOAT_EPSILON, 2.0**-149),
    "float16": (2.0**-10, 2.0**-24),
    "bfloat16": (2.0**-7, 2.0**-133),
}
"""Per type the distance from one to the next number, and the smallest positive number."""


@dataclass(frozen=True, slots=True)
class Right:
    """The result is right; `worst` is its largest error as a part of the tolerance."""

    worst: float


@dataclass(frozen=True, slots=True)
class Wrong:
    """The result is wrong; `reason` names the first element that is, and how many are."""

    reason: str


Verdict = Right | Wrong


def expected(case: Case, values: Mapping[str, Array]) -> Reference:
    """The right result for these inputs, of the operator's output shape."""
    reference = case.operator.reference(case.dims, case.style, widened(values))
    assert reference.value.shape == case.operator.output(case.dims), case.name
    return reference


def tolerance(reference: Reference, dtype: np.dtype[np.generic]) -> Array:
    """The error allowed per element of a result of type `dtype`.

    One rounding to `dtype` (twice its half unit), and rounding errors of float sums: they
    grow with the square root of the number of terms and scale with the terms' absolute sum. The
    constant 8 leaves room for elementary functions of a few units in the last place.
    """
    if reference.exact or dtype.kind == "i":
        return np.zeros(reference.value.shape)
    epsilon, smallest = ROUNDING[dtype.name]
    rounding = epsilon * np.abs(reference.value) + smallest
    growth = FLOAT_EPSILON * (8 + 2 * np.sqrt(reference.length))
    return np.asarray(rounding + growth * reference.magnitude)


def judge(result: Array, reference: Reference) -> Verdict:
    """Compare element by element; a NaN is never right."""
    if result.shape != reference.value.shape:
        return Wrong(f"shape {result.shape} where {reference.value.shape} is right")
    wide = result.astype(np.int64 if result.dtype.kind == "i" else np.float64)
    allowed = tolerance(reference, result.dtype)
    with np.errstate(invalid="ignore"):
        error = np.abs(wide - reference.value)
        right = error <= allowed
    if bool(right.all()):
        scaled = error[allowed > 0] / allowed[allowed > 0]
        return Right(float(scaled.max(initial=0.0)))
    first = np.unravel_index(int(np.argmin(right)), right.shape)
    at = ", ".join(str(int(i)) for i in first)
    return Wrong(
        f"{int((~right).sum())} of {right.size} elements, first [{at}]: "
        f"{wide[first]!s} where {reference.value[first]!s} is right"
    )


def mutants(
    case: Case, values: Mapping[str, Array], dtype: np.dtype[np.generic]
) -> Iterator[tuple[str, Array]]:
    """Wrong results by name, in the output's type: what a broken translation could have left.

    A change that makes no difference for these inputs (one row transposed) is not a mutant.
    """
    right = np.ascontiguousarray(expected(case, values).value).astype(dtype)
    for name, mutant in _changed(case, values, right):
        if not np.array_equal(mutant, right):
            yield name, mutant


def _changed(case: Case, values: Mapping[str, Array], right: Array) -> Iterator[tuple[str, Array]]:
    dtype, flat = right.dtype, right.reshape(-1)
    yield "zeros", np.zeros_like(right)
    yield "ones", np.ones_like(right)
    yield "mean", np.full(right.shape, flat.astype(np.float64).mean()).astype(dtype)
    yield "shifted by one", np.roll(flat, 1).reshape(right.shape)
    yield "last element dropped", _with_element(right, -1, 0 if flat[-1] != 0 else 1)
    if dtype.kind != "i":
        yield "not a number", _with_element(right, 0, np.nan)
    for tensor in case.operator.tensors(case.dims, case.style):
        array = values[tensor.name]
        yield f"copy of {tensor.name}", np.resize(array.reshape(-1), right.shape).astype(dtype)
        for change, other in (("transposed", _transposed(array)), ("cut", _without_last(array))):
            result = expected(case, {**values, tensor.name: other}).value
            yield f"{tensor.name} {change}", result.astype(dtype)


def _with_element(array: Array, at: int, value: float) -> Array:
    changed = array.copy()
    changed.reshape(-1)[at] = value
    return changed


def _transposed(array: Array) -> Array:
    """The elements as a reader with swapped strides finds them; a vector back to front."""
    if array.ndim < 2:
        return np.ascontiguousarray(array[::-1])
    return np.ascontiguousarray(np.swapaxes(array, -1, -2)).reshape(array.shape)


def _without_last(array: Array) -> Array:
    shorter = array.copy()
    shorter[..., -1] = 0
    return shorter
