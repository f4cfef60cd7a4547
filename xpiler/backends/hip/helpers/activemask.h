// needs: lane
__device__ __forceinline__ unsigned activemask() {
  return static_cast<unsigned>(__ballot(1) >> warp_shift());
}
