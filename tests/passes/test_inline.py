"""Inlining of device functions."""

from __future__ import annotations

from tests.passes.simt import after, kernel_text, printed, same
from xpiler.ir.parse_c import parse_module
from xpiler.passes import fold, inline
from xpiler.passes.base import Context, NotApplicable, Unsupported

CLAMP = """\
__device__ i32 clamped(i32 x, i32 low, i32 high) {
  if (x < low) { return low; }
  if (x > high) { return high; }
  return x;
}
"""
FIND = """\
__device__ i32 find(const i32 *p, i32 key, i32 &where) {
  for (i32 k = 0; k < 8; k += 1) {
    if (p[k] % 4 == key) { where = k; return 1; }
  }
  where = -1;
  return 0;
}
"""
T = "i32 t = (i32)threadIdx.x;\n"


def inlined(prelude: str, body: str) -> str:
    return printed(after((inline.PASS, fold.PASS), parse_module(prelude + kernel_text(body))))


def test_a_tail_return_is_an_assignment() -> None:
    square = "__device__ i32 square(i32 v) { return v * v; }\n"
    assert inlined(square, T + "i32 r;\nr = square(a[t]);\nout[t] = r;") == (
        "i32 t = (i32)threadIdx.x;\ni32 v = a[t];\ni32 r = v * v;\nout[t] = r;\n"
    )


def test_whether_a_pointer_is_given_is_asked_of_the_argument() -> None:
    plus = "__device__ i32 plus(const i32 *p, i32 k) { if (given(p)) { return p[k]; } return 0; }\n"
    text = inlined(plus, T + "i32 r;\nr = plus(&a[4], t);\nout[t] = r;")
    assert "if (given(a)) {" in text
    assert "a[t + 4]" in text or "a[4 + t]" in text
    own = inlined(
        plus, T + "i32 q[8];\nq[t % 8] = t;\ni32 r;\nr = plus(&q[0], t % 8);\nout[t] = r;"
    )
    assert "given" not in own


def test_early_returns_nest() -> None:
    text = inlined(CLAMP, T + "i32 r;\nr = clamped(a[t], -3, 3);\nout[t] = r;")
    assert "done" not in text
    assert "} else if (x > 3) {" in text
    same(T + "i32 r;\nr = clamped(a[t], -3, 3);\nout[t] = r;", prelude=CLAMP)


def test_a_return_from_a_loop_and_a_reference() -> None:
    same(T + "i32 w = 0;\ni32 r;\nr = find(&a[t], 3, ref(w));\nout[t] = r * 100 + w;", prelude=FIND)


def test_calls_in_calls_and_twice() -> None:
    twice = (
        CLAMP + "__device__ i32 both(i32 x) { i32 p; p = clamped(x, 0, 9); "
        "i32 q; q = clamped(x, -9, 0); return p - q; }\n"
    )
    same(T + "i32 r;\nr = both(a[t]);\ni32 s;\ns = both(r);\nout[t] = r + s * 1000;", prelude=twice)


def test_an_argument_named_like_a_parameter() -> None:
    swap = "__device__ i32 minus(i32 x, i32 y) { return x - y; }\n"
    same(T + "i32 y = a[t];\ni32 x = t;\ni32 r;\nr = minus(y, x);\nout[t] = r;", prelude=swap)


def test_barriers_and_shared_memory_of_the_caller() -> None:
    total = (
        "__device__ i32 total(i32 v, i32 *s) {\n  s[threadIdx.x] = v;\n  __syncthreads();\n"
        "  i32 sum = 0;\n  for (i32 k = 0; k < 64; k += 1) { sum = sum + s[k]; }\n"
        "  __syncthreads();\n  return sum;\n}\n"
    )
    same(
        "__shared__ i32 b[64];\n"
        + T
        + "i32 p;\np = total(a[t], &b[0]);\ni32 q;\nq = total(p + t, &b[0]);\nout[t] = q;",
        prelude=total,
    )


def test_static_shared_memory_of_a_function_exists_once() -> None:
    keep = (
        "__device__ i32 next(i32 v) {\n  __shared__ i32 s[64];\n  s[threadIdx.x] = v;\n  __syncthreads();\n"
        "  i32 r = s[63u - threadIdx.x];\n  __syncthreads();\n  return r;\n}\n"
    )
    body = T + "i32 p;\np = next(a[t]);\ni32 q;\nq = next(p * 2);\nout[t] = p + q;"
    assert inlined(keep, body).count("__shared__") == 1
    same(body, prelude=keep)


def test_a_row_of_a_matrix_as_a_pointer() -> None:
    head = "__device__ i32 third(const i32 *p, i32 k) { return p[k + 2]; }\n"
    body = (
        "i32 l[4][5];\n"
        + T
        + (
            "for (i32 i = 0; i < 4; i += 1) { for (i32 j = 0; j < 5; j += 1) { l[i][j] = a[i * 5 + j] + t; } }\n"
            "i32 r;\nr = third(&l[t % 3][1], m);\nout[t] = r;"
        )
    )
    same(body, prelude=head)


def test_recursion_is_refused() -> None:
    loop = "__device__ i32 f(i32 v) { i32 r; r = f(v - 1); return r; }\n"
    result = after(
        (inline.PASS,), parse_module(loop + kernel_text("i32 r;\nr = f(3);\nout[0] = r;"))
    )
    assert isinstance(result, Unsupported)
    assert (result.code, "'f' is recursive" in result.reason) == ("XP2001", True)


def test_nothing_to_inline() -> None:
    assert isinstance(
        inline.PASS.rewrite(parse_module(kernel_text("out[0] = 1;")), Context()), NotApplicable
    )
