// Layer normalisation over the last dimension, one block per row, mean and variance in one pass
// (Welford's update per thread, merged in shared memory).
#include <cstdio>
#include <cstdlib>

#include <cuda_runtime.h>

#define CUDA_CHECK(call)                                                           \
    do {                                                                           \
        cudaError_t err_ = (call);                                                 \
        if (err_ != cudaSuccess) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,                     \
                    cudaGetErrorString(err_));                                     \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

struct Stats {
    float mean;
    float m2;
    float count;
};

__device__ void merge(Stats &a, const Stats &b) {
    if (b.count == 0.0f) return;
    const float count = a.count + b.count;
    const float delta = b.mean - a.mean;
    a.mean += delta * b.count / count;
    a.m2 += b.m2 + delta * delta * a.count * b.count / count;
    a.count = count;
}

template <typename T>
__global__ void layernorm_block(const T *x, const T *gamma, const T *beta, T *y, int cols, float eps) {
    __shared__ float mean[64];
    __shared__ float m2[64];
    __shared__ float count[64];
    const T *row = x + (size_t)blockIdx.x * cols;

    Stats own = {0.0f, 0.0f, 0.0f};
    for (int c = threadIdx.x; c < cols; c += blockDim.x) {
        const float v = row[c];
        own.count += 1.0f;
        const float delta = v - own.mean;
        own.mean += delta / own.count;
        own.m2 += delta * (v - own.mean);
    }
    mean[threadIdx.x] = own.mean;
    m2[threadIdx.x] = own.m2;
    count[threadIdx.x] = own.count;
    __syncthreads();

    for (int s = blockDim.x / 2; s > 0; s >>= 1) {
        if (threadIdx.x < s) {
            Stats a = {mean[threadIdx.x], m2[threadIdx.x], count[threadIdx.x]};
            const Stats b = {mean[threadIdx.x + s], m2[threadIdx.x + s], count[threadIdx.x + s]};
            merge(a, b);
            mean[threadIdx.x] = a.mean;
            m2[threadIdx.x] = a.m2;
            count[threadIdx.x] = a.count;
        }
        __syncthreads();
    }

    const float mu = mean[0];
    const float rstd = rsqrtf(m2[0] / cols + eps);
    for (int c = threadIdx.x; c < cols; c += blockDim.x) {
        y[(size_t)blockIdx.x * cols + c] = (row[c] - mu) * rstd * gamma[c] + beta[c];
    }
}

extern "C" void layernorm_shared(const float *x, const float *gamma, const float *beta,
                                 float *y, int rows, int cols, float eps) {
    float *d_x = nullptr;
    float *d_gamma = nullptr;
    float *d_beta = nullptr;
    float *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_x, (size_t)rows * cols * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_gamma, cols * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_beta, cols * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_y, (size_t)rows * cols * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_x, x, (size_t)rows * cols * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_gamma, gamma, cols * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_beta, beta, cols * sizeof(float), cudaMemcpyHostToDevice));

    layernorm_block<float><<<rows, 64>>>(d_x, d_gamma, d_beta, d_y, cols, eps);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, (size_t)rows * cols * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_gamma));
    CUDA_CHECK(cudaFree(d_beta));
    CUDA_CHECK(cudaFree(d_y));
}
