// Self attention with the softmax kept up to date as the keys go by (no array of scores): a warp per
// query, tiles of keys and values in shared memory; the head's size is at most 512.
#include <cfloat>

#include <cuda_runtime.h>

#define KEYS 4
#define MAX_DIM 512

__global__ void attention_online(const float *Q, const float *K, const float *V, float *O, int queries,
                                 int seq, int d, float scale) {
    __shared__ float tile_k[KEYS][MAX_DIM];
    __shared__ float tile_v[KEYS][MAX_DIM];
    const int lane = threadIdx.x;
    const int query = blockIdx.x * blockDim.y + threadIdx.y;
    const int tid = threadIdx.y * 32 + lane;
    const bool active = query < queries;
    const size_t base = (size_t)blockIdx.y * seq * d;
    const float *q = Q + ((size_t)blockIdx.y * queries + query) * d;

    float acc[MAX_DIM / 32];
    for (int i = 0; i < MAX_DIM / 32; ++i) acc[i] = 0.0f;
    float top = -FLT_MAX;
    float sum = 0.0f;

    for (int j0 = 0; j0 < seq; j0 += KEYS) {
        for (int i = tid; i < KEYS * d; i += 128) {
            const int row = j0 + i / d;
            tile_k[i / d][i % d] = row < seq ? K[base + (size_t)row * d + i % d] : 0.0f;
            tile_v[i / d][i % d] = row < seq ? V[base + (size_t)row * d + i % d] : 0.0f;
        }
        __syncthreads();
        if (active) {
            for (int j = 0; j < KEYS && j0 + j < seq; ++j) {
                float dot = 0.0f;
                for (int i = lane; i < d; i += 32) dot += q[i] * tile_k[j][i];
                for (int m = 16; m > 0; m >>= 1) dot += __shfl_xor_sync(0xffffffff, dot, m);
                dot *= scale;
                const float new_top = fmaxf(top, dot);
                const float correction = expf(top - new_top);
                const float p = expf(dot - new_top);
                sum = sum * correction + p;
                for (int i = lane; i < d; i += 32) {
                    acc[i / 32] = acc[i / 32] * correction + p * tile_v[j][i];
                }
                top = new_top;
            }
        }
        __syncthreads();
    }
    if (active) {
        for (int i = lane; i < d; i += 32) {
            O[((size_t)blockIdx.y * queries + query) * d + i] = acc[i / 32] / sum;
        }
    }
}

extern "C" void self_attention_online(const float *q, const float *k, const float *v, float *y,
                                      int planes, int queries, int seq, int d) {
    float *d_q = NULL;
    float *d_k = NULL;
    float *d_v = NULL;
    float *d_y = NULL;
    cudaMalloc((void **)&d_q, (size_t)planes * queries * d * sizeof(float));
    cudaMalloc((void **)&d_k, (size_t)planes * seq * d * sizeof(float));
    cudaMalloc((void **)&d_v, (size_t)planes * seq * d * sizeof(float));
    cudaMalloc((void **)&d_y, (size_t)planes * queries * d * sizeof(float));
    cudaMemcpy(d_q, q, (size_t)planes * queries * d * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_k, k, (size_t)planes * seq * d * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_v, v, (size_t)planes * seq * d * sizeof(float), cudaMemcpyHostToDevice);

    dim3 grid((queries + 3) / 4, planes);
    dim3 block(32, 4);
    attention_online<<<grid, block>>>(d_q, d_k, d_v, d_y, queries, seq, d, 1.0f / sqrtf((float)d));

    cudaMemcpy(y, d_y, (size_t)planes * queries * d * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_q);
    cudaFree(d_k);
    cudaFree(d_v);
    cudaFree(d_y);
}
