#include <cstdio>
#include <vector>
#include <cuda_runtime.h>
__device__ __forceinline__ int mix(int h, int k) {
  k *= 0xcc9e2d51; k = (k << 15) | ((unsigned)k >> 17); k *= 461845907;
  h ^= k; h = (h << 13) | ((unsigned)h >> 19); h = h * 5 + (int)0xe6546b64;
  return h;
}
__global__ void hash(const int* in, int* out, int n, int rounds) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int h = 12345;
  for (int r = 0; r < rounds; ++r) h = mix(h, in[i] + r * 1103515245);
  out[i] = h < 0 ? -h : h + 1 > h ? h : 7;
}
__global__ void serial_hash(const int* in, int* out, int n) {
  if (threadIdx.x == 0) { int h = 5381; for (int i = 0; i < n; ++i) h = h * 33 + in[i]; out[0] = h; }
}
__global__ void over(int* out, int x) { int s = 0; for (int i = 0; i < 5; ++i) { s += x * 1000000000; if (s + 100 < s) s ^= 3; } out[threadIdx.x] = s; }
static int ref(int h, int k) { unsigned K = k, H = h; K *= 0xcc9e2d51u; K = K << 15 | K >> 17; K *= 461845907u; H ^= K; H = H << 13 | H >> 19; return H * 5u + 0xe6546b64u; }
int main() {
  int n = 500; std::vector<int> a(n), o(n); for (int i = 0; i < n; ++i) a[i] = i * 7919 - 1000000;
  int *d, *e; cudaMalloc(&d, n * 4); cudaMalloc(&e, n * 4);
  cudaMemcpy(d, a.data(), n * 4, cudaMemcpyHostToDevice);
  hash<<<(n + 127) / 128, 128>>>(d, e, n, 9);
  cudaMemcpy(o.data(), e, n * 4, cudaMemcpyDeviceToHost);
  bool ok = true;
  for (int i = 0; i < n; ++i) { int h = 12345; for (int r = 0; r < 9; ++r) h = ref(h, (int)((unsigned)a[i] + (unsigned)r * 1103515245u));
    int want = h < 0 ? (int)(0u - (unsigned)h) : h != 2147483647 ? h : 7; ok &= want == o[i]; }
  serial_hash<<<1, 32>>>(d, e, n); int r; cudaMemcpy(&r, e, 4, cudaMemcpyDeviceToHost);
  unsigned u = 5381; for (int i = 0; i < n; ++i) u = u * 33 + a[i]; ok &= r == (int)u;
  over<<<1, 32>>>(e, 2); cudaMemcpy(&r, e, 4, cudaMemcpyDeviceToHost);
  unsigned s = 0; for (int i = 0; i < 5; ++i) { s += 2000000000u; if ((int)(s + 100) < (int)s) s ^= 3; } ok &= r == (int)s;
  puts(ok ? "OK" : "BAD"); cudaFree(d); cudaFree(e);
}
