// Average pooling, NHWC, grid-stride, the divisor computed once per thread.
#include <cuda_runtime.h>

__global__ void avgpool_loop(const float *x, float *y, int batch, int h, int w, int c, int oh, int ow,
                             int window, int stride) {
    const float scale = 1.0f / (float)(window * window);
    const int total = batch * oh * ow * c;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < total; i += blockDim.x * gridDim.x) {
        int rest = i;
        const int ch = rest % c;
        rest /= c;
        const int px = rest % ow * stride;
        rest /= ow;
        const int py = rest % oh * stride;
        const int b = rest / oh;
        float sum = 0.0f;
        for (int r = py; r < py + window; ++r)
            for (int s = px; s < px + window; ++s) sum += x[((b * h + r) * w + s) * c + ch];
        y[i] = sum * scale;
    }
}

extern "C" void avg_pool_grid_stride(const float *x, float *y, int batch, int h, int w, int c,
                                     int window, int stride) {
    const int oh = (h - window) / stride + 1;
    const int ow = (w - window) / stride + 1;
    float *d_x = NULL;
    float *d_y = NULL;
    cudaMalloc((void **)&d_x, (size_t)batch * h * w * c * sizeof(float));
    cudaMalloc((void **)&d_y, (size_t)batch * oh * ow * c * sizeof(float));
    cudaMemcpy(d_x, x, (size_t)batch * h * w * c * sizeof(float), cudaMemcpyHostToDevice);

    avgpool_loop<<<256, 128>>>(d_x, d_y, batch, h, w, c, oh, ow, window, stride);

    cudaMemcpy(y, d_y, (size_t)batch * oh * ow * c * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
}
