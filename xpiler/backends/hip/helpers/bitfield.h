// needs:
// bfe and bfi with PTX's clamping of position and length.
__device__ __forceinline__ unsigned bfe(unsigned a, unsigned position, unsigned length) {
  position &= 255u;
  length &= 255u;
  if (length == 0 || position > 31) return 0;
  a >>= position;
  return length > 31 ? a : a & ((1u << length) - 1u);
}
__device__ __forceinline__ int bfe(int a, unsigned position, unsigned length) {
  position &= 255u;
  length &= 255u;
  if (length == 0) return 0;
  const unsigned last = position + length - 1 < 31u ? position + length - 1 : 31u;
  const unsigned sign = (static_cast<unsigned>(a) >> last) & 1u;
  unsigned field = bfe(static_cast<unsigned>(a), position, length);
  const unsigned have = position > 31 ? 0u : (length < 32u - position ? length : 32u - position);
  if (sign && have < 32) field |= ~0u << have;
  return static_cast<int>(field);
}
__device__ __forceinline__ unsigned bfi(unsigned field, unsigned into, unsigned position, unsigned length) {
  position &= 255u;
  length &= 255u;
  if (length == 0 || position > 31) return into;
  const unsigned ones = length > 31 ? ~0u : (1u << length) - 1u;
  const unsigned mask = ones << position;
  return (into & ~mask) | ((field << position) & mask);
}
