// Sign, one thread per element, the size written into the kernel.
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

__global__ void sign_kernel(const float *x, float *y) {
    int i = threadIdx.x + blockIdx.x * blockDim.x;
    if (i < ${n}) {
        float v = x[i];
        y[i] = v > 0.0f ? 1.0f : (v < 0.0f ? -1.0f : 0.0f);
    }
}

extern "C" void sign_baked(const float *x, float *y) {
    float *d_x = nullptr;
    float *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_x, ${n} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_y, ${n} * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_x, x, ${n} * sizeof(float), cudaMemcpyHostToDevice));

    sign_kernel<<<(${n} + 255) / 256, 256>>>(d_x, d_y);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, ${n} * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_y));
}
