// Sum of bytes over the last dimension in 32 bits: shuffles, then one atomic per warp.
#include <cstdint>

#include <cuda_runtime.h>

__global__ void sum_int8(const int8_t *x, int *y, int cols) {
    const int8_t *row = x + (size_t)blockIdx.x * cols;
    int acc = 0;
    for (int c = threadIdx.x; c < cols; c += blockDim.x) acc += row[c];
    acc += __shfl_down_sync(0xffffffff, acc, 16);
    acc += __shfl_down_sync(0xffffffff, acc, 8);
    acc += __shfl_down_sync(0xffffffff, acc, 4);
    acc += __shfl_down_sync(0xffffffff, acc, 2);
    acc += __shfl_down_sync(0xffffffff, acc, 1);
    if ((threadIdx.x & 31) == 0) atomicAdd(y + blockIdx.x, acc);
}

extern "C" void reduce_sum_int8(const int8_t *x, int *y, int rows, int cols) {
    int8_t *d_x;
    int *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_x, (size_t)rows * cols);
    cudaMalloc(&d_y, rows * sizeof(int));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_x, x, (size_t)rows * cols, cudaMemcpyHostToDevice, stream);
    cudaMemsetAsync(d_y, 0, rows * sizeof(int), stream);

    sum_int8<<<rows, 64, 0, stream>>>(d_x, d_y, cols);

    cudaMemcpyAsync(y, d_y, rows * sizeof(int), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_x);
    cudaFree(d_y);
}
