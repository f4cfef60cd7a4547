// Threads as fibers: a thread runs until it waits or ends, and only one that waits keeps a stack.
#include "scheduler.h"

#include <string.h>

#include <utility>

namespace xpiler {

Grid grid;
Thread *current = nullptr;
Fiber *running_fiber = nullptr;

namespace {

Context scheduler;
std::vector<Fiber *> idle_fibers;

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

void finish_thread(Thread *t) {
  t->state = ended;
  current = nullptr;
  --grid.unfinished;
  lane_returns(t);
  leave_barriers(t->block);
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

}  // namespace

uint64_t next_random() {
  grid.random ^= grid.random << 13;
  grid.random ^= grid.random >> 7;
  grid.random ^= grid.random << 17;
  return grid.random;
}

bool same(Site a, Site b) { return a.line == b.line && (a.file == b.file || strcmp(a.file, b.file) == 0); }

void enqueue(Thread *t) {
  t->state = queued;
  lane_goes_on(t);
  grid.ready.push_back(t);
}

void suspend() {
  Thread *self = current;
  current = nullptr;
  if (!has_ready()) {
    Context::change(self->fiber->context, scheduler);
    return;
  }
  Thread *next = take_ready();  // what the scheduler would do, without the way there
  running_fiber = next->fiber;
  bind(next);
  if (next != self) Context::change(self->fiber->context, next->fiber->context);
}

Context exchange_scheduler(Context other) {
  std::swap(scheduler, other);
  return other;
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

Thread *in_kernel(const char *what, Site site) {
  if (!current) fail(fault_unsupported, "%s at %s:%d is called outside a kernel", what, site.file, site.line);
  return current;
}

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

unsigned linear_thread() { return current ? current->linear : 0; }

}  // namespace xpiler
