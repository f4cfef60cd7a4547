// Barriers of a block and of the grid, and what is said when nobody can go on.
#include <stdio.h>

#include "scheduler.h"

namespace xpiler {

namespace {

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

const char *described(State state) {
  return state == at_barrier ? "a block barrier" : state == at_grid ? "a grid barrier" : "a warp operation";
}

// Some of the threads that wait, one for each place, in `text`.
void describe_waiting(char *text, size_t room) {
  size_t used = 0;
  int shown = 0;
  Site last{"", -1};
  for (Block *b : grid.resident)
    for (Thread &t : b->threads) {
      if (t.state == ended || t.state == unstarted || same(t.site, last) || shown == 4) continue;
      last = t.site;
      used +=
          size_t(snprintf(text + used, room - used, "%sthread (%u,%u,%u) of block (%u,%u,%u) waits in %s at %.100s:%d",
                          shown ? "; " : "", t.index.x, t.index.y, t.index.z, b->index.x, b->index.y, b->index.z,
                          described(t.state), t.site.file, t.site.line));
      ++shown;
    }
}

}  // namespace

void leave_barriers(Block *b) {
  --b->live;
  if (b->arrived && b->arrived == b->live) complete_barrier(b);
  if (grid.cooperative) complete_grid();
}

void report_deadlock() {
  char text[1024] = "";
  describe_waiting(text, sizeof text);
  for (Block *b : grid.resident)
    for (WarpState &w : b->warps)
      if (const Meeting *m = w.pending)
        fail(fault_deadlock, "%s; lanes 0x%llx of mask 0x%llx never come to the operation at %s:%d", text,
             static_cast<unsigned long long>(m->mask & w.live & ~m->arrived), static_cast<unsigned long long>(m->mask),
             m->site.file, m->site.line);
  fail(fault_deadlock, "%s", text);
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
  if (b->arrived == b->live)
    complete_barrier(b);
  else
    lane_waits(t);
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
  lane_waits(t);
  complete_grid();
  suspend();
}

bool is_cooperative() { return grid.cooperative; }

}  // namespace xpiler
