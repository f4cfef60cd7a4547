"""Cases from launches whose first sizes or values do not suit the kernel: multiples, positions apart, no negatives."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from xpiler.backends.base import KernelEntry
from xpiler.frontends.lift import lift
from xpiler.frontends.results import LiftedFile
from xpiler.verify.cases.case import BufferArgument, Case, Concrete, ScalarArgument, concrete
from xpiler.verify.cases.distribution import Distribution
from xpiler.verify.cases.formula import Formula
from xpiler.verify.cases.host_other import host_cases
from xpiler.verify.cases.infer import infer_cases
from xpiler.verify.check import Side, check
from xpiler.verify.evidence import Evidence, Tested
from xpiler.verify.inputs import prepare
from xpiler.verify.run.oracle import CudaRuntime

PATH = Path("host.cu")


def lifted(text: str) -> LiftedFile:
    found = lift(text, PATH)
    assert isinstance(found, LiftedFile), found
    return found


def case_of(text: str, position: int = 0) -> Case:
    file = lifted(text)
    cases = infer_cases(file.lifted[position], file.launches)
    assert isinstance(cases, tuple), cases
    return cases[0]


def against_itself(text: str, wrong: str = "") -> Evidence:
    """Evidence for the first kernel of `text`, or of `wrong` in its place."""
    file = lifted(text)
    kernel = file.lifted[0]
    entry = KernelEntry(0, kernel.program.kernels[0], kernel.source_name, kernel.symbol)
    evidence = check(
        Side(CudaRuntime(), text, PATH),
        Side(CudaRuntime(), wrong or text, PATH),
        [entry],
        {kernel.symbol: infer_cases(kernel, file.launches)},
        {kernel.symbol: kernel.program},
        launches=file.launches,
    )
    return evidence[kernel.symbol]


runs = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")

TILED = """
__global__ void product(const float *a, const float *b, float *c, int n) {
  __shared__ float s[16][16], t[16][16];
  int row = blockIdx.y * 16 + threadIdx.y, col = blockIdx.x * 16 + threadIdx.x;
  float sum = 0;
  for (int k = 0; k < n / 16; ++k) {
    s[threadIdx.y][threadIdx.x] = a[row * n + k * 16 + threadIdx.x];
    t[threadIdx.y][threadIdx.x] = b[(k * 16 + threadIdx.y) * n + col];
    __syncthreads();
    for (int j = 0; j < 16; ++j) sum += s[threadIdx.y][j] * t[j][threadIdx.x];
    __syncthreads();
  }
  c[row * n + col] = sum;
}
void run(const float *x, int n) {
  float *a, *b, *c;
  size_t bytes = n * n * sizeof(float);
  cudaMalloc(&a, bytes); cudaMalloc(&b, bytes); cudaMalloc(&c, bytes);
  product<<<dim3(n / 16, n / 16), dim3(16, 16)>>>(a, b, c, n);
}
"""


@runs
def test_sizes_that_are_multiples_of_the_block() -> None:
    found = against_itself(TILED.replace("n / 16, n / 16", "(n + 15) / 16, (n + 15) / 16"))
    assert isinstance(found, Tested), found
    assert all(shape.split(",")[0] in ("n=16", "n=32", "n=64") for shape in found.shapes)


def test_an_empty_launch_is_no_shape() -> None:
    case = case_of(
        TILED.replace("int n) {\n  float *a", "int n, int m) {\n  float *a").replace(
            "dim3(n / 16, n / 16)", "dim3(n / 512, n / 512)"
        )
    )
    assert all(shape["n"] >= 512 for shape in case.shapes)


SCATTER = """
__global__ void compact(const int *in, const int *keep, const int *at, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && keep[i]) out[at[i]] = in[i];
}
void run(int n) {
  int *in, *keep, *at, *out;
  cudaMalloc(&in, n * 4); cudaMalloc(&keep, n * 4); cudaMalloc(&at, n * 4); cudaMalloc(&out, n * 4);
  compact<<<(n + 63) / 64, 64>>>(in, keep, at, out, n);
}
"""


@runs
def test_positions_apart() -> None:
    assert isinstance(against_itself(SCATTER), Tested)
    wrong = SCATTER.replace("out[at[i]] = in[i]", "out[at[i]] = in[i] + (at[i] > 900)")
    assert not isinstance(against_itself(SCATTER, wrong), Tested)


FLOYD = """
__global__ void floyd(int *d, int n, int k) {
  int i = blockIdx.y * blockDim.y + threadIdx.y, j = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && j < n) { int t = d[i * n + k] + d[k * n + j]; if (t < d[i * n + j]) d[i * n + j] = t; }
}
int main() {
  int n = 48, *d;
  cudaMalloc(&d, n * n * sizeof(int));
  for (int k = 0; k < n; ++k) floyd<<<dim3(3, 3), dim3(16, 16)>>>(d, n, k);
}
"""


@runs
def test_no_number_below_zero() -> None:
    found = against_itself(FLOYD)
    assert isinstance(found, Tested), found


@runs
def test_the_variable_of_a_loop_takes_more_than_its_first_value() -> None:
    found = against_itself(FLOYD, FLOYD.replace("d[i * n + k] + d[k * n + j]", "d[i * n] + d[j]"))
    assert not isinstance(found, Tested)


def test_row_starts_leave_rows_with_elements() -> None:
    case = case_of("""
__global__ void rows(const int *start, const int *col, const float *v, const float *x, float *y, int n) {
  int r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r < n) { float s = 0; for (int j = start[r]; j < start[r + 1]; ++j) s += v[j] * x[col[j]]; y[r] = s; }
}
int main() {
  int n = 300, m = 2000, *start, *col; float *v, *x, *y;
  cudaMalloc(&start, (n + 1) * 4); cudaMalloc(&col, m * 4); cudaMalloc(&v, m * 4);
  cudaMalloc(&x, n * 4); cudaMalloc(&y, n * 4);
  rows<<<(n + 127) / 128, 128>>>(start, col, v, x, y, n);
}
""")
    found = concrete(case, case.shapes[0])
    assert isinstance(found, Concrete)
    bounds = {b.name: b.bounds for b in found.buffers}
    assert bounds["start"][0] >= 1000
    assert bounds["col"] == (300,)


def test_values_that_leave_room_beside_a_wider_access() -> None:
    """Every thread walks its row; a label may name any column of the row and no other."""
    case = case_of("""
__global__ void loss(const float *logits, const int *label, float *out, int rows, int width) {
  int r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r >= rows) return;
  float s = 0;
  for (int c = 0; c < width; ++c) s += logits[r * width + c];
  out[r] = logits[r * width + label[r]] / s;
}
int main() {
  int rows = 32, width = 10, *label; float *logits, *out;
  cudaMalloc(&logits, rows * width * 4); cudaMalloc(&label, rows * 4); cudaMalloc(&out, rows * 4);
  loss<<<1, 32>>>(logits, label, out, rows, width);
}
""")
    label = next(a for a in case.arguments if a.name == "label")
    assert isinstance(label, BufferArgument)
    assert str(label.values) == "index(10)"


def test_bytes_that_a_caller_counts_are_what_the_kernel_needs() -> None:
    case = case_of("""
struct Node { int keys[4]; int next; };
__global__ void walk(const Node *nodes, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = nodes[i].keys[2] + nodes[i].next;
}
void run(long node_bytes, int n) {
  Node *nodes; int *out;
  cudaMalloc(&nodes, node_bytes); cudaMalloc(&out, n * 4);
  walk<<<(n + 31) / 32, 32>>>(nodes, out, n);
}
""")
    for shape in case.shapes:
        found = concrete(case, shape)
        assert isinstance(found, Concrete)
        assert found.buffers[0].elements >= 5 * (shape["n"] - 1) + 5


def test_words_of_python_are_sizes() -> None:
    case = case_of("""
__global__ void wide(const float *x, float *y, int batch, int in) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < batch * in) y[i] = 2 * x[i];
}
void run(int batch, int in) {
  float *x, *y;
  cudaMalloc(&x, batch * in * sizeof(float)); cudaMalloc(&y, batch * in * sizeof(float));
  wide<<<(batch * in + 63) / 64, 64>>>(x, y, batch, in);
}
""")
    for shape in case.shapes:
        assert isinstance(concrete(case, shape), Concrete)


def test_distinct_positions() -> None:
    case = case_of(SCATTER)
    found = concrete(case, {"n": 257})
    assert isinstance(found, Concrete)
    apart = tuple(
        replace(a, values=Distribution("permutation", (Formula("n * 2"),))) if a.name == "at" else a
        for a in case.arguments
    )
    found = concrete(replace(case, arguments=apart), {"n": 257})
    assert isinstance(found, Concrete)
    at = prepare(found, 0).array("at")
    assert len(set(at.tolist())) == 257
    assert at.max() < 514


IN_PLACE = """
__global__ void relu(float *x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] = x[i] > 0 ? x[i] : 0;
}
void run(float *x, int n) { relu<<<(n + 255) / 256, 256>>>(x, n); }
"""


@runs
def test_zeros_where_the_inputs_say_are_evidence() -> None:
    assert isinstance(against_itself(IN_PLACE), Tested)
    wrong = IN_PLACE.replace("x[i] > 0", "x[i] > -1")
    assert not isinstance(against_itself(IN_PLACE, wrong), Tested)


def test_a_branch_knows_the_block_of_its_instance() -> None:
    file = lifted("""
template <int N> __global__ void sum(float *x) { __shared__ float s[N]; s[threadIdx.x] = x[threadIdx.x]; x[0] = s[N - 1]; }
void run(int threads, float *x) {
  dim3 block(threads, 1, 1);
  switch (threads) {
    case 64: sum<64><<<1, block>>>(x); break;
    case 32: { sum<32><<<1, block>>>(x); break; }
  }
  if (threads == 16) sum<16><<<1, block>>>(x);
  else sum<8><<<1, block>>>(x);
}
""")
    blocks = {
        k.source_name: dict(k.program.kernels[0].launch).get("blockDim.x") for k in file.lifted
    }
    assert blocks == {"sum<64>": 64, "sum<32>": 32, "sum<16>": 16, "sum<8>": None}


def test_members_of_objects_size_a_launch() -> None:
    text = """
class Buffer {
 public:
  float *data() { return p_; }
  unsigned long size() const { return n_; }
 private:
  float *p_; unsigned long n_;
};
__global__ void twice(float *x, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] *= 2; }
void run(Buffer &b) { twice<<<(b.size() + 63) / 64, 64>>>(b.data(), b.size()); }
struct Layer {
  int in, out; float *w;
  void step() { twice<<<(in * out + 31) / 32, 32>>>(w, in * out); }
};
"""
    file = lifted(text)
    cases = infer_cases(file.lifted[0], file.launches)
    assert isinstance(cases, tuple), cases
    first, second = cases
    assert [f.text for f in (first.grid[0], first.block[0])] == ["ceil_div(b_n, 64)", "64"]
    assert second.note.startswith("launch in Layer::step()")
    assert dict(second.sizes).keys() >= {"in", "out"}


def test_a_count_that_rises_in_the_launch_starts_with_its_first_value() -> None:
    case = case_of("""
__global__ void level(int *x, int now, int n) { int i = threadIdx.x; if (i < n && x[i] == now) x[i] = now + 1; }
int main() {
  int n = 64, at = 0, go = 1, *x;
  cudaMalloc(&x, n * 4);
  while (go) { level<<<1, 64>>>(x, at++, n); go = at < 9; }
}
""")
    now = next(a for a in case.arguments if a.name == "now")
    found = concrete(case, case.shapes[0])
    assert isinstance(found, Concrete)
    assert isinstance(now, ScalarArgument)
    assert next(a for a in found.arguments if a.name == "now").value == 0  # type: ignore[union-attr]


def test_equal_launches_are_one_case() -> None:
    text = (
        SCATTER.replace("(in, keep, at, out, n);", "(in, keep, at, out, n);")
        + "\nvoid again(int n);"
    )
    once = text.index("  compact<<<")
    line = text[once : text.index("\n", once) + 1]
    file = lifted(text.replace(line, line * 3))
    cases = infer_cases(file.lifted[0], file.launches)
    assert isinstance(cases, tuple)
    assert len(cases) == 1


def test_a_case_that_a_person_gave_stays() -> None:
    file = lifted(SCATTER)
    kernel = file.lifted[0]
    tried = infer_cases(kernel, file.launches)
    assert isinstance(tried, tuple)
    given = [replace(case, inferred=False) for case in tried]
    assert not list(host_cases(kernel.program, file.launches, given, "the order of threads"))
