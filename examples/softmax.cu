// Softmax over the rows of a matrix, one block per row, dynamic shared memory for the reductions.
#include <cfloat>
#include <cmath>

#include "cuda_runtime.h"

__global__ void softmax_kernel(const float *input, float *output, int cols) {
    extern __shared__ float scratch[];
    int tid = threadIdx.x;
    const float *x = input + blockIdx.x * cols;
    float *y = output + blockIdx.x * cols;

    // The maximum first, so that exp does not overflow.
    float local_max = -FLT_MAX;
    for (int i = tid; i < cols; i += blockDim.x) local_max = fmaxf(local_max, x[i]);
    scratch[tid] = local_max;
    __syncthreads();
    for (int s = blockDim.x / 2; s > 0; s /= 2) {
        if (tid < s) scratch[tid] = fmaxf(scratch[tid], scratch[tid + s]);
        __syncthreads();
    }
    float row_max = scratch[0];
    __syncthreads();

    float local_sum = 0.0f;
    for (int i = tid; i < cols; i += blockDim.x) {
        float e = expf(x[i] - row_max);
        y[i] = e;
        local_sum += e;
    }
    scratch[tid] = local_sum;
    __syncthreads();
    for (int s = blockDim.x / 2; s > 0; s /= 2) {
        if (tid < s) scratch[tid] += scratch[tid + s];
        __syncthreads();
    }
    float inv = 1.0f / scratch[0];

    for (int i = tid; i < cols; i += blockDim.x) y[i] *= inv;
}

void softmax(const float *input, float *output, int rows, int cols) {
    float *d_in, *d_out;
    size_t bytes = (size_t)rows * cols * sizeof(float);
    cudaMalloc((void **)&d_in, bytes);
    cudaMalloc((void **)&d_out, bytes);
    cudaMemcpy(d_in, input, bytes, cudaMemcpyHostToDevice);

    int threads = 128;
    softmax_kernel<<<rows, threads, threads * sizeof(float)>>>(d_in, d_out, cols);
    cudaDeviceSynchronize();

    cudaMemcpy(output, d_out, bytes, cudaMemcpyDeviceToHost);
    cudaFree(d_in);
    cudaFree(d_out);
}
