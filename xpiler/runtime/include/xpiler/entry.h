// From a run's argument pointers to a call of a kernel with its own parameter types.
#ifndef XPILER_ENTRY_H
#define XPILER_ENTRY_H

#include <string.h>

#include <tuple>
#include <type_traits>

#include "xpiler/engine.h"
#include "xpiler/harness.h"

namespace xpiler {

template <class F> struct Signature;
template <class... P> struct Signature<void (*)(P...)> {
  template <size_t i> using Param = std::remove_cv_t<std::remove_reference_t<std::tuple_element_t<i, std::tuple<P...>>>>;
};

// --- overloaded kernels -------------------------------------------------------------------------

// What a test case gives a kernel: types of values; `Parts` for an object that is given field by field.
struct Parts {};
template <class... A> struct Given {};

template <class T> using Plain = std::remove_cv_t<std::remove_reference_t<T>>;

// How well a parameter of type `P` takes an `A`: 3 the same type, 2 another one of its kind and size, 1 an object that may
// be made of it (`float4` of `float`), 0 not at all.
template <class P, class A> constexpr int fit() {
  if constexpr (std::is_same_v<P, A>)
    return 3;
  else if constexpr (std::is_same_v<A, Parts>)
    return std::is_class_v<P> || std::is_union_v<P>;
  else if constexpr (std::is_pointer_v<P> && std::is_pointer_v<A>)
    return fit<Plain<std::remove_pointer_t<P>>, Plain<std::remove_pointer_t<A>>>();
  else if constexpr (std::is_arithmetic_v<P> && std::is_arithmetic_v<A>)
    return sizeof(P) == sizeof(A) && std::is_floating_point_v<P> == std::is_floating_point_v<A> &&
                   std::is_signed_v<P> == std::is_signed_v<A>
               ? 2
               : 0;
  else
    return std::is_class_v<P> || std::is_union_v<P> || std::is_enum_v<P>;
}

template <class A, class F> struct Fit;
template <class... A, class... P> struct Fit<Given<A...>, void(P...)> {
  static constexpr int of() {
    if constexpr (sizeof...(A) == sizeof...(P))
      return ((fit<Plain<P>, A>() > 0) && ...) ? (fit<Plain<P>, A>() + ... + 1) : 0;
    else
      return 0;
  }
};

// The function type, of those listed, that takes the given values best.
template <class A, class F, class... Rest> struct Overload {
  using Other = typename Overload<A, Rest...>::type;
  using type = std::conditional_t<(Fit<A, F>::of() >= Fit<A, Other>::of()), F, Other>;
};
template <class A, class F> struct Overload<A, F> {
  using type = F;
};
template <class A, class... F> struct Chosen {
  using type = typename Overload<A, F...>::type;
  static_assert(Fit<A, type>::of() > 0, "no kernel of this name takes these arguments");
};

// Storage for one parameter of any type, zero to begin with: kernels' parameters are copied as bytes.
template <class T> struct Argument {
  alignas(T) unsigned char bytes[sizeof(T)] = {};
  T &value() { return *reinterpret_cast<T *>(bytes); }
};
template <class T> void put(const T *to, const void *from) {
  memcpy(const_cast<void *>(static_cast<const void *>(to)), from, sizeof(T));
}

template <class F> void call_entry(const xp_launch *l, const char *kernel, bool cooperative, F body) {
  if (l->warp_size && l->warp_size != XPILER_WARP)
    fail(fault_unsupported, "a run at warp size %u of a program built for %d", l->warp_size, XPILER_WARP);
  options.seed = l->seed;
  allow_dynamic_shared(l->shared_bytes);
  Config config(dim3(l->grid[0], l->grid[1], l->grid[2]), dim3(l->block[0], l->block[1], l->block[2]), l->shared_bytes);
  run(Site{"the test case", 0}, kernel, config, cooperative || l->cooperative, body);
}

}  // namespace xpiler

#endif
