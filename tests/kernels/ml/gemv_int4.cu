#include <stdint.h>
__global__ void gemv_w4(const uint32_t *w, const float *scale, const float *zero, const float *x, float *y, int rows, int cols) {
    int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    int lane = threadIdx.x % 32;
    if (row >= rows) return;
    float acc = 0.f;
    for (int c = lane; c < cols / 8; c += 32) {
        uint32_t p = w[row * (cols / 8) + c];
        #pragma unroll
        for (int j = 0; j < 8; ++j) {
            float q = (float)((p >> (4 * j)) & 0xFu);
            acc += (q - zero[row]) * scale[row] * x[c * 8 + j];
        }
    }
    for (int o = 16; o > 0; o /= 2) acc += __shfl_down_sync(0xffffffff, acc, o);
    if (lane == 0) y[row] = acc;
}
