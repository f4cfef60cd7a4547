// Operations of a warp: lanes meet, exchange values and go on together.
//
// An operation with a mask waits for the lanes that the mask names. One without (`__shfl`, `__activemask`,
// HIP's own) takes the lanes that are at it together: those with the same chain of calls. When every lane of the warp
// waits, the lanes furthest behind go first, so that they catch up with the others as a real warp's do at the end of a
// branch or loop. How far a lane is, the return addresses of its calls tell, outermost first, where the text was
// compiled for it (`Options::call_paths`); else the source line.
#include <string.h>

#include "scheduler.h"

namespace xpiler {

namespace {

Meeting *idle_meetings = nullptr;

// A warp's width is a power of two; these are asked for at each wait, where a division would show.
WarpState &warp_of(const Thread *t) { return t->block->warps[t->linear >> __builtin_ctz(grid.warp)]; }
uint64_t lane_bit(const Thread *t) { return uint64_t(1) << (t->linear & (grid.warp - 1)); }

// --- where a lane is ----------------------------------------------------------------------------

// The return addresses of the running thread's calls, outermost first. Needs frame pointers.
CallPath call_path(const void *frame) {
  CallPath path;
  const unsigned char *stack = running_fiber->stack;
  const void *inner[CallPath::capacity];
  auto *at = static_cast<void *const *>(frame);
  while (path.depth < CallPath::capacity) {
    inner[path.depth++] = at[1];
    auto *next = static_cast<void *const *>(at[0]);
    auto *p = reinterpret_cast<const unsigned char *>(next);
    if (next <= at || p < stack || p + 2 * sizeof(void *) > stack + Fiber::stack_bytes) break;
    at = next;
  }
  for (unsigned i = 0; i < path.depth; ++i) path.calls[i] = inner[path.depth - 1 - i];
  return path;
}

// Negative when `a` is further behind than `b`, 0 when they are at the same place.
int compare(const MeetingKey &a, const MeetingKey &b) {
  for (unsigned i = 0; i < a.path.depth && i < b.path.depth; ++i)
    if (a.path.calls[i] != b.path.calls[i]) return a.path.calls[i] < b.path.calls[i] ? -1 : 1;
  if (a.path.depth != b.path.depth) return a.path.depth > b.path.depth ? -1 : 1;
  if (same(a.site, b.site)) return 0;
  return a.site.line < b.site.line ? -1 : 1;
}

// --- meetings -----------------------------------------------------------------------------------

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

bool complete_furthest_behind(Block *b, WarpState &w) {
  Meeting *first = nullptr;
  for (Meeting *m = w.pending; m; m = m->next)
    if (m->implicit && (!first || compare(*m, *first) < 0)) first = m;
  if (first) complete_meeting(b, w, first);
  return first != nullptr;
}

void complete_stuck(Block *b, WarpState &w) {
  if (w.pending && w.waiting == w.live) complete_furthest_behind(b, w);
}

Meeting *new_meeting() {
  Meeting *m = idle_meetings;
  if (!m) return new Meeting;
  idle_meetings = m->next;
  return m;
}

Meeting *open_meeting(WarpState &w, const MeetingKey &wanted) {
  Meeting **link = &w.pending;
  for (; *link; link = &(*link)->next) {
    Meeting *m = *link;
    if (m->kind != wanted.kind || m->implicit != wanted.implicit) continue;
    if (m->implicit ? compare(*m, wanted) == 0 : m->mask == wanted.mask) return m;
  }
  Meeting *m = new_meeting();
  static_cast<MeetingKey &>(*m) = wanted;
  m->arrived = 0;
  m->complete = false;
  m->unread = 0;
  m->next = nullptr;
  *link = m;
  return m;
}

}  // namespace

// --- what the scheduler tells -------------------------------------------------------------------

void lane_waits(Thread *t) {
  WarpState &w = warp_of(t);
  w.waiting |= lane_bit(t);
  complete_stuck(t->block, w);
}

void lane_goes_on(Thread *t) { warp_of(t).waiting &= ~lane_bit(t); }

void lane_returns(Thread *t) {
  WarpState &w = warp_of(t);
  w.live &= ~lane_bit(t);
  for (Meeting *m = w.pending; m;) {
    Meeting *next = m->next;
    if (is_complete(m, w)) complete_meeting(t->block, w, m);
    m = next;
  }
  complete_stuck(t->block, w);
}

bool complete_implicit() {
  bool any = false;
  for (Block *b : grid.resident)
    for (WarpState &w : b->warps) any |= complete_furthest_behind(b, w);
  return any;
}

// --- what a running thread asks for -------------------------------------------------------------

unsigned lane() { return current ? current->linear % grid.warp : 0; }
unsigned warp_count() { return (grid.threads + grid.warp - 1) / grid.warp; }

Meeting *meet(Warp kind, uint64_t mask, bool implicit, const void *value, size_t size, Site site,
              void (*finish)(Meeting &)) {
  Thread *t = in_kernel("a warp operation", site);
  WarpState &w = warp_of(t);
  unsigned self = t->linear % grid.warp;
  if (!implicit && !(mask >> self & 1))
    fail(fault_divergence, "lane %u calls a warp operation at %s:%d with mask 0x%llx, which does not name it", self,
         site.file, site.line, static_cast<unsigned long long>(mask));
  MeetingKey wanted{mask, kind, implicit, site, {}};
  if (implicit && options.call_paths) wanted.path = call_path(__builtin_frame_address(0));
  Meeting *m = open_meeting(w, wanted);
  m->finish = finish;
  memcpy(m->values[self], value, size);
  m->arrived |= uint64_t(1) << self;
  ++m->unread;
  if (is_complete(m, w)) {
    complete_meeting(t->block, w, m);
    return m;
  }
  t->site = site;
  t->state = at_meeting;
  lane_waits(t);
  suspend();
  return m;
}

void release(Meeting *m) {
  if (--m->unread == 0) {
    m->next = idle_meetings;
    idle_meetings = m;
  }
}

}  // namespace xpiler
