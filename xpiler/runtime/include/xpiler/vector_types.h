// CUDA's short vector types, with CUDA's sizes and alignments.
#ifndef XPILER_VECTOR_TYPES_H
#define XPILER_VECTOR_TYPES_H

#define XP_VECTOR1(name, type) \
  struct name##1 { type x; }; \
  inline name##1 make_##name##1(type x) { return name##1{x}; }
#define XP_VECTOR2(name, type, align) \
  struct alignas(align) name##2 { type x, y; }; \
  inline name##2 make_##name##2(type x, type y) { return name##2{x, y}; }
#define XP_VECTOR3(name, type) \
  struct name##3 { type x, y, z; }; \
  inline name##3 make_##name##3(type x, type y, type z) { return name##3{x, y, z}; }
#define XP_VECTOR4(name, type, align) \
  struct alignas(align) name##4 { type x, y, z, w; }; \
  inline name##4 make_##name##4(type x, type y, type z, type w) { return name##4{x, y, z, w}; }
#define XP_VECTORS(name, type, align2, align4) \
  XP_VECTOR1(name, type) XP_VECTOR2(name, type, align2) XP_VECTOR3(name, type) XP_VECTOR4(name, type, align4)

XP_VECTORS(char, signed char, 2, 4)
XP_VECTORS(uchar, unsigned char, 2, 4)
XP_VECTORS(short, short, 4, 8)
XP_VECTORS(ushort, unsigned short, 4, 8)
XP_VECTORS(int, int, 8, 16)
XP_VECTORS(uint, unsigned int, 8, 16)
XP_VECTORS(long, long, 16, 16)
XP_VECTORS(ulong, unsigned long, 16, 16)
XP_VECTORS(longlong, long long, 16, 16)
XP_VECTORS(ulonglong, unsigned long long, 16, 16)
XP_VECTORS(float, float, 8, 16)
XP_VECTORS(double, double, 16, 16)

#undef XP_VECTORS
#undef XP_VECTOR1
#undef XP_VECTOR2
#undef XP_VECTOR3
#undef XP_VECTOR4

struct dim3 {
  unsigned int x, y, z;
  constexpr dim3(unsigned int x_ = 1, unsigned int y_ = 1, unsigned int z_ = 1) : x(x_), y(y_), z(z_) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
  operator uint3() const { return uint3{x, y, z}; }
};

#endif
