// Sum of each row of a matrix: warp shuffles, then one partial sum per warp in shared memory.
#include <cuda_runtime.h>

constexpr int kThreads = 256;
constexpr int kWarp = 32;

__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
    for (int offset = kWarp / 2; offset > 0; offset /= 2) {
        value += __shfl_down_sync(0xffffffff, value, offset);
    }
    return value;
}

__global__ void row_sum(const float *matrix, float *sums, int cols) {
    __shared__ float partial[kThreads / kWarp];

    const float *row = matrix + (size_t)blockIdx.x * cols;
    float value = 0.0f;
    for (int c = threadIdx.x; c < cols; c += blockDim.x) {
        value += row[c];
    }

    const int lane = threadIdx.x % kWarp;
    const int warp = threadIdx.x / kWarp;
    value = warp_sum(value);
    if (lane == 0) partial[warp] = value;
    __syncthreads();

    if (warp == 0) {
        value = lane < kThreads / kWarp ? partial[lane] : 0.0f;
        value = warp_sum(value);
        if (lane == 0) sums[blockIdx.x] = value;
    }
}

void launch_row_sum(const float *matrix, float *sums, int rows, int cols) {
    float *d_matrix = nullptr;
    float *d_sums = nullptr;
    const size_t matrix_bytes = sizeof(float) * rows * cols;
    const size_t sums_bytes = sizeof(float) * rows;

    cudaMalloc(&d_matrix, matrix_bytes);
    cudaMalloc(&d_sums, sums_bytes);
    cudaMemcpy(d_matrix, matrix, matrix_bytes, cudaMemcpyHostToDevice);
    row_sum<<<rows, kThreads>>>(d_matrix, d_sums, cols);
    cudaMemcpy(sums, d_sums, sums_bytes, cudaMemcpyDeviceToHost);
    cudaFree(d_matrix);
    cudaFree(d_sums);
}
