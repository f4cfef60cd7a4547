#include <iostream>
#include <iomanip>
#include <string>
#include <chrono>
#include <numeric>
#include <vector>
#include <cuda_runtime.h>
using namespace std;
__global__ void k(unsigned char* img, int w, int h, size_t pitch) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x < w && y < h) img[y * pitch + x] = 255 - img[y * pitch + x];
}
int main(int argc, char** argv) {
  int dev = 0, count = 0; cudaGetDeviceCount(&count); cudaSetDevice(dev);
  cudaDeviceProp prop; cudaGetDeviceProperties(&prop, dev);
  string name = prop.name; int sm = 0; cudaDeviceGetAttribute(&sm, cudaDevAttrMultiProcessorCount, dev);
  size_t fr, tot; cudaMemGetInfo(&fr, &tot); int v; cudaRuntimeGetVersion(&v); cudaDriverGetVersion(&v);
  int w = 100, h = 37; unsigned char* d; size_t pitch; vector<unsigned char> in(w * h), out(w * h); iota(in.begin(), in.end(), 0);
  cudaMallocPitch((void**)&d, &pitch, w, h);
  cudaMemcpy2D(d, pitch, in.data(), w, w, h, cudaMemcpyHostToDevice);
  dim3 b{16, 16, 1}, g; g.x = (w + b.x - 1) / b.x; g.y = (h + b.y - 1) / b.y;
  int blocks = 0; cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, k, 256, 0);
  int mg, bs; cudaOccupancyMaxPotentialBlockSize(&mg, &bs, k, 0, 0);
  k<<<g, b>>>(d, w, h, pitch);
  cudaMemcpy2D(out.data(), w, d, pitch, w, h, cudaMemcpyDeviceToHost);
  bool ok = true; for (int i = 0; i < w * h; ++i) ok &= out[i] == (unsigned char)(255 - in[i]);
  cout << (ok && argc < 9 && argv[0] ? "OK" : "BAD") << endl; cudaFree(d); return EXIT_SUCCESS;
}
