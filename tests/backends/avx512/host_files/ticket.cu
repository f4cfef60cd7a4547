#include <cstdio>
#include <vector>
#include <cuda_runtime.h>
#define CHECK(call) do { cudaError_t e_ = (call); if (e_ != cudaSuccess) { \
  std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, cudaGetErrorString(e_)); std::exit(1); } } while (0)
__device__ unsigned ticket;
__device__ float total = 0.f;
__global__ void reduce(const float* in, float* partial, float* out, int n) {
  __shared__ float s[128];
  __shared__ bool last;
  int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
  s[t] = i < n ? in[i] : 0.f;
  __syncthreads();
  for (int k = 64; k > 0; k >>= 1) { if (t < k) s[t] += s[t + k]; __syncthreads(); }
  if (t == 0) {
    partial[blockIdx.x] = s[0];
    __threadfence();
    unsigned old = atomicInc(&ticket, gridDim.x);
    last = old == gridDim.x - 1;
  }
  __syncthreads();
  if (last && t == 0) {
    float sum = 0.f;
    for (int b = 0; b < gridDim.x; ++b) sum += partial[b];
    *out = sum; ticket = 0;
  }
}
int main() {
  const int n = 1000, blocks = (n + 127) / 128;
  std::vector<float> h(n, 1.f);
  float *a, *p, *o, r = 0;
  CHECK(cudaMalloc(&a, n * sizeof(float))); CHECK(cudaMalloc((void**)&p, blocks * 4)); CHECK(cudaMalloc(&o, 4));
  CHECK(cudaMemcpy(a, h.data(), n * sizeof(float), cudaMemcpyHostToDevice));
  reduce<<<blocks, 128>>>(a, p, o, n);
  CHECK(cudaGetLastError()); CHECK(cudaDeviceSynchronize());
  CHECK(cudaMemcpy(&r, o, 4, cudaMemcpyDeviceToHost));
  cudaFree(a); cudaFree(p); cudaFree(o);
  std::printf(r == 1000.f ? "OK\n" : "BAD %f\n", r);
}
