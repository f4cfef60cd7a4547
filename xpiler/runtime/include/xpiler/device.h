// What a thread may call: barriers, warp operations, atomics.
#ifndef XPILER_DEVICE_H
#define XPILER_DEVICE_H

#include <string.h>

#include <type_traits>

#include "xpiler/engine.h"

// --- barriers and fences ------------------------------------------------------------------------

inline void __syncthreads(xpiler::Site site = XPILER_CALLER) { xpiler::sync_block(xpiler::vote_none, 0, site); }
inline int __syncthreads_or(int p, xpiler::Site site = XPILER_CALLER) {
  return xpiler::sync_block(xpiler::vote_or, p, site);
}
inline int __syncthreads_and(int p, xpiler::Site site = XPILER_CALLER) {
  return xpiler::sync_block(xpiler::vote_and, p, site);
}
inline int __syncthreads_count(int p, xpiler::Site site = XPILER_CALLER) {
  return xpiler::sync_block(xpiler::vote_count, p, site);
}
inline void __threadfence() { xpiler::spin(); }
inline void __threadfence_block() { xpiler::spin(); }
inline void __threadfence_system() { xpiler::spin(); }
inline void __nanosleep(unsigned) { xpiler::yield(); }
[[noreturn]] inline void __trap() { __builtin_trap(); }
inline void __brkpt() {}
inline void __prof_trigger(int) {}

// --- warps --------------------------------------------------------------------------------------

#if XPILER_WARP == 64
using xp_lanes = unsigned long long;  // HIP: one bit for each of 64 lanes
#else
using xp_lanes = unsigned int;
#endif

namespace xpiler {

// `own` where the source lane takes no part: what a real machine leaves is undefined, and the poison shows it.
template <class T> T lane_value(const Meeting &m, unsigned source) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= Meeting::capacity, "cannot pass through a warp");
  T value;
  if (m.arrived >> source & 1)
    memcpy(static_cast<void *>(&value), m.values[source], sizeof(T));
  else
    memset(static_cast<void *>(&value), options.poison, sizeof(T));
  return value;
}

enum Direction { from_lane, from_below, from_above, from_xor };

inline unsigned source_lane(Direction direction, unsigned self, int by, int width) {
  const unsigned w = static_cast<unsigned>(width), first = self & ~(w - 1), d = static_cast<unsigned>(by);
  switch (direction) {
    case from_lane: return first | (d & (w - 1));
    case from_below: return self - first >= d ? self - d : self;
    case from_above: return self - first + d < w ? self + d : self;
    default: return (self ^ d) < first + w ? self ^ d : self;
  }
}

template <class T>
T shuffle(uint64_t mask, bool implicit, Direction direction, T value, int by, int width, Site site) {
  if (width <= 0 || width > XPILER_WARP || (width & (width - 1)))
    fail(fault_unsupported, "shuffle width %d at %s:%d is no power of two up to %d", width, site.file, site.line,
         XPILER_WARP);
  Meeting *m = meet(warp_shuffle, mask, implicit, &value, sizeof(T), site);
  T result = lane_value<T>(*m, source_lane(direction, lane(), by, width));
  release(m);
  return result;
}

struct Votes {
  uint64_t lanes, yes;
};

inline Votes vote(uint64_t mask, bool implicit, int predicate, Site site) {
  Meeting *m = meet(warp_vote, mask, implicit, &predicate, sizeof predicate, site);
  Votes votes{m->arrived, 0};
  for (uint64_t left = m->arrived; left; left &= left - 1) {
    unsigned l = static_cast<unsigned>(__builtin_ctzll(left));
    votes.yes |= uint64_t(lane_value<int>(*m, l) != 0) << l;
  }
  release(m);
  return votes;
}

template <class T> uint64_t match(uint64_t mask, T value, int *all, Site site) {
  Meeting *m = meet(warp_match, mask, false, &value, sizeof value, site);
  uint64_t equal = 0;
  for (uint64_t left = m->arrived; left; left &= left - 1) {
    unsigned l = static_cast<unsigned>(__builtin_ctzll(left));
    equal |= uint64_t(memcmp(m->values[l], &value, sizeof value) == 0) << l;
  }
  bool every = equal == m->arrived;
  release(m);
  if (!all) return equal;
  *all = every;
  return every ? equal : 0;
}

template <class T, class Op> T warp_fold(uint64_t mask, T value, Op op, Site site, bool implicit = false) {
  Meeting *m = meet(warp_reduce, mask, implicit, &value, sizeof value, site);
  uint64_t left = m->arrived;
  T result = lane_value<T>(*m, static_cast<unsigned>(__builtin_ctzll(left)));
  for (left &= left - 1; left; left &= left - 1)
    result = op(result, lane_value<T>(*m, static_cast<unsigned>(__builtin_ctzll(left))));
  release(m);
  return result;
}

}  // namespace xpiler

inline void __syncwarp(unsigned long long mask = ~0ull, xpiler::Site site = XPILER_CALLER) {
  xpiler::release(xpiler::meet(xpiler::warp_sync, mask, false, nullptr, 0, site));
}
inline xp_lanes __activemask(xpiler::Site site = XPILER_CALLER) {
  xpiler::Meeting *m = xpiler::meet(xpiler::warp_active, ~0ull, true, nullptr, 0, site);
  xp_lanes lanes = static_cast<xp_lanes>(m->arrived);
  xpiler::release(m);
  return lanes;
}

#define XP_SHUFFLE(name, direction, By)                                                                        \
  template <class T>                                                                                           \
  T __shfl##name##_sync(unsigned long long mask, T value, By by, int width = XPILER_WARP,                      \
                        xpiler::Site site = XPILER_CALLER) {                                                   \
    return xpiler::shuffle(mask, false, xpiler::direction, value, static_cast<int>(by), width, site);          \
  }                                                                                                            \
  template <class T>                                                                                           \
  T __shfl##name(T value, By by, int width = XPILER_WARP, xpiler::Site site = XPILER_CALLER) {                 \
    return xpiler::shuffle(~0ull, true, xpiler::direction, value, static_cast<int>(by), width, site);          \
  }
XP_SHUFFLE(, from_lane, int)
XP_SHUFFLE(_up, from_below, unsigned)
XP_SHUFFLE(_down, from_above, unsigned)
XP_SHUFFLE(_xor, from_xor, int)
#undef XP_SHUFFLE

inline xp_lanes __ballot_sync(unsigned long long mask, int p, xpiler::Site site = XPILER_CALLER) {
  return static_cast<xp_lanes>(xpiler::vote(mask, false, p, site).yes);
}
inline int __any_sync(unsigned long long mask, int p, xpiler::Site site = XPILER_CALLER) {
  return xpiler::vote(mask, false, p, site).yes != 0;
}
inline int __all_sync(unsigned long long mask, int p, xpiler::Site site = XPILER_CALLER) {
  xpiler::Votes v = xpiler::vote(mask, false, p, site);
  return v.yes == v.lanes;
}
inline xp_lanes __ballot(int p, xpiler::Site site = XPILER_CALLER) {
  return static_cast<xp_lanes>(xpiler::vote(~0ull, true, p, site).yes);
}
inline int __any(int p, xpiler::Site site = XPILER_CALLER) { return xpiler::vote(~0ull, true, p, site).yes != 0; }
inline int __all(int p, xpiler::Site site = XPILER_CALLER) {
  xpiler::Votes v = xpiler::vote(~0ull, true, p, site);
  return v.yes == v.lanes;
}
template <class T> xp_lanes __match_any_sync(unsigned long long mask, T value, xpiler::Site site = XPILER_CALLER) {
  return static_cast<xp_lanes>(xpiler::match(mask, value, nullptr, site));
}
template <class T>
xp_lanes __match_all_sync(unsigned long long mask, T value, int *all, xpiler::Site site = XPILER_CALLER) {
  return static_cast<xp_lanes>(xpiler::match(mask, value, all, site));
}

#define XP_REDUCE(name, T, expression)                                                                     \
  inline T __reduce_##name##_sync(unsigned long long mask, T value, xpiler::Site site = XPILER_CALLER) {   \
    return xpiler::warp_fold(mask, value, [](T a, T b) -> T { return expression; }, site);                 \
  }
#define XP_REDUCES(T)                 \
  XP_REDUCE(add, T, T(unsigned(a) + unsigned(b))) \
  XP_REDUCE(min, T, a < b ? a : b)    \
  XP_REDUCE(max, T, a > b ? a : b)
XP_REDUCES(int)
XP_REDUCES(unsigned)
XP_REDUCE(and, unsigned, a & b)
XP_REDUCE(or, unsigned, a | b)
XP_REDUCE(xor, unsigned, a ^ b)
#undef XP_REDUCES
#undef XP_REDUCE

inline unsigned __lane_id() { return xpiler::lane(); }

// --- atomics ------------------------------------------------------------------------------------
// A thread keeps the processor between two waits, so plain operations are atomic.

namespace xpiler {
template <class T> struct Same {
  using type = T;
};
template <class T, class Op> T update(T *address, Op op) {
  spin();
  T old = *address;
  *address = op(old);
  return old;
}
}  // namespace xpiler

#define XP_ATOMIC(name, expression)                                                      \
  template <class T> T name(T *address, typename xpiler::Same<T>::type value) {          \
    return xpiler::update(address, [&](T old) -> T { return expression; });              \
  }                                                                                      \
  template <class T> T name(volatile T *address, typename xpiler::Same<T>::type value) { \
    return name(const_cast<T *>(address), value);                                        \
  }                                                                                      \
  template <class T> T name##_block(T *address, typename xpiler::Same<T>::type value) {  \
    return name(address, value);                                                         \
  }                                                                                      \
  template <class T> T name##_system(T *address, typename xpiler::Same<T>::type value) { \
    return name(address, value);                                                         \
  }
XP_ATOMIC(atomicAdd, static_cast<T>(old + value))
XP_ATOMIC(atomicSub, static_cast<T>(old - value))
XP_ATOMIC(atomicMin, value < old ? value : old)
XP_ATOMIC(atomicMax, old < value ? value : old)
XP_ATOMIC(atomicAnd, static_cast<T>(old & value))
XP_ATOMIC(atomicOr, static_cast<T>(old | value))
XP_ATOMIC(atomicXor, static_cast<T>(old ^ value))
XP_ATOMIC(atomicExch, (static_cast<void>(old), value))
XP_ATOMIC(atomicInc, old >= value ? T(0) : static_cast<T>(old + 1))
XP_ATOMIC(atomicDec, old == 0 || old > value ? value : static_cast<T>(old - 1))
#undef XP_ATOMIC

template <class T>
T atomicCAS(T *address, typename xpiler::Same<T>::type compare, typename xpiler::Same<T>::type value) {
  xpiler::spin();
  T old = *address;
  if (memcmp(&old, &compare, sizeof(T)) == 0) *address = value;
  return old;
}
template <class T>
T atomicCAS(volatile T *address, typename xpiler::Same<T>::type compare, typename xpiler::Same<T>::type value) {
  return atomicCAS(const_cast<T *>(address), compare, value);
}
template <class T>
T atomicCAS_block(T *address, typename xpiler::Same<T>::type compare, typename xpiler::Same<T>::type value) {
  return atomicCAS(address, compare, value);
}
template <class T>
T atomicCAS_system(T *address, typename xpiler::Same<T>::type compare, typename xpiler::Same<T>::type value) {
  return atomicCAS(address, compare, value);
}
template <class T> void unsafeAtomicAdd(T *address, typename xpiler::Same<T>::type value) { atomicAdd(address, value); }

// --- cached loads and stores --------------------------------------------------------------------

#define XP_LOAD(name) \
  template <class T> T name(const T *p) { return *p; }
XP_LOAD(__ldg)
XP_LOAD(__ldca)
XP_LOAD(__ldcg)
XP_LOAD(__ldcs)
XP_LOAD(__ldcv)
XP_LOAD(__ldlu)
#undef XP_LOAD
#define XP_STORE(name) \
  template <class T> void name(T *p, typename xpiler::Same<T>::type value) { *p = value; }
XP_STORE(__stwb)
XP_STORE(__stcg)
XP_STORE(__stcs)
XP_STORE(__stwt)
#undef XP_STORE

template <class T> unsigned long long __cvta_generic_to_shared(const T *p) { return reinterpret_cast<unsigned long long>(p); }
template <class T> bool __isShared(const T *) { return false; }

#endif
