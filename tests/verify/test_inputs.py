"""Inputs: deterministic, signed, asymmetric, of mixed magnitude, at type extremes, in range."""

from __future__ import annotations

import numpy as np
import pytest

from xpiler.ir.types import BF16, F16, F32, F64, I8, I32, SCALARS, U8, U32, Scalar
from xpiler.verify.cases.case import Concrete, ConcreteBuffer, ConcreteScalar
from xpiler.verify.cases.distribution import KINDS
from xpiler.verify.inputs import Style, draw, poisoned, prepare
from xpiler.verify.run.dtypes import dtype_of


def case(*arguments: ConcreteBuffer | ConcreteScalar, kernel: str = "k") -> Concrete:
    return Concrete(kernel, (("n", 3),), (1, 1, 1), (32, 1, 1), 0, arguments)


X = ConcreteBuffer("x", F32, 1000, "in", "auto", ())
Y = ConcreteBuffer("y", F32, 1000, "out", "auto", ())
A = ConcreteScalar("alpha", F32, None, "auto")
N = ConcreteScalar("n", I32, 1000)


def test_deterministic_and_different_by_kernel_name_and_seed() -> None:
    one, again = prepare(case(X, Y, A, N), 0), prepare(case(X, Y, A, N), 0)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one.arrays, again.arrays, strict=True))
    others = [prepare(case(X, Y, A, N), 1), prepare(case(X, Y, A, N, kernel="other"), 0)]
    assert all(other.array("x").tobytes() != one.array("x").tobytes() for other in others)
    twice = prepare(case(X, ConcreteBuffer("z", F32, 1000, "in", "auto", ())), 0)
    assert twice.array("x").tobytes() != twice.array("z").tobytes()


@pytest.mark.parametrize("elem", [F16, BF16, F32, F64], ids=str)
def test_reals_have_both_signs_unequally_and_mixed_magnitudes(elem: Scalar) -> None:
    for style, share in ((Style.MIXED, 0.3), (Style.OPPOSITE, 0.7)):
        values = draw(elem, 4000, "auto", (), style, np.random.default_rng(1)).astype(float)
        assert np.all(np.isfinite(values))
        assert abs(np.mean(values < 0) - share) < 0.05
        sizes = np.abs(values)
        assert sizes.max() / sizes.min() > 30
        assert abs(values.mean()) > 0.05


@pytest.mark.parametrize("elem", [I8, I32, U8, U32], ids=str)
def test_integers_reach_the_extremes(elem: Scalar) -> None:
    info = np.iinfo(dtype_of(elem))
    values = draw(elem, 500, "auto", (), Style.OPPOSITE, np.random.default_rng(1))
    assert {int(info.min), int(info.max)} <= set(values.tolist())


def test_the_seeds_take_turns() -> None:
    exact = [prepare(case(X, Y, A, N), seed).exact for seed in range(4)]
    assert exact == [False, False, True, True]
    assert set(np.unique(prepare(case(X), 3).array("x"))) == {0.0, 1.0}
    assert np.abs(prepare(case(X), 2).array("x")).max() == 4


def test_outputs_are_poisoned_with_two_patterns() -> None:
    first, second = (prepare(case(X, Y), 0, poison).array("y") for poison in (0, 1))
    assert not np.any(first.view("<u4") == second.view("<u4"))
    assert np.all(np.isnan(second))
    for scalar in SCALARS.values():
        if scalar.name != "void":
            assert len(poisoned(scalar, 5, 0)) == 5
            assert poisoned(scalar, 5, 0).tobytes() != poisoned(scalar, 5, 1).tobytes()


def test_drawn_scalars_are_neither_zero_nor_one() -> None:
    values = [float(prepare(case(A), seed).array("alpha")[0]) for seed in range(40)]
    assert all(abs(v) > 0.2 and v != 1.0 for v in values)


def test_integer_scalars_wrap_to_their_type() -> None:
    inputs = prepare(case(ConcreteScalar("m", U32, -1), ConcreteScalar("b", U8, 257)), 0)
    assert inputs.array("m")[0] == 0xFFFFFFFF
    assert inputs.array("b")[0] == 1


def test_every_kind_draws_what_it_says() -> None:
    rng = np.random.default_rng(3)
    for kind, (least, _, _) in KINDS.items():
        bounds = (5, 9)[:least] if least else ()
        for elem in (F32, I32, U8):
            values = draw(elem, 64, kind, bounds, Style.MIXED, rng)
            assert values.dtype == dtype_of(elem)
            assert len(values) == 64
    index = draw(I32, 500, "index", (7,), Style.MIXED, rng)
    assert set(index.tolist()) == set(range(7))
    offsets = draw(I32, 9, "offsets", (20,), Style.MIXED, rng)
    assert (offsets[0], offsets[-1]) == (0, 20)
    assert np.all(np.diff(offsets) >= 0)
    assert sorted(draw(I32, 9, "permutation", (), Style.MIXED, rng).tolist()) == list(range(9))
    assert np.all(np.diff(draw(F32, 50, "sorted", (), Style.MIXED, rng)) >= 0)
    assert np.all(draw(F32, 50, "positive", (), Style.MIXED, rng) > 0)
    for style in Style:
        assert not np.isin(draw(I32, 200, "nonzero", (), style, rng), [0, -1]).any()


@pytest.mark.parametrize("count", [0, 1])
def test_tiny_buffers(count: int) -> None:
    for kind, (least, _, _) in KINDS.items():
        bounds = (5, 9)[:least] if least else ()
        values = draw(F32, count, kind, bounds, Style.MIXED, np.random.default_rng(0))
        assert len(values) == count


def test_links_of_a_forest_come_to_an_end() -> None:
    links = draw(I32, 200, "forest", (37,), Style.MIXED, np.random.default_rng(3))
    assert all(0 <= link <= min(i, 36) for i, link in enumerate(links.tolist()))
    assert len(set(links.tolist())) > 20
