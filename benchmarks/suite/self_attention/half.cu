// Self attention of half values with float sums: a block per query, one dynamic shared array cut into
// the query, the scores and the warps' partial results.
#include <cstdio>
#include <cstdlib>

#include <cuda_fp16.h>
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

__device__ float warp_sum(float v) {
    for (int m = 16; m > 0; m >>= 1) v += __shfl_xor_sync(0xffffffff, v, m);
    return v;
}

__global__ void attention_half(const half *Q, const half *K, const half *V, half *O, int seq, int d) {
    extern __shared__ float shared[];
    float *query = shared;
    float *scores = query + d;
    float *partial = scores + seq;
    const int tid = threadIdx.x;
    const int lane = tid % 32;
    const int warp = tid / 32;
    const size_t plane = (size_t)blockIdx.y * seq * d;
    const size_t row = ((size_t)blockIdx.y * gridDim.x + blockIdx.x) * d;
    const float scale = rsqrtf((float)d);

    for (int i = tid; i < d; i += blockDim.x) query[i] = __half2float(Q[row + i]) * scale;
    __syncthreads();

    // A warp per key.
    float top = -INFINITY;
    for (int j = warp; j < seq; j += 4) {
        float dot = 0.0f;
        for (int i = lane; i < d; i += 32) dot += query[i] * __half2float(K[plane + (size_t)j * d + i]);
        dot = warp_sum(dot);
        if (lane == 0) scores[j] = dot;
        top = fmaxf(top, dot);
    }
    if (lane == 0) partial[warp] = top;
    __syncthreads();
    top = fmaxf(fmaxf(partial[0], partial[1]), fmaxf(partial[2], partial[3]));
    __syncthreads();

    float sum = 0.0f;
    for (int j = tid; j < seq; j += blockDim.x) {
        const float e = __expf(scores[j] - top);
        scores[j] = e;
        sum += e;
    }
    sum = warp_sum(sum);
    if (lane == 0) partial[warp] = sum;
    __syncthreads();
    sum = partial[0] + partial[1] + partial[2] + partial[3];

    for (int i = tid; i < d; i += blockDim.x) {
        float acc = 0.0f;
        for (int j = 0; j < seq; ++j) acc += scores[j] * __half2float(V[plane + (size_t)j * d + i]);
        O[row + i] = __float2half(acc / sum);
    }
}

extern "C" void self_attention_half(const half *q, const half *k, const half *v, half *y,
                                    int planes, int queries, int seq, int d) {
    half *d_q = nullptr;
    half *d_k = nullptr;
    half *d_v = nullptr;
    half *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_q, (size_t)planes * queries * d * sizeof(half)));
    CUDA_CHECK(cudaMalloc(&d_k, (size_t)planes * seq * d * sizeof(half)));
    CUDA_CHECK(cudaMalloc(&d_v, (size_t)planes * seq * d * sizeof(half)));
    CUDA_CHECK(cudaMalloc(&d_y, (size_t)planes * queries * d * sizeof(half)));
    CUDA_CHECK(cudaMemcpy(d_q, q, (size_t)planes * queries * d * sizeof(half), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_k, k, (size_t)planes * seq * d * sizeof(half), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_v, v, (size_t)planes * seq * d * sizeof(half), cudaMemcpyHostToDevice));

    dim3 grid(queries, planes);
    size_t shared_bytes = (seq + d + 4) * sizeof(float);
    attention_half<<<grid, 128, shared_bytes>>>(d_q, d_k, d_v, d_y, seq, d);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, (size_t)planes * queries * d * sizeof(half), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_q));
    CUDA_CHECK(cudaFree(d_k));
    CUDA_CHECK(cudaFree(d_v));
    CUDA_CHECK(cudaFree(d_y));
}
