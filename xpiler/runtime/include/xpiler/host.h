// The host API that programs use. Device memory is host memory between guard pages; streams run at once.
#ifndef XPILER_HOST_H
#define XPILER_HOST_H

#include <string.h>

#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include "xpiler/engine.h"
#include "xpiler/api_types.h"

const char *cudaGetErrorString(cudaError_t error);
const char *cudaGetErrorName(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();

cudaError_t cudaMalloc(void **p, size_t bytes);
cudaError_t cudaFree(void *p);
cudaError_t cudaMallocHost(void **p, size_t bytes, unsigned flags = 0);
cudaError_t cudaFreeHost(void *p);
cudaError_t cudaMallocPitch(void **p, size_t *pitch, size_t width, size_t height);
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t height,
                         cudaMemcpyKind kind);
cudaError_t cudaMemset(void *to, int value, size_t bytes);
cudaError_t cudaMemset2D(void *to, size_t pitch, int value, size_t width, size_t height);
cudaError_t cudaMemGetInfo(size_t *free, size_t *total);
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *attributes, const void *p);

cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaSetDevice(int device);

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream = nullptr);
cudaError_t cudaEventQuery(cudaEvent_t event);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t stop);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);

namespace xpiler {
cudaError_t occupancy(int *blocks, int block_size, size_t shared);
cudaError_t set_attribute(cudaFuncAttribute attribute, int value);
cudaError_t function_attributes(cudaFuncAttributes *attributes);
cudaError_t last(bool ok);
cudaError_t device_properties(cudaDeviceProp *prop, int device, int warp);
cudaError_t device_attribute(int *value, cudaDeviceAttr attribute, int device, int warp);

template <class T> struct Parameter {
  using type = std::remove_cv_t<std::remove_reference_t<T>>;
};
using Step = std::function<void()>;

// A kernel whose parameters' types are known: `prepare.py` takes away the cast that hides them.
struct KernelPointer {
  // What runs the kernel on copies of the parameters that `args` points at.
  Step (*bind)(const KernelPointer &, const Config &, void **args) = nullptr;
  void (*kernel)() = nullptr;

  KernelPointer() = default;
  KernelPointer(std::nullptr_t) {}
  template <class... P>
  KernelPointer(void (*k)(P...))
      : bind(&bound<P...>), kernel(reinterpret_cast<void (*)()>(k)) {}

 private:
  template <class... P> static Step bound(const KernelPointer &self, const Config &config, void **args) {
    return copied(reinterpret_cast<void (*)(P...)>(self.kernel), config, args, std::index_sequence_for<P...>());
  }
  template <class... P, size_t... I>
  static Step copied(void (*k)(P...), const Config &config, [[maybe_unused]] void **args, std::index_sequence<I...>) {
    auto values = std::make_shared<std::tuple<typename Parameter<P>::type...>>(
        *static_cast<typename Parameter<P>::type *>(args[I])...);
    return [=] {
      auto thread = [&] { std::apply(k, *values); };
      run(Site{"a graph", 0}, "a graph's kernel", config, false, thread);
    };
  }
};

template <class... P, size_t... I>
void call_packed(void (*kernel)(P...), void **args, std::index_sequence<I...>) {
  kernel(*static_cast<typename Parameter<P>::type *>(args[I])...);
}
template <class... P>
cudaError_t launch_packed(Site site, bool cooperative, void (*kernel)(P...), dim3 grid, dim3 block, void **args,
                          size_t shared = 0, cudaStream_t = nullptr) {
  if (capturing()) {
    KernelPointer pointer(kernel);
    record(pointer.bind(pointer, Config(grid, block, shared), args));
    return cudaSuccess;
  }
  auto thread = [&] { call_packed(kernel, args, std::index_sequence_for<P...>()); };
  return last(run(site, "cudaLaunchKernel", Config(grid, block, shared), cooperative, thread));
}
}  // namespace xpiler

// The kernel itself, not a `const void *`, so that its parameters' types are known.
#define cudaLaunchKernel(...) ::xpiler::launch_packed(XPILER_SITE, false, __VA_ARGS__)
#define cudaLaunchCooperativeKernel(...) ::xpiler::launch_packed(XPILER_SITE, true, __VA_ARGS__)

template <class... P, class... A>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *c, void (*kernel)(P...), A... args) {
  auto thread = [&] { kernel(args...); };
  return xpiler::last(xpiler::run(xpiler::Site{"cudaLaunchKernelEx", 0}, "cudaLaunchKernelEx",
                                  xpiler::Config(c->gridDim, c->blockDim, c->dynamicSmemBytes), false, thread));
}

// The warp size is the program's, not the library's.
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp *prop, int device) {
  return xpiler::device_properties(prop, device, XPILER_WARP);
}
inline cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device) {
  return xpiler::device_attribute(value, attribute, device, XPILER_WARP);
}

namespace xpiler {
// What a stream is asked for: at once, or when the graph that is being captured is launched.
template <class F> cudaError_t now_or_later(F step) {
  if (!capturing()) return step();
  record([step] { step(); });
  return cudaSuccess;
}
}  // namespace xpiler

// --- the same under other names -----------------------------------------------------------------

template <class T> cudaError_t cudaMalloc(T **p, size_t bytes) { return cudaMalloc((void **)p, bytes); }
template <class T> cudaError_t cudaMallocHost(T **p, size_t bytes, unsigned flags = 0) {
  return cudaMallocHost((void **)p, bytes, flags);
}
template <class T> cudaError_t cudaHostAlloc(T **p, size_t bytes, unsigned flags) {
  return cudaMallocHost((void **)p, bytes, flags);
}
template <class T> cudaError_t cudaMallocManaged(T **p, size_t bytes, unsigned = cudaMemAttachGlobal) {
  return cudaMalloc((void **)p, bytes);
}
template <class T> cudaError_t cudaMallocAsync(T **p, size_t bytes, cudaStream_t) {
  cudaError_t error = cudaMalloc((void **)p, bytes);
  if (xpiler::capturing()) xpiler::keep(*p);
  return error;
}
template <class T> cudaError_t cudaMallocPitch(T **p, size_t *pitch, size_t width, size_t height) {
  return cudaMallocPitch((void **)p, pitch, width, height);
}
inline cudaError_t cudaFreeAsync(void *p, cudaStream_t) { return xpiler::capturing() ? cudaSuccess : cudaFree(p); }
inline cudaError_t cudaHostRegister(void *, size_t, unsigned) { return cudaSuccess; }
inline cudaError_t cudaHostUnregister(void *) { return cudaSuccess; }
template <class T> cudaError_t cudaHostGetDevicePointer(T **device, void *host, unsigned) {
  *device = static_cast<T *>(host);
  return cudaSuccess;
}
inline cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                                   cudaStream_t = nullptr) {
  return xpiler::now_or_later([=] { return cudaMemcpy(to, from, bytes, kind); });
}
inline cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                                     size_t height, cudaMemcpyKind kind, cudaStream_t = nullptr) {
  return xpiler::now_or_later([=] { return cudaMemcpy2D(to, to_pitch, from, from_pitch, width, height, kind); });
}
inline cudaError_t cudaMemcpyPeer(void *to, int, const void *from, int, size_t bytes) {
  return cudaMemcpy(to, from, bytes, cudaMemcpyDefault);
}
inline cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t = nullptr) {
  return xpiler::now_or_later([=] { return cudaMemset(to, value, bytes); });
}
inline cudaError_t cudaMemPrefetchAsync(const void *, size_t, int, cudaStream_t = nullptr) { return cudaSuccess; }
inline cudaError_t cudaMemAdvise(const void *, size_t, cudaMemoryAdvise, int) { return cudaSuccess; }
inline cudaError_t cudaStreamAttachMemAsync(cudaStream_t, void *, size_t = 0, unsigned = 0) { return cudaSuccess; }

template <class T>
cudaError_t cudaMemcpyToSymbol(const T &symbol, const void *from, size_t bytes, size_t offset = 0,
                               cudaMemcpyKind = cudaMemcpyHostToDevice) {
  if (offset + bytes > sizeof(T)) return cudaErrorInvalidValue;
  memcpy(const_cast<char *>(reinterpret_cast<const char *>(&symbol)) + offset, from, bytes);
  return cudaSuccess;
}
template <class T>
cudaError_t cudaMemcpyFromSymbol(void *to, const T &symbol, size_t bytes, size_t offset = 0,
                                 cudaMemcpyKind = cudaMemcpyDeviceToHost) {
  if (offset + bytes > sizeof(T)) return cudaErrorInvalidValue;
  memcpy(to, reinterpret_cast<const char *>(&symbol) + offset, bytes);
  return cudaSuccess;
}
template <class T>
cudaError_t cudaMemcpyToSymbolAsync(const T &symbol, const void *from, size_t bytes, size_t offset,
                                    cudaMemcpyKind kind, cudaStream_t = nullptr) {
  return cudaMemcpyToSymbol(symbol, from, bytes, offset, kind);
}
template <class T>
cudaError_t cudaMemcpyFromSymbolAsync(void *to, const T &symbol, size_t bytes, size_t offset, cudaMemcpyKind kind,
                                      cudaStream_t = nullptr) {
  return cudaMemcpyFromSymbol(to, symbol, bytes, offset, kind);
}
template <class P, class T> cudaError_t cudaGetSymbolAddress(P **p, const T &symbol) {
  *p = reinterpret_cast<P *>(const_cast<char *>(reinterpret_cast<const char *>(&symbol)));
  return cudaSuccess;
}
template <class T> cudaError_t cudaGetSymbolSize(size_t *bytes, const T &) {
  *bytes = sizeof(T);
  return cudaSuccess;
}

inline cudaError_t cudaEventCreate(cudaEvent_t *event) { return cudaEventCreateWithFlags(event, 0); }
inline cudaError_t cudaEventCreate(cudaEvent_t *event, unsigned flags) { return cudaEventCreateWithFlags(event, flags); }
inline cudaError_t cudaStreamCreate(cudaStream_t *stream) { return cudaStreamCreateWithFlags(stream, 0); }
inline cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int) {
  return cudaStreamCreateWithFlags(stream, flags);
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaPeekAtLastError(); }
inline cudaError_t cudaStreamQuery(cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned = 0) { return cudaSuccess; }
inline cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t call, void *data, unsigned) {
  call(stream, cudaSuccess, data);
  return cudaSuccess;
}
inline cudaError_t cudaLaunchHostFunc(cudaStream_t, cudaHostFn_t call, void *data) {
  return xpiler::now_or_later([=] {
    call(data);
    return cudaSuccess;
  });
}
inline cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *greatest) {
  *least = 0, *greatest = -1;
  return cudaSuccess;
}
inline cudaError_t cudaDeviceSynchronize() { return cudaPeekAtLastError(); }
inline cudaError_t cudaThreadSynchronize() { return cudaPeekAtLastError(); }
inline cudaError_t cudaDeviceReset() { return cudaSuccess; }
inline cudaError_t cudaThreadExit() { return cudaSuccess; }
inline cudaError_t cudaSetDeviceFlags(unsigned) { return cudaSuccess; }
inline cudaError_t cudaChooseDevice(int *device, const cudaDeviceProp *) {
  *device = 0;
  return cudaSuccess;
}
inline cudaError_t cudaDriverGetVersion(int *version) {
  *version = 12040;
  return cudaSuccess;
}
inline cudaError_t cudaRuntimeGetVersion(int *version) { return cudaDriverGetVersion(version); }
inline cudaError_t cudaDeviceSetCacheConfig(cudaFuncCache) { return cudaSuccess; }
inline cudaError_t cudaDeviceSetSharedMemConfig(cudaSharedMemConfig) { return cudaSuccess; }
inline cudaError_t cudaDeviceSetLimit(cudaLimit, size_t) { return cudaSuccess; }
inline cudaError_t cudaDeviceGetLimit(size_t *value, cudaLimit) {
  *value = 256 * 1024;
  return cudaSuccess;
}
inline cudaError_t cudaDeviceCanAccessPeer(int *can, int, int) {
  *can = 0;
  return cudaSuccess;
}
inline cudaError_t cudaDeviceEnablePeerAccess(int, unsigned) { return cudaErrorInvalidDevice; }
inline cudaError_t cudaProfilerStart() { return cudaSuccess; }
inline cudaError_t cudaProfilerStop() { return cudaSuccess; }

template <class F> cudaError_t cudaFuncSetAttribute(F, cudaFuncAttribute attribute, int value) {
  return xpiler::set_attribute(attribute, value);
}
template <class F> cudaError_t cudaFuncSetCacheConfig(F, cudaFuncCache) { return cudaSuccess; }
template <class F> cudaError_t cudaFuncSetSharedMemConfig(F, cudaSharedMemConfig) { return cudaSuccess; }
template <class F> cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, F) {
  return xpiler::function_attributes(attributes);
}
template <class F>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, F, int block_size, size_t shared) {
  return xpiler::occupancy(blocks, block_size, shared);
}
template <class F>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, F, int block_size, size_t shared,
                                                                   unsigned) {
  return xpiler::occupancy(blocks, block_size, shared);
}
template <class F>
cudaError_t cudaOccupancyMaxPotentialBlockSize(int *min_grid, int *block, F, size_t = 0, int limit = 0) {
  *block = limit > 0 && limit < 256 ? limit : 256;
  *min_grid = 8;
  return cudaSuccess;
}

long long clock64();

// HIP's way to write a launch; the arguments stand in the call, so that a null constant stays one.
#define hipLaunchKernelGGL(kernel, grid, block, shared, stream, ...)                     \
  ::xpiler::launch(XPILER_SITE, #kernel, ::xpiler::Config(grid, block, shared, stream),  \
                   [&] { kernel(__VA_ARGS__); })

#endif
