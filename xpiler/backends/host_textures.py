"""CUDA's arrays and texture objects for hosts that have none, in C++ over what memory they have.

A texture is passed to a kernel by value, as its texels' address, its extents and its format. The kernels' code is made for
one way of sampling; `texels` stops a launch with a texture that is sampled in another. The bits of the format are those of
`xpiler.ir.textures`.

The text calls three functions of the target's own: `xp_allocate(void **, bytes)` and `xp_move(to, from, bytes, kind)`, which
give its status, and `xp_release(p)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from xpiler.records import dataclass

__all__ = ["HostPiece", "texture_pieces"]


@dataclass(frozen=True, slots=True)
class HostPiece:
    """A piece of the API: the names that it defines, its text, the headers that it needs."""

    names: frozenset[str]
    text: str
    needs: tuple[str, ...] = ()


def piece(names: str, text: str, *needs: str) -> HostPiece:
    return HostPiece(frozenset(names.split()), text.strip("\n") + "\n", needs)


_FORMATS: Final = (
    piece("cudaChannelFormatKind cudaChannelFormatKindSigned cudaChannelFormatKindUnsigned cudaChannelFormatKindFloat "
          "cudaChannelFormatKindNone cudaChannelFormatDesc", """
enum cudaChannelFormatKind {
  cudaChannelFormatKindSigned, cudaChannelFormatKindUnsigned, cudaChannelFormatKindFloat, cudaChannelFormatKindNone
};
struct cudaChannelFormatDesc {
  int x, y, z, w; /* bits of each channel */
  cudaChannelFormatKind f;
};
"""),
    piece("cudaCreateChannelDesc", """
template <class T, class = void> struct xp_channel {
  typedef T type;
};
template <class T> struct xp_channel<T, std::void_t<decltype(T::x)>> {
  typedef decltype(T::x) type;
};
template <class T> static inline cudaChannelFormatDesc cudaCreateChannelDesc() {
  typedef typename xp_channel<T>::type C;
  constexpr int bits = 8 * (int)sizeof(C), n = (int)(sizeof(T) / sizeof(C));
  constexpr cudaChannelFormatKind kind = !std::is_integral<C>::value ? cudaChannelFormatKindFloat
                                         : std::is_unsigned<C>::value ? cudaChannelFormatKindUnsigned
                                                                      : cudaChannelFormatKindSigned;
  return {bits, n > 1 ? bits : 0, n > 2 ? bits : 0, n > 3 ? bits : 0, kind};
}
[[maybe_unused]] static inline cudaChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w,
                                                                           cudaChannelFormatKind f) {
  return {x, y, z, w, f};
}
""", "type_traits"),
    piece("cudaCreateChannelDescHalf", """
static inline cudaChannelFormatDesc cudaCreateChannelDescHalf() {
  return {16, 0, 0, 0, cudaChannelFormatKindFloat};
}
"""),
)  # fmt: skip

_PLACES: Final = (
    piece("cudaExtent make_cudaExtent", """
struct cudaExtent {
  size_t width, height, depth;
};
[[maybe_unused]] static inline cudaExtent make_cudaExtent(size_t w, size_t h, size_t d) { return {w, h, d}; }
""", "stddef.h"),
    piece("cudaPos make_cudaPos", """
struct cudaPos {
  size_t x, y, z;
};
[[maybe_unused]] static inline cudaPos make_cudaPos(size_t x, size_t y, size_t z) { return {x, y, z}; }
""", "stddef.h"),
    piece("cudaPitchedPtr make_cudaPitchedPtr", """
struct cudaPitchedPtr {
  void *ptr;
  size_t pitch, xsize, ysize;
};
[[maybe_unused]] static inline cudaPitchedPtr make_cudaPitchedPtr(void *p, size_t pitch, size_t x, size_t y) {
  return {p, pitch, x, y};
}
""", "stddef.h"),
)  # fmt: skip

_ARRAYS: Final = (
    piece("cudaArray cudaArray_t cudaArray_const_t cudaArrayDefault cudaArrayLayered cudaArraySurfaceLoadStore "
          "cudaArrayTextureGather xp_texel_bytes", """
enum {
  cudaArrayDefault = 0, cudaArrayLayered = 1, cudaArraySurfaceLoadStore = 2, cudaArrayTextureGather = 8
};
/* rows and slices one after the other; height and depth are at least 1 */
struct cudaArray {
  cudaChannelFormatDesc desc;
  cudaExtent extent;
  unsigned flags;
  unsigned char *data;
};
typedef struct cudaArray *cudaArray_t;
typedef const struct cudaArray *cudaArray_const_t;
[[maybe_unused]] static inline size_t xp_texel_bytes(const cudaChannelFormatDesc &d) {
  return (size_t)(d.x + d.y + d.z + d.w) / 8;
}
[[maybe_unused]] static inline size_t xp_row_bytes(const cudaArray &a) {
  return a.extent.width * xp_texel_bytes(a.desc);
}
"""),
    piece("cudaMalloc3DArray", """
static inline cudaError_t cudaMalloc3DArray(cudaArray_t *array, const cudaChannelFormatDesc *desc, cudaExtent e,
                                            unsigned flags = 0) {
  cudaArray a = {*desc, {e.width, e.height ? e.height : 1, e.depth ? e.depth : 1}, flags, nullptr};
  cudaError_t error = xp_allocate((void **)&a.data, xp_row_bytes(a) * a.extent.height * a.extent.depth);
  if (error == cudaSuccess) *array = new cudaArray(a);
  return error;
}
"""),
    piece("cudaMallocArray", """
static inline cudaError_t cudaMallocArray(cudaArray_t *array, const cudaChannelFormatDesc *desc, size_t width,
                                          size_t height = 0, unsigned flags = 0) {
  return cudaMalloc3DArray(array, desc, {width, height, 0}, flags);
}
"""),
    piece("cudaFreeArray", """
static inline cudaError_t cudaFreeArray(cudaArray_t array) {
  if (array) xp_release(array->data);
  delete array;
  return cudaSuccess;
}
"""),
    *(
        piece(name, f"""
static inline cudaError_t {name}(cudaArray_t to, size_t x, size_t y, const void *from, size_t bytes,
                                 cudaMemcpyKind kind{more}) {{
  return xp_move(to->data + y * xp_row_bytes(*to) + x, from, bytes, kind);
}}
""")
        for name, more in (("cudaMemcpyToArray", ""), ("cudaMemcpyToArrayAsync", ", cudaStream_t = nullptr"))
    ),
    piece("cudaMemcpyFromArray", """
static inline cudaError_t cudaMemcpyFromArray(void *to, cudaArray_const_t from, size_t x, size_t y, size_t bytes,
                                              cudaMemcpyKind kind) {
  return xp_move(to, from->data + y * xp_row_bytes(*from) + x, bytes, kind);
}
"""),
    *(
        piece(name, f"""
static inline cudaError_t {name}(cudaArray_t to, size_t x, size_t y, const void *from, size_t pitch,
                                 size_t width, size_t height, cudaMemcpyKind kind{more}) {{
  cudaError_t error = cudaSuccess;
  for (size_t i = 0; i < height && error == cudaSuccess; ++i)
    error = xp_move(to->data + (y + i) * xp_row_bytes(*to) + x, (const char *)from + i * pitch, width, kind);
  return error;
}}
""")
        for name, more in (("cudaMemcpy2DToArray", ""), ("cudaMemcpy2DToArrayAsync", ", cudaStream_t = nullptr"))
    ),
    piece("cudaMemcpy2DFromArray", """
static inline cudaError_t cudaMemcpy2DFromArray(void *to, size_t pitch, cudaArray_const_t from, size_t x, size_t y,
                                                size_t width, size_t height, cudaMemcpyKind kind) {
  cudaError_t error = cudaSuccess;
  for (size_t i = 0; i < height && error == cudaSuccess; ++i)
    error = xp_move((char *)to + i * pitch, from->data + (y + i) * xp_row_bytes(*from) + x, width, kind);
  return error;
}
"""),
    piece("cudaMemcpy3DParms", """
struct cudaMemcpy3DParms {
  cudaArray_t srcArray;
  cudaPos srcPos;
  cudaPitchedPtr srcPtr;
  cudaArray_t dstArray;
  cudaPos dstPos;
  cudaPitchedPtr dstPtr;
  cudaExtent extent; /* in texels where an array takes part, else in bytes */
  cudaMemcpyKind kind;
};
"""),
    piece("cudaMemcpy3D", """
static inline unsigned char *xp_line(cudaArray *a, const cudaPitchedPtr &p, const cudaPos &at, size_t y, size_t z) {
  if (!a) return (unsigned char *)p.ptr + ((at.z + z) * p.ysize + at.y + y) * p.pitch + at.x;
  size_t row = (at.z + z) * a->extent.height + at.y + y;
  return a->data + row * xp_row_bytes(*a) + at.x * xp_texel_bytes(a->desc);
}
static inline cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms *p) {
  cudaArray *array = p->dstArray ? p->dstArray : p->srcArray;
  size_t bytes = p->extent.width * (array ? xp_texel_bytes(array->desc) : 1);
  cudaError_t error = cudaSuccess;
  for (size_t z = 0; z < (p->extent.depth ? p->extent.depth : 1); ++z)
    for (size_t y = 0; y < (p->extent.height ? p->extent.height : 1) && error == cudaSuccess; ++y) {
      unsigned char *to = xp_line(p->dstArray, p->dstPtr, p->dstPos, y, z);
      error = xp_move(to, xp_line(p->srcArray, p->srcPtr, p->srcPos, y, z), bytes, p->kind);
    }
  return error;
}
"""),
    piece("cudaMemcpy3DAsync", """
static inline cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms *p, cudaStream_t = nullptr) {
  return cudaMemcpy3D(p);
}
"""),
)  # fmt: skip

_OBJECTS: Final = (
    piece("cudaResourceType cudaResourceTypeArray cudaResourceTypeLinear cudaResourceTypePitch2D cudaResourceDesc", """
enum cudaResourceType { cudaResourceTypeArray = 0, cudaResourceTypeLinear = 2, cudaResourceTypePitch2D = 3 };
struct cudaResourceDesc {
  cudaResourceType resType;
  union {
    struct {
      cudaArray_t array;
    } array;
    struct {
      void *devPtr;
      cudaChannelFormatDesc desc;
      size_t sizeInBytes;
    } linear;
    struct {
      void *devPtr;
      cudaChannelFormatDesc desc;
      size_t width, height, pitchInBytes;
    } pitch2D;
  } res;
};
"""),
    piece("cudaTextureAddressMode cudaAddressModeWrap cudaAddressModeClamp cudaAddressModeMirror cudaAddressModeBorder",
          """
enum cudaTextureAddressMode {
  cudaAddressModeWrap, cudaAddressModeClamp, cudaAddressModeMirror, cudaAddressModeBorder
};
"""),
    piece("cudaTextureFilterMode cudaFilterModePoint cudaFilterModeLinear",
          "enum cudaTextureFilterMode { cudaFilterModePoint, cudaFilterModeLinear };"),
    piece("cudaTextureReadMode cudaReadModeElementType cudaReadModeNormalizedFloat",
          "enum cudaTextureReadMode { cudaReadModeElementType, cudaReadModeNormalizedFloat };"),
    piece("cudaTextureDesc", """
struct cudaTextureDesc {
  cudaTextureAddressMode addressMode[3];
  cudaTextureFilterMode filterMode;
  cudaTextureReadMode readMode;
  int sRGB;
  float borderColor[4];
  int normalizedCoords;
  unsigned maxAnisotropy;
  cudaTextureFilterMode mipmapFilterMode;
  float mipmapLevelBias, minMipmapLevelClamp, maxMipmapLevelClamp;
};
"""),
    piece("cudaResourceViewDesc", "struct cudaResourceViewDesc;"),
    piece("cudaTextureObject_t", """
static inline void xp_sampled_otherwise(unsigned is, unsigned wanted) {
  fprintf(stderr, "a texture of format %#x is given to a kernel made for %#x\\n", is, wanted);
  abort();
}
/* what is 0 where CUDA has a handle; extents and the stride of rows in texels */
struct cudaTextureObject_t {
  const void *memory;
  int32_t width, height, depth, stride;
  uint32_t format;
  cudaTextureObject_t(unsigned long long = 0) : memory(0), width(0), height(0), depth(0), stride(0), format(0) {}
  operator bool() const { return memory != 0; }
  template <unsigned wanted, unsigned mask> const void *texels() const {
    if ((format ^ wanted) & mask) xp_sampled_otherwise(format & mask, wanted);
    return memory;
  }
  /* which of the ways of sampling it is */
  template <unsigned mask, unsigned... words> int32_t way() const {
    const uint32_t known[] = {words...};
    for (int32_t i = 0; i < (int32_t)sizeof...(words); ++i)
      if (((format ^ known[i]) & mask) == 0) return i;
    xp_sampled_otherwise(format & mask, known[0]);
    return 0;
  }
};
""", "stdint.h", "stdio.h", "stdlib.h"),
    piece("cudaDestroyTextureObject",
          "static inline cudaError_t cudaDestroyTextureObject(cudaTextureObject_t) { return cudaSuccess; }"),
    piece("cudaCreateTextureObject", """
static inline uint32_t xp_format(const cudaChannelFormatDesc &c, const cudaTextureDesc &d, bool layered) {
  bool colour = d.borderColor[0] != 0 || d.borderColor[1] != 0 || d.borderColor[2] != 0 || d.borderColor[3] != 0;
  uint32_t channels = (c.x > 0) + (c.y > 0) + (c.z > 0) + (c.w > 0);
  uint32_t format = (d.filterMode == cudaFilterModeLinear) | (uint32_t)(d.normalizedCoords != 0) << 1 |
                    (uint32_t)(d.readMode == cudaReadModeNormalizedFloat) << 2 | (uint32_t)c.f << 9 |
                    channels << 11 | (uint32_t)c.x << 14 | (uint32_t)layered << 20 | (uint32_t)colour << 21 |
                    (uint32_t)(d.sRGB != 0) << 22;
  for (int i = 0; i < 3; ++i) {
    bool border = d.addressMode[i] == cudaAddressModeBorder;
    uint32_t mode = d.normalizedCoords || border ? d.addressMode[i] : cudaAddressModeClamp;
    format |= mode << (3 + 2 * i);
  }
  return format;
}
static inline cudaError_t cudaCreateTextureObject(cudaTextureObject_t *texture, const cudaResourceDesc *r,
                                                  const cudaTextureDesc *d, const cudaResourceViewDesc *) {
  cudaTextureObject_t t;
  if (r->resType == cudaResourceTypeArray && r->res.array.array) {
    const cudaArray &a = *r->res.array.array;
    t.memory = a.data;
    t.width = t.stride = (int32_t)a.extent.width;
    t.height = (int32_t)a.extent.height;
    t.depth = (int32_t)a.extent.depth;
    t.format = xp_format(a.desc, *d, (a.flags & cudaArrayLayered) != 0);
  } else if (r->resType == cudaResourceTypeLinear && xp_texel_bytes(r->res.linear.desc)) {
    t.memory = r->res.linear.devPtr;
    t.width = t.stride = (int32_t)(r->res.linear.sizeInBytes / xp_texel_bytes(r->res.linear.desc));
    t.height = t.depth = 1;
    t.format = xp_format(r->res.linear.desc, *d, false);
  } else if (r->resType == cudaResourceTypePitch2D && xp_texel_bytes(r->res.pitch2D.desc) &&
             r->res.pitch2D.pitchInBytes % xp_texel_bytes(r->res.pitch2D.desc) == 0) {
    t.memory = r->res.pitch2D.devPtr;
    t.width = (int32_t)r->res.pitch2D.width;
    t.height = (int32_t)r->res.pitch2D.height;
    t.depth = 1;
    t.stride = (int32_t)(r->res.pitch2D.pitchInBytes / xp_texel_bytes(r->res.pitch2D.desc));
    t.format = xp_format(r->res.pitch2D.desc, *d, false);
  } else {
    return cudaErrorInvalidValue;
  }
  *texture = t;
  return cudaSuccess;
}
"""),
)  # fmt: skip

_SURFACES: Final = (
    piece("cudaSurfaceObject_t", """
/* an array that kernels write: extents in texels, rows without a gap */
struct cudaSurfaceObject_t {
  void *memory;
  int32_t width, height, depth, stride;
  uint32_t bytes; /* of a texel */
  cudaSurfaceObject_t(unsigned long long = 0) : memory(0), width(0), height(0), depth(0), stride(0), bytes(0) {}
  operator bool() const { return memory != 0; }
  template <unsigned wanted> void *surface() const {
    if (bytes != wanted) {
      fprintf(stderr, "a surface with texels of %u bytes is given to a kernel made for %u\\n", bytes, wanted);
      abort();
    }
    return memory;
  }
};
""", "stdint.h", "stdio.h", "stdlib.h"),
    piece("cudaCreateSurfaceObject", """
static inline cudaError_t cudaCreateSurfaceObject(cudaSurfaceObject_t *surface, const cudaResourceDesc *r) {
  if (r->resType != cudaResourceTypeArray || !r->res.array.array) return cudaErrorInvalidValue;
  const cudaArray &a = *r->res.array.array;
  surface->memory = a.data;
  surface->width = surface->stride = (int32_t)a.extent.width;
  surface->height = (int32_t)a.extent.height;
  surface->depth = (int32_t)a.extent.depth;
  surface->bytes = (uint32_t)xp_texel_bytes(a.desc);
  return cudaSuccess;
}
"""),
    piece("cudaDestroySurfaceObject",
          "static inline cudaError_t cudaDestroySurfaceObject(cudaSurfaceObject_t) { return cudaSuccess; }"),
)  # fmt: skip

_REFERENCES: Final = (
    piece("textureReference texture< cudaTextureType1D cudaTextureType2D cudaTextureType3D", """
enum { cudaTextureType1D = 1, cudaTextureType2D = 2, cudaTextureType3D = 3 };
/* what is sampled stands first: a kernel reads it there */
struct textureReference : cudaTextureObject_t {
  int normalized;
  cudaTextureFilterMode filterMode;
  cudaTextureAddressMode addressMode[3];
  cudaChannelFormatDesc channelDesc;
  int sRGB;
  cudaTextureReadMode read;
};
template <class T, int dimensions = 1, cudaTextureReadMode mode = cudaReadModeElementType>
struct texture : textureReference {
  texture(int is_normalized = 0, cudaTextureFilterMode filter = cudaFilterModePoint,
          cudaTextureAddressMode address = cudaAddressModeClamp) {
    normalized = is_normalized, filterMode = filter, sRGB = 0, read = mode;
    for (cudaTextureAddressMode &along : addressMode) along = address;
    channelDesc = cudaCreateChannelDesc<T>();
  }
};
"""),
    piece("xp_bind", """
/* binding changes a reference that its caller calls constant */
[[maybe_unused]] static inline cudaError_t xp_bind(const textureReference &t, const cudaResourceDesc &r) {
  cudaTextureDesc d = {};
  d.normalizedCoords = t.normalized, d.filterMode = t.filterMode, d.readMode = t.read, d.sRGB = t.sRGB;
  for (int axis = 0; axis < 3; ++axis) d.addressMode[axis] = t.addressMode[axis];
  return cudaCreateTextureObject(const_cast<textureReference *>(&t), &r, &d, nullptr);
}
"""),
    piece("cudaBindTexture", """
[[maybe_unused]] static inline cudaError_t cudaBindTexture(size_t *offset, const textureReference *t, const void *p,
                                                           const cudaChannelFormatDesc *desc,
                                                           size_t bytes = 0x7fffffff) {
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypeLinear;
  r.res.linear.devPtr = (void *)p;
  r.res.linear.desc = *desc;
  r.res.linear.sizeInBytes = bytes;
  if (offset) *offset = 0;
  return xp_bind(*t, r);
}
[[maybe_unused]] static inline cudaError_t cudaBindTexture(size_t *offset, const textureReference &t, const void *p,
                                                           const cudaChannelFormatDesc &desc,
                                                           size_t bytes = 0x7fffffff) {
  return cudaBindTexture(offset, &t, p, &desc, bytes);
}
[[maybe_unused]] static inline cudaError_t cudaBindTexture(size_t *offset, const textureReference &t, const void *p,
                                                           size_t bytes = 0x7fffffff) {
  return cudaBindTexture(offset, &t, p, &t.channelDesc, bytes);
}
"""),
    piece("cudaBindTexture2D", """
[[maybe_unused]] static inline cudaError_t cudaBindTexture2D(size_t *offset, const textureReference &t, const void *p,
                                                             const cudaChannelFormatDesc &desc, size_t width,
                                                             size_t height, size_t pitch) {
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypePitch2D;
  r.res.pitch2D.devPtr = (void *)p;
  r.res.pitch2D.desc = desc;
  r.res.pitch2D.width = width;
  r.res.pitch2D.height = height;
  r.res.pitch2D.pitchInBytes = pitch;
  if (offset) *offset = 0;
  return xp_bind(t, r);
}
[[maybe_unused]] static inline cudaError_t cudaBindTexture2D(size_t *offset, const textureReference &t, const void *p,
                                                             size_t width, size_t height, size_t pitch) {
  return cudaBindTexture2D(offset, t, p, t.channelDesc, width, height, pitch);
}
"""),
    piece("cudaBindTextureToArray", """
[[maybe_unused]] static inline cudaError_t cudaBindTextureToArray(const textureReference &t, cudaArray_const_t array) {
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypeArray;
  r.res.array.array = (cudaArray_t)array;
  return xp_bind(t, r);
}
[[maybe_unused]] static inline cudaError_t cudaBindTextureToArray(const textureReference &t, cudaArray_const_t array,
                                                                  const cudaChannelFormatDesc &) {
  return cudaBindTextureToArray(t, array);
}
"""),
    piece("cudaUnbindTexture", """
[[maybe_unused]] static inline cudaError_t cudaUnbindTexture(const textureReference &) { return cudaSuccess; }
[[maybe_unused]] static inline cudaError_t cudaUnbindTexture(const textureReference *) { return cudaSuccess; }
"""),
)  # fmt: skip

_PIECES: Final = (*_FORMATS, *_PLACES, *_ARRAYS, *_OBJECTS, *_SURFACES, *_REFERENCES)


def texture_pieces(words: Mapping[str, str]) -> tuple[HostPiece, ...]:
    """The pieces in an order that compiles. `words`: what the host calls `cudaError_t` and its values, `cudaMemcpyKind`,
    `cudaStream_t`, where that differs."""
    pattern = re.compile(rf"\b(?:{'|'.join(words)})\b") if words else None

    def worded(text: str) -> str:
        return pattern.sub(lambda m: words[m[0]], text) if pattern else text

    return tuple(HostPiece(p.names, worded(p.text), p.needs) for p in _PIECES)
