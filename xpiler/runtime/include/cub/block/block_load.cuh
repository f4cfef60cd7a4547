// A block's consecutive values into its threads' registers: ITEMS neighbours a thread, or every X-th one.
#pragma once
#include "../thread/thread_operators.cuh"

namespace cub {

enum BlockLoadAlgorithm {
  BLOCK_LOAD_DIRECT, BLOCK_LOAD_STRIPED, BLOCK_LOAD_VECTORIZE, BLOCK_LOAD_TRANSPOSE, BLOCK_LOAD_WARP_TRANSPOSE,
  BLOCK_LOAD_WARP_TRANSPOSE_TIMESLICED
};

template <class T, int X, int ITEMS, BlockLoadAlgorithm ALGORITHM = BLOCK_LOAD_DIRECT, int Y = 1, int Z = 1,
          int ARCH = 0>
class BlockLoad {
  static constexpr int threads = X * Y * Z;
  static constexpr int stride = ALGORITHM == BLOCK_LOAD_STRIPED ? threads : 1;
  static constexpr int first = ALGORITHM == BLOCK_LOAD_STRIPED ? 1 : ITEMS;

 public:
  struct TempStorage {
    int unused;
  };

  __device__ __forceinline__ BlockLoad() {}
  __device__ __forceinline__ BlockLoad(TempStorage &) {}

  template <class In> __device__ __forceinline__ void Load(In from, T (&items)[ITEMS]) {
    const int thread = xp_thread<X, Y, Z>();
    for (int k = 0; k < ITEMS; k++) items[k] = from[thread * first + k * stride];
  }
  template <class In> __device__ __forceinline__ void Load(In from, T (&items)[ITEMS], int valid) {
    const int thread = xp_thread<X, Y, Z>();
    for (int k = 0; k < ITEMS; k++)
      if (thread * first + k * stride < valid) items[k] = from[thread * first + k * stride];
  }
  template <class In, class D> __device__ __forceinline__ void Load(In from, T (&items)[ITEMS], int valid, D other) {
    const int thread = xp_thread<X, Y, Z>();
    for (int k = 0; k < ITEMS; k++) {
      items[k] = other;
      if (thread * first + k * stride < valid) items[k] = from[thread * first + k * stride];
    }
  }
};

}  // namespace cub
