// Maximum over the last dimension: a shuffle per warp, then one over the warps' results.
#include <cfloat>
#include <cstdio>
#include <cstdlib>

#include <cuda_runtime.h>

#define CUDA_CHECK(call)                                                           \
    do {                                                                           \
        cudaError_t err_ = (call);                                                 \
        if (err_ != cudaSuccess) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,                     \
                    cudaGetErrorString(err_));                                     \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

__global__ void max_block(const float *__restrict__ x, float *__restrict__ y, int cols) {
    __shared__ float warp_max[32];
    const int lane = threadIdx.x & 31;
    const int warp = threadIdx.x >> 5;

    float best = -FLT_MAX;
    for (int c = threadIdx.x; c < cols; c += blockDim.x) {
        best = fmaxf(best, x[blockIdx.x * cols + c]);
    }
    for (int m = 16; m >= 1; m >>= 1) best = fmaxf(best, __shfl_xor_sync(~0u, best, m));
    if (lane == 0) warp_max[warp] = best;
    __syncthreads();

    if (warp == 0) {
        best = lane < blockDim.x / 32 ? warp_max[lane] : -FLT_MAX;
        for (int m = 16; m >= 1; m >>= 1) best = fmaxf(best, __shfl_xor_sync(~0u, best, m));
        if (lane == 0) y[blockIdx.x] = best;
    }
}

extern "C" void reduce_max_shared(const float *x, float *y, int rows, int cols) {
    float *d_x = nullptr;
    float *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_x, (size_t)rows * cols * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_y, rows * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_x, x, (size_t)rows * cols * sizeof(float), cudaMemcpyHostToDevice));

    max_block<<<rows, 256>>>(d_x, d_y, cols);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, rows * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_y));
}
