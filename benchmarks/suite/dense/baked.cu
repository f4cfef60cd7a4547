// Fully connected layer, y = x W' + bias, one thread per output, the sizes written into the kernel.
#include <cuda_runtime.h>

__global__ void dense_kernel(const float *x, const float *w, const float *bias, float *y) {
    const int i = blockIdx.x * 128 + threadIdx.x;
    if (i >= ${m} * ${n}) return;
    const int row = i / ${n};
    const int col = i % ${n};
    float acc = bias[col];
    for (int k = 0; k < ${k}; ++k) acc += x[row * ${k} + k] * w[col * ${k} + k];
    y[i] = acc;
}

extern "C" int dense_baked(const float *x, const float *w, const float *bias, float *y) {
    float *d_x;
    float *d_w;
    float *d_bias;
    float *d_y;
    if (cudaMalloc((void **)&d_x, ${m} * ${k} * sizeof(float)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_w, ${n} * ${k} * sizeof(float)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_bias, ${n} * sizeof(float)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_y, ${m} * ${n} * sizeof(float)) != cudaSuccess) return 1;
    cudaMemcpy(d_x, x, ${m} * ${k} * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_w, w, ${n} * ${k} * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_bias, bias, ${n} * sizeof(float), cudaMemcpyHostToDevice);

    dense_kernel<<<(${m} * ${n} + 127) / 128, 128>>>(d_x, d_w, d_bias, d_y);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(y, d_y, ${m} * ${n} * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_w);
    cudaFree(d_bias);
    cudaFree(d_y);
    return err == cudaSuccess ? 0 : 2;
}
