// Softmax of half values over the last dimension, one warp per row, butterfly shuffles.
#include <cstdio>
#include <cstdlib>

#include <cuda_fp16.h>
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

__global__ void softmax_per_warp(const half *x, half *y, int rows, int cols) {
    const int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    const int lane = threadIdx.x;
    x += row * cols;
    y += row * cols;

    float m = -INFINITY;
    for (int c = lane; c < cols; c += 32) m = fmaxf(m, __half2float(x[c]));
    for (int d = 16; d > 0; d >>= 1) m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, d));

    float sum = 0.0f;
    for (int c = lane; c < cols; c += 32) sum += expf(__half2float(x[c]) - m);
    for (int d = 16; d > 0; d >>= 1) sum += __shfl_xor_sync(0xffffffff, sum, d);

    const float inv = 1.0f / sum;
    for (int c = lane; c < cols; c += 32) {
        y[c] = __float2half(expf(__half2float(x[c]) - m) * inv);
    }
}

extern "C" void softmax_warp(const half *x, half *y, int rows, int cols) {
    half *d_x = nullptr;
    half *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_x, (size_t)rows * cols * sizeof(half)));
    CUDA_CHECK(cudaMalloc(&d_y, (size_t)rows * cols * sizeof(half)));
    CUDA_CHECK(cudaMemcpy(d_x, x, (size_t)rows * cols * sizeof(half), cudaMemcpyHostToDevice));

    dim3 block(32, 4);
    softmax_per_warp<<<(rows + 3) / 4, block>>>(d_x, d_y, rows, cols);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, (size_t)rows * cols * sizeof(half), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_y));
}
