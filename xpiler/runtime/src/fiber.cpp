// The switch of two stacks, and the memory of one.
#include "fiber.h"

#include <sys/mman.h>

#if defined(__x86_64__)
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
#endif

namespace xpiler {

Fiber *Fiber::create(void (*entry)()) {
  void *map = mmap(nullptr, stack_bytes + guard, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (map == MAP_FAILED) return nullptr;
  mprotect(map, guard, PROT_NONE);
  auto *fiber = new Fiber;
  fiber->stack = static_cast<unsigned char *>(map) + guard;
  // Tops of stacks at one distance from each other would all fall into the same few sets of the cache.
  static unsigned made = 0;
  fiber->context.prepare(fiber->stack, stack_bytes - made++ % stagger_steps * stagger, entry);
  return fiber;
}

}  // namespace xpiler
