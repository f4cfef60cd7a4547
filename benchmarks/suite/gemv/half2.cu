// y = A x in half precision with float sums, one block per row, two values per access; k is even.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

__global__ void gemv_half2_kernel(const half *A, const half *x, half *y, int k) {
    __shared__ float partial[64];
    const half2 *row = reinterpret_cast<const half2 *>(A + (size_t)blockIdx.x * k);
    const half2 *vec = reinterpret_cast<const half2 *>(x);
    float acc = 0.0f;
    for (int i = threadIdx.x; i < k / 2; i += blockDim.x) {
        const float2 a = __half22float2(row[i]);
        const float2 b = __half22float2(vec[i]);
        acc += a.x * b.x + a.y * b.y;
    }
    partial[threadIdx.x] = acc;
    __syncthreads();
    for (int s = 32; s > 0; s >>= 1) {
        if (threadIdx.x < s) partial[threadIdx.x] += partial[threadIdx.x + s];
        __syncthreads();
    }
    if (threadIdx.x == 0) y[blockIdx.x] = __float2half(partial[0]);
}

extern "C" int gemv_half2(const half *a, const half *x, half *y, int m, int k) {
    half *d_a;
    half *d_x;
    half *d_y;
    if (cudaMalloc((void **)&d_a, (size_t)m * k * sizeof(half)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_x, k * sizeof(half)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_y, m * sizeof(half)) != cudaSuccess) return 1;
    cudaMemcpy(d_a, a, (size_t)m * k * sizeof(half), cudaMemcpyHostToDevice);
    cudaMemcpy(d_x, x, k * sizeof(half), cudaMemcpyHostToDevice);

    gemv_half2_kernel<<<m, 64>>>(d_a, d_x, d_y, k);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(y, d_y, m * sizeof(half), cudaMemcpyDeviceToHost);
    cudaFree(d_a);
    cudaFree(d_x);
    cudaFree(d_y);
    return err == cudaSuccess ? 0 : 2;
}
