// Half x half -> float matrix product on tensor cores, 64 x 48 x 96 (M x N x K), one warp per tile.
// As such kernels are often kept: no include, launched with grid (3, 4) and 32 threads.
using namespace nvcuda;

__global__ void matmul_wmma(half *A, half *B, float *C) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> a_frag;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> b_frag;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> c_frag;
  wmma::fill_fragment(c_frag, 0.0f);

  for (int k = 0; k < 96; k += 16) {
    wmma::load_matrix_sync(a_frag, A + blockIdx.y * 16 * 96 + k, 96);
    wmma::load_matrix_sync(b_frag, B + k * 48 + blockIdx.x * 16, 48);
    wmma::mma_sync(c_frag, a_frag, b_frag, c_frag);
  }

  wmma::store_matrix_sync(C + blockIdx.y * 16 * 48 + blockIdx.x * 16, c_frag, 48,
                          wmma::mem_row_major);
}
