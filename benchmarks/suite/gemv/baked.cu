// y = A x, one thread per row, the sizes written into the kernel.
#include <cuda_runtime.h>

__global__ void gemv_kernel(float *A, float *x, float *y) {
    int row = blockIdx.x * 16 + threadIdx.x;
    if (row < ${m}) {
        float sum = 0;
        for (int i = 0; i < ${k}; i++) sum += A[row * ${k} + i] * x[i];
        y[row] = sum;
    }
}

extern "C" void gemv_baked(const float *a, const float *x, float *y) {
    float *d_a = NULL;
    float *d_x = NULL;
    float *d_y = NULL;
    cudaMalloc((void **)&d_a, ${m} * ${k} * sizeof(float));
    cudaMalloc((void **)&d_x, ${k} * sizeof(float));
    cudaMalloc((void **)&d_y, ${m} * sizeof(float));
    cudaMemcpy(d_a, a, ${m} * ${k} * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_x, x, ${k} * sizeof(float), cudaMemcpyHostToDevice);

    gemv_kernel<<<(${m} + 15) / 16, 16>>>(d_a, d_x, d_y);

    cudaMemcpy(y, d_y, ${m} * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_a);
    cudaFree(d_x);
    cudaFree(d_y);
}
