// out = scale * in, four floats per thread and access, with a scalar tail.
#include <cuda_runtime.h>

__global__ void copy_scale(const float4 *in, float4 *out, float scale, int n4) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n4) {
        float4 v = in[i];
        v.x *= scale;
        v.y *= scale;
        v.z *= scale;
        v.w *= scale;
        out[i] = v;
    }
}

__global__ void copy_scale_tail(const float *in, float *out, float scale, int start, int n) {
    int i = start + threadIdx.x;
    if (i < n) out[i] = scale * in[i];
}

void launch_copy_scale(const float *in, float *out, float scale, int n) {
    float *d_in, *d_out;
    cudaMalloc(&d_in, n * sizeof(float));
    cudaMalloc(&d_out, n * sizeof(float));
    cudaMemcpy(d_in, in, n * sizeof(float), cudaMemcpyHostToDevice);

    int n4 = n / 4;
    if (n4 > 0) {
        copy_scale<<<(n4 + 127) / 128, 128>>>(reinterpret_cast<const float4 *>(d_in),
                                              reinterpret_cast<float4 *>(d_out), scale, n4);
    }
    if (n % 4 != 0) {
        copy_scale_tail<<<1, 32>>>(d_in, d_out, scale, n4 * 4, n);
    }

    cudaMemcpy(out, d_out, n * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_in);
    cudaFree(d_out);
}
