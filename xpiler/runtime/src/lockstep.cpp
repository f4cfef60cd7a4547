// Lanes in lock step at volatile accesses of shared memory, as warps ran before Volta.
//
// Text that may rely on it is compiled with the compiler's hooks before each access (`-fsanitize=thread`, with volatile
// accesses told apart). The hooks are these, not a library's: plain accesses do nothing, and a volatile access of shared
// memory is a place where the lanes that are at it wait for one another (`Options::lockstep`). A volatile access of other
// memory lets other threads run once in a while, so that a loop may wait on it.
#include <stddef.h>
#include <stdint.h>

#include "scheduler.h"

namespace {

// Lanes are told apart by the addresses that they return to, so that one place for all hooks will do.
inline void volatile_access(const void *address) {
  if (!xpiler::current) return;
  if (xpiler::options.lockstep && xpiler::is_shared(address))
    xpiler::release(xpiler::meet(xpiler::warp_volatile, ~uint64_t(0), true, nullptr, 0, xpiler::Site{"", 0}));
  xpiler::spin();
}

}  // namespace

#define XP_PLAIN(bytes)                          \
  void __tsan_read##bytes(void *) {}             \
  void __tsan_write##bytes(void *) {}            \
  void __tsan_unaligned_read##bytes(void *) {}   \
  void __tsan_unaligned_write##bytes(void *) {}

#define XP_VOLATILE(bytes)                                                             \
  void __tsan_volatile_read##bytes(void *p) { volatile_access(p); }                    \
  void __tsan_volatile_write##bytes(void *p) { volatile_access(p); }                   \
  void __tsan_unaligned_volatile_read##bytes(void *p) { volatile_access(p); }          \
  void __tsan_unaligned_volatile_write##bytes(void *p) { volatile_access(p); }

// All threads of a program run on one OS thread; the host's own atomics stay atomic.
#define XP_HOST_ATOMIC(bits, T)                                                                          \
  T __tsan_atomic##bits##_load(const volatile T *p, int) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); } \
  void __tsan_atomic##bits##_store(volatile T *p, T v, int) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); } \
  T __tsan_atomic##bits##_exchange(volatile T *p, T v, int) {                                            \
    return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);                                                  \
  }                                                                                                      \
  T __tsan_atomic##bits##_fetch_add(volatile T *p, T v, int) {                                           \
    return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);                                                   \
  }                                                                                                      \
  T __tsan_atomic##bits##_fetch_sub(volatile T *p, T v, int) {                                           \
    return __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST);                                                   \
  }                                                                                                      \
  T __tsan_atomic##bits##_fetch_and(volatile T *p, T v, int) {                                           \
    return __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST);                                                   \
  }                                                                                                      \
  T __tsan_atomic##bits##_fetch_or(volatile T *p, T v, int) {                                            \
    return __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST);                                                    \
  }                                                                                                      \
  T __tsan_atomic##bits##_fetch_xor(volatile T *p, T v, int) {                                           \
    return __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST);                                                   \
  }                                                                                                      \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile T *p, T *old, T v, int, int) {              \
    return __atomic_compare_exchange_n(p, old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);            \
  }                                                                                                      \
  int __tsan_atomic##bits##_compare_exchange_weak(volatile T *p, T *old, T v, int, int) {                \
    return __atomic_compare_exchange_n(p, old, v, true, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);             \
  }

extern "C" {
XP_PLAIN(1)
XP_PLAIN(2)
XP_PLAIN(4)
XP_PLAIN(8)
XP_PLAIN(16)
XP_VOLATILE(1)
XP_VOLATILE(2)
XP_VOLATILE(4)
XP_VOLATILE(8)
XP_VOLATILE(16)
XP_HOST_ATOMIC(8, uint8_t)
XP_HOST_ATOMIC(16, uint16_t)
XP_HOST_ATOMIC(32, uint32_t)
XP_HOST_ATOMIC(64, uint64_t)
void __tsan_init() {}
void __tsan_read_range(void *, size_t) {}
void __tsan_write_range(void *, size_t) {}
void __tsan_vptr_update(void *, void *) {}
void __tsan_vptr_read(void *) {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit() {}
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
void __tsan_atomic_signal_fence(int) {}
}
