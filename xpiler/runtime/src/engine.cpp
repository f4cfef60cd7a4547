// The scheduler: blocks in turn, a block's threads as fibers that exist only while they wait.
#include "xpiler/engine.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mutex>
#include <vector>

#include "fiber.h"

namespace xpiler {

Options options;
int launch_error = 0;  // a cudaError_t, taken by cudaGetLastError

namespace {

enum State : unsigned char { unstarted, running, queued, at_barrier, at_grid, at_meeting, ended };

struct Thread {
  uint3 index;
  unsigned linear;
  struct Block *block;
  Fiber *fiber;
  State state;
  Site site;
  int result;
};

struct WarpState {
  uint64_t live;
  Meeting *pending;
};

struct Block {
  uint3 index;
  unsigned live, arrived, at_grid, position, epoch;
  Site barrier;
  int any, all, count;
  unsigned char *arena;
  std::vector<Thread> threads;
  std::vector<WarpState> warps;
};

struct Slot {
  const char *name;
  int line;
  size_t offset, size;
};

constexpr size_t slot_align = 32, slot_gap = 64, static_room = 256 * 1024;
constexpr unsigned char slot_canary = 0xC5;

struct Grid {
  const char *kernel = "";
  Site site{"", 0};
  unsigned warp = 32, threads = 0;
  bool active = false, cooperative = false;
  void (*body)(void *) = nullptr;
  void *closure = nullptr;
  size_t dynamic_bytes = 0, arena_bytes = 0;
  unsigned epoch = 0;
  size_t static_used = 0, static_bytes = 0;
  std::vector<Slot> slots;
  std::vector<unsigned> order;
  std::vector<Block *> resident;
  size_t starting = 0;  // the resident block whose threads are being started
  std::vector<Thread *> ready, yielded;
  size_t ready_head = 0;
  unsigned unfinished = 0;
  uint64_t random = 0;
  unsigned spins = 0;
};

Grid grid;
Thread *current = nullptr;
Fiber *running_fiber = nullptr;
Context scheduler;
std::vector<Fiber *> idle_fibers;
std::vector<Block *> idle_blocks;
Meeting *idle_meetings = nullptr;
size_t dynamic_limit = 48 * 1024;

uint64_t next_random() {
  grid.random ^= grid.random << 13;
  grid.random ^= grid.random >> 7;
  grid.random ^= grid.random << 17;
  return grid.random;
}

const char *title(int fault) {
  switch (fault) {
    case fault_out_of_bounds: return "out-of-bounds access";
    case fault_misaligned: return "misaligned access";
    case fault_divergence: return "divergence";
    case fault_deadlock: return "deadlock";
    case fault_launch: return "invalid launch";
    case fault_arithmetic: return "arithmetic fault";
    case fault_assert: return "assertion";
    case fault_stack: return "stack overflow";
    case fault_shared: return "shared memory";
    case fault_read_only: return "write to read-only memory";
    case fault_unsupported: return "unsupported";
    case fault_index: return "index out of range";
    default: return "memory";
  }
}

void print_place() {
  if (current) {
    const uint3 b = current->block->index, t = current->index;
    fprintf(stderr, "xpiler: in kernel `%s` block (%u,%u,%u) thread (%u,%u,%u), launched at %s:%d\n", grid.kernel,
            b.x, b.y, b.z, t.x, t.y, t.z, grid.site.file, grid.site.line);
  } else if (grid.active) {
    fprintf(stderr, "xpiler: in kernel `%s`, launched at %s:%d\n", grid.kernel, grid.site.file, grid.site.line);
  } else {
    fprintf(stderr, "xpiler: in host code\n");
  }
}

[[noreturn]] void end_process(Fault fault) {
  print_place();
  fflush(stderr);
  fflush(stdout);
  _exit(fault);
}

// --- signals ------------------------------------------------------------------------------------

void describe_segv(siginfo_t *info, Fault *fault, char *text, size_t room) {
  const auto *p = static_cast<const unsigned char *>(info->si_addr);
  Allocation a;
  *fault = fault_out_of_bounds;
  if (running_fiber && running_fiber->overflowed_at(p)) {
    *fault = fault_stack;
    snprintf(text, room, "a thread's stack of %zu KiB is used up", Fiber::stack_bytes / 1024);
  } else if (info->si_code == SI_KERNEL) {
    *fault = fault_misaligned;
    snprintf(text, room, "a vector access is not aligned to its size (or an address is not canonical)");
  } else if (find_allocation(p, &a)) {
    if (p < a.begin)
      snprintf(text, room, "%zu bytes before %s of %zu bytes", size_t(a.begin - p), a.what, a.bytes);
    else if (p >= a.begin + a.bytes)
      snprintf(text, room, "%zu bytes past the end of %s of %zu bytes", size_t(p - a.begin - a.bytes), a.what,
               a.bytes);
    else if (a.read_only) {
      *fault = fault_read_only;
      snprintf(text, room, "byte %zu of a read-only buffer of %zu bytes", size_t(p - a.begin), a.bytes);
    } else
      snprintf(text, room, "byte %zu of %s of %zu bytes", size_t(p - a.begin), a.what, a.bytes);
  } else {
    snprintf(text, room, "address %p is in no buffer", static_cast<const void *>(p));
  }
}

void on_signal(int number, siginfo_t *info, void *) {
  char text[256];
  Fault fault = fault_arithmetic;
  if (number == SIGSEGV || number == SIGBUS)
    describe_segv(info, &fault, text, sizeof text);
  else if (number == SIGFPE)
    snprintf(text, sizeof text, "integer division by zero");
  else {
    fault = fault_assert;
    snprintf(text, sizeof text, number == SIGILL ? "__trap" : "abort");
  }
  fprintf(stderr, "xpiler: %s: %s\n", title(fault), text);
  end_process(fault);
}

}  // namespace

void fail(Fault fault, const char *format, ...) {
  fprintf(stderr, "xpiler: %s: ", title(fault));
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  end_process(fault);
}

void install_handlers() {
  static bool done = false;
  if (done) return;
  done = true;
  static unsigned char stack[64 * 1024];
  stack_t alternative{};
  alternative.ss_sp = stack;
  alternative.ss_size = sizeof stack;
  sigaltstack(&alternative, nullptr);
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND;
  for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(number, &action, nullptr);
}

namespace {

// --- threads and fibers -------------------------------------------------------------------------

void enqueue(Thread *t) {
  t->state = queued;
  grid.ready.push_back(t);
}

bool has_ready() { return grid.ready_head < grid.ready.size(); }

Thread *take_ready() {
  if (grid.random) {
    size_t left = grid.ready.size() - grid.ready_head;
    std::swap(grid.ready[grid.ready_head], grid.ready[grid.ready_head + next_random() % left]);
  }
  Thread *t = grid.ready[grid.ready_head++];
  if (grid.ready_head == grid.ready.size()) {
    grid.ready.clear();
    grid.ready_head = 0;
  }
  return t;
}

void bind(Thread *t) {
  current = t;
  t->state = running;
  threadIdx = t->index;
  blockIdx = t->block->index;
}

Thread *take_unstarted() {
  while (grid.starting < grid.resident.size()) {
    Block *b = grid.resident[grid.starting];
    if (b->position < grid.threads) {
      Thread *t = &b->threads[grid.order[b->position++]];
      t->fiber = running_fiber;
      return t;
    }
    ++grid.starting;
  }
  return nullptr;
}

void suspend() {
  Thread *self = current;
  current = nullptr;
  Context::change(self->fiber->context, scheduler);
}

void complete_barrier(Block *b);
void complete_grid();
void complete_meetings(Block *b, WarpState &w);

void finish_thread(Thread *t) {
  Block *b = t->block;
  t->state = ended;
  current = nullptr;
  --grid.unfinished;
  --b->live;
  WarpState &w = b->warps[t->linear / grid.warp];
  w.live &= ~(uint64_t(1) << (t->linear % grid.warp));
  if (b->arrived && b->arrived == b->live) complete_barrier(b);
  if (w.pending) complete_meetings(b, w);
  if (grid.cooperative) complete_grid();
}

// Every fiber runs this for ever: threads that never wait pass through here one after the other.
void fiber_main() {
  for (;;) {
    while (!has_ready()) {
      Thread *t = take_unstarted();
      if (!t) break;
      bind(t);
      grid.body(grid.closure);
      finish_thread(t);
      running_fiber = t->fiber;
    }
    Fiber *self = running_fiber;
    idle_fibers.push_back(self);
    Context::change(self->context, scheduler);
  }
}

Fiber *idle_fiber() {
  if (idle_fibers.empty()) {
    Fiber *fiber = Fiber::create(fiber_main);
    if (!fiber) fail(fault_memory, "no memory for another thread's stack");
    return fiber;
  }
  Fiber *fiber = idle_fibers.back();
  idle_fibers.pop_back();
  return fiber;
}

// --- waiting ------------------------------------------------------------------------------------

bool same(Site a, Site b) { return a.line == b.line && (a.file == b.file || strcmp(a.file, b.file) == 0); }

void complete_barrier(Block *b) {
  int results[] = {0, b->any, b->all, b->count};
  b->arrived = 0;
  for (Thread &t : b->threads)
    if (t.state == at_barrier) {
      t.result = results[t.result];
      enqueue(&t);
    }
}

void complete_grid() {
  unsigned waiting = 0;
  for (Block *b : grid.resident) waiting += b->at_grid;
  if (!waiting || waiting != grid.unfinished) return;
  for (Block *b : grid.resident) {
    b->at_grid = 0;
    for (Thread &t : b->threads)
      if (t.state == at_grid) enqueue(&t);
  }
}

void complete_meeting(Block *b, WarpState &w, Meeting *m) {
  Meeting **link = &w.pending;
  while (*link != m) link = &(*link)->next;
  *link = m->next;
  m->complete = true;
  if (m->finish) m->finish(*m);
  unsigned first = unsigned(&w - b->warps.data()) * grid.warp;
  for (uint64_t left = m->arrived; left; left &= left - 1) {
    Thread &t = b->threads[first + unsigned(__builtin_ctzll(left))];
    if (t.state == at_meeting) enqueue(&t);
  }
}

bool is_complete(const Meeting *m, const WarpState &w) {
  return m->arrived == (m->implicit ? w.live : m->mask & w.live);
}

void complete_meetings(Block *b, WarpState &w) {
  for (Meeting *m = w.pending; m;) {
    Meeting *next = m->next;
    if (is_complete(m, w)) complete_meeting(b, w, m);
    m = next;
  }
}

// Nothing can run: operations with an implicit mask go on with the lanes that are there. The one that stands
// first in the source goes first, so that its lanes catch up with those that are ahead, as a real warp's do.
bool complete_implicit() {
  bool any = false;
  for (Block *b : grid.resident)
    for (WarpState &w : b->warps) {
      Meeting *first = nullptr;
      for (Meeting *m = w.pending; m; m = m->next)
        if (m->implicit && (!first || m->site.line < first->site.line)) first = m;
      if (first) {
        complete_meeting(b, w, first);
        any = true;
      }
    }
  return any;
}

[[noreturn]] void report_deadlock() {
  char text[1024];
  size_t used = 0;
  int shown = 0;
  Site last{"", -1};
  for (Block *b : grid.resident)
    for (Thread &t : b->threads) {
      if (t.state == ended || t.state == unstarted || same(t.site, last) || shown == 4) continue;
      last = t.site;
      const char *what = t.state == at_barrier ? "a block barrier" : t.state == at_grid ? "a grid barrier" : "a warp operation";
      used += size_t(snprintf(text + used, sizeof text - used, "%sthread (%u,%u,%u) of block (%u,%u,%u) waits in %s at %.100s:%d",
                              shown ? "; " : "", t.index.x, t.index.y, t.index.z, b->index.x, b->index.y, b->index.z,
                              what, t.site.file, t.site.line));
      ++shown;
    }
  for (Block *b : grid.resident)
    for (WarpState &w : b->warps)
      if (w.pending && used < sizeof text)
        fail(fault_deadlock, "%s; lanes 0x%llx of mask 0x%llx never come to the operation at %s:%d", text,
             static_cast<unsigned long long>(w.pending->mask & w.live & ~w.pending->arrived),
             static_cast<unsigned long long>(w.pending->mask), w.pending->site.file, w.pending->site.line);
  fail(fault_deadlock, "%s", text);
}

void schedule() {
  while (grid.unfinished) {
    if (has_ready()) {
      Thread *t = take_ready();
      running_fiber = t->fiber;
      bind(t);
      Context::change(scheduler, t->fiber->context);
    } else if (grid.starting < grid.resident.size() && grid.resident[grid.starting]->position < grid.threads) {
      running_fiber = idle_fiber();
      Context::change(scheduler, running_fiber->context);
    } else if (grid.starting + 1 < grid.resident.size()) {
      ++grid.starting;
    } else if (!grid.yielded.empty()) {
      for (Thread *t : grid.yielded) enqueue(t);
      grid.yielded.clear();
    } else if (!complete_implicit()) {
      report_deadlock();
    }
  }
}

// --- blocks -------------------------------------------------------------------------------------

void poison_slot(Block *b, const Slot &slot) {
  memset(b->arena + slot.offset, options.poison, slot.size);
  memset(b->arena + slot.offset + slot.size, slot_canary, slot_gap);
}

// Dynamic shared memory ends at the guard page, up to 15 bytes of slack that keep it aligned.
size_t dynamic_slack() { return (16 - grid.dynamic_bytes % 16) % 16; }
unsigned char *dynamic_start(Block *b) { return b->arena + grid.arena_bytes - grid.dynamic_bytes - dynamic_slack(); }

Block *start_block(uint3 index) {
  Block *b;
  if (idle_blocks.empty()) {
    b = new Block{};
    grid.arena_bytes = static_room + options.limits.shared;
    b->arena = static_cast<unsigned char *>(guarded_alloc(grid.arena_bytes, 16, "shared memory"));
    if (!b->arena) fail(fault_memory, "no memory for another block's shared memory");
  } else {
    b = idle_blocks.back();
    idle_blocks.pop_back();
  }
  b->index = index;
  b->live = grid.threads;
  b->arrived = b->at_grid = b->position = 0;
  if (b->epoch != grid.epoch) {  // else the last block of this launch left all as it has to be
    b->epoch = grid.epoch;
    b->threads.resize(grid.threads);
    for (unsigned i = 0; i < grid.threads; ++i) {
      Thread &t = b->threads[i];
      t.index = uint3{i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y)};
      t.linear = i;
      t.block = b;
      t.state = unstarted;
    }
  }
  unsigned warps = (grid.threads + grid.warp - 1) / grid.warp;
  b->warps.assign(warps, WarpState{grid.warp == 64 ? ~uint64_t(0) : (uint64_t(1) << grid.warp) - 1, nullptr});
  if (unsigned rest = grid.threads % grid.warp) b->warps[warps - 1].live = (uint64_t(1) << rest) - 1;
  for (const Slot &slot : grid.slots) poison_slot(b, slot);
  memset(dynamic_start(b), options.poison, grid.dynamic_bytes);
  memset(dynamic_start(b) + grid.dynamic_bytes, slot_canary, dynamic_slack());
  return b;
}

void end_block(Block *b) {
  for (const Slot &slot : grid.slots)
    for (size_t i = 0; i < slot_gap; ++i)
      if (b->arena[slot.offset + slot.size + i] != slot_canary)
        fail(fault_out_of_bounds, "block (%u,%u,%u) wrote past the end of __shared__ `%s` of %zu bytes (line %d)",
             b->index.x, b->index.y, b->index.z, slot.name, slot.size, slot.line);
  for (size_t i = 0; i < dynamic_slack(); ++i)
    if (dynamic_start(b)[grid.dynamic_bytes + i] != slot_canary)
      fail(fault_out_of_bounds, "block (%u,%u,%u) wrote past the end of %zu bytes of dynamic shared memory", b->index.x,
           b->index.y, b->index.z, grid.dynamic_bytes);
  idle_blocks.push_back(b);
}

void run_blocks(const dim3 &g) {
  uint64_t total = uint64_t(g.x) * g.y * g.z, step = 1, at = 0;
  if (grid.random && total > 1) {
    at = next_random() % total;
    for (step = next_random() % total | 1;; ++step) {
      uint64_t a = step, b = total;
      while (b) {
        uint64_t r = a % b;
        a = b;
        b = r;
      }
      if (a == 1) break;
    }
  }
  for (uint64_t n = 0; n < total; ++n) {
    uint3 index{unsigned(at % g.x), unsigned(at / g.x % g.y), unsigned(at / g.x / g.y)};
    at = (at + step) % total;
    grid.resident.push_back(start_block(index));
    grid.unfinished += grid.threads;
    if (grid.cooperative && n + 1 < total) continue;
    schedule();
    for (Block *b : grid.resident) end_block(b);
    grid.resident.clear();
    grid.starting = 0;
  }
}

// --- launches -----------------------------------------------------------------------------------

bool invalid(Site site, const char *kernel, int error, const char *format, ...) __attribute__((format(printf, 4, 5)));
bool invalid(Site site, const char *kernel, int error, const char *format, ...) {
  fprintf(stderr, "xpiler: invalid launch: ");
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fprintf(stderr, "\nxpiler: launch of kernel `%s` at %s:%d\n", kernel, site.file, site.line);
  if (options.strict_launch) {
    fflush(stdout);
    _exit(fault_launch);
  }
  launch_error = error;
  return false;
}

constexpr int invalid_value = 1, invalid_configuration = 9;

bool check(Site site, const char *kernel, const Config &c) {
  const Limits &limits = options.limits;
  const unsigned block[] = {c.block.x, c.block.y, c.block.z}, blocks[] = {c.grid.x, c.grid.y, c.grid.z};
  for (int d = 0; d < 3; ++d) {
    if (blocks[d] == 0 || blocks[d] > limits.grid[d])
      return invalid(site, kernel, invalid_configuration, "grid dimension %c is %u, allowed is 1 to %u", "xyz"[d],
                     blocks[d], limits.grid[d]);
    if (block[d] == 0 || block[d] > limits.block[d])
      return invalid(site, kernel, invalid_configuration, "block dimension %c is %u, allowed is 1 to %u", "xyz"[d],
                     block[d], limits.block[d]);
  }
  uint64_t threads = uint64_t(block[0]) * block[1] * block[2];
  if (threads > limits.threads_per_block)
    return invalid(site, kernel, invalid_configuration, "%llu threads per block, allowed are %u",
                   static_cast<unsigned long long>(threads), limits.threads_per_block);
  if (c.shared > dynamic_limit)
    return invalid(site, kernel, invalid_value,
                   "%zu bytes of dynamic shared memory, allowed are %zu%s", c.shared, dynamic_limit,
                   c.shared <= limits.shared ? " (cudaFuncSetAttribute raises it)" : "");
  return true;
}

void order_threads() {
  grid.random = options.seed ? options.seed * 0x9E3779B97F4A7C15ull + 1 : 0;
  grid.order.resize(grid.threads);
  for (unsigned i = 0; i < grid.threads; ++i) grid.order[i] = i;
  if (grid.random)
    for (unsigned i = grid.threads; i > 1; --i) std::swap(grid.order[i - 1], grid.order[next_random() % i]);
}

}  // namespace

bool run(Site site, const char *kernel, const Config &config, unsigned warp, bool cooperative,
         void (*thread)(void *), void *closure) {
  install_handlers();
  // Programs may launch from several host threads; a kernel's own threads all have the one that launched.
  static std::mutex one_at_a_time;
  static thread_local bool launching = false;
  if (launching) fail(fault_unsupported, "a kernel launches `%s` at %s:%d", kernel, site.file, site.line);
  std::lock_guard<std::mutex> lock(one_at_a_time);
  if (!check(site, kernel, config)) return false;
  grid.kernel = kernel;
  grid.site = site;
  grid.warp = warp;
  grid.threads = config.block.x * config.block.y * config.block.z;
  grid.cooperative = cooperative;
  grid.body = thread;
  grid.closure = closure;
  grid.dynamic_bytes = config.shared;
  ++grid.epoch;
  grid.static_used = grid.static_bytes = 0;
  grid.slots.clear();
  blockDim = config.block;
  gridDim = config.grid;
  order_threads();
  grid.active = launching = true;
  run_blocks(config.grid);
  grid.active = launching = false;
  return true;
}

void allow_dynamic_shared(size_t bytes) {
  if (bytes > dynamic_limit && bytes <= options.limits.shared) dynamic_limit = bytes;
}

// --- what a running thread asks for -------------------------------------------------------------

static Thread *in_kernel(const char *what, Site site) {
  if (!current) fail(fault_unsupported, "%s at %s:%d is called outside a kernel", what, site.file, site.line);
  return current;
}

int sync_block(Vote vote, int predicate, Site site) {
  Thread *t = in_kernel("__syncthreads", site);
  Block *b = t->block;
  if (b->arrived == 0) {
    b->barrier = site;
    b->any = b->count = 0;
    b->all = 1;
  } else if (!same(b->barrier, site)) {
    fail(fault_divergence, "barrier divergence: this thread waits at %s:%d, others of its block at %s:%d", site.file,
         site.line, b->barrier.file, b->barrier.line);
  }
  b->any |= predicate != 0;
  b->all &= predicate != 0;
  b->count += predicate != 0;
  t->site = site;
  t->result = vote;
  t->state = at_barrier;
  ++b->arrived;
  if (b->arrived == b->live) complete_barrier(b);
  suspend();
  return t->result;
}

void sync_grid(Site site) {
  Thread *t = in_kernel("grid synchronisation", site);
  if (!grid.cooperative)
    fail(fault_divergence, "grid synchronisation at %s:%d needs a cooperative launch", site.file, site.line);
  t->site = site;
  t->state = at_grid;
  ++t->block->at_grid;
  complete_grid();
  suspend();
}

bool is_cooperative() { return grid.cooperative; }

void yield() {
  if (!current) return;
  grid.spins = 0;
  current->state = queued;
  grid.yielded.push_back(current);
  suspend();
}

void spin() {
  if (++grid.spins > 100000) yield();
}

unsigned lane() { return current ? current->linear % grid.warp : 0; }
unsigned linear_thread() { return current ? current->linear : 0; }
unsigned warp_count() { return (grid.threads + grid.warp - 1) / grid.warp; }

static Meeting *new_meeting() {
  Meeting *m = idle_meetings;
  if (m)
    idle_meetings = m->next;
  else
    m = new Meeting;
  return m;
}

static Meeting *open_meeting(WarpState &w, Warp kind, uint64_t mask, bool implicit, Site site) {
  Meeting **link = &w.pending;
  for (; *link; link = &(*link)->next) {
    const Meeting *m = *link;
    if (m->kind == kind && m->implicit == implicit && (implicit ? same(m->site, site) : m->mask == mask))
      return *link;
  }
  Meeting *m = new_meeting();
  m->mask = mask;
  m->arrived = 0;
  m->kind = kind;
  m->implicit = implicit;
  m->complete = false;
  m->unread = 0;
  m->next = nullptr;
  m->site = site;
  *link = m;
  return m;
}

Meeting *meet(Warp kind, uint64_t mask, bool implicit, const void *value, size_t size, Site site,
              void (*finish)(Meeting &)) {
  Thread *t = in_kernel("a warp operation", site);
  Block *b = t->block;
  WarpState &w = b->warps[t->linear / grid.warp];
  unsigned self = t->linear % grid.warp;
  if (!implicit && !(mask >> self & 1))
    fail(fault_divergence, "lane %u calls a warp operation at %s:%d with mask 0x%llx, which does not name it", self,
         site.file, site.line, static_cast<unsigned long long>(mask));
  Meeting *m = open_meeting(w, kind, mask, implicit, site);
  m->finish = finish;
  memcpy(m->values[self], value, size);
  m->arrived |= uint64_t(1) << self;
  ++m->unread;
  if (is_complete(m, w)) {
    complete_meeting(b, w, m);
    return m;
  }
  t->site = site;
  t->state = at_meeting;
  suspend();
  return m;
}

void release(Meeting *m) {
  if (--m->unread == 0) {
    m->next = idle_meetings;
    idle_meetings = m;
  }
}

// --- shared memory ------------------------------------------------------------------------------

void *shared_at(SharedSlot &slot, size_t size, size_t align) {
  Thread *t = in_kernel("__shared__", Site{slot.name, slot.line});
  if (slot.epoch != grid.epoch) {
    if (align < slot_align) align = slot_align;
    size_t offset = (grid.static_used + align - 1) / align * align;
    grid.static_bytes += size;
    if (grid.static_bytes > options.limits.static_shared || offset + size + slot_gap > static_room)
      fail(fault_shared, "%zu bytes of static shared memory with `%s` (line %d), allowed are %zu", grid.static_bytes,
           slot.name, slot.line, options.limits.static_shared);
    slot.epoch = grid.epoch;
    slot.offset = offset;
    grid.static_used = offset + size + slot_gap;
    grid.slots.push_back(Slot{slot.name, slot.line, offset, size});
    for (Block *b : grid.resident) poison_slot(b, grid.slots.back());
  }
  return t->block->arena + slot.offset;
}

void *dynamic_shared() {
  Thread *t = in_kernel("dynamic shared memory", Site{"", 0});
  return dynamic_start(t->block);
}

size_t dynamic_shared_bytes() { return grid.dynamic_bytes; }

// Options from the environment, before main.
static bool read_environment() {
  if (const char *seed = getenv("XPILER_SEED")) options.seed = unsigned(strtoul(seed, nullptr, 10));
  if (const char *poison = getenv("XPILER_POISON")) options.poison = static_cast<unsigned char>(strtoul(poison, nullptr, 0));
  options.strict_launch = getenv("XPILER_STRICT_LAUNCH") != nullptr;
  options.exact = getenv("XPILER_EXACT") != nullptr;
  install_handlers();
  return true;
}
[[maybe_unused]] static const bool environment_read = read_environment();

}  // namespace xpiler
