// 2 x 2 convolution of half values, NHWC, float sums; a block does all filters of one pixel.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

__global__ void conv_nhwc_half(const half *__restrict__ x, const half *__restrict__ filters,
                               half *__restrict__ y, int h, int w, int c, int f, int oh, int ow,
                               int stride) {
    const int ox = blockIdx.x;
    const int oy = blockIdx.y;
    const int image = blockIdx.z;
    for (int out = threadIdx.x; out < f; out += blockDim.x) {
        float acc = 0.0f;
        for (int r = 0; r < 2; ++r) {
            for (int s = 0; s < 2; ++s) {
                const half *px = x + ((image * h + oy * stride + r) * w + ox * stride + s) * c;
                const half *pw = filters + ((out * 2 + r) * 2 + s) * c;
                for (int i = 0; i < c; ++i) acc += __half2float(px[i]) * __half2float(pw[i]);
            }
        }
        y[((image * oh + oy) * ow + ox) * f + out] = __float2half(acc);
    }
}

extern "C" void conv2d_nhwc_half(const half *x, const half *filters, half *y, int batch, int h,
                                 int w, int c, int f, int stride) {
    const int oh = (h - 2) / stride + 1;
    const int ow = (w - 2) / stride + 1;
    half *d_x;
    half *d_filters;
    half *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_x, (size_t)batch * h * w * c * sizeof(half));
    cudaMalloc(&d_filters, (size_t)f * 4 * c * sizeof(half));
    cudaMalloc(&d_y, (size_t)batch * oh * ow * f * sizeof(half));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_x, x, (size_t)batch * h * w * c * sizeof(half), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_filters, filters, (size_t)f * 4 * c * sizeof(half), cudaMemcpyHostToDevice, stream);

    dim3 grid(ow, oh, batch);
    conv_nhwc_half<<<grid, 64, 0, stream>>>(d_x, d_filters, d_y, h, w, c, f, oh, ow, stride);

    cudaMemcpyAsync(y, d_y, (size_t)batch * oh * ow * f * sizeof(half), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_x);
    cudaFree(d_filters);
    cudaFree(d_y);
}
