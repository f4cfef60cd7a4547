// C = A B on tensor cores, half inputs, float sums, one warp per 16 x 16 tile of C.
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

using namespace nvcuda;

__global__ void gemm_wmma_kernel(const half *A, const half *B, float *C) {
    const int tile_row = blockIdx.y * 16;
    const int tile_col = blockIdx.x * 16;

    wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> a_frag;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> b_frag;
    wmma::fragment<wmma::accumulator, 16, 16, 16, float> acc;
    wmma::fill_fragment(acc, 0.0f);

    for (int k = 0; k < ${k}; k += 16) {
        wmma::load_matrix_sync(a_frag, A + tile_row * ${k} + k, ${k});
        wmma::load_matrix_sync(b_frag, B + k * ${n} + tile_col, ${n});
        wmma::mma_sync(acc, a_frag, b_frag, acc);
    }
    wmma::store_matrix_sync(C + tile_row * ${n} + tile_col, acc, ${n}, wmma::mem_row_major);
}

extern "C" int gemm_wmma(const half *a, const half *b, float *c) {
    half *d_a;
    half *d_b;
    float *d_c;
    if (cudaMalloc((void **)&d_a, ${m} * ${k} * sizeof(half)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_b, ${k} * ${n} * sizeof(half)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_c, ${m} * ${n} * sizeof(float)) != cudaSuccess) return 1;
    cudaMemcpy(d_a, a, ${m} * ${k} * sizeof(half), cudaMemcpyHostToDevice);
    cudaMemcpy(d_b, b, ${k} * ${n} * sizeof(half), cudaMemcpyHostToDevice);

    dim3 grid(${n} / 16, ${m} / 16);
    gemm_wmma_kernel<<<grid, 32>>>(d_a, d_b, d_c);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(c, d_c, ${m} * ${n} * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_a);
    cudaFree(d_b);
    cudaFree(d_c);
    return err == cudaSuccess ? 0 : 2;
}
