// Minimum pooling, NHWC, one thread per output, the sizes written into the kernel.
#include <cfloat>
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

__global__ void minpool_kernel(float *input, float *output) {
    const int idx = blockIdx.x * 256 + threadIdx.x;
    if (idx >= ${batch} * ${oh} * ${ow} * ${c}) return;
    const int c = idx % ${c};
    const int ow = idx / ${c} % ${ow};
    const int oh = idx / (${c} * ${ow}) % ${oh};
    const int b = idx / (${c} * ${ow} * ${oh});
    float acc = FLT_MAX;
    for (int i = 0; i < ${window}; ++i) {
        for (int j = 0; j < ${window}; ++j) {
            const float v = input[((b * ${h} + oh * ${stride} + i) * ${w} + ow * ${stride} + j) * ${c} + c];
            acc = v < acc ? v : acc;
        }
    }
    output[idx] = acc;
}

extern "C" void min_pool_baked(const float *x, float *y) {
    float *d_x = nullptr;
    float *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_x, ${batch} * ${h} * ${w} * ${c} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_y, ${batch} * ${oh} * ${ow} * ${c} * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_x, x, ${batch} * ${h} * ${w} * ${c} * sizeof(float), cudaMemcpyHostToDevice));

    minpool_kernel<<<(${batch} * ${oh} * ${ow} * ${c} + 255) / 256, 256>>>(d_x, d_y);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, ${batch} * ${oh} * ${ow} * ${c} * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_y));
}
