// Reduction of one value a lane. The result is lane 0's; what other lanes get is not defined.
#pragma once
#include "../thread/thread_operators.cuh"

namespace cub {

template <class T, int WIDTH = 32, int ARCH = 0> class WarpReduce {
 public:
  struct TempStorage {
    T slots[XpShuffles<T>::value ? 1 : WIDTH];
  };

  __device__ __forceinline__ WarpReduce(TempStorage &storage) : slots_(storage.slots) {}

  template <class Op> __device__ __forceinline__ T Reduce(T value, Op op, int valid) {
    const int thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z), lane = thread % WIDTH;
    const unsigned mask =
        WIDTH == 32 ? 0xffffffffu : ((1u << (WIDTH % 32)) - 1u) << (unsigned)(thread % 32 / WIDTH * WIDTH);
    T result = value;
    if constexpr (XpShuffles<T>::value) {
      for (int by = 1; by < WIDTH; by *= 2) {
        T other = xp_shuffle_down(mask, result, by, WIDTH);
        if (lane + by < valid) result = op(result, other);
      }
    } else {
      slots_[lane] = value;
      __syncwarp(mask);
      if (lane == 0)
        for (int k = 1; k < valid; k++) result = op(result, slots_[k]);
    }
    return result;
  }
  template <class Op> __device__ __forceinline__ T Reduce(T value, Op op) { return Reduce(value, op, WIDTH); }
  __device__ __forceinline__ T Sum(T value) { return Reduce(value, cub::Sum(), WIDTH); }
  __device__ __forceinline__ T Sum(T value, int valid) { return Reduce(value, cub::Sum(), valid); }

 private:
  T *slots_;
};

}  // namespace cub
