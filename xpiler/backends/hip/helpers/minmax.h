// needs:
// CUDA's min and max of operands whose types differ: the common arithmetic type, not double.
template <class A, class B> __host__ __device__ constexpr auto min(const A &a, const B &b) -> decltype(a + b) {
  return decltype(a + b)(b) < decltype(a + b)(a) ? decltype(a + b)(b) : decltype(a + b)(a);
}
template <class A, class B> __host__ __device__ constexpr auto max(const A &a, const B &b) -> decltype(a + b) {
  return decltype(a + b)(a) < decltype(a + b)(b) ? decltype(a + b)(b) : decltype(a + b)(a);
}
__host__ __device__ constexpr unsigned umin(unsigned a, unsigned b) { return b < a ? b : a; }
__host__ __device__ constexpr unsigned umax(unsigned a, unsigned b) { return a < b ? b : a; }
__host__ __device__ constexpr long long llmin(long long a, long long b) { return b < a ? b : a; }
__host__ __device__ constexpr long long llmax(long long a, long long b) { return a < b ? b : a; }
__host__ __device__ constexpr unsigned long long ullmin(unsigned long long a, unsigned long long b) { return b < a ? b : a; }
__host__ __device__ constexpr unsigned long long ullmax(unsigned long long a, unsigned long long b) { return a < b ? b : a; }
