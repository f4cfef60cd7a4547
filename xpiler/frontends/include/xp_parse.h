// Light declarations of CUDA C++ for libclang: enough to type every expression, no bodies.
// Force-included before the user's text, so that files without any #include parse too.
#pragma once
#define __CUDACC__ 1
#define __NVCC__ 1
#define __XPILER__ 1
#define __CUDA_ARCH__ 800
#define CUDART_VERSION 12040
#define CUDA_VERSION 12040
#define __DRIVER_TYPES_H__  // what helper headers ask for to see whether the CUDA headers are there
#define __CUDA_RUNTIME_H__
#define __CUDA_RUNTIME_API_H__
#define __CUDA_FP16_H__
#define __CUDA_BF16_H__
#define __CUDACC_VER_MAJOR__ 12
#define __CUDACC_VER_MINOR__ 4
#undef __noinline__
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define __managed__ __attribute__((device))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __grid_constant__
#define __cluster_dims__(...)
#define CUDART_CB
#define CUDARTAPI
#define __restrict__ __restrict
#define __align__(n) __attribute__((aligned(n)))
#define __builtin_align__(n) __attribute__((aligned(n)))
#define CUDART_INF_F __builtin_inff()
#define CUDART_INF __builtin_inf()
#define CUDART_NAN_F __builtin_nanf("")
#define CUDART_NAN __builtin_nan("")
#define CUDART_PI_F 3.141592654f
#define CUDART_PI 3.1415926535897931
#define CUDART_MAX_NORMAL_F 3.402823466e+38f
// math.h defines these too, with values that its own macros guard; nvcc includes it by itself.
#ifndef INFINITY
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
#define HUGE_VALF __builtin_inff()
#define HUGE_VAL __builtin_inf()
#define M_PI 3.14159265358979323846
#define M_PI_2 1.57079632679489661923
#define M_PI_4 0.78539816339744830962
#define M_1_PI 0.31830988618379067154
#define M_2_PI 0.63661977236758134308
#define M_2_SQRTPI 1.12837916709551257390
#define M_SQRT2 1.41421356237309504880
#define M_SQRT1_2 0.70710678118654752440
#define M_E 2.7182818284590452354
#define M_LN2 0.69314718055994530942
#define M_LN10 2.30258509299404568402
#define M_LOG2E 1.4426950408889634074
#define M_LOG10E 0.43429448190325182765
#endif
#define assert(condition) ((condition) ? (void)0 : __assert_fail(#condition, __FILE__, __LINE__, ""))

typedef unsigned long size_t;
#if __has_include(<stddef.h>)
#include <stddef.h>
#include <stdint.h>
#include <float.h>
#include <limits.h>
#else
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long int64_t;
typedef unsigned long uint64_t;
#define INT_MAX 2147483647
#define INT_MIN (-INT_MAX - 1)
#define UINT_MAX 4294967295u
#define FLT_MAX 3.402823466e+38f
#define FLT_MIN 1.175494351e-38f
#define FLT_EPSILON 1.192092896e-07f
#define DBL_MAX 1.7976931348623158e+308
#endif

__attribute__((device)) void __syncthreads();
#if __has_include(<new>)
#include <new>  // its operators refuse the pragma below
#endif
#pragma clang force_cuda_host_device begin
typedef struct CUstream_st *cudaStream_t;
struct uint3;
struct dim3 {
  unsigned int x, y, z;
  constexpr dim3(unsigned int a = 1, unsigned int b = 1, unsigned int c = 1) : x(a), y(b), z(c) {}
  constexpr dim3(uint3 v);
};
#define XP_VECTORS(name, T)                                                          \
  struct name##1 { T x; };                                                           \
  struct __attribute__((aligned(2 * sizeof(T)))) name##2 { T x, y; };                \
  struct name##3 { T x, y, z; };                                                     \
  struct __attribute__((aligned(4 * sizeof(T)))) name##4 { T x, y, z, w; };          \
  name##1 make_##name##1(T);                                                         \
  name##2 make_##name##2(T, T);                                                      \
  name##3 make_##name##3(T, T, T);                                                   \
  name##4 make_##name##4(T, T, T, T);
XP_VECTORS(char, signed char)
XP_VECTORS(uchar, unsigned char)
XP_VECTORS(short, short)
XP_VECTORS(ushort, unsigned short)
XP_VECTORS(int, int)
XP_VECTORS(uint, unsigned int)
XP_VECTORS(long, long)
XP_VECTORS(ulong, unsigned long)
XP_VECTORS(longlong, long long)
XP_VECTORS(ulonglong, unsigned long long)
XP_VECTORS(float, float)
XP_VECTORS(double, double)
#undef XP_VECTORS
extern const uint3 threadIdx, blockIdx;
extern const dim3 blockDim, gridDim;
extern const int warpSize;

extern "C" {
long clock() noexcept;
void __assert_fail(const char *, const char *, unsigned, const char *) noexcept;
double sqrt(double) noexcept; float sqrtf(float) noexcept;
double rsqrt(double) noexcept; float rsqrtf(float) noexcept;
double cbrt(double) noexcept; float cbrtf(float) noexcept;
double rcbrt(double) noexcept; float rcbrtf(float) noexcept;
double exp(double) noexcept; float expf(float) noexcept;
double exp2(double) noexcept; float exp2f(float) noexcept;
double exp10(double) noexcept; float exp10f(float) noexcept;
double expm1(double) noexcept; float expm1f(float) noexcept;
double log(double) noexcept; float logf(float) noexcept;
double log2(double) noexcept; float log2f(float) noexcept;
double log10(double) noexcept; float log10f(float) noexcept;
double log1p(double) noexcept; float log1pf(float) noexcept;
double sin(double) noexcept; float sinf(float) noexcept;
double cos(double) noexcept; float cosf(float) noexcept;
double tan(double) noexcept; float tanf(float) noexcept;
double sinpi(double) noexcept; float sinpif(float) noexcept;
double cospi(double) noexcept; float cospif(float) noexcept;
double asin(double) noexcept; float asinf(float) noexcept;
double acos(double) noexcept; float acosf(float) noexcept;
double atan(double) noexcept; float atanf(float) noexcept;
double sinh(double) noexcept; float sinhf(float) noexcept;
double cosh(double) noexcept; float coshf(float) noexcept;
double tanh(double) noexcept; float tanhf(float) noexcept;
double asinh(double) noexcept; float asinhf(float) noexcept;
double acosh(double) noexcept; float acoshf(float) noexcept;
double atanh(double) noexcept; float atanhf(float) noexcept;
double erf(double) noexcept; float erff(float) noexcept;
double erfc(double) noexcept; float erfcf(float) noexcept;
double erfinv(double) noexcept; float erfinvf(float) noexcept;
double erfcinv(double) noexcept; float erfcinvf(float) noexcept;
double erfcx(double) noexcept; float erfcxf(float) noexcept;
double normcdf(double) noexcept; float normcdff(float) noexcept;
double normcdfinv(double) noexcept; float normcdfinvf(float) noexcept;
double lgamma(double) noexcept; float lgammaf(float) noexcept;
double tgamma(double) noexcept; float tgammaf(float) noexcept;
double floor(double) noexcept; float floorf(float) noexcept;
double ceil(double) noexcept; float ceilf(float) noexcept;
double trunc(double) noexcept; float truncf(float) noexcept;
double round(double) noexcept; float roundf(float) noexcept;
double rint(double) noexcept; float rintf(float) noexcept;
double nearbyint(double) noexcept; float nearbyintf(float) noexcept;
double fabs(double) noexcept; float fabsf(float) noexcept;
double logb(double) noexcept; float logbf(float) noexcept;
double j0(double) noexcept; float j0f(float) noexcept;
double j1(double) noexcept; float j1f(float) noexcept;
double y0(double) noexcept; float y0f(float) noexcept;
double y1(double) noexcept; float y1f(float) noexcept;
double pow(double, double) noexcept; float powf(float, float) noexcept;
double fmod(double, double) noexcept; float fmodf(float, float) noexcept;
double remainder(double, double) noexcept; float remainderf(float, float) noexcept;
double atan2(double, double) noexcept; float atan2f(float, float) noexcept;
double hypot(double, double) noexcept; float hypotf(float, float) noexcept;
double copysign(double, double) noexcept; float copysignf(float, float) noexcept;
double fmin(double, double) noexcept; float fminf(float, float) noexcept;
double fmax(double, double) noexcept; float fmaxf(float, float) noexcept;
double fdim(double, double) noexcept; float fdimf(float, float) noexcept;
double nextafter(double, double) noexcept; float nextafterf(float, float) noexcept;
double fma(double, double, double) noexcept; float fmaf(float, float, float) noexcept;
double ldexp(double, int) noexcept; float ldexpf(float, int) noexcept; double frexp(double, int *) noexcept; float frexpf(float, int *) noexcept;
double modf(double, double *) noexcept; float modff(float, float *) noexcept;
void sincosf(float, float *, float *) noexcept; void sincos(double, double *, double *) noexcept;
long lroundf(float) noexcept; long lround(double) noexcept; long lrintf(float) noexcept; long lrint(double) noexcept; long long llroundf(float) noexcept;  long long llrintf(float) noexcept;
double nan(const char *) noexcept; float nanf(const char *) noexcept;
int abs(int) noexcept; long labs(long) noexcept; long long llabs(long long) noexcept;
int printf(const char *, ...); void *malloc(size_t) noexcept; void free(void *) noexcept;
void *memcpy(void *, const void *, size_t) noexcept; void *memset(void *, int, size_t) noexcept;
// nvcc reads <stdlib.h> and <string.h> before every file: host code counts on them without a word
void exit(int) noexcept; void abort() noexcept; char *getenv(const char *) noexcept;
void *calloc(size_t, size_t) noexcept; void *realloc(void *, size_t) noexcept;
int rand() noexcept; void srand(unsigned) noexcept; int atoi(const char *) noexcept; double atof(const char *) noexcept;
size_t strlen(const char *) noexcept; int strcmp(const char *, const char *) noexcept;
int memcmp(const void *, const void *, size_t) noexcept; void *memmove(void *, const void *, size_t) noexcept;
}
#define XP_OVERLOAD __attribute__((enable_if(true, "CUDA")))
float sqrt(float) XP_OVERLOAD;
float rsqrt(float) XP_OVERLOAD;
float cbrt(float) XP_OVERLOAD;
float rcbrt(float) XP_OVERLOAD;
float exp(float) XP_OVERLOAD;
float exp2(float) XP_OVERLOAD;
float exp10(float) XP_OVERLOAD;
float expm1(float) XP_OVERLOAD;
float log(float) XP_OVERLOAD;
float log2(float) XP_OVERLOAD;
float log10(float) XP_OVERLOAD;
float log1p(float) XP_OVERLOAD;
float sin(float) XP_OVERLOAD;
float cos(float) XP_OVERLOAD;
float tan(float) XP_OVERLOAD;
float sinpi(float) XP_OVERLOAD;
float cospi(float) XP_OVERLOAD;
float asin(float) XP_OVERLOAD;
float acos(float) XP_OVERLOAD;
float atan(float) XP_OVERLOAD;
float sinh(float) XP_OVERLOAD;
float cosh(float) XP_OVERLOAD;
float tanh(float) XP_OVERLOAD;
float asinh(float) XP_OVERLOAD;
float acosh(float) XP_OVERLOAD;
float atanh(float) XP_OVERLOAD;
float erf(float) XP_OVERLOAD;
float erfc(float) XP_OVERLOAD;
float erfinv(float) XP_OVERLOAD;
float erfcinv(float) XP_OVERLOAD;
float erfcx(float) XP_OVERLOAD;
float normcdf(float) XP_OVERLOAD;
float normcdfinv(float) XP_OVERLOAD;
float lgamma(float) XP_OVERLOAD;
float tgamma(float) XP_OVERLOAD;
float floor(float) XP_OVERLOAD;
float ceil(float) XP_OVERLOAD;
float trunc(float) XP_OVERLOAD;
float round(float) XP_OVERLOAD;
float rint(float) XP_OVERLOAD;
float nearbyint(float) XP_OVERLOAD;
float fabs(float) XP_OVERLOAD;
float logb(float) XP_OVERLOAD;
float pow(float, float) XP_OVERLOAD;
float fmod(float, float) XP_OVERLOAD;
float remainder(float, float) XP_OVERLOAD;
float atan2(float, float) XP_OVERLOAD;
float hypot(float, float) XP_OVERLOAD;
float copysign(float, float) XP_OVERLOAD;
float fmin(float, float) XP_OVERLOAD;
float fmax(float, float) XP_OVERLOAD;
float fdim(float, float) XP_OVERLOAD;
float nextafter(float, float) XP_OVERLOAD;
float fma(float, float, float) XP_OVERLOAD; float abs(float) XP_OVERLOAD; double abs(double) XP_OVERLOAD; long abs(long) XP_OVERLOAD; long long abs(long long) XP_OVERLOAD;
float pow(float, int) XP_OVERLOAD; double pow(double, int) XP_OVERLOAD; float ldexp(float, int) XP_OVERLOAD; 
bool isnan(float) XP_OVERLOAD; bool isnan(double) XP_OVERLOAD;
bool isinf(float) XP_OVERLOAD; bool isinf(double) XP_OVERLOAD;
bool isfinite(float) XP_OVERLOAD; bool isfinite(double) XP_OVERLOAD;
bool signbit(float) XP_OVERLOAD; bool signbit(double) XP_OVERLOAD;
int min(int, int) XP_OVERLOAD; int max(int, int) XP_OVERLOAD;
unsigned int min(unsigned int, unsigned int) XP_OVERLOAD; unsigned int max(unsigned int, unsigned int) XP_OVERLOAD;
long min(long, long) XP_OVERLOAD; long max(long, long) XP_OVERLOAD;
unsigned long min(unsigned long, unsigned long) XP_OVERLOAD; unsigned long max(unsigned long, unsigned long) XP_OVERLOAD;
long long min(long long, long long) XP_OVERLOAD; long long max(long long, long long) XP_OVERLOAD;
unsigned long long min(unsigned long long, unsigned long long) XP_OVERLOAD; unsigned long long max(unsigned long long, unsigned long long) XP_OVERLOAD;
float min(float, float) XP_OVERLOAD; float max(float, float) XP_OVERLOAD;
double min(double, double) XP_OVERLOAD; double max(double, double) XP_OVERLOAD;
unsigned int min(int, unsigned int) XP_OVERLOAD; unsigned int max(int, unsigned int) XP_OVERLOAD;
unsigned int min(unsigned int, int) XP_OVERLOAD; unsigned int max(unsigned int, int) XP_OVERLOAD;
unsigned long min(long, unsigned long) XP_OVERLOAD; unsigned long max(long, unsigned long) XP_OVERLOAD;
unsigned long min(unsigned long, long) XP_OVERLOAD; unsigned long max(unsigned long, long) XP_OVERLOAD;
unsigned long long min(long long, unsigned long long) XP_OVERLOAD; unsigned long long max(long long, unsigned long long) XP_OVERLOAD;
unsigned long long min(unsigned long long, long long) XP_OVERLOAD; unsigned long long max(unsigned long long, long long) XP_OVERLOAD;
double min(float, double) XP_OVERLOAD; double max(float, double) XP_OVERLOAD; 
double min(double, float) XP_OVERLOAD; double max(double, float) XP_OVERLOAD; 
unsigned umin(unsigned, unsigned); unsigned umax(unsigned, unsigned);
extern "C" {
float __expf(float) noexcept; float __exp10f(float) noexcept; float __logf(float) noexcept; float __log2f(float) noexcept; float __log10f(float) noexcept; float __sinf(float) noexcept; float __cosf(float) noexcept; float __tanf(float) noexcept; float __saturatef(float) noexcept; float __frsqrt_rn(float) noexcept; float __frcp_rn(float) noexcept; float __frcp_rd(float) noexcept; float __frcp_ru(float) noexcept; float __frcp_rz(float) noexcept; float __fsqrt_rn(float) noexcept; float __fsqrt_rd(float) noexcept; float __fsqrt_ru(float) noexcept; float __fsqrt_rz(float) noexcept; float __tanhf(float) noexcept; 
float __fadd_rn(float, float) noexcept; float __fsub_rn(float, float) noexcept; float __fmul_rn(float, float) noexcept; float __fdiv_rn(float, float) noexcept; float __fdividef(float, float) noexcept; float __powf(float, float) noexcept; float __fadd_rz(float, float) noexcept; float __fmul_rz(float, float) noexcept; float __fadd_rd(float, float) noexcept; float __fadd_ru(float, float) noexcept; float __fmaf_rn(float, float, float) noexcept; float fdividef(float, float) noexcept; void __sincosf(float, float *, float *) noexcept;
double __dadd_rn(double, double) noexcept; double __dsub_rn(double, double) noexcept; double __dmul_rn(double, double) noexcept; double __ddiv_rn(double, double) noexcept; double __fma_rn(double, double, double) noexcept; double __dsqrt_rn(double) noexcept; double __drcp_rn(double) noexcept;
}
float norm3df(float,float,float); float rnorm3df(float,float,float); float rhypotf(float,float); float norm4df(float,float,float,float);
int __popc(unsigned); int __popcll(unsigned long long); int __clz(int); int __clzll(long long); int __ffs(int); int __ffsll(long long); unsigned __brev(unsigned); unsigned long long __brevll(unsigned long long);
int __mulhi(int, int); unsigned __umulhi(unsigned, unsigned); long long __mul64hi(long long, long long); unsigned long long __umul64hi(unsigned long long, unsigned long long);
int __mul24(int, int); unsigned __umul24(unsigned, unsigned); unsigned __byte_perm(unsigned, unsigned, unsigned); unsigned __funnelshift_l(unsigned, unsigned, unsigned); unsigned __funnelshift_r(unsigned, unsigned, unsigned); unsigned __usad(unsigned, unsigned, unsigned); unsigned __sad(int, int, unsigned); int __hadd(int, int); int __rhadd(int, int); unsigned __uhadd(unsigned, unsigned); unsigned __urhadd(unsigned, unsigned); unsigned __funnelshift_lc(unsigned, unsigned, unsigned); unsigned __funnelshift_rc(unsigned, unsigned, unsigned);
int __dp4a(int, int, int); unsigned __dp4a(unsigned, unsigned, unsigned); int __dp4a(char4, char4, int); unsigned __dp4a(uchar4, uchar4, unsigned); int __dp2a_lo(int, int, int); int __dp2a_hi(int, int, int);
int __float_as_int(float); unsigned __float_as_uint(float); float __int_as_float(int); float __uint_as_float(unsigned); long long __double_as_longlong(double); double __longlong_as_double(long long); int __double2hiint(double); int __double2loint(double); double __hiloint2double(int, int);
int __float2int_rn(float); unsigned __float2uint_rn(float); long long __float2ll_rn(float); unsigned long long __float2ull_rn(float); float __int2float_rn(int); float __uint2float_rn(unsigned); float __ll2float_rn(long long); float __ull2float_rn(unsigned long long); int __double2int_rn(double); unsigned __double2uint_rn(double); long long __double2ll_rn(double); float __double2float_rn(double); double __ll2double_rn(long long);
int __float2int_rz(float); unsigned __float2uint_rz(float); long long __float2ll_rz(float); unsigned long long __float2ull_rz(float); float __int2float_rz(int); float __uint2float_rz(unsigned); float __ll2float_rz(long long); float __ull2float_rz(unsigned long long); int __double2int_rz(double); unsigned __double2uint_rz(double); long long __double2ll_rz(double); float __double2float_rz(double); double __ll2double_rz(long long);
int __float2int_ru(float); unsigned __float2uint_ru(float); long long __float2ll_ru(float); unsigned long long __float2ull_ru(float); float __int2float_ru(int); float __uint2float_ru(unsigned); float __ll2float_ru(long long); float __ull2float_ru(unsigned long long); int __double2int_ru(double); unsigned __double2uint_ru(double); long long __double2ll_ru(double); float __double2float_ru(double); double __ll2double_ru(long long);
int __float2int_rd(float); unsigned __float2uint_rd(float); long long __float2ll_rd(float); unsigned long long __float2ull_rd(float); float __int2float_rd(int); float __uint2float_rd(unsigned); float __ll2float_rd(long long); float __ull2float_rd(unsigned long long); int __double2int_rd(double); unsigned __double2uint_rd(double); long long __double2ll_rd(double); float __double2float_rd(double); double __ll2double_rd(long long);
double __int2double_rn(int); double __uint2double_rn(unsigned); long long clock64();  void __trap(); void __nanosleep(unsigned); void __brkpt();
 int __syncthreads_or(int); int __syncthreads_and(int); int __syncthreads_count(int); void __syncwarp(unsigned = 0xffffffffu); void __threadfence(); void __threadfence_block(); void __threadfence_system();
int __any_sync(unsigned, int); int __all_sync(unsigned, int); unsigned __ballot_sync(unsigned, int); unsigned __activemask(); int __any(int); int __all(int); unsigned __ballot(int);
template <class T> unsigned __match_any_sync(unsigned, T); template <class T> unsigned __match_all_sync(unsigned, T, int *);
int __reduce_add_sync(unsigned, int); unsigned __reduce_add_sync(unsigned, unsigned);
int __reduce_min_sync(unsigned, int); unsigned __reduce_min_sync(unsigned, unsigned);
int __reduce_max_sync(unsigned, int); unsigned __reduce_max_sync(unsigned, unsigned);
unsigned __reduce_and_sync(unsigned, unsigned);
unsigned __reduce_or_sync(unsigned, unsigned);
unsigned __reduce_xor_sync(unsigned, unsigned);

#define XP_HALF(H, H2)                                                               \
  struct H {                                                                         \
    unsigned short bits;                                                             \
    H() = default;                                                                   \
    H(float); H(double); H(int); H(unsigned); H(long); H(unsigned long);             \
    H(long long); H(unsigned long long); H(short); H(unsigned short);                \
    operator float() const;                                                          \
    explicit operator bool() const;                                                  \
    explicit operator int() const;                                                   \
    H &operator=(float); H &operator=(double); H &operator=(int);                    \
    H &operator+=(const H &); H &operator-=(const H &);                              \
    H &operator*=(const H &); H &operator/=(const H &);                              \
    H &operator++(); H &operator--();                                                \
  };                                                                                 \
  H operator+(const H &, const H &); H operator-(const H &, const H &);              \
  H operator*(const H &, const H &); H operator/(const H &, const H &);              \
  H operator-(const H &); H operator+(const H &);                                    \
  bool operator==(const H &, const H &); bool operator!=(const H &, const H &);      \
  bool operator<(const H &, const H &); bool operator>(const H &, const H &);        \
  bool operator<=(const H &, const H &); bool operator>=(const H &, const H &);      \
  struct __attribute__((aligned(4))) H2 {                                            \
    H x, y;                                                                          \
    H2() = default;                                                                  \
    H2(const H &, const H &);                                                        \
    H2 &operator+=(const H2 &); H2 &operator-=(const H2 &);                          \
    H2 &operator*=(const H2 &); H2 &operator/=(const H2 &);                          \
  };                                                                                 \
  H2 operator+(const H2 &, const H2 &); H2 operator-(const H2 &, const H2 &);        \
  H2 operator*(const H2 &, const H2 &); H2 operator/(const H2 &, const H2 &);        \
  H2 operator-(const H2 &);                                                          \
  H __hadd(H, H); H __hsub(H, H); H __hmul(H, H); H __hdiv(H, H); H __hneg(H);       \
  H __hadd_rn(H, H); H __hsub_rn(H, H); H __hmul_rn(H, H);                           \
  H __hfma(H, H, H); H __habs(H); H __hmax(H, H); H __hmin(H, H);                    \
  H __hfma_relu(H, H, H);                                                            \
  bool __hlt(H, H); bool __hgt(H, H); bool __hle(H, H); bool __hge(H, H);            \
  bool __heq(H, H); bool __hne(H, H); bool __hisnan(H); int __hisinf(H);             \
  H hsqrt(H); H hrsqrt(H); H hrcp(H); H hexp(H); H hexp2(H); H hlog(H); H hlog2(H);  \
  H hlog10(H); H hsin(H); H hcos(H); H hfloor(H); H hceil(H); H htrunc(H); H hrint(H); \
  H htanh(H); H hexp10(H);                                                           \
  H2 __hadd2(H2, H2); H2 __hsub2(H2, H2); H2 __hmul2(H2, H2); H2 __h2div(H2, H2);    \
  H2 __hfma2(H2, H2, H2); H2 __hneg2(H2); H2 __habs2(H2); H2 __hmax2(H2, H2);        \
  H2 __hmin2(H2, H2); H2 h2exp(H2); H2 h2sqrt(H2); H2 h2rsqrt(H2); H2 h2log(H2);     \
  H2 h2rcp(H2); H2 h2tanh(H2);
XP_HALF(__half, __half2)
XP_HALF(__nv_bfloat16, __nv_bfloat162)
#undef XP_HALF
typedef __half half;
typedef __half2 half2;
typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;
float __half2float(__half); __half __float2half(float); __half __float2half_rn(float);
__half __float2half_rz(float); __half __double2half(double);
__half2 __float2half2_rn(float); __half2 __floats2half2_rn(float, float);
__half2 __float22half2_rn(float2); float2 __half22float2(__half2);
float __low2float(__half2); float __high2float(__half2);
float __low2float(__nv_bfloat162); float __high2float(__nv_bfloat162);
__half __low2half(__half2); __half __high2half(__half2); __half2 __half2half2(__half);
__half2 __halves2half2(__half, __half); __half2 make_half2(__half, __half);
__half2 __lowhigh2highlow(__half2);
__half __int2half_rn(int); __half __uint2half_rn(unsigned); __half __short2half_rn(short);
__half __ushort2half_rn(unsigned short); int __half2int_rn(__half); int __half2int_rz(__half);
unsigned __half2uint_rn(__half); unsigned __half2uint_rz(__half); int __half2int_rd(__half);
short __half2short_rn(__half); unsigned short __half_as_ushort(__half);
short __half_as_short(__half); __half __ushort_as_half(unsigned short);
__half __short_as_half(short);
float __bfloat162float(__nv_bfloat16); __nv_bfloat16 __float2bfloat16(float);
__nv_bfloat16 __float2bfloat16_rn(float); __nv_bfloat16 __double2bfloat16(double);
__nv_bfloat162 __float2bfloat162_rn(float);
__nv_bfloat162 __floats2bfloat162_rn(float, float);
__nv_bfloat162 __float22bfloat162_rn(float2); float2 __bfloat1622float2(__nv_bfloat162);
__nv_bfloat16 __low2bfloat16(__nv_bfloat162); __nv_bfloat16 __high2bfloat16(__nv_bfloat162);
__nv_bfloat162 __bfloat162bfloat162(__nv_bfloat16);
__nv_bfloat162 __halves2bfloat162(__nv_bfloat16, __nv_bfloat16);
__nv_bfloat162 make_bfloat162(__nv_bfloat16, __nv_bfloat16);
__nv_bfloat16 __int2bfloat16_rn(int); int __bfloat162int_rn(__nv_bfloat16);
unsigned short __bfloat16_as_ushort(__nv_bfloat16);
__nv_bfloat16 __ushort_as_bfloat16(unsigned short);
int __shfl_sync(unsigned, int, int, int = 32); int __shfl_up_sync(unsigned, int, unsigned, int = 32); int __shfl_down_sync(unsigned, int, unsigned, int = 32); int __shfl_xor_sync(unsigned, int, int, int = 32);
int __shfl(int, int, int = 32); int __shfl_up(int, unsigned, int = 32); int __shfl_down(int, unsigned, int = 32); int __shfl_xor(int, int, int = 32);
unsigned int __shfl_sync(unsigned, unsigned int, int, int = 32); unsigned int __shfl_up_sync(unsigned, unsigned int, unsigned, int = 32); unsigned int __shfl_down_sync(unsigned, unsigned int, unsigned, int = 32); unsigned int __shfl_xor_sync(unsigned, unsigned int, int, int = 32);
unsigned int __shfl(unsigned int, int, int = 32); unsigned int __shfl_up(unsigned int, unsigned, int = 32); unsigned int __shfl_down(unsigned int, unsigned, int = 32); unsigned int __shfl_xor(unsigned int, int, int = 32);
long __shfl_sync(unsigned, long, int, int = 32); long __shfl_up_sync(unsigned, long, unsigned, int = 32); long __shfl_down_sync(unsigned, long, unsigned, int = 32); long __shfl_xor_sync(unsigned, long, int, int = 32);
long __shfl(long, int, int = 32); long __shfl_up(long, unsigned, int = 32); long __shfl_down(long, unsigned, int = 32); long __shfl_xor(long, int, int = 32);
unsigned long __shfl_sync(unsigned, unsigned long, int, int = 32); unsigned long __shfl_up_sync(unsigned, unsigned long, unsigned, int = 32); unsigned long __shfl_down_sync(unsigned, unsigned long, unsigned, int = 32); unsigned long __shfl_xor_sync(unsigned, unsigned long, int, int = 32);
unsigned long __shfl(unsigned long, int, int = 32); unsigned long __shfl_up(unsigned long, unsigned, int = 32); unsigned long __shfl_down(unsigned long, unsigned, int = 32); unsigned long __shfl_xor(unsigned long, int, int = 32);
long long __shfl_sync(unsigned, long long, int, int = 32); long long __shfl_up_sync(unsigned, long long, unsigned, int = 32); long long __shfl_down_sync(unsigned, long long, unsigned, int = 32); long long __shfl_xor_sync(unsigned, long long, int, int = 32);
long long __shfl(long long, int, int = 32); long long __shfl_up(long long, unsigned, int = 32); long long __shfl_down(long long, unsigned, int = 32); long long __shfl_xor(long long, int, int = 32);
unsigned long long __shfl_sync(unsigned, unsigned long long, int, int = 32); unsigned long long __shfl_up_sync(unsigned, unsigned long long, unsigned, int = 32); unsigned long long __shfl_down_sync(unsigned, unsigned long long, unsigned, int = 32); unsigned long long __shfl_xor_sync(unsigned, unsigned long long, int, int = 32);
unsigned long long __shfl(unsigned long long, int, int = 32); unsigned long long __shfl_up(unsigned long long, unsigned, int = 32); unsigned long long __shfl_down(unsigned long long, unsigned, int = 32); unsigned long long __shfl_xor(unsigned long long, int, int = 32);
float __shfl_sync(unsigned, float, int, int = 32); float __shfl_up_sync(unsigned, float, unsigned, int = 32); float __shfl_down_sync(unsigned, float, unsigned, int = 32); float __shfl_xor_sync(unsigned, float, int, int = 32);
float __shfl(float, int, int = 32); float __shfl_up(float, unsigned, int = 32); float __shfl_down(float, unsigned, int = 32); float __shfl_xor(float, int, int = 32);
double __shfl_sync(unsigned, double, int, int = 32); double __shfl_up_sync(unsigned, double, unsigned, int = 32); double __shfl_down_sync(unsigned, double, unsigned, int = 32); double __shfl_xor_sync(unsigned, double, int, int = 32);
double __shfl(double, int, int = 32); double __shfl_up(double, unsigned, int = 32); double __shfl_down(double, unsigned, int = 32); double __shfl_xor(double, int, int = 32);
__half __shfl_sync(unsigned, __half, int, int = 32); __half __shfl_up_sync(unsigned, __half, unsigned, int = 32); __half __shfl_down_sync(unsigned, __half, unsigned, int = 32); __half __shfl_xor_sync(unsigned, __half, int, int = 32);
__half __shfl(__half, int, int = 32); __half __shfl_up(__half, unsigned, int = 32); __half __shfl_down(__half, unsigned, int = 32); __half __shfl_xor(__half, int, int = 32);
__half2 __shfl_sync(unsigned, __half2, int, int = 32); __half2 __shfl_up_sync(unsigned, __half2, unsigned, int = 32); __half2 __shfl_down_sync(unsigned, __half2, unsigned, int = 32); __half2 __shfl_xor_sync(unsigned, __half2, int, int = 32);
__half2 __shfl(__half2, int, int = 32); __half2 __shfl_up(__half2, unsigned, int = 32); __half2 __shfl_down(__half2, unsigned, int = 32); __half2 __shfl_xor(__half2, int, int = 32);
__nv_bfloat16 __shfl_sync(unsigned, __nv_bfloat16, int, int = 32); __nv_bfloat16 __shfl_up_sync(unsigned, __nv_bfloat16, unsigned, int = 32); __nv_bfloat16 __shfl_down_sync(unsigned, __nv_bfloat16, unsigned, int = 32); __nv_bfloat16 __shfl_xor_sync(unsigned, __nv_bfloat16, int, int = 32);
__nv_bfloat16 __shfl(__nv_bfloat16, int, int = 32); __nv_bfloat16 __shfl_up(__nv_bfloat16, unsigned, int = 32); __nv_bfloat16 __shfl_down(__nv_bfloat16, unsigned, int = 32); __nv_bfloat16 __shfl_xor(__nv_bfloat16, int, int = 32);
__nv_bfloat162 __shfl_sync(unsigned, __nv_bfloat162, int, int = 32); __nv_bfloat162 __shfl_up_sync(unsigned, __nv_bfloat162, unsigned, int = 32); __nv_bfloat162 __shfl_down_sync(unsigned, __nv_bfloat162, unsigned, int = 32); __nv_bfloat162 __shfl_xor_sync(unsigned, __nv_bfloat162, int, int = 32);
__nv_bfloat162 __shfl(__nv_bfloat162, int, int = 32); __nv_bfloat162 __shfl_up(__nv_bfloat162, unsigned, int = 32); __nv_bfloat162 __shfl_down(__nv_bfloat162, unsigned, int = 32); __nv_bfloat162 __shfl_xor(__nv_bfloat162, int, int = 32);
int atomicAdd(int *, int);
unsigned int atomicAdd(unsigned int *, unsigned int);
unsigned long long atomicAdd(unsigned long long *, unsigned long long);
float atomicAdd(float *, float);
double atomicAdd(double *, double);
__half atomicAdd(__half *, __half);
__half2 atomicAdd(__half2 *, __half2);
__nv_bfloat16 atomicAdd(__nv_bfloat16 *, __nv_bfloat16);
__nv_bfloat162 atomicAdd(__nv_bfloat162 *, __nv_bfloat162);
int atomicSub(int *, int);
unsigned int atomicSub(unsigned int *, unsigned int);
int atomicExch(int *, int);
unsigned int atomicExch(unsigned int *, unsigned int);
unsigned long long atomicExch(unsigned long long *, unsigned long long);
float atomicExch(float *, float);
int atomicMin(int *, int);
unsigned int atomicMin(unsigned int *, unsigned int);
unsigned long long atomicMin(unsigned long long *, unsigned long long);
long long atomicMin(long long *, long long);
int atomicMax(int *, int);
unsigned int atomicMax(unsigned int *, unsigned int);
unsigned long long atomicMax(unsigned long long *, unsigned long long);
long long atomicMax(long long *, long long);
int atomicAnd(int *, int);
unsigned int atomicAnd(unsigned int *, unsigned int);
unsigned long long atomicAnd(unsigned long long *, unsigned long long);
int atomicOr(int *, int);
unsigned int atomicOr(unsigned int *, unsigned int);
unsigned long long atomicOr(unsigned long long *, unsigned long long);
int atomicXor(int *, int);
unsigned int atomicXor(unsigned int *, unsigned int);
unsigned long long atomicXor(unsigned long long *, unsigned long long);
unsigned atomicInc_system(unsigned *, unsigned); unsigned atomicDec_system(unsigned *, unsigned);
unsigned atomicInc(unsigned *, unsigned); unsigned atomicDec(unsigned *, unsigned);
int atomicCAS(int *, int, int);
unsigned int atomicCAS(unsigned int *, unsigned int, unsigned int);
unsigned long long atomicCAS(unsigned long long *, unsigned long long, unsigned long long);
unsigned short atomicCAS(unsigned short *, unsigned short, unsigned short);
int atomicAdd_block(int *, int);
unsigned int atomicAdd_block(unsigned int *, unsigned int);
float atomicAdd_block(float *, float);
double atomicAdd_block(double *, double);
unsigned long long atomicAdd_block(unsigned long long *, unsigned long long);
int atomicSub_block(int *, int);
unsigned int atomicSub_block(unsigned int *, unsigned int);
int atomicExch_block(int *, int);
unsigned int atomicExch_block(unsigned int *, unsigned int);
int atomicMin_block(int *, int);
unsigned int atomicMin_block(unsigned int *, unsigned int);
int atomicMax_block(int *, int);
unsigned int atomicMax_block(unsigned int *, unsigned int);
int atomicAnd_block(int *, int);
unsigned int atomicAnd_block(unsigned int *, unsigned int);
int atomicOr_block(int *, int);
unsigned int atomicOr_block(unsigned int *, unsigned int);
int atomicXor_block(int *, int);
unsigned int atomicXor_block(unsigned int *, unsigned int);
int atomicCAS_block(int *, int, int);
unsigned int atomicCAS_block(unsigned int *, unsigned int, unsigned int);
unsigned long long atomicCAS_block(unsigned long long *, unsigned long long, unsigned long long);
int atomicAdd_system(int *, int);
unsigned int atomicAdd_system(unsigned int *, unsigned int);
float atomicAdd_system(float *, float);
double atomicAdd_system(double *, double);
unsigned long long atomicAdd_system(unsigned long long *, unsigned long long);
int atomicSub_system(int *, int);
unsigned int atomicSub_system(unsigned int *, unsigned int);
int atomicExch_system(int *, int);
unsigned int atomicExch_system(unsigned int *, unsigned int);
int atomicMin_system(int *, int);
unsigned int atomicMin_system(unsigned int *, unsigned int);
int atomicMax_system(int *, int);
unsigned int atomicMax_system(unsigned int *, unsigned int);
int atomicAnd_system(int *, int);
unsigned int atomicAnd_system(unsigned int *, unsigned int);
int atomicOr_system(int *, int);
unsigned int atomicOr_system(unsigned int *, unsigned int);
int atomicXor_system(int *, int);
unsigned int atomicXor_system(unsigned int *, unsigned int);
int atomicCAS_system(int *, int, int);
unsigned int atomicCAS_system(unsigned int *, unsigned int, unsigned int);
unsigned long long atomicCAS_system(unsigned long long *, unsigned long long, unsigned long long);
template <class T> T __ldg(const T *);
template <class T> T __ldca(const T *);
template <class T> T __ldcg(const T *);
template <class T> T __ldcs(const T *);
template <class T> T __ldlu(const T *);
template <class T> T __ldcv(const T *);
template <class T> void __stwb(T *, T);
template <class T> void __stcg(T *, T);
template <class T> void __stcs(T *, T);
template <class T> void __stwt(T *, T);

#include "xp_parse_groups.h"
#include "xp_parse_host.h"
#pragma clang force_cuda_host_device end
