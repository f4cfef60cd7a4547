// int8 product with 32-bit sums, four at a time by __dp4a. B is stored transposed, n x k, and k is a
// multiple of four.
#include <cstdint>

#include <cuda_runtime.h>

__global__ void gemm_dp4a_kernel(const int8_t *A, const int8_t *Bt, int32_t *C, int M, int N, int K) {
    const int n = blockIdx.x * blockDim.x + threadIdx.x;
    const int m = blockIdx.y * blockDim.y + threadIdx.y;
    if (m < M && n < N) {
        const int *a = (const int *)(A + m * K);
        const int *b = (const int *)(Bt + n * K);
        int acc = 0;
        for (int i = 0; i < K / 4; i++) acc = __dp4a(a[i], b[i], acc);
        C[m * N + n] = acc;
    }
}

extern "C" void gemm_dp4a(const int8_t *a, const int8_t *b, int32_t *c, int m, int n, int k) {
    int8_t *d_a;
    int8_t *d_b;
    int32_t *d_c;
    cudaStream_t stream;
    cudaMalloc(&d_a, (size_t)m * k);
    cudaMalloc(&d_b, (size_t)k * n);
    cudaMalloc(&d_c, (size_t)m * n * sizeof(int32_t));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_a, a, (size_t)m * k, cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_b, b, (size_t)k * n, cudaMemcpyHostToDevice, stream);

    dim3 block(32, 4);
    dim3 grid((n + block.x - 1) / block.x, (m + block.y - 1) / block.y);
    gemm_dp4a_kernel<<<grid, block, 0, stream>>>(d_a, d_b, d_c, m, n, k);

    cudaMemcpyAsync(c, d_c, (size_t)m * n * sizeof(int32_t), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_a);
    cudaFree(d_b);
    cudaFree(d_c);
}
