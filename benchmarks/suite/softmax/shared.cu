// Softmax over the last dimension, one block per row, tree reductions in dynamic shared memory.
#include <cfloat>

#include <cuda_runtime.h>

__global__ void softmax_block(const float *x, float *y, int cols) {
    extern __shared__ float red[];
    const int t = threadIdx.x;
    const float *in = x + (size_t)blockIdx.x * cols;
    float *out = y + (size_t)blockIdx.x * cols;

    float m = -FLT_MAX;
    for (int c = t; c < cols; c += blockDim.x) m = fmaxf(m, in[c]);
    red[t] = m;
    __syncthreads();
    for (unsigned int s = blockDim.x >> 1; s > 0; s >>= 1) {
        if (t < s) red[t] = fmaxf(red[t], red[t + s]);
        __syncthreads();
    }
    m = red[0];
    __syncthreads();

    float sum = 0.0f;
    for (int c = t; c < cols; c += blockDim.x) sum += expf(in[c] - m);
    red[t] = sum;
    __syncthreads();
    for (unsigned int s = blockDim.x >> 1; s > 0; s >>= 1) {
        if (t < s) red[t] += red[t + s];
        __syncthreads();
    }
    sum = red[0];

    for (int c = t; c < cols; c += blockDim.x) out[c] = expf(in[c] - m) / sum;
}

extern "C" void softmax_shared(const float *x, float *y, int rows, int cols) {
    float *d_x = NULL;
    float *d_y = NULL;
    cudaMalloc((void **)&d_x, (size_t)rows * cols * sizeof(float));
    cudaMalloc((void **)&d_y, (size_t)rows * cols * sizeof(float));
    cudaMemcpy(d_x, x, (size_t)rows * cols * sizeof(float), cudaMemcpyHostToDevice);

    softmax_block<<<rows, 64, 64 * sizeof(float)>>>(d_x, d_y, cols);

    cudaMemcpy(y, d_y, (size_t)rows * cols * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
}
