// Matrix transpose, one thread per element, the sizes written into the kernel.
#include <cuda_runtime.h>

__global__ void transpose_kernel(const float *x, float *y) {
    const int col = blockIdx.x * 16 + threadIdx.x;
    const int row = blockIdx.y * 16 + threadIdx.y;
    if (row < ${rows} && col < ${cols}) y[col * ${rows} + row] = x[row * ${cols} + col];
}

extern "C" void transpose_baked(const float *x, float *y) {
    float *d_x;
    float *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_x, ${rows} * ${cols} * sizeof(float));
    cudaMalloc(&d_y, ${rows} * ${cols} * sizeof(float));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_x, x, ${rows} * ${cols} * sizeof(float), cudaMemcpyHostToDevice, stream);

    transpose_kernel<<<dim3((${cols} + 15) / 16, (${rows} + 15) / 16), dim3(16, 16), 0, stream>>>(d_x, d_y);

    cudaMemcpyAsync(y, d_y, ${rows} * ${cols} * sizeof(float), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_x);
    cudaFree(d_y);
}
