// Texture references: variables at file scope that the host binds to memory. CUDA 12 removed them; older programs have them.
#ifndef XPILER_TEXTURE_REFERENCES_H
#define XPILER_TEXTURE_REFERENCES_H

#include <limits.h>

#include "xpiler/texture.h"

struct textureReference {
  int normalized = 0;
  cudaTextureFilterMode filterMode = cudaFilterModePoint;
  cudaTextureAddressMode addressMode[3] = {cudaAddressModeClamp, cudaAddressModeClamp, cudaAddressModeClamp};
  cudaChannelFormatDesc channelDesc = {};
  int sRGB = 0;
  cudaTextureReadMode xp_read_mode = cudaReadModeElementType;
  cudaTextureObject_t xp_object = 0;
};

enum { cudaTextureType1D = 1, cudaTextureType2D = 2, cudaTextureType3D = 3 };

template <class T, int dimensions = 1, cudaTextureReadMode mode = cudaReadModeElementType>
struct texture : textureReference {
  texture(int normalized_ = 0, cudaTextureFilterMode filter = cudaFilterModePoint,
          cudaTextureAddressMode address = cudaAddressModeClamp) {
    normalized = normalized_, filterMode = filter, xp_read_mode = mode;
    for (cudaTextureAddressMode &along : addressMode) along = address;
    channelDesc = cudaCreateChannelDesc<T>();
  }
};

namespace xpiler {

inline cudaError_t bind_reference(textureReference &t, const cudaResourceDesc &resource) {
  cudaTextureDesc desc = {};
  desc.normalizedCoords = t.normalized, desc.filterMode = t.filterMode, desc.readMode = t.xp_read_mode;
  for (int axis = 0; axis < 3; ++axis) desc.addressMode[axis] = t.addressMode[axis];
  if (t.xp_object) cudaDestroyTextureObject(t.xp_object);
  t.xp_object = 0;
  return cudaCreateTextureObject(&t.xp_object, &resource, &desc, nullptr);
}

}  // namespace xpiler

// The C API takes a pointer to a constant reference and binds it all the same.
inline cudaError_t cudaBindTexture(size_t *offset, const textureReference *t, const void *p,
                                   const cudaChannelFormatDesc *desc, size_t bytes = UINT_MAX) {
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypeLinear;
  r.res.linear.devPtr = const_cast<void *>(p);
  r.res.linear.desc = *desc, r.res.linear.sizeInBytes = bytes;
  if (offset) *offset = 0;
  return xpiler::bind_reference(const_cast<textureReference &>(*t), r);
}
inline cudaError_t cudaBindTexture(size_t *offset, const textureReference &t, const void *p,
                                   const cudaChannelFormatDesc &desc, size_t bytes = UINT_MAX) {
  return cudaBindTexture(offset, &t, p, &desc, bytes);
}
inline cudaError_t cudaBindTexture(size_t *offset, const textureReference &t, const void *p, size_t bytes = UINT_MAX) {
  return cudaBindTexture(offset, &t, p, &t.channelDesc, bytes);
}
inline cudaError_t cudaBindTexture2D(size_t *offset, const textureReference &t, const void *p,
                                     const cudaChannelFormatDesc &desc, size_t width, size_t height, size_t pitch) {
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypePitch2D;
  r.res.pitch2D.devPtr = const_cast<void *>(p);
  r.res.pitch2D.desc = desc;
  r.res.pitch2D.width = width, r.res.pitch2D.height = height, r.res.pitch2D.pitchInBytes = pitch;
  if (offset) *offset = 0;
  return xpiler::bind_reference(const_cast<textureReference &>(t), r);
}
inline cudaError_t cudaBindTexture2D(size_t *offset, const textureReference &t, const void *p, size_t width,
                                     size_t height, size_t pitch) {
  return cudaBindTexture2D(offset, t, p, t.channelDesc, width, height, pitch);
}
inline cudaError_t cudaBindTextureToArray(const textureReference &t, cudaArray_const_t array) {
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypeArray;
  r.res.array.array = const_cast<cudaArray_t>(array);
  return xpiler::bind_reference(const_cast<textureReference &>(t), r);
}
inline cudaError_t cudaBindTextureToArray(const textureReference &t, cudaArray_const_t array,
                                          const cudaChannelFormatDesc &) {
  return cudaBindTextureToArray(t, array);
}
inline cudaError_t cudaUnbindTexture(const textureReference &t) {
  if (t.xp_object) cudaDestroyTextureObject(t.xp_object);
  const_cast<textureReference &>(t).xp_object = 0;
  return cudaSuccess;
}
inline cudaError_t cudaUnbindTexture(const textureReference *t) { return cudaUnbindTexture(*t); }

#define XP_REFERENCE(name, parameters, ...)                                                  \
  template <class T, int dimensions>                                                         \
  T name(const texture<T, dimensions, cudaReadModeElementType> &reference, parameters) {     \
    return name<T>(reference.xp_object, __VA_ARGS__);                                        \
  }
#define XP_BOTH(a, b) a, b
#define XP_THREE(a, b, c) a, b, c
XP_REFERENCE(tex1Dfetch, int x, x)
XP_REFERENCE(tex1D, float x, x)
XP_REFERENCE(tex2D, XP_BOTH(float x, float y), x, y)
XP_REFERENCE(tex3D, XP_THREE(float x, float y, float z), x, y, z)
#undef XP_THREE
#undef XP_BOTH
#undef XP_REFERENCE

#endif
