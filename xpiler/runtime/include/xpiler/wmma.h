// Warp matrix fragments. Lane l holds the elements [l*E, (l+1)*E) of the row-major matrix, E = rows*columns/lanes.
//
// Products and sums are made in the accumulator's type (half accumulates in float and rounds at the end), k ascending.
#ifndef XPILER_WMMA_H
#define XPILER_WMMA_H

#include "xpiler/device.h"
#include "xpiler/half.h"

namespace nvcuda {
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

namespace detail {
template <class Use, int m, int n, int k> struct Shape;
template <int m, int n, int k> struct Shape<matrix_a, m, n, k> {
  static constexpr int rows = m, columns = k;
};
template <int m, int n, int k> struct Shape<matrix_b, m, n, k> {
  static constexpr int rows = k, columns = n;
};
template <int m, int n, int k> struct Shape<accumulator, m, n, k> {
  static constexpr int rows = m, columns = n;
};
template <class T> struct Storage {
  using type = T;
};
template <> struct Storage<precision::tf32> {
  using type = float;
};
template <class T> struct Sum {
  using type = T;
};
template <> struct Sum<__half> {
  using type = float;
};
}  // namespace detail

template <class Use, int m, int n, int k, class T, class Layout = void> struct fragment {
  using element_type = typename detail::Storage<T>::type;
  using storage_element_type = element_type;
  static constexpr int rows = detail::Shape<Use, m, n, k>::rows, columns = detail::Shape<Use, m, n, k>::columns;
  static constexpr int num_elements = rows * columns / XPILER_WARP, num_storage_elements = num_elements;
  element_type x[num_elements];
};

namespace detail {

// All lanes give the address of their fragment; the last to come does the work for all.
template <class Request> void together(Request request, void (*finish)(xpiler::Meeting &), xpiler::Site site) {
  constexpr uint64_t all = XPILER_WARP == 64 ? ~0ull : (1ull << (XPILER_WARP & 63)) - 1;
  xpiler::Meeting *m = xpiler::meet(xpiler::warp_tile, all, false, &request, sizeof request, site, finish);
  if (m->arrived != all)
    xpiler::fail(xpiler::fault_divergence, "a matrix operation at %s:%d needs all %d lanes of the warp", site.file,
                 site.line, XPILER_WARP);
  xpiler::release(m);
}
template <class R> R &request(xpiler::Meeting &m, int lane) { return *reinterpret_cast<R *>(m.values[lane]); }
inline bool whole(const xpiler::Meeting &m) {
  return m.arrived == (XPILER_WARP == 64 ? ~0ull : (1ull << (XPILER_WARP & 63)) - 1);
}

template <class F, class T> struct Move {
  F *fragment;
  T *memory;
  unsigned stride;
  bool by_column;
};
template <class F, class T, bool load> void move(xpiler::Meeting &m) {
  if (!whole(m)) return;
  using Request = Move<F, T>;
  for (int i = 0; i < F::rows * F::columns; ++i) {
    Request &own = request<Request>(m, i / F::num_elements);
    size_t row = size_t(i / F::columns), column = size_t(i % F::columns);
    T *place = own.memory + (own.by_column ? column * own.stride + row : row * own.stride + column);
    auto &element = own.fragment->x[i % F::num_elements];
    if constexpr (load)
      element = *place;
    else
      *place = static_cast<T>(element);
  }
}

template <class D, class A, class B, class C> struct Product {
  D *d;
  const A *a;
  const B *b;
  const C *c;
};
template <class D, class A, class B, class C> void multiply(xpiler::Meeting &m) {
  if (!whole(m)) return;
  using R = Product<D, A, B, C>;
  using S = typename Sum<typename D::element_type>::type;
  S a[A::rows * A::columns], b[B::rows * B::columns], result[D::rows * D::columns];
  for (int i = 0; i < A::rows * A::columns; ++i)
    a[i] = static_cast<S>(request<R>(m, i / A::num_elements).a->x[i % A::num_elements]);
  for (int i = 0; i < B::rows * B::columns; ++i)
    b[i] = static_cast<S>(request<R>(m, i / B::num_elements).b->x[i % B::num_elements]);
  for (int i = 0; i < D::rows * D::columns; ++i)
    result[i] = static_cast<S>(request<R>(m, i / C::num_elements).c->x[i % C::num_elements]);
  for (int row = 0; row < D::rows; ++row)
    for (int k = 0; k < A::columns; ++k)
      for (int column = 0; column < D::columns; ++column)
        result[row * D::columns + column] += a[row * A::columns + k] * b[k * B::columns + column];
  for (int i = 0; i < D::rows * D::columns; ++i)
    request<R>(m, i / D::num_elements).d->x[i % D::num_elements] =
        static_cast<typename D::element_type>(result[i]);
}

}  // namespace detail

template <class Use, int m, int n, int k, class T, class L, class V>
void fill_fragment(fragment<Use, m, n, k, T, L> &f, const V &value) {
  for (auto &x : f.x) x = value;
}

template <class Use, int m, int n, int k, class T, class L, class E>
void load_matrix_sync(fragment<Use, m, n, k, T, L> &f, const E *p, unsigned stride, xpiler::Site site = XPILER_CALLER) {
  static_assert(!std::is_void_v<L>, "an accumulator is loaded with a layout");
  using F = fragment<Use, m, n, k, T, L>;
  detail::together(detail::Move<F, const E>{&f, p, stride, std::is_same_v<L, col_major>},
                   detail::move<F, const E, true>, site);
}
template <int m, int n, int k, class T, class E>
void load_matrix_sync(fragment<accumulator, m, n, k, T> &f, const E *p, unsigned stride, layout_t layout,
                      xpiler::Site site = XPILER_CALLER) {
  using F = fragment<accumulator, m, n, k, T>;
  detail::together(detail::Move<F, const E>{&f, p, stride, layout == mem_col_major}, detail::move<F, const E, true>,
                   site);
}
template <int m, int n, int k, class T, class E>
void store_matrix_sync(E *p, const fragment<accumulator, m, n, k, T> &f, unsigned stride, layout_t layout,
                       xpiler::Site site = XPILER_CALLER) {
  using F = const fragment<accumulator, m, n, k, T>;
  detail::together(detail::Move<F, E>{&f, p, stride, layout == mem_col_major}, detail::move<F, E, false>, site);
}
template <int m, int n, int k, class D, class A, class LA, class B, class LB, class C>
void mma_sync(fragment<accumulator, m, n, k, D> &d, const fragment<matrix_a, m, n, k, A, LA> &a,
              const fragment<matrix_b, m, n, k, B, LB> &b, const fragment<accumulator, m, n, k, C> &c,
              bool = false, xpiler::Site site = XPILER_CALLER) {
  using FD = fragment<accumulator, m, n, k, D>;
  using FA = fragment<matrix_a, m, n, k, A, LA>;
  using FB = fragment<matrix_b, m, n, k, B, LB>;
  using FC = fragment<accumulator, m, n, k, C>;
  detail::together(detail::Product<FD, FA, FB, FC>{&d, &a, &b, &c}, detail::multiply<FD, FA, FB, FC>, site);
}
// The nearest value with tf32's 10 fraction bits, ties away from zero.
inline float __float_to_tf32(float x) {
  unsigned b = xpiler::bits<unsigned>(x);
  return (b & 0x7f800000u) == 0x7f800000u ? x : xpiler::bits<float>((b + 0x1000u) & 0xffffe000u);
}

}  // namespace wmma
}  // namespace nvcuda

#endif
