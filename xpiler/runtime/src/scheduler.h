// What the parts of the engine share: a launch's blocks, warps and threads, and who hands them on to whom.
//
//   launch.cpp     checks a launch and runs its blocks
//   scheduler.cpp  threads as fibers: who runs next
//   barriers.cpp   barriers of a block and of the grid
//   warp.cpp       operations of a warp
//   shared.cpp     shared memory
//   lockstep.cpp   lanes that wait for one another at volatile accesses
//   faults.cpp     what ends the process, and what is said then
#ifndef XPILER_SCHEDULER_H
#define XPILER_SCHEDULER_H

#include <vector>

#include "fiber.h"
#include "xpiler/engine.h"

namespace xpiler {

enum State : unsigned char { unstarted, running, queued, at_barrier, at_grid, at_meeting, ended };

struct Thread {
  uint3 index;
  unsigned linear;
  struct Block *block;
  Fiber *fiber;
  State state;
  Site site;
  int result;  // of a barrier: which vote it asked for, then what came out
};

// `live` lanes have not returned, `waiting` ones are at a barrier or a warp operation.
struct WarpState {
  uint64_t live, waiting;
  Meeting *pending;
};

// Pages of a block's shared memory that can be accessed.
struct OpenPages {
  size_t offset, bytes;
};

struct Block {
  uint3 index;
  unsigned live, arrived, at_grid, position, epoch;
  Site barrier;
  int any, all, count;
  unsigned char *arena;
  std::vector<OpenPages> open;
  std::vector<Thread> threads;
  std::vector<WarpState> warps;
};

// A static `__shared__` variable of the running kernel: `offset` in the block's arena.
struct Slot {
  const SharedSlot *variable;
  size_t offset, size;
};

struct Grid {
  const char *kernel = "";
  Site site{"", 0};
  unsigned warp = 32, threads = 0;
  bool active = false, cooperative = false;
  void (*body)(void *) = nullptr;
  void *closure = nullptr;
  size_t dynamic_bytes = 0;
  unsigned epoch = 0;
  size_t static_used = 0, static_bytes = 0;
  std::vector<Slot> slots;
  std::vector<unsigned> order;
  std::vector<Block *> resident;
  size_t starting = 0;  // the resident block whose threads are being started
  std::vector<Thread *> ready, yielded;
  size_t ready_head = 0;
  unsigned unfinished = 0;
  uint64_t random = 0;  // 0: threads and blocks in order
  unsigned spins = 0;
};

extern Grid grid;
extern Thread *current;
extern Fiber *running_fiber;

// scheduler.cpp
uint64_t next_random();
void enqueue(Thread *t);
void suspend();                             // gives the processor away until somebody enqueues the thread
void schedule();                            // until the resident blocks have ended
Context exchange_scheduler(Context other);  // for a launch inside a launch
Thread *in_kernel(const char *what, Site site);
bool same(Site a, Site b);

// barriers.cpp
void leave_barriers(Block *b);  // a thread of the block has returned
[[noreturn]] void report_deadlock();

// warp.cpp
void lane_waits(Thread *t);
void lane_goes_on(Thread *t);
void lane_returns(Thread *t);
bool complete_implicit();  // in any warp; false if there was nothing to complete

// shared.cpp
void open_shared(Block *b);   // before a block's threads run
void check_shared(Block *b);  // after they have ended
bool describe_shared(const unsigned char *p, char *text, size_t room);
size_t dynamic_shared_limit();
bool is_shared(const void *p);  // of the running thread's block

}  // namespace xpiler

#endif
