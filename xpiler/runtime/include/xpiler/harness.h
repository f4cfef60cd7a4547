/* How a built program is called: the same for the source, for every candidate and on every target. C and C++. */
#ifndef XPILER_HARNESS_H
#define XPILER_HARNESS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A launch. `seed` 0 runs threads and blocks in order, any other one shuffles them. */
typedef struct xp_launch {
  unsigned grid[3];
  unsigned block[3];
  size_t shared_bytes;
  unsigned warp_size;
  unsigned seed;
  unsigned cooperative;
} xp_launch;

/*
 * A program defines, for every entry i,
 *
 *   void xp_call_<i>(const xp_launch *launch, void *const *args);
 *
 * where args[j] points at the value of the j-th parameter: for a buffer at the pointer to its first element.
 * It may define
 *
 *   void *xp_symbol(const char *name, size_t *bytes);
 *
 * which gives the address and size of data at file scope (`__constant__`, `__device__`), or null.
 */
typedef void xp_entry(const xp_launch *launch, void *const *args);
void *xp_symbol(const char *name, size_t *bytes) __attribute__((weak));

#ifdef __cplusplus
}
#endif

#endif
