// 2 x 2 convolution, NHWC: the window of one output pixel is staged in dynamic shared memory.
#include <cuda_runtime.h>

__global__ void conv_nhwc_shared(const float *x, const float *filters, float *y, int h, int w, int c,
                                 int f, int oh, int ow, int stride) {
    extern __shared__ float window[];
    const int py = blockIdx.x / ow * stride;
    const int px = blockIdx.x % ow * stride;
    const float *image = x + blockIdx.y * h * w * c;

    for (int i = threadIdx.x; i < 4 * c; i += blockDim.x) {
        const int tap = i / c;
        window[i] = image[((py + tap / 2) * w + px + tap % 2) * c + i % c];
    }
    __syncthreads();

    for (int k = threadIdx.x; k < f; k += blockDim.x) {
        float sum = 0.0f;
        for (int i = 0; i < 4 * c; ++i) sum += window[i] * filters[k * 4 * c + i];
        y[(blockIdx.y * oh * ow + blockIdx.x) * f + k] = sum;
    }
}

extern "C" void conv2d_nhwc_shared(const float *x, const float *filters, float *y, int batch,
                                   int h, int w, int c, int f, int stride) {
    const int oh = (h - 2) / stride + 1;
    const int ow = (w - 2) / stride + 1;
    float *d_x = NULL;
    float *d_filters = NULL;
    float *d_y = NULL;
    cudaMalloc((void **)&d_x, (size_t)batch * h * w * c * sizeof(float));
    cudaMalloc((void **)&d_filters, (size_t)f * 4 * c * sizeof(float));
    cudaMalloc((void **)&d_y, (size_t)batch * oh * ow * f * sizeof(float));
    cudaMemcpy(d_x, x, (size_t)batch * h * w * c * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_filters, filters, (size_t)f * 4 * c * sizeof(float), cudaMemcpyHostToDevice);

    dim3 grid(oh * ow, batch);
    conv_nhwc_shared<<<grid, 128, 4 * c * sizeof(float)>>>(d_x, d_filters, d_y, h, w, c, f, oh, ow, stride);

    cudaMemcpy(y, d_y, (size_t)batch * oh * ow * f * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_filters);
    cudaFree(d_y);
}
