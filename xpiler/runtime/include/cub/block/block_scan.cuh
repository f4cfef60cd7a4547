// Prefix sums over a block, of one value or of a few consecutive ones a thread.
#pragma once
#include "../thread/thread_operators.cuh"
#include "../warp/warp_scan.cuh"

namespace cub {

enum BlockScanAlgorithm { BLOCK_SCAN_RAKING, BLOCK_SCAN_RAKING_MEMOIZE, BLOCK_SCAN_WARP_SCANS };

template <class T, int X, BlockScanAlgorithm ALGORITHM = BLOCK_SCAN_RAKING, int Y = 1, int Z = 1, int ARCH = 0>
class BlockScan {
  static constexpr int threads = X * Y * Z, warps = (threads + 31) / 32;

 public:
  struct TempStorage {
    T slots[X * Y * Z];
    T totals[(X * Y * Z + 31) / 32];
    T prefix;
  };

  __device__ __forceinline__ BlockScan(TempStorage &storage)
      : slots_(storage.slots), totals_(storage.totals), prefix_(&storage.prefix) {}

  // One value a thread -------------------------------------------------------------------------

  template <class Op> __device__ __forceinline__ void InclusiveScan(T value, T &out, Op op, T &total) {
    const int thread = xp_thread<X, Y, Z>();
    Scan(value, op, total);
    out = slots_[thread];
  }
  template <class Op> __device__ __forceinline__ void InclusiveScan(T value, T &out, Op op) {
    T total;
    InclusiveScan(value, out, op, total);
  }
  // Thread 0 gets `initial`; `total` leaves it out.
  template <class Op> __device__ __forceinline__ void ExclusiveScan(T value, T &out, T initial, Op op, T &total) {
    const int thread = xp_thread<X, Y, Z>();
    Scan(value, op, total);
    out = initial;
    if (thread > 0) out = op(initial, slots_[thread - 1]);
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
  // `running` is a functor: given the block's total it gives what stands before the block. Warp 0 calls it.
  template <class Prefix> __device__ __forceinline__ void ExclusiveSum(T value, T &out, T &total, Prefix &running) {
    ExclusiveScan(value, out, T(0), cub::Sum(), total);
    out = Before(total, running) + out;
  }
  template <class Prefix> __device__ __forceinline__ void InclusiveSum(T value, T &out, T &total, Prefix &running) {
    InclusiveScan(value, out, cub::Sum(), total);
    out = Before(total, running) + out;
  }

  // Several values a thread ---------------------------------------------------------------------

  template <int ITEMS, class Op>
  __device__ __forceinline__ void InclusiveScan(T (&in)[ITEMS], T (&out)[ITEMS], Op op, T &total) {
    const int thread = xp_thread<X, Y, Z>();
    T sum = in[0];
    out[0] = sum;
    for (int k = 1; k < ITEMS; k++) {
      sum = op(sum, in[k]);
      out[k] = sum;
    }
    Scan(sum, op, total);
    if (thread > 0) {
      const T before = slots_[thread - 1];
      for (int k = 0; k < ITEMS; k++) out[k] = op(before, out[k]);
    }
  }
  template <int ITEMS, class Op>
  __device__ __forceinline__ void ExclusiveScan(T (&in)[ITEMS], T (&out)[ITEMS], T initial, Op op, T &total) {
    const int thread = xp_thread<X, Y, Z>();
    T sum = in[0];
    for (int k = 1; k < ITEMS; k++) sum = op(sum, in[k]);
    Scan(sum, op, total);
    T before = initial;
    if (thread > 0) before = op(initial, slots_[thread - 1]);
    for (int k = 0; k < ITEMS; k++) {
      const T here = in[k];
      out[k] = before;
      before = op(before, here);
    }
  }
  template <int ITEMS, class Op>
  __device__ __forceinline__ void InclusiveScan(T (&in)[ITEMS], T (&out)[ITEMS], Op op) {
    T total;
    InclusiveScan(in, out, op, total);
  }
  template <int ITEMS, class Op>
  __device__ __forceinline__ void ExclusiveScan(T (&in)[ITEMS], T (&out)[ITEMS], T initial, Op op) {
    T total;
    ExclusiveScan(in, out, initial, op, total);
  }
  template <int ITEMS> __device__ __forceinline__ void InclusiveSum(T (&in)[ITEMS], T (&out)[ITEMS]) {
    T total;
    InclusiveScan(in, out, cub::Sum(), total);
  }
  template <int ITEMS> __device__ __forceinline__ void InclusiveSum(T (&in)[ITEMS], T (&out)[ITEMS], T &total) {
    InclusiveScan(in, out, cub::Sum(), total);
  }
  template <int ITEMS> __device__ __forceinline__ void ExclusiveSum(T (&in)[ITEMS], T (&out)[ITEMS]) {
    T total;
    ExclusiveScan(in, out, T(0), cub::Sum(), total);
  }
  template <int ITEMS> __device__ __forceinline__ void ExclusiveSum(T (&in)[ITEMS], T (&out)[ITEMS], T &total) {
    ExclusiveScan(in, out, T(0), cub::Sum(), total);
  }

 private:
  // Leaves each thread's inclusive result in its slot.
  template <class Op> __device__ __forceinline__ void Scan(T value, Op op, T &total) {
    const int thread = xp_thread<X, Y, Z>(), lane = thread % 32, warp = thread / 32;
    T result = value;
    if constexpr (XpShuffles<T>::value) {
      const unsigned mask = xp_warp_mask<threads>(warp);
      for (int by = 1; by < 32; by *= 2) {
        T other = xp_shuffle_up(mask, result, by, 32);
        if (lane >= by) result = op(other, result);
      }
      if (lane == 31 || thread == threads - 1) totals_[warp] = result;
      __syncthreads();
      if (warp > 0) {
        T before = totals_[0];
        for (int k = 1; k < warp; k++) before = op(before, totals_[k]);
        result = op(before, result);
      }
      slots_[thread] = result;
    } else {
      slots_[thread] = value;
      __syncthreads();
      result = slots_[0];
      for (int k = 1; k <= thread; k++) result = op(result, slots_[k]);
      __syncthreads();
      slots_[thread] = result;
    }
    __syncthreads();
    total = slots_[threads - 1];
  }

  template <class Prefix> __device__ __forceinline__ T Before(T total, Prefix &running) {
    const int thread = xp_thread<X, Y, Z>();
    if (thread < 32) {
      T before = running(total);
      if (thread == 0) *prefix_ = before;
    }
    __syncthreads();
    return *prefix_;
  }

  T *slots_, *totals_, *prefix_;
};

}  // namespace cub
