// A context switch of two stacks: hand-written for x86-64, ucontext elsewhere.
#ifndef XPILER_FIBER_H
#define XPILER_FIBER_H

#include <stddef.h>
#include <stdint.h>

namespace xpiler {

#if defined(__x86_64__)

extern "C" void xp_switch_stack(void **save, void *load);

struct Context {
  void *stack_pointer = nullptr;
  void prepare(unsigned char *stack, size_t bytes, void (*entry)()) {
    auto top = reinterpret_cast<uintptr_t>(stack + bytes) & ~uintptr_t(15);
    auto *slot = reinterpret_cast<void **>(top) - 1;
    *slot = nullptr;  // no return address: `entry` never returns
    *--slot = reinterpret_cast<void *>(entry);
    for (int saved = 0; saved < 6; ++saved) *--slot = nullptr;
    stack_pointer = slot;
  }
  static void change(Context &from, Context &to) { xp_switch_stack(&from.stack_pointer, to.stack_pointer); }
};

#else

}  // namespace xpiler
#include <ucontext.h>
namespace xpiler {

struct Context {
  ucontext_t context;
  void prepare(unsigned char *stack, size_t bytes, void (*entry)()) {
    getcontext(&context);
    context.uc_stack.ss_sp = stack;
    context.uc_stack.ss_size = bytes;
    context.uc_link = nullptr;
    makecontext(&context, entry, 0);
  }
  static void change(Context &from, Context &to) { swapcontext(&from.context, &to.context); }
};

#endif

struct Fiber {
  Context context;
  unsigned char *stack = nullptr;
  static constexpr size_t guard = 4096;
  static constexpr size_t stagger = 320, stagger_steps = 128;  // what a waiting thread has in use, about
  static constexpr size_t stack_bytes = 256 * 1024 + stagger * stagger_steps;

  static Fiber *create(void (*entry)());  // null when there is no memory
  bool overflowed_at(const void *address) const {
    auto *p = static_cast<const unsigned char *>(address);
    return p >= stack - guard && p < stack;
  }
};

}  // namespace xpiler

#endif
