// needs: lane shfl
// wmma fragments on warps of 32 lanes, whatever the wavefront. `order` says which element of the matrix a lane holds;
// products run as shuffles and plain arithmetic, unless another piece knows better (`product`).
namespace wmma {
struct matrix_a {};
struct matrix_b {};
struct accumulator {};
struct row_major {};
struct col_major {};
enum layout_t { mem_row_major, mem_col_major };
namespace precision {
struct tf32 {};
}  // namespace precision

template <class T> struct element { using type = T; };
template <> struct element<precision::tf32> { using type = float; };

template <class Use, int M, int N, int K> struct extent;
template <int M, int N, int K> struct extent<matrix_a, M, N, K> { static constexpr int rows = M, cols = K; };
template <int M, int N, int K> struct extent<matrix_b, M, N, K> { static constexpr int rows = K, cols = N; };
template <int M, int N, int K> struct extent<accumulator, M, N, K> { static constexpr int rows = M, cols = N; };

template <class Use, int M, int N, int K, class T, class Layout = void> struct fragment {
  using element_type = typename element<T>::type;
  using storage_element_type = element_type;
  static constexpr int rows = extent<Use, M, N, K>::rows, cols = extent<Use, M, N, K>::cols;
  static constexpr int num_elements = rows * cols / 32, num_storage_elements = num_elements;
  element_type x[num_elements];
};

template <class U, int M, int N, int K, class T, class L, class V>
__device__ __forceinline__ void fill_fragment(fragment<U, M, N, K, T, L> &f, const V &value) {
  using E = typename fragment<U, M, N, K, T, L>::element_type;
  for (int i = 0; i < f.num_elements; ++i) f.x[i] = static_cast<E>(value);
}

// Row and column of element `i` of a lane: element `f` of a matrix that is stored row by row is `x[f / 32]` of lane `f % 32`.
template <class Use, int M, int N, int K, class T> struct order {
  static constexpr unsigned cols = extent<Use, M, N, K>::cols;
  __device__ static unsigned row(unsigned i, unsigned lane) { return (i * 32u + lane) / cols; }
  __device__ static unsigned col(unsigned i, unsigned lane) { return (i * 32u + lane) % cols; }
};

template <class F> struct order_of;
template <class U, int M, int N, int K, class T, class L> struct order_of<fragment<U, M, N, K, T, L>> {
  using type = order<U, M, N, K, T>;
};

template <class F> __device__ __forceinline__ unsigned place(int i, unsigned ld, bool by_rows) {
  using O = typename order_of<F>::type;
  const unsigned row = O::row(static_cast<unsigned>(i), lane_id()), col = O::col(static_cast<unsigned>(i), lane_id());
  return by_rows ? row * ld + col : col * ld + row;
}

template <class U, int M, int N, int K, class T, class S>
__device__ __forceinline__ void load_matrix_sync(fragment<U, M, N, K, T, row_major> &f, const S *p, unsigned ld) {
  for (int i = 0; i < f.num_elements; ++i) f.x[i] = p[place<fragment<U, M, N, K, T, row_major>>(i, ld, true)];
}
template <class U, int M, int N, int K, class T, class S>
__device__ __forceinline__ void load_matrix_sync(fragment<U, M, N, K, T, col_major> &f, const S *p, unsigned ld) {
  for (int i = 0; i < f.num_elements; ++i) f.x[i] = p[place<fragment<U, M, N, K, T, col_major>>(i, ld, false)];
}
template <int M, int N, int K, class T>
__device__ __forceinline__ void load_matrix_sync(fragment<accumulator, M, N, K, T> &f, const T *p, unsigned ld,
                                                 layout_t layout) {
  for (int i = 0; i < f.num_elements; ++i)
    f.x[i] = p[place<fragment<accumulator, M, N, K, T>>(i, ld, layout == mem_row_major)];
}
template <int M, int N, int K, class T>
__device__ __forceinline__ void store_matrix_sync(T *p, const fragment<accumulator, M, N, K, T> &f, unsigned ld,
                                                  layout_t layout) {
  for (int i = 0; i < f.num_elements; ++i)
    p[place<fragment<accumulator, M, N, K, T>>(i, ld, layout == mem_row_major)] = f.x[i];
}

// What products are summed in: at least float for halves, int for bytes.
template <class T> struct sum_of { using type = float; };
template <> struct sum_of<int> { using type = int; };
template <> struct sum_of<double> { using type = double; };
template <class S, class T> __device__ __forceinline__ S widen(T value) { return static_cast<S>(value); }

// Element `f` of a fragment, for each lane its own `f`.
template <class S, class F> __device__ __forceinline__ S element_at(const F &fragment, unsigned f) {
  S result = S(0);
  for (int i = 0; i < F::num_elements; ++i) {
    const S value = shfl(widen<S>(fragment.x[i]), static_cast<int>(f % 32u));
    if (f / 32u == static_cast<unsigned>(i)) result = value;
  }
  return result;
}

// `sum` += A B, for the elements of the sum that this lane holds.
template <int M, int N, int K, class A, class B, class S> struct product {
  static constexpr int count = M * N / 32;
  template <class FA, class FB> __device__ __forceinline__ static void add(S (&sum)[count], const FA &a, const FB &b) {
    // Rows of A (columns of B) that one step of 32 elements covers lie in one register for the usual shapes.
    constexpr bool a_in_step = (32 % N == 0 || N % 32 == 0) && (32 / (N < 32 ? N : 32)) * K <= 32;
    constexpr bool b_in_step = N <= 32 && 32 % N == 0;
    for (int k = 0; k < K; ++k) {
      S right = S(0);
      if constexpr (b_in_step)
        right = shfl(widen<S>(b.x[k * N / 32]), static_cast<int>((static_cast<unsigned>(k) * N + lane_id() % N) % 32u));
      for (int i = 0; i < count; ++i) {
        const unsigned f = static_cast<unsigned>(i) * 32u + lane_id();
        if constexpr (!b_in_step) right = element_at<S>(b, static_cast<unsigned>(k) * N + f % N);
        S left;
        if constexpr (a_in_step)
          left = shfl(widen<S>(a.x[((i * 32 / N) * K + k) / 32]), static_cast<int>((f / N * K + k) % 32u));
        else
          left = element_at<S>(a, f / N * K + static_cast<unsigned>(k));
        sum[i] += left * right;
      }
    }
  }
};

template <int M, int N, int K, class D, class A, class LA, class B, class LB, class C>
__device__ __forceinline__ void mma_sync(fragment<accumulator, M, N, K, D> &d,
                                         const fragment<matrix_a, M, N, K, A, LA> &a,
                                         const fragment<matrix_b, M, N, K, B, LB> &b,
                                         const fragment<accumulator, M, N, K, C> &c, bool = false) {
  using S = typename sum_of<C>::type;
  constexpr int count = M * N / 32;
  S sum[count];
  for (int i = 0; i < count; ++i) sum[i] = widen<S>(c.x[i]);
  product<M, N, K, A, B, S>::add(sum, a, b);
  for (int i = 0; i < count; ++i) d.x[i] = static_cast<typename fragment<accumulator, M, N, K, D>::element_type>(sum[i]);
}

__device__ __forceinline__ float __float_to_tf32(float value) {
  unsigned bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  bits = (bits + 0x1000u) & 0xffffe000u;
  __builtin_memcpy(&value, &bits, sizeof bits);
  return value;
}
}  // namespace wmma
