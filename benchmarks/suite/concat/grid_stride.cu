// Two byte matrices side by side, a block per row.
#include <cstdint>

#include <cuda_runtime.h>

__global__ void concat_rows(const int8_t *a, const int8_t *b, int8_t *y, int ca, int cb) {
    const int row = blockIdx.x;
    int8_t *out = y + (size_t)row * (ca + cb);
    for (int c = threadIdx.x; c < ca; c += blockDim.x) out[c] = a[(size_t)row * ca + c];
    for (int c = threadIdx.x; c < cb; c += blockDim.x) out[ca + c] = b[(size_t)row * cb + c];
}

extern "C" int concat_grid_stride(const int8_t *a, const int8_t *b, int8_t *y, int rows, int ca,
                                  int cb) {
    int8_t *d_a;
    int8_t *d_b;
    int8_t *d_y;
    if (cudaMalloc((void **)&d_a, (size_t)rows * ca) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_b, (size_t)rows * cb) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_y, (size_t)rows * (ca + cb)) != cudaSuccess) return 1;
    cudaMemcpy(d_a, a, (size_t)rows * ca, cudaMemcpyHostToDevice);
    cudaMemcpy(d_b, b, (size_t)rows * cb, cudaMemcpyHostToDevice);

    concat_rows<<<rows, 64>>>(d_a, d_b, d_y, ca, cb);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(y, d_y, (size_t)rows * (ca + cb), cudaMemcpyDeviceToHost);
    cudaFree(d_a);
    cudaFree(d_b);
    cudaFree(d_y);
    return err == cudaSuccess ? 0 : 2;
}
