// Sign of bytes, grid-stride.
#include <cstdint>

#include <cuda_runtime.h>

__global__ void sign_int8(const int8_t *x, int8_t *y, int n) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        y[i] = (int8_t)((x[i] > 0) - (x[i] < 0));
    }
}

extern "C" int sign_grid_stride(const int8_t *x, int8_t *y, int n) {
    int8_t *d_x;
    int8_t *d_y;
    if (cudaMalloc((void **)&d_x, n) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_y, n) != cudaSuccess) return 1;
    cudaMemcpy(d_x, x, n, cudaMemcpyHostToDevice);

    sign_int8<<<8, 256>>>(d_x, d_y, n);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(y, d_y, n, cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
    return err == cudaSuccess ? 0 : 2;
}
