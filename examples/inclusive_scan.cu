// Inclusive prefix sum. Each block scans its part in shared memory (Hillis and Steele), a second
// kernel scans the blocks' totals, a third adds them.
#include <cuda_runtime.h>

static const int BLOCK_THREADS = 256;

__global__ void scan_blocks(const int *in, int *out, int *totals, int n) {
    __shared__ int buffer[2][BLOCK_THREADS];
    int tid = threadIdx.x;
    int gid = blockIdx.x * blockDim.x + tid;

    int cur = 0;
    buffer[cur][tid] = gid < n ? in[gid] : 0;
    __syncthreads();

    for (int offset = 1; offset < blockDim.x; offset *= 2) {
        int next = 1 - cur;
        if (tid >= offset)
            buffer[next][tid] = buffer[cur][tid] + buffer[cur][tid - offset];
        else
            buffer[next][tid] = buffer[cur][tid];
        cur = next;
        __syncthreads();
    }

    if (gid < n) out[gid] = buffer[cur][tid];
    if (tid == blockDim.x - 1) totals[blockIdx.x] = buffer[cur][tid];
}

__global__ void scan_totals(int *totals, int count) {
    if (threadIdx.x == 0 && blockIdx.x == 0) {
        int running = 0;
        for (int i = 0; i < count; ++i) {
            running += totals[i];
            totals[i] = running;
        }
    }
}

__global__ void add_totals(int *out, const int *totals, int n) {
    int gid = blockIdx.x * blockDim.x + threadIdx.x;
    if (blockIdx.x > 0 && gid < n) out[gid] += totals[blockIdx.x - 1];
}

void inclusive_scan(const int *in, int *out, int n) {
    int blocks = (n + BLOCK_THREADS - 1) / BLOCK_THREADS;
    int *d_in, *d_out, *d_totals;
    cudaMalloc(&d_in, n * sizeof(int));
    cudaMalloc(&d_out, n * sizeof(int));
    cudaMalloc(&d_totals, blocks * sizeof(int));
    cudaMemcpy(d_in, in, n * sizeof(int), cudaMemcpyHostToDevice);

    scan_blocks<<<blocks, BLOCK_THREADS>>>(d_in, d_out, d_totals, n);
    scan_totals<<<1, 1>>>(d_totals, blocks);
    add_totals<<<blocks, BLOCK_THREADS>>>(d_out, d_totals, n);

    cudaMemcpy(out, d_out, n * sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(d_in);
    cudaFree(d_out);
    cudaFree(d_totals);
}
