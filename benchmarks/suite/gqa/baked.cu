// Grouped-query attention of one new token over its cache; a block per query head, a thread per
// element of the head, the sizes written into the kernel.
#include <cuda_runtime.h>

#define D ${d}
#define SEQ ${seq}

__global__ void gqa_kernel(const float *q, const float *k, const float *v, float *y) {
    __shared__ float scores[SEQ];
    const int head = blockIdx.x;
    const int kv = head / (${hq} / ${hkv});
    const float *qh = q + (blockIdx.y * ${hq} + head) * D;
    const float *kh = k + (blockIdx.y * ${hkv} + kv) * SEQ * D;
    const float *vh = v + (blockIdx.y * ${hkv} + kv) * SEQ * D;

    for (int j = threadIdx.x; j < SEQ; j += D) {
        float dot = 0.0f;
        for (int i = 0; i < D; ++i) dot += qh[i] * kh[j * D + i];
        scores[j] = dot * rsqrtf((float)D);
    }
    __syncthreads();

    float top = scores[0];
    for (int j = 1; j < SEQ; ++j) top = fmaxf(top, scores[j]);
    float sum = 0.0f;
    float acc = 0.0f;
    for (int j = 0; j < SEQ; ++j) {
        const float p = expf(scores[j] - top);
        sum += p;
        acc += p * vh[j * D + threadIdx.x];
    }
    y[(blockIdx.y * ${hq} + head) * D + threadIdx.x] = acc / sum;
}

extern "C" int gqa_baked(const float *q, const float *k, const float *v, float *y) {
    float *d_q;
    float *d_k;
    float *d_v;
    float *d_y;
    if (cudaMalloc((void **)&d_q, ${batch} * ${hq} * ${d} * sizeof(float)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_k, ${batch} * ${hkv} * ${seq} * ${d} * sizeof(float)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_v, ${batch} * ${hkv} * ${seq} * ${d} * sizeof(float)) != cudaSuccess) return 1;
    if (cudaMalloc((void **)&d_y, ${batch} * ${hq} * ${d} * sizeof(float)) != cudaSuccess) return 1;
    cudaMemcpy(d_q, q, ${batch} * ${hq} * ${d} * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_k, k, ${batch} * ${hkv} * ${seq} * ${d} * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_v, v, ${batch} * ${hkv} * ${seq} * ${d} * sizeof(float), cudaMemcpyHostToDevice);

    gqa_kernel<<<dim3(${hq}, ${batch}), ${d}>>>(d_q, d_k, d_v, d_y);
    cudaError_t err = cudaGetLastError();

    cudaMemcpy(y, d_y, ${batch} * ${hq} * ${d} * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_q);
    cudaFree(d_k);
    cudaFree(d_v);
    cudaFree(d_y);
    return err == cudaSuccess ? 0 : 2;
}
