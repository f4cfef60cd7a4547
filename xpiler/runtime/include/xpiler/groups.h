// Cooperative groups on the engine's barriers and meetings.
#ifndef XPILER_GROUPS_H
#define XPILER_GROUPS_H

#include "xpiler/device.h"

namespace cooperative_groups {

using xpiler::Site;

template <class T> struct plus {
  T operator()(T a, T b) const { return a + b; }
};
template <class T> struct less {
  T operator()(T a, T b) const { return b < a ? b : a; }
};
template <class T> struct greater {
  T operator()(T a, T b) const { return a < b ? b : a; }
};
template <class T> struct bit_and {
  T operator()(T a, T b) const { return a & b; }
};
template <class T> struct bit_or {
  T operator()(T a, T b) const { return a | b; }
};
template <class T> struct bit_xor {
  T operator()(T a, T b) const { return a ^ b; }
};

// Lanes of one warp, by mask; a tile of N lanes, a coalesced group and a part of either are all this.
struct lanes_group {
  unsigned long long mask;

  unsigned size() const { return static_cast<unsigned>(__builtin_popcountll(mask)); }
  unsigned num_threads() const { return size(); }
  unsigned thread_rank() const {
    return static_cast<unsigned>(__builtin_popcountll(mask & ((1ull << xpiler::lane()) - 1)));
  }
  bool is_valid() const { return true; }
  void sync(Site site = XPILER_CALLER) const { __syncwarp(mask, site); }

  template <class T> T shfl(T value, int rank, Site site = XPILER_CALLER) const {
    return take(value, static_cast<unsigned>(rank) % size(), site);
  }
  template <class T> T shfl_up(T value, unsigned by, Site site = XPILER_CALLER) const {
    unsigned self = thread_rank();
    return take(value, self >= by ? self - by : self, site);
  }
  template <class T> T shfl_down(T value, unsigned by, Site site = XPILER_CALLER) const {
    unsigned self = thread_rank();
    return take(value, self + by < size() ? self + by : self, site);
  }
  template <class T> T shfl_xor(T value, unsigned by, Site site = XPILER_CALLER) const {
    unsigned self = thread_rank();
    return take(value, (self ^ by) < size() ? self ^ by : self, site);
  }
  int any(int p, Site site = XPILER_CALLER) const { return __any_sync(mask, p, site); }
  int all(int p, Site site = XPILER_CALLER) const { return __all_sync(mask, p, site); }
  xp_lanes ballot(int p, Site site = XPILER_CALLER) const {
    return ranks(xpiler::vote(mask, false, p, site).yes);
  }
  template <class T> xp_lanes match_any(T value, Site site = XPILER_CALLER) const {
    return ranks(xpiler::match(mask, value, nullptr, site));
  }
  template <class T> xp_lanes match_all(T value, int &all, Site site = XPILER_CALLER) const {
    return ranks(xpiler::match(mask, value, &all, site));
  }

  // The lane of a rank, and a set of lanes as a set of ranks.
  unsigned lane_of(unsigned rank) const {
    unsigned long long left = mask;
    for (; rank; --rank) left &= left - 1;
    return left ? static_cast<unsigned>(__builtin_ctzll(left)) : xpiler::lane();
  }
  xp_lanes ranks(unsigned long long lanes) const {
    unsigned long long result = 0, left = mask;
    for (unsigned rank = 0; left; ++rank, left &= left - 1)
      result |= (lanes >> __builtin_ctzll(left) & 1) << rank;
    return static_cast<xp_lanes>(result);
  }

 private:
  template <class T> T take(T value, unsigned rank, Site site) const {
    xpiler::Meeting *m = xpiler::meet(xpiler::warp_group, mask, false, &value, sizeof value, site);
    T result = xpiler::lane_value<T>(*m, lane_of(rank));
    xpiler::release(m);
    return result;
  }
};

struct coalesced_group : lanes_group {
  unsigned meta_group_size() const { return 1; }
  unsigned meta_group_rank() const { return 0; }
};

struct thread_block {
  static unsigned thread_rank() { return xpiler::linear_thread(); }
  static unsigned size() { return blockDim.x * blockDim.y * blockDim.z; }
  static unsigned num_threads() { return size(); }
  static dim3 group_index() { return blockIdx; }
  static dim3 thread_index() { return threadIdx; }
  static dim3 group_dim() { return blockDim; }
  static dim3 dim_threads() { return blockDim; }
  static void sync(Site site = XPILER_CALLER) { __syncthreads(site); }
};

// `thread_block_tile<N>`; a tile of a whole block (N above a warp) is not offered.
template <unsigned N, class Parent = void> struct thread_block_tile : lanes_group {
  static_assert(N > 0 && (N & (N - 1)) == 0, "a tile has a power of two of lanes");
  static thread_block_tile here() {
    if (N > XPILER_WARP) xpiler::fail(xpiler::fault_unsupported, "a tile of %u threads, more than a warp", N);
    thread_block_tile tile;
    unsigned long long ones = N >= 64 ? ~0ull : (1ull << (N & 63u)) - 1;
    tile.mask = ones << (xpiler::lane() & ~(N - 1));
    return tile;
  }
  static constexpr unsigned size() { return N; }
  static constexpr unsigned num_threads() { return N; }
  unsigned meta_group_size() const { return (thread_block::size() + N - 1) / N; }
  unsigned meta_group_rank() const { return xpiler::linear_thread() / N; }
  template <unsigned M, class Q> operator thread_block_tile<M, Q>() const {
    static_assert(M == N);
    return thread_block_tile<M, Q>::here();
  }
};

// A group of any kind, known at run time.
struct thread_group {
  bool block;
  lanes_group lanes;
  thread_group(const thread_block &) : block(true), lanes{0} {}
  thread_group(const lanes_group &l) : block(false), lanes(l) {}
  unsigned size() const { return block ? thread_block::size() : lanes.size(); }
  unsigned num_threads() const { return size(); }
  unsigned thread_rank() const { return block ? thread_block::thread_rank() : lanes.thread_rank(); }
  void sync(Site site = XPILER_CALLER) const { block ? thread_block::sync(site) : lanes.sync(site); }
};

struct grid_group {
  static bool is_valid() { return xpiler::is_cooperative(); }
  static void sync(Site site = XPILER_CALLER) { xpiler::sync_grid(site); }
  static unsigned long long num_blocks() { return 1ull * gridDim.x * gridDim.y * gridDim.z; }
  static unsigned long long block_rank() { return blockIdx.x + gridDim.x * (blockIdx.y + 1ull * gridDim.y * blockIdx.z); }
  static unsigned long long size() { return num_blocks() * thread_block::size(); }
  static unsigned long long num_threads() { return size(); }
  static unsigned long long thread_rank() { return block_rank() * thread_block::size() + thread_block::thread_rank(); }
  static dim3 group_dim() { return gridDim; }
  static dim3 dim_blocks() { return gridDim; }
  static dim3 block_index() { return blockIdx; }
};

template <unsigned max_block = 1024> struct block_tile_memory {};
inline thread_block this_thread_block() { return {}; }
template <unsigned n> thread_block this_thread_block(block_tile_memory<n> &) { return {}; }
inline grid_group this_grid() { return {}; }
inline coalesced_group coalesced_threads(Site site = XPILER_CALLER) {
  coalesced_group group;
  group.mask = __activemask(site);
  return group;
}

template <unsigned N, class G> thread_block_tile<N, G> tiled_partition(const G &) {
  return thread_block_tile<N, G>::here();
}
inline thread_group tiled_partition(const thread_group &, unsigned n) {
  if (n == 0 || (n & (n - 1)) || n > XPILER_WARP) xpiler::fail(xpiler::fault_unsupported, "a tile of %u threads", n);
  unsigned long long ones = n == 64 ? ~0ull : (1ull << n) - 1;
  return thread_group(lanes_group{ones << (xpiler::lane() & ~(n - 1))});
}
template <class G> coalesced_group binary_partition(const G &group, bool predicate, Site site = XPILER_CALLER) {
  xpiler::Votes v = xpiler::vote(group.mask, false, predicate, site);
  coalesced_group part;
  part.mask = predicate ? v.yes : v.lanes & ~v.yes;
  return part;
}
template <class G, class L> coalesced_group labeled_partition(const G &group, L label, Site site = XPILER_CALLER) {
  coalesced_group part;
  part.mask = xpiler::match(group.mask, label, nullptr, site);
  return part;
}

template <class G, class T, class Op> T reduce(const G &group, T value, Op op, Site site = XPILER_CALLER) {
  return xpiler::warp_fold(group.mask, value, [&](T a, T b) -> T { return op(a, b); }, site);
}
template <class G, class T, class Op> T inclusive_scan(const G &group, T value, Op op, Site site = XPILER_CALLER) {
  xpiler::Meeting *m = xpiler::meet(xpiler::warp_group, group.mask, false, &value, sizeof value, site);
  T result = xpiler::lane_value<T>(*m, group.lane_of(0));
  for (unsigned rank = 1; rank <= group.thread_rank(); ++rank)
    result = op(result, xpiler::lane_value<T>(*m, group.lane_of(rank)));
  xpiler::release(m);
  return result;
}
template <class G, class T> T inclusive_scan(const G &group, T value, Site site = XPILER_CALLER) {
  return inclusive_scan(group, value, plus<T>(), site);
}
template <class G, class T, class Op> T exclusive_scan(const G &group, T value, Op op, Site site = XPILER_CALLER) {
  T inclusive = inclusive_scan(group, value, op, site);
  T before = group.shfl_up(inclusive, 1, site);
  return group.thread_rank() == 0 ? T() : before;
}
template <class G, class T> T exclusive_scan(const G &group, T value, Site site = XPILER_CALLER) {
  return exclusive_scan(group, value, plus<T>(), site);
}
template <class G> void sync(const G &group, Site site = XPILER_CALLER) { group.sync(site); }
template <class G> void wait(const G &group, Site site = XPILER_CALLER) { group.sync(site); }
template <class G, class T> void memcpy_async(const G &group, T *to, const T *from, size_t bytes) {
  if (group.thread_rank() == 0) memcpy(to, from, bytes);
}

}  // namespace cooperative_groups

#endif
