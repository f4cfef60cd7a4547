// needs: shfl cg_reduce
template <class Tile, class T, class Op> __device__ __forceinline__ T inclusive_scan(const Tile &tile, T value, Op op) {
  const unsigned size = static_cast<unsigned>(tile.size()), rank = static_cast<unsigned>(tile.thread_rank());
  for (unsigned step = 1; step < size; step *= 2) {
    const T below = shfl_up(value, step, static_cast<int>(size));
    if (rank >= step) value = op(below, value);
  }
  return value;
}
template <class Tile, class T> __device__ __forceinline__ T inclusive_scan(const Tile &tile, T value) {
  return xpiler_hip::inclusive_scan(tile, value, plus<T>());
}
template <class Tile, class T, class Op> __device__ __forceinline__ T exclusive_scan(const Tile &tile, T value, Op op) {
  const T sum = xpiler_hip::inclusive_scan(tile, value, op);
  const T below = shfl_up(sum, 1u, static_cast<int>(tile.size()));
  return tile.thread_rank() == 0 ? T(0) : below;
}
template <class Tile, class T> __device__ __forceinline__ T exclusive_scan(const Tile &tile, T value) {
  return xpiler_hip::exclusive_scan(tile, value, plus<T>());
}
