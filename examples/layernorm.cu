// Layer normalisation over the last dimension, with scale and shift.
#include <cuda_runtime.h>

namespace {

constexpr int BLOCK = 128;


template <int N>
__device__ float block_sum(float v, float (&shared)[N]) {
    shared[threadIdx.x] = v;
    __syncthreads();
#pragma unroll
    for (int half_size = N / 2; half_size >= 1; half_size >>= 1) {
        if (threadIdx.x < half_size) {
            shared[threadIdx.x] += shared[threadIdx.x + half_size];
        }
        __syncthreads();
    }
    float total = shared[0];
    __syncthreads();
    return total;
}

__global__ void layernorm_kernel(const float *x, const float *gamma, const float *beta, float *out,
                                 int hidden, float eps) {
    __shared__ float buffer[BLOCK];
    const int row = blockIdx.x;

    float sum = 0.f;
    for (int i = threadIdx.x; i < hidden; i += BLOCK) {
        sum += x[row * hidden + i];
    }
    const float mean = block_sum(sum, buffer) / hidden;

    float sq = 0.f;
    for (int i = threadIdx.x; i < hidden; i += BLOCK) {
        const float d = x[row * hidden + i] - mean;
        sq += d * d;
    }
    const float var = block_sum(sq, buffer) / hidden;
    const float rstd = rsqrtf(var + eps);

    for (int i = threadIdx.x; i < hidden; i += BLOCK) {
        const int idx = row * hidden + i;
        out[idx] = (x[idx] - mean) * rstd * gamma[i] + beta[i];
    }
}

}  // namespace

extern "C" int layernorm(const float *x, const float *gamma, const float *beta, float *out,
                         int rows, int hidden, float eps) {
    if (rows <= 0 || hidden <= 0) return -1;
    float *dx, *dgamma, *dbeta, *dout;
    const size_t n = static_cast<size_t>(rows) * hidden;
    cudaMalloc(&dx, n * sizeof(float));
    cudaMalloc(&dgamma, hidden * sizeof(float));
    cudaMalloc(&dbeta, hidden * sizeof(float));
    cudaMalloc(&dout, n * sizeof(float));
    cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(dgamma, gamma, hidden * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(dbeta, beta, hidden * sizeof(float), cudaMemcpyHostToDevice);

    layernorm_kernel<<<dim3(rows), dim3(BLOCK)>>>(dx, dgamma, dbeta, dout, hidden, eps);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(out, dout, n * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(dx);
    cudaFree(dgamma);
    cudaFree(dbeta);
    cudaFree(dout);
    return err == cudaSuccess ? 0 : 1;
}
