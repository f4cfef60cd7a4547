// Copies, fills and synchronisation.
//
// `@group`, `@units`, `@arch`, `@source` annotate each instruction; `check` lines are its requirements. Unless an
// instruction says otherwise: source the public developer guide and the public copy of the vendor's headers (CNToolkit 3.6).
#pragma once

#include "bang/tasks.h"

namespace bang {

struct Ends {
  Space dst, src;
};
inline Ends ends(mluMemcpyDirection_t dir) {
  using S = Space;
  switch (dir) {
    case GDRAM2NRAM: return {S::nram, S::gdram};
    case NRAM2GDRAM: return {S::gdram, S::nram};
    case GDRAM2WRAM: return {S::wram, S::gdram};
    case WRAM2GDRAM: return {S::gdram, S::wram};
    case GDRAM2SRAM: return {S::sram, S::gdram};
    case SRAM2GDRAM: return {S::gdram, S::sram};
    case GDRAM2GDRAM: return {S::gdram, S::gdram};
    case LDRAM2NRAM: return {S::nram, S::ldram};
    case NRAM2LDRAM: return {S::ldram, S::nram};
    case LDRAM2WRAM: return {S::wram, S::ldram};
    case WRAM2LDRAM: return {S::ldram, S::wram};
    case LDRAM2SRAM: return {S::sram, S::ldram};
    case SRAM2LDRAM: return {S::ldram, S::sram};
    case GDRAM2LDRAM: return {S::ldram, S::gdram};
    case LDRAM2GDRAM: return {S::gdram, S::ldram};
    case NRAM2NRAM: return {S::nram, S::nram};
    case NRAM2WRAM: return {S::wram, S::nram};
    case WRAM2NRAM: return {S::nram, S::wram};
    case NRAM2SRAM: return {S::sram, S::nram};
    case SRAM2NRAM: return {S::nram, S::sram};
    case WRAM2SRAM: return {S::sram, S::wram};
    case SRAM2WRAM: return {S::wram, S::sram};
    default: return {S::sram, S::sram};
  }
}

// The copy that a call asks for, its requirements checked.
inline Copy checked_copy(const Check &check, void *dst, const void *src, int size, mluMemcpyDirection_t dir,
                         int dst_stride, int src_stride, int segnum) {
  check.need(size > 0, "size is not positive");
  check.need(segnum >= 0, "segment number is negative");
  check.need(segnum == 0 || (dst_stride >= 0 && src_stride >= 0), "stride is negative");
  check.need(segnum == 0 || dst_stride >= size, "destination segments overlap");
  const Ends end = ends(dir);
  const size_t segments = static_cast<size_t>(segnum) + 1, bytes = static_cast<size_t>(size);
  const size_t ds = static_cast<size_t>(dst_stride), ss = static_cast<size_t>(src_stride);
  check.inside(dst, (segments - 1) * ds + bytes, end.dst);
  check.inside(src, (segments - 1) * ss + bytes, end.src);
  if (end.dst == Space::wram) check.need(reinterpret_cast<uintptr_t>(dst) % 32 == 0, "WRAM address not 32-byte aligned");
  const bool io = end.dst == Space::gdram || end.src == Space::gdram || end.dst == Space::ldram || end.src == Space::ldram;
  return Copy{static_cast<char *>(dst), static_cast<const char *>(src), bytes, ds, ss, segments, io};
}

inline void copy_now(const Check &check, const Copy &copy) {
  check.unread(copy.src, (copy.segments - 1) * copy.src_stride + copy.size);
  check.unwritten(copy.dst, (copy.segments - 1) * copy.dst_stride + copy.size);
  copy.run();
}

inline void drain(bool io, bool move) {
  std::vector<Copy> rest;
  for (const Copy &copy : machine.copies) {
    if (copy.io ? io : move) {
      copy.run();
    } else {
      rest.push_back(copy);
    }
  }
  machine.copies.swap(rest);
}

}  // namespace bang

/// Copy `size` bytes from `src` to `dst` and wait for the end; `dir` names both memory spaces.
/// @group memory
/// @units bytes
/// @requires size > 0; each operand lies in the space that dir names, inside its array; WRAM addresses 32-byte aligned
inline void __memcpy(void *dst, const void *src, int size, mluMemcpyDirection_t dir, XP_WHERE) {
  XP_CHECK;
  bang::copy_now(check, bang::checked_copy(check, dst, src, size, dir, 0, 0, 0));
}

/// Copy `segnum + 1` segments of `size` bytes; segment i starts at i times the stride of each side.
/// @group memory
/// @units bytes; strides in bytes, from start to start
/// @requires as the plain form; segments of the destination do not overlap
inline void __memcpy(void *dst, const void *src, int size, mluMemcpyDirection_t dir, int dst_stride, int src_stride,
                     int segnum, XP_WHERE) {
  XP_CHECK;
  bang::copy_now(check, bang::checked_copy(check, dst, src, size, dir, dst_stride, src_stride, segnum));
}

/// Start to copy `size` bytes; the copy is done when `__sync`, `__sync_io` (off-chip) or `__sync_move` (on-chip) returns.
/// @group memory
/// @units bytes
/// @requires as __memcpy; no use of either operand before the wait
inline void __memcpy_async(void *dst, const void *src, int size, mluMemcpyDirection_t dir, XP_WHERE) {
  XP_CHECK;
  bang::machine.copies.push_back(bang::checked_copy(check, dst, src, size, dir, 0, 0, 0));
}

/// Start to copy `segnum + 1` segments of `size` bytes; see the synchronous form.
/// @group memory
/// @units bytes; strides in bytes, from start to start
inline void __memcpy_async(void *dst, const void *src, int size, mluMemcpyDirection_t dir, int dst_stride,
                           int src_stride, int segnum, XP_WHERE) {
  XP_CHECK;
  bang::machine.copies.push_back(bang::checked_copy(check, dst, src, size, dir, dst_stride, src_stride, segnum));
}

/// Wait for every pipe of this core.
/// @group sync
inline void __sync() { bang::drain(true, true); }

/// Wait for the IO-DMA pipe: copies to and from off-chip memory.
/// @group sync
inline void __sync_io() { bang::drain(true, false); }

/// Wait for the Move-DMA pipe: copies between on-chip memories.
/// @group sync
inline void __sync_move() { bang::drain(false, true); }

/// Wait for the compute pipe.
/// @group sync
inline void __sync_compute() {}

/// Wait for the IO-DMA, Move-DMA and compute pipes.
/// @group sync
inline void __sync_io_move_compute() { bang::drain(true, true); }

/// Wait for every core of this cluster.
/// @group sync
inline void __sync_cluster(XP_WHERE) {
  bang::drain(true, true);
  bang::wait(true, __func__, where);
}

/// Wait for the compute cores of this cluster.
/// @group sync
inline void __sync_all_ipu_within_cluster(XP_WHERE) {
  bang::drain(true, true);
  bang::wait(true, __func__, where);
}

/// Wait for every compute core of this Union job.
/// @group sync
inline void __sync_all_ipu(XP_WHERE) {
  bang::drain(true, true);
  bang::wait(false, __func__, where);
}

/// True on a cluster's memory core, which has neither NRAM nor WRAM; only compute cores are simulated.
/// @group sync
inline bool __is_mpu() { return false; }

/// True on a compute core.
/// @group sync
inline bool __is_ipu() { return true; }

/// dst[i] = value, in NRAM.
/// @group fill
/// @units elements
template <class T>
void __bang_write_value(T *dst, int elem_count, T value, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.out(dst, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = value;
}

/// dst[i] = 0, in NRAM.
/// @group fill
/// @units elements
template <class T>
void __bang_write_zero(T *dst, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.out(dst, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(0);
}

/// dst[i] = value, in NRAM.
/// @group fill
/// @units elements
template <class T>
void __nramset(T *dst, int elem_count, T value, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.out(dst, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = value;
}

/// dst[i] = value, in NRAM.
/// @group fill
/// @units elements
/// @arch 200
template <class T>
void __memset_nram(T *dst, int elem_count, T value, XP_WHERE) {
  XP_CHECK;
  check.arch(200);
  check.count(elem_count);
  check.out(dst, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = value;
}

/// dst[i] = value, in GDRAM.
/// @group fill
/// @units elements
template <class T>
void __gdramset(T *dst, int elem_count, T value, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.out(dst, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) dst[i] = value;
}

/// dst[i] = value, in SRAM.
/// @group fill
/// @units elements
template <class T>
void __sramset(T *dst, int elem_count, T value, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.out(dst, elem_count, bang::Space::sram);
  for (int i = 0; i < elem_count; ++i) dst[i] = value;
}

/// Copy `size` bytes within NRAM on the compute pipe.
/// @group memory
/// @units bytes
inline void __bang_move(void *dst, const void *src, int size, XP_WHERE) {
  XP_CHECK;
  check.count(size);
  check.in(static_cast<const char *>(src), size);
  check.out(static_cast<char *>(dst), size);
  check.apart(static_cast<char *>(dst), size, static_cast<const char *>(src), size);
  std::memcpy(dst, src, static_cast<size_t>(size));
}
