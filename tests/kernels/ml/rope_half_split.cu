#include <cuda_fp16.h>
__global__ void rope_neox(half *x, const float *cos_cache, const float *sin_cache, int T, int H, int D) {
    int idx = blockIdx.x * blockDim.x + threadIdx.x;
    int half_d = D / 2;
    if (idx >= T * H * half_d) return;
    int d = idx % half_d, h = (idx / half_d) % H, t = idx / (half_d * H);
    half *row = x + (t * H + h) * D;
    float c = cos_cache[t * half_d + d], s = sin_cache[t * half_d + d];
    float a = __half2float(row[d]), b = __half2float(row[d + half_d]);
    row[d] = __float2half(a * c - b * s);
    row[d + half_d] = __float2half(b * c + a * s);
}
