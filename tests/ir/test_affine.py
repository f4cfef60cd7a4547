"""Polynomials of index expressions."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from xpiler.ir.affine import constant, poly, poly_to_expr
from xpiler.ir.parse_c import parse_expr
from xpiler.ir.print_c import print_expr
from xpiler.ir.types import I32

VARS = {"i": I32, "j": I32, "n": I32}


def of(text: str) -> object:
    return poly(parse_expr(text, VARS))


def test_strides_and_offsets() -> None:
    p = poly(parse_expr("(i * n + j) * 4 + (i32)blockIdx.x - 3", VARS))
    assert p.coefficient("j") == constant(4)
    assert p.coefficient("i") == of("4 * n")
    assert p.without("i") == of("4 * j + (i32)blockIdx.x - 3")
    assert p.coefficient("n") == of("4 * i")


def test_what_is_not_linear_has_no_stride() -> None:
    assert poly(parse_expr("i * i", VARS)).coefficient("i") is None
    assert poly(parse_expr("i / 2 + j", VARS)).coefficient("i") is None
    assert poly(parse_expr("i / 2 + j", VARS)).coefficient("j") == constant(1)


def test_equal_by_algebra() -> None:
    assert of("(i + 1) * (j + 1)") == of("i * j + j + i + 1")
    assert of("i << 3") == of("8 * i")
    assert poly(parse_expr("i - i", VARS)).is_zero


@st.composite
def texts(draw: st.DrawFn, depth: int = 3) -> str:
    if depth == 0:
        return draw(st.sampled_from(["i", "j", "n", "2", "3", "7"]))
    op = draw(st.sampled_from("+-*"))
    return f"({draw(texts(depth=depth - 1))} {op} {draw(texts(depth=depth - 1))})"


@given(texts(), st.integers(-9, 9), st.integers(-9, 9), st.integers(-9, 9))
@settings(max_examples=100, deadline=None)
def test_the_polynomial_has_the_value_of_the_expression(text: str, i: int, j: int, n: int) -> None:
    back = print_expr(poly_to_expr(poly(parse_expr(text, VARS)), I32))
    at = {"i": i, "j": j, "n": n}
    assert eval(back, {}, at) == eval(text, {}, at)
