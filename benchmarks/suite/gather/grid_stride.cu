// Rows of a half table by index, a block per row; an index outside of the table gives zeros.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

__global__ void gather_rows(const half *table, const int *index, half *y, int rows, int cols) {
    const int row = index[blockIdx.x];
    half *out = y + (size_t)blockIdx.x * cols;
    if (row < 0 || row >= rows) {
        for (int c = threadIdx.x; c < cols; c += blockDim.x) out[c] = __float2half(0.0f);
        return;
    }
    for (int c = threadIdx.x; c < cols; c += blockDim.x) out[c] = table[(size_t)row * cols + c];
}

extern "C" void gather_grid_stride(const half *table, const int *index, half *y, int rows,
                                   int cols, int n) {
    half *d_table = NULL;
    int *d_index = NULL;
    half *d_y = NULL;
    cudaMalloc((void **)&d_table, (size_t)rows * cols * sizeof(half));
    cudaMalloc((void **)&d_index, n * sizeof(int));
    cudaMalloc((void **)&d_y, (size_t)n * cols * sizeof(half));
    cudaMemcpy(d_table, table, (size_t)rows * cols * sizeof(half), cudaMemcpyHostToDevice);
    cudaMemcpy(d_index, index, n * sizeof(int), cudaMemcpyHostToDevice);

    gather_rows<<<n, 64>>>(d_table, d_index, d_y, rows, cols);

    cudaMemcpy(y, d_y, (size_t)n * cols * sizeof(half), cudaMemcpyDeviceToHost);
    cudaFree(d_table);
    cudaFree(d_index);
    cudaFree(d_y);
}
