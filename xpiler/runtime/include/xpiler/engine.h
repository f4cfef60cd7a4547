// The engine under the CUDA names: blocks one after the other, a block's threads as fibers.
//
// All threads of a program's launches run on one OS thread. A CUDA thread keeps the processor until it
// waits (at a barrier, in a warp operation) or ends, so memory operations between two waits are
// atomic by construction; the order of threads and of blocks is a launch option (`Options::seed`), which
// is what exposes races. A thread that never waits costs a function call: fibers are created only for
// threads that are waiting.
#ifndef XPILER_ENGINE_H
#define XPILER_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include <functional>
#include <type_traits>

#include "xpiler/vector_types.h"

#ifndef XPILER_WARP
#define XPILER_WARP 32  // lanes of a warp: 32, or 64 for a CDNA wavefront
#endif

inline uint3 threadIdx, blockIdx;
inline dim3 blockDim, gridDim;
static constexpr int warpSize = XPILER_WARP;

namespace xpiler {

// Where in the source an operation stands.
struct Site {
  const char *file;
  int line;
  // As a default argument: the place of the call.
  static constexpr Site current(const char *file = __builtin_FILE(), int line = __builtin_LINE()) {
    return Site{file, line};
  }
};

// How a fault ends the process, and the name that reports carry.
enum Fault {
  fault_out_of_bounds = 81,
  fault_misaligned = 82,
  fault_divergence = 83,
  fault_deadlock = 84,
  fault_launch = 85,
  fault_arithmetic = 86,
  fault_assert = 87,
  fault_stack = 88,
  fault_shared = 89,
  fault_read_only = 90,
  fault_unsupported = 91,
  fault_memory = 92,
  fault_index = 93,
};

// Prints `xpiler: <fault>: <message> in kernel ... block ... thread ...` and ends the process.
[[noreturn]] void fail(Fault fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct Limits {
  unsigned threads_per_block = 1024;
  unsigned block[3] = {1024, 1024, 64};
  unsigned grid[3] = {2147483647u, 65535, 65535};
  size_t static_shared = 48 * 1024;
  size_t shared = 227 * 1024;
};

struct Options {
  unsigned seed = 0;             // 0: threads and blocks in order; else shuffled by this seed
  unsigned char poison = 0xFF;   // fills what was never written: fresh memory, shared memory
  bool strict_launch = false;    // an invalid launch ends the process instead of setting an error
  bool index_checks = true;      // an index that leaves one dimension of an array ends the process
  bool lockstep = true;          // lanes wait for one another at volatile accesses of shared memory
  bool exact = false;            // allocations end at a guard page to the byte, whatever their alignment
  bool call_paths = false;       // the text keeps frame pointers: lanes are told apart by their calls
  Limits limits;
};

extern Options options;

// A launch's `<<<grid, block, shared, stream>>>`.
struct Config {
  dim3 grid, block;
  size_t shared;
  Config(dim3 g, dim3 b, size_t s = 0, const void * = nullptr) : grid(g), block(b), shared(s) {}
};

// Runs `thread(closure)` for every thread; false (and the last error set) for an invalid launch.
bool run(Site site, const char *kernel, const Config &config, unsigned warp, bool cooperative,
         void (*thread)(void *), void *closure);

// A kernel's limit of dynamic shared memory, raised by cudaFuncSetAttribute.
void allow_dynamic_shared(size_t bytes);

#ifdef XPILER_CALL_PATHS
static const bool call_paths_known = (options.call_paths = true);
#endif

template <class F> bool run(Site site, const char *kernel, const Config &config, bool cooperative, F &body) {
  return run(site, kernel, config, XPILER_WARP, cooperative, [](void *f) { (*static_cast<F *>(f))(); }, &body);
}

// While a stream is captured, what would be done is kept for a graph instead.
bool capturing();
void keep(void *p);  // memory of a graph: its next launch uses it again, whoever frees it
bool kept(void *p);
void record(std::function<void()> step);

// The text of a launch: `body` calls the kernel with the values it is given.
template <class F, class... A> void launch(Site site, const char *kernel, const Config &config, F body, A... args) {
  auto at_once = [=] {
    auto thread = [&] { body(args...); };
    run(site, kernel, config, false, thread);
  };
  if (capturing())
    record(at_once);
  else
    at_once();
}

// --- waiting ------------------------------------------------------------------------------------

enum Vote { vote_none, vote_or, vote_and, vote_count };

int sync_block(Vote vote, int predicate, Site site);
void sync_grid(Site site);
bool is_cooperative();
void yield();      // lets the other threads run, for loops that wait on memory
void spin();       // called by atomics: yields once in a while

enum Warp { warp_sync, warp_shuffle, warp_vote, warp_match, warp_reduce, warp_active, warp_group, warp_tile,
            warp_volatile };

// The return addresses of a thread's calls, outermost first.
struct CallPath {
  static constexpr unsigned capacity = 24;
  unsigned depth = 0;
  const void *calls[capacity];
};

// Which lanes belong to one meeting.
struct MeetingKey {
  uint64_t mask;  // who is expected; all lanes for an implicit mask
  int kind;
  bool implicit;
  Site site;
  CallPath path;
};

// Lanes of one warp that meet in one operation.
struct Meeting : MeetingKey {
  static constexpr size_t capacity = 32;
  uint64_t arrived;  // who came: when it is complete, the lanes that take part
  bool complete;
  unsigned unread;
  void (*finish)(Meeting &);
  Meeting *next;
  alignas(16) unsigned char values[64][capacity];
};

// Gives `size` bytes at `value` to the other lanes and waits for them; `release` after reading.
// An implicit mask means the lanes that are at this operation together.
Meeting *meet(Warp kind, uint64_t mask, bool implicit, const void *value, size_t size, Site site,
              void (*finish)(Meeting &) = nullptr);
void release(Meeting *meeting);
unsigned lane();
unsigned linear_thread();
unsigned warp_count();

// --- memory -------------------------------------------------------------------------------------

// Storage of a `__shared__` variable: an offset in the block's arena, found anew for each launch.
struct SharedSlot {
  const char *name;
  int line;
  unsigned epoch;
  size_t offset;
};
void *shared_at(SharedSlot &slot, size_t size, size_t align);
template <class T> T &shared(SharedSlot &slot) {
  return *static_cast<T *>(shared_at(slot, sizeof(T), alignof(T)));
}

// `__shared__ T name;` at file scope: an array as the pointer to its first element, else the object.
template <class T> struct FileShared {
  SharedSlot slot;
  operator std::conditional_t<std::is_array_v<T>, std::remove_extent_t<T> *, T &>() { return shared<T>(slot); }
  template <class U> T &operator=(const U &value) { return shared<T>(slot) = value; }
  T *operator&() { return &shared<T>(slot); }
};

void *dynamic_shared();
size_t dynamic_shared_bytes();
template <class T> T *dynamic() { return static_cast<T *>(dynamic_shared()); }

// `extern __shared__ T name[];` at file scope.
template <class T> struct DynamicShared {
  operator T *() const { return dynamic<T>(); }
  template <class U> explicit operator U *() const { return reinterpret_cast<U *>(dynamic<T>()); }
};

// Memory between two guard pages that ends (up to `align`) at the second one; null if there is none left.
void *guarded_alloc(size_t bytes, size_t align, const char *what);
bool guarded_free(void *p);
// The allocation that holds `p` or whose guard pages do: false if there is none.
struct Allocation {
  unsigned char *begin;
  size_t bytes;
  unsigned char *map;
  size_t map_bytes;
  const char *what;
  bool read_only;
};
bool find_allocation(const void *p, Allocation *out);
void protect(void *p, bool read_only);
// Whether the bytes beside a buffer in its own pages are still what they were.
bool intact(const void *p);
void install_handlers();

double now();

}  // namespace xpiler

#define XPILER_SITE (::xpiler::Site{__FILE__, __LINE__})
#define XPILER_CALLER ::xpiler::Site::current()

#endif
