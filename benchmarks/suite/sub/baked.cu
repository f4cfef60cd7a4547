// Difference of two tensors, one thread per element, the size written into the kernel.
#include <cuda_runtime.h>

#define COUNT ${n}

__global__ void sub_kernel(const float *a, const float *b, float *c)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < COUNT)
        c[i] = a[i] - b[i];
}

extern "C" void sub_baked(const float *a, const float *b, float *c) {
    float *d_a = NULL;
    float *d_b = NULL;
    float *d_c = NULL;
    cudaMalloc((void **)&d_a, ${n} * sizeof(float));
    cudaMalloc((void **)&d_b, ${n} * sizeof(float));
    cudaMalloc((void **)&d_c, ${n} * sizeof(float));
    cudaMemcpy(d_a, a, ${n} * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_b, b, ${n} * sizeof(float), cudaMemcpyHostToDevice);

    sub_kernel<<<(${n} + 511) / 512, 512>>>(d_a, d_b, d_c);

    cudaMemcpy(c, d_c, ${n} * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_a);
    cudaFree(d_b);
    cudaFree(d_c);
}
