// Difference of two tensors, grid-stride with a 64-bit index.
#include <cuda_runtime.h>

__global__ void sub_loop(float *c, const float *a, const float *b, size_t n) {
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n;
         i += (size_t)blockDim.x * gridDim.x) {
        c[i] = a[i] - b[i];
    }
}

extern "C" int sub_grid_stride(const float *a, const float *b, float *c, int n) {
    float *d_a;
    float *d_b;
    float *d_c;
    if (cudaMalloc((void **)&d_a, n * sizeof(float)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_b, n * sizeof(float)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_c, n * sizeof(float)) != cudaSuccess) return 1;
    cudaMemcpy(d_a, a, n * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_b, b, n * sizeof(float), cudaMemcpyHostToDevice);

    sub_loop<<<16, 256>>>(d_c, d_a, d_b, n);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(c, d_c, n * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_a);
    cudaFree(d_b);
    cudaFree(d_c);
    return err == cudaSuccess ? 0 : 2;
}
