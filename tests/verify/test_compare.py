"""The comparison accepts other roundings and rejects everything else."""

from __future__ import annotations

import gc
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xpiler.ir.types import BF16, F16, F32, F64, I8, I32, U32, Scalar
from xpiler.verify.cases.case import Role
from xpiler.verify.compare import (
    DroppedVerdictWarning,
    Expected,
    Match,
    Mismatch,
    compare,
)
from xpiler.verify.inputs import Style, draw, poisoned
from xpiler.verify.run.dtypes import Array, dtype_of

RNG = np.random.default_rng(7)
REAL = [F16, BF16, F32, F64]


def values(elem: Scalar, count: int = 200) -> Array:
    return draw(elem, count, "auto", (), Style.MIXED, RNG)


def expected(
    elem: Scalar, oracle: Array, *, role: Role = "out", poison: int = 0, **more: object
) -> Expected:
    initial = poisoned(elem, len(oracle), poison)
    return Expected("y", elem, role, initial, oracle, **more)  # type: ignore[arg-type]


def accepts(case: Expected, got: Array) -> bool:
    return isinstance(compare(case, got).verdict(), Match)


def rejection(case: Expected, got: Array) -> Mismatch:
    verdict = compare(case, got).verdict()
    assert isinstance(verdict, Mismatch)
    return verdict


@pytest.mark.parametrize("elem", [*REAL, I8, I32, U32], ids=str)
@pytest.mark.parametrize("poison", [0, 1])
def test_equal_is_accepted(elem: Scalar, poison: int) -> None:
    oracle = values(elem)
    case = expected(elem, oracle, poison=poison)
    assert accepts(case, oracle.copy())
    assert accepts(expected(elem, oracle, exact=True), oracle.copy())


@pytest.mark.parametrize("elem", REAL, ids=str)
def test_one_ulp_is_accepted_and_many_are_not(elem: Scalar) -> None:
    oracle = values(elem)
    for reference in (None, oracle.astype(np.float64)):
        case = expected(elem, oracle, reference=reference)
        near = (oracle.view(f"u{elem.size}") + 1).view(oracle.dtype)
        if reference is None:
            assert accepts(case, near)
        far = oracle.copy()
        far[17] = far[17] + far[17] * dtype_of(elem).type(2.0 ** (-3 if elem.bits == 16 else -10))
        assert rejection(case, far).index == 17


@pytest.mark.parametrize("elem", [I8, I32, U32], ids=str)
def test_integers_are_exact(elem: Scalar) -> None:
    oracle = values(elem)
    for index in (0, 100, 199):
        got = oracle.copy()
        got[index] ^= 1
        found = rejection(expected(elem, oracle), got)
        assert (found.index, found.count) == (index, 1)


def test_small_outputs_have_small_tolerances() -> None:
    oracle = (values(F32) * 1e-12).astype(np.float32)
    got = oracle + np.float32(1e-15)
    assert rejection(expected(F32, oracle), got).count > 100


@pytest.mark.parametrize("poison", [0, 1])
def test_unwritten_elements(poison: int) -> None:
    oracle = values(F32)
    got = oracle.copy()
    got[30:40] = poisoned(F32, 10, poison)
    found = rejection(expected(F32, oracle, poison=poison), got)
    assert (found.index, found.reason) == (30, "not written")
    lazy = poisoned(F32, 200, poison)
    lazy[:100] = oracle[:100]
    eager = lazy.copy()
    eager[150] = 3.0
    assert accepts(expected(F32, lazy, poison=poison), lazy.copy())
    assert rejection(expected(F32, lazy, poison=poison), eager).index == 150


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_stand_in_the_same_places(special: float) -> None:
    oracle = values(F32)
    oracle[5] = special
    assert accepts(expected(F32, oracle), oracle.copy())
    missing = oracle.copy()
    missing[5] = 1.0
    assert rejection(expected(F32, oracle), missing).index == 5
    added = oracle.copy()
    added[9] = special
    assert rejection(expected(F32, oracle), added).index == 9
    if np.isinf(special):
        added = oracle.copy()
        added[5] = -special
        assert rejection(expected(F32, oracle), added).index == 5


def test_another_nan_is_a_nan() -> None:
    oracle = values(F32)
    oracle[5] = np.nan
    got = oracle.copy()
    got.view("u4")[5] = 0xFFC00001
    assert accepts(expected(F32, oracle), got)


def test_inputs_must_not_change() -> None:
    content = values(F32)
    case = Expected("x", F32, "in", content, content)
    assert accepts(case, content.copy())
    got = content.copy()
    got.view("u4")[3] ^= 1
    assert rejection(case, got).reason == "an input was modified"


def test_scratch_is_not_compared() -> None:
    assert accepts(expected(F32, values(F32), role="scratch"), values(F32))


def test_wrong_size_or_type() -> None:
    oracle = values(F32)
    assert rejection(expected(F32, oracle), oracle[:-1]).index == -1
    assert rejection(expected(F32, oracle), oracle.astype(np.float64)).index == -1


def test_exact_mode_wants_the_same_bits_up_to_the_sign_of_zero() -> None:
    oracle = draw(F32, 200, "small", (), Style.SMALL, RNG)
    got = oracle.copy()
    got[oracle == 0] = -0.0
    case = expected(F32, oracle, exact=True)
    assert accepts(case, got)
    got[50] = np.nextafter(got[50], np.float32(9))
    assert rejection(case, got).index == 50
    # not exact after all: the reference says that the oracle rounded
    rounded = expected(F32, oracle, exact=True, reference=oracle.astype(float) + 1e-9)
    assert accepts(rounded, (oracle + np.float32(1e-7)).astype(np.float32))


def products(terms: int) -> tuple[Array, Array, Array, Array]:
    """A matrix product in double, blocked, in sequence, and with its inputs rounded to half."""
    a = draw(F32, 64 * terms, "auto", (), Style.MIXED, RNG).reshape(64, terms)
    b = draw(F32, terms * 64, "auto", (), Style.OPPOSITE, RNG).reshape(terms, 64)
    reference = a.astype(np.float64) @ b.astype(np.float64)
    sequence = np.zeros((64, 64), np.float32)
    for k in range(terms):
        sequence += np.outer(a[:, k], b[k])
    half = (a.astype(np.float16).astype(np.float32) @ b).astype(np.float32)
    return reference.ravel(), (a @ b).ravel(), sequence.ravel(), half.ravel()


@pytest.mark.parametrize("terms", [3, 32, 512])
def test_another_order_of_adding_is_accepted_and_narrowed_inputs_are_not(terms: int) -> None:
    reference, blocked, sequence, half = products(terms)
    for oracle, other in ((blocked, sequence), (sequence, blocked)):
        for centre in (None, reference):
            case = expected(F32, oracle, reference=centre, reduction=terms)
            assert accepts(case, other)
            assert not accepts(case, half)


def test_a_narrowed_accumulator_is_rejected() -> None:
    """Half outputs of a product summed in single, against one summed in half: only rounding differs."""
    a = draw(F16, 64 * 256, "unit", (), Style.MIXED, RNG).reshape(64, 256)
    b = draw(F16, 256 * 64, "unit", (), Style.MIXED, RNG).reshape(256, 64)
    reference = a.astype(np.float64) @ b.astype(np.float64)
    oracle = (a.astype(np.float32) @ b.astype(np.float32)).astype(np.float16)
    narrow = np.zeros((64, 64), np.float16)
    for k in range(256):
        narrow += np.outer(a[:, k], b[k])
    case = expected(F16, oracle.ravel(), reference=reference.ravel(), reduction=256)
    assert accepts(case, oracle.ravel().copy())
    assert not accepts(case, narrow.ravel())


def test_discontinuities_do_not_spoil_the_tolerance() -> None:
    """Where the double run lands on the other side of a jump the oracle itself is the centre."""
    oracle = values(F32)
    reference = oracle.astype(np.float64) * (1 + 1e-8)
    reference[13] += 5.0
    case = expected(F32, oracle, reference=reference)
    assert accepts(case, oracle.copy())
    wrong = oracle.copy()
    wrong[13] += 1e-3
    assert rejection(case, wrong).index == 13
    wrong = oracle.copy()
    wrong[14] *= np.float32(1.001)
    assert rejection(case, wrong).index == 14


def test_a_dropped_verdict_is_noticed() -> None:
    oracle = values(F32)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compare(expected(F32, oracle), oracle)
        gc.collect()
        assert [w.category for w in caught] == [DroppedVerdictWarning]
    taken = compare(expected(F32, oracle), oracle)
    taken.verdict()
    with pytest.raises(TypeError):
        bool(taken)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 199), st.sampled_from(REAL), st.integers(0, 1), st.floats(0.01, 100))
def test_a_wrong_element_never_passes(index: int, elem: Scalar, poison: int, by: float) -> None:
    oracle = draw(elem, 200, "auto", (), Style.MIXED, np.random.default_rng(index))
    got = oracle.astype(np.float64)
    got[index] += by * max(1.0, abs(got[index])) * (16 if elem == BF16 else 4)
    case = expected(elem, oracle, poison=poison)
    assert not accepts(case, got.astype(oracle.dtype))


def test_what_was_there_before_may_have_been_computed() -> None:
    """`y *= scale` leaves y alone where the scale is one: another rounding of it is no stray write."""
    oracle = values(F32)
    nearly = np.nextafter(oracle, np.float32(np.inf), dtype=np.float32)
    left = Expected("y", F32, "inout", oracle, oracle)
    assert rejection(left, nearly).reason == "written, though the source leaves it alone"
    half = np.arange(len(oracle)) % 2 == 0
    changed = Expected("y", F32, "inout", oracle, oracle, elsewhere=half)
    assert accepts(changed, np.where(half, nearly, oracle))
    assert rejection(changed, np.where(half, oracle, nearly)).index == 1
    assert (
        rejection(changed, np.where(half, oracle * 1.5, oracle)).reason == "outside the tolerance"
    )


def test_a_source_in_double_is_no_better_than_its_translation() -> None:
    """Fused multiplications and additions leave a product's last bit where the source cancels it to 0."""
    rng = np.random.default_rng(5)
    a, b, c = (rng.integers(-9, 10, 1000) / 7.0 for _ in range(3))
    oracle = a * b - c
    oracle[::3] = 0.0
    fused = (a.astype(np.longdouble) * b - c).astype(np.float64)
    fused[::3] = 2.0**-53
    zeros = np.zeros_like(oracle)
    wanted = Expected("y", F64, "out", zeros - 1, oracle, oracle)
    assert isinstance(compare(wanted, fused).verdict(), Match)
    assert isinstance(
        compare(wanted, fused.astype(np.float32).astype(np.float64)).verdict(), Mismatch
    )
