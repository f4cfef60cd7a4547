// Histogram of bytes: atomics on a copy in shared memory, then one atomic per bin and block.
#include <cstdio>
#include <cstring>
#include <vector>

#include <cuda_runtime.h>

#define NUM_BINS 256

__global__ void histogram(const unsigned char *data, int n, unsigned int *bins) {
    __shared__ unsigned int local[NUM_BINS];
    for (int b = threadIdx.x; b < NUM_BINS; b += blockDim.x) {
        local[b] = 0;
    }
    __syncthreads();

    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) {
        atomicAdd(&local[data[i]], 1u);
    }
    __syncthreads();

    for (int b = threadIdx.x; b < NUM_BINS; b += blockDim.x) {
        if (local[b] > 0) {
            atomicAdd(&bins[b], local[b]);
        }
    }
}

void compute_histogram(const unsigned char *data, int n, unsigned int *bins) {
    unsigned char *d_data;
    unsigned int *d_bins;
    cudaMalloc(&d_data, n);
    cudaMalloc(&d_bins, NUM_BINS * sizeof(unsigned int));
    cudaMemcpy(d_data, data, n, cudaMemcpyHostToDevice);
    cudaMemset(d_bins, 0, NUM_BINS * sizeof(unsigned int));
    histogram<<<16, 128>>>(d_data, n, d_bins);
    cudaMemcpy(bins, d_bins, NUM_BINS * sizeof(unsigned int), cudaMemcpyDeviceToHost);
    cudaFree(d_data);
    cudaFree(d_bins);
}

int main(void) {
    const int n = 5000;
    std::vector<unsigned char> data(n);
    unsigned int state = 12345u;
    for (auto &byte : data) {
        state = state * 1664525u + 1013904223u;
        byte = (unsigned char)(state >> 24);
    }
    unsigned int bins[NUM_BINS], expected[NUM_BINS];
    std::memset(expected, 0, sizeof(expected));
    for (unsigned char byte : data) ++expected[byte];
    compute_histogram(data.data(), n, bins);
    const bool same = std::memcmp(bins, expected, sizeof(bins)) == 0;
    std::printf("%s\n", same ? "ok" : "wrong");
    return same ? 0 : 1;
}
