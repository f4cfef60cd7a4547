// Gelu of bfloat16 values by the error function, computed in float, grid-stride.
#include <cuda_bf16.h>
#include <cuda_runtime.h>

constexpr float kInvSqrt2 = 0.70710678118654752440f;

__global__ void gelu_bf16(const __nv_bfloat16 *__restrict__ x, __nv_bfloat16 *__restrict__ y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    while (i < n) {
        const float v = __bfloat162float(x[i]);
        y[i] = __float2bfloat16(0.5f * v * (1.0f + erff(v * kInvSqrt2)));
        i += gridDim.x * blockDim.x;
    }
}

extern "C" void gelu_grid_stride(const __nv_bfloat16 *x, __nv_bfloat16 *y, int n) {
    __nv_bfloat16 *d_x;
    __nv_bfloat16 *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_x, n * sizeof(__nv_bfloat16));
    cudaMalloc(&d_y, n * sizeof(__nv_bfloat16));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_x, x, n * sizeof(__nv_bfloat16), cudaMemcpyHostToDevice, stream);

    gelu_bf16<<<dim3(48), dim3(128), 0, stream>>>(d_x, d_y, n);

    cudaMemcpyAsync(y, d_y, n * sizeof(__nv_bfloat16), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_x);
    cudaFree(d_y);
}
