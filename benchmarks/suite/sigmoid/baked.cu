// Logistic function, one thread per element, the size written into the kernel.
#include <cuda_runtime.h>

__global__ void sigmoid_kernel(const float *x, float *y) {
    const unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ${n}u) return;
    y[i] = 1.0f / (1.0f + expf(-x[i]));
}

extern "C" void sigmoid_baked(const float *x, float *y) {
    float *d_x;
    float *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_x, ${n} * sizeof(float));
    cudaMalloc(&d_y, ${n} * sizeof(float));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_x, x, ${n} * sizeof(float), cudaMemcpyHostToDevice, stream);

    sigmoid_kernel<<<(${n} + 127) / 128, 128, 0, stream>>>(d_x, d_y);

    cudaMemcpyAsync(y, d_y, ${n} * sizeof(float), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_x);
    cudaFree(d_y);
}
