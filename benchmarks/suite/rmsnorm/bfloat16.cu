// RMSNorm of bfloat16 values: shuffles within the warps, shared memory between them.
#include <cuda_bf16.h>
#include <cuda_runtime.h>

__global__ void rmsnorm_bf16(const __nv_bfloat16 *__restrict__ x, const __nv_bfloat16 *__restrict__ weight,
                             __nv_bfloat16 *__restrict__ y, int cols, float eps) {
    __shared__ float warp_sums[4];
    __shared__ float rstd;
    const __nv_bfloat16 *row = x + (size_t)blockIdx.x * cols;

    float acc = 0.0f;
    for (int c = threadIdx.x; c < cols; c += blockDim.x) {
        const float v = __bfloat162float(row[c]);
        acc += v * v;
    }
    for (int d = 16; d > 0; d >>= 1) acc += __shfl_down_sync(0xffffffff, acc, d);
    if (threadIdx.x % 32 == 0) warp_sums[threadIdx.x / 32] = acc;
    __syncthreads();
    if (threadIdx.x == 0) {
        float total = 0.0f;
        for (int w = 0; w < 4; ++w) total += warp_sums[w];
        rstd = rsqrtf(total / cols + eps);
    }
    __syncthreads();

    for (int c = threadIdx.x; c < cols; c += blockDim.x) {
        y[(size_t)blockIdx.x * cols + c] =
            __float2bfloat16(__bfloat162float(row[c]) * rstd * __bfloat162float(weight[c]));
    }
}

extern "C" void rmsnorm_bfloat16(const __nv_bfloat16 *x, const __nv_bfloat16 *weight,
                                 __nv_bfloat16 *y, int rows, int cols, float eps) {
    __nv_bfloat16 *d_x = NULL;
    __nv_bfloat16 *d_weight = NULL;
    __nv_bfloat16 *d_y = NULL;
    cudaMalloc((void **)&d_x, (size_t)rows * cols * sizeof(__nv_bfloat16));
    cudaMalloc((void **)&d_weight, cols * sizeof(__nv_bfloat16));
    cudaMalloc((void **)&d_y, (size_t)rows * cols * sizeof(__nv_bfloat16));
    cudaMemcpy(d_x, x, (size_t)rows * cols * sizeof(__nv_bfloat16), cudaMemcpyHostToDevice);
    cudaMemcpy(d_weight, weight, cols * sizeof(__nv_bfloat16), cudaMemcpyHostToDevice);

    rmsnorm_bf16<<<rows, 128>>>(d_x, d_weight, d_y, cols, eps);

    cudaMemcpy(y, d_y, (size_t)rows * cols * sizeof(__nv_bfloat16), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_weight);
    cudaFree(d_y);
}
