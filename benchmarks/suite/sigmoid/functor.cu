// Logistic function as a functor of a generic element-wise kernel.
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

struct Sigmoid {
    __device__ float operator()(float v) const {
        if (v >= 0.0f) return 1.0f / (1.0f + expf(-v));
        const float e = expf(v);
        return e / (1.0f + e);
    }
};

template <typename T, typename Op>
__global__ void apply(const T *in, T *out, int n, Op op) {
    const int i = threadIdx.x + blockDim.x * blockIdx.x;
    if (i < n) out[i] = op(in[i]);
}

extern "C" void sigmoid_functor(const float *x, float *y, int n) {
    float *d_x = nullptr;
    float *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_x, n * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_y, n * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_x, x, n * sizeof(float), cudaMemcpyHostToDevice));

    const unsigned int blocks = (n + 63) / 64;
    apply<float, Sigmoid><<<blocks, 64>>>(d_x, d_y, n, Sigmoid());
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, n * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_x));
    CUDA_CHECK(cudaFree(d_y));
}
