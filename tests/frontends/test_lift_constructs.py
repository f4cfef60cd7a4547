# ruff: noqa: E501, W291  (printed programs)
"""What CUDA constructs lift to: one small text each, the printed IR beside it."""

from __future__ import annotations

from tests.frontends.lifting import shown


def test_compound_conversions() -> None:
    """Implicit conversions are explicit casts: promotion, unsigned wrap, narrowing, half."""
    source = r"""
__global__ void k(unsigned char* p, short* s, half* h, float f, unsigned u, int i) {
  p[0] += 300; s[1] = f; h[2] = f; h[3] += h[4]; i = u; u = -i; f = i / 2 + u; p[1] = ~p[2]; i >>= 1; f *= 2.0;
  s[0] = (short)i * s[1]; h[5] = __hfma(h[0], h[1], h[2]);
}
"""
    expected = """\
__global__ void k(u8 *p, i16 *s, f16 *h, f32 f, u32 u, i32 i) {
  p[0] = (u8)((i32)p[0] + 300);
  s[1] = (i16)f;
  h[2] = (f16)f;
  h[3] = h[3] + h[4];
  i = (i32)u;
  u = (u32)-i;
  f = (f32)((u32)(i / 2) + u);
  p[1] = (u8)~(i32)p[2];
  i >>= 1;
  f = (f32)((f64)f * 2.0);
  s[0] = (i16)((i32)(i16)i * (i32)s[1]);
  h[5] = fma(h[0], h[1], h[2]);
}
"""
    assert shown(source) == expected


def test_side_effects() -> None:
    """++, --, assignments as values and commas become statements in C order."""
    source = r"""
__global__ void k(int* a, int n) {
  int i = 0;
  a[i++] = n; int j = i++ + ++n; a[j] = i--; while (n-- > 0) a[n] = 0;
  if (i > 0 && (j = a[i]) != 0) a[0] = j;
  int m = (i = 4, i + 1); a[m] = i > 2 ? a[j]++ : 7;
}
"""
    expected = """\
__global__ void k(i32 *a, i32 n) {
  i32 i = 0;
  i32 t = n;
  i32 old = i;
  i = old + 1;
  a[old] = t;
  i32 old_1 = i;
  i = old_1 + 1;
  n += 1;
  i32 j = old_1 + n;
  i32 old_2 = i;
  i = old_2 - 1;
  a[j] = old_2;
  while (true) {
    i32 old_3 = n;
    n = old_3 - 1;
    if (!(old_3 > 0)) {
      break;
    }
    a[n] = 0;
  }
  bool test = i > 0;
  if (test) {
    j = a[i];
    test = j != 0;
  }
  if (test) {
    a[0] = j;
  }
  i = 4;
  i32 m = i + 1;
  i32 choice;
  if (i > 2) {
    i32 old_4 = a[j];
    a[j] = old_4 + 1;
    choice = old_4;
  } else {
    choice = 7;
  }
  a[m] = choice;
}
"""
    assert shown(source) == expected


def test_loops() -> None:
    """Counting loops are canonical; a `continue` in any other loop still runs the step."""
    source = r"""
__global__ void k(float* a, int n, int s) {
  for (int i = 0; i <= n; i++) { if (a[i] < 0) continue; if (a[i] > 9) break; a[i] = 1; }
  for (unsigned i = threadIdx.x; i < n; i += blockDim.x) a[i] = 2;
  for (int i = n - 1; i >= 0; --i) { if (i == s) continue; a[i] += 1; }
  int k = 0; for (; k < n; ++k) a[k] *= 2;
  for (;;) { k++; if (k > 5) break; }
  do { k--; if (k == 3) continue; a[k] = 0; } while (k > 0);
  for (int i = 0, j = 5; i < j; ++i, --j) a[i] = j;
  for (int st = 1; st < n; st *= 2) a[st] = 0;
  a[k] = k;
}
"""
    expected = """\
__global__ void k(f32 *a, i32 n, i32 s) {
  for (i32 i = 0; i < n + 1; i += 1) {
    if (a[i] < 0.0f) {
      continue;
    }
    if (a[i] > 9.0f) {
      break;
    }
    a[i] = 1.0f;
  }
  for (u32 i_1 = threadIdx.x; i_1 < (u32)n; i_1 += blockDim.x) {
    a[i_1] = 2.0f;
  }
  i32 i_2 = n - 1;
  while (i_2 >= 0) {
    if (i_2 == s) {
      i_2 -= 1;
      continue;
    }
    a[i_2] += 1.0f;
    i_2 -= 1;
  }
  i32 k_1 = 0;
  for (i32 k_1_1 = 0; k_1_1 < n; k_1_1 += 1) {
    a[k_1_1] *= 2.0f;
  }
  k_1 = 0 < n ? n : 0;
  while (true) {
    k_1 += 1;
    if (k_1 > 5) {
      break;
    }
  }
  bool again = true;
  while (again) {
    k_1 -= 1;
    if (k_1 == 3) {
      again = k_1 > 0;
      continue;
    }
    a[k_1] = 0.0f;
    again = k_1 > 0;
  }
  i32 i_3 = 0;
  i32 j = 5;
  while (i_3 < j) {
    a[i_3] = (f32)j;
    i_3 += 1;
    j -= 1;
  }
  i32 st = 1;
  while (st < n) {
    a[st] = 0.0f;
    st *= 2;
  }
  a[k_1] = (f32)k_1;
}
"""
    assert shown(source) == expected


def test_switches() -> None:
    """Cases become a chain of ifs; fall-through repeats the next case."""
    source = r"""
enum Mode { ADD, MUL = 4, NOP };
__global__ void k(float* a, int m) {
  switch (m) { case ADD: a[0] += 1; break; case MUL: a[0] *= 2; case 9: a[1] = 3; break; case NOP: default: a[2] = 0; }
}
"""
    expected = """\
__global__ void k(f32 *a, i32 m) {
  i32 chosen = m;
  if (chosen == 0) {
    a[0] += 1.0f;
  } else if (chosen == 4) {
    a[0] *= 2.0f;
    a[1] = 3.0f;
  } else if (chosen == 9) {
    a[1] = 3.0f;
  } else {
    a[2] = 0.0f;
  }
}
"""
    assert shown(source) == expected


def test_pointers() -> None:
    """Pointer variables become offsets into their buffer; a pointer loop becomes a counting one."""
    source = r"""
__global__ void k(const float* x, float* y, int n) {
  const float* row = x + blockIdx.x * n; float* out = &y[blockIdx.x];
  float s = 0; const float* end = row + n;
  for (const float* p = row; p < end; ++p) s += *p;
  const float* q = row; s += *q++; q += 2; s += q[-1]; *out = s + (end - row);
}
"""
    expected = """\
__global__ void k(const f32 *x, f32 *y, i32 n) {
  f32 s = 0.0f;
  for (i64 p_1 = (i64)(blockIdx.x * (u32)n); p_1 < (i64)(blockIdx.x * (u32)n) + (i64)n; p_1 += 1LL) {
    s += x[p_1];
  }
  i64 q = (i64)(blockIdx.x * (u32)n);
  i64 t = q;
  q += 1LL;
  s += x[t];
  q += 2LL;
  s += x[q + -1LL];
  y[blockIdx.x] = s + (f32)((i64)(blockIdx.x * (u32)n) + (i64)n - (i64)(blockIdx.x * (u32)n));
}
"""
    assert shown(source) == expected


def test_vectors() -> None:
    """float4 and its kin are scalars; packed bytes are put together."""
    source = r"""
__global__ void k(const float4* a, float* b, const int8_t* c, int* d, uchar4* e) {
  int i = threadIdx.x; float4 v = a[i]; v.x += v.w; float4 w = make_float4(v.y, v.x, 0, 1);
  reinterpret_cast<float4*>(b)[i] = w; *(float2*)&b[2 * i] = make_float2(v.x, v.y);
  d[i] = __dp4a(*reinterpret_cast<const int*>(c + 4 * i), ((const int*)c)[i + 1], 0);
  uchar4 p = e[i]; p.y = 255 - p.x; e[i] = p;
}
"""
    expected = """\
__global__ void k(const f32 *a, f32 *b, const i8 *c, i32 *d, u8 *e) {
  i32 i = (i32)threadIdx.x;
  f32 v_x = a[(i64)i * 4LL];
  f32 v_y = a[(i64)i * 4LL + 1LL];
  f32 v_w = a[(i64)i * 4LL + 3LL];
  v_x += v_w;
  f32 w_x = v_y;
  f32 w_y = v_x;
  f32 w_z = 0.0f;
  f32 w_w = 1.0f;
  b[(i64)i * 4LL] = w_x;
  b[(i64)i * 4LL + 1LL] = w_y;
  b[(i64)i * 4LL + 2LL] = w_z;
  b[(i64)i * 4LL + 3LL] = w_w;
  b[2 * i] = v_x;
  b[(i64)(2 * i) + 1LL] = v_y;
  d[i] = dp4a((i32)((u32)(u8)c[4 * i] | ((u32)(u8)c[(i64)(4 * i) + 1LL] << 8) | ((u32)(u8)c[(i64)(4 * i) + 2LL] << 16) | ((u32)(u8)c[(i64)(4 * i) + 3LL] << 24)), (i32)((u32)(u8)c[(i64)(i + 1) * 4LL] | ((u32)(u8)c[(i64)(i + 1) * 4LL + 1LL] << 8) | ((u32)(u8)c[(i64)(i + 1) * 4LL + 2LL] << 16) | ((u32)(u8)c[(i64)(i + 1) * 4LL + 3LL] << 24)), 0);
  u8 p_x = e[(i64)i * 4LL];
  u8 p_y = e[(i64)i * 4LL + 1LL];
  u8 p_z = e[(i64)i * 4LL + 2LL];
  u8 p_w = e[(i64)i * 4LL + 3LL];
  p_y = (u8)(255 - (i32)p_x);
  e[(i64)i * 4LL] = p_x;
  e[(i64)i * 4LL + 1LL] = p_y;
  e[(i64)i * 4LL + 2LL] = p_z;
  e[(i64)i * 4LL + 3LL] = p_w;
}
"""
    assert shown(source) == expected


def test_structs() -> None:
    """A struct parameter is one parameter per field; struct memory is words."""
    source = r"""
struct Shape { int w, h; float scale[2]; }; struct Pair { float v; int i; };
__device__ Pair best(Pair a, Pair b) { return a.v > b.v ? a : b; }
__global__ void k(Shape s, const float* x, Pair* out) {
  Pair p{x[0], 0}; for (int i = 1; i < s.w * s.h; ++i) { Pair q; q.v = x[i] * s.scale[i % 2]; q.i = i; p = best(p, q); }
  out[0] = p; __shared__ Pair sh[32]; sh[threadIdx.x] = p; out[1].i = sh[0].i;
}
"""
    expected = """\
__global__ void k(i32 s_w, i32 s_h, f32 s_scale_0, f32 s_scale_1, const f32 *x, u32 *out) {
  __shared__ u32 sh[64];
  f32 s_scale[2];
  s_scale[0] = s_scale_0;
  s_scale[1] = s_scale_1;
  f32 p_v = x[0];
  i32 p_i = 0;
  for (i32 i = 1; i < s_w * s_h; i += 1) {
    f32 q_v;
    i32 q_i;
    q_v = x[i] * s_scale[i % 2];
    q_i = i;
    f32 a_v = p_v;
    i32 a_i = p_i;
    f32 b_v = q_v;
    i32 b_i = q_i;
    bool test = a_v > b_v;
    p_v = test ? a_v : b_v;
    p_i = test ? a_i : b_i;
  }
  out[0] = bits_u32(p_v);
  out[1] = (u32)p_i;
  sh[(i64)threadIdx.x * 2LL] = bits_u32(p_v);
  sh[(i64)threadIdx.x * 2LL + 1LL] = (u32)p_i;
  out[3] = (u32)(i32)sh[1];
}
"""
    assert shown(source) == expected


def test_functions() -> None:
    """Device functions are lifted in place: reference parameters, returns in loops."""
    source = r"""
__device__ void put(float& a, float* p, int i) { if (i < 0) return; a += p[i]; p[i] = a; }
__device__ int find(const int* a, int n, int v) { for (int i = 0; i < n; ++i) if (a[i] == v) return i; return -1; }
__global__ void k(float* x, const int* a, int n) { float s = 0; put(s, x + 1, n); put(s, x, find(a, n, 3)); x[n] = s; }
"""
    expected = """\
__global__ void k(f32 *x, const i32 *a, i32 n) {
  f32 s = 0.0f;
  if (!(n < 0)) {
    s += x[1LL + (i64)n];
    x[1LL + (i64)n] = s;
  }
  i32 find;
  bool done = false;
  for (i32 i = 0; i < n; i += 1) {
    if (a[i] == 3) {
      find = i;
      done = true;
      break;
    }
  }
  if (!done) {
    find = -1;
    done = true;
  }
  i32 i_1 = find;
  if (!(i_1 < 0)) {
    s += x[i_1];
    x[i_1] = s;
  }
  x[n] = s;
}
"""
    assert shown(source) == expected


def test_templates() -> None:
    """A launched instance: functor, static member, if constexpr, lambda with captures."""
    source = r"""
template <typename T> struct Max { __device__ T operator()(T a, T b) const { return a > b ? a : b; } static constexpr T low = T(-100); };
template <typename T, int B, typename Op> __global__ void red(const T* x, T* y, Op op) {
  __shared__ T s[B]; T v = Op::low;
  if constexpr (sizeof(T) == 4) v = op(v, x[threadIdx.x]); else v = x[0];
  auto twice = [&](T a) { return a + v; };
  s[threadIdx.x] = twice(v); __syncthreads();
  #pragma unroll
  for (int k = B / 2; k; k /= 2) { if (threadIdx.x < k) s[threadIdx.x] = op(s[threadIdx.x], s[threadIdx.x + k]); __syncthreads(); }
  y[0] = s[0];
}
void go(float* x, float* y) { red<float, 64><<<1, 64>>>(x, y, Max<float>()); }
"""
    expected = """\
launch_facts(blockDim.x = 64, blockDim.y = 1, blockDim.z = 1, gridDim.y = 1, gridDim.z = 1)
__global__ void red_float_64_Max_float(const f32 *x, f32 *y) {
  __shared__ f32 s[64];
  f32 v = -100.0f;
  f32 a = v;
  f32 b = x[threadIdx.x];
  v = a > b ? a : b;
  f32 a_1 = v;
  s[threadIdx.x] = a_1 + v;
  __syncthreads();
  i32 k = 32;
  while ((bool)k) {
    if (threadIdx.x < (u32)k) {
      f32 a_2 = s[threadIdx.x];
      f32 b_1 = s[threadIdx.x + (u32)k];
      s[threadIdx.x] = a_2 > b_1 ? a_2 : b_1;
    }
    __syncthreads();
    k /= 2;
  }
  y[0] = s[0];
}
"""
    assert shown(source) == expected


def test_shared() -> None:
    """Dynamic shared memory has a view per type; pointers to rows index the array."""
    source = r"""
__global__ void k(float* g, int n) {
  extern __shared__ char raw[]; float* a = (float*)raw; int* idx = (int*)(a + n); half* h = reinterpret_cast<half*>(&idx[n]);
  a[threadIdx.x] = g[0]; idx[threadIdx.x] = 1; h[threadIdx.x] = a[0];
  __shared__ float t[4][5]; float (*row)[5] = t; row[1][2] = 3; t[threadIdx.x][0] = 1; float* r = t[2]; r[1] = 4; g[1] = (*row)[0];
}
"""
    expected = """\
__global__ void k(f32 *g, i32 n) {
  dynamic_shared(i8, raw, 0);
  dynamic_shared(f32, raw_f32, 0);
  dynamic_shared(i32, raw_i32, 0);
  dynamic_shared(f16, raw_f16, 0);
  __shared__ f32 t[4][5];
  raw_f32[threadIdx.x] = g[0];
  raw_i32[(i64)n + (i64)threadIdx.x] = 1;
  raw_f16[((i64)n + (i64)n) * 2LL + (i64)threadIdx.x] = (f16)raw_f32[0];
  t[1][2] = 3.0f;
  t[threadIdx.x][0] = 1.0f;
  t[2][1] = 4.0f;
  g[1] = t[0][0];
}
"""
    assert shown(source) == expected


def test_flattened() -> None:
    """An element pointer that moves makes the array one-dimensional."""
    source = r"""
__global__ void k(float* g) { __shared__ float t[4][8]; float* p = &t[0][0]; p[threadIdx.x] = 1; __syncthreads(); g[0] = t[1][threadIdx.x]; 
  *reinterpret_cast<float4*>(&t[2][4]) = make_float4(1,2,3,4); }
"""
    expected = """\
__global__ void k(f32 *g) {
  __shared__ f32 t[32];
  t[threadIdx.x] = 1.0f;
  __syncthreads();
  g[0] = t[8LL + (i64)threadIdx.x];
  t[20] = 1.0f;
  t[21] = 2.0f;
  t[22] = 3.0f;
  t[23] = 4.0f;
}
"""
    assert shown(source) == expected


def test_warp() -> None:
    """Shuffles, votes and reductions of a warp, with and without masks."""
    source = r"""
__inline__ __device__ float sum(float v) { for (int o = 16; o > 0; o >>= 1) v += __shfl_xor_sync(0xffffffff, v, o); return v; }
__global__ void k(float* x, int* y, half* h) {
  float v = sum(x[threadIdx.x]); unsigned b = __ballot_sync(~0u, v > 0); y[0] = __popc(b); if (__any_sync(b, v < 0)) y[1] = 1;
  v += __shfl_down(v, 1); h[0] = __shfl_sync(~0u, h[1], 0, 16); y[2] = __syncthreads_count(v > 1); __syncwarp();
  y[3] = __reduce_add_sync(~0u, y[4]);
}
"""
    expected = """\
__global__ void k(f32 *x, i32 *y, f16 *h) {
  f32 v = x[threadIdx.x];
  i32 o = 16;
  while (o > 0) {
    f32 peer;
    peer = __shfl_xor_sync(0xffffffffu, v, o, 32);
    v += peer;
    o >>= 1;
  }
  f32 t = v;
  f32 v_1 = t;
  u32 v_ballot;
  v_ballot = __ballot_sync(0xffffffffu, (i32)(v_1 > 0.0f));
  u32 b = v_ballot;
  y[0] = popc(b);
  i32 vote;
  vote = __any_sync(b, (i32)(v_1 < 0.0f));
  if ((bool)vote) {
    y[1] = 1;
  }
  f32 peer_1;
  peer_1 = __shfl_down_sync(0xffffffffu, v_1, 1, 32);
  v_1 += peer_1;
  f16 peer_2;
  peer_2 = __shfl_sync(0xffffffffu, h[1], 0, 16);
  h[0] = peer_2;
  i32 vote_1;
  vote_1 = __syncthreads_count((i32)(v_1 > 1.0f));
  y[2] = vote_1;
  __syncwarp();
  i32 total;
  total = __reduce_add_sync(0xffffffffu, y[4]);
  y[3] = total;
}
"""
    assert shown(source) == expected


def test_volatile_warp() -> None:
    """Volatile shared memory: lockstep order is a warp barrier before and after the write."""
    source = r"""
__global__ void k(float* o) { __shared__ volatile float s[64]; int t = threadIdx.x; s[t] = t; __syncthreads();
  if (t < 32) { s[t] += s[t + 32]; s[t] += s[t + 16]; } o[0] = s[0]; }
__device__ void wr(volatile float* s, int t) { s[t] += s[t + 8]; }
__global__ void k2(float* o) { __shared__ float s[64]; wr(s, threadIdx.x); o[0] = s[0]; }
"""
    expected = """\
__global__ void k(f32 *o) {
  __shared__ f32 s[64];
  i32 t = (i32)threadIdx.x;
  f32 t_1 = (f32)t;
  __syncwarp();
  s[t] = t_1;
  __syncwarp();
  __syncthreads();
  if (t < 32) {
    f32 t_2 = s[t] + s[t + 32];
    __syncwarp();
    s[t] = t_2;
    __syncwarp();
    f32 t_3 = s[t] + s[t + 16];
    __syncwarp();
    s[t] = t_3;
    __syncwarp();
  }
  o[0] = s[0];
}

__global__ void k2(f32 *o) {
  __shared__ f32 s[64];
  f32 t = s[(i32)threadIdx.x] + s[(i32)threadIdx.x + 8];
  __syncwarp();
  s[(i32)threadIdx.x] = t;
  __syncwarp();
  o[0] = s[0];
}
"""
    assert shown(source) == expected


def test_groups() -> None:
    """Cooperative groups: tiles of a warp, ranks, reductions."""
    source = r"""
namespace cg = cooperative_groups;
__global__ void k(float* x) {
  cg::thread_block b = cg::this_thread_block(); auto t = cg::tiled_partition<16>(b); auto w = cg::tiled_partition<32>(b);
  float v = x[b.thread_rank()]; for (int o = t.size() / 2; o; o /= 2) v += t.shfl_down(v, o);
  v = cg::reduce(w, v, cg::plus<float>()); b.sync(); if (w.thread_rank() == 0) x[w.meta_group_rank()] = v; t.sync();
}
void go(float* x) { k<<<4, 128>>>(x); }
"""
    expected = """\
launch_facts(blockDim.x = 128, blockDim.y = 1, blockDim.z = 1, gridDim.y = 1, gridDim.z = 1)
__global__ void k(f32 *x) {
  f32 v = x[threadIdx.x];
  i32 o = 8;
  while ((bool)o) {
    f32 peer;
    peer = __shfl_down_sync(65535u << (threadIdx.x % 32u / 16u * 16u), v, (i32)(u32)o, 16);
    v += peer;
    o /= 2;
  }
  f32 total = v;
  f32 peer_1;
  peer_1 = __shfl_xor_sync(0xffffffffu, total, 16, 32);
  total += peer_1;
  f32 peer_2;
  peer_2 = __shfl_xor_sync(0xffffffffu, total, 8, 32);
  total += peer_2;
  f32 peer_3;
  peer_3 = __shfl_xor_sync(0xffffffffu, total, 4, 32);
  total += peer_3;
  f32 peer_4;
  peer_4 = __shfl_xor_sync(0xffffffffu, total, 2, 32);
  total += peer_4;
  f32 peer_5;
  peer_5 = __shfl_xor_sync(0xffffffffu, total, 1, 32);
  total += peer_5;
  v = total;
  __syncthreads();
  if (threadIdx.x % 32u == 0u) {
    x[(u64)(threadIdx.x / 32u)] = v;
  }
  __syncwarp();
}
"""
    assert shown(source) == expected


def test_wmma() -> None:
    """Fragments are tiles; the elements of a lane are a small buffer."""
    source = r"""
using namespace nvcuda;
__global__ void k(const half* a, const half* b, float* c) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa; wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::col_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> acc; wmma::fill_fragment(acc, 0.f);
  wmma::load_matrix_sync(fa, a, 16); wmma::load_matrix_sync(fb, b + 4, 16); wmma::mma_sync(acc, fa, fb, acc);
  for (int i = 0; i < acc.num_elements; i++) acc.x[i] *= 2;
  wmma::store_matrix_sync(c, acc, 16, wmma::mem_row_major);
}
"""
    expected = """\
__global__ void k(const f16 *a, const f16 *b, f32 *c) {
  tile(a, row, f16, 16, 16, 16, fa);
  tile(b, col, f16, 16, 16, 16, fb);
  tile(acc, row, f32, 16, 16, 16, acc);
  tile_fill(acc, 0.0f);
  tile_load(fa, &a[0], 16, row);
  tile_load(fb, &b[4], 16, col);
  tile_mma(acc, fa, fb, acc);
  for (i32 i = 0; i < 8; i += 1) {
    acc[i] *= 2.0f;
  }
  tile_store(acc, &c[0], 16, row);
}
"""
    assert shown(source) == expected


def test_constants() -> None:
    """Constants are inlined; device and constant memory are global buffers."""
    source = r"""
#define TAPS 3
__constant__ float w[TAPS]; __constant__ int scale = 2; __device__ unsigned count; const int R = 7; constexpr float F = 0.5f;
static __device__ const int table[4] = {1, 2, 3};
__global__ void k(float* x) { float acc[2] = {0}; int q[] = {1, 2}; for (int i = 0; i < TAPS; ++i) acc[i & 1] += w[i] * x[i + R]; x[0] = acc[0] * F * scale + table[1] + q[0]; atomicAdd(&count, 1u); atomicMax(&count, count);}
"""
    expected = """\
__constant__ f32 w[3];
__constant__ i32 scale[1] = {2};
__device__ i32 table[4] = {1, 2, 3, 0};
__device__ u32 count[1];

__global__ void k(f32 *x) {
  f32 acc[2] = {0.0f, 0.0f};
  i32 q[2] = {1, 2};
  for (i32 i = 0; i < 3; i += 1) {
    acc[i & 1] += w[i] * x[i + 7];
  }
  x[0] = acc[0] * 0.5f * (f32)scale[0] + (f32)table[1] + (f32)q[0];
  atomicAdd(&count[0], 1u);
  atomicMax(&count[0], count[0]);
}
"""
    assert shown(source) == expected


def test_halves() -> None:
    """Pairs of halves are handled by component."""
    source = r"""
__global__ void k(half2* a, const __nv_bfloat16* b, float* o) {
  half2 v = __hadd2(a[0], a[1]); v = __hmul2(v, __float2half2_rn(2.0f)); a[2] = v; float2 f = __half22float2(v);
  o[0] = f.x + __low2float(v) + __bfloat162float(b[0]) + (float)b[1]; o[1] = __half2float(hexp(__high2half(v)));
}
"""
    expected = """\
__global__ void k(f16 *a, const bf16 *b, f32 *o) {
  f16 t = a[0];
  f16 t_1 = a[1];
  f16 t_2 = a[2LL];
  f16 t_3 = a[3];
  f16 v_x = t + t_2;
  f16 v_y = t_1 + t_3;
  f16 t_4 = v_x;
  f16 t_5 = v_y;
  v_x = t_4 * (f16)2.0f;
  v_y = t_5 * (f16)2.0f;
  a[4LL] = v_x;
  a[5] = v_y;
  f32 f_x = (f32)v_x;
  o[0] = f_x + (f32)v_x + (f32)b[0] + (f32)b[1];
  o[1] = (f32)exp(v_y);
}
"""
    assert shown(source) == expected


def test_assertions() -> None:
    """An assertion is an assumption, not dropped."""
    source = r"""
__global__ void k(int* a, int n) { assert(n > 0); a[0] = n; }
"""
    expected = """\
__global__ void k(i32 *a, i32 n) {
  assume(n > 0);
  a[0] = n;
}
"""
    assert shown(source) == expected


def test_bits() -> None:
    """Bit casts and integer intrinsics."""
    source = r"""
__global__ void k(float* x, int* y) { int b = __float_as_int(x[0]); x[1] = __int_as_float(b ^ 1); y[0] = __clz(b) + __ffs(b) + __brev(b); y[1] = __mulhi(b, 3); x[2] = fminf(x[0], 1.0f) + max(b, 2) + abs(x[3]); x[3] = __fdividef(x[1], x[2]); x[4] = __expf(x[0]) + rsqrtf(x[1]); y[2] = __float2int_rn(x[0]); }
"""
    expected = """\
__global__ void k(f32 *x, i32 *y) {
  i32 b = (i32)bits_u32(x[0]);
  x[1] = from_bits_f32((u32)(b ^ 1));
  y[0] = (i32)((u32)(clz(b) + ffs(b)) + brev((u32)b));
  y[1] = mulhi(b, 3);
  x[2] = fmin(x[0], 1.0f) + (f32)max(b, 2) + fabs(x[3]);
  x[3] = x[1] / x[2];
  x[4] = exp(x[0]) + rsqrt(x[1]);
  f32 rounded = rint(x[0]);
  y[2] = (rounded >= -2147483600.0f) && (rounded < 2147483600.0f) ? (i32)rounded : (rounded >= 2147483600.0f ? 2147483647 : (rounded < -2147483600.0f ? -2147483648 : 0));
}
"""
    assert shown(source) == expected


def test_memory_view() -> None:
    """A variable that is indexed through a pointer lives in memory."""
    source = r"""
__device__ float& at(float4& v, int i) { return reinterpret_cast<float*>(&v)[i]; }
__global__ void k(float4* x, int n) { float4 v = x[0]; float s = 0; for (int i = 0; i < 4; ++i) s += at(v, i); x[n].x = s; float2 f; memcpy(&f, &x[1], sizeof(f)); x[2].y = f.y; }
"""
    expected = """\
__global__ void k(f32 *x, i32 n) {
  f32 v[4];
  v[0] = x[0];
  v[1] = x[1];
  v[2] = x[2];
  v[3] = x[3];
  f32 s = 0.0f;
  for (i32 i = 0; i < 4; i += 1) {
    s += v[i];
  }
  x[(i64)n * 4LL] = s;
  f32 f_y;
  f32 t_1 = x[5];
  f_y = t_1;
  x[9] = f_y;
}
"""
    assert shown(source) == expected


def test_defaults() -> None:
    """Constructors, member initialisers, operators."""
    source = r"""
struct S { float m = -1; int c = 0; }; struct V { float a, b; __device__ V(float x) : a(x), b(2) { b += x; } __device__ float sum() const { return a + b; } __device__ V& operator+=(const V& o) { a += o.a; return *this; } };
__device__ V operator*(const V& v, float s) { V r(v.a * s); return r; }
__global__ void k(float* x) { S s; S z{}; V v(x[0]); v += V(x[1]); V w = v * 3.f; x[0] = s.m + v.sum() + w.b + z.c; }
"""
    expected = """\
__global__ void k(f32 *x) {
  f32 s_m = -1.0f;
  f32 object_a;
  f32 object_b;
  f32 x_1 = x[0];
  object_a = x_1;
  object_b = 2.0f;
  object_b += x_1;
  f32 v_a = object_a;
  f32 v_b = object_b;
  f32 object_a_1;
  f32 x_2 = x[1];
  object_a_1 = x_2;
  f32 o_a = object_a_1;
  v_a += o_a;
  f32 object_b_2;
  f32 x_3 = v_a * 3.0f;
  object_b_2 = 2.0f;
  object_b_2 += x_3;
  f32 r_b = object_b_2;
  f32 w_b = r_b;
  x[0] = s_m + (v_a + v_b) + w_b + 0.0f;
}
"""
    assert shown(source) == expected


def test_a_loop_that_moves_two_variables_counts_by_one_of_them() -> None:
    source = """
        __global__ void k(float *x, int n) {
          float sum = 0;
          for (int i = 0, tile = 0; i < n; i += blockDim.x, tile++) sum += x[tile * blockDim.x + threadIdx.x];
          for (int i = 0, j = 0; i < n; i++, j = i * 2) sum += x[j];
          x[0] = sum;
        }
    """
    text = shown(source)
    assert "i_1 < n; i_1 += (i32)blockDim.x" in text
    assert text.count("while") == 1  # the second step reads the counter behind its own


def test_a_loop_with_several_bounds_counts_to_the_least() -> None:
    """`k < 16 && first + k < n` is how tiled kernels stop at an edge; a read in the second condition keeps C's order."""
    source = r"""
__global__ void k(float* y, const int* ends, int n, int first, unsigned u) {
  for (int t = 0; t < 16 && first + t < n; ++t) y[t] = 1.f;
  for (int t = 0; t < 16 && n >= threadIdx.x + first + t; ++t) y[t] = 2.f;
  for (int t = 0; t < 16 && t < ends[first]; ++t) y[t] = 3.f;
  for (int t = 0; t < n && y[t] > 0.f; ++t) y[t] = 4.f;
}
"""
    expected = """\
__global__ void k(f32 *y, const i32 *ends, i32 n, i32 first, u32 u) {
  for (i32 t = 0; t < min(16, n - first); t += 1) {
    y[t] = 1.0f;
  }
  i32 t_1 = 0;
  while ((t_1 < 16) && ((u32)n >= threadIdx.x + (u32)first + (u32)t_1)) {
    y[t_1] = 2.0f;
    t_1 += 1;
  }
  i32 t_2 = 0;
  while ((t_2 < 16) && (t_2 < ends[first])) {
    y[t_2] = 3.0f;
    t_2 += 1;
  }
  i32 t_3 = 0;
  while ((t_3 < n) && (y[t_3] > 0.0f)) {
    y[t_3] = 4.0f;
    t_3 += 1;
  }
}
"""
    assert shown(source) == expected
