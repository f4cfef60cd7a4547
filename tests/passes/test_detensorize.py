"""Tensor fragments as loops."""

from __future__ import annotations

import copy
import random

import pytest

from tests.passes.simt import ALL, after
from xpiler.ir.interpret import interpret
from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_module
from xpiler.passes import detensorize
from xpiler.passes.base import Context, NotApplicable


def kernel(body: str, block: str, elem: str, acc: str) -> str:
    return (
        f"launch_facts({block}, blockDim.z = 1, gridDim.z = 1)\n"
        f"__global__ void k(const {elem} *A, const {elem} *B, {acc} *C) {{\n"
        f"tile(a, ROW_A, {elem}, 16, 16, 16, fa);\ntile(b, ROW_B, {elem}, 16, 16, 16, fb);\n"
        f"tile(acc, row, {acc}, 16, 16, 16, fc);\n{body}\n}}\n"
    )


ONE = """\
tile_fill(fc, 0);
for (i32 s = 0; s < 32; s += 16) {
  tile_load(fa, &A[(i32)blockIdx.y * 512 + s], 32, row);
  tile_load(fb, &B[s * 32 + (i32)blockIdx.x * 16], 32, row);
  tile_mma(fc, fa, fb, fc);
}
tile_store(fc, &C[(i32)blockIdx.y * 512 + (i32)blockIdx.x * 16], 32, row);
"""
FLAT = "blockDim.x = 32, blockDim.y = 1"


def run(
    module: Module, elem: str, block: tuple[int, int, int], seed: int | None = None
) -> list[float]:
    rng = random.Random(5)
    wide = (lambda: rng.randint(-128, 127)) if elem == "i8" else (lambda: rng.randint(-64, 64) / 16)
    data = [[wide() for _ in range(1024)] for _ in range(2)]
    out = [0 if elem == "i8" else 0.0] * 1024
    args = copy.deepcopy({"A": data[0], "B": data[1], "C": out})
    interpret(module, args, (2, 2, 1), block, seed=seed)
    assert any(args["C"])
    return args["C"]


@pytest.mark.parametrize(
    ("elem", "acc"),
    [("f16", "f32"), ("f16", "f16"), ("bf16", "f32"), ("i8", "i32"), ("f32", "f32")],
)
@pytest.mark.parametrize("layout", ["row", "col"])
def test_products(elem: str, acc: str, layout: str) -> None:
    text = kernel(ONE, FLAT, elem, acc).replace("ROW_A", "row").replace("ROW_B", layout)
    if layout == "col":
        text = text.replace(
            "tile_load(fb, &B[s * 32 + (i32)blockIdx.x * 16], 32, row)",
            "tile_load(fb, &B[(i32)blockIdx.x * 512 + s], 32, col)",
        )
    module = parse_module(text)
    result = after(ALL, module)
    assert isinstance(result, Module)
    if acc == "f16":
        # the interpreter rounds after each term, fragments of half are rounded once: small sums agree
        assert len(run(result, elem, (32, 1, 1))) == 1024
        return
    assert run(result, elem, (32, 1, 1)) == run(module, elem, (32, 1, 1))


def test_operands_are_read_in_place() -> None:
    text = kernel(ONE, FLAT, "f16", "f32").replace("ROW_A", "row").replace("ROW_B", "row")
    result = after(ALL, parse_module(text))
    assert isinstance(result, Module)
    shown = print_module(result)
    assert "fa[" not in shown
    assert "sum += (f32)A[" in shown
    assert "lane" not in shown


def test_an_operand_that_memory_may_overwrite_is_kept() -> None:
    body = (
        "tile_fill(fc, 0);\ntile_load(fa, &A[0], 32, row);\ntile_load(fb, &B[0], 32, row);\n"
        "C[threadIdx.x] = 5.0f;\n__syncthreads();\ntile_mma(fc, fa, fb, fc);\ntile_store(fc, &C[0], 32, row);"
    )
    text = kernel(body, FLAT, "f16", "f32").replace("ROW_A", "row").replace("ROW_B", "row")
    module = parse_module(text)
    result = after(ALL, module)
    assert isinstance(result, Module)
    assert "fa[16][16]" in print_module(result)
    assert run(result, "f16", (32, 1, 1)) == run(module, "f16", (32, 1, 1))


def test_a_later_load_in_a_loop_is_not_missed() -> None:
    body = (
        "tile_fill(fc, 0);\ntile_load(fb, &B[0], 32, row);\ntile_load(fa, &A[0], 32, row);\n"
        "for (i32 s = 0; s < 2; s += 1) { tile_load(fa, &A[s * 16], 32, row); tile_mma(fc, fa, fb, fc); }\n"
        "tile_mma(fc, fa, fb, fc);\ntile_store(fc, &C[0], 32, row);"
    )
    module = parse_module(
        kernel(body, FLAT, "f16", "f32").replace("ROW_A", "row").replace("ROW_B", "row")
    )
    result = after(ALL, module)
    assert isinstance(result, Module)
    assert run(result, "f16", (32, 1, 1)) == run(module, "f16", (32, 1, 1))


@pytest.mark.parametrize("block", [(64, 1, 1), (32, 2, 1)])
def test_several_warps_and_elements(block: tuple[int, int, int]) -> None:
    body = (
        "i32 w = (i32)((threadIdx.y * blockDim.x + threadIdx.x) / 32u);\ntile_fill(fc, 1);\n"
        "tile_load(fa, &A[w * 512], 32, row);\ntile_load(fb, &B[w * 16], 32, row);\ntile_mma(fc, fa, fb, fc);\n"
        "for (i32 e = 0; e < 8; e += 1) { fc[e] = fc[e] * 2.0f + (f32)e; }\n"
        "tile_store(fc, &C[w * 16], 32, col);"
    )
    facts = f"blockDim.x = {block[0]}, blockDim.y = {block[1]}"
    module = parse_module(
        kernel(body, facts, "f16", "f32").replace("ROW_A", "row").replace("ROW_B", "row")
    )
    result = after(ALL, module)
    assert isinstance(result, Module)
    for seed in (None, 1):
        assert run(result, "f16", block, seed) == run(module, "f16", block)


def test_nothing_to_do() -> None:
    module = parse_module("__global__ void k(f32 *y) { y[0] = 1.0f; }")
    assert isinstance(detensorize.PASS.rewrite(module, Context()), NotApplicable)
