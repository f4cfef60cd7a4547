// Minimum pooling of bytes, NHWC, two output pixels per block.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <cuda_runtime.h>

#define CUDA_CHECK(call)                                                           \
    do {                                                                           \
        cudaError_t err_ = (call);                                                 \
        if (err_ != cudaSuccess) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,                     \
                    cudaGetErrorString(err_));                                     \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

__global__ void minpool_int8(const int8_t *x, int8_t *y, int h, int w, int c, int oh, int ow,
                             int window, int stride) {
    int ox = blockIdx.x * blockDim.y + threadIdx.y;
    int oy = blockIdx.y;
    if (ox >= ow) return;
    for (int ch = threadIdx.x; ch < c; ch += blockDim.x) {
        int best = 127;
        for (int t = 0; t < window * window; ++t) {
            int row = oy * stride + t / window;
            int col = ox * stride + t % window;
            best = min(best, (int)x[((blockIdx.z * h + row) * w + col) * c + ch]);
        }
        y[((blockIdx.z * oh + oy) * ow + ox) * c + ch] = (int8_t)best;
    }
}

extern "C" void min_pool_int8(const int8_t *x, int8_t *y, int batch, int h, int w, int c,
                              int window, int stride) {
    const int oh = (h - window) / stride + 1;
    const int ow = (w - window) / stride + 1;
    int8_t *d_x = nullptr;
    int8_t *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_x, (size_t)batch * h * w * c));
    CUDA_CHECK(cudaMalloc(&d_y, (size_t)batch * oh * ow * c));
    CUDA_CHECK(cudaMemcpy(d_x, x, (size_t)batch * h * w * c, cudaMemcpyHostToDevice));

    dim3 block(64, 2);
    dim3 grid((ow + 1) / 2, oh, batch);
    minpool_int8<<<grid, block>>>(d_x, d_y, h, w, c, oh, ow, window, stride);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, (size_t)batch * oh * ow * c, cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_y));
}
