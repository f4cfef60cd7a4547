// Sum over the last dimension: one block per row, a tree in shared memory whose last warp is
// synchronised by __syncwarp.
#include <cuda_runtime.h>

template <typename T, int THREADS>
__global__ void reduce_block(const T *x, T *y, int cols) {
    __shared__ volatile T s[THREADS];
    const int t = threadIdx.x;
    T acc = 0;
    for (int c = t; c < cols; c += THREADS) acc += x[(size_t)blockIdx.x * cols + c];
    s[t] = acc;
    __syncthreads();
    if (THREADS >= 128) {
        if (t < 64) s[t] += s[t + 64];
        __syncthreads();
    }
    if (t < 32) {
        T v = s[t] + s[t + 32];
        s[t] = v;
        __syncwarp();
        for (int d = 16; d > 0; d /= 2) {
            if (t < d) v += s[t + d];
            __syncwarp();
            s[t] = v;
            __syncwarp();
        }
    }
    if (t == 0) y[blockIdx.x] = s[0];
}

extern "C" int reduce_sum_shared(const float *x, float *y, int rows, int cols) {
    float *d_x;
    float *d_y;
    if (cudaMalloc((void **)&d_x, (size_t)rows * cols * sizeof(float)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_y, rows * sizeof(float)) != cudaSuccess) return 1;
    cudaMemcpy(d_x, x, (size_t)rows * cols * sizeof(float), cudaMemcpyHostToDevice);

    reduce_block<float, 128><<<rows, 128>>>(d_x, d_y, cols);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(y, d_y, rows * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
    return err == cudaSuccess ? 0 : 2;
}
