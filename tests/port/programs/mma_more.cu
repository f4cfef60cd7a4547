// mma.sync on TF32, bytes and doubles, compared with plain loops on the host. Each shape's operands are taken from row-major
// matrices at the places that the PTX ISA names.
#include <cstdio>
#include <cstring>
#include <cuda_runtime.h>

__device__ unsigned bits(float value) { return __float_as_uint(value); }

__global__ void tf32(float *c, const float *a, const float *b) {  // 16 x 8 by 8 x 8
  int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  c += (threadIdx.x / 32) * 256;
  unsigned x[4] = {bits(a[g * 8 + t]), bits(a[(g + 8) * 8 + t]), bits(a[g * 8 + t + 4]), bits(a[(g + 8) * 8 + t + 4])};
  unsigned y[2] = {bits(b[t * 8 + g]), bits(b[(t + 4) * 8 + g])};
  float d[4] = {1, 1, 1, 1};
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
  for (int e = 0; e < 4; ++e) c[(g + 8 * (e / 2)) * 8 + 2 * t + e % 2] = d[e];
  for (int e = 0; e < 4; ++e) d[e] = 1;
  for (int k = 0; k < 2; ++k)
    asm volatile("mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(x[2 * k]), "r"(x[2 * k + 1]), "r"(y[k]));
  for (int e = 0; e < 4; ++e) c[128 + (g + 8 * (e / 2)) * 8 + 2 * t + e % 2] = d[e];
}

__device__ unsigned four(const unsigned char *p, int stride) {
  return p[0] | p[stride] << 8 | p[2 * stride] << 16 | static_cast<unsigned>(p[3 * stride]) << 24;
}

__global__ void bytes(int *c, const unsigned char *a, const unsigned char *b) {  // 16 x 32 by 32 x 8
  int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  c += (threadIdx.x / 32) * 704;
  unsigned x[4], y[2];
  for (int i = 0; i < 4; ++i) x[i] = four(a + (g + 8 * (i % 2)) * 32 + 4 * t + 16 * (i / 2), 1);
  for (int i = 0; i < 2; ++i) y[i] = four(b + (4 * t + 16 * i) * 8 + g, 8);
  int d[5][4], e[2][2];
  for (int p = 0; p < 5; ++p)
    for (int i = 0; i < 4; ++i) d[p][i] = 1;
  for (int i = 0; i < 2; ++i) e[i][0] = e[i][1] = 1;
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+r"(d[0][0]), "+r"(d[0][1]), "+r"(d[0][2]), "+r"(d[0][3])
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.u8.u8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+r"(d[1][0]), "+r"(d[1][1]), "+r"(d[1][2]), "+r"(d[1][3])
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+r"(d[2][0]), "+r"(d[2][1]), "+r"(d[2][2]), "+r"(d[2][3])
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
  for (int k = 0; k < 2; ++k) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
                 : "+r"(d[3][0]), "+r"(d[3][1]), "+r"(d[3][2]), "+r"(d[3][3])
                 : "r"(x[2 * k]), "r"(x[2 * k + 1]), "r"(y[k]));
    asm volatile("mma.sync.aligned.m16n8k16.row.col.s32.s8.u8.s32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
                 : "+r"(d[4][0]), "+r"(d[4][1]), "+r"(d[4][2]), "+r"(d[4][3])
                 : "r"(x[2 * k]), "r"(x[2 * k + 1]), "r"(y[k]));
    for (int half = 0; half < 2; ++half)
      asm volatile("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0,%1}, {%2}, {%3}, {%0,%1};"
                   : "+r"(e[half][0]), "+r"(e[half][1])
                   : "r"(x[2 * k + half]), "r"(y[k]));
  }
  for (int p = 0; p < 5; ++p)
    for (int i = 0; i < 4; ++i) c[p * 128 + (g + 8 * (i / 2)) * 8 + 2 * t + i % 2] = d[p][i];
  c += 640;
  // The rows of both halves, added: 8 x 8 x 16 twice.
  for (int i = 0; i < 2; ++i) c[g * 8 + 2 * t + i] = e[0][i] - e[1][i];
}

__global__ void doubles(double *c, const double *a, const double *b) {  // 16 x 16 by 16 x 8
  int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  c += (threadIdx.x / 32) * 512;
  double x[8], y[4], d[4] = {1, 1, 1, 1};
  for (int i = 0; i < 8; ++i) x[i] = a[(g + 8 * (i % 2)) * 16 + 4 * (i / 2) + t];
  for (int i = 0; i < 4; ++i) y[i] = b[(4 * i + t) * 8 + g];
  for (int k = 0; k < 4; ++k)
    for (int half = 0; half < 2; ++half)
      asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0,%1}, {%2}, {%3}, {%0,%1};"
                   : "+d"(d[2 * half]), "+d"(d[2 * half + 1])
                   : "d"(x[2 * k + half]), "d"(y[k]));
  for (int e = 0; e < 4; ++e) c[(g + 8 * (e / 2)) * 8 + 2 * t + e % 2] = d[e], d[e] = 1;
  for (int k = 0; k < 4; ++k)
    asm volatile("mma.sync.aligned.m16n8k4.row.col.f64.f64.f64.f64 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
                 : "+d"(d[0]), "+d"(d[1]), "+d"(d[2]), "+d"(d[3])
                 : "d"(x[2 * k]), "d"(x[2 * k + 1]), "d"(y[k]));
  for (int e = 0; e < 4; ++e) c[128 + (g + 8 * (e / 2)) * 8 + 2 * t + e % 2] = d[e], d[e] = 1;
  for (int k = 0; k < 2; ++k)
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f64.f64.f64.f64 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+d"(d[0]), "+d"(d[1]), "+d"(d[2]), "+d"(d[3])
                 : "d"(x[4 * k]), "d"(x[4 * k + 1]), "d"(x[4 * k + 2]), "d"(x[4 * k + 3]), "d"(y[2 * k]), "d"(y[2 * k + 1]));
  for (int e = 0; e < 4; ++e) c[256 + (g + 8 * (e / 2)) * 8 + 2 * t + e % 2] = d[e], d[e] = 1;
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f64.f64.f64.f64 {%0,%1,%2,%3}, {%4,%5,%6,%7,%8,%9,%10,%11}, {%12,%13,%14,%15}, "
      "{%0,%1,%2,%3};"
      : "+d"(d[0]), "+d"(d[1]), "+d"(d[2]), "+d"(d[3])
      : "d"(x[0]), "d"(x[1]), "d"(x[2]), "d"(x[3]), "d"(x[4]), "d"(x[5]), "d"(x[6]), "d"(x[7]), "d"(y[0]), "d"(y[1]),
        "d"(y[2]), "d"(y[3]));
  for (int e = 0; e < 4; ++e) c[384 + (g + 8 * (e / 2)) * 8 + 2 * t + e % 2] = d[e];
}

static int wrong = 0;

template <class T> void compare(const char *what, int part, int i, int j, T got, T wanted) {
  if (got != wanted && wrong++ < 5)
    printf("%s %d (%d, %d): %g, not %g\n", what, part, i, j, static_cast<double>(got), static_cast<double>(wanted));
}

template <class A, class B> int product(const unsigned char *a, const unsigned char *b, int i, int j) {
  int sum = 0;
  for (int k = 0; k < 32; ++k) sum += static_cast<A>(a[i * 32 + k]) * static_cast<B>(b[k * 8 + j]);
  return sum;
}

template <class T> T *on_device(const T *from, size_t count) {
  T *to;
  cudaMalloc(&to, count * sizeof(T));
  if (from) cudaMemcpy(to, from, count * sizeof(T), cudaMemcpyHostToDevice);
  return to;
}

int main() {
  static float fa[128], fb[64], fc[512];
  for (int i = 0; i < 128; ++i) fa[i] = (i * 7 % 23) - 11;
  for (int i = 0; i < 64; ++i) fb[i] = (i * 5 % 19) - 9;
  float *dc = on_device<float>(nullptr, 512);
  tf32<<<1, 64>>>(dc, on_device(fa, 128), on_device(fb, 64));
  cudaMemcpy(fc, dc, sizeof fc, cudaMemcpyDeviceToHost);
  for (int part = 0; part < 4; ++part)
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 8; ++j) {
        float sum = 1;
        for (int k = 0; k < 8; ++k) sum += fa[i * 8 + k] * fb[k * 8 + j];
        compare("tf32", part, i, j, fc[part * 128 + i * 8 + j], sum);
      }

  static unsigned char ba[512], bb[256];
  static int bc[1408];
  for (int i = 0; i < 512; ++i) ba[i] = static_cast<unsigned char>(i * 37 + 11);
  for (int i = 0; i < 256; ++i) bb[i] = static_cast<unsigned char>(i * 91 + 5);
  int *ic = on_device<int>(nullptr, 1408);
  bytes<<<1, 64>>>(ic, on_device(ba, 512), on_device(bb, 256));
  cudaMemcpy(bc, ic, sizeof bc, cudaMemcpyDeviceToHost);
  for (int warp = 0; warp < 2; ++warp)
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 8; ++j) {
        using S = signed char;
        using U = unsigned char;
        int ss = product<S, S>(ba, bb, i, j);
        int sums[5] = {ss, product<U, U>(ba, bb, i, j), product<U, S>(ba, bb, i, j), ss, product<S, U>(ba, bb, i, j)};
        for (int p = 0; p < 5; ++p) compare("bytes", p, i, j, bc[warp * 704 + p * 128 + i * 8 + j], sums[p] + 1);
        if (i < 8)
          compare("bytes", 5, i, j, bc[warp * 704 + 640 + i * 8 + j], ss - product<S, S>(ba, bb, i + 8, j));
      }

  static double xa[256], xb[128], xc[1024];
  for (int i = 0; i < 256; ++i) xa[i] = (i * 7 % 23) - 11;
  for (int i = 0; i < 128; ++i) xb[i] = (i * 5 % 19) - 9;
  double *ec = on_device<double>(nullptr, 1024);
  doubles<<<1, 64>>>(ec, on_device(xa, 256), on_device(xb, 128));
  cudaMemcpy(xc, ec, sizeof xc, cudaMemcpyDeviceToHost);
  for (int part = 0; part < 8; ++part)
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 8; ++j) {
        double sum = 1;
        for (int k = 0; k < 16; ++k) sum += xa[i * 16 + k] * xb[k * 8 + j];
        compare("double", part, i, j, xc[part * 128 + i * 8 + j], sum);
      }
  printf("%d wrong, %s\n", wrong, cudaGetErrorString(cudaDeviceSynchronize()));
  return wrong != 0;
}
