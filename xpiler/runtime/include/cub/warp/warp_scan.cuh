// Prefix sums of one value a lane.
#pragma once
#include "../thread/thread_operators.cuh"

namespace cub {

template <class T, int WIDTH = 32, int ARCH = 0> class WarpScan {
 public:
  struct TempStorage {
    T slots[WIDTH];
  };

  __device__ __forceinline__ WarpScan(TempStorage &storage) : slots_(storage.slots) {}

  template <class Op> __device__ __forceinline__ void InclusiveScan(T value, T &out, Op op, T &total) {
    const int thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z), lane = thread % WIDTH;
    const unsigned mask =
        WIDTH == 32 ? 0xffffffffu : ((1u << (WIDTH % 32)) - 1u) << (unsigned)(thread % 32 / WIDTH * WIDTH);
    T result = value;
    if constexpr (XpShuffles<T>::value) {
      for (int by = 1; by < WIDTH; by *= 2) {
        T other = xp_shuffle_up(mask, result, by, WIDTH);
        if (lane >= by) result = op(other, result);
      }
      slots_[lane] = result;
      __syncwarp(mask);
    } else {
      slots_[lane] = value;
      __syncwarp(mask);
      result = slots_[0];
      for (int k = 1; k <= lane; k++) result = op(result, slots_[k]);
      __syncwarp(mask);
      slots_[lane] = result;
      __syncwarp(mask);
    }
    out = result;
    total = slots_[WIDTH - 1];
  }
  template <class Op> __device__ __forceinline__ void InclusiveScan(T value, T &out, Op op) {
    T total;
    InclusiveScan(value, out, op, total);
  }
  // Lane 0 gets `initial`; `total` leaves it out.
  template <class Op> __device__ __forceinline__ void ExclusiveScan(T value, T &out, T initial, Op op, T &total) {
    const int lane = (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % WIDTH;
    T inclusive;
    InclusiveScan(value, inclusive, op, total);
    out = initial;
    if (lane > 0) out = op(initial, slots_[lane - 1]);
  }
  template <class Op> __device__ __forceinline__ void ExclusiveScan(T value, T &out, T initial, Op op) {
    T total;
    ExclusiveScan(value, out, initial, op, total);
  }
  __device__ __forceinline__ void InclusiveSum(T value, T &out) { InclusiveScan(value, out, cub::Sum()); }
  __device__ __forceinline__ void InclusiveSum(T value, T &out, T &total) {
    InclusiveScan(value, out, cub::Sum(), total);
  }
  __device__ __forceinline__ void ExclusiveSum(T value, T &out) { ExclusiveScan(value, out, T(0), cub::Sum()); }
  __device__ __forceinline__ void ExclusiveSum(T value, T &out, T &total) {
    ExclusiveScan(value, out, T(0), cub::Sum(), total);
  }
  __device__ __forceinline__ T Broadcast(T value, unsigned source) {
    const int lane = (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % WIDTH;
    if (lane == (int)source) slots_[0] = value;
    __syncwarp();
    return slots_[0];
  }

 private:
  T *slots_;
};

}  // namespace cub
