// Sine of half values, computed in float; each thread does ITEMS values a block apart.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

template <int ITEMS>
__global__ void sin_half(const half *x, half *y, int n) {
    const int base = blockIdx.x * blockDim.x * ITEMS + threadIdx.x;
#pragma unroll
    for (int k = 0; k < ITEMS; ++k) {
        const int i = base + k * blockDim.x;
        if (i < n) y[i] = __float2half_rn(sinf(__half2float(x[i])));
    }
}

extern "C" void sin_grid_stride(const half *x, half *y, int n) {
    half *d_x = NULL;
    half *d_y = NULL;
    cudaMalloc((void **)&d_x, n * sizeof(half));
    cudaMalloc((void **)&d_y, n * sizeof(half));
    cudaMemcpy(d_x, x, n * sizeof(half), cudaMemcpyHostToDevice);

    const int per_block = 4 * 128;
    sin_half<4><<<(n + per_block - 1) / per_block, 128>>>(d_x, d_y, n);

    cudaMemcpy(y, d_y, n * sizeof(half), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
}
