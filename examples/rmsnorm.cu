// RMSNorm in half precision with float accumulation: one warp per row, several rows per block.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

template <int ROWS_PER_BLOCK>
__global__ void rmsnorm_kernel(const half *__restrict__ x, const half *__restrict__ weight,
                               half *__restrict__ y, int rows, int dim, float eps) {
    const int lane = threadIdx.x;
    const int row = blockIdx.x * ROWS_PER_BLOCK + threadIdx.y;
    if (row >= rows) return;

    const half *xr = x + (size_t)row * dim;
    half *yr = y + (size_t)row * dim;

    float acc = 0.0f;
    for (int i = lane; i < dim; i += 32) {
        const float v = __half2float(xr[i]);
        acc += v * v;
    }
    for (int mask = 16; mask > 0; mask >>= 1) {
        acc += __shfl_xor_sync(0xffffffffu, acc, mask, 32);
    }

    const float scale = rsqrtf(acc / dim + eps);
    for (int i = lane; i < dim; i += 32) {
        yr[i] = __float2half(__half2float(xr[i]) * scale * __half2float(weight[i]));
    }
}

void rmsnorm(const half *x, const half *weight, half *y, int rows, int dim, float eps) {
    half *dx, *dw, *dy;
    cudaMalloc(&dx, sizeof(half) * rows * dim);
    cudaMalloc(&dw, sizeof(half) * dim);
    cudaMalloc(&dy, sizeof(half) * rows * dim);

    cudaStream_t stream;
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(dx, x, sizeof(half) * rows * dim, cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(dw, weight, sizeof(half) * dim, cudaMemcpyHostToDevice, stream);

    constexpr int kRows = 4;
    dim3 block(32, kRows);
    dim3 grid((rows + kRows - 1) / kRows);
    rmsnorm_kernel<kRows><<<grid, block, 0, stream>>>(dx, dw, dy, rows, dim, eps);

    cudaMemcpyAsync(y, dy, sizeof(half) * rows * dim, cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(dx);
    cudaFree(dw);
    cudaFree(dy);
}
