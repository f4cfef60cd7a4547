"""Inference for bare kernels: the launch and the buffers that a reader would have chosen."""

from __future__ import annotations

from functools import lru_cache

import pytest

from tests.verify.programs import PROGRAMS, program
from xpiler.ir.parse_c import parse_module
from xpiler.verify.cases.bounds import Bounds, analyse
from xpiler.verify.cases.case import BufferArgument, Case, Concrete, ScalarArgument, concrete
from xpiler.verify.cases.case_file import parse_cases, print_cases
from xpiler.verify.cases.fit import Fitter
from xpiler.verify.cases.geometry import Geometry, assumptions
from xpiler.verify.cases.infer_bare import NoCase, infer_bare
from xpiler.verify.cases.roles import scalar_use


@lru_cache
def inferred(name: str) -> Case:
    module = program(name)
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case), case
    return case


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_every_program_has_a_case_that_can_be_printed_and_launched(name: str) -> None:
    case = inferred(name)
    assert parse_cases(print_cases([case])) == (case,)
    for shape in case.shapes:
        found = concrete(case, shape)
        assert isinstance(found, Concrete)
        assert all(buffer.elements > 0 for buffer in found.buffers)


@pytest.mark.parametrize(
    ("name", "grid", "block"),
    [
        ("vector_add", "ceil_div(n, threads_x) 1 1", "threads_x 1 1"),
        ("saxpy", "3 1 1", "threads_x 1 1"),
        ("block_sum", "3 1 1", "128 1 1"),
        ("stencil", "ceil_div(n, 128) 1 1", "128 1 1"),
        ("matmul", "ceil_div(N, 16) ceil_div(M, 16) 1", "16 16 1"),
        ("transpose", "ceil_div(w, 16) ceil_div(h, 16) 1", "16 16 1"),
        ("softmax", "blocks_x 1 1", "64 1 1"),
        (
            "conv2d",
            "ceil_div(width, threads_x) ceil_div(height, threads_y) 1",
            "threads_x threads_y 1",
        ),
        ("maxpool", "3 1 1", "256 1 1"),
        ("warp_sum", "blocks_x 1 1", "32 1 1"),
        ("scan", "ceil_div(n, 64) 1 1", "64 1 1"),
    ],
)
def test_launch(name: str, grid: str, block: str) -> None:
    case = inferred(name)
    assert " ".join(f.text for f in case.grid) == grid
    assert " ".join(f.text for f in case.block) == block


@pytest.mark.parametrize(
    ("name", "buffers"),
    [
        ("vector_add", {"a": ("n", "in"), "b": ("n", "in"), "c": ("n", "out")}),
        ("saxpy", {"x": ("n", "in"), "y": ("n", "inout")}),
        ("stencil", {"in": ("n", "in"), "out": ("n", "out")}),
        ("matmul", {"A": ("M * K", "in"), "B": ("N * K", "in"), "C": ("M * N", "out")}),
        ("conv2d", {"image": ("height * width", "in"), "result": ("height * width", "out")}),
        ("maxpool", {"input": ("2352", "in"), "output": ("588", "out")}),
        ("histogram", {"data": ("n", "in"), "bins": ("256", "inout")}),
        ("warp_sum", {"matrix": ("cols * blocks_x", "in"), "sums": ("blocks_x", "out")}),
    ],
)
def test_buffers(name: str, buffers: dict[str, tuple[str, str]]) -> None:
    found = {
        a.name: (a.elements.text, a.role)
        for a in inferred(name).arguments
        if isinstance(a, BufferArgument)
    }
    assert found == buffers


def test_sizes_are_ragged_and_several() -> None:
    assert inferred("stencil").sizes == (("n", (1000, 1, 257, 512)),)
    assert inferred("vector_add").sizes[1] == ("threads_x", (256, 128, 64, 256))
    for name in ("matmul", "transpose", "quantised_dot"):
        for size, values in inferred(name).sizes:
            assert len(set(values)) >= 3
            assert any(v % 16 for v in values) or size.startswith("threads")


def test_positions_that_are_unsigned_on_the_way_to_a_signed_one() -> None:
    """`blockIdx.x * 16 + threadIdx.x - 1` wraps in the unsigned type, and is -1 as an int."""
    module = parse_module("""
__global__ void halo(const i32 *a, i32 *b, i32 n) {
  i32 g = (i32)(blockIdx.x * 16u + threadIdx.x - 1u);
  if (threadIdx.x > 0u) { if (g < n) { b[g] = a[g] + 1; } }
}
""")
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case)
    for shape in case.shapes:
        found = concrete(case, shape)
        assert isinstance(found, Concrete)
        assert all(0 < buffer.elements <= shape["n"] for buffer in found.buffers)


def test_index_valued_buffers() -> None:
    rows = next(a for a in inferred("gather").arguments if a.name == "rows")
    assert isinstance(rows, BufferArgument)
    assert str(rows.values) == "index(37)"


def test_a_colour_is_a_flag_and_buffers_that_are_merged_are_as_long_as_both() -> None:
    module = parse_module("""
__global__ void relax(f32 *u, i32 n, i32 colour) {
  i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i > 0 && i < n - 1 && (i & 1) == colour) { u[i] = 0.5f * (u[i - 1] + u[i + 1]); }
}
""")
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case)
    assert set(dict(case.sizes)["colour"]) <= {0, 1, 2}
    merged = parse_module(
        "__global__ void k(f32 *y, f32 at, i32 n, i32 m) { if (n < m * 9) { y[(i32)at] = 1.0f; } }"
    )
    found = infer_bare(merged, merged.kernels[0])
    assert isinstance(found, Case)
    for shape in found.shapes:
        sizes = concrete(found, shape)
        assert isinstance(sizes, Concrete)
        assert [buffer.elements for buffer in sizes.buffers] == [shape["n"] + shape["m"]]


def test_what_is_followed_to_its_end_is_a_forest() -> None:
    module = parse_module("""
__global__ void compress(i32 *parent, i32 n) {
  i32 v = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  if (v < n) {
    i32 p = parent[v];
    while (p != parent[p]) { p = parent[p]; }
    parent[v] = p;
  }
}
""")
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case)
    (parent,) = (a for a in case.arguments if isinstance(a, BufferArgument))
    assert str(parent.values) == "forest(37)"


def test_row_offsets() -> None:
    module = parse_module("""
__global__ void rows(const i32 *start, const i32 *col, const f32 *v, const f32 *x, f32 *y, i32 n) {
  i32 r = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  if (r < n) {
    f32 sum = 0.0f;
    for (i32 j = start[r]; j < start[r + 1]; j += 1) { sum = sum + v[j] * x[col[j]]; }
    y[r] = sum;
  }
}
""")
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case), case
    found = {a.name: a for a in case.arguments}
    start, col, v = found["start"], found["col"], found["v"]
    assert isinstance(start, BufferArgument)
    assert isinstance(col, BufferArgument)
    assert isinstance(v, BufferArgument)
    assert (start.elements.text, str(start.values)) == ("n + 1", "offsets(37)")
    assert (col.elements.text, str(col.values)) == ("37", "index(37)")
    assert v.elements.text == "37"


def test_epsilon_offset_flag_and_real_scalars() -> None:
    module = parse_module("""
__global__ void k(f32 *y, f32 eps, f32 scale, i32 offset, i32 relu, i32 n) {
  i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) {
    f32 v = y[i + offset] * scale + eps;
    if (relu != 0) { v = fmax(v, 0.0f); }
    y[i + offset] = v;
  }
}
""")
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case), case
    scalars = {a.name: a.value for a in case.arguments if isinstance(a, ScalarArgument)}
    assert scalars["eps"] == 1e-5
    assert str(scalars["scale"]) == "auto"
    ample = [shape for shape in case.shapes if shape["n"] > 1]
    assert {shape["relu"] for shape in ample} == {0, 1, 2}
    assert {shape["offset"] for shape in ample} == {0, 1, 3}


def test_an_index_from_computed_data_is_unknown() -> None:
    module = parse_module("""
__global__ void k(const f32 *x, f32 *y, i32 n) {
  i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) { y[(i32)x[i]] = 1.0f; }
}
""")
    found = infer_bare(module, module.kernels[0])
    assert isinstance(found, Case)
    assert "y as large as the largest other buffer, a guess" in found.note
    alone = parse_module("__global__ void k(f32 *y, f32 at) { y[(i32)at] = 1.0f; }")
    none = infer_bare(alone, alone.kernels[0])
    assert isinstance(none, NoCase)
    assert "size of buffer y unknown" in none.reason


def test_an_unknown_value_that_is_clamped_is_a_position() -> None:
    module = parse_module("""
__global__ void k(const f32 *x, i32 *cells, i32 *same, i32 w, i32 h, i32 n) {
  i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) {
    i32 u = min(max((i32)x[i], 0), w - 1);
    i32 v = (i32)x[i + n];
    if (v >= h) { v = h - 1; }
    cells[min(max((i32)x[i], 0), h - 1) * w + u] = 1;
    same[v] = 1;
  }
}
""")
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case)
    elements = {a.name: a.elements.text for a in case.arguments if isinstance(a, BufferArgument)}
    assert elements["cells"] == "w * h"
    assert elements["same"] == "h"


def test_heavy_kernels_get_smaller_shapes() -> None:
    module = parse_module("""
__global__ void k(f32 *y, i32 n) {
  i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) {
    for (i32 a = 0; a < n; a += 1) {
      for (i32 b = 0; b < n; b += 1) { y[i] = y[i] + (f32)(a ^ b); }
    }
  }
}
""")
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case), case
    assert dict(case.sizes)["n"] == (63, 1, 129, 64)


def test_shapes_of_square_kernels_cost_little_also_by_their_data() -> None:
    module = parse_module("""
__global__ void k(const f32 *x, f32 *y, i32 n) {
  i32 i = (i32)(blockIdx.y * blockDim.y + threadIdx.y);
  i32 j = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n && j < n) { y[i * n + j] = 2.0f * x[i * n + j]; }
}
""")
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case), case
    assert dict(case.sizes)["n"] == (250, 1, 257, 256)


PIVOT = """
__global__ void k(f32 *a, i32 n, i32 k) {{
  i32 i = (i32)(blockIdx.y * blockDim.y + threadIdx.y){row};
  i32 j = (i32)(blockIdx.x * blockDim.x + threadIdx.x){row};
  if ({guard}) {{ a[i * n + j] = a[i * n + j] - a[i * n + k] * a[k * n + j]; }}
}}
"""


@pytest.mark.parametrize(
    ("row", "guard", "use"),
    [
        ("", "i < n && j < n", "offset"),
        (" + k + 1", "i < n && j < n", "offset"),
        ("", "i < n && j < n && i > k && j != k", "offset"),
        ("", "i < n && j < k", "size"),
        ("", "i + k < n && j < n", "offset"),
        ("", "i < n && j * k < n", "size"),
        (" + k * 2", "i < n && j < n", "size"),
    ],
)
def test_a_pivot_is_a_position_and_no_size(row: str, guard: str, use: str) -> None:
    module = parse_module(PIVOT.format(row=row, guard=guard))
    assert scalar_use(module.kernels[0], "k") == use
    assert scalar_use(module.kernels[0], "n") == "size"


@pytest.mark.parametrize(
    "body",
    [
        "i32 hi = n; if (i < hi) { y[i] = x[i + n]; }",
        "i32 p = i; for (i32 r = 0; r < 4; r += 1) { y[p] = x[p]; p = p + n; }",
        "for (i32 r = i; r < 64; r += n) { y[r] = x[r]; }",
        "for (i32 r = i; r < n; r += 1) { y[r] = x[r]; }",
        "y[i + 3 * n] = x[i];",
    ],
)
def test_strides_and_limits_are_sizes(body: str) -> None:
    module = parse_module(
        "__global__ void k(const f32 *x, f32 *y, i32 n) { i32 i = (i32)threadIdx.x; " + body + " }"
    )
    assert scalar_use(module.kernels[0], "n") == "size"


def bounds(text: str, grid: int, block: int, **scalars: int) -> Bounds:
    module = parse_module(text)
    given = assumptions(Geometry((grid, 1, 1), (block, 1, 1)), scalars)
    return analyse(module, module.kernels[0], given)


HEAD = "__global__ void k(const f32 *x, f32 *y, i32 n, i32 s) {\n"
INDEX = "  i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);\n"


@pytest.mark.parametrize(
    ("body", "extent"),
    [
        ("if (i < n) { y[i] = x[i]; }", (0, 99)),
        ("if (i >= n) { return; } y[i] = x[i];", (0, 99)),
        ("if (i < n - 1 && i > 0) { y[i] = x[i + 1]; }", (2, 99)),
        ("y[i] = i < n ? x[i] : 0.0f;", (0, 99)),
        ("i32 j = i / 10; if (j < 5) { y[i] = x[i]; }", (0, 49)),
        ("i32 j = i % 10; y[i] = x[j];", (0, 9)),
        ("if (i < n) { for (i32 j = 0; j < s; j += 1) { y[i] = x[i * s + j]; } }", (0, 699)),
        ("i32 p = i; for (i32 j = 0; j < 3; j += 1) { p = p + 128; } y[i] = x[p & 63];", (0, 63)),
        ("i32 h = 64; while (h > 0) { if (i < h) { y[i] = x[i + h]; } h = h / 2; }", (1, 127)),
        ("if (i >= s) { y[i] = x[i - s]; }", (0, 120)),
        ("if (!(i < n || i > 110)) { y[i] = x[i]; }", (100, 110)),
        ("if (i == s) { y[i] = x[i]; }", (7, 7)),
        ("y[i] = x[min(i, n)] + x[max(i, 5)];", (0, 127)),
        ("i32 q = i << 1; if (q + 1 < n) { y[i] = x[q + 1]; }", (1, 99)),
        (
            "i32 p = i; for (i32 r = 0; r < s; r += 1) {"
            " for (i32 c = 0; c < 3; c += 1) { y[i] = x[p]; p = p + n; } p = p + 1; }",
            (0, 127 + 7 * (3 * 100 + 1)),
        ),
    ],
)
def test_bounds(body: str, extent: tuple[int, int]) -> None:
    found = bounds(HEAD + INDEX + "  " + body + "\n}", 1, 128, n=100, s=7).accesses["x"]
    assert not found.unknown
    assert found.hi == extent[1]
    assert found.lo <= extent[0]


def test_deep_nests_end_soon() -> None:
    loops = "".join(
        f"for (i32 a{d} = 0; a{d} < n; a{d} += 1) {{ c = c + c % 7 - 3;\n" for d in range(6)
    )
    text = HEAD + INDEX + "i32 c = 0;\n" + loops + "y[c & 15] = x[i];" + "}" * 6 + "}"
    found = bounds(text, 1, 8, n=9, s=3).accesses
    assert (found["x"].hi, found["y"].hi) == (7, 15)


def test_device_functions_are_followed() -> None:
    text = """
__device__ f32 pick(const f32 *p, i32 k) { return p[k * 2]; }
__global__ void k(const f32 *x, f32 *y, i32 n, i32 s) {
  i32 i = (i32)threadIdx.x;
  f32 v = 0.0f;
  v = pick(&x[s], i);
  y[i] = v;
}
"""
    found = bounds(text, 1, 8, n=8, s=3).accesses
    assert (found["x"].lo, found["x"].hi, found["x"].written) == (3, 17, False)
    assert found["y"].hi == 7


def test_fitting() -> None:
    fitter = Fitter(3, {"n": [1000, 1, 257], "m": [3, 4, 5]}, hints=(256,))
    assert fitter.fit([7, 7, 7], "c").text == "7"
    assert fitter.fit([1000, 1, 257], "c").text == "n"
    assert fitter.fit([4, 1, 2], "c").text == "ceil_div(n, 256)"
    assert fitter.fit([3000, 4, 1285], "c").text == "n * m"
    assert fitter.fit([12000, 16, 5140], "c").text == "n * m * 4"
    assert fitter.fit([1001, 2, 258], "c").text == "n + 1"
    assert fitter.fit([9, 2, 6], "odd").text == "odd"
    assert fitter.sizes["odd"] == [9, 2, 6]


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("q[i] = a[i] / b[i];", "nonzero"),
        ("i32 d = b[i]; q[i] = a[i] % (d * 2);", "nonzero"),
        ("q[i] = b[i] == 0 ? 0 : a[i] / b[i];", "auto"),
        ("q[i] = a[i] / 3 + b[i];", "auto"),
        ("q[i] = b[i] != 0 ? a[i] : 7;", "bits"),
        ("if ((bool)b[i]) { q[i] = a[i]; }", "bits"),
        ("q[i] = b[i] != 0 ? a[i] + b[i] : 7;", "auto"),
    ],
)
def test_divisors_are_not_zero_and_masks_often_are(body: str, values: str) -> None:
    module = parse_module(
        "__global__ void k(const i32 *a, const i32 *b, i32 *q, i32 n) {\n"
        f"i32 i = (i32)threadIdx.x; if (i < n) {{ {body} }} }}\n"
    )
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case)
    drawn = {a.name: a.values.kind for a in case.arguments if isinstance(a, BufferArgument)}
    assert drawn["b"] == values
    assert drawn["a"] == "auto"
