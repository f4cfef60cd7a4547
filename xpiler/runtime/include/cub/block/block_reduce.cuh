// Reduction of one value, or of a few, a thread over a block. The result is thread 0's; what others get is not defined.
#pragma once
#include "../thread/thread_operators.cuh"
#include "../warp/warp_reduce.cuh"

namespace cub {

enum BlockReduceAlgorithm {
  BLOCK_REDUCE_RAKING_COMMUTATIVE_ONLY, BLOCK_REDUCE_RAKING, BLOCK_REDUCE_WARP_REDUCTIONS
};

template <class T, int X, BlockReduceAlgorithm ALGORITHM = BLOCK_REDUCE_WARP_REDUCTIONS, int Y = 1, int Z = 1,
          int ARCH = 0>
class BlockReduce {
  static constexpr int threads = X * Y * Z, warps = (threads + 31) / 32;

 public:
  struct TempStorage {
    T slots[XpShuffles<T>::value ? (X * Y * Z + 31) / 32 : X * Y * Z];
  };

  __device__ __forceinline__ BlockReduce(TempStorage &storage) : slots_(storage.slots) {}

  // Of the first `valid` threads.
  template <class Op> __device__ __forceinline__ T Reduce(T value, Op op, int valid) {
    const int thread = xp_thread<X, Y, Z>(), lane = thread % 32, warp = thread / 32;
    T result = value;
    if constexpr (XpShuffles<T>::value) {
      const unsigned mask = xp_warp_mask<threads>(warp);
      const int here = valid - warp * 32;
      for (int by = 1; by < 32; by *= 2) {
        T other = xp_shuffle_down(mask, result, by, 32);
        if (lane + by < here) result = op(result, other);
      }
      if constexpr (warps > 1) {
        if (lane == 0) slots_[warp] = result;
        __syncthreads();
        if (thread == 0)
          for (int k = 1; k < warps; k++)
            if (k * 32 < valid) result = op(result, slots_[k]);
      }
    } else {
      slots_[thread] = value;
      __syncthreads();
      if (thread == 0)
        for (int k = 1; k < valid; k++) result = op(result, slots_[k]);
    }
    return result;
  }
  template <class Op> __device__ __forceinline__ T Reduce(T value, Op op) { return Reduce(value, op, threads); }
  template <int ITEMS, class Op> __device__ __forceinline__ T Reduce(T (&values)[ITEMS], Op op) {
    T partial = values[0];
    for (int k = 1; k < ITEMS; k++) partial = op(partial, values[k]);
    return Reduce(partial, op, threads);
  }
  __device__ __forceinline__ T Sum(T value) { return Reduce(value, cub::Sum(), threads); }
  __device__ __forceinline__ T Sum(T value, int valid) { return Reduce(value, cub::Sum(), valid); }
  template <int ITEMS> __device__ __forceinline__ T Sum(T (&values)[ITEMS]) { return Reduce(values, cub::Sum()); }

 private:
  T *slots_;
};

}  // namespace cub
