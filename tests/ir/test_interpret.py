"""The reference interpreter: C's arithmetic, CUDA's exchanges, and the faults it must notice."""

from __future__ import annotations

from typing import Any

import pytest

from xpiler.ir.interpret import Fault, interpret
from xpiler.ir.parse_c import parse_module

FULL = "0xffffffffu"


def run(
    text: str, args: dict[str, Any], block: int = 32, grid: int = 1, **options: Any
) -> dict[str, Any]:
    interpret(parse_module(text), args, (grid, 1, 1), (block, 1, 1), **options)
    return args


def lanes(expression: str, block: int = 32, result: str = "i32") -> list[int]:
    text = (
        f"__global__ void k(i32 *out) {{ i32 t = (i32)threadIdx.x; {result} r; r = {expression}; "
        "out[t] = (i32)r; }"
    )
    out: list[int] = run(text, {"out": [0] * block}, block)["out"]
    return out


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("2147483647 + n", -(2**31)),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("(i32)(u8)300", 44),
        ("(i32)3.99f", 3),
        ("(i32)(-1 >> 1)", -1),
        ("(i32)((u32)-1 >> 31)", 1),
        ("(i32)popc(255u)", 8),
        ("dp4a(0x01020304, 0x01010101, 5)", 15),
        ("(i32)((0.1f + 0.2f) * 1.0e8f)", 30000002),
    ],
)
def test_arithmetic(expression: str, expected: int) -> None:
    text = f"__global__ void k(i32 *out, i32 n) {{ out[0] = {expression}; }}"
    assert run(text, {"out": [0], "n": 1}, 1)["out"] == [expected]


def test_floats_round_once_per_operation() -> None:
    text = "__global__ void k(f32 *y, f16 *h) { y[0] = y[0] + 1.0e-8f; h[0] = h[0] * h[0] + h[0]; }"
    args = run(text, {"y": [1.0], "h": [0.1]}, 1)
    assert args["y"] == [1.0]
    assert args["h"][0] != 0.1 * 0.1 + 0.1


def test_shuffles() -> None:
    assert lanes(f"__shfl_xor_sync({FULL}, t, 1, 32)")[:4] == [1, 0, 3, 2]
    assert lanes(f"__shfl_down_sync({FULL}, t, 4, 8)")[:9] == [4, 5, 6, 7, 4, 5, 6, 7, 12]
    assert lanes(f"__shfl_up_sync({FULL}, t, 2, 16)")[14:20] == [12, 13, 16, 17, 16, 17]
    assert lanes(f"__shfl_sync({FULL}, t, 35, 8)")[8] == 11


def test_votes_count_the_lanes_that_exist() -> None:
    assert lanes(f"__ballot_sync({FULL}, (i32)(t % 2 == 0))", 8, "u32") == [0x55] * 8
    assert lanes(f"__all_sync({FULL}, (i32)(t < 8))", 8) == [1] * 8
    assert lanes(f"__match_any_sync({FULL}, t % 2)", 4, "u32") == [5, 10, 5, 10]
    assert lanes("__syncthreads_count((i32)(t > 3))", 64) == [60] * 64


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_barriers_order_what_threads_do(seed: int | None) -> None:
    text = (
        "__global__ void k(i32 *out) { __shared__ i32 s[64]; i32 t = (i32)threadIdx.x; s[t] = t; "
        "__syncthreads(); out[t] = s[63 - t]; }"
    )
    assert run(text, {"out": [0] * 64}, 64, seed=seed)["out"] == list(range(63, -1, -1))


def test_the_order_of_threads_shows_in_a_race() -> None:
    text = "__global__ void k(i32 *out) { out[0] = (i32)threadIdx.x; }"
    assert len({run(text, {"out": [0]}, 32, seed=s)["out"][0] for s in range(6)}) > 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("out[40] = 1;", "out of bounds"),
        ("out[-1] = 1;", "out of bounds"),
        ("__shared__ i32 s[4][4]; s[0][5] = 1; out[0] = s[0][0];", "out of bounds"),
        ("if (threadIdx.x < 3u) { __syncthreads(); } else { __syncwarp(); }", "different barriers"),
        ("out[0] = 1 / out[1];", "division by zero"),
        ("while (out[0] == 0) { out[1] = 1; }", "does not end"),
        ("assume(out[0] > 3);", "assumption"),
    ],
)
def test_faults(body: str, message: str) -> None:
    text = f"__global__ void k(i32 *out) {{ {body} }}"
    with pytest.raises(Fault, match=message):
        run(text, {"out": [0] * 32}, limit=1000)


def test_a_shuffle_from_an_exited_lane_is_a_fault_when_strict() -> None:
    text = (
        "__global__ void k(i32 *out) { i32 t = (i32)threadIdx.x; if (t > 15) { return; } i32 r; "
        f"r = __shfl_down_sync({FULL}, t, 1, 32); out[t] = r; }}"
    )
    assert run(text, {"out": [0] * 32})["out"][:15] == list(range(1, 16))
    with pytest.raises(Fault, match="does not take part"):
        run(text, {"out": [0] * 32}, strict=True)


def test_functions_references_and_data() -> None:
    text = (
        "__constant__ i32 table[3] = {7, 8, 9};\n"
        "__device__ i32 take(const i32 *p, i32 &n) { n = n + 1; return p[n]; }\n"
        "__global__ void k(i32 *out) { i32 n = 0; i32 r; r = take(&out[1], ref(n)); out[0] = r + n + table[2]; }"
    )
    assert run(text, {"out": [0, 10, 20]}, 1)["out"][0] == 20 + 1 + 9


def test_loops_run_in_any_order_that_parallel_allows() -> None:
    head = "void k(dim3 gridDim, dim3 blockDim, u32 sharedBytes, i32 *out)"
    text = f"{head} {{ parallel(thread.x) for (i32 t = 0; t < 8; t += 1) {{ out[0] = out[0] * 2 + t; }} }}"
    assert len({run(text, {"out": [0]}, seed=s)["out"][0] for s in range(4)}) > 1
