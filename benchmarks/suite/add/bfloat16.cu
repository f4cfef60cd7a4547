// Sum of two bfloat16 tensors, grid-stride.
#include <cuda_bf16.h>
#include <cuda_runtime.h>

__global__ void add_bf16(const __nv_bfloat16 *a, const __nv_bfloat16 *b, __nv_bfloat16 *c, int n) {
    const int stride = blockDim.x * gridDim.x;
    for (int i = threadIdx.x + blockDim.x * blockIdx.x; i < n; i += stride) {
        c[i] = __hadd(a[i], b[i]);
    }
}

extern "C" void add_bfloat16(const __nv_bfloat16 *a, const __nv_bfloat16 *b, __nv_bfloat16 *c,
                             int n) {
    __nv_bfloat16 *d_a;
    __nv_bfloat16 *d_b;
    __nv_bfloat16 *d_c;
    cudaStream_t stream;
    cudaMalloc(&d_a, n * sizeof(__nv_bfloat16));
    cudaMalloc(&d_b, n * sizeof(__nv_bfloat16));
    cudaMalloc(&d_c, n * sizeof(__nv_bfloat16));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_a, a, n * sizeof(__nv_bfloat16), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_b, b, n * sizeof(__nv_bfloat16), cudaMemcpyHostToDevice, stream);

    add_bf16<<<64, 128, 0, stream>>>(d_a, d_b, d_c, n);

    cudaMemcpyAsync(c, d_c, n * sizeof(__nv_bfloat16), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_a);
    cudaFree(d_b);
    cudaFree(d_c);
}
