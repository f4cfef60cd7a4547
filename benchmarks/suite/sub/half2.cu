// Difference of two half tensors, two values per access.
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

__global__ void sub_pairs(const half *__restrict__ a, const half *__restrict__ b,
                          half *__restrict__ c, int n) {
    const int pair = blockIdx.x * blockDim.x + threadIdx.x;
    const int i = 2 * pair;
    if (i + 1 < n) {
        const half2 va = *reinterpret_cast<const half2 *>(a + i);
        const half2 vb = *reinterpret_cast<const half2 *>(b + i);
        *reinterpret_cast<half2 *>(c + i) = __hsub2(va, vb);
    } else if (i < n) {
        c[i] = __hsub(a[i], b[i]);
    }
}

extern "C" void sub_half2(const half *a, const half *b, half *c, int n) {
    half *d_a = nullptr;
    half *d_b = nullptr;
    half *d_c = nullptr;
    CUDA_CHECK(cudaMalloc(&d_a, n * sizeof(half)));
    CUDA_CHECK(cudaMalloc(&d_b, n * sizeof(half)));
    CUDA_CHECK(cudaMalloc(&d_c, n * sizeof(half)));
    CUDA_CHECK(cudaMemcpy(d_a, a, n * sizeof(half), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_b, b, n * sizeof(half), cudaMemcpyHostToDevice));

    sub_pairs<<<(n / 2 + 128) / 128, 128>>>(d_a, d_b, d_c, n);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(c, d_c, n * sizeof(half), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_a));
    CUDA_CHECK(cudaFree(d_b));
    CUDA_CHECK(cudaFree(d_c));
}
