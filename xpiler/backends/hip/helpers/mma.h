// needs: lane shfl
// mma.sync of 16 x 8 x 16 and 16 x 8 x 8, and ldmatrix, by shuffles on 32 lanes: right, without matrix cores. Who holds what is
// stated in the PTX ISA, "Matrix Fragments for mma.m16n8k16" and "mma.m16n8k8": with g = lane / 4 and t = lane % 4, words 0 and 1
// of A are rows g and g + 8 of columns 2 t and 2 t + 1 (words 2 and 3: 8 columns further), a word of B is rows 2 t and 2 t + 1 of
// column g, and a sum is rows g, g, g + 8, g + 8 of columns 2 t, 2 t + 1.
template <class T> __device__ __forceinline__ float low_of(unsigned word) {
  T value;
  const unsigned short bits = static_cast<unsigned short>(word);
  __builtin_memcpy(static_cast<void *>(&value), &bits, sizeof bits);
  return static_cast<float>(value);
}
template <class T> __device__ __forceinline__ float high_of(unsigned word) { return low_of<T>(word >> 16); }
template <> __device__ __forceinline__ float low_of<float>(unsigned word) {  // the bits of a bfloat16
  const unsigned bits = word << 16;
  float value;
  __builtin_memcpy(&value, &bits, sizeof bits);
  return value;
}

template <class T, int Steps>
__device__ __forceinline__ void mma_words(float (&sum)[4], const unsigned (&a)[2 * Steps], const unsigned (&b)[Steps]) {
  const int g = static_cast<int>(lane_id() / 4u), t = static_cast<int>(lane_id() % 4u);
  for (int step = 0; step < Steps; ++step)
    for (int k = 0; k < 4; ++k) {
      const unsigned upper = shfl(a[2 * step], 4 * g + k), lower = shfl(a[2 * step + 1], 4 * g + k);
      const unsigned left = shfl(b[step], 8 * t + k), right = shfl(b[step], 8 * t + 4 + k);
      sum[0] += low_of<T>(upper) * low_of<T>(left) + high_of<T>(upper) * high_of<T>(left);
      sum[1] += low_of<T>(upper) * low_of<T>(right) + high_of<T>(upper) * high_of<T>(right);
      sum[2] += low_of<T>(lower) * low_of<T>(left) + high_of<T>(lower) * high_of<T>(left);
      sum[3] += low_of<T>(lower) * low_of<T>(right) + high_of<T>(lower) * high_of<T>(right);
    }
}

template <class T>
__device__ __forceinline__ void mma_m16n8k16(float &d0, float &d1, float &d2, float &d3, unsigned a0, unsigned a1, unsigned a2,
                                             unsigned a3, unsigned b0, unsigned b1, float c0, float c1, float c2, float c3) {
  float sum[4] = {c0, c1, c2, c3};
  const unsigned a[4] = {a0, a1, a2, a3}, b[2] = {b0, b1};
  mma_words<T, 2>(sum, a, b);
  d0 = sum[0], d1 = sum[1], d2 = sum[2], d3 = sum[3];
}
template <class T>
__device__ __forceinline__ void mma_m16n8k8(float &d0, float &d1, float &d2, float &d3, unsigned a0, unsigned a1, unsigned b0,
                                            float c0, float c1, float c2, float c3) {
  float sum[4] = {c0, c1, c2, c3};
  const unsigned a[2] = {a0, a1}, b[1] = {b0};
  mma_words<T, 1>(sum, a, b);
  d0 = sum[0], d1 = sum[1], d2 = sum[2], d3 = sum[3];
}

// Sums of halves, two to a word.
template <class T> __device__ __forceinline__ unsigned two_of(float low, float high) {
  const T values[2] = {static_cast<T>(low), static_cast<T>(high)};
  unsigned word;
  __builtin_memcpy(&word, values, sizeof word);
  return word;
}
template <class T, class W>
__device__ __forceinline__ void mma_m16n8k16(W &d0, W &d1, unsigned a0, unsigned a1, unsigned a2, unsigned a3, unsigned b0,
                                             unsigned b1, unsigned c0, unsigned c1) {
  float sum[4] = {low_of<T>(c0), high_of<T>(c0), low_of<T>(c1), high_of<T>(c1)};
  const unsigned a[4] = {a0, a1, a2, a3}, b[2] = {b0, b1};
  mma_words<T, 2>(sum, a, b);
  d0 = two_of<T>(sum[0], sum[1]), d1 = two_of<T>(sum[2], sum[3]);
}
template <class T, class W>
__device__ __forceinline__ void mma_m16n8k8(W &d0, W &d1, unsigned a0, unsigned a1, unsigned b0, unsigned c0, unsigned c1) {
  float sum[4] = {low_of<T>(c0), high_of<T>(c0), low_of<T>(c1), high_of<T>(c1)};
  const unsigned a[2] = {a0, a1}, b[1] = {b0};
  mma_words<T, 1>(sum, a, b);
  d0 = two_of<T>(sum[0], sum[1]), d1 = two_of<T>(sum[2], sum[3]);
}
