// C = A B, one thread per element of C, the sizes written into the kernel.
#include <cuda_runtime.h>

__global__ void __launch_bounds__(256) gemm_kernel(float *A, float *B, float *C) {
    int col = blockIdx.x * blockDim.x + threadIdx.x;
    int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row < ${m} && col < ${n}) {
        float sum = 0.0f;
        for (int i = 0; i < ${k}; ++i) {
            sum += A[row * ${k} + i] * B[i * ${n} + col];
        }
        C[row * ${n} + col] = sum;
    }
}

extern "C" void gemm_baked(const float *a, const float *b, float *c) {
    float *d_a = NULL;
    float *d_b = NULL;
    float *d_c = NULL;
    cudaMalloc((void **)&d_a, ${m} * ${k} * sizeof(float));
    cudaMalloc((void **)&d_b, ${k} * ${n} * sizeof(float));
    cudaMalloc((void **)&d_c, ${m} * ${n} * sizeof(float));
    cudaMemcpy(d_a, a, ${m} * ${k} * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_b, b, ${k} * ${n} * sizeof(float), cudaMemcpyHostToDevice);

    dim3 block(16, 16);
    dim3 grid((${n} + 15) / 16, (${m} + 15) / 16);
    gemm_kernel<<<grid, block>>>(d_a, d_b, d_c);

    cudaMemcpy(c, d_c, ${m} * ${n} * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_a);
    cudaFree(d_b);
    cudaFree(d_c);
}
