// What the compiler calls where an index leaves an array whose size it knows (-fsanitize=bounds).
//
// The layout is that of GCC's and Clang's undefined behaviour sanitizer, so no library of theirs is needed.
#include <stdint.h>

#include "xpiler/engine.h"

namespace {

struct SourceLocation {
  const char *file;
  uint32_t line, column;
};

struct TypeDescriptor {
  uint16_t kind, info;
  char name[1];  // quoted: 'float [16]'
};

struct OutOfBounds {
  SourceLocation place;
  const TypeDescriptor *array, *index;
};

}  // namespace

// `info` of an integer holds its width's logarithm and, in the lowest bit, whether it is signed.
extern "C" void __ubsan_handle_out_of_bounds(const OutOfBounds *found, uintptr_t index) {
  if (!xpiler::options.index_checks) return;
  unsigned bits = 1u << (found->index->info >> 1);
  long long value = static_cast<long long>(index);
  if (bits < 64) value = static_cast<long long>(index << (64 - bits)) >> (64 - bits);
  xpiler::fail(xpiler::fault_index, "index %lld of an array of type %s at %s:%u", value, found->array->name,
               found->place.file, found->place.line);
}
