"""Errors, devices and their properties: what a program that asks is told of a CPU.

Numbers of the error codes: CUDA Runtime API, "Data types used by CUDA Runtime".
"""

from __future__ import annotations

from typing import Final

from xpiler.backends.avx512.emit.piece import Piece, piece

__all__ = ["DEVICE", "ERRORS"]

_ERRORS: Final = {
    "cudaSuccess": (0, "no error"),
    "cudaErrorInvalidValue": (1, "invalid argument"),
    "cudaErrorMemoryAllocation": (2, "out of memory"),
    "cudaErrorInitializationError": (3, "initialization error"),
    "cudaErrorCudartUnloading": (4, "driver shutting down"),
    "cudaErrorInvalidConfiguration": (9, "invalid configuration argument"),
    "cudaErrorInvalidSymbol": (13, "invalid device symbol"),
    "cudaErrorInvalidDevicePointer": (17, "invalid device pointer"),
    "cudaErrorInvalidMemcpyDirection": (21, "invalid copy direction for memcpy"),
    "cudaErrorInsufficientDriver": (35, "CUDA driver version is insufficient"),
    "cudaErrorInvalidDeviceFunction": (98, "invalid device function"),
    "cudaErrorNoDevice": (100, "no CUDA-capable device is detected"),
    "cudaErrorInvalidDevice": (101, "invalid device ordinal"),
    "cudaErrorInvalidResourceHandle": (400, "invalid resource handle"),
    "cudaErrorNotReady": (600, "device not ready"),
    "cudaErrorIllegalAddress": (700, "an illegal memory access was encountered"),
    "cudaErrorLaunchOutOfResources": (701, "too many resources requested for launch"),
    "cudaErrorLaunchTimeout": (702, "the launch timed out and was terminated"),
    "cudaErrorPeerAccessAlreadyEnabled": (704, "peer access is already enabled"),
    "cudaErrorAssert": (710, "device-side assert triggered"),
    "cudaErrorHostMemoryAlreadyRegistered": (712, "memory was registered before"),
    "cudaErrorLaunchFailure": (719, "unspecified launch failure"),
    "cudaErrorNotSupported": (801, "operation not supported"),
    "cudaErrorUnknown": (999, "unknown error"),
}


def _errors() -> tuple[Piece, ...]:
    codes = ",\n".join(f"  {name} = {number}" for name, (number, _) in _ERRORS.items())
    names = "".join(f'    case {name}: return "{name}";\n' for name in _ERRORS)
    texts = "".join(f'    case {name}: return "{text}";\n' for name, (_, text) in _ERRORS.items())

    def switch(function: str, cases: str) -> Piece:
        head = f"static inline const char *{function}(cudaError_t error) {{\n  switch (error) {{\n"
        return piece(function, f'{head}{cases}  }}\n  return "unrecognized error code";\n}}')

    return (
        piece(
            " ".join(["cudaError_t", "cudaError", *_ERRORS]),
            f"enum cudaError_t {{\n{codes}\n}};\ntypedef cudaError_t cudaError;",
        ),
        piece("CUDA_SUCCESS", "#define CUDA_SUCCESS cudaSuccess"),
        switch("cudaGetErrorString", texts),
        switch("cudaGetErrorName", names),
    )


ERRORS: Final = _errors()

_ATTRIBUTES: Final = {
    "MaxThreadsPerBlock": (1, 1024), "MaxBlockDimX": (2, 1024), "MaxBlockDimY": (3, 1024),
    "MaxBlockDimZ": (4, 64), "MaxGridDimX": (5, 2147483647), "MaxGridDimY": (6, 65535),
    "MaxGridDimZ": (7, 65535), "MaxSharedMemoryPerBlock": (8, 49152), "TotalConstantMemory": (9, 65536),
    "WarpSize": (10, 32), "ClockRate": (13, 1000000), "MultiProcessorCount": (16, 1),
    "Integrated": (18, 1), "CanMapHostMemory": (19, 1), "ConcurrentKernels": (31, 0),
    "MemoryClockRate": (36, 1000000), "GlobalMemoryBusWidth": (37, 64), "L2CacheSize": (38, 1048576),
    "MaxThreadsPerMultiProcessor": (39, 2048), "UnifiedAddressing": (41, 1),
    "ComputeCapabilityMajor": (75, 7), "ComputeCapabilityMinor": (76, 0),
    "StreamPrioritiesSupported": (78, 0), "MaxSharedMemoryPerMultiprocessor": (81, 49152),
    "MaxRegistersPerBlock": (12, 65536), "ManagedMemory": (83, 1), "PageableMemoryAccess": (88, 1),
    "ConcurrentManagedAccess": (89, 1), "CooperativeLaunch": (95, 1),
    "MaxSharedMemoryPerBlockOptin": (97, 49152), "MemoryPoolsSupported": (115, 0),
}  # fmt: skip


def _attributes() -> tuple[Piece, ...]:
    members = ",\n".join(f"  cudaDevAttr{n} = {number}" for n, (number, _) in _ATTRIBUTES.items())
    cases = "".join(
        f"    case cudaDevAttr{n}: *value = {value}; break;\n"
        for n, (_, value) in _ATTRIBUTES.items()
    )
    return (
        piece(
            " ".join(["cudaDeviceAttr", *(f"cudaDevAttr{n}" for n in _ATTRIBUTES)]),
            f"enum cudaDeviceAttr {{\n{members}\n}};",
        ),
        piece(
            "cudaDeviceGetAttribute",
            "static inline cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr what, int) {\n"
            f"  switch (what) {{\n{cases}    default: return cudaErrorInvalidValue;\n  }}\n"
            "  return cudaSuccess;\n}",
        ),
    )


_PROPERTIES: Final = """
struct cudaDeviceProp {
  char name[256];
  size_t totalGlobalMem, sharedMemPerBlock, sharedMemPerMultiprocessor, sharedMemPerBlockOptin, totalConstMem;
  size_t memPitch, textureAlignment, surfaceAlignment;
  int major, minor, multiProcessorCount, maxThreadsPerBlock, maxThreadsPerMultiProcessor, warpSize;
  int clockRate, memoryClockRate, memoryBusWidth, l2CacheSize, regsPerBlock, regsPerMultiprocessor;
  int maxThreadsDim[3], maxGridSize[3];
  int deviceOverlap, asyncEngineCount, kernelExecTimeoutEnabled, integrated, canMapHostMemory, computeMode;
  int concurrentKernels, ECCEnabled, pciBusID, pciDeviceID, pciDomainID, tccDriver, unifiedAddressing;
  int managedMemory, concurrentManagedAccess, pageableMemoryAccess, cooperativeLaunch;
  int streamPrioritiesSupported, hostNativeAtomicSupported, isMultiGpuBoard, maxBlocksPerMultiProcessor;
};
"""
_GET_PROPERTIES: Final = """
static inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int) {
  memset(p, 0, sizeof *p);
  strcpy(p->name, "CPU");
  p->totalGlobalMem = (size_t)1 << 34;
  p->sharedMemPerBlock = p->sharedMemPerMultiprocessor = p->sharedMemPerBlockOptin = 49152;
  p->totalConstMem = 65536;
  p->memPitch = 2147483647;
  p->textureAlignment = p->surfaceAlignment = 512;
  p->major = 7;
  p->multiProcessorCount = 1;
  p->maxThreadsPerBlock = 1024;
  p->maxThreadsPerMultiProcessor = 2048;
  p->maxBlocksPerMultiProcessor = 32;
  p->warpSize = 32;
  p->clockRate = p->memoryClockRate = 1000000;
  p->memoryBusWidth = 64;
  p->regsPerBlock = p->regsPerMultiprocessor = 65536;
  p->integrated = p->canMapHostMemory = p->unifiedAddressing = p->managedMemory = 1;
  p->concurrentManagedAccess = p->pageableMemoryAccess = p->cooperativeLaunch = 1;
  p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024;
  p->maxThreadsDim[2] = 64;
  p->maxGridSize[0] = 2147483647;
  p->maxGridSize[1] = p->maxGridSize[2] = 65535;
  return cudaSuccess;
}
"""


def _answer(name: str, params: str, *lines: str) -> Piece:
    body = "".join(f"  {line}\n" for line in (*lines, "return cudaSuccess;"))
    return piece(name, f"static inline cudaError_t {name}({params}) {{\n{body}}}")


DEVICE: Final[tuple[Piece, ...]] = (
    *_attributes(),
    piece("cudaDeviceProp", _PROPERTIES),
    piece("cudaGetDeviceProperties", _GET_PROPERTIES, "string.h"),
    _answer("cudaGetDevice", "int *device", "*device = 0;"),
    _answer("cudaGetDeviceCount", "int *count", "*count = 1;"),
    _answer("cudaChooseDevice", "int *device, const cudaDeviceProp *", "*device = 0;"),
    _answer("cudaMemGetInfo", "size_t *free_bytes, size_t *total_bytes",
            "*free_bytes = *total_bytes = (size_t)1 << 34;"),
    _answer("cudaRuntimeGetVersion", "int *version", "*version = 12000;"),
    _answer("cudaDriverGetVersion", "int *version", "*version = 12000;"),
    _answer("cudaDeviceGetStreamPriorityRange", "int *least, int *greatest", "*least = *greatest = 0;"),
    _answer("cudaDeviceCanAccessPeer", "int *can, int, int", "*can = 0;"),
    _answer("cudaDeviceEnablePeerAccess", "int, unsigned"),
    _answer("cudaDeviceDisablePeerAccess", "int"),
    piece("cudaLimit cudaLimitStackSize cudaLimitPrintfFifoSize cudaLimitMallocHeapSize",
          "enum cudaLimit { cudaLimitStackSize, cudaLimitPrintfFifoSize, cudaLimitMallocHeapSize };"),
    _answer("cudaDeviceGetLimit", "size_t *value, cudaLimit", "*value = (size_t)1 << 23;"),
    piece("cudaDeviceScheduleAuto cudaDeviceScheduleSpin cudaDeviceScheduleYield "
          "cudaDeviceScheduleBlockingSync cudaDeviceMapHost",
          "enum {\n  cudaDeviceScheduleAuto = 0, cudaDeviceScheduleSpin = 1, cudaDeviceScheduleYield = 2,\n"
          "  cudaDeviceScheduleBlockingSync = 4, cudaDeviceMapHost = 8\n};"),
    piece("cudaFuncAttributes", """
struct cudaFuncAttributes {
  size_t sharedSizeBytes, constSizeBytes, localSizeBytes;
  int maxThreadsPerBlock, numRegs, ptxVersion, binaryVersion, maxDynamicSharedSizeBytes;
};
"""),
    piece("cudaFuncGetAttributes", """
template <class F> static inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *a, F) {
  *a = cudaFuncAttributes();
  a->maxThreadsPerBlock = 1024;
  a->maxDynamicSharedSizeBytes = 49152;
  return cudaSuccess;
}
"""),
    piece("cudaOccupancyMaxActiveBlocksPerMultiprocessor "
          "cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags", """
template <class F>
static inline cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, F, int threads, size_t,
                                                                        unsigned = 0) {
  *blocks = threads > 0 && threads <= 2048 ? 2048 / threads : 0;
  return cudaSuccess;
}
#define cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags cudaOccupancyMaxActiveBlocksPerMultiprocessor
"""),
    piece("cudaOccupancyMaxPotentialBlockSize", """
template <class F>
static inline cudaError_t cudaOccupancyMaxPotentialBlockSize(int *grid, int *block, F, size_t = 0,
                                                             int most = 0) {
  *block = most > 0 && most < 256 ? most : 256;
  *grid = 8;
  return cudaSuccess;
}
"""),
)  # fmt: skip
