// Sum of two tensors, one thread per element, the size written into the kernel.
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

__global__ void __launch_bounds__(256) add_kernel(float *A, float *B, float *C) {
    if (((int)blockIdx.x * 256) + ((int)threadIdx.x) < ${n}) {
        C[((int)blockIdx.x * 256) + ((int)threadIdx.x)] =
            A[((int)blockIdx.x * 256) + ((int)threadIdx.x)] +
            B[((int)blockIdx.x * 256) + ((int)threadIdx.x)];
    }
}

extern "C" void add_baked(const float *a, const float *b, float *c) {
    float *d_a = nullptr;
    float *d_b = nullptr;
    float *d_c = nullptr;
    CUDA_CHECK(cudaMalloc(&d_a, ${n} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_b, ${n} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_c, ${n} * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_a, a, ${n} * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_b, b, ${n} * sizeof(float), cudaMemcpyHostToDevice));

    add_kernel<<<(${n} + 255) / 256, 256>>>(d_a, d_b, d_c);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(c, d_c, ${n} * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_a));
    CUDA_CHECK(cudaFree(d_b));
    CUDA_CHECK(cudaFree(d_c));
}
