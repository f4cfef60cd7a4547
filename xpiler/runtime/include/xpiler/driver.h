// The driver API, as far as it does what the runtime API does: devices, contexts, memory, streams, events. Modules are not
// there: what they would load is no source text. Read by the parser too, so it uses nothing but the runtime API.
#ifndef XPILER_DRIVER_H
#define XPILER_DRIVER_H

#define __cuda_cuda_h__
#define CUDAAPI

// Numbers: CUDA Driver API, "Data types used by CUDA driver"; they are the runtime API's wherever both have one.
enum cudaError_enum {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_INVALID_VALUE = 1,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NOT_INITIALIZED = 3,
  CUDA_ERROR_DEINITIALIZED = 4,
  CUDA_ERROR_NO_DEVICE = 100,
  CUDA_ERROR_INVALID_DEVICE = 101,
  CUDA_ERROR_INVALID_CONTEXT = 201,
  CUDA_ERROR_INVALID_HANDLE = 400,
  CUDA_ERROR_NOT_FOUND = 500,
  CUDA_ERROR_NOT_READY = 600,
  CUDA_ERROR_ILLEGAL_ADDRESS = 700,
  CUDA_ERROR_LAUNCH_FAILED = 719,
  CUDA_ERROR_NOT_SUPPORTED = 801,
  CUDA_ERROR_UNKNOWN = 999
};
typedef cudaError_enum CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef cudaStream_t CUstream;
typedef cudaEvent_t CUevent;
enum CUdevice_attribute {
  CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 1,
  CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X = 2,
  CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y = 3,
  CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z = 4,
  CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X = 5,
  CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y = 6,
  CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z = 7,
  CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK = 8,
  CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY = 9,
  CU_DEVICE_ATTRIBUTE_WARP_SIZE = 10,
  CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK = 12,
  CU_DEVICE_ATTRIBUTE_CLOCK_RATE = 13,
  CU_DEVICE_ATTRIBUTE_GPU_OVERLAP = 15,
  CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
  CU_DEVICE_ATTRIBUTE_INTEGRATED = 18,
  CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY = 19,
  CU_DEVICE_ATTRIBUTE_COMPUTE_MODE = 20,
  CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS = 31,
  CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE = 36,
  CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH = 37,
  CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE = 38,
  CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR = 39,
  CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING = 41,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR = 81,
  CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY = 83,
  CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS = 89,
  CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH = 95,
  CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97,
  CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED = 115
};
enum {
  CU_CTX_SCHED_AUTO = 0,
  CU_CTX_SCHED_SPIN = 1,
  CU_CTX_SCHED_YIELD = 2,
  CU_CTX_SCHED_BLOCKING_SYNC = 4,
  CU_CTX_MAP_HOST = 8,
  CU_STREAM_DEFAULT = 0,
  CU_STREAM_NON_BLOCKING = 1,
  CU_EVENT_DEFAULT = 0,
  CU_EVENT_BLOCKING_SYNC = 1,
  CU_EVENT_DISABLE_TIMING = 2,
  CU_MEM_ATTACH_GLOBAL = 1,
  CU_MEM_ATTACH_HOST = 2
};

#define XP_DRIVER(name, parameters, call) \
  inline CUresult name parameters { return static_cast<CUresult>(call); }

XP_DRIVER(cuInit, (unsigned), cudaSuccess)
XP_DRIVER(cuDriverGetVersion, (int *version), cudaDriverGetVersion(version))
XP_DRIVER(cuDeviceGetCount, (int *count), cudaGetDeviceCount(count))
XP_DRIVER(cuDeviceGetAttribute, (int *value, CUdevice_attribute what, CUdevice device),
          cudaDeviceGetAttribute(value, static_cast<cudaDeviceAttr>(what), device))
inline CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  int count = 0;
  cudaGetDeviceCount(&count);
  *device = ordinal;
  return ordinal >= 0 && ordinal < count ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}
inline CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
  cudaDeviceProp prop;
  const cudaError_t error = cudaGetDeviceProperties(&prop, device);
  for (int i = 0; i < length; i++) {
    name[i] = i + 1 < length ? prop.name[i] : 0;
    if (name[i] == 0) break;
  }
  return static_cast<CUresult>(error);
}
inline CUresult cuDeviceTotalMem(size_t *bytes, CUdevice device) {
  cudaDeviceProp prop;
  const cudaError_t error = cudaGetDeviceProperties(&prop, device);
  *bytes = prop.totalGlobalMem;
  return static_cast<CUresult>(error);
}
inline CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device) {
  cuDeviceGetAttribute(major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device);
  return cuDeviceGetAttribute(minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device);
}

// One context, the device's own; others are as good as it.
inline CUresult cuCtxGetCurrent(CUcontext *context) {
  *context = reinterpret_cast<CUcontext>(1);
  return CUDA_SUCCESS;
}
inline CUresult cuCtxCreate(CUcontext *context, unsigned, CUdevice) { return cuCtxGetCurrent(context); }
inline CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice) { return cuCtxGetCurrent(context); }
inline CUresult cuCtxPopCurrent(CUcontext *context) { return context ? cuCtxGetCurrent(context) : CUDA_SUCCESS; }
XP_DRIVER(cuDevicePrimaryCtxRelease, (CUdevice), cudaSuccess)
XP_DRIVER(cuCtxDestroy, (CUcontext), cudaSuccess)
XP_DRIVER(cuCtxPushCurrent, (CUcontext), cudaSuccess)
XP_DRIVER(cuCtxSetCurrent, (CUcontext), cudaSuccess)
XP_DRIVER(cuCtxGetDevice, (CUdevice *device), cudaGetDevice(device))
XP_DRIVER(cuCtxSynchronize, (), cudaDeviceSynchronize())

inline void *xp_pointer(CUdeviceptr p) { return reinterpret_cast<void *>(p); }
inline CUresult cuMemAlloc(CUdeviceptr *p, size_t bytes) {
  void *made = nullptr;
  const cudaError_t error = cudaMalloc(&made, bytes);
  *p = reinterpret_cast<CUdeviceptr>(made);
  return static_cast<CUresult>(error);
}
inline CUresult cuMemAllocManaged(CUdeviceptr *p, size_t bytes, unsigned) { return cuMemAlloc(p, bytes); }
inline CUresult cuMemAllocPitch(CUdeviceptr *p, size_t *pitch, size_t width, size_t height, unsigned) {
  void *made = nullptr;
  const cudaError_t error = cudaMallocPitch(&made, pitch, width, height);
  *p = reinterpret_cast<CUdeviceptr>(made);
  return static_cast<CUresult>(error);
}
XP_DRIVER(cuMemFree, (CUdeviceptr p), cudaFree(xp_pointer(p)))
XP_DRIVER(cuMemAllocHost, (void **p, size_t bytes), cudaMallocHost(p, bytes))
XP_DRIVER(cuMemHostAlloc, (void **p, size_t bytes, unsigned flags), cudaHostAlloc(p, bytes, flags))
XP_DRIVER(cuMemFreeHost, (void *p), cudaFreeHost(p))
XP_DRIVER(cuMemGetInfo, (size_t *free, size_t *total), cudaMemGetInfo(free, total))
XP_DRIVER(cuMemcpyHtoD, (CUdeviceptr to, const void *from, size_t bytes),
          cudaMemcpy(xp_pointer(to), from, bytes, cudaMemcpyHostToDevice))
XP_DRIVER(cuMemcpyDtoH, (void *to, CUdeviceptr from, size_t bytes),
          cudaMemcpy(to, xp_pointer(from), bytes, cudaMemcpyDeviceToHost))
XP_DRIVER(cuMemcpyDtoD, (CUdeviceptr to, CUdeviceptr from, size_t bytes),
          cudaMemcpy(xp_pointer(to), xp_pointer(from), bytes, cudaMemcpyDeviceToDevice))
XP_DRIVER(cuMemcpyHtoDAsync, (CUdeviceptr to, const void *from, size_t bytes, CUstream stream),
          cudaMemcpyAsync(xp_pointer(to), from, bytes, cudaMemcpyHostToDevice, stream))
XP_DRIVER(cuMemcpyDtoHAsync, (void *to, CUdeviceptr from, size_t bytes, CUstream stream),
          cudaMemcpyAsync(to, xp_pointer(from), bytes, cudaMemcpyDeviceToHost, stream))
XP_DRIVER(cuMemcpyDtoDAsync, (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream),
          cudaMemcpyAsync(xp_pointer(to), xp_pointer(from), bytes, cudaMemcpyDeviceToDevice, stream))
XP_DRIVER(cuMemsetD8, (CUdeviceptr p, unsigned char value, size_t bytes), cudaMemset(xp_pointer(p), value, bytes))
inline CUresult cuMemsetD32(CUdeviceptr p, unsigned value, size_t count) {
  CUresult result = CUDA_SUCCESS;
  for (size_t i = 0; i < count && result == CUDA_SUCCESS; i++) result = cuMemcpyHtoD(p + 4 * i, &value, 4);
  return result;
}

XP_DRIVER(cuStreamCreate, (CUstream *stream, unsigned flags), cudaStreamCreateWithFlags(stream, flags))
XP_DRIVER(cuStreamDestroy, (CUstream stream), cudaStreamDestroy(stream))
XP_DRIVER(cuStreamSynchronize, (CUstream stream), cudaStreamSynchronize(stream))
XP_DRIVER(cuStreamQuery, (CUstream stream), cudaStreamQuery(stream))
XP_DRIVER(cuStreamWaitEvent, (CUstream stream, CUevent event, unsigned flags), cudaStreamWaitEvent(stream, event, flags))
XP_DRIVER(cuEventCreate, (CUevent *event, unsigned flags), cudaEventCreateWithFlags(event, flags))
XP_DRIVER(cuEventDestroy, (CUevent event), cudaEventDestroy(event))
XP_DRIVER(cuEventRecord, (CUevent event, CUstream stream), cudaEventRecord(event, stream))
XP_DRIVER(cuEventSynchronize, (CUevent event), cudaEventSynchronize(event))
XP_DRIVER(cuEventQuery, (CUevent event), cudaEventQuery(event))
XP_DRIVER(cuEventElapsedTime, (float *ms, CUevent start, CUevent stop), cudaEventElapsedTime(ms, start, stop))
#undef XP_DRIVER

inline CUresult cuGetErrorName(CUresult error, const char **text) {
  *text = cudaGetErrorName(static_cast<cudaError_t>(error));
  return CUDA_SUCCESS;
}
inline CUresult cuGetErrorString(CUresult error, const char **text) {
  *text = cudaGetErrorString(static_cast<cudaError_t>(error));
  return CUDA_SUCCESS;
}

#endif
