// Gelu by the error function; full groups of four as float4, the last group element by element.
#include <cuda_runtime.h>

#define GELU(v) (0.5f * (v) * (1.0f + erff((v) * 0.707106781186547524f)))

__global__ void gelu_vec4(const float *x, float *y, int n) {
    int base = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
    if (base + 3 < n) {
        float4 v = *(const float4 *)(x + base);
        float4 r;
        r.x = GELU(v.x);
        r.y = GELU(v.y);
        r.z = GELU(v.z);
        r.w = GELU(v.w);
        *(float4 *)(y + base) = r;
    } else {
        for (int i = base; i < n; i++) y[i] = GELU(x[i]);
    }
}

extern "C" void gelu_float4(const float *x, float *y, int n) {
    float *d_x = NULL;
    float *d_y = NULL;
    cudaMalloc((void **)&d_x, n * sizeof(float));
    cudaMalloc((void **)&d_y, n * sizeof(float));
    cudaMemcpy(d_x, x, n * sizeof(float), cudaMemcpyHostToDevice);

    int threads = 128;
    int blocks = ((n + 3) / 4 + threads - 1) / threads;
    gelu_vec4<<<blocks, threads>>>(d_x, d_y, n);

    cudaMemcpy(y, d_y, n * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
}
