# ruff: noqa: E501, W291  (printed programs)
"""What statements and functions lift to: one small text each, the printed IR beside it."""

from __future__ import annotations

from tests.frontends.lifting import shown


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
