"""Compare what a candidate left in a buffer with what the oracle left there.

Integers, booleans and whatever neither program wrote must agree bit for bit, NaNs and infinities must stand
in the same places. Reals are judged against the oracle run in double where that was possible: a
candidate may be less accurate than its source by a small factor only, element by element and on the
whole. Without a double run the oracle itself is the centre, with a tolerance that grows with the output's
scale and with the root of the reduction length.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import field, replace
from typing import Any, Final, NoReturn

import numpy as np

from xpiler.ir.types import Scalar
from xpiler.records import dataclass
from xpiler.verify.cases.case import Role
from xpiler.verify.run.dtypes import Array, epsilon, mantissa_bits

__all__ = [
    "Comparison",
    "DroppedVerdictWarning",
    "Expected",
    "Match",
    "Mismatch",
    "compare",
    "tolerance",
]

SOURCE_FACTOR: Final = (
    4.0  # how much less accurate than its source a translation may be on the whole
)
ELEMENT_FACTOR: Final = 10.0  # ... and at one element, where luck plays a part
STATISTICS: Final = 32  # elements from which on the root mean square says something


class DroppedVerdictWarning(UserWarning):
    """A comparison was made and nobody looked at its verdict."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a buffer should hold after a run.

    `initial` is its content before, `oracle` the source's, `reference` the source's run in double (None:
    not available). `reduction` is the number of terms that an element sums, `exact` asks for bit
    equality of reals. `elsewhere` tells which elements the source changed on other inputs of this shape (None:
    not known): where it did, it may have written here just what was there before. `atomic`: terms are added
    as threads come, so that the source's own error is one of many that it could have had.
    """

    name: str
    elem: Scalar
    role: Role
    initial: Array
    oracle: Array
    reference: Array | None = None
    reduction: int = 1
    exact: bool = False
    elsewhere: Array | None = None
    atomic: bool = False

    @property
    def written(self) -> Array:
        """Where the oracle changed the buffer."""
        changed: Array = _bits(self.oracle) != _bits(self.initial)
        return changed


@dataclass(frozen=True, slots=True)
class Match:
    """Agreement. `absolute`, `relative`: the largest deviation; `allowed`: the largest share of the
    tolerance that was used; `index` where."""

    absolute: float = 0.0
    relative: float = 0.0
    allowed: float = 0.0
    index: int = -1


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Disagreement, at the first wrong element (-1: the buffer as a whole); `count` elements are wrong."""

    index: int
    expected: str
    got: str
    reason: str
    count: int = 1


@dataclass(slots=True)
class Comparison:
    """A verdict that has to be taken out. Dropping it unread warns (tests turn that into an error)."""

    buffer: str
    _verdict: Match | Mismatch
    _consumed: bool = field(default=False, repr=False)

    def verdict(self) -> Match | Mismatch:
        """The verdict; from here on it is the caller's."""
        self._consumed = True
        return self._verdict

    def __bool__(self) -> NoReturn:
        raise TypeError("a Comparison has no truth value: call verdict() and match on it")

    def __del__(self) -> None:
        if not self._consumed:
            warnings.warn(
                f"the verdict on {self.buffer} was dropped", DroppedVerdictWarning, stacklevel=2
            )


def compare(expected: Expected, got: Array) -> Comparison:
    """Judge one buffer. `got` has the dtype and length of `expected.oracle`."""
    if got.dtype != expected.oracle.dtype or got.shape != expected.oracle.shape:
        reason = "the buffer has another size or type"
        wanted, found = str(expected.oracle.shape), str(got.shape)
        return Comparison(expected.name, Mismatch(-1, wanted, found, reason))
    if expected.role == "scratch":
        return Comparison(expected.name, Match())
    if expected.role == "in":
        return Comparison(expected.name, _bitwise(expected.initial, got, "an input was modified"))
    if expected.elem.is_float:
        verdict = _reals(expected, got)
    else:
        verdict = _bitwise(expected.oracle, got, "the values differ")
    return Comparison(expected.name, _unwritten(expected, got, verdict))


def _unwritten(expected: Expected, got: Array, verdict: Match | Mismatch) -> Match | Mismatch:
    """Say so where the wrong element is just what was there before."""
    if isinstance(verdict, Match) or verdict.index < 0:
        return verdict
    at = slice(verdict.index, verdict.index + 1)
    if got[at].tobytes() != expected.initial[at].tobytes():
        return verdict
    left = "what was there before" if expected.role == "out" else verdict.got
    return replace(verdict, got=left, reason="not written")


def _bits(array: Array) -> Array:
    bits: Array = array.view(f"<u{array.dtype.itemsize}")
    return bits


def _bitwise(expected: Array, got: Array, reason: str) -> Match | Mismatch:
    wrong = _bits(expected) != _bits(got)
    return _first(wrong, expected, got, reason) if wrong.any() else Match()


def _first(wrong: Array, expected: Array, got: Array, reason: str) -> Mismatch:
    index = int(np.argmax(wrong))
    count = int(np.count_nonzero(wrong))
    return Mismatch(index, _show(expected[index]), _show(got[index]), reason, count)


def _show(value: Any) -> str:
    return str(value) if isinstance(value, np.integer | np.bool_) else repr(float(value))


def _reals(expected: Expected, got: Array) -> Match | Mismatch:
    written = expected.written
    if expected.elsewhere is not None:
        written = written | expected.elsewhere
    with np.errstate(all="ignore"):
        oracle, found = expected.oracle.astype(np.float64), got.astype(np.float64)
        unwritten = ~written & (_bits(got) != _bits(expected.oracle))
        nan = np.isnan(oracle) != np.isnan(found)
        infinite = (np.isinf(oracle) | np.isinf(found)) & (oracle != found) & ~nan
        checks = (
            (written & nan, "NaN on one side only"),
            (written & infinite, "infinite on one side only, or of another sign"),
            (
                unwritten & ~_same_number(oracle, found),
                "written, though the source leaves it alone",
            ),
        )
        for wrong, reason in checks:
            if wrong.any():
                return _first(wrong, expected.oracle, got, reason)
        finite = written & np.isfinite(oracle)
        if expected.exact and _is_exact(expected, finite):
            wrong = finite & (oracle != found)
            reason = "exact arithmetic, yet the values differ"
            return _first(wrong, expected.oracle, got, reason) if wrong.any() else Match()
        return _within(expected, got, oracle, found, finite)


def _same_number(a: Array, b: Array) -> Array:
    same: Array = (a == b) | (np.isnan(a) & np.isnan(b))
    return same


def _is_exact(expected: Expected, finite: Array) -> bool:
    """Whether all partial sums were surely representable, so that no order of adding can differ."""
    values = expected.oracle.astype(np.float64)[finite]
    if values.size == 0:
        return False
    limit = 2.0 ** (mantissa_bits(expected.elem) - 4)
    if np.any(values != np.round(values)) or np.max(np.abs(values)) * 4 > limit:
        return False
    if expected.reduction * 16 > limit:
        return False
    return expected.reference is None or bool(np.all(expected.reference[finite] == values))


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Per element: the value to aim at and the deviation allowed; `source_rms`: the source's own error."""

    centre: Array
    allowed: Array
    source_rms: float | None
    scale: float


def tolerance(expected: Expected, finite: Array) -> Tolerance:
    """How far a result may be off, for the elements in `finite` (elsewhere meaningless)."""
    eps = epsilon(expected.elem)
    oracle = expected.oracle.astype(np.float64)
    scale = _rms(oracle[finite])
    wide = 1 if expected.elem.bits <= 16 else 2
    growth = eps * wide * (wide + math.sqrt(max(1, expected.reduction)))
    floor = 4 * _smallest(expected.elem)
    if expected.reference is None or expected.elem.bits >= 64:
        # a run in double is no better than a source in double: the two agree, and fused sums differ from both
        return Tolerance(oracle, growth * (np.abs(oracle) + scale / 4) + floor, None, scale)
    reference = expected.reference.astype(np.float64)
    error = np.abs(oracle - reference)
    trusted = finite & np.isfinite(reference)
    # where the source is discontinuous, a double run lands elsewhere and says nothing
    trusted &= error <= 64 * growth * (np.abs(reference) + scale) + floor
    centre = np.where(trusted, reference, oracle)
    rms = _rms(error[trusted])
    own = np.where(trusted, np.maximum(error, rms), rms)
    allowed = growth * (np.abs(centre) + scale / 16) + ELEMENT_FACTOR * own + floor
    return Tolerance(centre, allowed, rms if trusted.sum() >= STATISTICS else None, scale)


def _rms(values: Array) -> float:
    if values.size == 0:
        return 0.0
    largest = float(np.max(np.abs(values)))
    if largest == 0.0:
        return 0.0
    return largest * math.sqrt(float(np.mean((values / largest) ** 2)))


def _smallest(elem: Scalar) -> float:
    return {"f64": 2.0**-1074, "f32": 2.0**-149, "f16": 2.0**-24, "bf16": 2.0**-133}[elem.name]


def _within(
    expected: Expected, got: Array, oracle: Array, found: Array, finite: Array
) -> Match | Mismatch:
    if not finite.any():
        return Match()
    limit = tolerance(expected, finite)
    deviation = np.where(finite, np.abs(found - limit.centre), 0.0)
    beside = np.where(finite, np.abs(found - oracle), 0.0)
    off = np.minimum(deviation, beside)
    wrong = off > limit.allowed
    wrong &= finite
    if wrong.any():
        return _first(wrong, expected.oracle, got, "outside the tolerance")
    careless = _less_accurate(expected, limit, deviation[finite])
    if careless:
        worst = int(np.argmax(deviation))
        return Mismatch(
            worst, _show(oracle[worst]), _show(found[worst]), careless, int(finite.sum())
        )
    share = np.where(finite, off / limit.allowed, 0.0)
    worst = int(np.argmax(share))
    magnitude = max(abs(float(oracle[worst])), limit.scale * 2.0**-20, 2.0**-149)
    absolute = float(off[worst])
    return Match(absolute, absolute / magnitude, float(share[worst]), worst)


def _less_accurate(expected: Expected, limit: Tolerance, deviation: Array) -> str:
    """Why the result as a whole is less accurate than the source allows; empty when it is not."""
    if limit.source_rms is None:
        return ""
    rms = _rms(deviation)
    ulp = epsilon(expected.elem) * limit.scale
    if expected.elem.bits <= 16 or (limit.source_rms < 0.32 * ulp and not expected.atomic):
        # the source accumulates in a wider type than it stores
        allowed = 2 * limit.source_rms + 0.5 * ulp
    else:
        growth = 1 + math.sqrt(max(1, expected.reduction)) / 4
        allowed = SOURCE_FACTOR * limit.source_rms + growth * ulp
    if rms <= allowed:
        return ""
    return f"less accurate than the source: error {rms:.2g} against {limit.source_rms:.2g} (rms)"
