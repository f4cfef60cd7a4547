// Sum of rows into the rows of a table that an index names, atomically, the sizes written in.
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

__global__ void scatter_kernel(const float *x, const int *index, float *y) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ${n} * ${cols}) {
        const int row = index[i / ${cols}];
        if (row >= 0 && row < ${rows}) atomicAdd(&y[row * ${cols} + i % ${cols}], x[i]);
    }
}

extern "C" void scatter_baked(const float *x, const int *index, float *y) {
    float *d_x = nullptr;
    int *d_index = nullptr;
    float *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_x, ${n} * ${cols} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_index, ${n} * sizeof(int)));
    CUDA_CHECK(cudaMalloc(&d_y, ${rows} * ${cols} * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_x, x, ${n} * ${cols} * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_index, index, ${n} * sizeof(int), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemset(d_y, 0, ${rows} * ${cols} * sizeof(float)));

    scatter_kernel<<<(${n} * ${cols} + 127) / 128, 128>>>(d_x, d_index, d_y);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, ${rows} * ${cols} * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_index));
    CUDA_CHECK(cudaFree(d_y));
}
