#include <stdint.h>
__global__ void quantize_rows(const float *x, int8_t *q, float *scales, int rows, int cols) {
    int row = blockIdx.x;
    __shared__ float smax[32];
    float m = 0.f;
    for (int c = threadIdx.x; c < cols; c += blockDim.x) m = fmaxf(m, fabsf(x[row * cols + c]));
    for (int o = 16; o > 0; o >>= 1) m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, o));
    if (threadIdx.x % 32 == 0) smax[threadIdx.x / 32] = m;
    __syncthreads();
    m = smax[0];
    for (int w = 1; w < blockDim.x / 32; w++) m = fmaxf(m, smax[w]);
    float s = m / 127.f;
    if (threadIdx.x == 0) scales[row] = s;
    float inv = s > 0 ? 1.f / s : 0.f;
    for (int c = threadIdx.x; c < cols; c += blockDim.x) q[row * cols + c] = (int8_t)max(-127, min(127, __float2int_rn(x[row * cols + c] * inv)));
}
void quant(const float *x, int8_t *q, float *scales, int rows, int cols) { quantize_rows<<<rows, 128>>>(x, q, scales, rows, cols); }
