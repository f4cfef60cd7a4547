// int8 matrix product with 32-bit sums: four products per __dp4a. B is given transposed (N x K).
#include <cstdint>

#include <cuda_runtime.h>

__global__ void matmul_dp4a(const int8_t *a, const int8_t *bt, int32_t *c, int m, int n, int k) {
    const int col = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= m || col >= n) return;

    const int *a4 = reinterpret_cast<const int *>(a + (size_t)row * k);
    const int *b4 = reinterpret_cast<const int *>(bt + (size_t)col * k);
    int32_t acc = 0;
    for (int i = 0; i < k / 4; ++i) {
        acc = __dp4a(a4[i], b4[i], acc);
    }
    c[row * n + col] = acc;
}

// k must be a multiple of 4.
extern "C" void launch_matmul_dp4a(const int8_t *a, const int8_t *bt, int32_t *c, int m, int n,
                                   int k) {
    int8_t *d_a, *d_bt;
    int32_t *d_c;
    cudaMalloc((void **)&d_a, (size_t)m * k);
    cudaMalloc((void **)&d_bt, (size_t)n * k);
    cudaMalloc((void **)&d_c, (size_t)m * n * sizeof(int32_t));
    cudaMemcpy(d_a, a, (size_t)m * k, cudaMemcpyHostToDevice);
    cudaMemcpy(d_bt, bt, (size_t)n * k, cudaMemcpyHostToDevice);
    dim3 block(16, 16);
    dim3 grid((n + 15) / 16, (m + 15) / 16);
    matmul_dp4a<<<grid, block>>>(d_a, d_bt, d_c, m, n, k);
    cudaMemcpy(c, d_c, (size_t)m * n * sizeof(int32_t), cudaMemcpyDeviceToHost);
    cudaFree(d_a);
    cudaFree(d_bt);
    cudaFree(d_c);
}
