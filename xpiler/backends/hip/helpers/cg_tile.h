// needs:
// What tiles of HIP's cooperative groups lack, by their size and the lane.
template <class Tile> __device__ __forceinline__ unsigned tile_ballot(const Tile &tile, int predicate) {
  const unsigned size = static_cast<unsigned>(tile.size());
  const unsigned long long lanes = __ballot(predicate) >> (__lane_id() & ~(size - 1));
  return static_cast<unsigned>(size >= 32 ? lanes : lanes & ((1ull << size) - 1));
}
template <class Tile> __device__ __forceinline__ int tile_any(const Tile &tile, int predicate) {
  return tile_ballot(tile, predicate) != 0;
}
template <class Tile> __device__ __forceinline__ int tile_all(const Tile &tile, int predicate) {
  return tile_ballot(tile, !predicate) == 0;
}
__device__ __forceinline__ unsigned block_rank() {
  return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
}
template <class Tile> __device__ __forceinline__ unsigned tile_rank_in_block(const Tile &tile) {
  return block_rank() / static_cast<unsigned>(tile.size());
}
template <class Tile> __device__ __forceinline__ unsigned tiles_of_block(const Tile &tile) {
  const unsigned size = static_cast<unsigned>(tile.size());
  return (blockDim.x * blockDim.y * blockDim.z + size - 1) / size;
}
