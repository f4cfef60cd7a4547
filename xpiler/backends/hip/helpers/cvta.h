// needs:
// The low 32 bits of a generic address of shared memory are its offset, on the GPU and (with the high bits kept) here.
#if defined(__clang__) && defined(__HIP__)
__device__ __forceinline__ unsigned long long shared_address(const void *p) {
  return reinterpret_cast<unsigned long long>(p);
}
__device__ __forceinline__ void *shared_pointer(unsigned offset) {
  return (void *)(__attribute__((address_space(3))) char *)(offset);
}
#else
inline unsigned long long shared_high = 0;
inline unsigned long long shared_address(const void *p) {
  shared_high = reinterpret_cast<unsigned long long>(p) >> 32;
  return reinterpret_cast<unsigned long long>(p);
}
inline void *shared_pointer(unsigned offset) { return reinterpret_cast<void *>(shared_high << 32 | offset); }
#endif
