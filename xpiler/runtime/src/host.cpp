// The host API behind xpiler/host.h.
#include "xpiler/host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "xpiler/intrinsics.h"

namespace xpiler {
extern int launch_error;
}

namespace {

struct ErrorText {
  cudaError_t error;
  const char *name, *text;
};
#define XP_ERROR(name, text) {name, #name, text},
constexpr ErrorText error_texts[] = {
    XP_ERROR(cudaSuccess, "no error") XP_ERROR(cudaErrorInvalidValue, "invalid argument") XP_ERROR(
        cudaErrorMemoryAllocation, "out of memory") XP_ERROR(cudaErrorInitializationError, "initialization error")
        XP_ERROR(cudaErrorInvalidConfiguration, "invalid configuration argument") XP_ERROR(
            cudaErrorInvalidPitchValue, "invalid pitch value") XP_ERROR(cudaErrorInvalidSymbol, "invalid symbol")
            XP_ERROR(cudaErrorInvalidDevicePointer, "invalid device pointer") XP_ERROR(cudaErrorInvalidMemcpyDirection,
                                                                                       "invalid memcpy direction")
                XP_ERROR(cudaErrorInsufficientDriver, "insufficient driver") XP_ERROR(
                    cudaErrorInvalidDeviceFunction, "invalid device function") XP_ERROR(cudaErrorNoDevice, "no device")
                    XP_ERROR(cudaErrorInvalidDevice, "invalid device ordinal")
                        XP_ERROR(cudaErrorInvalidResourceHandle, "invalid resource handle") XP_ERROR(
                            cudaErrorNotReady, "device not ready") XP_ERROR(cudaErrorIllegalAddress, "illegal address")
                            XP_ERROR(cudaErrorLaunchOutOfResources, "launch out of resources")
                                XP_ERROR(cudaErrorPeerAccessAlreadyEnabled, "peer access already enabled")
                                    XP_ERROR(cudaErrorPeerAccessNotEnabled, "peer access not enabled") XP_ERROR(
                                        cudaErrorHostMemoryAlreadyRegistered, "host memory already registered")
                                        XP_ERROR(cudaErrorHostMemoryNotRegistered, "host memory not registered")
                                            XP_ERROR(cudaErrorAssert, "device-side assert triggered")
                                                XP_ERROR(cudaErrorLaunchFailure, "launch failure") XP_ERROR(
                                                    cudaErrorCooperativeLaunchTooLarge, "cooperative launch too large")
                                                    XP_ERROR(cudaErrorNotSupported, "operation not supported")
                                                        XP_ERROR(cudaErrorUnknown, "unknown error")};
#undef XP_ERROR

cudaError_t set(cudaError_t error) {
  if (error != cudaSuccess) xpiler::launch_error = error;
  return error;
}

// Whether `bytes` from `p` on stay inside the allocation that holds `p`; memory of the host is not ours to judge.
bool fits(const void *p, size_t bytes, const char *what) {
  xpiler::Allocation a;
  if (!xpiler::find_allocation(p, &a)) return p != nullptr || bytes == 0;
  const auto *q = static_cast<const unsigned char *>(p);
  if (q >= a.begin && q + bytes <= a.begin + a.bytes) return true;
  fprintf(stderr, "xpiler: %s of %zu bytes leaves an allocation of %zu bytes\n", what, bytes, a.bytes);
  return false;
}

size_t physical_memory() {
  return static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

struct Event {
  double at;
};

}  // namespace

const char *cudaGetErrorString(cudaError_t error) {
  for (const ErrorText &e : error_texts)
    if (e.error == error) return e.text;
  return "unrecognized error code";
}

const char *cudaGetErrorName(cudaError_t error) {
  for (const ErrorText &e : error_texts)
    if (e.error == error) return e.name;
  return "unrecognized error code";
}

cudaError_t cudaPeekAtLastError() { return static_cast<cudaError_t>(xpiler::launch_error); }
cudaError_t cudaGetLastError() {
  cudaError_t error = cudaPeekAtLastError();
  xpiler::launch_error = cudaSuccess;
  return error;
}

// --- memory -------------------------------------------------------------------------------------

cudaError_t cudaMalloc(void **p, size_t bytes) {
  if (!p) return set(cudaErrorInvalidValue);
  *p = nullptr;
  if (bytes == 0) return cudaSuccess;
  *p = xpiler::guarded_alloc(bytes, xpiler::options.exact ? 1 : 16, "an allocation");
  return *p ? cudaSuccess : set(cudaErrorMemoryAllocation);
}

cudaError_t cudaFree(void *p) {
  if (xpiler::kept(p)) return cudaSuccess;
  if (!p) return cudaSuccess;
  if (!xpiler::intact(p)) {
    fprintf(stderr, "xpiler: bytes beside an allocation were overwritten, found by cudaFree\n");
    xpiler::fail(xpiler::fault_out_of_bounds, "a write just outside a buffer");
  }
  return xpiler::guarded_free(p) ? cudaSuccess : set(cudaErrorInvalidDevicePointer);
}

cudaError_t cudaMallocHost(void **p, size_t bytes, unsigned) { return cudaMalloc(p, bytes); }
cudaError_t cudaFreeHost(void *p) { return cudaFree(p); }

cudaError_t cudaMallocPitch(void **p, size_t *pitch, size_t width, size_t height) {
  *pitch = (width + 511) / 512 * 512;
  return cudaMalloc(p, *pitch * height);
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind) {
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return set(cudaErrorInvalidMemcpyDirection);
  if (!fits(to, bytes, "a copy") || !fits(from, bytes, "a copy")) return set(cudaErrorInvalidValue);
  memmove(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t height,
                         cudaMemcpyKind kind) {
  if (width > to_pitch || width > from_pitch) return set(cudaErrorInvalidPitchValue);
  for (size_t row = 0; row < height; ++row) {
    cudaError_t error = cudaMemcpy(static_cast<char *>(to) + row * to_pitch,
                                   static_cast<const char *>(from) + row * from_pitch, width, kind);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaMemset(void *to, int value, size_t bytes) {
  if (!fits(to, bytes, "a memset")) return set(cudaErrorInvalidValue);
  memset(to, value, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemset2D(void *to, size_t pitch, int value, size_t width, size_t height) {
  for (size_t row = 0; row < height; ++row) {
    cudaError_t error = cudaMemset(static_cast<char *>(to) + row * pitch, value, width);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total) {
  *total = physical_memory();
  *free_bytes = static_cast<size_t>(sysconf(_SC_AVPHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *attributes, const void *p) {
  xpiler::Allocation a;
  bool device = xpiler::find_allocation(p, &a);
  attributes->type = device ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered;
  attributes->device = 0;
  attributes->devicePointer = device ? const_cast<void *>(p) : nullptr;
  attributes->hostPointer = const_cast<void *>(p);
  return cudaSuccess;
}

// --- the device ---------------------------------------------------------------------------------

cudaError_t xpiler::device_properties(cudaDeviceProp *prop, int device, int warp) {
  if (device != 0) return set(cudaErrorInvalidDevice);
  const xpiler::Limits &limits = xpiler::options.limits;
  *prop = cudaDeviceProp{};
  snprintf(prop->name, sizeof prop->name, "xpiler CPU runtime");
  prop->totalGlobalMem = physical_memory();
  prop->sharedMemPerBlock = limits.static_shared;
  prop->sharedMemPerBlockOptin = prop->sharedMemPerMultiprocessor = limits.shared;
  prop->totalConstMem = 64 * 1024;
  prop->memPitch = 2147483647;
  prop->textureAlignment = 512;
  prop->regsPerBlock = prop->regsPerMultiprocessor = 65536;
  prop->warpSize = warp;
  prop->maxThreadsPerBlock = static_cast<int>(limits.threads_per_block);
  for (int d = 0; d < 3; ++d) {
    prop->maxThreadsDim[d] = static_cast<int>(limits.block[d]);
    prop->maxGridSize[d] = static_cast<int>(limits.grid[d]);
  }
  prop->clockRate = prop->memoryClockRate = 1000000;
  prop->major = 8;
  prop->multiProcessorCount = 8;
  prop->maxThreadsPerMultiProcessor = 2048;
  prop->maxBlocksPerMultiProcessor = 32;
  prop->l2CacheSize = 4 << 20;
  prop->memoryBusWidth = 256;
  prop->concurrentKernels = prop->canMapHostMemory = prop->unifiedAddressing = prop->managedMemory = 1;
  prop->cooperativeLaunch = prop->asyncEngineCount = prop->concurrentManagedAccess = prop->deviceOverlap = 1;
  return cudaSuccess;
}

cudaError_t xpiler::device_attribute(int *value, cudaDeviceAttr attribute, int device, int warp) {
  cudaDeviceProp p;
  if (device_properties(&p, device, warp) != cudaSuccess) return cudaErrorInvalidDevice;
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock: *value = p.maxThreadsPerBlock; break;
    case cudaDevAttrMaxBlockDimX: *value = p.maxThreadsDim[0]; break;
    case cudaDevAttrMaxBlockDimY: *value = p.maxThreadsDim[1]; break;
    case cudaDevAttrMaxBlockDimZ: *value = p.maxThreadsDim[2]; break;
    case cudaDevAttrMaxGridDimX: *value = p.maxGridSize[0]; break;
    case cudaDevAttrMaxGridDimY: *value = p.maxGridSize[1]; break;
    case cudaDevAttrMaxGridDimZ: *value = p.maxGridSize[2]; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = static_cast<int>(p.sharedMemPerBlock); break;
    case cudaDevAttrTotalConstantMemory: *value = static_cast<int>(p.totalConstMem); break;
    case cudaDevAttrWarpSize: *value = p.warpSize; break;
    case cudaDevAttrMaxRegistersPerBlock: *value = p.regsPerBlock; break;
    case cudaDevAttrClockRate: *value = p.clockRate; break;
    case cudaDevAttrMultiProcessorCount: *value = p.multiProcessorCount; break;
    case cudaDevAttrMemoryClockRate: *value = p.memoryClockRate; break;
    case cudaDevAttrGlobalMemoryBusWidth: *value = p.memoryBusWidth; break;
    case cudaDevAttrL2CacheSize: *value = p.l2CacheSize; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *value = p.maxThreadsPerMultiProcessor; break;
    case cudaDevAttrComputeCapabilityMajor: *value = p.major; break;
    case cudaDevAttrComputeCapabilityMinor: *value = p.minor; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = static_cast<int>(p.sharedMemPerBlockOptin); break;
    case cudaDevAttrIntegrated:
    case cudaDevAttrComputeMode: *value = 0; break;
    default: *value = 1;
  }
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int *device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : set(cudaErrorInvalidDevice); }

// --- events and streams -------------------------------------------------------------------------

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned) {
  *event = reinterpret_cast<cudaEvent_t>(new Event{0.0});
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete reinterpret_cast<Event *>(event);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  if (!event) return set(cudaErrorInvalidResourceHandle);
  reinterpret_cast<Event *>(event)->at = xpiler::now();
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t stop) {
  if (!start || !stop) return set(cudaErrorInvalidResourceHandle);
  *milliseconds =
      static_cast<float>(1e3 * (reinterpret_cast<Event *>(stop)->at - reinterpret_cast<Event *>(start)->at));
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
  *stream = reinterpret_cast<cudaStream_t>(new char);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete reinterpret_cast<char *>(stream);
  return cudaSuccess;
}

long long clock64() { return static_cast<long long>(xpiler::now() * 1e9); }

// --- functions ----------------------------------------------------------------------------------

namespace xpiler {

cudaError_t last(bool ok) { return ok ? cudaSuccess : cudaPeekAtLastError(); }

cudaError_t occupancy(int *blocks, int block_size, size_t shared) {
  if (block_size <= 0 || block_size > static_cast<int>(options.limits.threads_per_block))
    return set(cudaErrorInvalidValue);
  size_t by_threads = 2048 / static_cast<size_t>(block_size), by_shared = shared ? options.limits.shared / shared : 32;
  *blocks = static_cast<int>(by_threads < by_shared ? by_threads : by_shared);
  return cudaSuccess;
}

cudaError_t set_attribute(cudaFuncAttribute attribute, int value) {
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
  if (value < 0 || static_cast<size_t>(value) > options.limits.shared) return set(cudaErrorInvalidValue);
  allow_dynamic_shared(static_cast<size_t>(value));
  return cudaSuccess;
}

cudaError_t function_attributes(cudaFuncAttributes *attributes) {
  *attributes = cudaFuncAttributes{};
  attributes->maxThreadsPerBlock = static_cast<int>(options.limits.threads_per_block);
  attributes->numRegs = 32;
  attributes->ptxVersion = attributes->binaryVersion = 80;
  attributes->maxDynamicSharedSizeBytes = static_cast<int>(options.limits.static_shared);
  return cudaSuccess;
}

// exp(x * x) erfc(x). The square is taken with its rounding error; far out the asymptotic series.
double scaled_erfc(double x) {
  const double square = x * x, error = ::fma(x, x, -square);
  if (x < 0) return x < -27.0 ? INFINITY : 2.0 * ::exp(square) * (1.0 + error) - scaled_erfc(-x);
  if (x < 25.0) return ::exp(square) * (1.0 + error) * ::erfc(x);
  double term = 1.0, sum = 1.0;
  for (int k = 1; k < 8; ++k) sum += term *= -(2 * k - 1) / (2.0 * square);
  return sum / (x * 1.77245385090551602730);
}

// Newton's method on the logarithm of erfc, so that the smallest arguments keep their digits.
double inverse_erfc(double y) {
  if (!(y > 0.0 && y < 2.0)) return y == 0.0 ? INFINITY : y == 2.0 ? -INFINITY : NAN;
  if (y > 1.0) return -inverse_erfc(2.0 - y);
  if (y > 0.5) return inverse_erf(1.0 - y);
  const double wanted = ::log(y);
  double z = ::sqrt(-wanted);
  for (int i = 0; i < 10; ++i) {
    const double scaled = scaled_erfc(z);
    z += (::log(scaled) - z * z - wanted) * scaled * 0.88622692545275801365;
  }
  return z;
}

// Newton's method on erf near 0, where its logarithm says nothing.
double inverse_erf(double x) {
  if (!(x > -1.0 && x < 1.0)) return x == 1.0 ? INFINITY : x == -1.0 ? -INFINITY : NAN;
  if (::fabs(x) > 0.5) return ::copysign(inverse_erfc(1.0 - ::fabs(x)), x);
  double y = 0.88622692545275801365 * x * (1.0 + 0.26179938779914943654 * x * x);
  if (::fabs(x) < 1e-8) return y;
  for (int i = 0; i < 4; ++i) y -= (::erf(y) - x) / (1.12837916709551257390 * ::exp(-y * y));
  return y;
}

}  // namespace xpiler
