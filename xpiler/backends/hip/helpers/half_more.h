// needs:
// Half and bfloat16 functions that HIP's older headers lack; NaN gives way to the other operand, as in CUDA.
template <class T> __device__ __forceinline__ T hmax(T a, T b) {
  const float x = static_cast<float>(a), y = static_cast<float>(b);
  return x != x ? b : (y != y ? a : (x < y ? b : a));
}
template <class T> __device__ __forceinline__ T hmin(T a, T b) {
  const float x = static_cast<float>(a), y = static_cast<float>(b);
  return x != x ? b : (y != y ? a : (y < x ? b : a));
}
template <class T> __device__ __forceinline__ T hmax2(T a, T b) { a.x = hmax(a.x, b.x); a.y = hmax(a.y, b.y); return a; }
template <class T> __device__ __forceinline__ T hmin2(T a, T b) { a.x = hmin(a.x, b.x); a.y = hmin(a.y, b.y); return a; }
template <class T> __device__ __forceinline__ T htanh(T a) { return static_cast<T>(tanhf(static_cast<float>(a))); }
