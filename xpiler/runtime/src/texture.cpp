// Arrays, textures and surfaces behind xpiler/texture.h.
#include "xpiler/texture.h"

#include <math.h>

// Layers and depth are one after the other; width in texels, height and depth at least 1.
struct cudaArray {
  cudaChannelFormatDesc desc;
  cudaExtent asked;
  size_t width, height, depth;
  unsigned flags;
  unsigned char *data;
};

namespace {

size_t texel_bytes(const cudaChannelFormatDesc &d) { return size_t(d.x + d.y + d.z + d.w) / 8; }
size_t row_bytes(const cudaArray &a) { return a.width * texel_bytes(a.desc); }

struct View {
  const unsigned char *data;
  cudaChannelFormatDesc desc;
  size_t width, height, depth, pitch;
  bool layered;
};

struct Texture {
  View view;
  cudaTextureDesc desc;
};

View view_of(const cudaArray &a) {
  return View{a.data, a.desc, a.width, a.height, a.depth, row_bytes(a), (a.flags & cudaArrayLayered) != 0};
}

bool view_of(const cudaResourceDesc &r, View *view) {
  switch (r.resType) {
    case cudaResourceTypeArray:
      if (!r.res.array.array) return false;
      *view = view_of(*r.res.array.array);
      return true;
    case cudaResourceTypeLinear: {
      const auto &l = r.res.linear;
      size_t bytes = texel_bytes(l.desc);
      if (!bytes) return false;
      *view = View{static_cast<unsigned char *>(l.devPtr), l.desc, l.sizeInBytes / bytes, 1, 1, l.sizeInBytes, false};
      return true;
    }
    case cudaResourceTypePitch2D: {
      const auto &p = r.res.pitch2D;
      *view = View{static_cast<unsigned char *>(p.devPtr), p.desc, p.width, p.height, 1, p.pitchInBytes, false};
      return true;
    }
    default: return false;
  }
}

// --- texels -------------------------------------------------------------------------------------

double channel_value(const unsigned char *p, int bits, cudaChannelFormatKind kind, bool normalized) {
  if (kind == cudaChannelFormatKindFloat) {
    if (bits == 16) {
      __half h;
      memcpy(static_cast<void *>(&h), p, 2);
      return static_cast<float>(h);
    }
    float f;
    memcpy(&f, p, 4);
    return f;
  }
  uint32_t raw = 0;
  memcpy(&raw, p, size_t(bits) / 8);
  if (kind == cudaChannelFormatKindUnsigned)
    return normalized ? double(float(raw) / float((uint64_t(1) << bits) - 1)) : double(raw);
  auto value = double(static_cast<int32_t>(raw << (32 - bits)) >> (32 - bits));
  if (!normalized) return value;
  double scaled = value / double((uint64_t(1) << (bits - 1)) - 1);
  return scaled < -1.0 ? -1.0 : scaled;
}

xpiler::Texel texel_at(const View &v, size_t x, size_t y, size_t z, bool normalized) {
  xpiler::Texel texel{};
  const unsigned char *p = v.data + (z * v.height + y) * v.pitch + x * texel_bytes(v.desc);
  const int bits[] = {v.desc.x, v.desc.y, v.desc.z, v.desc.w};
  for (int i = 0; i < 4 && bits[i]; ++i) {
    texel.channel[i] = channel_value(p, bits[i], v.desc.f, normalized);
    p += bits[i] / 8;
  }
  return texel;
}

// The index of a texel along one axis; -1 for the border.
long long addressed(long long i, size_t size, cudaTextureAddressMode mode) {
  auto n = static_cast<long long>(size);
  if (i >= 0 && i < n) return i;
  switch (mode) {
    case cudaAddressModeWrap: return (i % n + n) % n;
    case cudaAddressModeMirror: {
      long long j = (i % (2 * n) + 2 * n) % (2 * n);
      return j < n ? j : 2 * n - 1 - j;
    }
    case cudaAddressModeBorder: return -1;
    default: return i < 0 ? 0 : n - 1;
  }
}

// Two neighbours along an axis and the weight of the second.
struct Along {
  long long first, second;
  float weight;
};

Along along(const Texture &t, int axis, float coordinate, size_t size) {
  // wrapping and mirroring are for normalised coordinates only; else the hardware clamps
  cudaTextureAddressMode mode = t.desc.addressMode[axis];
  bool periodic = mode == cudaAddressModeWrap || mode == cudaAddressModeMirror;
  if (!t.desc.normalizedCoords && periodic) mode = cudaAddressModeClamp;
  float u = t.desc.normalizedCoords ? coordinate * static_cast<float>(size) : coordinate;
  if (t.desc.filterMode == cudaFilterModePoint) {
    auto i = static_cast<long long>(floorf(u));
    return Along{addressed(i, size, mode), -1, 0.0f};
  }
  float below = floorf(u - 0.5f);
  auto i = static_cast<long long>(below);
  float weight = rintf((u - 0.5f - below) * 256.0f) / 256.0f;
  return Along{addressed(i, size, mode), addressed(i + 1, size, mode), weight};
}

xpiler::Texel border(const Texture &t) {
  xpiler::Texel texel{};
  for (int i = 0; i < 4; ++i) texel.channel[i] = t.desc.borderColor[i];
  return texel;
}

xpiler::Texel corner(const Texture &t, long long x, long long y, long long z) {
  if (x < 0 || y < 0 || z < 0) return border(t);
  bool normalized = t.desc.readMode == cudaReadModeNormalizedFloat;
  return texel_at(t.view, size_t(x), size_t(y), size_t(z), normalized);
}

cudaError_t copy_rows(unsigned char *to, size_t to_pitch, const unsigned char *from, size_t from_pitch, size_t width,
                      size_t height) {
  return cudaMemcpy2D(to, to_pitch, from, from_pitch, width, height, cudaMemcpyDefault);
}

}  // namespace

namespace xpiler {

Texel fetch_linear(cudaTextureObject_t texture, int x) {
  const auto &t = *reinterpret_cast<const Texture *>(texture);
  if (x < 0 || size_t(x) >= t.view.width) return Texel{};
  return texel_at(t.view, size_t(x), 0, 0, t.desc.readMode == cudaReadModeNormalizedFloat);
}

Texel sample(cudaTextureObject_t texture, int dimensions, float x, float y, float z, int layer) {
  const auto &t = *reinterpret_cast<const Texture *>(texture);
  const Along none{0, -1, 0.0f};
  Along ax = along(t, 0, x, t.view.width);
  Along ay = dimensions > 1 ? along(t, 1, y, t.view.height) : none;
  Along az = dimensions > 2 ? along(t, 2, z, t.view.depth) : none;
  if (t.view.layered) az.first = addressed(layer, t.view.depth, cudaAddressModeClamp);
  if (t.desc.filterMode == cudaFilterModePoint) return corner(t, ax.first, ay.first, az.first);
  float sum[4] = {};
  for (int k = 0; k < 8; ++k) {
    bool bx = k & 1, by = k & 2, bz = k & 4;
    if ((by && dimensions < 2) || (bz && dimensions < 3)) continue;
    float w = (bx ? ax.weight : 1 - ax.weight) * (by ? ay.weight : 1 - ay.weight) * (bz ? az.weight : 1 - az.weight);
    if (w == 0.0f) continue;
    Texel c = corner(t, bx ? ax.second : ax.first, by ? ay.second : ay.first, bz ? az.second : az.first);
    for (int i = 0; i < 4; ++i) sum[i] += w * static_cast<float>(c.channel[i]);
  }
  return Texel{{sum[0], sum[1], sum[2], sum[3]}};
}

Texel gather(cudaTextureObject_t texture, float x, float y, int component) {
  Texture t = *reinterpret_cast<const Texture *>(texture);
  t.desc.filterMode = cudaFilterModeLinear;
  Along ax = along(t, 0, x, t.view.width), ay = along(t, 1, y, t.view.height);
  const long long at[4][2] = {
      {ax.first, ay.second}, {ax.second, ay.second}, {ax.second, ay.first}, {ax.first, ay.first}};
  Texel texel{};
  for (int i = 0; i < 4; ++i) texel.channel[i] = corner(t, at[i][0], at[i][1], 0).channel[component & 3];
  return texel;
}

unsigned char *surface_texel(cudaSurfaceObject_t surface, int byte_x, int y, int z, size_t bytes,
                             cudaSurfaceBoundaryMode mode) {
  auto &a = *reinterpret_cast<cudaArray *>(surface);
  auto row = static_cast<long long>(row_bytes(a)), size = static_cast<long long>(bytes);
  long long x = byte_x, height = static_cast<long long>(a.height), depth = static_cast<long long>(a.depth);
  bool inside = x >= 0 && x + size <= row && y >= 0 && y < height && z >= 0 && z < depth;
  if (!inside && mode == cudaBoundaryModeZero) return nullptr;
  if (!inside && mode == cudaBoundaryModeTrap)
    fail(fault_out_of_bounds, "byte %d of row %d of slice %d of a surface of %lld bytes by %lld rows by %lld", byte_x,
         y, z, row, height, depth);
  auto clamped = [](long long i, long long n) { return i < 0 ? 0 : i >= n ? n - 1 : i; };
  x = x < 0 ? 0 : x + size > row ? row - size : x;
  return a.data + (clamped(z, depth) * height + clamped(y, height)) * row + x;
}

}  // namespace xpiler

namespace xpiler {

cudaTextureObject_t BoundTexture::object(unsigned word) {
  if (made) cudaDestroyTextureObject(made);
  cudaTextureDesc desc = {};
  desc.filterMode = word & 1 ? cudaFilterModeLinear : cudaFilterModePoint;
  desc.normalizedCoords = word >> 1 & 1;
  desc.readMode = word >> 2 & 1 ? cudaReadModeNormalizedFloat : cudaReadModeElementType;
  for (int axis = 0; axis < 3; ++axis)
    desc.addressMode[axis] = static_cast<cudaTextureAddressMode>(word >> (3 + 2 * axis) & 3);
  int channels = word >> 11 & 7, bits = word >> 14 & 63, each[4];
  for (int i = 0; i < 4; ++i) each[i] = i < channels ? bits : 0;
  cudaChannelFormatDesc texel{each[0], each[1], each[2], each[3], static_cast<cudaChannelFormatKind>(word >> 9 & 3)};
  size_t row = size_t(stride ? stride : width) * texel_bytes(texel);
  View view{static_cast<const unsigned char *>(texels), texel, size_t(width), size_t(height), size_t(depth), row,
            (word >> 20 & 1) != 0};
  return made = reinterpret_cast<cudaTextureObject_t>(new Texture{view, desc});
}

cudaSurfaceObject_t BoundSurface::object(size_t texel_bytes) {
  const size_t open = size_t(1) << 30;
  cudaChannelFormatDesc texel{int(8 * texel_bytes), 0, 0, 0, cudaChannelFormatKindUnsigned};
  delete made;
  made = new cudaArray{texel, {}, stride ? size_t(stride) : open, height ? size_t(height) : open,
                       depth ? size_t(depth) : open, 0, static_cast<unsigned char *>(surface)};
  return reinterpret_cast<cudaSurfaceObject_t>(made);
}

}  // namespace xpiler

// --- the host's side ----------------------------------------------------------------------------

cudaError_t cudaMalloc3DArray(cudaArray_t *array, const cudaChannelFormatDesc *desc, cudaExtent e, unsigned flags) {
  auto *a = new cudaArray{*desc, e, e.width, e.height ? e.height : 1, e.depth ? e.depth : 1, flags, nullptr};
  size_t bytes = row_bytes(*a) * a->height * a->depth;
  a->data = static_cast<unsigned char *>(bytes ? xpiler::guarded_alloc(bytes, 16, "an array") : nullptr);
  *array = a->data ? a : nullptr;
  if (a->data) return cudaSuccess;
  delete a;
  return bytes ? cudaErrorMemoryAllocation : cudaErrorInvalidValue;
}

cudaError_t cudaMallocArray(cudaArray_t *array, const cudaChannelFormatDesc *desc, size_t width, size_t height,
                            unsigned flags) {
  return cudaMalloc3DArray(array, desc, cudaExtent{width, height, 0}, flags);
}

cudaError_t cudaFreeArray(cudaArray_t array) {
  if (!array) return cudaSuccess;
  xpiler::guarded_free(array->data);
  delete array;
  return cudaSuccess;
}

cudaError_t cudaArrayGetInfo(cudaChannelFormatDesc *desc, cudaExtent *extent, unsigned *flags, cudaArray_t array) {
  if (desc) *desc = array->desc;
  if (extent) *extent = array->asked;
  if (flags) *flags = array->flags;
  return cudaSuccess;
}

cudaError_t cudaMemcpyToArray(cudaArray_t to, size_t x, size_t y, const void *from, size_t bytes, cudaMemcpyKind kind) {
  return cudaMemcpy(to->data + y * row_bytes(*to) + x, from, bytes, kind);
}

cudaError_t cudaMemcpyFromArray(void *to, cudaArray_const_t from, size_t x, size_t y, size_t bytes,
                                cudaMemcpyKind kind) {
  return cudaMemcpy(to, from->data + y * row_bytes(*from) + x, bytes, kind);
}

cudaError_t cudaMemcpy2DToArray(cudaArray_t to, size_t x, size_t y, const void *from, size_t pitch, size_t width,
                                size_t height, cudaMemcpyKind) {
  size_t row = row_bytes(*to);
  return copy_rows(to->data + y * row + x, row, static_cast<const unsigned char *>(from), pitch, width, height);
}

cudaError_t cudaMemcpy2DFromArray(void *to, size_t pitch, cudaArray_const_t from, size_t x, size_t y, size_t width,
                                  size_t height, cudaMemcpyKind) {
  size_t row = row_bytes(*from);
  return copy_rows(static_cast<unsigned char *>(to), pitch, from->data + y * row + x, row, width, height);
}

namespace {

// One side of a 3D copy: its first byte, the bytes of a row and of a slice.
struct Side {
  unsigned char *start;
  size_t pitch, slice;
};

Side side_of(cudaArray_t array, const cudaPitchedPtr &p, const cudaPos &at) {
  if (array) {
    size_t row = row_bytes(*array), slice = row * array->height;
    return Side{array->data + at.z * slice + at.y * row + at.x * texel_bytes(array->desc), row, slice};
  }
  size_t slice = p.pitch * p.ysize;
  return Side{static_cast<unsigned char *>(p.ptr) + at.z * slice + at.y * p.pitch + at.x, p.pitch, slice};
}

}  // namespace

cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms *p) {
  Side to = side_of(p->dstArray, p->dstPtr, p->dstPos), from = side_of(p->srcArray, p->srcPtr, p->srcPos);
  // the width is in texels where an array takes part
  const cudaArray *array = p->dstArray ? p->dstArray : p->srcArray;
  size_t width = p->extent.width * (array ? texel_bytes(array->desc) : 1);
  size_t height = p->extent.height ? p->extent.height : 1, depth = p->extent.depth ? p->extent.depth : 1;
  for (size_t z = 0; z < depth; ++z) {
    cudaError_t error =
        copy_rows(to.start + z * to.slice, to.pitch, from.start + z * from.slice, from.pitch, width, height);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaMalloc3D(cudaPitchedPtr *p, cudaExtent e) {
  p->xsize = e.width;
  p->ysize = e.height;
  return cudaMallocPitch(&p->ptr, &p->pitch, e.width, e.height * e.depth);
}

cudaError_t cudaMemset3D(cudaPitchedPtr p, int value, cudaExtent e) {
  for (size_t z = 0; z < e.depth; ++z) {
    unsigned char *slice = static_cast<unsigned char *>(p.ptr) + z * p.pitch * p.ysize;
    cudaError_t error = cudaMemset2D(slice, p.pitch, value, e.width, e.height);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaCreateTextureObject(cudaTextureObject_t *texture, const cudaResourceDesc *resource,
                                    const cudaTextureDesc *desc, const cudaResourceViewDesc *) {
  View view;
  if (!view_of(*resource, &view)) return cudaErrorInvalidValue;
  *texture = reinterpret_cast<cudaTextureObject_t>(new Texture{view, *desc});
  return cudaSuccess;
}

cudaError_t cudaDestroyTextureObject(cudaTextureObject_t texture) {
  delete reinterpret_cast<Texture *>(texture);
  return cudaSuccess;
}

cudaError_t cudaCreateSurfaceObject(cudaSurfaceObject_t *surface, const cudaResourceDesc *resource) {
  if (resource->resType != cudaResourceTypeArray || !resource->res.array.array) return cudaErrorInvalidValue;
  *surface = reinterpret_cast<cudaSurfaceObject_t>(resource->res.array.array);
  return cudaSuccess;
}

cudaError_t cudaDestroySurfaceObject(cudaSurfaceObject_t) { return cudaSuccess; }
