// CNRT, the host API, on the simulator: memory is the host's, a queue runs at once, a notifier is a clock reading.
//
// Names and meaning: the public CNRT user guide. Device memory is filled with a pattern when it is allocated.
#pragma once

#include <chrono>
#include <cstdlib>
#include <cstring>

#include "bang/tasks.h"

enum cnrtRet_t { cnrtSuccess = 0, cnrtErrorArgsInvalid = 100100, cnrtErrorNoMem = 100101 };
enum cnrtMemTransDir_t {
  cnrtMemcpyHostToDev,
  cnrtMemcpyDevToDev,
  cnrtMemcpyDevToHost,
  cnrtMemcpyHostToHost,
  cnrtMemcpyNoDirection,
};
struct cnrtNotifierStand {
  std::chrono::steady_clock::time_point at;
};
typedef cnrtNotifierStand *cnrtNotifier_t;

/// Allocate `bytes` of device memory.
inline cnrtRet_t cnrtMalloc(void **pointer, size_t bytes) {
  if (pointer == nullptr) return cnrtErrorArgsInvalid;
  const size_t size = (bytes + 127) / 128 * 128;
  *pointer = std::aligned_alloc(128, size == 0 ? 128 : size);
  if (*pointer == nullptr) return cnrtErrorNoMem;
  std::memset(*pointer, 0xFF, bytes);
  return cnrtSuccess;
}
inline cnrtRet_t cnrtFree(void *pointer) {
  std::free(pointer);
  return cnrtSuccess;
}
inline cnrtRet_t cnrtHostMalloc(void **pointer, size_t bytes) { return cnrtMalloc(pointer, bytes); }
inline cnrtRet_t cnrtFreeHost(void *pointer) { return cnrtFree(pointer); }
inline cnrtRet_t cnrtMemcpy(void *dst, void *src, size_t bytes, cnrtMemTransDir_t) {
  std::memmove(dst, src, bytes);
  return cnrtSuccess;
}
inline cnrtRet_t cnrtMemcpyAsync(void *dst, void *src, size_t bytes, cnrtQueue_t, cnrtMemTransDir_t dir) {
  return cnrtMemcpy(dst, src, bytes, dir);
}
inline cnrtRet_t cnrtMemset(void *dst, int value, size_t bytes) {
  std::memset(dst, value, bytes);
  return cnrtSuccess;
}
inline cnrtRet_t cnrtMemsetAsync(void *dst, int value, size_t bytes, cnrtQueue_t) {
  return cnrtMemset(dst, value, bytes);
}
inline cnrtRet_t cnrtQueueCreate(cnrtQueue_t *queue) {
  *queue = nullptr;
  return cnrtSuccess;
}
inline cnrtRet_t cnrtQueueDestroy(cnrtQueue_t) { return cnrtSuccess; }
inline cnrtRet_t cnrtQueueSync(cnrtQueue_t) { return cnrtSuccess; }
inline cnrtRet_t cnrtSyncDevice() { return cnrtSuccess; }
inline cnrtRet_t cnrtSetDevice(int) { return cnrtSuccess; }
inline cnrtRet_t cnrtGetDevice(int *device) {
  *device = 0;
  return cnrtSuccess;
}
inline cnrtRet_t cnrtGetDeviceCount(unsigned int *count) {
  *count = 1;
  return cnrtSuccess;
}
struct cnrtDeviceProp_t {
  char name[256];
  int clusterCount, McorePerCluster;
};
inline cnrtRet_t cnrtGetDeviceProperties(cnrtDeviceProp_t *prop, int device) {
  if (prop == nullptr || device != 0) return cnrtErrorArgsInvalid;
  std::strcpy(prop->name, "simulated MLU");
  prop->clusterCount = prop->McorePerCluster = 4;
  return cnrtSuccess;
}
/// Bytes of device memory.
inline cnrtRet_t cnrtMemGetInfo(size_t *free, size_t *total) {
  *free = *total = size_t(24) << 30;
  return cnrtSuccess;
}
inline cnrtRet_t cnrtGetLastError() { return cnrtSuccess; }
inline cnrtRet_t cnrtPeekAtLastError() { return cnrtSuccess; }
inline const char *cnrtGetErrorStr(cnrtRet_t error) {
  return error == cnrtSuccess ? "cnrtSuccess" : error == cnrtErrorNoMem ? "cnrtErrorNoMem" : "cnrtErrorArgsInvalid";
}
inline const char *cnrtGetErrorName(cnrtRet_t error) { return cnrtGetErrorStr(error); }
inline cnrtRet_t cnrtNotifierCreate(cnrtNotifier_t *notifier) {
  *notifier = new cnrtNotifierStand();
  return cnrtSuccess;
}
inline cnrtRet_t cnrtNotifierDestroy(cnrtNotifier_t notifier) {
  delete notifier;
  return cnrtSuccess;
}
inline cnrtRet_t cnrtPlaceNotifier(cnrtNotifier_t notifier, cnrtQueue_t) {
  notifier->at = std::chrono::steady_clock::now();
  return cnrtSuccess;
}
inline cnrtRet_t cnrtWaitNotifier(cnrtNotifier_t) { return cnrtSuccess; }
/// Microseconds between two notifiers.
inline cnrtRet_t cnrtNotifierDuration(cnrtNotifier_t start, cnrtNotifier_t end, float *microseconds) {
  *microseconds = std::chrono::duration<float, std::micro>(end->at - start->at).count();
  return cnrtSuccess;
}
