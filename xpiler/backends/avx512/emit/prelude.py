"""The host API that an emitted file keeps: each piece is printed only when the file uses one of its names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["DIM3_C", "DIM3_CPP", "prelude"]

DIM3_C: Final = "typedef struct { unsigned x, y, z; } xp_dim3;\n"
DIM3_CPP: Final = """\
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
typedef dim3 xp_dim3;
"""


@dataclass(frozen=True, slots=True)
class _Piece:
    """`names`: the identifiers that it defines; `needs`: headers."""

    names: frozenset[str]
    text: str
    needs: tuple[str, ...] = ()


def _piece(names: str, text: str, *needs: str) -> _Piece:
    return _Piece(frozenset(names.split()), text.strip("\n") + "\n", needs)


def _vectors() -> list[_Piece]:
    types = {
        "char": "signed char", "uchar": "unsigned char", "short": "short", "ushort": "unsigned short",
        "int": "int", "uint": "unsigned", "float": "float", "double": "double",
        "longlong": "long long", "ulonglong": "unsigned long long",
    }  # fmt: skip
    pieces = []
    for stem, elem in types.items():
        size = {"char": 1, "uchar": 1, "short": 2, "ushort": 2, "int": 4, "uint": 4, "float": 4}
        for n in (1, 2, 3, 4):
            name, members = f"{stem}{n}", "xyzw"[:n]
            bytes_ = size.get(stem, 8) * n
            align = f" alignas({min(bytes_, 16)})" if n != 3 else ""
            fields = "; ".join(f"{elem} {m}" for m in members)
            params = ", ".join(f"{elem} {m}" for m in members)
            pieces.append(_piece(name, f"struct{align} {name} {{ {fields}; }};"))
            made = ", ".join(members)
            make = f"static inline {name} make_{name}({params}) {{ return {{{made}}}; }}"
            pieces.append(_piece(f"make_{name}", make))
    return pieces


_OK: Final = "return cudaSuccess;"


def _no_ops() -> list[_Piece]:
    table = {
        "cudaDeviceSynchronize": "", "cudaDeviceReset": "", "cudaThreadSynchronize": "",
        "cudaSetDevice": "int", "cudaStreamDestroy": "cudaStream_t",
        "cudaStreamSynchronize": "cudaStream_t", "cudaStreamQuery": "cudaStream_t",
        "cudaEventSynchronize": "cudaEvent_t", "cudaEventQuery": "cudaEvent_t",
        "cudaEventDestroy": "cudaEvent_t", "cudaProfilerStart": "", "cudaProfilerStop": "",
        "cudaGetLastError": "", "cudaPeekAtLastError": "", "cudaSetDeviceFlags": "unsigned",
        "cudaDeviceSetCacheConfig": "int", "cudaDeviceSetSharedMemConfig": "int",
    }  # fmt: skip
    pieces = [
        _piece(name, f"static inline cudaError_t {name}({args}) {{ {_OK} }}")
        for name, args in table.items()
    ]
    for name in ("cudaFuncSetAttribute", "cudaFuncSetCacheConfig", "cudaMemAdvise", "cudaStreamWaitEvent",
                 "cudaMemPrefetchAsync", "cudaDeviceSetLimit"):  # fmt: skip
        head = f"template <class... T> static inline cudaError_t {name}(T...)"
        pieces.append(_piece(name, f"{head} {{ {_OK} }}"))
    return pieces


_PIECES: Final[tuple[_Piece, ...]] = (
    *_vectors(),
    _piece(
        "cudaError_t cudaError cudaSuccess cudaErrorMemoryAllocation cudaErrorInvalidValue cudaErrorNotReady",
        """
enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorNotReady = 600
};
typedef cudaError_t cudaError;
""",
    ),
    _piece(
        "cudaGetErrorString",
        """
static inline const char *cudaGetErrorString(cudaError_t error) {
  return error == cudaSuccess ? "no error" : error == cudaErrorMemoryAllocation ? "out of memory" : "error";
}
""",
    ),
    _piece(
        "cudaGetErrorName",
        """
static inline const char *cudaGetErrorName(cudaError_t error) {
  return error == cudaSuccess ? "cudaSuccess" : error == cudaErrorMemoryAllocation
             ? "cudaErrorMemoryAllocation" : "cudaErrorInvalidValue";
}
""",
    ),
    _piece("cudaStream_t cudaStreamDefault cudaStreamNonBlocking", """
typedef struct CUstream_st *cudaStream_t;
enum { cudaStreamDefault = 0, cudaStreamNonBlocking = 1 };
"""),
    _piece("cudaEvent_t cudaEventDefault cudaEventDisableTiming cudaEventBlockingSync", """
typedef double *cudaEvent_t;
enum { cudaEventDefault = 0, cudaEventBlockingSync = 1, cudaEventDisableTiming = 2 };
"""),
    _piece(
        "cudaMemcpyKind cudaMemcpyHostToHost cudaMemcpyHostToDevice cudaMemcpyDeviceToHost "
        "cudaMemcpyDeviceToDevice cudaMemcpyDefault",
        """
enum cudaMemcpyKind {
  cudaMemcpyHostToHost,
  cudaMemcpyHostToDevice,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault
};
""",
    ),
    _piece("cudaFuncAttributeMaxDynamicSharedMemorySize cudaFuncAttributePreferredSharedMemoryCarveout "
           "cudaFuncCachePreferL1 cudaFuncCachePreferShared", """
enum {
  cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
  cudaFuncAttributePreferredSharedMemoryCarveout = 9,
  cudaFuncCachePreferShared = 1,
  cudaFuncCachePreferL1 = 2
};
"""),
    *_no_ops(),
    _piece(
        "xp_allocate",
        """
static inline cudaError_t xp_allocate(void **p, size_t bytes) {
  *p = aligned_alloc(64, (bytes + 64) / 64 * 64);
  return *p ? cudaSuccess : cudaErrorMemoryAllocation;
}
""",
        "stdlib.h",
    ),
    *(
        _piece(
            name,
            f"template <class T> static inline cudaError_t {name}(T **p, size_t bytes{more}) {{\n"
            "  return xp_allocate((void **)p, bytes);\n}",
        )
        for name, more in (
            ("cudaMalloc", ""), ("cudaMallocHost", ""), ("cudaHostAlloc", ", unsigned"),
            ("cudaMallocManaged", ", unsigned = 1"), ("cudaMallocAsync", ", cudaStream_t"),
        )
    ),
    *(
        _piece(name, f"static inline cudaError_t {name}(void *p{more}) {{\n  free(p);\n  {_OK}\n}}", "stdlib.h")
        for name, more in (("cudaFree", ""), ("cudaFreeHost", ""), ("cudaFreeAsync", ", cudaStream_t"))
    ),
    _piece("cudaHostAllocDefault cudaHostAllocPortable cudaHostAllocMapped cudaMemAttachGlobal",
           "enum { cudaHostAllocDefault = 0, cudaHostAllocPortable = 1, cudaHostAllocMapped = 2, "
           "cudaMemAttachGlobal = 1 };"),
    *(
        _piece(
            name,
            f"static inline cudaError_t {name}(void *to, const void *from, size_t bytes,\n"
            f"                                 cudaMemcpyKind{more}) {{\n"
            f"  memmove(to, from, bytes);\n  {_OK}\n}}",
            "string.h",
        )
        for name, more in (("cudaMemcpy", ""), ("cudaMemcpyAsync", ", cudaStream_t = nullptr"))
    ),
    _piece(
        "cudaMemcpy2D",
        """
static inline cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                                       size_t width, size_t height, cudaMemcpyKind) {
  for (size_t i = 0; i < height; ++i)
    memmove((char *)to + i * to_pitch, (const char *)from + i * from_pitch, width);
  return cudaSuccess;
}
""",
        "string.h",
    ),
    *(
        _piece(
            name,
            f"static inline cudaError_t {name}(void *to, int value, size_t bytes{more}) {{\n"
            f"  memset(to, value, bytes);\n  {_OK}\n}}",
            "string.h",
        )
        for name, more in (("cudaMemset", ""), ("cudaMemsetAsync", ", cudaStream_t = nullptr"))
    ),
    *(
        _piece(
            f"cudaMemcpy{way}Symbol{end}",
            f"""
template <class T>
static inline cudaError_t cudaMemcpy{way}Symbol{end}({args}, size_t bytes, size_t offset = 0,
                                               cudaMemcpyKind = cudaMemcpyDefault{more}) {{
  memcpy({copy}, bytes);
  return cudaSuccess;
}}
""",
            "string.h",
        )
        for way, args, copy in (
            ("To", "T &symbol, const void *from", "(char *)&symbol + offset, from"),
            ("From", "void *to, const T &symbol", "to, (const char *)&symbol + offset"),
        )
        for end, more in (("", ""), ("Async", ", cudaStream_t = nullptr"))
    ),
    _piece(
        "cudaGetSymbolAddress",
        """
template <class T> static inline cudaError_t cudaGetSymbolAddress(void **p, T &symbol) {
  *p = (void *)&symbol;
  return cudaSuccess;
}
""",
    ),
    _piece("cudaStreamCreate", f"""
static inline cudaError_t cudaStreamCreate(cudaStream_t *stream) {{
  *stream = nullptr;
  {_OK}
}}
"""),
    _piece("cudaStreamCreateWithFlags", f"""
static inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {{
  *stream = nullptr;
  {_OK}
}}
"""),
    _piece("xp_event", """
static inline cudaError_t xp_event(cudaEvent_t *event) {
  *event = (cudaEvent_t)calloc(1, sizeof(double));
  return *event ? cudaSuccess : cudaErrorMemoryAllocation;
}
""", "stdlib.h"),
    _piece("cudaEventCreate", """
static inline cudaError_t cudaEventCreate(cudaEvent_t *event) { return xp_event(event); }
"""),
    _piece("cudaEventCreateWithFlags", """
static inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned) { return xp_event(event); }
"""),
    _piece(
        "cudaEventRecord",
        """
static inline cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t = nullptr) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  *event = (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
  return cudaSuccess;
}
""",
        "time.h",
    ),
    _piece("cudaEventElapsedTime", """
static inline cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t start, cudaEvent_t stop) {
  *ms = (float)(*stop - *start);
  return cudaSuccess;
}
"""),
    _piece("cudaGetDevice", f"static inline cudaError_t cudaGetDevice(int *device) {{ *device = 0; {_OK} }}"),
    _piece("cudaGetDeviceCount",
           f"static inline cudaError_t cudaGetDeviceCount(int *count) {{ *count = 1; {_OK} }}"),
    _piece("cudaDeviceProp", """
struct cudaDeviceProp {
  char name[256];
  size_t totalGlobalMem, sharedMemPerBlock, sharedMemPerMultiprocessor, sharedMemPerBlockOptin, totalConstMem;
  int major, minor, multiProcessorCount, maxThreadsPerBlock, maxThreadsPerMultiProcessor, warpSize;
  int clockRate, memoryClockRate, memoryBusWidth, l2CacheSize, regsPerBlock;
  int maxThreadsDim[3], maxGridSize[3];
};
"""),
    _piece(
        "cudaGetDeviceProperties",
        """
static inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int) {
  memset(p, 0, sizeof *p);
  strcpy(p->name, "CPU");
  p->totalGlobalMem = (size_t)1 << 34;
  p->sharedMemPerBlock = p->sharedMemPerMultiprocessor = p->sharedMemPerBlockOptin = 49152;
  p->totalConstMem = 65536;
  p->major = 7;
  p->multiProcessorCount = 1;
  p->maxThreadsPerBlock = 1024;
  p->maxThreadsPerMultiProcessor = 2048;
  p->warpSize = 32;
  p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024;
  p->maxThreadsDim[2] = 64;
  p->maxGridSize[0] = 2147483647;
  p->maxGridSize[1] = p->maxGridSize[2] = 65535;
  return cudaSuccess;
}
""",
        "string.h",
    ),
    _piece(
        "xp_refused",
        """
static inline void xp_refused(const char *kernel) {
  fprintf(stderr, "kernel %s was not translated\\n", kernel);
  abort();
}
""",
        "stdio.h", "stdlib.h",
    ),
    *(
        _piece(
            f"{names}",
            f"""
struct {name} {{
  uint16_t bits;
  {name}() = default;
  {name}(float value) : bits(xp_float_to_{kind}(value)) {{}}
  operator float() const {{ return {widen}(bits); }}
}};
{aliases}
""",
        )
        for name, names, kind, widen, aliases in (
            ("__half", "__half half __half_raw", "half", "xp_half_to_float", "typedef __half half;"),
            ("__nv_bfloat16", "__nv_bfloat16 nv_bfloat16", "bf16", "xp_bf16_to_float",
             "typedef __nv_bfloat16 nv_bfloat16;"),
        )
    ),
    _piece("__float2half __float2half_rn", """
static inline __half __float2half(float value) { return __half(value); }
static inline __half __float2half_rn(float value) { return __half(value); }
"""),
    _piece("__half2float", "static inline float __half2float(__half value) { return (float)value; }"),
    _piece("__float2bfloat16 __float2bfloat16_rn", """
static inline __nv_bfloat16 __float2bfloat16(float value) { return __nv_bfloat16(value); }
static inline __nv_bfloat16 __float2bfloat16_rn(float value) { return __nv_bfloat16(value); }
"""),
    _piece("__bfloat162float",
           "static inline float __bfloat162float(__nv_bfloat16 value) { return (float)value; }"),
    _piece("half2 __half2", "struct alignas(4) __half2 { __half x, y; };\ntypedef __half2 half2;"),
    _piece("__nv_bfloat162",
           "struct alignas(4) __nv_bfloat162 { __nv_bfloat16 x, y; };"),
)  # fmt: skip


def prelude(text: str) -> tuple[str, tuple[str, ...]]:
    """The pieces that `text` needs, in an order that compiles, and their headers."""
    wanted = set(re.findall(r"\b[A-Za-z_]\w*", text))
    chosen: set[int] = set()
    grown = True
    while grown:
        grown = False
        for number, piece in enumerate(_PIECES):
            if number not in chosen and piece.names & wanted:
                chosen.add(number)
                wanted |= set(re.findall(r"\b[A-Za-z_]\w*", piece.text))
                grown = True
    pieces = [_PIECES[n] for n in sorted(chosen)]
    needs = dict.fromkeys(h for p in pieces for h in p.needs)
    return "".join(p.text for p in pieces), tuple(needs)
