// Products of 16 x K by K x 8 matrices by ldmatrix and mma.sync, compared with plain loops on the host.
#include <cstdio>
#include <cstring>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

__device__ unsigned pair(const unsigned short *p, int stride) {
  return p[0] | static_cast<unsigned>(p[stride]) << 16;
}

__global__ void product(float *c, const half *a, const half *b, const unsigned short *p, const unsigned short *q) {
  __shared__ alignas(16) half sa[16 * 16], sb[16 * 8];
  int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  for (int i = lane; i < 256; i += 32) sa[i] = a[i];
  for (int i = lane; i < 128; i += 32) sb[i] = b[i];
  __syncthreads();
  c += (threadIdx.x / 32) * 384;

  unsigned x[4], y[2];
  unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(sa + (lane % 16) * 16 + (lane / 16) * 8));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
               : "r"(at));
  unsigned bt = static_cast<unsigned>(__cvta_generic_to_shared(sb + (lane % 16) * 8));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];\n" : "=r"(y[0]), "=r"(y[1]) : "r"(bt));
  float d[4] = {1, 1, 1, 1};
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
      "{%0,  %1,  %2,  %3},"
      "{%4,  %5,  %6,  %7},"
      "{%8,  %9},"
      "{%10, %11, %12, %13};\n"
      : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
      : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]), "f"(d[0]), "f"(d[1]), "f"(d[2]), "f"(d[3]));
  for (int e = 0; e < 4; ++e) c[(g + 8 * (e / 2)) * 8 + 2 * t + e % 2] = d[e];

  // The same in two steps of 16 x 8 x 8, with sums of halves.
  half2 one = __floats2half2_rn(1, 1);
  unsigned h[2];
  memcpy(&h[0], &one, 4);
  memcpy(&h[1], &one, 4);
  for (int k = 0; k < 2; ++k)
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 {%0, %1}, {%2, %3}, {%4}, {%0, %1};\n"
                 : "+r"(h[0]), "+r"(h[1])
                 : "r"(x[2 * k]), "r"(x[2 * k + 1]), "r"(y[k]));
  for (int e = 0; e < 4; ++e) {
    half2 v;
    memcpy(&v, &h[e / 2], 4);
    c[128 + (g + 8 * (e / 2)) * 8 + 2 * t + e % 2] = e % 2 ? __high2float(v) : __low2float(v);
  }

  // bfloat16, words put together by hand.
  unsigned u[4], v[2];
  for (int i = 0; i < 4; ++i) u[i] = pair(p + (g + 8 * (i % 2)) * 16 + 2 * t + 8 * (i / 2), 1);
  for (int i = 0; i < 2; ++i) v[i] = pair(q + (2 * t + 8 * i) * 8 + g, 8);
  for (int e = 0; e < 4; ++e) d[e] = 1;
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(u[0]), "r"(u[1]), "r"(u[2]), "r"(u[3]), "r"(v[0]), "r"(v[1]));
  for (int e = 0; e < 4; ++e) c[256 + (g + 8 * (e / 2)) * 8 + 2 * t + e % 2] = d[e];
}

unsigned short bfloat(float value) {
  unsigned bits;
  memcpy(&bits, &value, 4);
  return static_cast<unsigned short>(bits >> 16);
}

int main() {
  static half a[256], b[128];
  static unsigned short p[256], q[128];
  static float fa[256], fb[128], c[768];
  for (int i = 0; i < 256; ++i) fa[i] = (i * 7 % 23) - 11, a[i] = __float2half(fa[i]), p[i] = bfloat(fa[i]);
  for (int i = 0; i < 128; ++i) fb[i] = (i * 5 % 19) - 9, b[i] = __float2half(fb[i]), q[i] = bfloat(fb[i]);
  half *da, *db;
  unsigned short *dp, *dq;
  float *dc;
  cudaMalloc(&da, sizeof a), cudaMalloc(&db, sizeof b), cudaMalloc(&dc, sizeof c);
  cudaMalloc(&dp, sizeof p), cudaMalloc(&dq, sizeof q);
  cudaMemcpy(da, a, sizeof a, cudaMemcpyHostToDevice), cudaMemcpy(db, b, sizeof b, cudaMemcpyHostToDevice);
  cudaMemcpy(dp, p, sizeof p, cudaMemcpyHostToDevice), cudaMemcpy(dq, q, sizeof q, cudaMemcpyHostToDevice);
  product<<<1, 64>>>(dc, da, db, dp, dq);
  cudaMemcpy(c, dc, sizeof c, cudaMemcpyDeviceToHost);
  int wrong = 0;
  for (int part = 0; part < 6; ++part)
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 8; ++j) {
        float sum = 1;
        for (int k = 0; k < 16; ++k) sum += fa[i * 16 + k] * fb[k * 8 + j];
        if (c[part * 128 + i * 8 + j] != sum && wrong++ < 5)
          printf("part %d (%d, %d): %g, not %g\n", part, i, j, c[part * 128 + i * 8 + j], sum);
      }
  printf("%d wrong, %s\n", wrong, cudaGetErrorString(cudaDeviceSynchronize()));
  return wrong != 0;
}
