// An operation given as a functor with state, and a local lambda inside a kernel.
#include <cuda_runtime.h>

struct Clamp {
    float low;
    float high;
    __device__ float operator()(float v) const { return fminf(fmaxf(v, low), high); }
};

struct Square {
    __device__ float operator()(float v) const { return v * v; }
};

template <typename Op>
__global__ void map_kernel(const float *in, float *out, int n, Op op) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = op(in[i]);
}

__global__ void leaky_relu(const float *in, float *out, int n, float slope) {
    auto activate = [slope](float v) { return v > 0.0f ? v : slope * v; };
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = activate(in[i]);
}

void launch_map(const float *in, float *out, int n, float low, float high) {
    float *d_in, *d_tmp, *d_out;
    const int bytes = n * sizeof(float);
    cudaMalloc(&d_in, bytes);
    cudaMalloc(&d_tmp, bytes);
    cudaMalloc(&d_out, bytes);
    cudaMemcpy(d_in, in, bytes, cudaMemcpyHostToDevice);

    const int threads = 192;
    const int blocks = (n + threads - 1) / threads;
    map_kernel<<<blocks, threads>>>(d_in, d_tmp, n, Clamp{low, high});
    map_kernel<<<blocks, threads>>>(d_tmp, d_out, n, Square());
    leaky_relu<<<blocks, threads>>>(d_out, d_tmp, n, 0.01f);

    cudaMemcpy(out, d_tmp, bytes, cudaMemcpyDeviceToHost);
    cudaFree(d_in);
    cudaFree(d_tmp);
    cudaFree(d_out);
}
