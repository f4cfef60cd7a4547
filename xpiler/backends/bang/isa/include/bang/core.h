// The machine: clusters, cores, on-chip memories, and the errors that hardware would raise or suffer.
//
// Tasks run one after another, each on its own stack (a fiber), so that a barrier among tasks can hand over to the next.
// On-chip memory is filled with a pattern before a task starts: nothing leaks from one task to the next.
// Error: one line on stderr that names file, line, kernel and task; exit status bang::refused_status.
#pragma once

#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bang/types.h"

#ifndef __BANG_ARCH__
#define __BANG_ARCH__ 372
#endif

// KB per core (NRAM, WRAM) and per cluster (SRAM); public operator library and developer guide.
#if __BANG_ARCH__ == 372
#define __MLU_NRAM_SIZE__ 768
#define __MLU_WRAM_SIZE__ 1024
#define __MLU_SRAM_SIZE__ 4096
#elif __BANG_ARCH__ == 322
#define __MLU_NRAM_SIZE__ 768
#define __MLU_WRAM_SIZE__ 1024
#define __MLU_SRAM_SIZE__ 1536
#elif __BANG_ARCH__ == 270
#define __MLU_NRAM_SIZE__ 512
#define __MLU_WRAM_SIZE__ 1024
#define __MLU_SRAM_SIZE__ 2048
#else
#define __MLU_NRAM_SIZE__ 512
#define __MLU_WRAM_SIZE__ 512
#define __MLU_SRAM_SIZE__ 2048
#endif

extern "C" {
extern char __start_xp_nram[] __attribute__((weak, visibility("hidden")));
extern char __stop_xp_nram[] __attribute__((weak, visibility("hidden")));
extern char __start_xp_wram[] __attribute__((weak, visibility("hidden")));
extern char __stop_xp_wram[] __attribute__((weak, visibility("hidden")));
extern char __start_xp_sram[] __attribute__((weak, visibility("hidden")));
extern char __stop_xp_sram[] __attribute__((weak, visibility("hidden")));
}

inline int taskId = 0, taskIdX = 0, taskIdY = 0, taskIdZ = 0;
inline int taskDim = 1, taskDimX = 1, taskDimY = 1, taskDimZ = 1;
inline int clusterId = 0, clusterDim = 1, coreId = 0, coreDim = 4;

enum mluMemcpyDirection_t {
  GDRAM2NRAM, NRAM2GDRAM, GDRAM2WRAM, WRAM2GDRAM, GDRAM2SRAM, SRAM2GDRAM, GDRAM2GDRAM,
  LDRAM2NRAM, NRAM2LDRAM, LDRAM2WRAM, WRAM2LDRAM, LDRAM2SRAM, SRAM2LDRAM, GDRAM2LDRAM, LDRAM2GDRAM,
  NRAM2NRAM, NRAM2WRAM, WRAM2NRAM, NRAM2SRAM, SRAM2NRAM, WRAM2SRAM, SRAM2WRAM, SRAM2SRAM,
};

namespace bang {

constexpr int refused_status = 96;
constexpr int cores_per_cluster = 4;
constexpr size_t reserved_bytes = 128 * 1024;  // kept for the compiler's stack
constexpr size_t stack_bytes = 1 << 20;

enum class Space { gdram, ldram, nram, wram, sram };

// Where an instruction was called.
struct Where {
  const char *file;
  int line;
  // a constructor's default arguments, unlike an aggregate's values, tell the place of the call
  Where(const char *f = __builtin_FILE(), int l = __builtin_LINE()) : file(f), line(l) {}
};
#define XP_WHERE ::bang::Where where = {}

// A deferred copy: what `__memcpy_async` asked for and no `__sync*` has waited for yet.
struct Copy {
  char *dst;
  const char *src;
  size_t size, dst_stride, src_stride, segments;
  bool io;  // touches off-chip memory: the IO-DMA pipe; else the Move-DMA pipe
  bool overlaps_dst(const char *p, size_t n) const {
    return p < dst + (segments - 1) * dst_stride + size && dst < p + n;
  }
  bool overlaps_src(const char *p, size_t n) const {
    return p < src + (segments - 1) * src_stride + size && src < p + n;
  }
  void run() const {
    for (size_t i = 0; i < segments; ++i) {
      std::memmove(dst + i * dst_stride, src + i * src_stride, size);
    }
  }
};

struct Array {
  const char *start;
  size_t bytes;
};

// What the running core and kernel are.
struct Machine {
  const char *kernel = "";
  bool running = false;
  const char *stack = nullptr;
  std::vector<Copy> copies;
  std::vector<Array> arrays;  // on-chip arrays of the running kernel, as its declarations passed by
};
inline Machine machine;

[[noreturn]] inline void refuse(const char *instruction, Where where, const std::string &why) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s:%d: error: bang: kernel %s, task %d of %d: %s: %s\n", where.file, where.line,
               machine.kernel, taskId, taskDim, instruction, why.c_str());
  std::fflush(stderr);
  _exit(refused_status);
}

inline const char *name(Space space) {
  switch (space) {
    case Space::gdram: return "GDRAM";
    case Space::ldram: return "LDRAM";
    case Space::nram: return "NRAM";
    case Space::wram: return "WRAM";
    default: return "SRAM";
  }
}

inline Space space_of(const void *pointer) {
  const char *p = static_cast<const char *>(pointer);
  if (p >= __start_xp_nram && p < __stop_xp_nram) return Space::nram;
  if (p >= __start_xp_wram && p < __stop_xp_wram) return Space::wram;
  if (p >= __start_xp_sram && p < __stop_xp_sram) return Space::sram;
  if (p >= machine.stack && p < machine.stack + stack_bytes) return Space::ldram;
  return Space::gdram;
}

// An on-chip array declares itself, so that an access past its end is seen.
inline void declare(const void *start, size_t bytes) {
  const char *p = static_cast<const char *>(start);
  for (const Array &array : machine.arrays) {
    if (array.start == p) return;
  }
  machine.arrays.push_back(Array{p, bytes});
  size_t used[3] = {0, 0, 0};
  for (const Array &array : machine.arrays) {
    const Space space = space_of(array.start);
    if (space != Space::gdram) used[static_cast<int>(space) - 2] += array.bytes;
  }
  const size_t room[3] = {__MLU_NRAM_SIZE__ * 1024 - reserved_bytes, __MLU_WRAM_SIZE__ * 1024,
                          __MLU_SRAM_SIZE__ * 1024 - reserved_bytes};
  for (int i = 0; i < 3; ++i) {
    if (used[i] > room[i]) {
      refuse(name(static_cast<Space>(i + 2)), Where{machine.kernel, 0},
             "capacity exceeded: " + std::to_string(used[i]) + " bytes declared, " +
                 std::to_string(room[i]) + " available on mtp_" + std::to_string(__BANG_ARCH__));
    }
  }
}

// The requirements of one call of one instruction.
struct Check {
  const char *instruction;
  Where where;

  // out of line: a program has hundreds of checks, and none of them is worth inlining
  [[noreturn, gnu::noinline, gnu::cold]] void fail(const std::string &why) const { refuse(instruction, where, why); }
  [[noreturn, gnu::noinline, gnu::cold]] void fail(const char *why) const { refuse(instruction, where, why); }
  void need(bool holds, const char *why) const {
    if (__builtin_expect(!holds, 0)) fail(why);
  }
  [[gnu::noinline]] void count(int n) const {
    if (n <= 0) fail("element count " + std::to_string(n) + " is not positive");
  }
  [[gnu::noinline]] void arch(int least) const {
    if (__BANG_ARCH__ < least) {
      fail("needs mtp_" + std::to_string(least) + ", this is mtp_" + std::to_string(__BANG_ARCH__));
    }
  }
  [[gnu::noinline]] void inside(const void *pointer, size_t bytes, Space space) const {
    const char *p = static_cast<const char *>(pointer);
    const Space is = space_of(p);
    if (__builtin_expect(is != space, 0)) {
      fail(std::string("operand in ") + name(is) + ", needs " + name(space));
    }
    if (space == Space::gdram || space == Space::ldram) {
      need(pointer != nullptr, "null pointer");
      return;
    }
    for (const Array &array : machine.arrays) {
      if (p >= array.start && p < array.start + array.bytes) {
        if (__builtin_expect(p + bytes > array.start + array.bytes, 0)) {
          fail("past the end of an array in " + std::string(name(space)) + ": " + std::to_string(bytes) +
               " bytes at offset " + std::to_string(p - array.start) + " of " + std::to_string(array.bytes));
        }
        return;
      }
    }
    const char *stop = space == Space::nram ? __stop_xp_nram : space == Space::wram ? __stop_xp_wram : __stop_xp_sram;
    if (__builtin_expect(p + bytes > stop, 0)) fail(std::string("past the end of ") + name(space));
  }
  // 1xx and 2xx: vector addresses 64-byte aligned, lengths divisible by 128 bytes.
  [[gnu::noinline]] void aligned(const void *pointer, size_t bytes) const {
    if (__BANG_ARCH__ < 300) {
      need(reinterpret_cast<uintptr_t>(pointer) % 64 == 0, "address not 64-byte aligned");
      need(bytes % 128 == 0, "length not divisible by 128 bytes");
    }
  }
  [[gnu::noinline]] void unread(const void *pointer, size_t bytes) const {
    for (const Copy &copy : machine.copies) {
      if (copy.overlaps_dst(static_cast<const char *>(pointer), bytes)) {
        fail("operand is the target of an asynchronous copy that was not waited for");
      }
    }
  }
  [[gnu::noinline]] void unwritten(const void *pointer, size_t bytes) const {
    unread(pointer, bytes);
    for (const Copy &copy : machine.copies) {
      if (copy.overlaps_src(static_cast<const char *>(pointer), bytes)) {
        fail("overwrites the source of an asynchronous copy that was not waited for");
      }
    }
  }
  [[gnu::noinline]] void readable(const void *src, size_t bytes, Space space) const {
    inside(src, bytes, space);
    if (space == Space::nram) aligned(src, bytes);
    unread(src, bytes);
  }
  [[gnu::noinline]] void writable(const void *dst, size_t bytes, Space space) const {
    inside(dst, bytes, space);
    if (space == Space::nram) aligned(dst, bytes);
    unwritten(dst, bytes);
  }
  template <class T>
  void in(const T *src, size_t n, Space space = Space::nram) const {
    readable(src, n * sizeof(T), space);
  }
  template <class T>
  void out(const T *dst, size_t n, Space space = Space::nram) const {
    writable(dst, n * sizeof(T), space);
  }
  // `dst` may be `src` itself; another overlap is not defined.
  template <class A, class B>
  void same_or_apart(const A *dst, size_t n, const B *src, size_t m) const {
    if (static_cast<const void *>(dst) != static_cast<const void *>(src)) apart(dst, n, src, m);
  }
  template <class A, class B>
  void apart(const A *dst, size_t n, const B *src, size_t m) const {
    separate(dst, n * sizeof(A), src, m * sizeof(B));
  }
  [[gnu::noinline]] void separate(const void *dst, size_t n, const void *src, size_t m) const {
    const char *d = static_cast<const char *>(dst), *s = static_cast<const char *>(src);
    if (d < s + m && s < d + n) fail("dst overlaps a source");
  }
};
#define XP_CHECK const ::bang::Check check{__func__, where}

}  // namespace bang
