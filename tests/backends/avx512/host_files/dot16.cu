#include <cuda_runtime.h>

#include <cstdio>
#include <vector>

// Rows of 16-bit integers times a vector of them; sums wrap.
__global__ void rows(const short* a, const short* b, int* c, int m, int n) {
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= m) return;
  int sum = 0;
  for (int k = 0; k < n; ++k) sum += a[row * n + k] * b[k];
  c[row] = sum;
}

int main() {
  const short extremes[] = {-32768, 32767, -1, 0, 12345, -32768};
  bool ok = true;
  for (int n : {0, 1, 31, 32, 33, 64, 101}) {
    const int m = 37;
    std::vector<short> a(m * n + 1), b(n + 1);
    std::vector<int> c(m);
    for (size_t i = 0; i < a.size(); ++i) a[i] = extremes[i * 7 % 6];
    for (size_t i = 0; i < b.size(); ++i) b[i] = i % 3 ? -32768 : extremes[i % 6];
    short *da, *db;
    int* dc;
    cudaMalloc(&da, a.size() * sizeof(short));
    cudaMalloc(&db, b.size() * sizeof(short));
    cudaMalloc(&dc, m * sizeof(int));
    cudaMemcpy(da, a.data(), a.size() * sizeof(short), cudaMemcpyHostToDevice);
    cudaMemcpy(db, b.data(), b.size() * sizeof(short), cudaMemcpyHostToDevice);
    rows<<<(m + 31) / 32, 32>>>(da, db, dc, m, n);
    cudaMemcpy(c.data(), dc, m * sizeof(int), cudaMemcpyDeviceToHost);
    for (int i = 0; i < m; ++i) {
      unsigned sum = 0;
      for (int k = 0; k < n; ++k) sum += (unsigned)(a[i * n + k] * b[k]);
      ok = ok && c[i] == (int)sum;
    }
    cudaFree(da);
    cudaFree(db);
    cudaFree(dc);
  }
  std::puts(ok ? "OK" : "BAD");
}
