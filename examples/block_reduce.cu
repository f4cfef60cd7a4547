// Sum of a vector: a templated tree reduction in shared memory, one partial sum per block.
#include <cuda_runtime.h>

template <typename T, unsigned int BLOCK_SIZE>
__global__ void block_reduce(const T *in, T *partial, unsigned int n) {
    __shared__ T sdata[BLOCK_SIZE];

    const unsigned int tid = threadIdx.x;
    unsigned int i = blockIdx.x * (BLOCK_SIZE * 2) + tid;

    T sum = 0;
    if (i < n) sum = in[i];
    if (i + BLOCK_SIZE < n) sum += in[i + BLOCK_SIZE];
    sdata[tid] = sum;
    __syncthreads();

    for (unsigned int s = BLOCK_SIZE / 2; s > 0; s >>= 1) {
        if (tid < s) {
            sdata[tid] += sdata[tid + s];
        }
        __syncthreads();
    }

    if (tid == 0) partial[blockIdx.x] = sdata[0];
}

static unsigned int ceil_div(unsigned int a, unsigned int b) { return (a + b - 1) / b; }

// Writes ceil(n / 512) partial sums.
void launch_block_reduce_float(const float *in, float *partial, unsigned int n) {
    constexpr unsigned int kBlock = 256;
    const unsigned int blocks = ceil_div(n, kBlock * 2);
    float *d_in, *d_partial;
    cudaMalloc(&d_in, n * sizeof(float));
    cudaMalloc(&d_partial, blocks * sizeof(float));
    cudaMemcpy(d_in, in, n * sizeof(float), cudaMemcpyHostToDevice);
    block_reduce<float, kBlock><<<blocks, kBlock>>>(d_in, d_partial, n);
    cudaMemcpy(partial, d_partial, blocks * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_in);
    cudaFree(d_partial);
}

// Writes ceil(n / 256) partial sums.
void launch_block_reduce_int(const int *in, int *partial, unsigned int n) {
    constexpr unsigned int kBlock = 128;
    const unsigned int blocks = ceil_div(n, kBlock * 2);
    int *d_in, *d_partial;
    cudaMalloc(&d_in, n * sizeof(int));
    cudaMalloc(&d_partial, blocks * sizeof(int));
    cudaMemcpy(d_in, in, n * sizeof(int), cudaMemcpyHostToDevice);
    block_reduce<int, kBlock><<<blocks, kBlock>>>(d_in, d_partial, n);
    cudaMemcpy(partial, d_partial, blocks * sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(d_in);
    cudaFree(d_partial);
}
