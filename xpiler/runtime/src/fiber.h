// A context switch of two stacks: hand-written for x86-64, ucontext elsewhere.
#ifndef XPILER_FIBER_H
#define XPILER_FIBER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

namespace xpiler {

#if defined(__x86_64__)

extern "C" void xp_switch_stack(void **save, void *load);
asm(R"(
.text
.globl xp_switch_stack
.type xp_switch_stack, @function
xp_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size xp_switch_stack, .-xp_switch_stack
)");

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
  static constexpr size_t stack_bytes = 256 * 1024;

  static Fiber *create(void (*entry)()) {
    void *map = mmap(nullptr, stack_bytes + guard, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (map == MAP_FAILED) return nullptr;
    mprotect(map, guard, PROT_NONE);
    auto *fiber = new Fiber;
    fiber->stack = static_cast<unsigned char *>(map) + guard;
    fiber->context.prepare(fiber->stack, stack_bytes, entry);
    return fiber;
  }
  bool overflowed_at(const void *address) const {
    auto *p = static_cast<const unsigned char *>(address);
    return p >= stack - guard && p < stack;
  }
};

}  // namespace xpiler

#endif
