// Mean of half values over the last dimension, one warp per row.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

__inline__ __device__ float warp_reduce_sum(float val) {
    for (int offset = warpSize / 2; offset > 0; offset /= 2)
        val += __shfl_down_sync(0xffffffff, val, offset);
    return val;
}

__global__ void mean_rows(const half *x, half *y, int rows, int cols) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row < rows) {
        float total = 0.0f;
        for (int c = threadIdx.x; c < cols; c += warpSize)
            total += __half2float(x[row * cols + c]);
        total = warp_reduce_sum(total);
        if (threadIdx.x == 0) y[row] = __float2half(total / cols);
    }
}

extern "C" void reduce_mean_warp(const half *x, half *y, int rows, int cols) {
    half *d_x = NULL;
    half *d_y = NULL;
    cudaMalloc((void **)&d_x, (size_t)rows * cols * sizeof(half));
    cudaMalloc((void **)&d_y, rows * sizeof(half));
    cudaMemcpy(d_x, x, (size_t)rows * cols * sizeof(half), cudaMemcpyHostToDevice);

    mean_rows<<<(rows + 7) / 8, dim3(32, 8)>>>(d_x, d_y, rows, cols);

    cudaMemcpy(y, d_y, rows * sizeof(half), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
}
