// needs:
// CUDA's min and max of operands whose types differ: the common arithmetic type, not double.
template <class A, class B> __host__ __device__ constexpr auto min(const A &a, const B &b) -> decltype(a + b) {
  return decltype(a + b)(b) < decltype(a + b)(a) ? decltype(a + b)(b) : decltype(a + b)(a);
}
template <class A, class B> __host__ __device__ constexpr auto max(const A &a, const B &b) -> decltype(a + b) {
  return decltype(a + b)(a) < decltype(a + b)(b) ? decltype(a + b)(b) : decltype(a + b)(a);
}
