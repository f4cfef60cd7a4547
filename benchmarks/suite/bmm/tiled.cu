// Batched C = A B, the batch on the grid's z, tiles of A and B in one shared array.
#include <cuda_runtime.h>

#define TILE_M 8
#define TILE_N 32
#define TILE_K 32

__global__ void bmm_kernel(const float *A, const float *B, float *C, int M, int N, int K) {
    __shared__ float smem[TILE_M * TILE_K + TILE_K * TILE_N];
    float *sa = smem;
    float *sb = smem + TILE_M * TILE_K;
    A += (size_t)blockIdx.z * M * K;
    B += (size_t)blockIdx.z * K * N;
    C += (size_t)blockIdx.z * M * N;
    const int tx = threadIdx.x;
    const int ty = threadIdx.y;
    const int row = blockIdx.y * TILE_M + ty;
    const int col = blockIdx.x * TILE_N + tx;

    float acc = 0.0f;
    for (int k0 = 0; k0 < K; k0 += TILE_K) {
        sa[ty * TILE_K + tx] = (row < M && k0 + tx < K) ? A[row * K + k0 + tx] : 0.0f;
        for (int r = ty; r < TILE_K; r += TILE_M) {
            sb[r * TILE_N + tx] = (k0 + r < K && col < N) ? B[(k0 + r) * N + col] : 0.0f;
        }
        __syncthreads();
        for (int i = 0; i < TILE_K; ++i) acc += sa[ty * TILE_K + i] * sb[i * TILE_N + tx];
        __syncthreads();
    }
    if (row < M && col < N) C[row * N + col] = acc;
}

extern "C" void bmm_tiled(const float *a, const float *b, float *c, int batch, int m, int n,
                          int k) {
    float *d_a;
    float *d_b;
    float *d_c;
    cudaStream_t stream;
    cudaMalloc(&d_a, (size_t)batch * m * k * sizeof(float));
    cudaMalloc(&d_b, (size_t)batch * k * n * sizeof(float));
    cudaMalloc(&d_c, (size_t)batch * m * n * sizeof(float));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_a, a, (size_t)batch * m * k * sizeof(float), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_b, b, (size_t)batch * k * n * sizeof(float), cudaMemcpyHostToDevice, stream);

    dim3 block(TILE_N, TILE_M);
    dim3 grid((n + TILE_N - 1) / TILE_N, (m + TILE_M - 1) / TILE_M, batch);
    bmm_kernel<<<grid, block, 0, stream>>>(d_a, d_b, d_c, m, n, k);

    cudaMemcpyAsync(c, d_c, (size_t)batch * m * n * sizeof(float), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_a);
    cudaFree(d_b);
    cudaFree(d_c);
}
