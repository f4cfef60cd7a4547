"""Folding: exact integers, floats as they are, what is dead goes; what must not change does not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.passes.simt import after, kernel_text, printed, same
from xpiler.ir.interpret import interpret
from xpiler.ir.parse_c import parse_expr, parse_module
from xpiler.ir.print_c import print_expr
from xpiler.ir.types import F32, I32, I64, U32
from xpiler.passes import fold
from xpiler.passes.base import Context, NotApplicable
from xpiler.passes.bounds import bounds
from xpiler.passes.simplify import negated, simplify

VARIABLES = {"i": I32, "j": I32, "u": U32, "w": I64, "x": F32, "y": F32}
RANGES = {"i": (0, 31), "j": (0, 31)}


def simple(text: str, known: bool = False) -> str:
    return print_expr(simplify(parse_expr(text, VARIABLES), RANGES if known else {}))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("i + 0", "i"),
        ("i * 1 + 0 * j", "i"),
        ("i - i", "0"),
        ("2147483647 + 1", "-2147483648"),
        ("-7 / 2 + -7 % 2", "-4"),
        ("(i + 3) - 5", "i - 2"),
        ("(i32)((u32)i * 4u + u)", "i * 4 + (i32)u"),
        ("(i32)(i64)i", "i"),
        ("i < 3 ? j : j", "j"),
        ("!(i < 3)", "i >= 3"),
        ("(i32)(i < 3) != 0", "i < 3"),
        ("u >= 0u", "true"),
        ("x * 1.0f - 0.0f", "x"),
        ("2.0f * 0.5f + x", "1.0f + x"),
    ],
)
def test_expressions(before: str, expected: str) -> None:
    assert simple(before) == expected


@pytest.mark.parametrize(
    "text",
    ["x + 0.0f", "x * 0.0f", "x - x", "(x + y) + x", "!(x < y)", "(i64)(i + j)", "i / 0", "i / u"],
)
def test_what_is_not_the_same_stays(text: str) -> None:
    assert simple(text) == print_expr(parse_expr(text, VARIABLES))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("(i * 32 + j) / 32", "i"),
        ("(i * 32 + j) % 32", "j"),
        ("(i * 32 + j) >> 5", "i"),
        ("(i * 32 + j) & 31", "j"),
        ("i * 32 + j < 64", "i < 2"),
        ("(u32)i < (u32)j", "i < j"),
        ("(i32)((u32)i / 4u)", "i / 4"),
        ("i < 32", "true"),
        ("i & 31", "i"),
    ],
)
def test_what_ranges_allow(before: str, expected: str) -> None:
    assert simple(before, known=True) == expected


def test_without_ranges_division_stays() -> None:
    assert simple("(i * 32 + j) / 32") == "(i * 32 + j) / 32"
    assert simple("(u32)i < (u32)j") == "(u32)i < (u32)j"


_LEAVES = st.sampled_from(
    ["i", "j", "u", "w", "0", "1", "-1", "7", "32", "31", "4294967295u", "2147483647"]
)
_EXPRESSIONS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.tuples(
            inner, st.sampled_from(["+", "-", "*", "&", "|", "^", "<", ">=", "=="]), inner
        ).map(lambda t: f"(({t[0]}) {t[1]} ({t[2]}))"),
        st.tuples(inner, st.sampled_from(["/ 7", "% 7", "/ 32", "% 32", ">> 3", "<< 2"])).map(
            lambda t: f"(({t[0]}) {t[1]})"
        ),
        inner.map(lambda t: f"(i32)({t})"),
        inner.map(lambda t: f"(u32)({t})"),
        inner.map(lambda t: f"(i64)({t})"),
        inner.map(lambda t: f"(u8)({t})"),
        st.tuples(inner, inner, inner).map(
            lambda t: f"(({t[0]}) < ({t[1]}) ? ({t[2]}) : ({t[0]}))"
        ),
    ),
    max_leaves=8,
)


def value(text: str, i: int, j: int, u: int, w: int) -> int:
    head = (
        "void k(dim3 gridDim, dim3 blockDim, u32 sharedBytes, i32 i, i32 j, u32 u, i64 w, i64 *out)"
    )
    out = [0]
    interpret(
        parse_module(f"{head} {{ out[0] = (i64)({text}); }}"),
        {"i": i, "j": j, "u": u, "w": w, "out": out},
        (1, 1, 1),
        (1, 1, 1),
    )
    return out[0]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    _EXPRESSIONS,
    st.integers(0, 31),
    st.integers(0, 31),
    st.sampled_from([0, 1, 5, 2**31, 2**32 - 1]),
    st.sampled_from([0, -1, 2**40, -(2**63), 2**31]),
)
def test_simplification_keeps_the_value(text: str, i: int, j: int, u: int, w: int) -> None:
    expr = parse_expr(text, VARIABLES)
    before = value(text, i, j, u, w)
    for ranges in ({}, RANGES):
        after_ = simplify(expr, ranges)
        assert after_.type == expr.type
        assert value(print_expr(after_), i, j, u, w) == before
    known = bounds(expr, RANGES)
    if known is not None and known[1] < 2**63:
        assert known[0] <= before <= known[1]


def test_negation_of_floats_is_not_a_comparison() -> None:
    assert print_expr(negated(parse_expr("x < y && i < j", VARIABLES))) == "!(x < y) || (i >= j)"


def folded(body: str) -> str:
    return printed(after((fold.PASS,), parse_module(kernel_text(body))))


def test_launch_facts_copies_and_dead_code() -> None:
    text = folded(
        "i32 t = (i32)threadIdx.x;\ni32 c = 4;\ni32 unused = a[0];\ni32 r;\nr = c * 2;\n"
        "if (blockDim.x == 64u) { out[t + c] = r; } else { out[t] = 0; }\n"
        "for (i32 k = 0; k < 1; k += 1) { out[t + k] = k; }\nwhile (false) { out[0] = 1; }"
    )
    assert text == "i32 t = (i32)threadIdx.x;\nout[t + 4] = 8;\nout[t] = 0;\n"


def test_a_variable_that_changes_is_no_copy() -> None:
    same(
        "i32 t = (i32)threadIdx.x;\ni32 v = t;\nif (t > 3) { v = v + 1; }\ni32 w = v;\nv = 0;\nout[t] = w + v;"
    )


def test_a_loop_for_one_value_of_its_counter() -> None:
    head = "void k(dim3 gridDim, dim3 blockDim, u32 sharedBytes, i32 *y, i32 n)"
    loop = (
        "parallel(lane) for (i32 l = 0; l < 32; l += 1) { i32 v = y[l]; if (l == 7) { y[n] = v; } }"
    )
    text = printed(after((fold.PASS,), parse_module(f"{head} {{ {loop} }}")))
    assert text == "i32 v = y[7];\ny[n] = v;\n"
    stays = "for (i32 l = 0; l < 32; l += 2) { if (l == 7) { y[n] = 1; } }"
    assert "for" in printed(after((fold.PASS,), parse_module(f"{head} {{ {stays} y[0] = 1; }}")))


def test_nothing_to_fold() -> None:
    module = parse_module(kernel_text("out[n] = a[m];"))
    assert isinstance(fold.PASS.rewrite(module, Context()), NotApplicable)
