// Guarded allocations: every buffer stands between two inaccessible ranges.
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "xpiler/engine.h"

namespace xpiler {

namespace {

constexpr unsigned char canary = 0xC5;
constexpr size_t page = 4096;
constexpr size_t guard = 128 * page;  // far enough for an index that is off by a row or a stride

// Constructed on first use, and never destroyed: a program may free memory while it exits.
std::map<const unsigned char *, Allocation> &allocations() {
  static auto *table = new std::map<const unsigned char *, Allocation>;
  return *table;
}

// Never held while memory is touched, so that the fault handler can take it.
std::mutex table_lock;

size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

}  // namespace

void *guarded_alloc(size_t bytes, size_t align, const char *what) {
  size_t inner = round_up(bytes ? bytes : 1, page);
  size_t total = inner + 2 * guard;
  void *map = mmap(nullptr, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) return nullptr;
  auto *first = static_cast<unsigned char *>(map) + guard;
  if (mprotect(first, inner, PROT_READ | PROT_WRITE) != 0) {
    munmap(map, total);
    return nullptr;
  }
  if (align == 0) align = 1;
  size_t offset = (inner - bytes) / align * align;
  memset(first, canary, offset);
  memset(first + offset, options.poison, bytes);
  memset(first + offset + bytes, canary, inner - offset - bytes);
  Allocation a{first + offset, bytes, static_cast<unsigned char *>(map), total, what, false};
  std::lock_guard<std::mutex> lock(table_lock);
  allocations()[a.map] = a;
  return a.begin;
}

bool find_allocation(const void *p, Allocation *out) {
  std::lock_guard<std::mutex> lock(table_lock);
  auto &table = allocations();
  auto it = table.upper_bound(static_cast<const unsigned char *>(p));
  if (it == table.begin()) return false;
  --it;
  if (static_cast<const unsigned char *>(p) >= it->second.map + it->second.map_bytes) return false;
  *out = it->second;
  return true;
}

bool guarded_free(void *p) {
  Allocation a;
  if (!find_allocation(p, &a) || a.begin != p) return false;
  munmap(a.map, a.map_bytes);
  std::lock_guard<std::mutex> lock(table_lock);
  allocations().erase(a.map);
  return true;
}

void protect(void *p, bool read_only) {
  Allocation a;
  if (!find_allocation(p, &a)) return;
  {
    std::lock_guard<std::mutex> lock(table_lock);
    allocations()[a.map].read_only = read_only;
  }
  mprotect(a.map + guard, a.map_bytes - 2 * guard, read_only ? PROT_READ : PROT_READ | PROT_WRITE);
}

bool intact(const void *p) {
  Allocation a;
  if (!find_allocation(p, &a)) return true;
  for (const unsigned char *q = a.map + guard; q < a.begin; ++q)
    if (*q != canary) return false;
  for (const unsigned char *q = a.begin + a.bytes; q < a.map + a.map_bytes - guard; ++q)
    if (*q != canary) return false;
  return true;
}

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace xpiler
