"""Launches by pointer, min and max of host code, the helpers of NVIDIA's samples.

`cudaLaunchKernel` knows a kernel by its address only. A file that uses it enters each kernel in a list, with
a function that takes the arguments apart.
"""

from __future__ import annotations

import re
from typing import Final

from xpiler.backends.avx512.emit.piece import Piece, piece

__all__ = ["LAUNCH", "entered", "enters"]

_BY_POINTER: Final = re.compile(r"\bcuda(?:LaunchKernel|LaunchCooperativeKernel|LaunchKernelExC)\b")


def enters(text: str) -> bool:
    """Whether the file launches kernels by their addresses."""
    return _BY_POINTER.search(text) is not None


def entered(symbol: str, kernel: str) -> str:
    """The line that enters `kernel` (an expression for the function) in the list."""
    return f"static xp_entered xp_entered_{symbol}({kernel});\n"


_LIST: Final = """
/* the kernels of this file by their addresses */
struct xp_entry {
  const void *address;
  void (*function)();
  void (*call)(void (*function)(), dim3 grid, dim3 block, size_t shared_bytes, void **args);
  const xp_entry *next;
};
static const xp_entry *xp_entries;
template <class... P> struct xp_caller {
  typedef void (*kernel)(dim3, dim3, size_t, P...);
  template <size_t... I>
  static void unpack(kernel k, dim3 grid, dim3 block, size_t shared_bytes, void **args, std::index_sequence<I...>) {
    (void)args;
    k(grid, block, shared_bytes, *(typename std::remove_reference<P>::type *)args[I]...);
  }
  static void call(void (*function)(), dim3 grid, dim3 block, size_t shared_bytes, void **args) {
    unpack((kernel)function, grid, block, shared_bytes, args, std::index_sequence_for<P...>());
  }
};
struct xp_entered : xp_entry {
  template <class... P> explicit xp_entered(void (*k)(dim3, dim3, size_t, P...)) {
    address = (const void *)k;
    function = (void (*)())k;
    call = &xp_caller<P...>::call;
    next = xp_entries;
    xp_entries = this;
  }
};
"""


def _by_pointer(name: str) -> Piece:
    return piece(
        name,
        f"""
static inline cudaError_t {name}(const void *kernel, dim3 grid, dim3 block, void **args,
                                 size_t shared_bytes = 0, cudaStream_t = nullptr) {{
  for (const xp_entry *e = xp_entries; e; e = e->next)
    if (e->address == kernel) {{
      e->call(e->function, grid, block, shared_bytes, args);
      return cudaSuccess;
    }}
  return cudaErrorInvalidDeviceFunction;
}}
template <class... P>
static inline cudaError_t {name}(void (*kernel)(dim3, dim3, size_t, P...), dim3 grid, dim3 block, void **args,
                                 size_t shared_bytes = 0, cudaStream_t = nullptr) {{
  xp_caller<P...>::call((void (*)())kernel, grid, block, shared_bytes, args);
  return cudaSuccess;
}}
""",
    )


_CONFIG: Final = """
enum cudaLaunchAttributeID {
  cudaLaunchAttributeIgnore = 0,
  cudaLaunchAttributeCooperative = 2,
  cudaLaunchAttributeClusterDimension = 4,
  cudaLaunchAttributeProgrammaticStreamSerialization = 6,
  cudaLaunchAttributePriority = 8
};
union cudaLaunchAttributeValue {
  struct { unsigned x, y, z; } clusterDim;
  int cooperative, programmaticStreamSerializationAllowed, priority;
};
struct cudaLaunchAttribute {
  cudaLaunchAttributeID id;
  cudaLaunchAttributeValue val;
};
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes;
  cudaStream_t stream;
  cudaLaunchAttribute *attrs;
  unsigned numAttrs;
};
"""
_EX: Final = """
template <class... P, class... A>
static inline cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *c, void (*kernel)(dim3, dim3, size_t, P...),
                                             A &&...args) {
  kernel(c->gridDim, c->blockDim, c->dynamicSmemBytes, (P)args...);
  return cudaSuccess;
}
"""
_EXC: Final = """
static inline cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t *c, const void *kernel, void **args) {
  return cudaLaunchKernel(kernel, c->gridDim, c->blockDim, args, c->dynamicSmemBytes, c->stream);
}
"""
_NUMBERS: Final = (
    "int", "unsigned", "long", "unsigned long", "long long", "unsigned long long", "float", "double",
)  # fmt: skip


def _extremes(name: str, sign: str) -> Piece:
    """CUDA declares them for host code too; a name of the kind `::max` marks their use."""
    lines = (f"inline {t} {name}({t} a, {t} b) {{ return a {sign} b ? a : b; }}" for t in _NUMBERS)
    return piece(f"::{name}", "\n".join(lines))


LAUNCH: Final[tuple[Piece, ...]] = (
    piece("xp_entered xp_entries xp_caller xp_entry", _LIST, "type_traits", "utility"),
    _by_pointer("cudaLaunchKernel"),
    _by_pointer("cudaLaunchCooperativeKernel"),
    piece(
        "cudaLaunchConfig_t cudaLaunchAttribute cudaLaunchAttributeID cudaLaunchAttributeValue "
        "cudaLaunchAttributeProgrammaticStreamSerialization cudaLaunchAttributeCooperative "
        "cudaLaunchAttributeClusterDimension cudaLaunchAttributePriority",
        _CONFIG,
    ),
    piece("cudaLaunchKernelEx", _EX),
    piece("cudaLaunchKernelExC", _EXC),
    _extremes("min", "<"),
    _extremes("max", ">"),
    piece("__align__", "#define __align__(n) __attribute__((aligned(n)))"),
    piece("CUDART_CB", "#define CUDART_CB"),
    piece("CUDART_INF_F", "#define CUDART_INF_F __builtin_inff()"),
    piece("CUDART_INF", "#define CUDART_INF __builtin_inf()"),
    piece("CUDART_NAN_F", '#define CUDART_NAN_F __builtin_nanf("")'),
    piece("CUDART_NAN", '#define CUDART_NAN __builtin_nan("")'),
    piece("CUDART_PI_F", "#define CUDART_PI_F 3.141592654f"),
    piece("CUDART_PI", "#define CUDART_PI 3.1415926535897931e+0"),
)  # fmt: skip
