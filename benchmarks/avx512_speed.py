"""How fast emitted AVX-512 code is: `python -m benchmarks.avx512_speed` on a CPU that has the instructions.

Each kernel is emitted twice: as the target's whole pipeline leaves it, and as scalar C (loop recovery and OpenMP
over blocks only, the passes `cache` and `tensorize` left out), which `g++ -O3 -march=icelake-server`
vectorises as well as it can. A third column is the product without panels and with four rows in registers.
Times are medians; both programs must give the same results, but for the rounding of fused sums.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from xpiler.backends.avx512.target import TARGET
from xpiler.backends.base import EmitRequest, KernelEntry, TranslatedKernel
from xpiler.driver.pipeline import run_pipeline
from xpiler.frontends.lift import lift
from xpiler.frontends.results import LiftedFile
from xpiler.passes.base import KnobValue

__all__ = ["SUBJECTS", "Subject", "emitted", "main", "program"]

FLAGS = ("-O3", "-march=icelake-server", "-fopenmp")


@dataclass(frozen=True, slots=True)
class Subject:
    """A CUDA text with a host function `run`; `buffers` are its arrays (element type, elements), the last one
    the result, `sizes` the integers that `run` takes after them."""

    name: str
    text: str
    buffers: tuple[tuple[str, int], ...]
    sizes: tuple[int, ...]


_AXPY = """
__global__ void axpy(const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = 2.5f * x[i] + y[i];
}
void run(const float *x, float *y, int n) { axpy<<<(n + 255) / 256, 256>>>(x, y, n); }
"""
_GELU = """
__device__ float gelu(float x) {
  return 0.5f * x * (1.0f + tanhf(0.7978845608f * (x + 0.044715f * x * x * x)));
}
__global__ void apply(const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = gelu(x[i]);
}
void run(const float *x, float *y, int n) { apply<<<(n + 255) / 256, 256>>>(x, y, n); }
"""
_SOFTMAX = """
__global__ void softmax(const float *x, float *y, int cols) {
  __shared__ float part[256];
  const float *row = x + blockIdx.x * cols;
  int t = threadIdx.x;
  float m = -INFINITY;
  for (int i = t; i < cols; i += 256) m = fmaxf(m, row[i]);
  part[t] = m;
  __syncthreads();
  for (int s = 128; s > 0; s /= 2) { if (t < s) part[t] = fmaxf(part[t], part[t + s]); __syncthreads(); }
  m = part[0];
  __syncthreads();
  float sum = 0.0f;
  for (int i = t; i < cols; i += 256) sum += expf(row[i] - m);
  part[t] = sum;
  __syncthreads();
  for (int s = 128; s > 0; s /= 2) { if (t < s) part[t] += part[t + s]; __syncthreads(); }
  sum = part[0];
  for (int i = t; i < cols; i += 256) y[blockIdx.x * cols + i] = expf(row[i] - m) / sum;
}
void run(const float *x, float *y, int rows, int cols) { softmax<<<rows, 256>>>(x, y, cols); }
"""
_PRODUCT = """
__global__ void product(const float *a, const float *b, float *c, int m, int n, int k) {
  int row = blockIdx.y * blockDim.y + threadIdx.y, col = blockIdx.x * blockDim.x + threadIdx.x;
  if (row < m && col < n) {
    float sum = 0.0f;
    for (int i = 0; i < k; ++i) sum += a[row * k + i] * b[i * n + col];
    c[row * n + col] = sum;
  }
}
void run(const float *a, const float *b, float *c, int m, int n, int k) {
  product<<<dim3((n + 15) / 16, (m + 15) / 16), dim3(16, 16)>>>(a, b, c, m, n, k);
}
"""
_TILED = """
__global__ void tiled(const float *a, const float *b, float *c, int m, int n, int k) {
  __shared__ float as[32][32], bs[32][32];
  int tx = threadIdx.x, ty = threadIdx.y, row = blockIdx.y * 32 + ty, col = blockIdx.x * 32 + tx;
  float sum = 0.0f;
  for (int t = 0; t < (k + 31) / 32; ++t) {
    as[ty][tx] = row < m && t * 32 + tx < k ? a[row * k + t * 32 + tx] : 0.0f;
    bs[ty][tx] = t * 32 + ty < k && col < n ? b[(t * 32 + ty) * n + col] : 0.0f;
    __syncthreads();
    for (int i = 0; i < 32; ++i) sum += as[ty][i] * bs[i][tx];
    __syncthreads();
  }
  if (row < m && col < n) c[row * n + col] = sum;
}
void run(const float *a, const float *b, float *c, int m, int n, int k) {
  tiled<<<dim3((n + 31) / 32, (m + 31) / 32), dim3(32, 32)>>>(a, b, c, m, n, k);
}
"""
_STENCIL = """
__global__ void stencil(const float *x, float *y, int w, int h) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, j = blockIdx.y * blockDim.y + threadIdx.y;
  if (i > 0 && j > 0 && i < w - 1 && j < h - 1)
    y[j * w + i] = 0.25f * (x[j * w + i - 1] + x[j * w + i + 1] + x[(j - 1) * w + i] + x[(j + 1) * w + i]);
}
void run(const float *x, float *y, int w, int h) {
  stencil<<<dim3((w + 31) / 32, (h + 7) / 8), dim3(32, 8)>>>(x, y, w, h);
}
"""


def _dot(elem: str) -> str:
    return f"""
__global__ void dot(const {elem} *a, const {elem} *b, int *c, int m, int n, int k) {{
  int row = blockIdx.y * blockDim.y + threadIdx.y, col = blockIdx.x * blockDim.x + threadIdx.x;
  if (row < m && col < n) {{
    int sum = 0;
    for (int i = 0; i < k; ++i) sum += a[row * k + i] * b[col * k + i];
    c[row * n + col] = sum;
  }}
}}
void run(const {elem} *a, const {elem} *b, int *c, int m, int n, int k) {{
  dot<<<dim3((n + 15) / 16, (m + 15) / 16), dim3(16, 16)>>>(a, b, c, m, n, k);
}}
"""


def _square(name: str, text: str, n: int, elem: str = "float", result: str = "float") -> Subject:
    return Subject(f"{name} {n}", text, ((elem, n * n), (elem, n * n), (result, n * n)), (n, n, n))


_MILLIONS = 1 << 24
SUBJECTS = (
    Subject("axpy 16 M", _AXPY, (("float", _MILLIONS), ("float", _MILLIONS)), (_MILLIONS,)),
    Subject("gelu 16 M", _GELU, (("float", _MILLIONS), ("float", _MILLIONS)), (_MILLIONS,)),
    Subject(
        "softmax 4096 x 1000", _SOFTMAX, (("float", 4096000), ("float", 4096000)), (4096, 1000)
    ),
    Subject("stencil 4096", _STENCIL, (("float", _MILLIONS), ("float", _MILLIONS)), (4096, 4096)),
    _square("product", _PRODUCT, 512),
    _square("product", _PRODUCT, 1000),
    _square("product", _PRODUCT, 1024),
    _square("tiled product", _TILED, 1024),
    _square("int8 dot products", _dot("signed char"), 512, "signed char", "int"),
    _square("int16 dot products", _dot("short"), 512, "short", "int"),
)


def emitted(
    text: str,
    disabled: tuple[str, ...] = (),
    knobs: dict[str, dict[str, KnobValue]] | None = None,
) -> str:
    """The file that the target's passes but those in `disabled` give."""
    lifted = lift(text, Path("subject.cu"))
    if not isinstance(lifted, LiftedFile):
        raise ValueError("the subject does not parse")
    kernels = []
    for number, kernel in enumerate(lifted.lifted):
        passes = TARGET.pipeline(kernel.program, {})
        run = run_pipeline(kernel.program, passes, TARGET.facts, knobs=knobs, disabled=disabled)
        entry = KernelEntry(number, kernel.program.kernels[0], kernel.source_name, kernel.symbol)
        kernels.append(TranslatedKernel(entry, kernel.program, run.program))
    return TARGET.emit(EmitRequest(text, Path("subject.cu"), tuple(kernels))).text


def program(subject: Subject, text: str) -> str:
    """The emitted file with a `main(repetitions)` that prints seconds of each call, then a sum of the result."""
    lines = []
    for number, (type_, count) in enumerate(subject.buffers):
        lines.append(
            f"  {type_} *b{number} = ({type_} *)aligned_alloc(64, {count}ul * sizeof({type_}) + 64 & -64);"
        )
        lines.append(
            f"  for (size_t i = 0; i < {count}ul; ++i) b{number}[i] = ({type_})((int)(i * 7 % 23) - 11);"
        )
    arguments = [f"b{n}" for n in range(len(subject.buffers))] + [str(s) for s in subject.sizes]
    last = len(subject.buffers) - 1
    body = "\n".join(lines)
    return f"""{text}
#include <chrono>
#include <cstdio>
#include <cstdlib>
int main(int, char **argv) {{
{body}
  for (int r = 0; r < atoi(argv[1]); ++r) {{
    const auto start = std::chrono::steady_clock::now();
    run({", ".join(arguments)});
    printf("%.9f\\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }}
  double sum = 0;
  for (size_t i = 0; i < {subject.buffers[last][1]}ul; ++i) sum += (double)b{last}[i] * (double)(i % 5 + 1);
  printf("%.9g\\n", sum);
}}
"""


def _measure(
    subject: Subject, text: str, repetitions: int, threads: int, folder: Path
) -> tuple[float, float]:
    """(median seconds, sum of the result)."""
    source, binary = folder / "subject.cpp", folder / "subject"
    source.write_text(program(subject, text))
    subprocess.run(["g++", *FLAGS, "-w", str(source), "-o", str(binary)], check=True)
    output = subprocess.run(
        [str(binary), str(repetitions + 1)],
        check=True,
        capture_output=True,
        text=True,
        env={"OMP_NUM_THREADS": str(threads), "OMP_PROC_BIND": "true"},
    ).stdout.split()
    return statistics.median(float(t) for t in output[1:-1]), float(output[-1])


def _row(subject: Subject, repetitions: int, threads: int, folder: Path) -> str:
    scalar, want = _measure(
        subject, emitted(subject.text, ("cache", "tensorize")), repetitions, threads, folder
    )
    vector, got = _measure(subject, emitted(subject.text), repetitions, threads, folder)
    cells = [f"{1e3 * scalar:.2f}", f"{1e3 * vector:.2f}", f"{scalar / vector:.1f}"]
    if "product" in subject.name:
        plain = emitted(subject.text, knobs={"cache": {"pack": False, "rows": 4}})
        before, _ = _measure(subject, plain, repetitions, threads, folder)
        cells += [f"{1e3 * before:.2f}", f"{before / vector:.1f}"]
    else:
        cells += ["", ""]
    same = abs(got - want) <= 1e-5 * max(1.0, abs(want))
    return f"| {subject.name} | {' | '.join(cells)} | {'same' if same else 'DIFFERENT'} |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--only", default="", help="subjects whose name holds this")
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {arguments.threads} threads, median of {arguments.repetitions}")
    print(
        "| kernel | scalar C, ms | AVX-512, ms | ratio | 4 rows, no panels, ms | ratio | results |"
    )
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for subject in SUBJECTS:
            if arguments.only in subject.name:
                row = _row(subject, arguments.repetitions, arguments.threads, Path(folder))
                print(row, flush=True)


if __name__ == "__main__":
    main()
