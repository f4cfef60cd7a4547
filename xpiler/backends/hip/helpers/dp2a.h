// needs:
// Two 16-bit values of `a` with two bytes of `b`: the low two or the high two.
__device__ __forceinline__ int dp2a_lo(int a, int b, int c) {
  return c + static_cast<short>(a) * static_cast<signed char>(b) +
         static_cast<short>(a >> 16) * static_cast<signed char>(b >> 8);
}
__device__ __forceinline__ int dp2a_hi(int a, int b, int c) { return dp2a_lo(a, b >> 16, c); }
__device__ __forceinline__ unsigned dp2a_lo(unsigned a, unsigned b, unsigned c) {
  return c + (a & 0xffffu) * (b & 255u) + (a >> 16) * ((b >> 8) & 255u);
}
__device__ __forceinline__ unsigned dp2a_hi(unsigned a, unsigned b, unsigned c) { return dp2a_lo(a, b >> 16, c); }
