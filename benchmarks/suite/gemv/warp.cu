// y = A x, one warp per row.
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

template <int WARPS>
__global__ void gemv_warp_kernel(const float *A, const float *x, float *y, int m, int k) {
    const int row = blockIdx.x * WARPS + threadIdx.y;
    if (row >= m) return;
    float acc = 0.0f;
    for (int i = threadIdx.x; i < k; i += 32) acc = fmaf(A[row * k + i], x[i], acc);
    for (int d = 16; d > 0; d >>= 1) acc += __shfl_down_sync(0xffffffffu, acc, d);
    if (threadIdx.x == 0) y[row] = acc;
}

extern "C" void gemv_warp(const float *a, const float *x, float *y, int m, int k) {
    float *d_a = nullptr;
    float *d_x = nullptr;
    float *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_a, (size_t)m * k * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_x, k * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_y, m * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_a, a, (size_t)m * k * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_x, x, k * sizeof(float), cudaMemcpyHostToDevice));

    gemv_warp_kernel<4><<<(m + 3) / 4, dim3(32, 4)>>>(d_a, d_x, d_y, m, k);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, m * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_a));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_y));
}
