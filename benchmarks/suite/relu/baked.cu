// Relu, one thread per element, the size written into the kernel.
#include <cuda_runtime.h>

__global__ void __launch_bounds__(256) relu_kernel(float *input, float *output) {
    int idx = blockIdx.x * 256 + threadIdx.x;
    if (idx < ${n}) {
        output[idx] = max(input[idx], 0.0f);
    }
}

extern "C" void relu_baked(const float *x, float *y) {
    float *d_x = NULL;
    float *d_y = NULL;
    cudaMalloc((void **)&d_x, ${n} * sizeof(float));
    cudaMalloc((void **)&d_y, ${n} * sizeof(float));
    cudaMemcpy(d_x, x, ${n} * sizeof(float), cudaMemcpyHostToDevice);

    relu_kernel<<<(${n} + 255) / 256, 256>>>(d_x, d_y);

    cudaMemcpy(y, d_y, ${n} * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
}
