// needs: shfl
// cooperative_groups::reduce on tiles whose size is a power of two up to 32.
template <class T> struct plus { __device__ T operator()(T a, T b) const { return a + b; } };
template <class T> struct less { __device__ T operator()(T a, T b) const { return b < a ? b : a; } };
template <class T> struct greater { __device__ T operator()(T a, T b) const { return a < b ? b : a; } };
template <class T> struct bit_and { __device__ T operator()(T a, T b) const { return a & b; } };
template <class T> struct bit_or { __device__ T operator()(T a, T b) const { return a | b; } };
template <class T> struct bit_xor { __device__ T operator()(T a, T b) const { return a ^ b; } };
template <class Tile, class T, class Op> __device__ __forceinline__ T reduce(const Tile &tile, T value, Op op) {
  const int size = static_cast<int>(tile.size());
  for (int step = size / 2; step > 0; step /= 2) value = op(value, shfl_xor(value, step, size));
  return value;
}
