// needs: lane
__device__ __forceinline__ unsigned ballot(unsigned mask, int predicate) {
  return static_cast<unsigned>(__ballot(predicate) >> warp_shift()) & mask;
}
