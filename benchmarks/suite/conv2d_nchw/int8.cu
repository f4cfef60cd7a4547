// 2 x 2 convolution of bytes with 32-bit sums, NCHW; the block's filter in shared memory.
#include <cstdint>

#include <cuda_runtime.h>

__global__ void conv_nchw_int8(const int8_t *x, const int8_t *filters, int *y, int h, int w, int c,
                               int oh, int ow, int stride) {
    __shared__ int8_t taps[512];
    const int tid = threadIdx.y * blockDim.x + threadIdx.x;
    for (int i = tid; i < 4 * c; i += blockDim.x * blockDim.y) {
        taps[i] = filters[blockIdx.x * 4 * c + i];
    }
    __syncthreads();

    for (int oy = threadIdx.y; oy < oh; oy += blockDim.y) {
        for (int ox = threadIdx.x; ox < ow; ox += blockDim.x) {
            int sum = 0;
            for (int i = 0; i < 4 * c; ++i) {
                const int py = oy * stride + (i >> 1 & 1);
                const int px = ox * stride + (i & 1);
                sum += x[((blockIdx.y * c + i / 4) * h + py) * w + px] * taps[i];
            }
            y[((blockIdx.y * gridDim.x + blockIdx.x) * oh + oy) * ow + ox] = sum;
        }
    }
}

extern "C" void conv2d_nchw_int8(const int8_t *x, const int8_t *filters, int *y, int batch,
                                 int h, int w, int c, int f, int stride) {
    const int oh = (h - 2) / stride + 1;
    const int ow = (w - 2) / stride + 1;
    int8_t *d_x;
    int8_t *d_filters;
    int *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_x, (size_t)batch * h * w * c);
    cudaMalloc(&d_filters, (size_t)f * 4 * c);
    cudaMalloc(&d_y, (size_t)batch * oh * ow * f * sizeof(int));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_x, x, (size_t)batch * h * w * c, cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_filters, filters, (size_t)f * 4 * c, cudaMemcpyHostToDevice, stream);

    conv_nchw_int8<<<dim3(f, batch), dim3(8, 8), 0, stream>>>(d_x, d_filters, d_y, h, w, c, oh, ow, stride);

    cudaMemcpyAsync(y, d_y, (size_t)batch * oh * ow * f * sizeof(int), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_x);
    cudaFree(d_filters);
    cudaFree(d_y);
}
