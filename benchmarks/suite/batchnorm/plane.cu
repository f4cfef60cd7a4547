// Batch normalisation of half values with given float statistics: a block per image and channel,
// whose scale and shift one thread computes for all.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

__global__ void batchnorm_planes(const half *x, const float *mean, const float *var,
                                 const float *gamma, const float *beta, half *y, int hw, float eps) {
    __shared__ float scale, shift;
    const int c = blockIdx.x;
    if (threadIdx.x == 0) {
        scale = gamma[c] * rsqrtf(var[c] + eps);
        shift = beta[c] - mean[c] * scale;
    }
    __syncthreads();
    const size_t start = ((size_t)blockIdx.y * gridDim.x + c) * hw;
    for (int i = threadIdx.x; i < hw; i += blockDim.x) {
        y[start + i] = __float2half(fmaf(__half2float(x[start + i]), scale, shift));
    }
}

extern "C" void batchnorm_plane(const half *x, const float *mean, const float *var,
                                const float *gamma, const float *beta, half *y, int batch,
                                int c, int hw, float eps) {
    half *d_x;
    float *d_mean;
    float *d_var;
    float *d_gamma;
    float *d_beta;
    half *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_x, (size_t)batch * c * hw * sizeof(half));
    cudaMalloc(&d_mean, c * sizeof(float));
    cudaMalloc(&d_var, c * sizeof(float));
    cudaMalloc(&d_gamma, c * sizeof(float));
    cudaMalloc(&d_beta, c * sizeof(float));
    cudaMalloc(&d_y, (size_t)batch * c * hw * sizeof(half));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_x, x, (size_t)batch * c * hw * sizeof(half), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_mean, mean, c * sizeof(float), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_var, var, c * sizeof(float), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_gamma, gamma, c * sizeof(float), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_beta, beta, c * sizeof(float), cudaMemcpyHostToDevice, stream);

    batchnorm_planes<<<dim3(c, batch), 64, 0, stream>>>(d_x, d_mean, d_var, d_gamma, d_beta, d_y, hw, eps);

    cudaMemcpyAsync(y, d_y, (size_t)batch * c * hw * sizeof(half), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_x);
    cudaFree(d_mean);
    cudaFree(d_var);
    cudaFree(d_gamma);
    cudaFree(d_beta);
    cudaFree(d_y);
}
