"""Small kernels in the printed form of the IR, for tests of the verifier: one idea each."""

from __future__ import annotations

from typing import Final

from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import parse_module

__all__ = ["PROGRAMS", "program"]

PROGRAMS: Final[dict[str, str]] = {
    "vector_add": """
__global__ void vector_add(const f32 *a, const f32 *b, f32 *c, i32 n) {
  i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) { c[i] = a[i] + b[i]; }
}
""",
    "saxpy": """
__global__ void saxpy(i32 n, f32 alpha, const f32 *x, f32 *y) {
  for (i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x); i < n; i += (i32)(gridDim.x * blockDim.x)) {
    y[i] = alpha * x[i] + y[i];
  }
}
""",
    "block_sum": """
__global__ void block_sum(const f32 *in, f32 *out, i32 n) {
  __shared__ f32 part[128];
  i32 tid = (i32)threadIdx.x;
  f32 sum = 0.0f;
  for (i32 i = (i32)blockIdx.x * 128 + tid; i < n; i += (i32)gridDim.x * 128) { sum = sum + in[i]; }
  part[tid] = sum;
  __syncthreads();
  i32 s = 64;
  while (s > 0) {
    if (tid < s) { part[tid] = part[tid] + part[tid + s]; }
    __syncthreads();
    s = s / 2;
  }
  if (tid == 0) { out[blockIdx.x] = part[0]; }
}
""",
    "stencil": """
__global__ void stencil(const f32 *in, f32 *out, i32 n) {
  __shared__ f32 tile[130];
  i32 g = (i32)(blockIdx.x * 128u + threadIdx.x);
  i32 l = (i32)threadIdx.x + 1;
  tile[l] = g < n ? in[g] : 0.0f;
  if (threadIdx.x == 0u) { tile[0] = g > 0 ? in[g - 1] : 0.0f; }
  if (threadIdx.x == 127u) { tile[129] = g + 1 < n ? in[g + 1] : 0.0f; }
  __syncthreads();
  if (g < n) { out[g] = 0.25f * tile[l - 1] + 0.5f * tile[l] + 0.25f * tile[l + 1]; }
}
""",
    "matmul": """
__global__ void matmul(const f32 *A, const f32 *B, f32 *C, i32 M, i32 N, i32 K) {
  __shared__ f32 As[16][16];
  __shared__ f32 Bs[16][16];
  i32 tx = (i32)threadIdx.x;
  i32 ty = (i32)threadIdx.y;
  i32 row = (i32)blockIdx.y * 16 + ty;
  i32 col = (i32)blockIdx.x * 16 + tx;
  f32 acc = 0.0f;
  for (i32 t = 0; t < (K + 15) / 16; t += 1) {
    As[ty][tx] = row < M && t * 16 + tx < K ? A[row * K + t * 16 + tx] : 0.0f;
    Bs[ty][tx] = col < N && t * 16 + ty < K ? B[(t * 16 + ty) * N + col] : 0.0f;
    __syncthreads();
    for (i32 k = 0; k < 16; k += 1) { acc = acc + As[ty][k] * Bs[k][tx]; }
    __syncthreads();
  }
  if (row < M && col < N) { C[row * N + col] = acc; }
}
""",
    "transpose": """
__global__ void transpose(const f32 *in, f32 *out, i32 w, i32 h) {
  __shared__ f32 tile[16][17];
  i32 x = (i32)(blockIdx.x * 16u + threadIdx.x);
  i32 y = (i32)(blockIdx.y * 16u + threadIdx.y);
  if (x < w && y < h) { tile[threadIdx.y][threadIdx.x] = in[y * w + x]; }
  __syncthreads();
  i32 tx = (i32)(blockIdx.y * 16u + threadIdx.x);
  i32 ty = (i32)(blockIdx.x * 16u + threadIdx.y);
  if (tx < h && ty < w) { out[ty * h + tx] = tile[threadIdx.x][threadIdx.y]; }
}
""",
    "softmax": """
__global__ void softmax(const f32 *x, f32 *y, i32 cols) {
  __shared__ f32 red[64];
  i32 tid = (i32)threadIdx.x;
  i32 base = (i32)blockIdx.x * cols;
  f32 top = -3.402823466e+38f;
  for (i32 i = tid; i < cols; i += 64) { top = fmax(top, x[base + i]); }
  red[tid] = top;
  __syncthreads();
  i32 s = 32;
  while (s > 0) {
    if (tid < s) { red[tid] = fmax(red[tid], red[tid + s]); }
    __syncthreads();
    s = s / 2;
  }
  f32 peak = red[0];
  __syncthreads();
  f32 sum = 0.0f;
  for (i32 j = tid; j < cols; j += 64) {
    f32 e = exp(x[base + j] - peak);
    y[base + j] = e;
    sum = sum + e;
  }
  red[tid] = sum;
  __syncthreads();
  i32 q = 32;
  while (q > 0) {
    if (tid < q) { red[tid] = red[tid] + red[tid + q]; }
    __syncthreads();
    q = q / 2;
  }
  f32 total = red[0];
  for (i32 k = tid; k < cols; k += 64) { y[base + k] = y[base + k] / total; }
}
""",
    "conv2d": """
__constant__ f32 c_filter[9] = {0.5f, -1.25f, 0.75f, 2.0f, 1.5f, -0.5f, 0.25f, 3.0f, -2.0f};
__global__ void conv2d(const f32 *image, f32 *result, i32 height, i32 width) {
  i32 col = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  i32 row = (i32)(blockIdx.y * blockDim.y + threadIdx.y);
  if (row >= height || col >= width) { return; }
  f32 value = 0.0f;
  for (i32 dy = -1; dy < 2; dy += 1) {
    for (i32 dx = -1; dx < 2; dx += 1) {
      i32 y = row + dy;
      i32 x = col + dx;
      if (y < 0 || y >= height || x < 0 || x >= width) { continue; }
      value = value + image[y * width + x] * c_filter[(dy + 1) * 3 + dx + 1];
    }
  }
  result[row * width + col] = value;
}
""",
    "maxpool": """
__global__ void maxpool(const f32 *input, f32 *output) {
  i32 idx = (i32)(blockIdx.x * 256u + threadIdx.x);
  i32 c = idx % 4;
  i32 w = idx / 4 % 7;
  i32 h = idx / 28 % 7;
  i32 n = idx / 196;
  if (n < 3) {
    f32 best = -3.402823466e+38f;
    for (i32 kh = 0; kh < 2; kh += 1) {
      for (i32 kw = 0; kw < 2; kw += 1) {
        best = fmax(best, input[((n * 14 + h * 2 + kh) * 14 + w * 2 + kw) * 4 + c]);
      }
    }
    output[idx] = best;
  }
}
""",
    "histogram": """
__global__ void histogram(const u8 *data, i32 n, u32 *bins) {
  __shared__ u32 local[256];
  for (u32 b = threadIdx.x; b < 256u; b += blockDim.x) { local[b] = 0u; }
  __syncthreads();
  for (i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x); i < n; i += (i32)(blockDim.x * gridDim.x)) {
    atomicAdd(&local[data[i]], 1u);
  }
  __syncthreads();
  for (u32 c = threadIdx.x; c < 256u; c += blockDim.x) {
    if (local[c] > 0u) { atomicAdd(&bins[c], local[c]); }
  }
}
""",
    "warp_sum": """
__global__ void warp_sum(const f32 *matrix, f32 *sums, i32 cols) {
  f32 value = 0.0f;
  i32 lane = (i32)threadIdx.x;
  for (i32 c = lane; c < cols; c += 32) { value = value + matrix[(i32)blockIdx.x * cols + c]; }
  f32 other = 0.0f;
  i32 delta = 16;
  while (delta > 0) {
    other = __shfl_down_sync(4294967295u, value, delta, 32);
    value = value + other;
    delta = delta / 2;
  }
  if (lane == 0) { sums[blockIdx.x] = value; }
}
""",
    "quantised_dot": """
__global__ void quantised_dot(const i8 *a, const i8 *b, i32 *c, i32 m, i32 n, i32 k) {
  i32 col = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  i32 row = (i32)(blockIdx.y * blockDim.y + threadIdx.y);
  if (row >= m || col >= n) { return; }
  i32 acc = 0;
  for (i32 i = 0; i < k; i += 1) { acc = acc + (i32)a[row * k + i] * (i32)b[col * k + i]; }
  c[row * n + col] = acc;
}
""",
    "gather": """
__global__ void gather(const f32 *table, const i32 *rows, f32 *out, i32 n, i32 width) {
  i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n * width) { out[i] = table[rows[i / width] * width + i % width]; }
}
""",
    "scan": """
__global__ void scan(const i32 *in, i32 *out, i32 n) {
  __shared__ i32 buffer[2][64];
  i32 tid = (i32)threadIdx.x;
  i32 gid = (i32)blockIdx.x * 64 + tid;
  i32 cur = 0;
  buffer[cur][tid] = gid < n ? in[gid] : 0;
  __syncthreads();
  i32 offset = 1;
  while (offset < 64) {
    i32 next = 1 - cur;
    if (tid >= offset) {
      buffer[next][tid] = buffer[cur][tid] + buffer[cur][tid - offset];
    } else {
      buffer[next][tid] = buffer[cur][tid];
    }
    cur = next;
    __syncthreads();
    offset = offset * 2;
  }
  if (gid < n) { out[gid] = buffer[cur][tid]; }
}
""",
    "half_scale": """
__global__ void half_scale(const f16 *x, f16 *y, f32 scale, i32 n) {
  i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) { y[i] = (f16)((f32)x[i] * scale); }
}
""",
}


def program(name: str) -> Module:
    """One of `PROGRAMS`, parsed."""
    return parse_module(PROGRAMS[name])
