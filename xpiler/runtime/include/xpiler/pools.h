// Memory pools. Streams run at once, so a pool's memory is memory like any other: what is freed may be used again
// at once, and no access from another stream can come too early. Read by the parser too: no bodies of the runtime's own.
#ifndef XPILER_POOLS_H
#define XPILER_POOLS_H

struct CUmemPoolHandle_st {
  cudaMemPoolProps props;
  unsigned long long threshold;  // bytes kept at a synchronisation; nothing is given back here before the program ends
  int reuse[3];
};

inline cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *pool, int device) {
  static CUmemPoolHandle_st whole = {
      {cudaMemAllocationTypePinned, cudaMemHandleTypeNone, {cudaMemLocationTypeDevice, 0}, nullptr, 0, {}}, 0, {1, 1, 1}};
  *pool = &whole;
  return device == 0 ? cudaSuccess : cudaErrorInvalidDevice;
}
inline cudaError_t cudaDeviceGetMemPool(cudaMemPool_t *pool, int device) {
  return cudaDeviceGetDefaultMemPool(pool, device);
}
inline cudaError_t cudaDeviceSetMemPool(int device, cudaMemPool_t) {
  return device == 0 ? cudaSuccess : cudaErrorInvalidDevice;
}
inline cudaError_t cudaMemPoolCreate(cudaMemPool_t *pool, const cudaMemPoolProps *props) {
  *pool = new CUmemPoolHandle_st{*props, 0, {1, 1, 1}};
  return cudaSuccess;
}
inline cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  delete pool;
  return cudaSuccess;
}
inline cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, size_t) { return cudaSuccess; }
inline cudaError_t cudaMemPoolSetAccess(cudaMemPool_t, const cudaMemAccessDesc *, size_t) { return cudaSuccess; }
inline cudaError_t cudaMemPoolGetAccess(cudaMemAccessFlags *flags, cudaMemPool_t, cudaMemLocation *) {
  *flags = cudaMemAccessFlagsProtReadWrite;
  return cudaSuccess;
}
inline cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value) {
  if (attribute == cudaMemPoolAttrReleaseThreshold) {
    pool->threshold = *static_cast<unsigned long long *>(value);
  } else if (attribute < cudaMemPoolAttrReleaseThreshold) {
    pool->reuse[attribute - 1] = *static_cast<int *>(value);
  } else {
    return cudaErrorNotSupported;  // the highest amounts, which are not counted
  }
  return cudaSuccess;
}
inline cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value) {
  if (attribute == cudaMemPoolAttrReleaseThreshold) {
    *static_cast<unsigned long long *>(value) = pool->threshold;
  } else if (attribute < cudaMemPoolAttrReleaseThreshold) {
    *static_cast<int *>(value) = pool->reuse[attribute - 1];
  } else {
    return cudaErrorNotSupported;
  }
  return cudaSuccess;
}
template <class T> cudaError_t cudaMallocFromPoolAsync(T **p, size_t bytes, cudaMemPool_t, cudaStream_t stream) {
  return cudaMallocAsync(p, bytes, stream);
}
template <class T> cudaError_t cudaMallocAsync(T **p, size_t bytes, cudaMemPool_t, cudaStream_t stream) {
  return cudaMallocAsync(p, bytes, stream);
}

#include "hints.h"

#endif
