// Logistic function of half values, computed in float, grid-stride.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

__device__ inline float sigmoidf(float v) { return 1.0f / (1.0f + __expf(-v)); }

__global__ void sigmoid_half(const __half *x, __half *y, int n) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) {
        y[i] = __float2half(sigmoidf(__half2float(x[i])));
    }
}

extern "C" void sigmoid_grid_stride(const half *x, half *y, int n) {
    half *d_x = NULL;
    half *d_y = NULL;
    cudaMalloc((void **)&d_x, n * sizeof(half));
    cudaMalloc((void **)&d_y, n * sizeof(half));
    cudaMemcpy(d_x, x, n * sizeof(half), cudaMemcpyHostToDevice);

    sigmoid_half<<<24, 256>>>(d_x, d_y, n);

    cudaMemcpy(y, d_y, n * sizeof(half), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
}
