// needs:
// atomicInc and atomicDec that other devices and the host see, which HIP has for one device only.
__device__ __forceinline__ unsigned atomicInc_system(unsigned *address, unsigned limit) {
  unsigned old = *static_cast<volatile unsigned *>(address), seen;
  while ((seen = atomicCAS_system(address, old, old >= limit ? 0u : old + 1u)) != old) old = seen;
  return old;
}
__device__ __forceinline__ unsigned atomicDec_system(unsigned *address, unsigned limit) {
  unsigned old = *static_cast<volatile unsigned *>(address), seen;
  while ((seen = atomicCAS_system(address, old, old == 0u || old > limit ? limit : old - 1u)) != old) old = seen;
  return old;
}
