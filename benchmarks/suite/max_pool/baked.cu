// Maximum pooling, NHWC, one thread per output, the sizes written into the kernel.
#include <cfloat>

#include <cuda_runtime.h>

__global__ void maxpool_kernel(float *input, float *output) {
    const int idx = blockIdx.x * 256 + threadIdx.x;
    if (idx >= ${batch} * ${oh} * ${ow} * ${c}) return;
    const int c = idx % ${c};
    const int ow = idx / ${c} % ${ow};
    const int oh = idx / (${c} * ${ow}) % ${oh};
    const int b = idx / (${c} * ${ow} * ${oh});
    float acc = -FLT_MAX;
    for (int i = 0; i < ${window}; ++i) {
        for (int j = 0; j < ${window}; ++j) {
            const float v = input[((b * ${h} + oh * ${stride} + i) * ${w} + ow * ${stride} + j) * ${c} + c];
            acc = fmaxf(acc, v);
        }
    }
    output[idx] = acc;
}

extern "C" void max_pool_baked(const float *x, float *y) {
    float *d_x;
    float *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_x, ${batch} * ${h} * ${w} * ${c} * sizeof(float));
    cudaMalloc(&d_y, ${batch} * ${oh} * ${ow} * ${c} * sizeof(float));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_x, x, ${batch} * ${h} * ${w} * ${c} * sizeof(float), cudaMemcpyHostToDevice, stream);

    maxpool_kernel<<<(${batch} * ${oh} * ${ow} * ${c} + 255) / 256, 256, 0, stream>>>(d_x, d_y);

    cudaMemcpyAsync(y, d_y, ${batch} * ${oh} * ${ow} * ${c} * sizeof(float), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_x);
    cudaFree(d_y);
}
