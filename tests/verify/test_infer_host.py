"""Inference from host code, on whole files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.frontends.lifting import lift_text
from xpiler.frontends.lift import lift
from xpiler.frontends.results import LiftedFile
from xpiler.verify.cases.case import BufferArgument, Case, Concrete, ScalarArgument, concrete
from xpiler.verify.cases.case_file import parse_cases, print_cases
from xpiler.verify.cases.infer import NoCase, infer_cases, select_cases

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

HOST = """
__constant__ float taps[3];
__device__ int counter;
__global__ void smooth(const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i > 0 && i < n - 1) y[i] = taps[0] * x[i - 1] + taps[1] * x[i] + taps[2] * x[i + 1];
}
__global__ void pick(const float *table, const int *rows, float *out, int n, int width) {
  int i = blockIdx.x;
  if (i < n) out[i * width + threadIdx.x] = table[rows[i] * width + threadIdx.x];
}
__global__ void count(const int *x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && x[i] > 0) atomicAdd(&counter, 1);
}
__global__ void add_to(float *acc, const float *x, float scale, int n) {
  extern __shared__ float buffer[];
  buffer[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) acc[i] += scale * buffer[threadIdx.x];
}
void run(const float *in, const int *rows, const float *w, float *out, int n, int width, int entries) {
  float *x, *y, *table;
  int *r, *c;
  cudaMalloc(&x, n * sizeof(float));
  cudaMalloc(&y, n * width * sizeof(float));
  cudaMalloc(&table, entries * width * sizeof(float));
  cudaMalloc(&r, n * sizeof(int));
  cudaMalloc(&c, n * sizeof(int));
  cudaMemcpy(x, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpyToSymbol(taps, w, 3 * sizeof(float));
  smooth<<<(n + 127) / 128, 128>>>(x, y, n);
  pick<<<n, width>>>(table, r, y, n, width);
  count<<<(n + 63) / 64, 64>>>(c, n);
  cudaMemset(y, 0, n * width * sizeof(float));
  add_to<<<(n + 31) / 32, 32, 32 * sizeof(float)>>>(y, x, 2.5f, n);
  cudaMemcpy(out, y, n * width * sizeof(float), cudaMemcpyDeviceToHost);
}
"""


def lifted(text: str) -> LiftedFile:
    found = lift(text, Path("host.cu"))
    assert isinstance(found, LiftedFile), found
    return found


def case_for(name: str, text: str = HOST) -> Case:
    file = lifted(text)
    kernel = next(k for k in file.lifted if k.name == name)
    cases = infer_cases(kernel, file.launches)
    assert not isinstance(cases, NoCase), cases
    return cases[0]


def argument(case: Case, name: str) -> BufferArgument | ScalarArgument:
    return next(a for a in case.arguments if a.name == name)


def test_launch_and_allocations() -> None:
    case = case_for("smooth")
    assert [f.text for f in case.grid] == ["ceil_div(n, 128)", "1", "1"]
    assert case.block[0].text == "128"
    assert case.note.startswith("launch in run() at host.cu:")
    x, taps = argument(case, "x"), argument(case, "taps")
    assert isinstance(x, BufferArgument)
    assert isinstance(taps, BufferArgument)
    assert (x.elements.text, x.role) == ("n", "in")
    assert (taps.elements.text, taps.role, str(taps.values)) == ("3", "in", "auto")


def test_positions_stay_inside_the_table() -> None:
    case = case_for("pick")
    rows = argument(case, "rows")
    assert isinstance(rows, BufferArgument)
    assert rows.values.kind == "index"
    for shape in case.shapes:
        found = concrete(case, shape)
        assert isinstance(found, Concrete)
        buffers = {b.name: b for b in found.buffers}
        assert buffers["rows"].bounds[0] * shape["width"] <= buffers["table"].elements


def test_device_data_starts_at_zero() -> None:
    counter = argument(case_for("count"), "counter")
    assert isinstance(counter, BufferArgument)
    assert (counter.role, str(counter.values)) == ("inout", "zeros")


def test_dynamic_shared_memory_cleared_accumulators_and_literals() -> None:
    case = case_for("add_to")
    assert case.shared.text == "128"
    acc, scale = argument(case, "acc"), argument(case, "scale")
    assert isinstance(acc, BufferArgument)
    assert isinstance(scale, ScalarArgument)
    assert (acc.role, str(acc.values)) == ("inout", "zeros")
    assert scale.value == 2.5


def test_constants_of_main() -> None:
    text = """
__global__ void twice(float *x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= 2.0f;
}
int main() {
  const int n = 1 << 10;
  float *x;
  cudaMalloc(&x, n * sizeof(float));
  twice<<<n / 256, 256>>>(x, n);
  return 0;
}
"""
    case = case_for("twice", text)
    assert not case.sizes
    assert (case.grid[0].text, case.block[0].text) == ("4", "256")
    x = argument(case, "x")
    assert isinstance(x, BufferArgument)
    assert x.elements.text == "1024"


def test_too_much_work_falls_back_to_the_kernel() -> None:
    text = """
__global__ void heavy(float *x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) for (int k = 0; k < n; ++k) x[i] += k;
}
int main() {
  float *x;
  cudaMalloc(&x, (1 << 24) * sizeof(float));
  heavy<<<(1 << 24) / 256, 256>>>(x, 1 << 24);
  return 0;
}
"""
    case = case_for("heavy", text)
    assert case.note == "from the kernel's own bounds"
    assert case.block[0].text == "256"
    assert max(dict(case.sizes)["n"]) <= 1000


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.cu")), ids=lambda p: p.stem)
def test_every_example_has_cases(path: Path) -> None:
    file = lift(path.read_text(), path)
    assert isinstance(file, LiftedFile)
    assert file.lifted
    for kernel in file.lifted:
        cases = infer_cases(kernel, file.launches)
        assert not isinstance(cases, NoCase), cases
        assert parse_cases(print_cases(cases)) == cases
        for case in cases:
            launched = [concrete(case, shape) for shape in case.shapes]
            assert all(isinstance(found, Concrete) for found in launched)


def test_selecting_from_a_case_file() -> None:
    file = lifted(HOST)
    kernel = next(k for k in file.lifted if k.name == "smooth")
    names = frozenset(k.name for k in file.lifted)
    case = case_for("smooth")
    assert select_cases([case], kernel, names) == (case,)

    def refusal(text: str) -> str:
        cases = parse_cases(text)
        assert isinstance(cases, tuple)
        found = select_cases(cases, kernel, names)
        assert isinstance(found, NoCase)
        return found.reason

    text = print_cases([case])
    assert "names a kernel smoothe" in refusal(text.replace('"smooth"', '"smoothe"'))
    assert "has no parameter z" in refusal(text.replace("arguments.x]", "arguments.z]"))
    lacking = text[: text.index("[case.arguments.n]")]
    assert "lacks the argument n" in refusal(lacking)
    wrong = text.replace('type = "f32"', 'type = "f64"', 1)
    assert "argument x of smooth must be a buffer of f32" in refusal(wrong)


def test_members_of_host_structs_become_sizes_that_a_case_can_name() -> None:
    text = """__global__ void k(int *x, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] += 1; }
    struct Limits { int most[2]; };
    void f(int *x, int n, Limits limits) { k<<<n / limits.most[0] + 1, limits.most[0]>>>(x, n); }
    """
    found = lifted(text)
    cases = infer_cases(found.lifted[0], found.launches)
    assert isinstance(cases, tuple)
    assert all(isinstance(concrete(cases[0], shape), Concrete) for shape in cases[0].shapes)
    assert all(name.isidentifier() for name, _ in cases[0].sizes)


def test_divisors_and_masks_are_what_they_are_without_host_code() -> None:
    found = lift_text(
        "__global__ void k(const int *a, const int *b, const unsigned char *mask, int *q, int n) {\n"
        "  int i = blockIdx.x * 64 + threadIdx.x; if (i < n && mask[i]) q[i] = a[i] / b[i]; }\n"
        "void run(int *a, int *b, unsigned char *mask, int *q, int n) {\n"
        "  k<<<(n + 63) / 64, 64>>>(a, b, mask, q, n); }\n"
    )
    cases = infer_cases(found.lifted[0], found.launches)
    assert isinstance(cases, tuple)
    kinds = {a.name: a.values.kind for a in cases[0].arguments if isinstance(a, BufferArgument)}
    assert (kinds["a"], kinds["b"], kinds["mask"]) == ("auto", "nonzero", "bits")
    assert "run()" in cases[0].note
