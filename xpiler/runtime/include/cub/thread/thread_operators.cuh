// What the block and warp primitives share: operators, how a value passes through a warp, a thread's place.
// Plain device code, read by the parser and by g++ alike; functions are as documented by CUB, the text is our own.
#pragma once

namespace cub {

struct Sum {
  template <class T> __host__ __device__ T operator()(const T &a, const T &b) const { return a + b; }
};
struct Max {
  template <class T> __host__ __device__ T operator()(const T &a, const T &b) const { return a < b ? b : a; }
};
struct Min {
  template <class T> __host__ __device__ T operator()(const T &a, const T &b) const { return b < a ? b : a; }
};
struct Difference {
  template <class T> __host__ __device__ T operator()(const T &a, const T &b) const { return a - b; }
};

template <class K, class V> struct KeyValuePair {
  typedef K Key;
  typedef V Value;
  K key;
  V value;
  __host__ __device__ KeyValuePair() {}
  __host__ __device__ KeyValuePair(const K &k, const V &v) : key(k), value(v) {}
};
struct ArgMax {
  template <class K, class V>
  __host__ __device__ KeyValuePair<K, V> operator()(const KeyValuePair<K, V> &a, const KeyValuePair<K, V> &b) const {
    return b.value > a.value || (a.value == b.value && b.key < a.key) ? b : a;
  }
};
struct ArgMin {
  template <class K, class V>
  __host__ __device__ KeyValuePair<K, V> operator()(const KeyValuePair<K, V> &a, const KeyValuePair<K, V> &b) const {
    return b.value < a.value || (a.value == b.value && b.key < a.key) ? b : a;
  }
};

// Whether a warp shuffle takes the type; other types pass through shared memory.
template <class T> struct XpShuffles { static constexpr bool value = false; };
#define XP_SHUFFLES(T) \
  template <> struct XpShuffles<T> { static constexpr bool value = true; };
XP_SHUFFLES(int) XP_SHUFFLES(unsigned) XP_SHUFFLES(long) XP_SHUFFLES(unsigned long) XP_SHUFFLES(long long)
XP_SHUFFLES(unsigned long long) XP_SHUFFLES(float) XP_SHUFFLES(double)
#undef XP_SHUFFLES

// HIP's warps may be wider: there the lanes are the ones that arrive.
template <class T> __device__ __forceinline__ T xp_shuffle_down(unsigned mask, T value, int by, int width) {
#ifdef __HIPCC__
  return __shfl_down(value, by, width);
#else
  return __shfl_down_sync(mask, value, by, width);
#endif
}
template <class T> __device__ __forceinline__ T xp_shuffle_up(unsigned mask, T value, int by, int width) {
#ifdef __HIPCC__
  return __shfl_up(value, by, width);
#else
  return __shfl_up_sync(mask, value, by, width);
#endif
}

// The lanes of the warp (or of its part of `width` lanes) in which the thread `thread` of `threads` stands.
template <int THREADS> __device__ __forceinline__ unsigned xp_warp_mask(int warp) {
  if constexpr (THREADS % 32 == 0)
    return 0xffffffffu;
  else
    return warp < THREADS / 32 ? 0xffffffffu : (1u << (THREADS % 32)) - 1u;
}

template <int X, int Y, int Z> __device__ __forceinline__ int xp_thread() {
  if constexpr (Y == 1 && Z == 1)
    return threadIdx.x;
  else
    return (threadIdx.z * Y + threadIdx.y) * X + threadIdx.x;
}

__device__ __forceinline__ unsigned LaneId() { return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % 32; }

}  // namespace cub
