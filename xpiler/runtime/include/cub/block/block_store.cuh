// The values of a block's threads to consecutive places: ITEMS neighbours a thread, or every X-th one.
#pragma once
#include "../thread/thread_operators.cuh"

namespace cub {

enum BlockStoreAlgorithm {
  BLOCK_STORE_DIRECT, BLOCK_STORE_STRIPED, BLOCK_STORE_VECTORIZE, BLOCK_STORE_TRANSPOSE,
  BLOCK_STORE_WARP_TRANSPOSE, BLOCK_STORE_WARP_TRANSPOSE_TIMESLICED
};

template <class T, int X, int ITEMS, BlockStoreAlgorithm ALGORITHM = BLOCK_STORE_DIRECT, int Y = 1, int Z = 1,
          int ARCH = 0>
class BlockStore {
  static constexpr int threads = X * Y * Z;
  static constexpr int stride = ALGORITHM == BLOCK_STORE_STRIPED ? threads : 1;
  static constexpr int first = ALGORITHM == BLOCK_STORE_STRIPED ? 1 : ITEMS;

 public:
  struct TempStorage {
    int unused;
  };

  __device__ __forceinline__ BlockStore() {}
  __device__ __forceinline__ BlockStore(TempStorage &) {}

  template <class Out> __device__ __forceinline__ void Store(Out to, T (&items)[ITEMS]) {
    const int thread = xp_thread<X, Y, Z>();
    for (int k = 0; k < ITEMS; k++) to[thread * first + k * stride] = items[k];
  }
  template <class Out> __device__ __forceinline__ void Store(Out to, T (&items)[ITEMS], int valid) {
    const int thread = xp_thread<X, Y, Z>();
    for (int k = 0; k < ITEMS; k++)
      if (thread * first + k * stride < valid) to[thread * first + k * stride] = items[k];
  }
};

}  // namespace cub
