// Sine, one thread per element, the size written into the kernel.
#include <cuda_runtime.h>

__global__ void sin_kernel(float *x, float *y) {
    const int i = blockIdx.x * 256 + threadIdx.x;
    if (i < ${n}) y[i] = sinf(x[i]);
}

extern "C" void sin_baked(const float *x, float *y) {
    float *d_x;
    float *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_x, ${n} * sizeof(float));
    cudaMalloc(&d_y, ${n} * sizeof(float));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_x, x, ${n} * sizeof(float), cudaMemcpyHostToDevice, stream);

    sin_kernel<<<(${n} + 255) / 256, 256, 0, stream>>>(d_x, d_y);

    cudaMemcpyAsync(y, d_y, ${n} * sizeof(float), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_x);
    cudaFree(d_y);
}
