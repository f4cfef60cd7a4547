// Maximum pooling of half values, NHWC, a block per output pixel, threads over the channels.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

__global__ void maxpool_half(const half *x, half *y, int h, int w, int c, int oh, int ow, int window,
                             int stride) {
    const half *image = x + (size_t)blockIdx.z * h * w * c;
    half *out = y + (((size_t)blockIdx.z * oh + blockIdx.y) * ow + blockIdx.x) * c;
    for (int ch = threadIdx.x; ch < c; ch += blockDim.x) {
        half best = image[(blockIdx.y * stride * w + blockIdx.x * stride) * c + ch];
        for (int i = 0; i < window; ++i) {
            for (int j = 0; j < window; ++j) {
                const half v = image[((blockIdx.y * stride + i) * w + blockIdx.x * stride + j) * c + ch];
                best = __hmax(best, v);
            }
        }
        out[ch] = best;
    }
}

extern "C" void max_pool_half(const half *x, half *y, int batch, int h, int w, int c,
                              int window, int stride) {
    const int oh = (h - window) / stride + 1;
    const int ow = (w - window) / stride + 1;
    half *d_x;
    half *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_x, (size_t)batch * h * w * c * sizeof(half));
    cudaMalloc(&d_y, (size_t)batch * oh * ow * c * sizeof(half));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_x, x, (size_t)batch * h * w * c * sizeof(half), cudaMemcpyHostToDevice, stream);

    dim3 grid(ow, oh, batch);
    maxpool_half<<<grid, 64, 0, stream>>>(d_x, d_y, h, w, c, oh, ow, window, stride);

    cudaMemcpyAsync(y, d_y, (size_t)batch * oh * ow * c * sizeof(half), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_x);
    cudaFree(d_y);
}
