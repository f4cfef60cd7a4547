// 2 x 2 convolution, NCHW, grid-stride over all outputs; the sizes in a struct passed by value.
#include <cuda_runtime.h>

struct ConvShape {
    int batch, height, width, channels, filters, stride, out_height, out_width;
};

__global__ void conv_nchw_loop(const float *x, const float *filters, float *y, ConvShape s) {
    const int total = s.batch * s.filters * s.out_height * s.out_width;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < total; i += blockDim.x * gridDim.x) {
        const int ox = i % s.out_width;
        const int oy = i / s.out_width % s.out_height;
        const int k = i / (s.out_width * s.out_height) % s.filters;
        const int b = i / (s.out_width * s.out_height * s.filters);
        float sum = 0.0f;
        for (int c = 0; c < s.channels; ++c) {
            const float *plane = x + ((b * s.channels + c) * s.height + oy * s.stride) * s.width;
            const float *tap = filters + (k * s.channels + c) * 4;
            sum += plane[ox * s.stride] * tap[0] + plane[ox * s.stride + 1] * tap[1];
            sum += plane[s.width + ox * s.stride] * tap[2] + plane[s.width + ox * s.stride + 1] * tap[3];
        }
        y[i] = sum;
    }
}

extern "C" int conv2d_nchw_grid_stride(const float *x, const float *filters, float *y,
                                       int batch, int h, int w, int c, int f, int stride) {
    const int oh = (h - 2) / stride + 1;
    const int ow = (w - 2) / stride + 1;
    float *d_x;
    float *d_filters;
    float *d_y;
    if (cudaMalloc((void **)&d_x, (size_t)batch * h * w * c * sizeof(float)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_filters, (size_t)f * 4 * c * sizeof(float)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_y, (size_t)batch * oh * ow * f * sizeof(float)) != cudaSuccess) return 1;
    cudaMemcpy(d_x, x, (size_t)batch * h * w * c * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_filters, filters, (size_t)f * 4 * c * sizeof(float), cudaMemcpyHostToDevice);

    ConvShape shape = {batch, h, w, c, f, stride, oh, ow};
    conv_nchw_loop<<<96, 64>>>(d_x, d_filters, d_y, shape);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(y, d_y, (size_t)batch * oh * ow * f * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_filters);
    cudaFree(d_y);
    return err == cudaSuccess ? 0 : 2;
}
