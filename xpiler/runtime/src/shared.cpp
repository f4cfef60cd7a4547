// Shared memory: every block has an arena of which only the variables' own pages can be accessed.
//
// A variable ends at an inaccessible page, up to 15 bytes of canary that keep it aligned; so does dynamic shared
// memory, which is the arena's end. The arena is laid out anew for every launch, as its threads meet the declarations.
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "scheduler.h"

namespace xpiler {

namespace {

constexpr size_t page = 4096, least_align = 16, static_room = 1024 * 1024;
constexpr unsigned char canary = 0xC5;

size_t dynamic_limit = 48 * 1024;

size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }
size_t dynamic_room() { return round_up(options.limits.shared, page); }
size_t arena_bytes() { return static_room + dynamic_room() + page; }

unsigned char *new_arena() {
  void *map = mmap(nullptr, arena_bytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  auto *arena = static_cast<unsigned char *>(map);
  if (map == MAP_FAILED || mprotect(arena + static_room, dynamic_room(), PROT_READ | PROT_WRITE) != 0)
    fail(fault_memory, "no memory for another block's shared memory");
  return arena;
}

size_t dynamic_slack() { return (16 - grid.dynamic_bytes % 16) % 16; }
unsigned char *dynamic_start(const Block *b) {
  return b->arena + static_room + dynamic_room() - grid.dynamic_bytes - dynamic_slack();
}

OpenPages pages_of(const Slot &slot) {
  size_t first = slot.offset / page * page;
  return {first, round_up(slot.offset + slot.size, page) - first};
}

// Opens the pages of the slot with this number; those that an earlier launch had there or further on are closed.
void open_slot(Block *b, size_t number) {
  OpenPages wanted = pages_of(grid.slots[number]);
  if (number < b->open.size()) {
    if (b->open[number].offset == wanted.offset && b->open[number].bytes == wanted.bytes) return;
    size_t from = b->open[number].offset;
    mprotect(b->arena + from, static_room - from, PROT_NONE);
    b->open.resize(number);
  }
  if (mprotect(b->arena + wanted.offset, wanted.bytes, PROT_READ | PROT_WRITE) != 0)
    fail(fault_memory, "no memory for another block's shared memory");
  b->open.push_back(wanted);
}

void poison_slot(Block *b, size_t number) {
  open_slot(b, number);
  const Slot &slot = grid.slots[number];
  OpenPages pages = b->open[number];
  size_t before = slot.offset - pages.offset, near = before < 64 ? before : 64;
  memset(b->arena + slot.offset - near, canary, near);
  memset(b->arena + slot.offset, options.poison, slot.size);
  memset(b->arena + slot.offset + slot.size, canary, pages.offset + pages.bytes - slot.offset - slot.size);
}

bool is_canary(const unsigned char *from, const unsigned char *to) {
  for (; from < to; ++from)
    if (*from != canary) return false;
  return true;
}

// The slot of a variable whose storage is not known in this launch.
const Slot &place_slot(SharedSlot &variable, size_t size, size_t align) {
  for (const Slot &slot : grid.slots)
    if (slot.variable == &variable) return slot;
  if (align < least_align) align = least_align;
  size_t room = round_up(size ? size : 1, page);
  size_t offset = grid.static_used + (room - size) / align * align;
  grid.static_bytes += size;
  if (grid.static_bytes > options.limits.static_shared || grid.static_used + room + page > static_room)
    fail(fault_shared, "%zu bytes of static shared memory with `%s` (line %d), allowed are %zu", grid.static_bytes,
         variable.name, variable.line, options.limits.static_shared);
  grid.static_used += room + page;
  grid.slots.push_back(Slot{&variable, offset, size});
  for (Block *b : grid.resident) poison_slot(b, grid.slots.size() - 1);
  return grid.slots.back();
}

}  // namespace

void open_shared(Block *b) {
  if (!b->arena) b->arena = new_arena();
  for (size_t i = 0; i < grid.slots.size(); ++i) poison_slot(b, i);
  memset(dynamic_start(b), options.poison, grid.dynamic_bytes);
  memset(dynamic_start(b) + grid.dynamic_bytes, canary, dynamic_slack());
}

void check_shared(Block *b) {
  const uint3 i = b->index;
  for (const Slot &slot : grid.slots) {
    const unsigned char *start = b->arena + slot.offset, *end = start + slot.size;
    OpenPages pages = pages_of(slot);
    size_t before = slot.offset - pages.offset;
    if (!is_canary(end, b->arena + pages.offset + pages.bytes))
      fail(fault_out_of_bounds, "block (%u,%u,%u) wrote past the end of __shared__ `%s` of %zu bytes (line %d)", i.x,
           i.y, i.z, slot.variable->name, slot.size, slot.variable->line);
    if (!is_canary(start - (before < 64 ? before : 64), start))
      fail(fault_out_of_bounds, "block (%u,%u,%u) wrote before __shared__ `%s` of %zu bytes (line %d)", i.x, i.y, i.z,
           slot.variable->name, slot.size, slot.variable->line);
  }
  const unsigned char *end = dynamic_start(b) + grid.dynamic_bytes;
  if (!is_canary(end, end + dynamic_slack()))
    fail(fault_out_of_bounds, "block (%u,%u,%u) wrote past the end of %zu bytes of dynamic shared memory", i.x, i.y,
         i.z, grid.dynamic_bytes);
}

bool describe_shared(const unsigned char *p, char *text, size_t room) {
  for (const Block *b : grid.resident) {
    if (!b->arena || p < b->arena || p >= b->arena + arena_bytes()) continue;
    if (p >= b->arena + static_room + dynamic_room()) {
      const unsigned char *end = dynamic_start(b) + grid.dynamic_bytes;
      snprintf(text, room, "%zu bytes past the end of dynamic shared memory of %zu bytes", size_t(p - end),
               grid.dynamic_bytes);
      return true;
    }
    const Slot *nearest = nullptr;
    for (const Slot &slot : grid.slots)
      if (b->arena + slot.offset <= p) nearest = &slot;
    if (nearest)
      snprintf(text, room, "%zu bytes past the end of __shared__ `%s` of %zu bytes (line %d)",
               size_t(p - b->arena - nearest->offset - nearest->size), nearest->variable->name, nearest->size,
               nearest->variable->line);
    else
      snprintf(text, room, "shared memory, where no variable is");
    return true;
  }
  return false;
}

// --- what a running thread asks for -------------------------------------------------------------

void *shared_at(SharedSlot &variable, size_t size, size_t align) {
  Thread *t = in_kernel("__shared__", Site{variable.name, variable.line});
  if (variable.epoch != grid.epoch) {
    variable.offset = place_slot(variable, size, align).offset;
    variable.epoch = grid.epoch;
  }
  return t->block->arena + variable.offset;
}

void *dynamic_shared() {
  Thread *t = in_kernel("dynamic shared memory", Site{"", 0});
  return dynamic_start(t->block);
}

size_t dynamic_shared_bytes() { return grid.dynamic_bytes; }

size_t dynamic_shared_limit() { return dynamic_limit; }

bool is_shared(const void *p) {
  auto *at = static_cast<const unsigned char *>(p);
  const unsigned char *arena = current->block->arena;
  return at >= arena && at < arena + arena_bytes();
}

void allow_dynamic_shared(size_t bytes) {
  if (bytes > dynamic_limit && bytes <= options.limits.shared) dynamic_limit = bytes;
}

}  // namespace xpiler
