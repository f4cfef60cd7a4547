"""Conditions, integers and computed places on vectors: against NumPy, and without a scalar loop left."""

from __future__ import annotations

import ctypes
import mmap

import numpy as np
import pytest

from tests.backends.bang.kernels import HEAD, flat
from tests.backends.bang.library import Array, Library

SIZES = (1, 63, 64, 65, 3001)
SPECIAL = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-42, -1e-42, 3e38, -3e38], np.float32)
KERNELS: dict[str, str] = {
    "propagates": flat(
        "propagates", "const f32 *x, f32 *z, i32 n", "if (i < n) { z[i] = x[i] < 0.0f ? 0.0f : x[i]; }"
    ),
    "drops": flat(
        "drops", "const f32 *x, f32 *z, i32 n", "if (i < n) { z[i] = x[i] > 0.0f ? x[i] : 0.0f; }"
    ),
    "clamps": flat(
        "clamps",
        "const f32 *x, f32 *z, f32 lo, f32 hi, i32 n",
        "if (i < n) { f32 v = x[i] < lo ? lo : x[i]; z[i] = v > hi ? hi : v; }",
    ),
    "in_place": flat(
        "in_place", "f32 *x, i32 n", "if (i < n) { if (x[i] < 0.0f) { x[i] = 0.0f; } }"
    ),
    "reached": flat(
        "reached",
        "const f32 *x, const f32 *y, f32 *z, i32 n",
        """if (i < n) {
           if (x[i] > 0.0f) { z[i] = y[i + 1]; } else { z[i] = x[i]; }
         }""",
    ),
    "nested": flat(
        "nested",
        "const f32 *x, const f32 *y, f32 *z, i32 n",
        "if (i < n) { z[i] = x[i] > 0.0f && y[i] > 1.0f ? y[i + 1] : x[i] < -1.0f ? y[i + 2] : 0.0f; }",
    ),
    "orders": flat(
        "orders",
        "const i32 *x, const i32 *y, i32 *z, i32 n",
        """if (i < n) {
           i32 r = max(min(x[i], y[i]), -100);
           if (x[i] == y[i]) { r = r + 1; }
           z[i] = x[i] < y[i] ? r : r - (abs(x[i]) << 1);
         }""",
    ),
    "unsigned_words": flat(
        "unsigned_words",
        "const u32 *x, const u32 *y, u32 *z, i32 n",
        "if (i < n) { z[i] = (x[i] >> 5) ^ (x[i] < y[i] ? y[i] : x[i] << 3); }",
    ),
    "signed_shift": flat(
        "signed_shift", "const i32 *x, i32 *z, i32 n", "if (i < n) { z[i] = (x[i] >> 3) + (x[i] >> 24) - i; }"
    ),
    "brain": flat(
        "brain",
        "const bf16 *x, const bf16 *y, bf16 *z, i32 n",
        "if (i < n) { z[i] = x[i] * y[i] + (x[i] > (bf16)0.5f ? x[i] : -y[i]); }",
    ),
    "columns": f"""
void columns({HEAD}, const f32 *x, f32 *z, i32 n) {{
  parallel(block.x) for (i32 bx = 0; bx < (i32)gridDim.x; bx += 1) {{
    __shared__ f32 s[32][33];
    parallel(thread.x) for (i32 t = 0; t < 32; t += 1) {{
      for (i32 r = 0; r < 32; r += 1) {{ s[t][r] = x[(bx * 32 + r) * 32 + t]; }}
    }}
    parallel(thread.x) for (i32 u = 0; u < 32; u += 1) {{
      for (i32 q = 0; q < 32; q += 1) {{ z[(bx * 32 + q) * 32 + u] = s[q][u]; }}
    }}
  }}
}}
""",
    "largest": f"""
void largest({HEAD}, const f32 *x, i32 *z, i32 n) {{
  parallel(block.x) for (i32 bx = 0; bx < (i32)gridDim.x; bx += 1) {{
    __shared__ f32 v[128];
    __shared__ i32 at[128];
    parallel(thread.x) for (i32 t = 0; t < 128; t += 1) {{
      f32 best = -3e38f;
      i32 place = 2147483647;
      for (i32 j = t; j < n; j += 128) {{
        if (x[bx * n + j] > best) {{ best = x[bx * n + j]; place = j; }}
      }}
      v[t] = best;
      at[t] = place;
    }}
    i32 h = 64;
    while (h > 0) {{
      parallel(thread.x) for (i32 u = 0; u < 128; u += 1) {{
        if (u < h) {{
          if (v[u + h] > v[u] || v[u + h] == v[u] && at[u + h] < at[u]) {{ v[u] = v[u + h]; at[u] = at[u + h]; }}
        }}
      }}
      h = h / 2;
    }}
    parallel(thread.x) for (i32 w = 0; w < 128; w += 1) {{ if (w == 0) {{ z[bx] = at[0]; }} }}
  }}
}}
""",
    "butterfly": f"""
void butterfly({HEAD}, const f32 *x, f32 *z, i32 n) {{
  parallel(block.x) for (i32 bx = 0; bx < (i32)gridDim.x; bx += 1) {{
    f32 s[32];
    f32 lanes[32];
    parallel(lane) for (i32 l = 0; l < 32; l += 1) {{ s[l] = x[bx * 32 + l]; }}
    i32 d = 16;
    while (d > 0) {{
      parallel(lane) for (i32 a = 0; a < 32; a += 1) {{ lanes[a] = s[a]; }}
      parallel(lane) for (i32 b = 0; b < 32; b += 1) {{ s[b] = s[b] + lanes[b ^ d]; }}
      d = d >> 1;
    }}
    parallel(lane) for (i32 c = 0; c < 32; c += 1) {{ z[bx * 32 + c] = s[c]; }}
  }}
}}
""",
}  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("conditions"), KERNELS)


def _floats(n: int, seed: int = 0) -> Array:
    x = (np.random.default_rng(seed).standard_normal(n) * 2).astype(np.float32)
    x[: min(n, len(SPECIAL))] = SPECIAL[: min(n, len(SPECIAL))]
    return x


def _words(n: int, seed: int) -> Array:
    return np.random.default_rng(seed).integers(-(2**31), 2**31, n).astype(np.int32)


def _grid(n: int) -> tuple[int, ...]:
    return (-(-n // 128),)


def _scalar_loops(library: Library, name: str) -> bool:
    body = library.texts[name].split("__mlu_entry__")[1]
    return "[i] = " in body or "++i)" in body


def test_no_loop_over_elements_is_left(library: Library) -> None:
    assert [name for name in KERNELS if _scalar_loops(library, name)] == []


@pytest.mark.parametrize("n", SIZES)
def test_a_choice_keeps_its_nan(library: Library, n: int) -> None:
    x, z = _floats(n), np.zeros(n, np.float32)
    library.call("propagates", _grid(n), (128,), x, z, n)
    np.testing.assert_array_equal(z, np.where(x < 0, np.float32(0), x))
    library.call("drops", _grid(n), (128,), x, z, n)
    np.testing.assert_array_equal(z, np.where(x > 0, x, np.float32(0)))
    library.call("clamps", _grid(n), (128,), x, z, -1.0, 1.5, n)
    low = np.where(x < -1, np.float32(-1), x)
    np.testing.assert_array_equal(z, np.where(low > 1.5, np.float32(1.5), low))
    library.call("in_place", _grid(n), (128,), x, n)
    np.testing.assert_array_equal(x, np.where(_floats(n) < 0, np.float32(0), _floats(n)))


def test_what_no_iteration_reads_is_not_read(library: Library) -> None:
    """The array ends at a page that must not be touched, behind the last element that a condition lets through."""
    n, size = 700, mmap.PAGESIZE
    pages = mmap.mmap(-1, 2 * size)
    start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + size), size, 0) == 0
    y = np.frombuffer(pages, np.float32, 400, size - 1600)
    y[:] = _floats(400, 1)
    x, z = _floats(n), np.zeros(n, np.float32)
    x[399:] = -np.abs(x[399:])  # y[i + 1] is read for i < 399 only
    library.call("reached", _grid(n), (128,), x, y, z, n)
    np.testing.assert_array_equal(z[:399], np.where(x[:399] > 0, y[1:], x[:399]))
    np.testing.assert_array_equal(z[399:], x[399:])
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + size), size, 3) == 0


@pytest.mark.parametrize("n", SIZES)
def test_conditions_in_conditions(library: Library, n: int) -> None:
    x, y, z = _floats(n), _floats(n + 2, 1), np.zeros(n, np.float32)
    library.call("nested", _grid(n), (128,), x, y, z, n)
    inner = np.where(x < -1, y[2:], np.float32(0))
    np.testing.assert_array_equal(z, np.where((x > 0) & (y[:n] > 1), y[1 : n + 1], inner))


@pytest.mark.parametrize("n", SIZES)
def test_integers_of_all_sizes(library: Library, n: int) -> None:
    x, y, z = _words(n, 1), _words(n, 2), np.zeros(n, np.int32)
    y[::3] = x[::3]
    y[1::3] = x[1::3] + 1
    library.call("orders", _grid(n), (128,), x, y, z, n)
    r = np.maximum(np.minimum(x, y), -100) + (x == y)
    np.testing.assert_array_equal(z, np.where(x < y, r, r - (np.abs(x) << 1)).astype(np.int32))
    u, v, w = x.view(np.uint32), y.view(np.uint32), np.zeros(n, np.uint32)
    library.call("unsigned_words", _grid(n), (128,), u, v, w, n)
    np.testing.assert_array_equal(w, (u >> 5) ^ np.where(u < v, v, u << 3))
    library.call("signed_shift", _grid(n), (128,), x, z, n)
    np.testing.assert_array_equal(z, (x >> 3) + (x >> 24) - np.arange(n, dtype=np.int32))


def _rounded(x: Array) -> Array:
    """Floats to the nearest bfloat16, kept as floats."""
    bits = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    return (((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) << 16).astype(np.uint32).view(np.float32)


@pytest.mark.parametrize("n", SIZES)
def test_bfloat16_is_rounded_after_each_operation(library: Library, n: int) -> None:
    rng = np.random.default_rng(4)
    x, y = (_rounded(rng.standard_normal(n).astype(np.float32)) for _ in range(2))
    z = np.zeros(n, np.uint16)
    words = [(v.view(np.uint32) >> 16).astype(np.uint16) for v in (x, y)]
    library.call("brain", _grid(n), (128,), *words, z, n)
    expected = _rounded(_rounded(x * y) + np.where(x > 0.5, x, -y))
    np.testing.assert_array_equal((z.astype(np.uint32) << 16).view(np.float32), expected)


def test_columns_are_strided_copies(library: Library) -> None:
    x, z = _floats(3 * 1024), np.zeros(3 * 1024, np.float32)
    library.call("columns", (3,), (32,), x, z, 0)
    np.testing.assert_array_equal(z.reshape(3, 32, 32), x.reshape(3, 32, 32).transpose(0, 2, 1))
    assert "NRAM2NRAM" in library.texts["columns"]


@pytest.mark.parametrize("n", [1, 63, 129, 1000])
def test_the_place_of_the_largest(library: Library, n: int) -> None:
    x = np.round(np.random.default_rng(6).standard_normal(5 * n) * 3).astype(np.float32)
    z = np.zeros(5, np.int32)
    library.call("largest", (5,), (128,), x, z, n)
    np.testing.assert_array_equal(z, x.reshape(5, n).argmax(axis=1))


def test_lanes_are_swapped_by_runs(library: Library) -> None:
    x, z = _floats(96, 3), np.zeros(96, np.float32)
    x[:9] = 1
    library.call("butterfly", (3,), (32,), x, z, 0)
    rows = x.reshape(3, 32)
    for d in (16, 8, 4, 2, 1):
        rows = rows + rows[:, np.arange(32) ^ d]
    np.testing.assert_array_equal(z.reshape(3, 32), rows)
    assert "xp_swap(" in library.texts["butterfly"]
