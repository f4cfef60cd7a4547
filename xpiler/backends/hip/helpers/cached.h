// needs:
// Loads and stores with a cache hint, without the hint.
template <class T> __device__ __forceinline__ T load(const T *address) { return *address; }
template <class T, class V> __device__ __forceinline__ void store(T *address, V value) { *address = value; }
