// Transpose of a half matrix through a padded tile in shared memory.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

template <typename T, int TILE>
__global__ void transpose_tile(const T *x, T *y, int rows, int cols) {
    __shared__ T tile[TILE][TILE + 1];
    int col = blockIdx.x * TILE + threadIdx.x;
    int row = blockIdx.y * TILE + threadIdx.y;
    for (int i = 0; i < TILE; i += blockDim.y) {
        if (row + i < rows && col < cols) tile[threadIdx.y + i][threadIdx.x] = x[(row + i) * cols + col];
    }
    __syncthreads();
    col = blockIdx.y * TILE + threadIdx.x;
    row = blockIdx.x * TILE + threadIdx.y;
    for (int i = 0; i < TILE; i += blockDim.y) {
        if (row + i < cols && col < rows) y[(row + i) * rows + col] = tile[threadIdx.x][threadIdx.y + i];
    }
}

extern "C" void transpose_shared(const half *x, half *y, int rows, int cols) {
    half *d_x = NULL;
    half *d_y = NULL;
    cudaMalloc((void **)&d_x, (size_t)rows * cols * sizeof(half));
    cudaMalloc((void **)&d_y, (size_t)rows * cols * sizeof(half));
    cudaMemcpy(d_x, x, (size_t)rows * cols * sizeof(half), cudaMemcpyHostToDevice);

    dim3 block(32, 8);
    dim3 grid((cols + 31) / 32, (rows + 31) / 32);
    transpose_tile<half, 32><<<grid, block>>>(d_x, d_y, rows, cols);

    cudaMemcpy(y, d_y, (size_t)rows * cols * sizeof(half), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
}
