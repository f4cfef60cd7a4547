"""Subjects written down in the IR, for passes that leave CUDA sources alone or find them too large.

The front end inlines device functions as it lifts, so programs that still call some are written here. Fragments
of whole warps' products take more steps than a run of the benchmark may, those of doubles (8 x 8 x 4) do not.
"""

from __future__ import annotations

__all__ = ["WRITTEN", "Sizes"]

_HEAD = (
    "launch_facts(blockDim.x = 8, blockDim.y = 1, blockDim.z = 1, gridDim.y = 1, gridDim.z = 1)\n"
)
_PLACE = "  i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);\n"

_CLAMPED = f"""\
__device__ f32 clamped(f32 x, f32 low, f32 high) {{
  if (x < low) {{ return low; }}
  if (x > high) {{ return high; }}
  return x;
}}
{_HEAD}__global__ void clamp_all(const f32 *in, f32 *out, i32 n) {{
{_PLACE}  if (i < n) {{
    f32 r;
    r = clamped(in[i], -0.5f, 1.5f);
    out[i] = r * 2.0f;
  }}
}}
"""

_WINDOW = f"""\
__device__ i32 window(const i32 *p, i32 first, i32 end, i32 &most) {{
  i32 sum = 0;
  for (i32 k = first; k < end; k += 1) {{
    sum = sum + p[k];
    if (p[k] > most) {{ most = p[k]; }}
  }}
  return sum;
}}
{_HEAD}__global__ void windows(const i32 *in, i32 *sums, i32 *largest, i32 n) {{
{_PLACE}  if (i < n) {{
    i32 most = in[i];
    i32 r;
    r = window(in, max(i - 2, 0), min(i + 3, n), ref(most));
    sums[i] = r;
    largest[i] = most;
  }}
}}
"""

_BLOCK_SUM = f"""\
__device__ f32 block_sum(f32 v, f32 *s) {{
  s[threadIdx.x] = v;
  __syncthreads();
  f32 sum = 0.0f;
  for (i32 k = 0; k < 8; k += 1) {{ sum = sum + s[k]; }}
  __syncthreads();
  return sum;
}}
{_HEAD}__global__ void centred(const f32 *in, f32 *out, i32 n) {{
  __shared__ f32 part[8];
{_PLACE}  f32 x = 0.0f;
  if (i < n) {{ x = in[i]; }}
  f32 total;
  total = block_sum(x, &part[0]);
  f32 square;
  square = block_sum(x * x, &part[0]);
  if (i < n) {{ out[i] = (x - total / 8.0f) * square; }}
}}
"""

_PRODUCT = """\
launch_facts(blockDim.x = 32, blockDim.y = 1, blockDim.z = 1, gridDim.z = 1)
__global__ void product(const f64 *A, const f64 *B, f64 *C, i32 k, i32 n) {
  tile(a, ROW_A, f64, 8, 8, 4, fa);
  tile(b, ROW_B, f64, 8, 8, 4, fb);
  tile(acc, row, f64, 8, 8, 4, fc);
  tile_fill(fc, 0.0);
  for (i32 s = 0; s < k; s += 4) {
    tile_load(fa, &A[(i32)blockIdx.y * 8 * k + s], k, ROW_A);
    tile_load(fb, &B[ADDRESS_B], LEADING_B, ROW_B);
    tile_mma(fc, fa, fb, fc);
  }
  tile_store(fc, &C[(i32)blockIdx.y * 8 * n + (i32)blockIdx.x * 8], n, row);
}
"""


def _product(row_b: str, address: str, leading: str) -> str:
    text = _PRODUCT.replace("ROW_A", "row").replace("ROW_B", row_b)
    return text.replace("ADDRESS_B", address).replace("LEADING_B", leading)


Sizes = tuple[tuple[str, tuple[int, ...]], ...]

# whole fragments only, and few: one is 256 products
_FRAGMENTS: Sizes = (("k", (8, 16, 12, 4)), ("n", (16, 8, 8, 16)), ("blocks_y", (2, 1, 2, 1)))

WRITTEN: tuple[tuple[str, str, Sizes], ...] = (
    ("written/clamped", _CLAMPED, ()),
    ("written/window", _WINDOW, ()),
    ("written/block_sum", _BLOCK_SUM, ()),
    ("written/fragments", _product("row", "s * n + (i32)blockIdx.x * 8", "n"), _FRAGMENTS),
    ("written/fragments_column", _product("col", "(i32)blockIdx.x * 8 * k + s", "k"), _FRAGMENTS),
)
"""Name and text of each program, which holds one kernel, and its sizes where they are not those that are inferred."""
