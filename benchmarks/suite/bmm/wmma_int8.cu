// Batched int8 product with 32-bit sums on tensor cores; B is stored transposed, n x k.
#include <cstdio>
#include <cstdlib>

#include <cuda_runtime.h>
#include <mma.h>

#define CUDA_CHECK(call)                                                           \
    do {                                                                           \
        cudaError_t err_ = (call);                                                 \
        if (err_ != cudaSuccess) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,                     \
                    cudaGetErrorString(err_));                                     \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

using namespace nvcuda::wmma;

__global__ void bmm_wmma_int8_kernel(const signed char *A, const signed char *B, int *C) {
    const signed char *a = A + (blockIdx.z * ${m} + blockIdx.y * 16) * ${k};
    const signed char *b = B + (blockIdx.z * ${n} + blockIdx.x * 16) * ${k};

    fragment<matrix_a, 16, 16, 16, signed char, row_major> fa;
    fragment<matrix_b, 16, 16, 16, signed char, col_major> fb;
    fragment<accumulator, 16, 16, 16, int> fc;
    fill_fragment(fc, 0);
    for (int k = 0; k < ${k}; k += 16) {
        load_matrix_sync(fa, a + k, ${k});
        load_matrix_sync(fb, b + k, ${k});
        mma_sync(fc, fa, fb, fc);
    }
    store_matrix_sync(C + (blockIdx.z * ${m} + blockIdx.y * 16) * ${n} + blockIdx.x * 16, fc, ${n},
                      mem_row_major);
}

extern "C" void bmm_wmma_int8(const signed char *a, const signed char *b, int *c) {
    signed char *d_a = nullptr;
    signed char *d_b = nullptr;
    int *d_c = nullptr;
    CUDA_CHECK(cudaMalloc(&d_a, ${batch} * ${m} * ${k}));
    CUDA_CHECK(cudaMalloc(&d_b, ${batch} * ${k} * ${n}));
    CUDA_CHECK(cudaMalloc(&d_c, ${batch} * ${m} * ${n} * sizeof(int)));
    CUDA_CHECK(cudaMemcpy(d_a, a, ${batch} * ${m} * ${k}, cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_b, b, ${batch} * ${k} * ${n}, cudaMemcpyHostToDevice));

    dim3 grid(${n} / 16, ${m} / 16, ${batch});
    bmm_wmma_int8_kernel<<<grid, 32>>>(d_a, d_b, d_c);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(c, d_c, ${batch} * ${m} * ${n} * sizeof(int), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_a));
    CUDA_CHECK(cudaFree(d_b));
    CUDA_CHECK(cudaFree(d_c));
}
