// C = A B through square tiles in shared memory, two barriers per step, any size.
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

template <int BLOCK>
__global__ void gemm_tiled(const float *A, const float *B, float *C, int M, int N, int K) {
    __shared__ float tileA[BLOCK][BLOCK];
    __shared__ float tileB[BLOCK][BLOCK];
    const int row = blockIdx.y * BLOCK + threadIdx.y;
    const int col = blockIdx.x * BLOCK + threadIdx.x;

    float sum = 0.0f;
    for (int k0 = 0; k0 < K; k0 += BLOCK) {
        const int ka = k0 + threadIdx.x;
        const int kb = k0 + threadIdx.y;
        tileA[threadIdx.y][threadIdx.x] = row < M && ka < K ? A[row * K + ka] : 0.0f;
        tileB[threadIdx.y][threadIdx.x] = col < N && kb < K ? B[kb * N + col] : 0.0f;
        __syncthreads();
#pragma unroll
        for (int i = 0; i < BLOCK; ++i) sum += tileA[threadIdx.y][i] * tileB[i][threadIdx.x];
        __syncthreads();
    }
    if (row < M && col < N) C[row * N + col] = sum;
}

extern "C" void gemm_tiled(const float *a, const float *b, float *c, int m, int n, int k) {
    float *d_a = nullptr;
    float *d_b = nullptr;
    float *d_c = nullptr;
    CUDA_CHECK(cudaMalloc(&d_a, (size_t)m * k * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_b, (size_t)k * n * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_c, (size_t)m * n * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_a, a, (size_t)m * k * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_b, b, (size_t)k * n * sizeof(float), cudaMemcpyHostToDevice));

    dim3 threads(16, 16);
    dim3 blocks((n + 15) / 16, (m + 15) / 16);
    gemm_tiled<16><<<blocks, threads>>>(d_a, d_b, d_c, m, n, k);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(c, d_c, (size_t)m * n * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_a));
    CUDA_CHECK(cudaFree(d_b));
    CUDA_CHECK(cudaFree(d_c));
}
