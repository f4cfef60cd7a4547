// Sum of integer rows into the rows of a table that an index names, grid-stride with atomics.
#include <cuda_runtime.h>

__global__ void scatter_loop(const int *x, const int *index, int *y, int rows, int cols, int n) {
    const int total = n * cols;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < total; i += gridDim.x * blockDim.x) {
        const int row = index[i / cols];
        if (row < 0 || row >= rows) continue;
        atomicAdd(y + row * cols + i % cols, x[i]);
    }
}

extern "C" int scatter_grid_stride(const int *x, const int *index, int *y, int rows, int cols,
                                   int n) {
    int *d_x;
    int *d_index;
    int *d_y;
    if (cudaMalloc((void **)&d_x, (size_t)n * cols * sizeof(int)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_index, n * sizeof(int)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_y, (size_t)rows * cols * sizeof(int)) != cudaSuccess) return 1;
    cudaMemcpy(d_x, x, (size_t)n * cols * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemcpy(d_index, index, n * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemset(d_y, 0, (size_t)rows * cols * sizeof(int));

    scatter_loop<<<32, 128>>>(d_x, d_index, d_y, rows, cols, n);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(y, d_y, (size_t)rows * cols * sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_index);
    cudaFree(d_y);
    return err == cudaSuccess ? 0 : 2;
}
