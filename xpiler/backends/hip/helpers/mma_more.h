// needs: lane shfl
// mma.sync on TF32, bytes and doubles, by shuffles on 32 lanes. The PTX ISA's figures of these fragments have one pattern ("Matrix
// Fragments for mma.m16n8k8", "... mma.m16n8k32", "... mma.m8n8k4" and their like): with g = lane / 4 and t = lane % 4, word 2 s of
// A holds row g and word 2 s + 1 row g + 8 of the columns of t in step s, word s of B the same rows of column g; a word is
// four bytes, one TF32 number or one double. A sum is rows g, g, g + 8, g + 8 of columns 2 t, 2 t + 1.
struct Tf32Product {
  static __device__ __forceinline__ float of(unsigned word) {
    const unsigned bits = word & 0xffffe000u;  // the lower 13 bits are ignored
    float value;
    __builtin_memcpy(&value, &bits, sizeof bits);
    return value;
  }
  static __device__ __forceinline__ float dot(unsigned a, unsigned b, float sum) { return sum + of(a) * of(b); }
};
template <class A, class B> struct ByteProduct {
  static __device__ __forceinline__ int dot(unsigned a, unsigned b, int sum) {
    for (int i = 0; i < 32; i += 8) sum += static_cast<A>(a >> i & 0xffu) * static_cast<B>(b >> i & 0xffu);
    return sum;
  }
};
struct DoubleProduct {
  static __device__ __forceinline__ double dot(double a, double b, double sum) { return sum + a * b; }
};

template <class Product, int Steps, class Sum, class Word>
__device__ __forceinline__ void mma_16_rows(Sum (&sum)[4], const Word (&a)[2 * Steps], const Word (&b)[Steps]) {
  const int g = static_cast<int>(lane_id() / 4u), t = static_cast<int>(lane_id() % 4u);
  for (int step = 0; step < Steps; ++step)
    for (int k = 0; k < 4; ++k) {
      const Word upper = shfl(a[2 * step], 4 * g + k), lower = shfl(a[2 * step + 1], 4 * g + k);
      const Word left = shfl(b[step], 8 * t + k), right = shfl(b[step], 8 * t + 4 + k);
      sum[0] = Product::dot(upper, left, sum[0]), sum[1] = Product::dot(upper, right, sum[1]);
      sum[2] = Product::dot(lower, left, sum[2]), sum[3] = Product::dot(lower, right, sum[3]);
    }
}
template <class Product, class D, class Sum, class Word>
__device__ __forceinline__ void mma_8_rows(D &d0, D &d1, Word a, Word b, Sum c0, Sum c1) {
  const int g = static_cast<int>(lane_id() / 4u), t = static_cast<int>(lane_id() % 4u);
  for (int k = 0; k < 4; ++k) {
    const Word row = shfl(a, 4 * g + k), left = shfl(b, 8 * t + k), right = shfl(b, 8 * t + 4 + k);
    c0 = Product::dot(row, left, c0), c1 = Product::dot(row, right, c1);
  }
  d0 = static_cast<D>(c0), d1 = static_cast<D>(c1);
}

template <class Product, class Sum, class Word, class D>
__device__ __forceinline__ void mma_one_step(D &d0, D &d1, D &d2, D &d3, Word a0, Word a1, Word b0, Sum c0, Sum c1, Sum c2,
                                             Sum c3) {
  Sum sum[4] = {c0, c1, c2, c3};
  const Word a[2] = {a0, a1}, b[1] = {b0};
  mma_16_rows<Product, 1>(sum, a, b);
  d0 = static_cast<D>(sum[0]), d1 = static_cast<D>(sum[1]), d2 = static_cast<D>(sum[2]), d3 = static_cast<D>(sum[3]);
}
template <class Product, class Sum, class Word, class D>
__device__ __forceinline__ void mma_two_steps(D &d0, D &d1, D &d2, D &d3, Word a0, Word a1, Word a2, Word a3, Word b0, Word b1,
                                              Sum c0, Sum c1, Sum c2, Sum c3) {
  Sum sum[4] = {c0, c1, c2, c3};
  const Word a[4] = {a0, a1, a2, a3}, b[2] = {b0, b1};
  mma_16_rows<Product, 2>(sum, a, b);
  d0 = static_cast<D>(sum[0]), d1 = static_cast<D>(sum[1]), d2 = static_cast<D>(sum[2]), d3 = static_cast<D>(sum[3]);
}
__device__ __forceinline__ void mma_four_steps(double &d0, double &d1, double &d2, double &d3, double a0, double a1, double a2,
                                               double a3, double a4, double a5, double a6, double a7, double b0, double b1,
                                               double b2, double b3, double c0, double c1, double c2, double c3) {
  double sum[4] = {c0, c1, c2, c3};
  const double a[8] = {a0, a1, a2, a3, a4, a5, a6, a7}, b[4] = {b0, b1, b2, b3};
  mma_16_rows<DoubleProduct, 4>(sum, a, b);
  d0 = sum[0], d1 = sum[1], d2 = sum[2], d3 = sum[3];
}
