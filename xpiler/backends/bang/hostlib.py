"""Host functions that a translated file needs where CNRT has no single call: each is put into files that use it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

__all__ = ["MANAGED", "host_functions", "missing_functions"]

MANAGED: Final = "xp_malloc_managed"
"""The function whose use makes launches carry managed memory to the device and back."""

_ELAPSED: Final = """\
static inline cnrtRet_t xp_elapsed(float *milliseconds, cnrtNotifier_t start, cnrtNotifier_t end) {
  float microseconds = 0;
  cnrtRet_t status = cnrtNotifierDuration(start, end, &microseconds);
  *milliseconds = microseconds / 1000;
  return status;
}
"""
_FREE_ASYNC: Final = """\
static inline cnrtRet_t xp_free_async(void *pointer, cnrtQueue_t queue) {
  cnrtRet_t status = cnrtQueueSync(queue);
  return status == cnrtSuccess ? cnrtFree(pointer) : status;
}
"""
_QUEUE_WAIT: Final = """\
// the host waits: later than a device-side wait, never earlier
static inline cnrtRet_t xp_queue_wait(cnrtQueue_t, cnrtNotifier_t notifier, unsigned int = 0) {
  return cnrtWaitNotifier(notifier);
}
"""
_MEMCPY_2D: Final = """\
static inline cnrtRet_t xp_memcpy2d(void *dst, size_t dst_pitch, const void *src, size_t src_pitch, size_t width,
                                    size_t height, cnrtMemTransDir_t way) {
  cnrtRet_t status = cnrtSuccess;
  for (size_t row = 0; row < height && status == cnrtSuccess; ++row) {
    status = cnrtMemcpy((char *)dst + row * dst_pitch, (char *)src + row * src_pitch, width, way);
  }
  return status;
}
"""
_MALLOC_PITCH: Final = """\
static inline cnrtRet_t xp_malloc_pitch(void **pointer, size_t *pitch, size_t width, size_t height) {
  *pitch = (width + 511) / 512 * 512;
  return cnrtMalloc(pointer, *pitch * height);
}
"""
_MANAGED: Final = """\
// Managed memory lies on the host; a launch takes what it is given to the device, waits, and brings it back.
struct xp_managed_range {
  char *host;
  void *device;
  size_t bytes;
  bool sent;
  xp_managed_range *next;
};
static xp_managed_range *xp_managed_ranges = nullptr;
static inline xp_managed_range *xp_managed(const void *pointer) {
  const char *p = (const char *)pointer;
  for (xp_managed_range *r = xp_managed_ranges; r != nullptr; r = r->next) {
    if (p >= r->host && p < r->host + r->bytes) return r;
  }
  return nullptr;
}
static inline cnrtRet_t xp_malloc_managed(void **pointer, size_t bytes) {
  void *device = nullptr;
  cnrtRet_t status = cnrtMalloc(&device, bytes);
  if (status != cnrtSuccess) return status;
  *pointer = calloc(bytes == 0 ? 1 : bytes, 1);
  if (*pointer == nullptr) return cnrtErrorNoMem;
  xp_managed_ranges = new xp_managed_range{(char *)*pointer, device, bytes, false, xp_managed_ranges};
  return cnrtSuccess;
}
static inline cnrtRet_t xp_free(void *pointer) {
  for (xp_managed_range **at = &xp_managed_ranges; *at != nullptr; at = &(*at)->next) {
    xp_managed_range *r = *at;
    if (r->host != (char *)pointer) continue;
    *at = r->next;
    cnrtRet_t status = cnrtFree(r->device);
    free(r->host);
    delete r;
    return status;
  }
  return cnrtFree(pointer);
}
static inline void *xp_send(const void *pointer) {
  xp_managed_range *r = xp_managed(pointer);
  if (r == nullptr) return (void *)pointer;
  if (!r->sent) cnrtMemcpy(r->device, r->host, r->bytes, cnrtMemcpyHostToDev);
  r->sent = true;
  return (char *)r->device + ((const char *)pointer - r->host);
}
static inline void xp_bring_back(cnrtQueue_t queue) {
  cnrtQueueSync(queue);
  for (xp_managed_range *r = xp_managed_ranges; r != nullptr; r = r->next) {
    if (r->sent) cnrtMemcpy(r->host, r->device, r->bytes, cnrtMemcpyDevToHost);
    r->sent = false;
  }
}
static inline cnrtRet_t xp_copy(void *dst, void *src, size_t bytes, cnrtMemTransDir_t way) {
  const bool to = way == cnrtMemcpyHostToDev || way == cnrtMemcpyDevToDev;
  const bool from = way == cnrtMemcpyDevToHost || way == cnrtMemcpyDevToDev;
  if (xp_managed(dst) == nullptr && xp_managed(src) == nullptr) return cnrtMemcpy(dst, src, bytes, way);
  const bool to_device = to && xp_managed(dst) == nullptr, from_device = from && xp_managed(src) == nullptr;
  if (!to_device && !from_device) {
    memmove(dst, src, bytes);
    return cnrtSuccess;
  }
  return cnrtMemcpy(dst, src, bytes, to_device ? cnrtMemcpyHostToDev : cnrtMemcpyDevToHost);
}
static inline cnrtRet_t xp_fill(void *pointer, int value, size_t bytes) {
  if (xp_managed(pointer) == nullptr) return cnrtMemset(pointer, value, bytes);
  memset(pointer, value, bytes);
  return cnrtSuccess;
}
"""

_DEVICE: Final = """\
// What host code asks of a device: the MLU's name, memory and cores; for the rest, what CUDA launches may ask for.
struct xp_device_prop {
  char name[256] = "";
  size_t totalGlobalMem = 0, sharedMemPerBlock = 48 * 1024, sharedMemPerBlockOptin = 48 * 1024;
  size_t sharedMemPerMultiprocessor = 48 * 1024, totalConstMem = 64 * 1024, memPitch = 0x7fffffff;
  int multiProcessorCount = 0, warpSize = 32, maxThreadsPerBlock = 1024, maxThreadsPerMultiProcessor = 1024;
  int maxThreadsDim[3] = {1024, 1024, 64}, maxGridSize[3] = {0x7fffffff, 65535, 65535};
  int major = 0, minor = 0, clockRate = 0, memoryClockRate = 0, memoryBusWidth = 0, l2CacheSize = 0;
  int regsPerBlock = 65536, deviceOverlap = 1, asyncEngineCount = 1, concurrentKernels = 1, integrated = 0;
  int canMapHostMemory = 0, unifiedAddressing = 0, managedMemory = 1, concurrentManagedAccess = 0;
  int cooperativeLaunch = 0, kernelExecTimeoutEnabled = 0, ECCEnabled = 0, computeMode = 0;
};
static inline cnrtRet_t xp_device_properties(xp_device_prop *prop, int device = 0) {
  cnrtDeviceProp_t mlu;
  size_t unused = 0;
  *prop = xp_device_prop();
  cnrtRet_t status = cnrtGetDeviceProperties(&mlu, device);
  if (status != cnrtSuccess) return status;
  for (int i = 0; i < 255 && mlu.name[i] != 0; ++i) prop->name[i] = mlu.name[i];
  prop->multiProcessorCount = mlu.clusterCount * mlu.McorePerCluster;
  return cnrtMemGetInfo(&unused, &prop->totalGlobalMem);
}
template <class T>
static inline cnrtRet_t xp_device_attribute(int *value, T xp_device_prop::*which, int device) {
  xp_device_prop prop;
  cnrtRet_t status = xp_device_properties(&prop, device);
  *value = (int)(prop.*which);
  return status;
}
"""
_OCCUPANCY: Final = """\
// Sizes of launches: any serves, since 16 tasks share the blocks.
static inline cnrtRet_t xp_block_size(int *grid, int *block) {
  *grid = 16;
  *block = 256;
  return cnrtSuccess;
}
static inline cnrtRet_t xp_active_blocks(int *blocks) {
  *blocks = 1;
  return cnrtSuccess;
}
"""
_PAIRS: Final = {
    "xp_half2": "static inline half2 xp_half2(float x, float y) { return {(half)x, (half)y}; }\n",
    "xp_bfloat162": "static inline bfloat162 xp_bfloat162(float x, float y) { return {(bfloat16_t)x, (bfloat16_t)y}; }\n",
    "xp_float2": "template <class T>\n"
    "static inline float2 xp_float2(T pair) { return {(float)pair.x, (float)pair.y}; }\n",
}
"""Pairs of 16-bit floats, made and read by host code."""

_FUNCTIONS: Final = {
    **_PAIRS,
    "xp_elapsed": _ELAPSED,
    "xp_free_async": _FREE_ASYNC,
    "xp_queue_wait": _QUEUE_WAIT,
    "xp_memcpy2d": _MEMCPY_2D,
    "xp_malloc_pitch": _MALLOC_PITCH,
    "xp_device_prop|xp_device_attribute": _DEVICE,
    "xp_block_size|xp_active_blocks": _OCCUPANCY,
    MANAGED: "#include <stdlib.h>\n#include <string.h>\n\n" + _MANAGED,
}


_MISSING: Final = """\
#include <stdio.h>
#include <stdlib.h>

// A CUDA call without a counterpart ends the program and says which it was.
static inline cnrtRet_t xp_missing(const char *name) {
  fprintf(stderr, "%s has no counterpart in CNRT\\n", name);
  exit(1);
}
"""


def missing_functions(names: Iterable[str], body: str) -> Iterator[str]:
    """`names` that the text calls, as calls that fail loudly: the rest of the file builds and runs."""
    called = [name for name in names if re.search(rf"\b{name}\s*\(", body)]
    if called:
        yield _MISSING + "".join(f'#define {n}(...) xp_missing("{n}")\n' for n in called)


def host_functions(body: str) -> Iterator[str]:
    """What a file's text names of them."""
    for name, text in _FUNCTIONS.items():
        if re.search(rf"\b(?:{name})\b", body):
            yield text
