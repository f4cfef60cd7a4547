// Arrays, textures and surfaces: texels in plain rows, filtered as the hardware does.
//
// Coordinates, address modes, and the fractions of linear filtering (8 bits) follow the CUDA C++ Programming Guide,
// section "Texture Fetching".
#ifndef XPILER_TEXTURE_H
#define XPILER_TEXTURE_H

#include <string.h>

#include <type_traits>

#include "xpiler/half.h"
#include "xpiler/host.h"

inline cudaExtent make_cudaExtent(size_t w, size_t h, size_t d) { return cudaExtent{w, h, d}; }
inline cudaPos make_cudaPos(size_t x, size_t y, size_t z) { return cudaPos{x, y, z}; }
inline cudaPitchedPtr make_cudaPitchedPtr(void *p, size_t pitch, size_t x, size_t y) {
  return cudaPitchedPtr{p, pitch, x, y};
}
inline cudaChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w, cudaChannelFormatKind f) {
  return cudaChannelFormatDesc{x, y, z, w, f};
}

namespace xpiler {

// A scalar is a vector of one component.
template <class T, class = void> struct Components {
  using type = T;
};
template <class T> struct Components<T, std::void_t<decltype(T::x)>> {
  using type = decltype(T::x);
};
template <> struct Components<__half, void> {
  using type = __half;
};

}  // namespace xpiler

template <class T> cudaChannelFormatDesc cudaCreateChannelDesc() {
  using C = typename xpiler::Components<T>::type;
  constexpr int bits = 8 * int(sizeof(C)), n = int(sizeof(T) / sizeof(C));
  cudaChannelFormatKind kind = std::is_same_v<C, float> || std::is_same_v<C, __half> ? cudaChannelFormatKindFloat
                               : std::is_unsigned_v<C>                               ? cudaChannelFormatKindUnsigned
                                                                                     : cudaChannelFormatKindSigned;
  return cudaChannelFormatDesc{bits, n > 1 ? bits : 0, n > 2 ? bits : 0, n > 3 ? bits : 0, kind};
}
inline cudaChannelFormatDesc cudaCreateChannelDescHalf() {
  return cudaChannelFormatDesc{16, 0, 0, 0, cudaChannelFormatKindFloat};
}

cudaError_t cudaMallocArray(cudaArray_t *array, const cudaChannelFormatDesc *desc, size_t width, size_t height = 0,
                            unsigned flags = 0);
cudaError_t cudaMalloc3DArray(cudaArray_t *array, const cudaChannelFormatDesc *desc, cudaExtent extent,
                              unsigned flags = 0);
cudaError_t cudaFreeArray(cudaArray_t array);
cudaError_t cudaArrayGetInfo(cudaChannelFormatDesc *desc, cudaExtent *extent, unsigned *flags, cudaArray_t array);
cudaError_t cudaMemcpyToArray(cudaArray_t to, size_t x, size_t y, const void *from, size_t bytes, cudaMemcpyKind);
cudaError_t cudaMemcpyFromArray(void *to, cudaArray_const_t from, size_t x, size_t y, size_t bytes, cudaMemcpyKind);
cudaError_t cudaMemcpy2DToArray(cudaArray_t to, size_t x, size_t y, const void *from, size_t pitch, size_t width,
                                size_t height, cudaMemcpyKind);
cudaError_t cudaMemcpy2DFromArray(void *to, size_t pitch, cudaArray_const_t from, size_t x, size_t y, size_t width,
                                  size_t height, cudaMemcpyKind);
cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms *p);
cudaError_t cudaMalloc3D(cudaPitchedPtr *p, cudaExtent extent);
cudaError_t cudaMemset3D(cudaPitchedPtr p, int value, cudaExtent extent);
cudaError_t cudaCreateTextureObject(cudaTextureObject_t *texture, const cudaResourceDesc *resource,
                                    const cudaTextureDesc *desc, const struct cudaResourceViewDesc *view);
cudaError_t cudaDestroyTextureObject(cudaTextureObject_t texture);
cudaError_t cudaCreateSurfaceObject(cudaSurfaceObject_t *surface, const cudaResourceDesc *resource);
cudaError_t cudaDestroySurfaceObject(cudaSurfaceObject_t surface);

inline cudaError_t cudaMemcpy2DToArrayAsync(cudaArray_t to, size_t x, size_t y, const void *from, size_t pitch,
                                            size_t width, size_t height, cudaMemcpyKind kind, cudaStream_t = nullptr) {
  return cudaMemcpy2DToArray(to, x, y, from, pitch, width, height, kind);
}
inline cudaError_t cudaMemcpyToArrayAsync(cudaArray_t to, size_t x, size_t y, const void *from, size_t bytes,
                                          cudaMemcpyKind kind, cudaStream_t = nullptr) {
  return cudaMemcpyToArray(to, x, y, from, bytes, kind);
}
inline cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms *p, cudaStream_t = nullptr) { return cudaMemcpy3D(p); }

namespace xpiler {

// A texel's channels as they are read: integers up to 32 bits are exact in double.
struct Texel {
  double channel[4];
};

Texel fetch_linear(cudaTextureObject_t texture, int x);
Texel sample(cudaTextureObject_t texture, int dimensions, float x, float y, float z, int layer);
// A component of the four texels that linear filtering would weigh: (0, 1), (1, 1), (1, 0), (0, 0).
Texel gather(cudaTextureObject_t texture, float x, float y, int component);
// The address of a texel of a surface, null where nothing is to be written or zero is to be read.
unsigned char *surface_texel(cudaSurfaceObject_t surface, int byte_x, int y, int z, size_t bytes,
                             cudaSurfaceBoundaryMode mode);

// A texture over a buffer of a test case. `word` says what a texel is and how it is sampled; xpiler/ir/textures.py has the
// layout of its bits. Rows follow one another every `stride` texels, 0: every `width`.
struct BoundTexture {
  const void *texels = nullptr;
  int width = 1, height = 1, depth = 1, stride = 0, way = 0;
  template <size_t n> unsigned way_of(const unsigned (&words)[n]) const {
    return words[way < 0 || size_t(way) >= n ? n - 1 : size_t(way)];
  }
  cudaTextureObject_t made = 0;
  cudaTextureObject_t object(unsigned word);
};

// A surface over a buffer of a test case: rows of `stride` texels, without an end where the case does not say.
struct BoundSurface {
  void *surface = nullptr;
  int stride = 0, height = 0, depth = 0;
  cudaArray_t made = nullptr;
  cudaSurfaceObject_t object(size_t texel_bytes);
};

template <class T> T from_texel(const Texel &texel) {
  using C = typename Components<T>::type;
  T value;
  C channels[sizeof(T) / sizeof(C)];
  for (size_t i = 0; i < sizeof(T) / sizeof(C); ++i) {
    if constexpr (std::is_integral_v<C> && std::is_signed_v<C>)
      channels[i] = static_cast<C>(static_cast<long long>(texel.channel[i]));
    else if constexpr (std::is_integral_v<C>)
      channels[i] = static_cast<C>(static_cast<unsigned long long>(texel.channel[i]));
    else
      channels[i] = C(static_cast<float>(texel.channel[i]));
  }
  memcpy(static_cast<void *>(&value), channels, sizeof value);
  return value;
}
template <class T> T read_surface(cudaSurfaceObject_t s, int x, int y, int z, cudaSurfaceBoundaryMode mode) {
  T value{};
  if (const unsigned char *p = surface_texel(s, x, y, z, sizeof(T), mode))
    memcpy(static_cast<void *>(&value), p, sizeof value);
  return value;
}
template <class T> void write_surface(T value, cudaSurfaceObject_t s, int x, int y, int z, cudaSurfaceBoundaryMode mode) {
  if (unsigned char *p = surface_texel(s, x, y, z, sizeof(T), mode)) memcpy(p, &value, sizeof value);
}

}  // namespace xpiler

// --- what a thread may call ---------------------------------------------------------------------

template <class T> T tex1Dfetch(cudaTextureObject_t t, int x) { return xpiler::from_texel<T>(xpiler::fetch_linear(t, x)); }
template <class T> void tex1Dfetch(T *to, cudaTextureObject_t t, int x) { *to = tex1Dfetch<T>(t, x); }

#define XP_TEXTURE(name, dimensions, parameters, x, y, z, layer)                          \
  template <class T> T name parameters {                                                  \
    return xpiler::from_texel<T>(xpiler::sample(texture, dimensions, x, y, z, layer));    \
  }
XP_TEXTURE(tex1D, 1, (cudaTextureObject_t texture, float x), x, 0, 0, 0)
XP_TEXTURE(tex2D, 2, (cudaTextureObject_t texture, float x, float y), x, y, 0, 0)
XP_TEXTURE(tex3D, 3, (cudaTextureObject_t texture, float x, float y, float z), x, y, z, 0)
XP_TEXTURE(tex1DLayered, 1, (cudaTextureObject_t texture, float x, int layer), x, 0, 0, layer)
XP_TEXTURE(tex2DLayered, 2, (cudaTextureObject_t texture, float x, float y, int layer), x, y, 0, layer)
// Without mipmaps every level is the only one.
XP_TEXTURE(tex1DLod, 1, (cudaTextureObject_t texture, float x, float), x, 0, 0, 0)
XP_TEXTURE(tex2DLod, 2, (cudaTextureObject_t texture, float x, float y, float), x, y, 0, 0)
XP_TEXTURE(tex3DLod, 3, (cudaTextureObject_t texture, float x, float y, float z, float), x, y, z, 0)
#undef XP_TEXTURE
template <class T> T tex2Dgather(cudaTextureObject_t texture, float x, float y, int component = 0) {
  return xpiler::from_texel<T>(xpiler::gather(texture, x, y, component));
}

#define XP_COMMA ,
#define XP_SURFACE(name, parameters, x, y, z)                                                            \
  template <class T>                                                                                     \
  T name##read(cudaSurfaceObject_t s, parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) { \
    return xpiler::read_surface<T>(s, x, y, z, mode);                                                    \
  }                                                                                                      \
  template <class T>                                                                                     \
  void name##read(T *to, cudaSurfaceObject_t s, parameters,                                              \
                  cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) {                                 \
    *to = xpiler::read_surface<T>(s, x, y, z, mode);                                                     \
  }                                                                                                      \
  template <class T>                                                                                     \
  void name##write(T value, cudaSurfaceObject_t s, parameters,                                           \
                   cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) {                                \
    xpiler::write_surface(value, s, x, y, z, mode);                                                      \
  }
XP_SURFACE(surf1D, int x, x, 0, 0)
XP_SURFACE(surf2D, int x XP_COMMA int y, x, y, 0)
XP_SURFACE(surf3D, int x XP_COMMA int y XP_COMMA int z, x, y, z)
XP_SURFACE(surf2DLayered, int x XP_COMMA int y XP_COMMA int layer, x, y, layer)
#undef XP_SURFACE
#undef XP_COMMA

#endif
