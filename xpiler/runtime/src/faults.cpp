// What ends the process: faults that the runtime finds, signals, and indices that leave an array.
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scheduler.h"

namespace xpiler {

namespace {

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
    fprintf(stderr, "xpiler: in kernel `%s` block (%u,%u,%u) thread (%u,%u,%u), launched at %s:%d\n", grid.kernel, b.x,
            b.y, b.z, t.x, t.y, t.z, grid.site.file, grid.site.line);
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

Fault describe_buffer(const unsigned char *p, const Allocation &a, char *text, size_t room) {
  if (p < a.begin) {
    snprintf(text, room, "%zu bytes before %s of %zu bytes", size_t(a.begin - p), a.what, a.bytes);
  } else if (p >= a.begin + a.bytes) {
    snprintf(text, room, "%zu bytes past the end of %s of %zu bytes", size_t(p - a.begin - a.bytes), a.what, a.bytes);
  } else if (a.read_only) {
    snprintf(text, room, "byte %zu of a read-only buffer of %zu bytes", size_t(p - a.begin), a.bytes);
    return fault_read_only;
  } else {
    snprintf(text, room, "byte %zu of %s of %zu bytes", size_t(p - a.begin), a.what, a.bytes);
  }
  return fault_out_of_bounds;
}

Fault describe_segv(const siginfo_t *info, char *text, size_t room) {
  const auto *p = static_cast<const unsigned char *>(info->si_addr);
  if (running_fiber && running_fiber->overflowed_at(p)) {
    snprintf(text, room, "a thread's stack of %zu KiB is used up", Fiber::stack_bytes / 1024);
    return fault_stack;
  }
  if (info->si_code == SI_KERNEL) {
    snprintf(text, room, "a vector access is not aligned to its size (or an address is not canonical)");
    return fault_misaligned;
  }
  if (describe_shared(p, text, room)) return fault_out_of_bounds;
  Allocation a;
  if (find_allocation(p, &a)) return describe_buffer(p, a, text, room);
  if (reinterpret_cast<uintptr_t>(p) < 4096)
    snprintf(text, room, "a null pointer is followed");
  else
    snprintf(text, room, "address %p is in no buffer", static_cast<const void *>(p));
  return fault_out_of_bounds;
}

void on_signal(int number, siginfo_t *info, void *) {
  char text[256];
  Fault fault = fault_arithmetic;
  if (number == SIGSEGV || number == SIGBUS) {
    fault = describe_segv(info, text, sizeof text);
  } else if (number == SIGFPE) {
    snprintf(text, sizeof text, "integer division by zero");
  } else {
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
  struct sigaction action{};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND;
  for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(number, &action, nullptr);
}

}  // namespace xpiler

// --- indices ------------------------------------------------------------------------------------

// The compiler calls this where an index leaves an array whose size it knows (-fsanitize=bounds). The layout is
// that of the undefined behaviour sanitizer of GCC and Clang, so that no library of theirs is needed.
namespace {

struct SourceLocation {
  const char *file;
  uint32_t line, column;
};

struct TypeDescriptor {
  uint16_t kind, info;  // of an integer: twice the logarithm of its width, plus one if it is signed
  char name[1];         // quoted: 'float [16]'
};

struct OutOfBounds {
  SourceLocation place;
  const TypeDescriptor *array, *index;
};

}  // namespace

extern "C" void __ubsan_handle_out_of_bounds(const OutOfBounds *found, uintptr_t index) {
  if (!xpiler::options.index_checks) return;
  unsigned bits = 1u << (found->index->info >> 1);
  auto value = static_cast<long long>(index);
  if (bits < 64) value = static_cast<long long>(index << (64 - bits)) >> (64 - bits);
  xpiler::fail(xpiler::fault_index, "index %lld of an array of type %s at %s:%u", value, found->array->name,
               found->place.file, found->place.line);
}
