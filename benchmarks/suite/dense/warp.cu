// Fully connected layer in bfloat16 with float sums, one warp per output.
#include <cuda_bf16.h>
#include <cuda_runtime.h>

__global__ void dense_warp_kernel(const __nv_bfloat16 *x, const __nv_bfloat16 *w,
                                  const __nv_bfloat16 *bias, __nv_bfloat16 *y, int n, int k) {
    const __nv_bfloat16 *xr = x + blockIdx.y * k;
    const __nv_bfloat16 *wr = w + blockIdx.x * k;
    float acc = 0.0f;
    for (int i = threadIdx.x; i < k; i += warpSize) {
        acc += __bfloat162float(xr[i]) * __bfloat162float(wr[i]);
    }
#pragma unroll
    for (int d = 16; d > 0; d /= 2) acc += __shfl_xor_sync(0xffffffff, acc, d);
    if (threadIdx.x == 0) {
        y[blockIdx.y * n + blockIdx.x] = __float2bfloat16(acc + __bfloat162float(bias[blockIdx.x]));
    }
}

extern "C" void dense_warp(const __nv_bfloat16 *x, const __nv_bfloat16 *w,
                           const __nv_bfloat16 *bias, __nv_bfloat16 *y, int m, int n, int k) {
    __nv_bfloat16 *d_x;
    __nv_bfloat16 *d_w;
    __nv_bfloat16 *d_bias;
    __nv_bfloat16 *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_x, (size_t)m * k * sizeof(__nv_bfloat16));
    cudaMalloc(&d_w, (size_t)n * k * sizeof(__nv_bfloat16));
    cudaMalloc(&d_bias, n * sizeof(__nv_bfloat16));
    cudaMalloc(&d_y, (size_t)m * n * sizeof(__nv_bfloat16));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_x, x, (size_t)m * k * sizeof(__nv_bfloat16), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_w, w, (size_t)n * k * sizeof(__nv_bfloat16), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_bias, bias, n * sizeof(__nv_bfloat16), cudaMemcpyHostToDevice, stream);

    dim3 grid(n, m);
    dense_warp_kernel<<<grid, 32, 0, stream>>>(d_x, d_w, d_bias, d_y, n, k);

    cudaMemcpyAsync(y, d_y, (size_t)m * n * sizeof(__nv_bfloat16), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_x);
    cudaFree(d_w);
    cudaFree(d_bias);
    cudaFree(d_y);
}
