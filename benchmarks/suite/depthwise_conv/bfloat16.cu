// Depthwise 3 x 3 convolution of bfloat16 values, HWC, float sums, channels along the warp.
#include <cstdio>
#include <cstdlib>

#include <cuda_bf16.h>
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

__global__ void depthwise_bf16(const __nv_bfloat16 *x, const __nv_bfloat16 *filters,
                               __nv_bfloat16 *y, int h, int w, int c) {
    const int ch = blockIdx.x * blockDim.x + threadIdx.x;
    const int col = blockIdx.y * blockDim.y + threadIdx.y;
    const int row = blockIdx.z;
    if (ch >= c || col >= w - 2) return;
    float sum = 0.0f;
#pragma unroll
    for (int r = 0; r < 3; ++r) {
#pragma unroll
        for (int s = 0; s < 3; ++s) {
            sum += __bfloat162float(x[((row + r) * w + col + s) * c + ch]) *
                   __bfloat162float(filters[(r * 3 + s) * c + ch]);
        }
    }
    y[(row * (w - 2) + col) * c + ch] = __float2bfloat16(sum);
}

extern "C" void depthwise_conv_bfloat16(const __nv_bfloat16 *x, const __nv_bfloat16 *filters,
                                        __nv_bfloat16 *y, int h, int w, int c) {
    __nv_bfloat16 *d_x = nullptr;
    __nv_bfloat16 *d_filters = nullptr;
    __nv_bfloat16 *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_x, (size_t)h * w * c * sizeof(__nv_bfloat16)));
    CUDA_CHECK(cudaMalloc(&d_filters, 9 * c * sizeof(__nv_bfloat16)));
    CUDA_CHECK(cudaMalloc(&d_y, (size_t)(h - 2) * (w - 2) * c * sizeof(__nv_bfloat16)));
    CUDA_CHECK(cudaMemcpy(d_x, x, (size_t)h * w * c * sizeof(__nv_bfloat16), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_filters, filters, 9 * c * sizeof(__nv_bfloat16), cudaMemcpyHostToDevice));

    dim3 block(32, 8);
    dim3 grid((c + 31) / 32, (w - 2 + 7) / 8, h - 2);
    depthwise_bf16<<<grid, block>>>(d_x, d_filters, d_y, h, w, c);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, (size_t)(h - 2) * (w - 2) * c * sizeof(__nv_bfloat16), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_filters));
    CUDA_CHECK(cudaFree(d_y));
}
