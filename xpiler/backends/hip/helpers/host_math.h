// needs:
// Functions of CUDA's mathematics that HIP has on the device only.
__host__ __device__ inline double normcdf(double x) {
#if defined(__HIP_DEVICE_COMPILE__)
  return ::normcdf(x);
#else
  return 0.5 * __builtin_erfc(-x * 0.70710678118654752440);
#endif
}
__host__ __device__ inline float normcdff(float x) {
#if defined(__HIP_DEVICE_COMPILE__)
  return ::normcdff(x);
#else
  return static_cast<float>(0.5 * __builtin_erfc(-x * 0.70710678118654752440));
#endif
}
__host__ __device__ inline float normcdf(float x) { return normcdff(x); }
