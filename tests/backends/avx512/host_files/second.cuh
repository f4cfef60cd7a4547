#ifndef B_H
#define B_H
#include <cuda_runtime.h>
template <typename T> __global__ void and_k(T* p, T key, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) p[i] &= key; }
inline void and_all(unsigned* p, unsigned key, int n) { dim3 g(1); g.x = (n + 63) / 64; and_k<<<g, 64>>>(p, key, n); if (cudaDeviceSynchronize() != cudaSuccess) return; }
#endif
