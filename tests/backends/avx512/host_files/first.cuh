#pragma once
#include <cuda_runtime.h>
#include <cstdint>
static __global__ void xor_k(uint32_t* p, uint32_t key, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) p[i] ^= key; }
inline void xor_all(uint32_t* p, uint32_t key, int n, cudaStream_t s = nullptr) { if (n > 0) xor_k<<<(n + 127) / 128, 128, 0, s>>>(p, key, n); }
