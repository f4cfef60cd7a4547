// Gated MLP, y = (silu(x Wg) * (x Wu)) Wd, in two kernels, the sizes written into them.
#include <cstdio>
#include <cstdlib>

#include <cuda_runtime.h>

#define CUDA_CHECK(call)                                                           \
    do {                                                                           \
        cudaError_t err_ = (call);                                                 \
        if (err_ != cudaSuccess) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,                     \
                    cudaGetErrorString(err_));                                     \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

__device__ float silu(float v) { return v / (1.0f + expf(-v)); }

__global__ void gate_up(const float *x, const float *wg, const float *wu, float *hidden) {
    const int j = blockIdx.x * 32 + threadIdx.x;
    const int row = blockIdx.y;
    if (j < ${h}) {
        float gate = 0.0f;
        float up = 0.0f;
        for (int i = 0; i < ${d}; ++i) {
            gate += x[row * ${d} + i] * wg[i * ${h} + j];
            up += x[row * ${d} + i] * wu[i * ${h} + j];
        }
        hidden[row * ${h} + j] = silu(gate) * up;
    }
}

__global__ void down(const float *hidden, const float *wd, float *y) {
    const int j = blockIdx.x * 32 + threadIdx.x;
    const int row = blockIdx.y;
    if (j < ${d}) {
        float sum = 0.0f;
        for (int i = 0; i < ${h}; ++i) sum += hidden[row * ${h} + i] * wd[i * ${d} + j];
        y[row * ${d} + j] = sum;
    }
}

extern "C" void gated_mlp_baked(const float *x, const float *wg, const float *wu,
                                const float *wd, float *y) {
    float *d_x = nullptr;
    float *d_wg = nullptr;
    float *d_wu = nullptr;
    float *d_wd = nullptr;
    float *d_y = nullptr;
    float *d_hidden = nullptr;
    CUDA_CHECK(cudaMalloc(&d_x, ${m} * ${d} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_wg, ${d} * ${h} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_wu, ${d} * ${h} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_wd, ${h} * ${d} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_y, ${m} * ${d} * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_hidden, ${m} * ${h} * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_x, x, ${m} * ${d} * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_wg, wg, ${d} * ${h} * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_wu, wu, ${d} * ${h} * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_wd, wd, ${h} * ${d} * sizeof(float), cudaMemcpyHostToDevice));

    gate_up<<<dim3((${h} + 31) / 32, ${m}), 32>>>(d_x, d_wg, d_wu, d_hidden);
    CUDA_CHECK(cudaGetLastError());
    down<<<dim3((${d} + 31) / 32, ${m}), 32>>>(d_hidden, d_wd, d_y);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, ${m} * ${d} * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_wg));
    CUDA_CHECK(cudaFree(d_wu));
    CUDA_CHECK(cudaFree(d_wd));
    CUDA_CHECK(cudaFree(d_y));
    CUDA_CHECK(cudaFree(d_hidden));
}
