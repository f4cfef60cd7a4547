#include <cstdio>
#include <functional>
#include <cuda_runtime.h>
struct AddOp { __host__ __device__ float operator()(float a, float b) const { return a + b; } static constexpr float identity = 0.f; };
struct MaxOp { __device__ float operator()(float a, float b) const { return fmaxf(a, b); } };
template <class Op> __global__ void zip(const float* a, const float* b, float* c, int n, Op op) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) c[i] = op(a[i], b[i]); }
template <class Op> void launch(const float* a, const float* b, float* c, int n) { zip<<<(n + 127) / 128, 128>>>(a, b, c, n, Op()); }
static void timed(const std::function<void()>& f) { cudaEvent_t s, e; cudaEventCreate(&s); cudaEventCreate(&e); cudaEventRecord(s); f(); cudaEventRecord(e); cudaEventSynchronize(e); float ms; cudaEventElapsedTime(&ms, s, e); cudaEventDestroy(s); cudaEventDestroy(e); }
int main() { int n = 150; float *a, *b, *c; cudaMallocManaged(&a, n * 4); cudaMallocManaged(&b, n * 4); cudaMallocManaged(&c, n * 4);
  for (int i = 0; i < n; ++i) { a[i] = i; b[i] = 100 - i; } bool ok = true;
  timed([&] { launch<AddOp>(a, b, c, n); }); for (int i = 0; i < n; ++i) ok &= c[i] == 100;
  timed([=] { launch<MaxOp>(a, b, c, n); }); for (int i = 0; i < n; ++i) ok &= c[i] == (i > 50 ? i : 100 - i); puts(ok ? "OK" : "BAD"); }
