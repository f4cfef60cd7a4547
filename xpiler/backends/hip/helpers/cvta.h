// needs:
__device__ __forceinline__ unsigned long long shared_address(const void *p) {
  return reinterpret_cast<unsigned long long>(p);
}
