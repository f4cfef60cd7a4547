// Minimum over the last dimension, one thread per row, the sizes written into the kernel.
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

__global__ void reduce_min_kernel(const float *x, float *y) {
    const int row = blockIdx.x * 32 + threadIdx.x;
    if (row < ${rows}) {
        float acc = x[row * ${cols}];
        for (int i = 0; i < ${cols}; ++i) {
            const float v = x[row * ${cols} + i];
            acc = fminf(acc, v);
        }
        y[row] = acc;
    }
}

extern "C" void reduce_min_baked(const float *x, float *y) {
    float *d_x = nullptr;
    float *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_x, ${rows} * ${cols} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_y, ${rows} * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_x, x, ${rows} * ${cols} * sizeof(float), cudaMemcpyHostToDevice));

    reduce_min_kernel<<<(${rows} + 31) / 32, 32>>>(d_x, d_y);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, ${rows} * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_y));
}
