# ruff: noqa: E501  (printed programs)
"""What expressions lift to: one small text each, the printed IR beside it."""

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
