// Sum pooling, NHWC, four channels per thread; the number of channels is a multiple of four.
#include <cuda_runtime.h>

__global__ void sumpool_vec4(const float *x, float *y, int total, int h, int w, int c4, int oh, int ow,
                             int window, int stride) {
    const float4 *in = reinterpret_cast<const float4 *>(x);
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int ch = i % c4;
    const int ox = i / c4 % ow;
    const int oy = i / (c4 * ow) % oh;
    const int b = i / (c4 * ow * oh);
    float4 sum = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int r = 0; r < window; ++r) {
        for (int s = 0; s < window; ++s) {
            const float4 v = in[((b * h + oy * stride + r) * w + ox * stride + s) * c4 + ch];
            sum.x += v.x;
            sum.y += v.y;
            sum.z += v.z;
            sum.w += v.w;
        }
    }
    reinterpret_cast<float4 *>(y)[i] = sum;
}

extern "C" int sum_pool_float4(const float *x, float *y, int batch, int h, int w, int c,
                               int window, int stride) {
    const int oh = (h - window) / stride + 1;
    const int ow = (w - window) / stride + 1;
    float *d_x;
    float *d_y;
    if (cudaMalloc((void **)&d_x, (size_t)batch * h * w * c * sizeof(float)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_y, (size_t)batch * oh * ow * c * sizeof(float)) != cudaSuccess) return 1;
    cudaMemcpy(d_x, x, (size_t)batch * h * w * c * sizeof(float), cudaMemcpyHostToDevice);

    const int vectors = batch * oh * ow * (c / 4);
    sumpool_vec4<<<(vectors + 127) / 128, 128>>>(d_x, d_y, vectors, h, w, c / 4, oh, ow, window, stride);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(y, d_y, (size_t)batch * oh * ow * c * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
    return err == cudaSuccess ? 0 : 2;
}
