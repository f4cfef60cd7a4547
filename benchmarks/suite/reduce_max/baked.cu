// Maximum over the last dimension, one thread per row, the sizes written into the kernel.
#include <cuda_runtime.h>

__global__ void reduce_max_kernel(const float *x, float *y) {
    const int row = blockIdx.x * 32 + threadIdx.x;
    if (row < ${rows}) {
        float acc = x[row * ${cols}];
        for (int i = 0; i < ${cols}; ++i) {
            const float v = x[row * ${cols} + i];
            acc = v > acc ? v : acc;
        }
        y[row] = acc;
    }
}

extern "C" void reduce_max_baked(const float *x, float *y) {
    float *d_x = NULL;
    float *d_y = NULL;
    cudaMalloc((void **)&d_x, ${rows} * ${cols} * sizeof(float));
    cudaMalloc((void **)&d_y, ${rows} * sizeof(float));
    cudaMemcpy(d_x, x, ${rows} * ${cols} * sizeof(float), cudaMemcpyHostToDevice);

    reduce_max_kernel<<<(${rows} + 31) / 32, 32>>>(d_x, d_y);

    cudaMemcpy(y, d_y, ${rows} * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
}
