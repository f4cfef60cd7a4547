// Three-tap convolution of half values with float sums, grid-stride.
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

__global__ void conv1d_half_kernel(const half *x, const half *w, half *y, int n) {
    const float w0 = __half2float(w[0]), w1 = __half2float(w[1]), w2 = __half2float(w[2]);
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        const float sum = w0 * __half2float(x[i]) + w1 * __half2float(x[i + 1]) +
                          w2 * __half2float(x[i + 2]);
        y[i] = __float2half(sum);
    }
}

extern "C" void conv1d_half(const half *x, const half *w, half *y, int n) {
    half *d_x = nullptr;
    half *d_w = nullptr;
    half *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_x, (n + 2) * sizeof(half)));
    CUDA_CHECK(cudaMalloc(&d_w, 3 * sizeof(half)));
    CUDA_CHECK(cudaMalloc(&d_y, n * sizeof(half)));
    CUDA_CHECK(cudaMemcpy(d_x, x, (n + 2) * sizeof(half), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_w, w, 3 * sizeof(half), cudaMemcpyHostToDevice));

    conv1d_half_kernel<<<4, 32>>>(d_x, d_w, d_y, n);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, n * sizeof(half), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_w));
    CUDA_CHECK(cudaFree(d_y));
}
