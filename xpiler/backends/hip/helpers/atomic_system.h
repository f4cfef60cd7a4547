// needs:
// atomicInc and atomicDec that other devices and the host see, which HIP has for one device only.
__device__ __forceinline__ unsigned atomicInc_system(unsigned *address, unsigned limit) {
  unsigned old = __hip_atomic_load(address, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_SYSTEM);
  while (!__hip_atomic_compare_exchange_strong(address, &old, old >= limit ? 0u : old + 1u, __ATOMIC_RELAXED,
                                               __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_SYSTEM)) {
  }
  return old;
}
__device__ __forceinline__ unsigned atomicDec_system(unsigned *address, unsigned limit) {
  unsigned old = __hip_atomic_load(address, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_SYSTEM);
  while (!__hip_atomic_compare_exchange_strong(address, &old, old == 0u || old > limit ? limit : old - 1u,
                                               __ATOMIC_RELAXED, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_SYSTEM)) {
  }
  return old;
}
