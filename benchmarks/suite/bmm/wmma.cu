// Batched C = A B on tensor cores, four warps per block, the tile of A staged in shared memory.
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

#define M_DIM ${m}
#define N_DIM ${n}
#define K_DIM ${k}

__global__ void bmm_wmma_kernel(const half *A, const half *B, float *C) {
    namespace wmma = nvcuda::wmma;
    __shared__ half a_tile[16 * 16];
    const half *a = A + blockIdx.z * M_DIM * K_DIM + blockIdx.y * 16 * K_DIM;
    const half *b = B + blockIdx.z * K_DIM * N_DIM + (blockIdx.x * 4 + threadIdx.y) * 16;
    float *c = C + blockIdx.z * M_DIM * N_DIM + blockIdx.y * 16 * N_DIM +
               (blockIdx.x * 4 + threadIdx.y) * 16;
    const int tid = threadIdx.y * 32 + threadIdx.x;

    wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> fb;
    wmma::fragment<wmma::accumulator, 16, 16, 16, float> fc;
    wmma::fill_fragment(fc, 0.0f);

    for (int k = 0; k < K_DIM; k += 16) {
        for (int i = tid; i < 256; i += 128) a_tile[i] = a[(i / 16) * K_DIM + k + i % 16];
        __syncthreads();
        wmma::load_matrix_sync(fa, a_tile, 16);
        wmma::load_matrix_sync(fb, b + k * N_DIM, N_DIM);
        wmma::mma_sync(fc, fa, fb, fc);
        __syncthreads();
    }
    wmma::store_matrix_sync(c, fc, N_DIM, wmma::mem_row_major);
}

extern "C" void bmm_wmma(const half *a, const half *b, float *c) {
    half *d_a = NULL;
    half *d_b = NULL;
    float *d_c = NULL;
    cudaMalloc((void **)&d_a, ${batch} * ${m} * ${k} * sizeof(half));
    cudaMalloc((void **)&d_b, ${batch} * ${k} * ${n} * sizeof(half));
    cudaMalloc((void **)&d_c, ${batch} * ${m} * ${n} * sizeof(float));
    cudaMemcpy(d_a, a, ${batch} * ${m} * ${k} * sizeof(half), cudaMemcpyHostToDevice);
    cudaMemcpy(d_b, b, ${batch} * ${k} * ${n} * sizeof(half), cudaMemcpyHostToDevice);

    dim3 block(32, 4);
    dim3 grid(${n} / 64, ${m} / 16, ${batch});
    bmm_wmma_kernel<<<grid, block>>>(d_a, d_b, d_c);

    cudaMemcpy(c, d_c, ${batch} * ${m} * ${n} * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_a);
    cudaFree(d_b);
    cudaFree(d_c);
}
