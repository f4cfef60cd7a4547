// RMSNorm over the last dimension, one block of 256 per row, the sizes written into the kernel.
#include <cuda_runtime.h>

__global__ void __launch_bounds__(256) rmsnorm_kernel(float *x, float *weight, float *y) {
    __shared__ float sums[256];
    int tid = threadIdx.x;
    float sum = 0.0f;
    for (int i = tid; i < ${cols}; i += 256) {
        float v = x[blockIdx.x * ${cols} + i];
        sum += v * v;
    }
    sums[tid] = sum;
    __syncthreads();
    for (int s = 128; s > 0; s >>= 1) {
        if (tid < s) sums[tid] += sums[tid + s];
        __syncthreads();
    }
    float scale = 1.0f / sqrtf(sums[0] / ${cols} + 1e-5f);
    for (int i = tid; i < ${cols}; i += 256) {
        y[blockIdx.x * ${cols} + i] = x[blockIdx.x * ${cols} + i] * scale * weight[i];
    }
}

extern "C" void rmsnorm_baked(const float *x, const float *weight, float *y) {
    float *d_x;
    float *d_weight;
    float *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_x, ${rows} * ${cols} * sizeof(float));
    cudaMalloc(&d_weight, ${cols} * sizeof(float));
    cudaMalloc(&d_y, ${rows} * ${cols} * sizeof(float));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_x, x, ${rows} * ${cols} * sizeof(float), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_weight, weight, ${cols} * sizeof(float), cudaMemcpyHostToDevice, stream);

    rmsnorm_kernel<<<${rows}, 256, 0, stream>>>(d_x, d_weight, d_y);

    cudaMemcpyAsync(y, d_y, ${rows} * ${cols} * sizeof(float), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_x);
    cudaFree(d_weight);
    cudaFree(d_y);
}
