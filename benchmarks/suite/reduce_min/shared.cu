// Minimum of bytes over the last dimension, one block per row.
#include <cstdint>

#include <cuda_runtime.h>

__global__ void min_int8(const int8_t *x, int8_t *y, int cols) {
    __shared__ int s[64];
    int best = 127;
    for (int c = threadIdx.x; c < cols; c += 64) best = min(best, (int)x[blockIdx.x * cols + c]);
    s[threadIdx.x] = best;
    __syncthreads();
    for (int d = 32; d; d >>= 1) {
        if (threadIdx.x < d) s[threadIdx.x] = min(s[threadIdx.x], s[threadIdx.x + d]);
        __syncthreads();
    }
    if (threadIdx.x == 0) y[blockIdx.x] = (int8_t)s[0];
}

extern "C" int reduce_min_shared(const int8_t *x, int8_t *y, int rows, int cols) {
    int8_t *d_x;
    int8_t *d_y;
    if (cudaMalloc((void **)&d_x, (size_t)rows * cols) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_y, rows) != cudaSuccess) return 1;
    cudaMemcpy(d_x, x, (size_t)rows * cols, cudaMemcpyHostToDevice);

    min_int8<<<rows, 64>>>(d_x, d_y, cols);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(y, d_y, rows, cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
    return err == cudaSuccess ? 0 : 2;
}
