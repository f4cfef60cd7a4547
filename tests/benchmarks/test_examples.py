"""The examples are right CUDA: each runs on the CPU runtime and agrees with NumPy."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from benchmarks.call import Argument, Returned, call
from benchmarks.emitted import Broken, build
from benchmarks.model import Array
from xpiler.verify.run.build import Built
from xpiler.verify.run.oracle import CudaRuntime, build_program

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RNG = np.random.default_rng(5)


def floats(*shape: int) -> Array:
    return RNG.standard_normal(shape).astype(np.float32) + np.float32(0.25)


@dataclass(frozen=True, slots=True)
class Example:
    """A call of an example: C arguments (arrays are read, `result` is written), what it has to give.

    `shim` is C++ put after the file for examples whose host function has no C linkage, or none at all; it
    defines `run` and sees the arguments in their order.
    """

    file: str
    shim: str
    arguments: tuple[Array | int | float, ...]
    result: Array
    right: Callable[..., Array]
    tolerance: float = 1e-5


X, Y, M, G, B = floats(1003), floats(1003), floats(7, 300), floats(300), floats(300)
A8 = RNG.integers(-128, 128, (21, 64)).astype(np.int8)
B8 = RNG.integers(-128, 128, (35, 64)).astype(np.int8)
HALF, WEIGHT = floats(6, 200).astype(np.float16), floats(200).astype(np.float16)
WA, WB = floats(64, 96).astype(np.float16), floats(96, 48).astype(np.float16)
INTS = RNG.integers(-1000, 1000, 1003).astype(np.int32)
IMAGE = floats(8, 28, 28, 32)
PLANE = floats(37, 45)
FILTER = floats(5, 5)


def layer(x: Array, gamma: Array, beta: Array) -> Array:
    d = x - x.mean(axis=1, keepdims=True)
    return np.asarray(d / np.sqrt(d.var(axis=1, keepdims=True) + 1e-5) * gamma + beta)


def rms(x: Array, weight: Array) -> Array:
    return np.asarray(x / np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-5) * weight)


def soft(x: Array) -> Array:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def partial_sums(x: Array) -> Array:
    return np.asarray([x[:512].sum(), x[512:].sum()])


def convolved(x: Array, taps: Array) -> Array:
    padded = np.pad(x, 2)
    h, w = x.shape
    parts = (taps[i, j] * padded[i : i + h, j : j + w] for i in range(5) for j in range(5))
    return np.asarray(sum(parts))


def pooled(x: Array) -> Array:
    return np.asarray(x.reshape(8, 14, 2, 14, 2, 32).max(axis=(2, 4)))


def gelus(x: Array) -> Array:
    erf = np.vectorize(math.erf, otypes=[np.float64])
    tanh = 0.5 * x * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * x**3)))
    return np.stack([tanh, 0.5 * x * (1 + erf(x / math.sqrt(2)))])


def jacobi(x: Array) -> Array:
    for _ in range(3):
        y = x.copy()
        around = x[:-2, 1:-1] + x[2:, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:]
        y[1:-1, 1:-1] = 0.5 * x[1:-1, 1:-1] + 0.125 * around
        x = y
    return x


def mapped(x: Array) -> Array:
    return np.asarray(np.clip(x, -0.5, 0.75) ** 2)


CALLS = (
    Example(
        "saxpy.cu",
        "void run(const float *x, const float *y, float *out) {"
        " for (int i = 0; i < 1003; ++i) out[i] = y[i]; launch_saxpy(1003, 2.5f, x, out); }",
        (X, Y),
        np.empty_like(X),
        lambda x, y: 2.5 * x + y,
    ),
    Example(
        "block_reduce.cu",
        "void run(const float *x, float *y) { launch_block_reduce_float(x, y, 1003); }",
        (X,),
        np.empty(2, np.float32),
        partial_sums,
        1e-4,
    ),
    Example(
        "warp_reduce.cu",
        "void run(const float *m, float *y) { launch_row_sum(m, y, 7, 300); }",
        (M,),
        np.empty(7, np.float32),
        lambda m: m.sum(axis=1),
        1e-4,
    ),
    Example(
        "softmax.cu",
        "void run(const float *m, float *y) { softmax(m, y, 7, 300); }",
        (M,),
        np.empty_like(M),
        soft,
    ),
    Example(
        "layernorm.cu",
        "void run(const float *m, const float *g, const float *b, float *y)"
        " { layernorm(m, g, b, y, 7, 300, 1e-5f); }",
        (M, G, B),
        np.empty_like(M),
        layer,
        1e-4,
    ),
    Example(
        "rmsnorm.cu",
        "void run(const half *x, const half *w, half *y) { rmsnorm(x, w, y, 6, 200, 1e-5f); }",
        (HALF, WEIGHT),
        np.empty_like(HALF),
        rms,
        4e-3,
    ),
    Example(
        "matmul_tiled.cu",
        "void run(const float *a, const float *b, float *c)"
        " { launch_matmul(a, b, c, 7, 35, 300); }",
        (M, floats(300, 35)),
        np.empty((7, 35), np.float32),
        np.matmul,
        1e-3,
    ),
    Example(
        "transpose.cu",
        "void run(const float *x, float *y) { launch_transpose(x, y, 300, 7); }",
        (M,),
        np.empty((300, 7), np.float32),
        np.transpose,
        0.0,
    ),
    Example(
        "conv2d.cu",
        "void run(const float *x, const float *f, float *y) { conv2d_host(x, f, y, 37, 45); }",
        (PLANE, FILTER),
        np.empty_like(PLANE),
        convolved,
        1e-4,
    ),
    Example(
        "maxpool.cu",
        "void run(const float *x, float *y) { float *a, *b;"
        " cudaMalloc(&a, 8 * 28 * 28 * 32 * 4); cudaMalloc(&b, 8 * 14 * 14 * 32 * 4);"
        " cudaMemcpy(a, x, 8 * 28 * 28 * 32 * 4, cudaMemcpyHostToDevice);"
        " maxpool2x2<<<196, 256>>>(a, b);"
        " cudaMemcpy(y, b, 8 * 14 * 14 * 32 * 4, cudaMemcpyDeviceToHost); }",
        (IMAGE,),
        np.empty((8, 14, 14, 32), np.float32),
        pooled,
        0.0,
    ),
    Example(
        "gelu.cu",
        "void run(const float *x, float *y) { float *a, *b; cudaMalloc(&a, 4012);"
        " cudaMalloc(&b, 8024); cudaMemcpy(a, x, 4012, cudaMemcpyHostToDevice);"
        " gelu_tanh_kernel<<<3, 64>>>(a, b, 1003); gelu_erf_kernel<<<16, 64>>>(a, b + 1003, 1003);"
        " cudaMemcpy(y, b, 8024, cudaMemcpyDeviceToHost); }",
        (X,),
        np.empty((2, 1003), np.float32),
        gelus,
    ),
    Example(
        "inclusive_scan.cu",
        "void run(const int *x, int *y) { inclusive_scan(x, y, 1003); }",
        (INTS,),
        np.empty_like(INTS),
        np.cumsum,
        0.0,
    ),
    Example(
        "matmul_dp4a.cu",
        "void run(const int8_t *a, const int8_t *b, int *c)"
        " { launch_matmul_dp4a(a, b, c, 21, 35, 64); }",
        (A8, B8),
        np.empty((21, 35), np.int32),
        lambda a, b: a @ b.T,
        0.0,
    ),
    Example(
        "matmul_wmma.cu",
        "void run(const half *a, const half *b, float *c) { half *da, *db; float *dc;"
        " cudaMalloc(&da, 12288); cudaMalloc(&db, 9216); cudaMalloc(&dc, 12288);"
        " cudaMemcpy(da, a, 12288, cudaMemcpyHostToDevice);"
        " cudaMemcpy(db, b, 9216, cudaMemcpyHostToDevice);"
        " matmul_wmma<<<dim3(3, 4), 32>>>(da, db, dc);"
        " cudaMemcpy(c, dc, 12288, cudaMemcpyDeviceToHost); }",
        (WA, WB),
        np.empty((64, 48), np.float32),
        np.matmul,
        1e-3,
    ),
    Example(
        "stencil2d.cu",
        "void run(const float *x, float *y) { launch_stencil(x, y, 45, 37, 3); }",
        (PLANE,),
        np.empty_like(PLANE),
        jacobi,
    ),
    Example(
        "copy_scale.cu",
        "void run(const float *x, float *y) { launch_copy_scale(x, y, 3.0f, 1003); }",
        (X,),
        np.empty_like(X),
        lambda x: 3 * x,
    ),
    Example(
        "map_functor.cu",
        "void run(const float *x, float *y) { launch_map(x, y, 1003, -0.5f, 0.75f); }",
        (X,),
        np.empty_like(X),
        mapped,
    ),
)


def test_every_example_is_run() -> None:
    tried = {example.file for example in CALLS} | {"vector_add.cu", "histogram.cu"}
    assert tried == {path.name for path in EXAMPLES.glob("*.cu")}


@pytest.mark.slow
@pytest.mark.parametrize("example", CALLS, ids=lambda example: example.file)
def test_example_agrees_with_numpy(example: Example, tmp_path: Path) -> None:
    path = tmp_path / example.file
    text = (EXAMPLES / example.file).read_text(encoding="utf-8")
    path.write_text(f'{text}\nextern "C" {example.shim}\n', encoding="utf-8")
    library = build(CudaRuntime(), path)
    assert not isinstance(library, Broken), library
    arguments = tuple(
        Argument(f"x{i}", value)
        if isinstance(value, np.ndarray)
        else Argument(f"x{i}", number=value)
        for i, value in enumerate(example.arguments)
    )
    arguments += (Argument("result", example.result, written=True),)
    outcome = call(library, "run", arguments, tmp_path / "exchange", seconds=60)
    assert isinstance(outcome, Returned), outcome
    wide = [
        value.astype(np.float64) if isinstance(value, np.ndarray) else value
        for value in example.arguments
    ]
    right = example.right(*wide)
    scale = np.abs(right).max()
    assert scale > 0
    error = np.abs(outcome.results["result"].astype(np.float64) - right).max()
    assert error <= example.tolerance * scale


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vector_add.cu", "histogram.cu"])
def test_example_program_says_ok(name: str) -> None:
    path = EXAMPLES / name
    built = build_program(path.read_text(encoding="utf-8"), path)
    assert isinstance(built, Built), built
    done = subprocess.run([built.path], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "ok")
