// Three-tap convolution: the block's inputs and their halo in shared memory, the filter in constant memory.
#include <cuda_runtime.h>

#define THREADS 64
#define TAPS 3

__constant__ float taps[TAPS];

__global__ void conv1d_shared_kernel(const float *x, float *y, int n) {
    __shared__ float s[THREADS + TAPS - 1];
    int i = blockIdx.x * THREADS + threadIdx.x;
    int last = n + TAPS - 1;
    s[threadIdx.x] = i < last ? x[i] : 0.0f;
    if (threadIdx.x < TAPS - 1) {
        s[THREADS + threadIdx.x] = i + THREADS < last ? x[i + THREADS] : 0.0f;
    }
    __syncthreads();
    if (i < n) {
        float sum = 0.0f;
        for (int t = 0; t < TAPS; ++t) sum += taps[t] * s[threadIdx.x + t];
        y[i] = sum;
    }
}

extern "C" void conv1d_shared(const float *x, const float *w, float *y, int n) {
    float *d_x = NULL;
    float *d_y = NULL;
    cudaMalloc((void **)&d_x, (n + 2) * sizeof(float));
    cudaMalloc((void **)&d_y, n * sizeof(float));
    cudaMemcpy(d_x, x, (n + 2) * sizeof(float), cudaMemcpyHostToDevice);

    cudaMemcpyToSymbol(taps, w, TAPS * sizeof(float));
    conv1d_shared_kernel<<<(n + THREADS - 1) / THREADS, THREADS>>>(d_x, d_y, n);

    cudaMemcpy(y, d_y, n * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
}
