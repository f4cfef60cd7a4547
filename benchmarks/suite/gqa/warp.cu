// Grouped-query attention of one new token over its bfloat16 cache: a block per key-value head, a warp
// per query head of its group, softmax kept up to date; the head's size is at most 128.
#include <cuda_bf16.h>
#include <cuda_runtime.h>

constexpr int kSlots = 4;

__global__ void gqa_per_warp(const __nv_bfloat16 *q, const __nv_bfloat16 *k, const __nv_bfloat16 *v,
                         __nv_bfloat16 *y, int seq, int d) {
    const int lane = threadIdx.x;
    const int head = blockIdx.x * blockDim.y + threadIdx.y;
    const int heads = gridDim.x * blockDim.y;
    const size_t row = ((size_t)blockIdx.y * heads + head) * d;
    const size_t cache = ((size_t)blockIdx.y * gridDim.x + blockIdx.x) * seq * d;
    const float scale = rsqrtf((float)d);

    float own[kSlots];
    float acc[kSlots];
#pragma unroll
    for (int s = 0; s < kSlots; ++s) {
        const int i = lane + 32 * s;
        own[s] = i < d ? __bfloat162float(q[row + i]) * scale : 0.0f;
        acc[s] = 0.0f;
    }

    float top = -INFINITY;
    float sum = 0.0f;
    for (int j = 0; j < seq; ++j) {
        float dot = 0.0f;
#pragma unroll
        for (int s = 0; s < kSlots; ++s) {
            const int i = lane + 32 * s;
            if (i < d) dot += own[s] * __bfloat162float(k[cache + (size_t)j * d + i]);
        }
#pragma unroll
        for (int m = 16; m > 0; m >>= 1) dot += __shfl_xor_sync(0xffffffff, dot, m);

        const float next = fmaxf(top, dot);
        const float fade = expf(top - next);
        const float p = expf(dot - next);
        top = next;
        sum = sum * fade + p;
#pragma unroll
        for (int s = 0; s < kSlots; ++s) {
            const int i = lane + 32 * s;
            if (i < d) acc[s] = acc[s] * fade + p * __bfloat162float(v[cache + (size_t)j * d + i]);
        }
    }

    for (int s = 0; s < kSlots; ++s) {
        const int i = lane + 32 * s;
        if (i < d) y[row + i] = __float2bfloat16(acc[s] / sum);
    }
}

extern "C" void gqa_warp(const __nv_bfloat16 *q, const __nv_bfloat16 *k, const __nv_bfloat16 *v,
                         __nv_bfloat16 *y, int batch, int hq, int hkv, int seq, int d) {
    __nv_bfloat16 *d_q;
    __nv_bfloat16 *d_k;
    __nv_bfloat16 *d_v;
    __nv_bfloat16 *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_q, (size_t)batch * hq * d * sizeof(__nv_bfloat16));
    cudaMalloc(&d_k, (size_t)batch * hkv * seq * d * sizeof(__nv_bfloat16));
    cudaMalloc(&d_v, (size_t)batch * hkv * seq * d * sizeof(__nv_bfloat16));
    cudaMalloc(&d_y, (size_t)batch * hq * d * sizeof(__nv_bfloat16));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_q, q, (size_t)batch * hq * d * sizeof(__nv_bfloat16), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_k, k, (size_t)batch * hkv * seq * d * sizeof(__nv_bfloat16), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_v, v, (size_t)batch * hkv * seq * d * sizeof(__nv_bfloat16), cudaMemcpyHostToDevice, stream);

    const int group = hq / hkv;
    gqa_per_warp<<<dim3(hkv, batch), dim3(32, group), 0, stream>>>(d_q, d_k, d_v, d_y, seq, d);

    cudaMemcpyAsync(y, d_y, (size_t)batch * hq * d * sizeof(__nv_bfloat16), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_q);
    cudaFree(d_k);
    cudaFree(d_v);
    cudaFree(d_y);
}
