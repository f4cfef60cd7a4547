// Quantised fully connected layer: int8 data, 32-bit bias and sums, __dp4a; k is a multiple of four.
#include <cstdint>

#include <cuda_runtime.h>

__global__ void dense_dp4a_kernel(const int8_t *x, const int8_t *w, const int *bias, int *y, int m,
                                  int n, int k) {
    int col = blockIdx.x * blockDim.x + threadIdx.x;
    int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (col >= n || row >= m) return;
    const char4 *xv = reinterpret_cast<const char4 *>(x + (size_t)row * k);
    const char4 *wv = reinterpret_cast<const char4 *>(w + (size_t)col * k);
    int acc = bias[col];
    for (int i = 0; i < (k >> 2); ++i) acc = __dp4a(xv[i], wv[i], acc);
    y[row * n + col] = acc;
}

extern "C" void dense_dp4a(const int8_t *x, const int8_t *w, const int *bias, int *y, int m,
                           int n, int k) {
    int8_t *d_x = NULL;
    int8_t *d_w = NULL;
    int *d_bias = NULL;
    int *d_y = NULL;
    cudaMalloc((void **)&d_x, (size_t)m * k);
    cudaMalloc((void **)&d_w, (size_t)n * k);
    cudaMalloc((void **)&d_bias, n * sizeof(int));
    cudaMalloc((void **)&d_y, (size_t)m * n * sizeof(int));
    cudaMemcpy(d_x, x, (size_t)m * k, cudaMemcpyHostToDevice);
    cudaMemcpy(d_w, w, (size_t)n * k, cudaMemcpyHostToDevice);
    cudaMemcpy(d_bias, bias, n * sizeof(int), cudaMemcpyHostToDevice);

    const dim3 block(16, 8);
    const dim3 grid((n + 15) / 16, (m + 7) / 8);
    dense_dp4a_kernel<<<grid, block>>>(d_x, d_w, d_bias, d_y, m, n, k);

    cudaMemcpy(y, d_y, (size_t)m * n * sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_w);
    cudaFree(d_bias);
    cudaFree(d_y);
}
