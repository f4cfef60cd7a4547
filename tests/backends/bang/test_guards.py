"""What no iteration evaluates is not evaluated: reads beyond an array, divisions by zero."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Callable

import numpy as np
import pytest

from tests.backends.bang.kernels import flat
from tests.backends.bang.library import Array, Library

N = 300
PARAMS = "const f32 *x, const f32 *t, const i32 *w, f32 *z, i32 k, i32 m, i32 n"
Expected = Callable[[Array, Array, Array, int, int], Array]
F = np.float32


def _quotient(a: Array | int, b: Array) -> Array:
    return np.array(np.trunc(a / np.where(b == 0, 1, b)), F)


# the body of a kernel, where `t` has 8 elements, and what it computes
CASES: dict[str, tuple[str, Expected]] = {
    "branch": (
        "if (x[i] > 2.0f) { z[i] = t[k]; } else { z[i] = x[i]; }",
        lambda x, t, w, k, m: np.where(x > 2, t[k], x),
    ),
    "choice": (
        "z[i] = x[i] > 2.0f ? t[k] : 0.0f;",
        lambda x, t, w, k, m: np.where(x > 2, t[k], F(0)),
    ),
    "conjunction": (
        "z[i] = x[i] > 2.0f && t[k] > 1.0f ? 1.0f : 0.0f;",
        lambda x, t, w, k, m: ((x > 2) & (t[k] > 1)).astype(F),
    ),
    "disjunction": (
        "z[i] = x[i] <= 2.0f || t[k] > 1.0f ? 1.0f : 0.0f;",
        lambda x, t, w, k, m: ((x <= 2) | (t[k] > 1)).astype(F),
    ),
    "declared": (
        "f32 r = 0.0f; if (x[i] > 2.0f) { f32 v = t[k] * 2.0f; r = v * x[i]; } z[i] = r;",
        lambda x, t, w, k, m: np.where(x > 2, t[k] * F(2) * x, F(0)),
    ),
    "operand": (
        "z[i] = x[i] > 2.0f ? x[i] * t[k] : x[i];",
        lambda x, t, w, k, m: np.where(x > 2, x * t[k], x),
    ),
    "nested": (
        "f32 s = 0.0f; if (x[i] > 0.0f) { if (x[i] > 2.0f) { s = t[k]; } else { s = t[0]; } } z[i] = s;",
        lambda x, t, w, k, m: np.where(x > 2, t[k], np.where(x > 0, t[0], F(0))),
    ),
    "choice_in_choice": (
        "z[i] = x[i] > 0.0f ? (x[i] > 2.0f ? t[k] : t[0]) : t[1];",
        lambda x, t, w, k, m: np.where(x > 2, t[k], np.where(x > 0, t[0], t[1])),
    ),
    "for_all": (
        "z[i] = m > 0 ? x[i] * t[k] : x[i];",
        lambda x, t, w, k, m: x * t[k] if m > 0 else x,
    ),
    "for_all_and_some": (
        "f32 v = x[i]; if (x[i] < 2.0f && m > 0) { v = v + t[k]; } z[i] = v;",
        lambda x, t, w, k, m: np.where((x < 2) & (m > 0), x + t[k], x) if m else x,
    ),
    "gathered": (
        "f32 v = 0.0f; if (x[i] > 2.0f) { v = t[k + w[i] % 2] * x[i]; } z[i] = v;",
        lambda x, t, w, k, m: np.where(x > 2, t[k + w % 2] * x, F(0)) if m else np.zeros(N, F),
    ),
    "beside_a_remainder": (
        "z[i] = x[i] > 2.0f ? (f32)((w[i] % 7) * (i32)t[k]) : 1.0f;",
        lambda x, t, w, k, m: np.where(x > 2, (w % 7 * int(t[k])).astype(F), F(1)),
    ),
    "in_a_choice_of_bytes": (
        "z[i] = (f32)(i8)(x[i] > 2.0f ? (i8)(t[k] + x[i]) : (i8)1);",
        lambda x, t, w, k, m: np.where(x > 2, (t[k] + x).astype(np.int8).astype(F), F(1)),
    ),
    "divided": (
        "z[i] = x[i] > 2.0f ? (f32)(n / m) : 1.0f;",
        lambda x, t, w, k, m: np.where(x > 2, F(N // m if m else 0), F(1)),
    ),
    "each_divided": (
        "z[i] = w[i] != 0 ? (f32)(7 / w[i]) : 1.0f;",
        lambda x, t, w, k, m: np.where(w != 0, _quotient(7, w), F(1)),
    ),
    "divided_in_a_range": (
        "if (i < m) { f32 v = x[i]; i32 q = n / m; while (q > 1) { v = v * 0.5f; q = q / 2; } z[i] = v; }",
        lambda x, t, w, k, m: np.where(np.arange(N) < m, x * F(0.5), F(0)),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    kernels = {
        name: flat(name, PARAMS, f"if (i < n) {{ {body} }}") for name, (body, _) in CASES.items()
    }
    return Library(tmp_path_factory.mktemp("guards"), kernels)


def _inputs(largest: float) -> tuple[Array, Array]:
    rng = np.random.default_rng(5)
    x = np.minimum(rng.standard_normal(N).astype(F) * 2, F(largest))
    return x, rng.integers(0, 5, N).astype(np.int32)


def _status(run: Callable[[], None]) -> int:
    """How a child process that does this ends."""
    child = os.fork()
    if child == 0:
        run()
        os._exit(0)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize("name", CASES)
def test_what_no_iteration_reaches_is_not_evaluated(library: Library, name: str) -> None:
    """`t` ends at a page that must not be touched, `t[k]` lies behind it, and `m` is 0."""
    x, w = _inputs(2.0)
    size = mmap.PAGESIZE

    def run() -> None:
        pages = mmap.mmap(-1, 2 * size)
        start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
        assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + size), size, 0) == 0
        t = np.frombuffer(pages, F, 8, size - 32)
        t[:] = 3
        z = np.zeros(N, F)
        library.call(name, (-(-N // 128),), (128,), x, t, w, z, 8, 0, N)
        t = np.full(12, F(3))  # what lies behind it does not matter
        np.testing.assert_array_equal(z, CASES[name][1](x, t, w, 8, 0))

    assert _status(run) == 0


@pytest.mark.parametrize("name", CASES)
def test_what_some_iterations_reach_is_evaluated(library: Library, name: str) -> None:
    x, w = _inputs(np.inf)
    t, z = np.arange(2, 10).astype(F), np.zeros(N, F)
    library.call(name, (-(-N // 128),), (128,), x, t, w, z, 5, 129, N)
    np.testing.assert_array_equal(z, CASES[name][1](x, t, w, 5, 129))


def test_what_every_iteration_reads_needs_no_guard(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    body = "f32 u = t[k]; f32 v = x[i]; if (v > 0.5f) { v = v * t[k]; } z[i] = v + u;"
    kernels = {"certain": flat("certain", PARAMS, f"if (i < n) {{ {body} }}")}
    library = Library(tmp_path_factory.mktemp("certain"), kernels)
    assert "__bang_count" not in library.texts["certain"]
