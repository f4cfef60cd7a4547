"""Does a test tell programs apart? One that a zero, constant or idle kernel would pass is no evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xpiler.records import dataclass
from xpiler.verify.cases.case import ConcreteBuffer, ConcreteScalar
from xpiler.verify.compare import Expected, tolerance
from xpiler.verify.inputs import Inputs, prepare
from xpiler.verify.run.dtypes import Array

__all__ = ["Perturbation", "indifferent", "non_discriminating", "perturbations"]

OTHER_SEED = 1000


@dataclass(frozen=True, slots=True)
class Perturbation:
    """A run in which just one argument has other values."""

    argument: str
    inputs: Inputs


def perturbations(base: Inputs) -> tuple[Perturbation, ...]:
    """One run per input buffer and per drawn real scalar, equal to `base` but for that argument."""
    found: list[Perturbation] = []
    other = prepare(base.concrete, base.seed + OTHER_SEED, base.poison)
    for position, argument in enumerate(base.concrete.arguments):
        match argument:
            case ConcreteBuffer(role="in", elements=elements):
                relevant = elements > 0
            case ConcreteScalar(value=None):
                relevant = True
            case _:
                relevant = False
        if not relevant or np.array_equal(other.arrays[position], base.arrays[position]):
            continue
        arrays = list(base.arrays)
        arrays[position] = other.arrays[position]
        found.append(Perturbation(argument.name, replace(base, arrays=tuple(arrays))))
    return tuple(found)


def indifferent(before: Sequence[Array], after: Sequence[Array]) -> bool:
    """Whether the outputs of a perturbed run are those of the base run, bit for bit."""
    return all(a.tobytes() == b.tobytes() for a, b in zip(before, after, strict=True))


def non_discriminating(shapes: Sequence[Sequence[Sequence[Expected]]]) -> str:
    """Why the outputs say nothing; empty when they do. A shape is its runs, a run its output buffers."""
    runs = [run for shape in shapes for run in shape]
    outputs = [[e for e in run if e.role in ("out", "inout")] for run in runs]
    written = [e for run in outputs for e in run if e.written.any()]
    if not any(outputs):
        return "the kernel has no output"
    if not written:
        return "the source writes nothing: a kernel that does nothing would pass"
    values = [_written_values(e) for e in written]
    if all(np.all(np.isnan(v)) for v in values):
        return "every output is NaN"
    where = any(_depends_where(shape) for shape in shapes)
    if not where and all(np.all(v == 0) for v in values):
        return "every output is zero: a kernel that writes zeros would pass"
    by_name: dict[str, set[float]] = {}
    for expected, found in zip(written, values, strict=True):
        by_name.setdefault(expected.name, set()).update(np.unique(found)[:2].tolist())
    if not where and all(len(found) == 1 for found in by_name.values()):
        return "every output is the same constant: a kernel that writes it would pass"
    if all(_hidden_by_tolerance(e, zeros_tell=where) for e in written):
        return "the tolerance is as large as the outputs"
    return ""


def _depends_where(runs: Sequence[Sequence[Expected]]) -> bool:
    """Whether the places that are written depend on the inputs: then even one value, as of a flag, tells something.

    A program that writes to the same places in all runs would have to write to all that some run writes to. It is
    found out where one of these keeps another value than the one written. So is one that writes everywhere, where
    the source leaves out places between those that it writes, as a triangular mask does.
    """
    if any(_leaves_out(e) for run in runs for e in run):
        return True
    for buffers in zip(*runs, strict=True):
        if buffers[0].role not in ("out", "inout") or not any(e.written.any() for e in buffers):
            continue
        places = np.logical_or.reduce([e.written for e in buffers])
        value = next(e.oracle[e.written][0] for e in buffers if e.written.any())
        if any(np.any(e.oracle[places] != value) for e in buffers):
            return True
    return False


def _leaves_out(expected: Expected) -> bool:
    """Whether there are elements with other values between those that are written."""
    if expected.role not in ("out", "inout"):
        return False
    (places,) = np.nonzero(expected.written)
    if places.size < 2:
        return False
    kept = expected.oracle[places[0] : places[-1] + 1][
        ~expected.written[places[0] : places[-1] + 1]
    ]
    return bool(np.any(kept != expected.oracle[places[0]]))


def _written_values(expected: Expected) -> Array:
    return expected.oracle[expected.written].astype(np.float64)


def _hidden_by_tolerance(expected: Expected, *, zeros_tell: bool) -> bool:
    if not expected.elem.is_float:
        return False
    with np.errstate(all="ignore"):
        finite = expected.written & np.isfinite(expected.oracle.astype(np.float64))
        if not finite.any():
            return False
        limit = tolerance(expected, finite)
        some = limit.centre[finite] != 0  # what is zero either way says nothing about the rest
        if not some.any():
            return not zeros_tell
        hidden = limit.allowed[finite] >= np.abs(limit.centre[finite])
    return bool(np.mean(hidden[some]) > 0.9)
