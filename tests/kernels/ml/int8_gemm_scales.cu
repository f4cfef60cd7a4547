#include <stdint.h>
__global__ void igemm(const int8_t *A, const int8_t *B, const float *a_scale, const float *b_scale, float *C, int M, int N, int K) {
    // A: MxK row-major, B: NxK row-major (transposed weights)
    int row = blockIdx.y * blockDim.y + threadIdx.y, col = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= M || col >= N) return;
    const int *a4 = reinterpret_cast<const int *>(A + row * K), *b4 = reinterpret_cast<const int *>(B + col * K);
    int acc = 0;
    for (int k = 0; k < K / 4; ++k) acc = __dp4a(a4[k], b4[k], acc);
    C[row * N + col] = acc * a_scale[row] * b_scale[col];
}
