"""The passes: what they make of kernels, run on the simulator against NumPy; and when they do not apply."""

from __future__ import annotations

import numpy as np
import pytest

from tests.backends.bang.kernels import HEAD, KERNELS, flat
from tests.backends.bang.library import WORDS, Array, Library, lowered
from xpiler.backends.bang.emit import program_text
from xpiler.backends.bang.passes.atomics import ATOMICS
from xpiler.backends.bang.passes.bind import BIND
from xpiler.backends.bang.passes.cache import CACHE
from xpiler.backends.bang.passes.distribute import DISTRIBUTE
from xpiler.backends.bang.passes.doubles import DOUBLES
from xpiler.backends.bang.passes.lengths import Signs
from xpiler.backends.bang.passes.matmul import MATMUL
from xpiler.backends.bang.passes.pipeline import PIPELINE
from xpiler.backends.bang.passes.reroll import REROLL
from xpiler.backends.bang.passes.tensorize import TENSORIZE
from xpiler.backends.bang.target import FACTS
from xpiler.ir.affine import poly
from xpiler.ir.nodes import Binary, Const, Select, Var
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_module
from xpiler.ir.types import I32
from xpiler.ir.walk import expressions, statements
from xpiler.passes.base import Applied, Context, NotApplicable, Pass, Unsupported


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("passes"), KERNELS)


def _floats(n: int, seed: int = 0) -> Array:
    return (np.random.default_rng(seed).standard_normal(n) * 2).astype(np.float32)


@pytest.mark.parametrize("n", [0, 1, 31, 257, 20011])
def test_elementwise(library: Library, n: int) -> None:
    x, y, z = _floats(n), _floats(n, 1), np.full(n + 8, -5, np.float32)
    library.call("saxpy", (max(1, -(-n // 128)),), (128,), x, y, z, n, 1.5)
    np.testing.assert_allclose(z[:n], np.float32(1.5) * x + y, rtol=1e-6, atol=1e-6)
    assert (z[n:] == -5).all()


def test_elementwise_is_vector_code_with_two_buffers(library: Library) -> None:
    text = library.texts["saxpy"]
    assert "__bang_mul_scalar(" in text
    assert "__bang_add(" in text
    assert "__memcpy_async(" in text
    assert isinstance(library.outcomes["saxpy"]["pipeline"], Applied)


def test_division_is_exact_where_the_quotient_is(library: Library) -> None:
    n = 9001
    x = (np.arange(n) * 3).astype(np.float32)
    library.call("in_place", (71,), (128,), x, n)
    np.testing.assert_array_equal(x, np.arange(n).astype(np.float32))
    assert isinstance(library.outcomes["in_place"]["pipeline"], Applied)


@pytest.mark.parametrize("n", [5, 4096, 10007])
def test_grid_stride_loop(library: Library, n: int) -> None:
    x, z = _floats(n), np.zeros(n, np.float32)
    library.call("stride", (3,), (64,), x, z, n)
    np.testing.assert_allclose(z, np.exp(x.astype(np.float64)) - 1, rtol=1e-5, atol=1e-6)
    assert "xp_exp(" in library.texts["stride"]


def test_branches_become_masks(library: Library) -> None:
    n = 5003
    x, z = _floats(n), np.zeros(n, np.float32)
    x[:3] = [np.inf, -np.inf, 1.0]
    library.call("branches", (40,), (128,), x, z, n)
    r = np.where((x > 1) & (x < 2), np.float32(3), x * np.float32(0.5) + np.float32(1))
    np.testing.assert_allclose(z, np.where(x < -1, r - np.float32(7), r), rtol=1e-6)
    assert "xp_select(" in library.texts["branches"]


def test_half_rounds_after_each_operation(library: Library) -> None:
    n = 1001
    x, y = _floats(n).astype(np.float16), _floats(n, 1).astype(np.float16)
    z = np.zeros(n, np.float16)
    library.call("halves", (8,), (128,), x, y, z, n)
    expected = np.tanh((x * y + x).astype(np.float64))
    np.testing.assert_allclose(z.astype(np.float64), expected, rtol=1e-3, atol=1e-7)
    assert "__bang_half2float(" in library.texts["halves"]


def test_integers_wrap(library: Library) -> None:
    n = 777
    rng = np.random.default_rng(2)
    x, y = (rng.integers(-(2**31), 2**31, n).astype(np.int32) for _ in range(2))
    z = np.zeros(n, np.int32)
    library.call("integers", (7,), (128,), x, y, z, n)
    np.testing.assert_array_equal(z, (x + y) * np.int32(3) - (x >> 2))


def test_bytes_and_booleans(library: Library) -> None:
    n = 3001
    rng = np.random.default_rng(5)
    x, m = rng.integers(0, 256, n).astype(np.uint8), rng.integers(0, 2, n).astype(np.bool_)
    z, b = np.zeros(n, np.uint8), np.zeros(n, np.bool_)
    library.call("bytes", (24,), (128,), x, m, z, b, n)
    s = x.astype(np.float32) * np.float32(0.5) + np.where((x > 100) & m, 70, 0)
    np.testing.assert_array_equal(z, (s.astype(np.int32) + x).astype(np.uint8))
    np.testing.assert_array_equal(b, (s >= 60) & ~m)
    assert isinstance(library.outcomes["bytes"]["pipeline"], Applied)
    assert "_nram[i" not in library.texts["bytes"]  # no scalar loop is left


def test_a_fused_sum_that_cancels_keeps_its_accuracy(library: Library) -> None:
    n = 2000
    x, y, g = _floats(n), np.zeros(n, np.float32), _floats(n, 1)
    before = x.copy()
    library.call("updates", (16,), (128,), x, y, g, n)
    v = np.where(g > 0, g, np.float32(0.25)).astype(np.float64)
    exact = v * (1 - float(np.float32(0.999)))
    np.testing.assert_allclose(y, exact, rtol=3e-7)
    np.testing.assert_allclose(x, before - y, rtol=1e-6, atol=1e-7)
    assert "xp_fma(" in library.texts["updates"]
    assert isinstance(library.outcomes["updates"]["cache"], Applied)


@pytest.mark.parametrize(("n", "cols", "ld"), [(1, 1, 1), (300, 16, 16), (77, 37, 41), (5, 3, 0)])
def test_rows_of_their_own_are_read_through_transposed_tiles(
    library: Library, n: int, cols: int, ld: int
) -> None:
    x, z = _floats(n * max(ld, 1) + cols), np.zeros(n, np.float32)
    library.call("walk", (-(-n // 128),), (128,), x, z, n, cols, ld)
    rows = np.lib.stride_tricks.as_strided(x, (n, cols), (4 * ld, 4))
    total = np.zeros(n, np.float32)
    for c in range(cols):  # each row in its own order
        total = total + rows[:, c]
    np.testing.assert_array_equal(z, total * rows.max(axis=1))
    assert "__bang_transpose(" in library.texts["walk"]


@pytest.mark.parametrize("n", [32, 1000, 5001])
def test_continue_and_values_that_are_set_again(library: Library, n: int) -> None:
    w = -(-n // 32)
    x, z = _floats(w * 32), np.zeros(n, np.float32)
    library.call("edges", (-(-n // 128),), (128,), x, z, n, w)
    padded = np.pad(x.reshape(w, 32), ((1, 1), (0, 0)))
    expected = ((np.float32(0) + padded[:-2]) + padded[1:-1]) + padded[2:]
    np.testing.assert_allclose(z, expected.reshape(-1)[:n], rtol=1e-6, atol=1e-6)
    assert "__bang_add(" in library.texts["edges"]


def test_gathers_feed_vectors(library: Library) -> None:
    n = 1500
    x, z = _floats(n), _floats(n, 1)
    index = np.random.default_rng(4).integers(0, n, n).astype(np.int32)
    expected = np.exp(x[index].astype(np.float64)) + x[::-1] * z
    library.call("gathers", (12,), (128,), x, index, z, n)
    np.testing.assert_allclose(z, expected, rtol=1e-6, atol=1e-6)
    assert "xp_exp(" in library.texts["gathers"]
    assert isinstance(library.outcomes["gathers"]["pipeline"], Applied)


def test_products_of_halves_run_on_the_matrix_unit(library: Library) -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(-4, 5, (2, 17, 40)).astype(np.float16)
    y = rng.integers(-4, 5, 40 * 60).astype(np.float16)
    z = np.zeros((2, 17, 24), np.float32)
    library.call("product", (2,), (32,), x, y, z, 29, 51)
    wide = y.astype(np.float32)
    plain = np.lib.stride_tricks.as_strided(wide, (40, 24), (4 * 29, 4))
    turned = np.lib.stride_tricks.as_strided(wide, (24, 40), (4 * 51, 4))
    np.testing.assert_array_equal(z, 1 + x.astype(np.float32) @ (plain + turned.T))
    text = library.texts["product"]
    assert text.count("xp_matmul_half(") == 3  # the function and two calls
    assert "__bang_conv(" in text


@pytest.mark.parametrize("size", ["8", "some"])
def test_products_of_other_sizes_are_left_alone(size: str) -> None:
    text = KERNELS["product"].replace("q < 24", f"q < {size}").replace("u < 24", f"u < {size}")
    reason = _reason(
        text.replace("i32 other", "i32 other, i32 some"), MATMUL, (BIND, DISTRIBUTE, CACHE)
    )
    assert "no product" in reason


@pytest.mark.parametrize("n", [1, 130, 4000])
def test_remainders_of_an_element_numbered_by_a_literal_block_size(
    library: Library, n: int
) -> None:
    x, z = _floats(48), np.full(n + 1, 7, np.float32)
    library.call("literal", (-(-n // 128),), (128,), x, z, n)
    i = np.arange(n)
    np.testing.assert_array_equal(z[:n], x[i % 48] + (i // 48).astype(np.float32))
    assert z[n] == 7
    assert "__bang_add" in library.texts["literal"]


@pytest.mark.parametrize(("n", "rows", "width"), [(3, 5, 40), (2, 1, 17), (4, 3, 3000), (7, 9, 1)])
def test_remainders_of_remainders_are_cut_at_the_innermost(
    library: Library, n: int, rows: int, width: int
) -> None:
    x = _floats(n * rows * width)
    z = np.full(x.size + 1, 7, np.float32)
    library.call("permuted", (-(-x.size // 128),), (128,), x, z, n, rows, width)
    moved = x.reshape(rows, n, width).transpose(1, 0, 2) + np.arange(width, dtype=np.float32)
    np.testing.assert_array_equal(z[:-1], moved.reshape(-1))
    assert z[-1] == 7
    assert "__bang_add" in library.texts["permuted"]


@pytest.mark.parametrize(("rows", "a", "b"), [(5, 40, 24), (3, 1, 70), (2, 3000, 2500), (4, 30, 0)])
def test_a_choice_by_position_is_two_copies(library: Library, rows: int, a: int, b: int) -> None:
    x, y = _floats(max(1, rows * a)), _floats(max(1, rows * b), 1)
    z = np.full(rows * (a + b) + 1, 7, np.float32)
    library.call("joined", (-(-z.size // 128),), (128,), x, y, z, rows, a, b)
    both = np.concatenate([x[: rows * a].reshape(rows, a), y[: rows * b].reshape(rows, b)], axis=1)
    np.testing.assert_array_equal(z[:-1], both.reshape(-1))
    assert z[-1] == 7
    text = library.texts["joined"]
    assert text.count("GDRAM2NRAM") == 2
    assert "z[" not in text.replace("&z[", "")


@pytest.mark.parametrize("n", [1, 300, 5000])
def test_what_is_written_anyway_is_read_under_a_condition(library: Library, n: int) -> None:
    x = _floats(n)
    y = x.copy()
    library.call("biased", (-(-n // 128),), (128,), x, n, 1.5)
    np.testing.assert_array_equal(
        x, np.where(y * np.float32(1.5) > 1, 0, y + np.arange(n, dtype=np.float32))
    )
    z = y.copy()
    library.call("replaced", (-(-n // 128),), (128,), z, n, 200)
    np.testing.assert_array_equal(z, np.where(np.arange(n) > 200, -np.inf, y + 1))
    assert "__bang_add" in library.texts["biased"]
    assert "GDRAM2NRAM" in library.texts["replaced"]


@pytest.mark.parametrize("n", [1, 300, 5000])
def test_halves_unpacked_from_words(library: Library, n: int) -> None:
    halves, z = _floats(2 * n).astype(np.float16), np.zeros(n, np.float32)
    library.call("packed", (-(-n // 128),), (128,), halves.view(np.uint32), z, n)
    low, high = halves[::2].astype(np.float32), halves[1::2].astype(np.float32)
    np.testing.assert_array_equal(z, low * 2 + high)
    assert "__bang_half2float" in library.texts["packed"]


@pytest.mark.parametrize(("n", "stride"), [(1, 5), (300, 1), (2100, 3), (300, -2)])
def test_copies_with_strides_that_sizes_give(library: Library, n: int, stride: int) -> None:
    x, first = _floats(n * 40 + 1), 0 if stride > 0 else -stride * (n - 1)
    z = np.full(abs(stride) * (n - 1) + 1, 7, np.float32)
    library.call("spread", (-(-n // 128),), (128,), x, z, n, first, stride)
    expected = np.full_like(z, 7)
    expected[first + np.arange(n) * stride] = x[1::40][:n] * 2
    np.testing.assert_array_equal(z, expected)
    text = library.texts["spread"]
    assert "if (stride > 0)" in text  # the loop as it was serves another stride
    assert "NRAM2GDRAM, stride * 4, 4, " in text


@pytest.mark.parametrize("n", [4, 1024, 4099, 9002])
def test_short_vectors_are_rerolled(library: Library, n: int) -> None:
    x, z = _floats(n), np.full(n + 4, 9, np.float32)
    library.call("vectors", (-(-n // 512) + 1,), (128,), x, z, n)
    np.testing.assert_array_equal(z[:n], np.maximum(x, 0))
    assert (z[n:] == 9).all()
    assert isinstance(library.outcomes["vectors"]["reroll"], Applied)


@pytest.mark.parametrize(("h", "w", "c"), [(5, 9, 64), (3, 7, 33), (2, 3, 300)])
def test_pool_over_channels(library: Library, h: int, w: int, c: int) -> None:
    oh, ow = h - 1, (w - 3) // 2 + 1
    x, z = _floats(h * w * c), np.zeros(oh * ow * c, np.float32)
    library.call("pool", (-(-z.size // 128),), (128,), x, z, z.size, w, c, ow)
    a = x.reshape(h, w, c)
    windows = [a[dy : dy + oh, dx : dx + 2 * ow - 1 : 2] for dy in range(2) for dx in range(3)]
    np.testing.assert_array_equal(z.reshape(oh, ow, c), np.max(windows, axis=0))
    assert "__bang_maxequal(" in library.texts["pool"]


@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 1), (17, 33, 9), (5, 700, 12)])
def test_matrix_product(library: Library, m: int, n: int, k: int) -> None:
    x, y, z = _floats(m * k), _floats(k * n, 1), np.zeros(m * n, np.float32)
    library.call("gemm", (-(-n // 16), -(-m // 16)), (16, 16), x, y, z, m, n, k)
    expected = x.reshape(m, k).astype(np.float64) @ y.reshape(k, n)
    np.testing.assert_allclose(z.reshape(m, n), expected, rtol=1e-4, atol=1e-4)
    assert "__bang_mul_scalar(" in library.texts["gemm"]


@pytest.mark.parametrize(("rows", "n"), [(1, 5), (7, 128), (40, 1000)])
def test_rows_with_a_tree_of_barriers(library: Library, rows: int, n: int) -> None:
    x, z = _floats(rows * n), np.zeros(rows * n, np.float32)
    library.call("rows", (rows,), (128,), x, z, n)
    a = x.reshape(rows, n).astype(np.float64)
    np.testing.assert_allclose(z.reshape(rows, n), a - a.mean(axis=1, keepdims=True), atol=1e-5)
    assert "__bang_add(s, s, s + (64 >> q)" in library.texts["rows"]


@pytest.mark.parametrize("n", [1, 63, 64, 65, 1000])
def test_padded_tiles(library: Library, n: int) -> None:
    x, z = _floats(n), np.full(n + 3, 4, np.float32)
    library.call("padded", (-(-n // 64),), (64,), x, z, n)
    p = np.pad(x, 1)
    np.testing.assert_allclose(z[:n], p[:-2] + p[1:-1] + p[2:], rtol=1e-6, atol=1e-6)
    assert (z[n:] == 4).all()
    assert "GDRAM2NRAM" in library.texts["padded"]


def test_atomics(library: Library) -> None:
    n = 3001
    x = np.random.default_rng(3).integers(0, 1000, n).astype(np.int32)
    z = np.zeros(9, np.int32)
    library.call("tally", (24,), (128,), x, z, n)
    np.testing.assert_array_equal(z[:8], np.bincount(x & 7, minlength=8))
    assert z[8] == x.max()
    bins = np.zeros(16, np.int32)
    library.call("bins", (47,), (64,), x, bins, n)
    np.testing.assert_array_equal(bins, np.bincount(x & 15, minlength=16))
    assert "__bang_atomic_reduce_add(&z" in library.texts["bins"]
    assert "__bang_atomic_reduce_add(&s" not in library.texts["bins"]


FLAT_NEST = """
  parallel(block.x) for (i32 bx = 0; bx < (i32)gridDim.x; bx += 1) {{
    parallel(thread.x) for (i32 tx = 0; tx < (i32)blockDim.x; tx += 1) {{
      i32 i = (i32)((u32)bx * blockDim.x + (u32)tx);
      if (i < n) {{ {0} }}
    }}
  }}
"""


# --- when a pass does not apply ------------------------------------------------------------------


def _reason(text: str, pass_: Pass, before: tuple[Pass, ...]) -> str:
    program, _ = lowered(text, before)
    outcome = pass_.rewrite(program, Context(facts=FACTS))
    assert isinstance(outcome, NotApplicable), outcome
    return outcome.reason


def test_passes_want_their_level() -> None:
    text = KERNELS["saxpy"]
    for pass_ in (DISTRIBUTE, REROLL, CACHE, TENSORIZE, PIPELINE):
        assert "level loops" in _reason(text, pass_, ())
    assert "level task" in _reason(text, BIND, (BIND,))


def test_a_gather_of_what_the_loop_writes_is_not_staged() -> None:
    text = flat("k", "f32 *x, const i32 *at, i32 n", "if (i < n) { x[i] = x[at[i]]; }")
    assert "no vector loop over consecutive" in _reason(text, CACHE, (BIND, DISTRIBUTE))


def test_an_axis_that_nothing_uses_runs_once_but_for_atomics() -> None:
    body = "f32 *x, i32 *z, i32 n) {{ parallel(block.y) for (i32 by = 0; by < (i32)gridDim.y; by += 1) {{ {0} }} }}"
    nest = FLAT_NEST.format("x[i] = x[i] * 2.0f;")
    once, _ = lowered(f"void k({HEAD}, {body.format(nest)}", (BIND,))
    assert "gridDim.y" not in print_module(once)
    nest = FLAT_NEST.format("atomicAdd(&z[0], 1);")
    counted, _ = lowered(f"void k({HEAD}, {body.format(nest)}", (BIND,))
    assert "gridDim.y" in print_module(counted)


def test_a_copy_goes_through_one_tile() -> None:
    text = flat("k", "const f32 *x, f32 *z, i32 n", "if (i < n) { z[i] = x[i]; }")
    program, outcomes = lowered(text)
    printed = program_text(program, "k")
    assert "z + base, x_nram[parity]" in printed
    assert "__bang_move" not in printed
    assert isinstance(outcomes["pipeline"], Applied)


def test_what_is_known_to_be_positive_is_not_tested() -> None:
    text = KERNELS["saxpy"]
    program, _ = lowered(text)
    assert "length > 0" not in program_text(program, "saxpy")


def test_signs_are_known_up_to_an_assignment() -> None:
    text = f"""
void k({HEAD}, f32 *z, i32 n, i32 m) {{
  i32 s = n;
  for (i32 c = 1; c < n; c += 1) {{ z[0] = 1.0f; }}
  while (s > 0) {{ z[1] = 1.0f; s = s / 2; }}
  while (s > 0) {{ s = s - 4; z[2] = 1.0f; }}
}}
"""
    body = parse_module(text).kernels[0].body
    signs = Signs(body)
    n, s = poly(Var("n", I32)), poly(Var("s", I32))
    loop, halving, stepping = body[1:]
    mark = signs.enter(loop)
    assert signs.known(n)
    assert not signs.known(poly(Var("m", I32)))
    signs.leave(mark)
    assert not signs.known(n)
    mark = signs.enter(halving)
    assert signs.known(s)
    signs.leave(mark)
    signs.enter(stepping)
    assert not signs.known(s)


def test_a_tile_loop_that_writes_gdram_itself_is_not_pipelined() -> None:
    text = f"""
__mlu_entry__ void k({HEAD}, const f32 *x, f32 *z, i32 n) {{
  __nram__ f32 t[64];
  parallel(task) for (i32 tile = taskId; tile < n; tile += taskDim) {{
    __memcpy(&t[0], &x[tile * 64], 256, GDRAM2NRAM());
    z[tile] = t[0];
  }}
}}
"""
    program = parse_module(text, instructions=WORDS.instructions, spaces=WORDS.spaces)
    outcome = PIPELINE.rewrite(program, Context(facts=FACTS))
    assert isinstance(outcome, NotApplicable)
    assert "writes to GDRAM" in outcome.reason


def test_a_range_check_by_wrapping_is_no_bound() -> None:
    """Regression: `(u32)(i - 1) < n` is false for i = 0, it is not `i < n + 1`."""
    text = flat("k", "const f32 *x, f32 *z, u32 n", "if ((u32)(i - 1) < n) { z[i] = x[i - 1]; }")
    program, _ = lowered(text, (BIND, DISTRIBUTE))
    assert "(u32)(" in print_module(program)


@pytest.mark.parametrize("tile", [256, 8192])
def test_expanded_arrays_are_as_long_as_the_tile(tile: int) -> None:
    program = parse_module(KERNELS["gemm"])
    for pass_ in (BIND, DISTRIBUTE):
        outcome = pass_.rewrite(program, Context({"tile": tile}, FACTS))
        assert isinstance(outcome, Applied)
        program = outcome.program
    assert f"__nram__ f32 acc[{tile}];" in print_module(program)


def test_nothing_fits_into_no_memory() -> None:
    program, _ = lowered(KERNELS["saxpy"], (BIND, DISTRIBUTE))
    assert isinstance(CACHE.rewrite(program, Context(facts={"nram_bytes": 1000})), NotApplicable)


@pytest.mark.parametrize(
    ("params", "body"),
    [
        ("f64 *x, i32 n", "x[i] = 0.0;"),
        ("f32 *x, f64 a", "x[i] = (f32)a;"),
        ("f32 *x, i32 n", "f64 v[4]; v[i & 3] = (f64)x[i]; x[i] = (f32)v[0];"),
        ("f32 *x, i32 n", "f64 v = (f64)x[i]; while (v < 10.0) { v = v * 2.0; } x[i] = (f32)v;"),
        ("f32 *x, i32 n", "x[i] = (f32)((f64)x[i] * 1e300);"),
    ],
)
def test_doubles_are_refused(params: str, body: str) -> None:
    outcome = DOUBLES.rewrite(parse_module(flat("k", params, body)), Context())
    assert isinstance(outcome, Unsupported)
    assert outcome.code == "XP3101"


@pytest.mark.parametrize(("rows", "cols"), [(40, 3), (70, 500)])
def test_sums_in_double_are_kept_in_pairs_of_floats(library: Library, rows: int, cols: int) -> None:
    x = _floats(rows * cols) * np.float32(1000) + np.float32(3e5)
    mean, variance = np.zeros(rows, np.float32), np.zeros(rows, np.float32)
    library.call("statistics", (-(-rows // 32),), (32,), x, mean, variance, rows, cols)
    wide = x.reshape(rows, cols).astype(np.float64)
    np.testing.assert_allclose(mean, wide.mean(axis=1), rtol=2.0**-22)
    np.testing.assert_allclose(variance, wide.var(axis=1), rtol=2.0**-22)
    text = library.texts["statistics"]
    assert "__bang_add(" in text
    assert "double" not in text


def test_double_literals_between_floats_are_floats() -> None:
    body = "x[i] = (f32)((f64)x[i] * 0.1 + ((f64)x[i] > 0.5 ? 1.0 : sqrt((f64)x[i] + 2.0)));"
    outcome = DOUBLES.rewrite(parse_module(flat("k", "f32 *x, i32 n", body)), Context())
    assert isinstance(outcome, Applied)
    assert "f64" not in print_module(outcome.program)


@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("literal", [0.1, -0.1, 1.7, -3.3])
def test_a_comparison_with_a_double_literal_is_exact(op: str, literal: float) -> None:
    body = f"x[i] = (f64)x[i] {op} {literal} ? 1.0f : 0.0f;"
    outcome = DOUBLES.rewrite(parse_module(flat("k", "f32 *x, i32 n", body)), Context())
    assert isinstance(outcome, Applied)
    conds = [
        e.cond
        for s in statements(outcome.program.kernels[0].body)
        for e in expressions(s)
        if isinstance(e, Select)
    ]
    (cond,) = conds
    assert isinstance(cond, Binary)
    assert isinstance(cond.b, Const)
    compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
    near = np.float32(literal)
    around = [np.nextafter(near, np.float32(s)) for s in (-9, 9)] + [near, np.float32(0)]
    for x in around:
        assert compare[cond.op](x, np.float32(cond.b.value)) == compare[op](np.float64(x), literal)


def test_doubles_that_change_nothing_are_floats() -> None:
    body = "if ((f64)x[i] > 0.5) { x[i] = (f32)((f64)x[i] * 0.5); }"
    outcome = DOUBLES.rewrite(parse_module(flat("k", "f32 *x, i32 n", body)), Context())
    assert isinstance(outcome, Applied)
    assert "f64" not in print_module(outcome.program)
    assert "x[i] *= 0.5f" in print_module(outcome.program)


def test_wide_atomics_on_gdram_are_refused() -> None:
    program, _ = lowered(flat("k", "u64 *x, i32 n", "atomicAdd(&x[0], 1ull);"), (BIND,))
    outcome = ATOMICS.rewrite(program, Context())
    assert isinstance(outcome, Unsupported)
    assert outcome.code == "XP3102"


def test_phases_over_the_grid_run_on_one_task() -> None:
    loop = "parallel(block.x) for (i32 {0} = 0; {0} < 4; {0} += 1) {{ x[{0}] = 1.0f; }}\n"
    text = f"void k({HEAD}, f32 *x) {{\n{loop.format('a')}{loop.format('b')}}}\n"
    program, outcomes = lowered(text, (BIND,))
    assert "taskId == 0" in print_module(program)
    assert isinstance(outcomes["loop_bind"], Applied)
