// needs: lane shfl activemask
template <class T> __device__ __forceinline__ unsigned match_any(unsigned mask, T value) {
  unsigned found = 0;
  for (unsigned rest = mask & activemask(); rest != 0; rest &= rest - 1) {
    const int lane = __ffs(static_cast<int>(rest)) - 1;
    const T other = shfl(value, lane);
    if (__builtin_memcmp(&other, &value, sizeof(T)) == 0) found |= 1u << lane;
  }
  return found;
}
template <class T> __device__ __forceinline__ unsigned match_all(unsigned mask, T value, int *equal) {
  // The first lane's value decides for everyone, so that all lanes agree.
  const T first = shfl(value, __ffs(static_cast<int>(mask)) - 1);
  const bool same = __builtin_memcmp(&first, &value, sizeof(T)) == 0;
  const unsigned different = static_cast<unsigned>(__ballot(!same) >> warp_shift()) & mask;
  *equal = different == 0;
  return different == 0 ? mask : 0;
}
