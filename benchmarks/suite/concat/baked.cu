// Two matrices side by side, one thread per element, the sizes written into the kernel.
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

#define WIDTH (${ca} + ${cb})

__global__ void concat_kernel(const float *a, const float *b, float *y) {
    const int i = blockIdx.x * 256 + threadIdx.x;
    if (i >= ${rows} * WIDTH) return;
    const int row = i / WIDTH;
    const int col = i % WIDTH;
    if (col < ${ca}) {
        y[i] = a[row * ${ca} + col];
    } else {
        y[i] = b[row * ${cb} + col - ${ca}];
    }
}

extern "C" void concat_baked(const float *a, const float *b, float *y) {
    float *d_a = nullptr;
    float *d_b = nullptr;
    float *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_a, ${rows} * ${ca} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_b, ${rows} * ${cb} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_y, ${rows} * (${ca} + ${cb}) * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_a, a, ${rows} * ${ca} * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_b, b, ${rows} * ${cb} * sizeof(float), cudaMemcpyHostToDevice));

    concat_kernel<<<(${rows} * (${ca} + ${cb}) + 255) / 256, 256>>>(d_a, d_b, d_y);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, ${rows} * (${ca} + ${cb}) * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_a));
    CUDA_CHECK(cudaFree(d_b));
    CUDA_CHECK(cudaFree(d_y));
}
