// 2 x 2 convolution, NCHW, a block per image and filter, the sizes written into the kernel.
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

__global__ void conv_nchw(const float *input, const float *filter, float *output) {
    const int ox = threadIdx.x;
    const int oy = threadIdx.y;
    const int k = blockIdx.x;
    const int b = blockIdx.y;
    float acc = 0.0f;
    for (int c = 0; c < ${c}; ++c) {
        for (int r = 0; r < 2; ++r) {
            for (int s = 0; s < 2; ++s) {
                acc += input[((b * ${c} + c) * ${h} + oy * ${stride} + r) * ${w} + ox * ${stride} + s] *
                       filter[((k * ${c} + c) * 2 + r) * 2 + s];
            }
        }
    }
    output[((b * ${f} + k) * ${oh} + oy) * ${ow} + ox] = acc;
}

extern "C" void conv2d_nchw_baked(const float *x, const float *filters, float *y) {
    float *d_x = nullptr;
    float *d_filters = nullptr;
    float *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_x, ${batch} * ${h} * ${w} * ${c} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_filters, ${f} * 2 * 2 * ${c} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_y, ${batch} * ${oh} * ${ow} * ${f} * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_x, x, ${batch} * ${h} * ${w} * ${c} * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_filters, filters, ${f} * 2 * 2 * ${c} * sizeof(float), cudaMemcpyHostToDevice));

    dim3 block(${ow}, ${oh});
    dim3 grid(${f}, ${batch});
    conv_nchw<<<grid, block>>>(d_x, d_filters, d_y);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, ${batch} * ${oh} * ${ow} * ${f} * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_filters));
    CUDA_CHECK(cudaFree(d_y));
}
