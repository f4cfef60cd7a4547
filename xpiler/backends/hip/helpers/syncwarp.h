// needs: lane
// Lanes of a wavefront run in step; what is left to order is memory.
__device__ __forceinline__ void syncwarp(unsigned mask = 0xffffffffu) {
#if defined(__clang__) && defined(__HIP__)
  (void)mask;
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "wavefront");
  __builtin_amdgcn_wave_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "wavefront");
#else
  __syncwarp(static_cast<unsigned long long>(mask) << warp_shift());
#endif
}
