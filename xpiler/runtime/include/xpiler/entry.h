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
