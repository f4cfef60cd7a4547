// needs:
// vabsdiff4 with .add: the four differences of bytes, without their signs, added to a word (AMD: V_SAD_U8).
__device__ __forceinline__ unsigned add_differences(unsigned a, unsigned b, unsigned sum) {
  for (int i = 0; i < 32; i += 8) {
    const unsigned x = a >> i & 0xffu, y = b >> i & 0xffu;
    sum += x > y ? x - y : y - x;
  }
  return sum;
}
