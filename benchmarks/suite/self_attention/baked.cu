// Self attention, softmax over the sequence: a block per query, all scores of the query in shared
// memory, the sizes written into the kernel.
#include <cfloat>

#include <cuda_runtime.h>

#define SEQ ${seq}
#define DIM ${d}
#define THREADS 128

__global__ void attention_kernel(const float *Q, const float *K, const float *V, float *O) {
    __shared__ float scores[SEQ];
    __shared__ float reduce[THREADS];
    const int tid = threadIdx.x;
    const float *q = Q + (blockIdx.y * ${queries} + blockIdx.x) * DIM;
    const float *k = K + blockIdx.y * SEQ * DIM;
    const float *v = V + blockIdx.y * SEQ * DIM;

    float top = -FLT_MAX;
    for (int j = tid; j < SEQ; j += THREADS) {
        float dot = 0.0f;
        for (int i = 0; i < DIM; ++i) dot += q[i] * k[j * DIM + i];
        dot /= sqrtf((float)DIM);
        scores[j] = dot;
        top = fmaxf(top, dot);
    }
    reduce[tid] = top;
    __syncthreads();
    for (int s = THREADS / 2; s > 0; s >>= 1) {
        if (tid < s) reduce[tid] = fmaxf(reduce[tid], reduce[tid + s]);
        __syncthreads();
    }
    top = reduce[0];
    __syncthreads();

    float sum = 0.0f;
    for (int j = tid; j < SEQ; j += THREADS) {
        scores[j] = expf(scores[j] - top);
        sum += scores[j];
    }
    reduce[tid] = sum;
    __syncthreads();
    for (int s = THREADS / 2; s > 0; s >>= 1) {
        if (tid < s) reduce[tid] += reduce[tid + s];
        __syncthreads();
    }
    sum = reduce[0];

    for (int i = tid; i < DIM; i += THREADS) {
        float acc = 0.0f;
        for (int j = 0; j < SEQ; ++j) acc += scores[j] * v[j * DIM + i];
        O[(blockIdx.y * ${queries} + blockIdx.x) * DIM + i] = acc / sum;
    }
}

extern "C" void self_attention_baked(const float *q, const float *k, const float *v, float *y) {
    float *d_q;
    float *d_k;
    float *d_v;
    float *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_q, ${planes} * ${queries} * ${d} * sizeof(float));
    cudaMalloc(&d_k, ${planes} * ${seq} * ${d} * sizeof(float));
    cudaMalloc(&d_v, ${planes} * ${seq} * ${d} * sizeof(float));
    cudaMalloc(&d_y, ${planes} * ${queries} * ${d} * sizeof(float));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_q, q, ${planes} * ${queries} * ${d} * sizeof(float), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_k, k, ${planes} * ${seq} * ${d} * sizeof(float), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_v, v, ${planes} * ${seq} * ${d} * sizeof(float), cudaMemcpyHostToDevice, stream);

    dim3 grid(${queries}, ${planes});
    attention_kernel<<<grid, 128, 0, stream>>>(d_q, d_k, d_v, d_y);

    cudaMemcpyAsync(y, d_y, ${planes} * ${queries} * ${d} * sizeof(float), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_q);
    cudaFree(d_k);
    cudaFree(d_v);
    cudaFree(d_y);
}
