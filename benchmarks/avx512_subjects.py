"""CUDA texts whose AVX-512 translation `benchmarks.avx512_speed` times, as they are found in CUDA code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["SUBJECTS", "Subject"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A CUDA text with a host function `run`; `buffers` are its arrays (element type, elements), the last one
    the result, `sizes` the integers that `run` takes after them. `rival` names the PyTorch function of
    `benchmarks.avx512_torch` that computes the same, "" where PyTorch has none."""

    name: str
    text: str
    buffers: tuple[tuple[str, int], ...]
    sizes: tuple[int, ...]
    rival: str = ""


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
_LAYERNORM = """
__inline__ __device__ float warp_sum(float v) {
  for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffff, v, offset);
  return v;
}
__device__ float block_sum(float v) {
  __shared__ float part[8];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  v = warp_sum(v);
  if (lane == 0) part[warp] = v;
  __syncthreads();
  v = lane < 8 ? part[lane] : 0.0f;
  v = warp_sum(v);
  __syncthreads();
  return v;
}
__global__ void layernorm(const float *x, const float *w, const float *b, float *y, int cols) {
  const float *row = x + blockIdx.x * cols;
  float sum = 0.0f;
  for (int i = threadIdx.x; i < cols; i += blockDim.x) sum += row[i];
  float mean = block_sum(sum) / cols;
  float squares = 0.0f;
  for (int i = threadIdx.x; i < cols; i += blockDim.x) {
    float d = row[i] - mean;
    squares += d * d;
  }
  float scale = rsqrtf(block_sum(squares) / cols + 1e-5f);
  for (int i = threadIdx.x; i < cols; i += blockDim.x)
    y[blockIdx.x * cols + i] = (row[i] - mean) * scale * w[i] + b[i];
}
void run(const float *x, const float *w, const float *b, float *y, int rows, int cols) {
  layernorm<<<rows, 256>>>(x, w, b, y, cols);
}
"""
_RMSNORM = """
__global__ void rmsnorm(const float *x, const float *w, float *y, int cols) {
  __shared__ float part[128];
  const float *row = x + blockIdx.x * cols;
  int t = threadIdx.x;
  float squares = 0.0f;
  for (int i = t; i < cols; i += 128) squares += row[i] * row[i];
  part[t] = squares;
  __syncthreads();
  for (int s = 64; s > 0; s >>= 1) {
    if (t < s) part[t] += part[t + s];
    __syncthreads();
  }
  float scale = rsqrtf(part[0] / cols + 1e-6f);
  for (int i = t; i < cols; i += 128) y[blockIdx.x * cols + i] = row[i] * scale * w[i];
}
void run(const float *x, const float *w, float *y, int rows, int cols) {
  rmsnorm<<<rows, 128>>>(x, w, y, cols);
}
"""
_ROW_SUM = """
__global__ void row_sum(const float *x, float *y, int cols) {
  __shared__ float part[8];
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  float v = 0.0f;
  for (int i = threadIdx.x; i < cols; i += 256) v += x[blockIdx.x * cols + i];
  for (int s = 16; s > 0; s >>= 1) v += __shfl_down_sync(0xffffffff, v, s);
  if (lane == 0) part[warp] = v;
  __syncthreads();
  if (warp == 0) {
    v = lane < 8 ? part[lane] : 0.0f;
    for (int s = 16; s > 0; s >>= 1) v += __shfl_down_sync(0xffffffff, v, s);
    if (lane == 0) y[blockIdx.x] = v;
  }
}
void run(const float *x, float *y, int rows, int cols) { row_sum<<<rows, 256>>>(x, y, cols); }
"""
_TRANSPOSE = """
__global__ void transpose(const float *x, float *y, int w, int h) {
  __shared__ float tile[32][33];
  int i = blockIdx.x * 32 + threadIdx.x, j = blockIdx.y * 32 + threadIdx.y;
  for (int k = 0; k < 32; k += 8)
    if (i < w && j + k < h) tile[threadIdx.y + k][threadIdx.x] = x[(j + k) * w + i];
  __syncthreads();
  i = blockIdx.y * 32 + threadIdx.x;
  j = blockIdx.x * 32 + threadIdx.y;
  for (int k = 0; k < 32; k += 8)
    if (i < h && j + k < w) y[(j + k) * h + i] = tile[threadIdx.x][threadIdx.y + k];
}
void run(const float *x, float *y, int w, int h) {
  transpose<<<dim3((w + 31) / 32, (h + 31) / 32), dim3(32, 8)>>>(x, y, w, h);
}
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
_CONV = """
__global__ void conv(const float *x, const float *k, float *y, int w, int h) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, j = blockIdx.y * blockDim.y + threadIdx.y;
  if (i >= w || j >= h) return;
  float sum = 0.0f;
  for (int dj = -2; dj <= 2; ++dj)
    for (int di = -2; di <= 2; ++di) {
      int u = i + di, v = j + dj;
      if (u >= 0 && u < w && v >= 0 && v < h) sum += x[v * w + u] * k[(dj + 2) * 5 + di + 2];
    }
  y[j * w + i] = sum;
}
void run(const float *x, const float *k, float *y, int w, int h) {
  conv<<<dim3((w + 31) / 32, (h + 7) / 8), dim3(32, 8)>>>(x, k, y, w, h);
}
"""
_POOL = """
__global__ void pool(const float *x, float *y, int w, int h) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, j = blockIdx.y * blockDim.y + threadIdx.y;
  if (i >= w / 2 || j >= h / 2) return;
  float best = -INFINITY;
  for (int v = 0; v < 2; ++v)
    for (int u = 0; u < 2; ++u) best = fmaxf(best, x[(2 * j + v) * w + 2 * i + u]);
  y[j * (w / 2) + i] = best;
}
void run(const float *x, float *y, int w, int h) {
  pool<<<dim3((w / 2 + 31) / 32, (h / 2 + 7) / 8), dim3(32, 8)>>>(x, y, w, h);
}
"""
_GEMV = """
__global__ void gemv(const float *a, const float *x, float *y, int m, int n) {
  int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
  float sum = 0.0f;
  if (row < m)
    for (int i = lane; i < n; i += 32) sum += a[row * n + i] * x[i];
  for (int s = 16; s > 0; s /= 2) sum += __shfl_down_sync(0xffffffff, sum, s);
  if (row < m && lane == 0) y[row] = sum;
}
void run(const float *a, const float *x, float *y, int m, int n) {
  gemv<<<(m + 7) / 8, 256>>>(a, x, y, m, n);
}
"""
_ATTENTION = """
__global__ void attention(const float *q, const float *k, const float *v, float *y, int n) {
  __shared__ float query[64];
  __shared__ float score[1024];
  __shared__ float part[128];
  const float *keys = k + blockIdx.y * n * 64, *values = v + blockIdx.y * n * 64;
  int t = threadIdx.x, row = (blockIdx.y * n + blockIdx.x) * 64;
  if (t < 64) query[t] = q[row + t];
  __syncthreads();
  float m = -INFINITY;
  for (int j = t; j < n; j += 128) {
    float dot = 0.0f;
    for (int d = 0; d < 64; ++d) dot += query[d] * keys[j * 64 + d];
    score[j] = dot * 0.125f;
    m = fmaxf(m, score[j]);
  }
  part[t] = m;
  __syncthreads();
  for (int s = 64; s > 0; s >>= 1) { if (t < s) part[t] = fmaxf(part[t], part[t + s]); __syncthreads(); }
  m = part[0];
  __syncthreads();
  float sum = 0.0f;
  for (int j = t; j < n; j += 128) {
    score[j] = expf(score[j] - m);
    sum += score[j];
  }
  part[t] = sum;
  __syncthreads();
  for (int s = 64; s > 0; s >>= 1) { if (t < s) part[t] += part[t + s]; __syncthreads(); }
  if (t < 64) {
    float out = 0.0f;
    for (int j = 0; j < n; ++j) out += score[j] * values[j * 64 + t];
    y[row + t] = out / part[0];
  }
}
void run(const float *q, const float *k, const float *v, float *y, int heads, int n) {
  attention<<<dim3(n, heads), 128>>>(q, k, v, y, n);
}
"""
_HISTOGRAM = """
__global__ void clear(unsigned int *bins) { bins[threadIdx.x] = 0; }
__global__ void histogram(const unsigned char *x, unsigned int *bins, int n) {
  __shared__ unsigned int local[256];
  local[threadIdx.x] = 0;
  __syncthreads();
  for (int i = blockIdx.x * 256 + threadIdx.x; i < n; i += gridDim.x * 256) atomicAdd(&local[x[i]], 1u);
  __syncthreads();
  atomicAdd(&bins[threadIdx.x], local[threadIdx.x]);
}
void run(const unsigned char *x, unsigned int *bins, int n) {
  clear<<<1, 256>>>(bins);
  histogram<<<64, 256>>>(x, bins, n);
}
"""
_SCAN = """
__global__ void scan(const int *x, int *y, int cols) {
  __shared__ int part[2][256];
  int t = threadIdx.x, carry = 0;
  for (int start = 0; start < cols; start += 256) {
    int now = 0;
    part[0][t] = start + t < cols ? x[blockIdx.x * cols + start + t] : 0;
    __syncthreads();
    for (int s = 1; s < 256; s *= 2) {
      part[1 - now][t] = t >= s ? part[now][t] + part[now][t - s] : part[now][t];
      now = 1 - now;
      __syncthreads();
    }
    if (start + t < cols) y[blockIdx.x * cols + start + t] = carry + part[now][t];
    carry += part[now][255];
    __syncthreads();
  }
}
void run(const int *x, int *y, int rows, int cols) { scan<<<rows, 256>>>(x, y, cols); }
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


def _floats(name: str, text: str, counts: tuple[int, ...], sizes: tuple[int, ...]) -> Subject:
    """A subject whose arrays are all of floats; PyTorch's function is named by the first word."""
    rival = name.split(maxsplit=1)[0]
    return Subject(name, text, tuple(("float", n) for n in counts), sizes, rival)


def _square(name: str, text: str, n: int, elem: str, result: str, rival: str) -> Subject:
    return Subject(
        f"{name} {n}", text, ((elem, n * n), (elem, n * n), (result, n * n)), (n, n, n), rival
    )


def _product(name: str, text: str, n: int) -> Subject:
    return _square(name, text, n, "float", "float", "product")


_MILLIONS: Final = 1 << 24
_WIDE: Final = 4096 * 1024
SUBJECTS: Final = (
    _floats("axpy 16 M", _AXPY, (_MILLIONS, _MILLIONS), (_MILLIONS,)),
    _floats("gelu 16 M", _GELU, (_MILLIONS, _MILLIONS), (_MILLIONS,)),
    _floats("softmax 4096 x 1000", _SOFTMAX, (4096000, 4096000), (4096, 1000)),
    _floats("layernorm 4096 x 1024", _LAYERNORM, (_WIDE, 1024, 1024, _WIDE), (4096, 1024)),
    _floats("rmsnorm 4096 x 1024", _RMSNORM, (_WIDE, 1024, _WIDE), (4096, 1024)),
    _floats("rowsum 4096 x 1024", _ROW_SUM, (_WIDE, 4096), (4096, 1024)),
    _floats("stencil 4096", _STENCIL, (_MILLIONS, _MILLIONS), (4096, 4096)),
    _floats("conv 5 x 5, 2048", _CONV, (_WIDE, 25, _WIDE), (2048, 2048)),
    _floats("pool 2 x 2, 4096", _POOL, (_MILLIONS, _WIDE), (4096, 4096)),
    _floats("transpose 4096", _TRANSPOSE, (_MILLIONS, _MILLIONS), (4096, 4096)),
    _floats("gemv 4096", _GEMV, (_MILLIONS, 4096, 4096), (4096, 4096)),
    _floats("attention 8 x 1024 x 64", _ATTENTION, (8 * 65536,) * 4, (8, 1024)),
    Subject(
        "histogram 16 M",
        _HISTOGRAM,
        (("unsigned char", _MILLIONS), ("unsigned int", 256)),
        (_MILLIONS,),
        "histogram",
    ),
    Subject("scan 4096 x 1024", _SCAN, (("int", _WIDE), ("int", _WIDE)), (4096, 1024), "scan"),
    _product("product", _PRODUCT, 512),
    _product("product", _PRODUCT, 1000),
    _product("product", _PRODUCT, 1024),
    _product("product", _PRODUCT, 2048),
    _product("tiled product", _TILED, 1024),
    _square("int8 dot products", _dot("signed char"), 512, "signed char", "int", "bytes"),
    _square("int16 dot products", _dot("short"), 512, "short", "int", ""),
)
