// needs:
// atomicAdd where HIP has it, else by compare and swap on the 32-bit word that holds the value.
template <class T, class V> __device__ __forceinline__ auto add_atomically(T *address, V value, int)
    -> decltype(::atomicAdd(address, value)) {
  return ::atomicAdd(address, value);
}
template <class T, class V> __device__ __forceinline__ T add_atomically(T *address, V value, long) {
  static_assert(sizeof(T) == 2 || sizeof(T) == 4, "a 16-bit number or a pair of them");
  const unsigned long long place = reinterpret_cast<unsigned long long>(address);
  const unsigned shift = static_cast<unsigned>(place & (4 - sizeof(T))) * 8;
  unsigned *word = reinterpret_cast<unsigned *>(place & ~3ull);
  unsigned seen = *word, old;
  T before;
  do {
    old = seen;
    const unsigned part = old >> shift;
    __builtin_memcpy(static_cast<void *>(&before), &part, sizeof(T));
    const T after = before + value;
    unsigned bits = 0;
    __builtin_memcpy(&bits, static_cast<const void *>(&after), sizeof(T));
    const unsigned mask = static_cast<unsigned>((1ull << (8 * sizeof(T))) - 1) << shift;
    seen = atomicCAS(word, old, (old & ~mask) | (bits << shift));
  } while (seen != old);
  return before;
}
template <class T, class V> __device__ __forceinline__ T atomic_add(T *address, V value) {
  return add_atomically(address, value, 0);
}
