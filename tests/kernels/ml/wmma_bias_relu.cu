#include <mma.h>
#include <cuda_fp16.h>
using namespace nvcuda;
__global__ void wmma_bias_relu(const half *a, const half *b, const float *bias, half *d, int M, int N, int K) {
    int warpM = (blockIdx.x * blockDim.x + threadIdx.x) / warpSize;
    int warpN = blockIdx.y * blockDim.y + threadIdx.y;
    __shared__ float tile[4][256];
    int w = (threadIdx.x / 32) % 4;
    wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> fb;
    wmma::fragment<wmma::accumulator, 16, 16, 16, float> fc;
    wmma::fill_fragment(fc, 0.0f);
    if (warpM * 16 >= M || warpN * 16 >= N) return;
    for (int k = 0; k < K; k += 16) {
        wmma::load_matrix_sync(fa, a + warpM * 16 * K + k, K);
        wmma::load_matrix_sync(fb, b + k * N + warpN * 16, N);
        wmma::mma_sync(fc, fa, fb, fc);
    }
    wmma::store_matrix_sync(tile[w], fc, 16, wmma::mem_row_major);
    __syncwarp();
    int lane = threadIdx.x % 32;
    for (int e = lane; e < 256; e += 32) {
        int r = e / 16, c = e % 16;
        float v = tile[w][e] + bias[warpN * 16 + c];
        d[(warpM * 16 + r) * N + warpN * 16 + c] = __float2half(v > 0.f ? v : 0.f);
    }
}
void gemm(const half *a, const half *b, const float *bias, half *d, int M, int N, int K) {
    dim3 block(128, 1), grid((M + 63) / 64, (N + 15) / 16);
    wmma_bias_relu<<<grid, block>>>(a, b, bias, d, M, N, K);
}
