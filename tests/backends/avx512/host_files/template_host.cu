#include <cstdio>
#include <algorithm>
#include <vector>
template <typename T, int BLOCK>
__global__ void block_sum(const T* in, T* out, int n) {
  __shared__ T s[BLOCK];
  int i = blockIdx.x * BLOCK + threadIdx.x;
  s[threadIdx.x] = i < n ? in[i] : T(0);
  __syncthreads();
#pragma unroll
  for (int k = BLOCK / 2; k > 0; k /= 2) { if (threadIdx.x < k) s[threadIdx.x] += s[threadIdx.x + k]; __syncthreads(); }
  if (threadIdx.x == 0) out[blockIdx.x] = s[0];
}
template <typename T>
T sum(const std::vector<T>& v) {
  constexpr int B = 128; int n = (int)v.size(), blocks = (n + B - 1) / B;
  T *d, *o; cudaMalloc(&d, n * sizeof(T)); cudaMalloc(&o, blocks * sizeof(T));
  cudaMemcpy(d, v.data(), n * sizeof(T), cudaMemcpyHostToDevice);
  block_sum<T, B><<<blocks, B>>>(d, o, n);
  std::vector<T> h(blocks); cudaMemcpy(h.data(), o, blocks * sizeof(T), cudaMemcpyDeviceToHost);
  cudaFree(d); cudaFree(o);
  T r = 0; for (T x : h) r += x; return r;
}
template int sum<int>(const std::vector<int>&);
template float sum<float>(const std::vector<float>&);
int main() {
  std::vector<int> a(1000); for (int i = 0; i < 1000; ++i) a[i] = i; std::vector<float> b(300, 1.5f);
  puts(sum(a) == 499500 && sum(b) == 450.f ? "OK" : "BAD");
}
