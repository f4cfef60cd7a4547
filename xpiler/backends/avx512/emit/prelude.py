"""The host API that an emitted file keeps: each piece is printed only when the file uses one of its names."""

from __future__ import annotations

import re
from typing import Final

from xpiler.backends.avx512.emit.api_device import DEVICE, ERRORS
from xpiler.backends.avx512.emit.api_launch import LAUNCH
from xpiler.backends.avx512.emit.api_textures import TEXTURES
from xpiler.backends.avx512.emit.piece import Piece, piece
from xpiler.backends.curand_states import STATES

__all__ = ["DIM3_C", "DIM3_CPP", "prelude"]

DIM3_C: Final = "typedef struct { unsigned x, y, z; } xp_dim3;\n"
DIM3_CPP: Final = """\
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
typedef dim3 xp_dim3;
"""


def _vectors() -> list[Piece]:
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
            pieces.append(piece(name, f"struct{align} {name} {{ {fields}; }};"))
            made = ", ".join(members)
            make = f"static inline {name} make_{name}({params}) {{ return {{{made}}}; }}"
            pieces.append(piece(f"make_{name}", make))
    return pieces


_OK: Final = "return cudaSuccess;"


def _no_ops() -> list[Piece]:
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
        piece(name, f"static inline cudaError_t {name}({args}) {{ {_OK} }}")
        for name, args in table.items()
    ]
    for name in ("cudaFuncSetAttribute", "cudaFuncSetCacheConfig", "cudaMemAdvise", "cudaStreamWaitEvent",
                 "cudaMemPrefetchAsync", "cudaDeviceSetLimit"):  # fmt: skip
        head = f"template <class... T> static inline cudaError_t {name}(T...)"
        pieces.append(piece(name, f"{head} {{ {_OK} }}"))
    return pieces


_PIECES: Final[tuple[Piece, ...]] = (
    *_vectors(),
    *ERRORS,
    piece("cudaStream_t cudaStreamDefault cudaStreamNonBlocking", """
typedef struct CUstream_st *cudaStream_t;
enum { cudaStreamDefault = 0, cudaStreamNonBlocking = 1 };
"""),
    piece("cudaStreamLegacy", "#define cudaStreamLegacy ((cudaStream_t)0x1)"),
    piece("cudaStreamPerThread", "#define cudaStreamPerThread ((cudaStream_t)0x2)"),
    piece("cudaEvent_t cudaEventDefault cudaEventDisableTiming cudaEventBlockingSync", """
typedef double *cudaEvent_t;
enum { cudaEventDefault = 0, cudaEventBlockingSync = 1, cudaEventDisableTiming = 2 };
"""),
    piece(
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
    piece("cudaFuncAttributeMaxDynamicSharedMemorySize cudaFuncAttributePreferredSharedMemoryCarveout "
           "cudaFuncCachePreferL1 cudaFuncCachePreferShared", """
enum {
  cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
  cudaFuncAttributePreferredSharedMemoryCarveout = 9,
  cudaFuncCachePreferShared = 1,
  cudaFuncCachePreferL1 = 2
};
"""),
    *_no_ops(),
    piece(
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
        piece(
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
        piece(name, f"static inline cudaError_t {name}(void *p{more}) {{\n  free(p);\n  {_OK}\n}}", "stdlib.h")
        for name, more in (("cudaFree", ""), ("cudaFreeHost", ""), ("cudaFreeAsync", ", cudaStream_t"))
    ),
    piece("cudaHostAllocDefault cudaHostAllocPortable cudaHostAllocMapped cudaHostAllocWriteCombined "
          "cudaMemAttachGlobal cudaMemAttachHost",
          "enum {\n  cudaHostAllocDefault = 0, cudaHostAllocPortable = 1, cudaHostAllocMapped = 2,\n"
          "  cudaHostAllocWriteCombined = 4, cudaMemAttachGlobal = 1, cudaMemAttachHost = 2\n};"),
    piece("cudaHostRegisterDefault cudaHostRegisterPortable cudaHostRegisterMapped",
          "enum {\n  cudaHostRegisterDefault = 0, cudaHostRegisterPortable = 1, cudaHostRegisterMapped = 2\n};"),
    piece("cudaMemAdviseSetReadMostly cudaMemAdviseSetPreferredLocation cudaMemAdviseSetAccessedBy cudaCpuDeviceId",
          "enum {\n  cudaMemAdviseSetReadMostly = 1, cudaMemAdviseSetPreferredLocation = 3,\n"
          "  cudaMemAdviseSetAccessedBy = 5, cudaCpuDeviceId = -1\n};"),
    piece("cudaHostRegister", f"static inline cudaError_t cudaHostRegister(void *, size_t, unsigned) {{ {_OK} }}"),
    piece("cudaHostUnregister", f"static inline cudaError_t cudaHostUnregister(void *) {{ {_OK} }}"),
    piece("cudaHostGetDevicePointer", f"""
template <class T> static inline cudaError_t cudaHostGetDevicePointer(T **p, void *host, unsigned) {{
  *p = (T *)host;
  {_OK}
}}
"""),
    piece("cudaPointerAttributes cudaPointerGetAttributes cudaMemoryType cudaMemoryTypeUnregistered "
          "cudaMemoryTypeHost cudaMemoryTypeDevice cudaMemoryTypeManaged", f"""
enum cudaMemoryType {{
  cudaMemoryTypeUnregistered, cudaMemoryTypeHost, cudaMemoryTypeDevice, cudaMemoryTypeManaged
}};
struct cudaPointerAttributes {{
  cudaMemoryType type;
  int device;
  void *devicePointer, *hostPointer;
}};
static inline cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *a, const void *p) {{
  a->type = cudaMemoryTypeManaged;
  a->device = 0;
  a->devicePointer = a->hostPointer = (void *)p;
  {_OK}
}}
"""),
    piece("cudaMallocPitch", """
template <class T>
static inline cudaError_t cudaMallocPitch(T **p, size_t *pitch, size_t width, size_t height) {
  *pitch = (width + 511) / 512 * 512;
  return xp_allocate((void **)p, *pitch * height);
}
"""),
    *(
        piece(
            name,
            f"static inline cudaError_t {name}(void *to, const void *from, size_t bytes,\n"
            f"                                 cudaMemcpyKind{more}) {{\n"
            f"  memmove(to, from, bytes);\n  {_OK}\n}}",
            "string.h",
        )
        for name, more in (("cudaMemcpy", ""), ("cudaMemcpyAsync", ", cudaStream_t = nullptr"))
    ),
    piece(
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
    piece("cudaMemcpy2DAsync", """
static inline cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                                            size_t width, size_t height, cudaMemcpyKind kind,
                                            cudaStream_t = nullptr) {
  return cudaMemcpy2D(to, to_pitch, from, from_pitch, width, height, kind);
}
"""),
    piece("cudaMemcpyPeer cudaMemcpyPeerAsync", f"""
static inline cudaError_t cudaMemcpyPeer(void *to, int, const void *from, int, size_t bytes) {{
  memmove(to, from, bytes);
  {_OK}
}}
static inline cudaError_t cudaMemcpyPeerAsync(void *to, int, const void *from, int, size_t bytes,
                                              cudaStream_t = nullptr) {{
  memmove(to, from, bytes);
  {_OK}
}}
""", "string.h"),
    piece("cudaMemset2D", f"""
static inline cudaError_t cudaMemset2D(void *to, size_t pitch, int value, size_t width, size_t height) {{
  for (size_t i = 0; i < height; ++i) memset((char *)to + i * pitch, value, width);
  {_OK}
}}
""", "string.h"),
    *(
        piece(
            name,
            f"static inline cudaError_t {name}(void *to, int value, size_t bytes{more}) {{\n"
            f"  memset(to, value, bytes);\n  {_OK}\n}}",
            "string.h",
        )
        for name, more in (("cudaMemset", ""), ("cudaMemsetAsync", ", cudaStream_t = nullptr"))
    ),
    *(
        piece(
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
    piece(
        "cudaGetSymbolAddress",
        """
template <class P, class T> static inline cudaError_t cudaGetSymbolAddress(P **p, T &symbol) {
  *p = (P *)&symbol;
  return cudaSuccess;
}
""",
    ),
    piece("cudaGetSymbolSize", f"""
template <class T> static inline cudaError_t cudaGetSymbolSize(size_t *bytes, const T &) {{
  *bytes = sizeof(T);
  {_OK}
}}
"""),
    piece("cudaStreamCreate", f"""
static inline cudaError_t cudaStreamCreate(cudaStream_t *stream) {{
  *stream = nullptr;
  {_OK}
}}
"""),
    piece("cudaStreamCreateWithPriority", f"""
static inline cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned, int) {{
  *stream = nullptr;
  {_OK}
}}
"""),
    piece("cudaStreamAddCallback cudaStreamCallback_t", f"""
typedef void (*cudaStreamCallback_t)(cudaStream_t, cudaError_t, void *);
static inline cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t call, void *data,
                                                unsigned) {{
  call(stream, cudaSuccess, data);
  {_OK}
}}
"""),
    piece("cudaLaunchHostFunc cudaHostFn_t", f"""
typedef void (*cudaHostFn_t)(void *);
static inline cudaError_t cudaLaunchHostFunc(cudaStream_t, cudaHostFn_t call, void *data) {{
  call(data);
  {_OK}
}}
"""),
    piece("cudaStreamCreateWithFlags", f"""
static inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {{
  *stream = nullptr;
  {_OK}
}}
"""),
    piece("xp_event", """
static inline cudaError_t xp_event(cudaEvent_t *event) {
  *event = (cudaEvent_t)calloc(1, sizeof(double));
  return *event ? cudaSuccess : cudaErrorMemoryAllocation;
}
""", "stdlib.h"),
    piece("cudaEventCreate", """
static inline cudaError_t cudaEventCreate(cudaEvent_t *event) { return xp_event(event); }
"""),
    piece("cudaEventCreateWithFlags", """
static inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned) { return xp_event(event); }
"""),
    piece(
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
    piece("cudaEventElapsedTime", """
static inline cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t start, cudaEvent_t stop) {
  *ms = (float)(*stop - *start);
  return cudaSuccess;
}
"""),
    *TEXTURES,
    *DEVICE,
    piece(
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
        piece(
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
    piece("__float2half __float2half_rn", """
static inline __half __float2half(float value) { return __half(value); }
static inline __half __float2half_rn(float value) { return __half(value); }
"""),
    piece("__half2float", "static inline float __half2float(__half value) { return (float)value; }"),
    piece("__float2bfloat16 __float2bfloat16_rn", """
static inline __nv_bfloat16 __float2bfloat16(float value) { return __nv_bfloat16(value); }
static inline __nv_bfloat16 __float2bfloat16_rn(float value) { return __nv_bfloat16(value); }
"""),
    piece("__bfloat162float",
           "static inline float __bfloat162float(__nv_bfloat16 value) { return (float)value; }"),
    piece("half2 __half2", "struct alignas(4) __half2 { __half x, y; };\ntypedef __half2 half2;"),
    piece("__nv_bfloat162", "struct alignas(4) __nv_bfloat162 { __nv_bfloat16 x, y; };"),
    *(piece(names, text) for names, text in STATES.items()),
    *LAUNCH,
)  # fmt: skip


_EXTREMES: Final = re.compile(r"(?<![\w.:>])(min|max)\s*\(")

_OWN_EXTREMES: Final = re.compile(r"\b(min|max)\s*\([^()]*\)\s*\{")


def prelude(text: str, host: str) -> tuple[Piece, ...]:
    """The pieces that `text` needs, in an order that compiles; `host` is the part that the user wrote."""
    wanted = set(re.findall(r"\b[A-Za-z_]\w*", text))
    wanted |= set(re.findall(r"\btexture<", text))
    own = set(_OWN_EXTREMES.findall(host))
    wanted |= {f"::{name}" for name in _EXTREMES.findall(host) if name not in own}
    chosen: set[int] = set()
    grown = True
    while grown:
        grown = False
        for number, piece_ in enumerate(_PIECES):
            if number not in chosen and piece_.names & wanted:
                chosen.add(number)
                wanted |= set(re.findall(r"\b[A-Za-z_]\w*", piece_.text))
                grown = True
    return tuple(_PIECES[n] for n in sorted(chosen))
