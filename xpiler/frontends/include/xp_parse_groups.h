// Light declarations of cooperative groups and of warp matrix fragments.
#pragma once
namespace cooperative_groups {
template <class T> struct plus {};
template <class T> struct less {};
template <class T> struct greater {};
template <class T> struct bit_and {};
template <class T> struct bit_or {};
template <class T> struct bit_xor {};
struct thread_group {
  void sync() const;
  unsigned int size() const;
  unsigned int num_threads() const;
  unsigned int thread_rank() const;
};
struct thread_block : thread_group {
  static unsigned int static_size();
  dim3 group_index() const;
  dim3 thread_index() const;
  dim3 group_dim() const;
  dim3 dim_threads() const;
};
struct grid_group : thread_group {
  bool is_valid() const;
  unsigned long long num_blocks() const;
  unsigned long long block_rank() const;
  dim3 group_dim() const;
  dim3 dim_blocks() const;
  dim3 block_index() const;
};
#define XP_WARP_GROUP                                                   \
  template <class T> T shfl(T, int) const;                              \
  template <class T> T shfl_up(T, unsigned int) const;                  \
  template <class T> T shfl_down(T, unsigned int) const;                \
  template <class T> T shfl_xor(T, unsigned int) const;                 \
  int any(int) const;                                                   \
  int all(int) const;                                                   \
  unsigned int ballot(int) const;                                       \
  template <class T> unsigned int match_any(T) const;                   \
  unsigned long long meta_group_rank() const;                           \
  unsigned long long meta_group_size() const;
struct coalesced_group : thread_group { XP_WARP_GROUP };
template <unsigned int N, class P = void> struct thread_block_tile : thread_group {
  XP_WARP_GROUP
  template <unsigned int M, class Q> operator thread_block_tile<M, Q>() const;
};
#undef XP_WARP_GROUP
thread_block this_thread_block();
grid_group this_grid();
coalesced_group coalesced_threads();
template <unsigned int N, class G> thread_block_tile<N, G> tiled_partition(const G &);
template <class G> thread_group tiled_partition(const G &, unsigned int);
template <class G, class T, class O> T reduce(const G &, T, O);
template <class G, class T> T inclusive_scan(const G &, T);
template <class G, class T> T exclusive_scan(const G &, T);
template <class G, class T, class O> T inclusive_scan(const G &, T, O);
template <class G, class T, class O> T exclusive_scan(const G &, T, O);
template <class G> coalesced_group binary_partition(const G &, bool);
template <class G, class L> coalesced_group labeled_partition(const G &, L);
template <class G> void sync(const G &);
template <class G> void wait(const G &);
template <class G, class T> void memcpy_async(const G &, T *, const T *, size_t);
}  // namespace cooperative_groups

namespace nvcuda {
namespace wmma {
struct matrix_a;
struct matrix_b;
struct accumulator;
struct row_major;
struct col_major;
enum layout_t { mem_row_major, mem_col_major };
namespace precision { struct tf32; }
template <class Use, int m, int n, int k> struct xp_elements;
template <int m, int n, int k> struct xp_elements<matrix_a, m, n, k> { enum { value = m * k / 32 }; };
template <int m, int n, int k> struct xp_elements<matrix_b, m, n, k> { enum { value = n * k / 32 }; };
template <int m, int n, int k> struct xp_elements<accumulator, m, n, k> { enum { value = m * n / 32 }; };
template <class T> struct xp_storage { typedef T type; };
template <> struct xp_storage<precision::tf32> { typedef float type; };
template <class Use, int m, int n, int k, class T, class Layout = void> struct fragment {
  enum { num_elements = xp_elements<Use, m, n, k>::value };
  typedef typename xp_storage<T>::type element_type;
  element_type x[num_elements];
};
template <class F, class T> void fill_fragment(F &, const T &);
template <class F, class T> void load_matrix_sync(F &, const T *, unsigned);
template <class F, class T> void load_matrix_sync(F &, const T *, unsigned, layout_t);
template <class F, class T> void store_matrix_sync(T *, const F &, unsigned, layout_t);
template <class D, class A, class B, class C>
void mma_sync(D &, const A &, const B &, const C &, bool = false);
float __float_to_tf32(float);
}  // namespace wmma
}  // namespace nvcuda
