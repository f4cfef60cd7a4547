// needs: cvta lane shfl
// ldmatrix: lanes 8 m to 8 m + 7 give the addresses of the rows of matrix m, 8 x 8 elements of 16 bits; lane l gets
// columns 2 (l % 4) and 2 (l % 4) + 1 of row l / 4, or, transposed, those two rows of column l / 4 (PTX ISA, ldmatrix).
template <class A> __device__ __forceinline__ unsigned matrix_word(A address, unsigned matrix, bool transposed) {
  const unsigned lane = lane_id(), line = lane / 4u, pair = lane % 4u;
  const unsigned own = static_cast<unsigned>(address);
  unsigned short half[2];
  for (unsigned i = 0; i < 2u; ++i) {
    const unsigned row = transposed ? 2u * pair + i : line, column = transposed ? line : 2u * pair + i;
    const unsigned start = shfl(own, static_cast<int>(8u * matrix + row));
    half[i] = static_cast<const unsigned short *>(shared_pointer(start))[column];
  }
  return half[0] | static_cast<unsigned>(half[1]) << 16;
}
template <bool Transposed, class A, class... W> __device__ __forceinline__ void ldmatrix(A address, W &...words) {
  unsigned matrix = 0;
  ((words = static_cast<W>(matrix_word(address, matrix++, Transposed))), ...);
}
