// Gated MLP in half precision with float sums; the row of x is staged in dynamic shared memory.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

__global__ void gate_up(const half *x, const half *wg, const half *wu, float *hidden, int d, int h) {
    extern __shared__ float row[];
    for (int i = threadIdx.x; i < d; i += blockDim.x) {
        row[i] = __half2float(x[(size_t)blockIdx.y * d + i]);
    }
    __syncthreads();

    const int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= h) return;
    float gate = 0.0f, up = 0.0f;
    for (int i = 0; i < d; ++i) {
        gate = fmaf(row[i], __half2float(wg[(size_t)i * h + j]), gate);
        up = fmaf(row[i], __half2float(wu[(size_t)i * h + j]), up);
    }
    hidden[(size_t)blockIdx.y * h + j] = gate * (1.0f / (1.0f + expf(-gate))) * up;
}

__global__ void down(const float *hidden, const half *wd, half *y, int d, int h) {
    const int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= d) return;
    float acc = 0.0f;
    for (int i = 0; i < h; ++i) {
        acc = fmaf(hidden[(size_t)blockIdx.y * h + i], __half2float(wd[(size_t)i * d + j]), acc);
    }
    y[(size_t)blockIdx.y * d + j] = __float2half(acc);
}

extern "C" int gated_mlp_shared(const half *x, const half *wg, const half *wu, const half *wd,
                                half *y, int m, int d, int h) {
    half *d_x;
    half *d_wg;
    half *d_wu;
    half *d_wd;
    half *d_y;
    float *d_hidden;
    if (cudaMalloc((void **)&d_x, (size_t)m * d * sizeof(half)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_wg, (size_t)d * h * sizeof(half)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_wu, (size_t)d * h * sizeof(half)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_wd, (size_t)h * d * sizeof(half)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_y, (size_t)m * d * sizeof(half)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_hidden, (size_t)m * h * sizeof(float)) != cudaSuccess) return 1;
    cudaMemcpy(d_x, x, (size_t)m * d * sizeof(half), cudaMemcpyHostToDevice);
    cudaMemcpy(d_wg, wg, (size_t)d * h * sizeof(half), cudaMemcpyHostToDevice);
    cudaMemcpy(d_wu, wu, (size_t)d * h * sizeof(half), cudaMemcpyHostToDevice);
    cudaMemcpy(d_wd, wd, (size_t)h * d * sizeof(half), cudaMemcpyHostToDevice);

    dim3 block(64);
    gate_up<<<dim3((h + 63) / 64, m), block, d * sizeof(float)>>>(d_x, d_wg, d_wu, d_hidden, d, h);
    down<<<dim3((d + 63) / 64, m), block>>>(d_hidden, d_wd, d_y, d, h);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(y, d_y, (size_t)m * d * sizeof(half), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_wg);
    cudaFree(d_wu);
    cudaFree(d_wd);
    cudaFree(d_y);
    cudaFree(d_hidden);
    return err == cudaSuccess ? 0 : 2;
}
