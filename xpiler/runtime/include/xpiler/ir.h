// The words of a printed Kernel IR program (xpiler/ir/print_c.py), on top of the CUDA-on-CPU runtime:
// with this header any stage of a translation compiles with g++ and runs.
#ifndef XPILER_IR_H
#define XPILER_IR_H

#include <math.h>
#include <stdint.h>

#include "xpiler/prelude.h"

typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef long long i64;
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef __half f16;
typedef __nv_bfloat16 bf16;
typedef float f32;
typedef double f64;

// A loop's claim of independence (`parallel(thread.x) for ...`) and what launches agree on say nothing
// that a sequential run needs.
#define parallel(axis)
#define launch_facts(...)
#define ref(variable) variable
#define given(pointer) ((pointer) != nullptr)
#define __global_mem__
#define __mlu_entry__
#define dynamic_shared(T, name, offset) \
  T *name = reinterpret_cast<T *>(static_cast<unsigned char *>(::xpiler::dynamic_shared()) + (offset))
#define assume(condition) \
  ((condition) ? void() : ::xpiler::fail(::xpiler::fault_assert, "assumption does not hold: %s", #condition))
#define __syncgrid() ::xpiler::sync_grid(XPILER_SITE)

// Where a block is a loop body, its dynamic shared memory is an arena of the launch's size.
namespace xpiler {
inline unsigned char *ir_arena = nullptr;
}
#define block_dynamic(T, name, offset) T *name = reinterpret_cast<T *>(::xpiler::ir_arena + (offset))
// A program at task level is run for one task after the other.
inline int32_t taskId = 0, taskDim = 4, taskIdX = 0, taskIdY = 0, taskIdZ = 0, taskDimX = 4, taskDimY = 1,
               taskDimZ = 1, clusterId = 0, clusterDim = 1, coreId = 0, coreDim = 4;

#undef NAN
#define NAN __builtin_nan("")
#define NANf __builtin_nanf("")
#define INF __builtin_inf()
#define INFf __builtin_inff()

// --- pure functions (xpiler/ir/functions.py) ------------------------------------------------------

// A 16-bit float computes in f32 and rounds once.
#define XP_IR_HALF1(name)                                                         \
  static inline f16 name(f16 x) { return f16(static_cast<f32>(name(static_cast<f32>(x)))); } \
  static inline bf16 name(bf16 x) { return bf16(static_cast<f32>(name(static_cast<f32>(x)))); }
#define XP_IR_HALF2(name)                                                                             \
  static inline f16 name(f16 x, f16 y) {                                                              \
    return f16(static_cast<f32>(name(static_cast<f32>(x), static_cast<f32>(y))));                     \
  }                                                                                                   \
  static inline bf16 name(bf16 x, bf16 y) {                                                           \
    return bf16(static_cast<f32>(name(static_cast<f32>(x), static_cast<f32>(y))));                    \
  }
#define XP_IR_TEST(name)                                                    \
  static inline bool name(f16 x) { return name(static_cast<f32>(x)) != 0; } \
  static inline bool name(bf16 x) { return name(static_cast<f32>(x)) != 0; }

XP_IR_HALF1(sqrt)
XP_IR_HALF1(rsqrt)
XP_IR_HALF1(cbrt)
XP_IR_HALF1(exp)
XP_IR_HALF1(exp2)
XP_IR_HALF1(exp10)
XP_IR_HALF1(expm1)
XP_IR_HALF1(log)
XP_IR_HALF1(log2)
XP_IR_HALF1(log10)
XP_IR_HALF1(log1p)
XP_IR_HALF1(sin)
XP_IR_HALF1(cos)
XP_IR_HALF1(tan)
XP_IR_HALF1(sinpi)
XP_IR_HALF1(cospi)
XP_IR_HALF1(asin)
XP_IR_HALF1(acos)
XP_IR_HALF1(atan)
XP_IR_HALF1(sinh)
XP_IR_HALF1(cosh)
XP_IR_HALF1(tanh)
XP_IR_HALF1(asinh)
XP_IR_HALF1(acosh)
XP_IR_HALF1(atanh)
XP_IR_HALF1(erf)
XP_IR_HALF1(erfc)
XP_IR_HALF1(lgamma)
XP_IR_HALF1(tgamma)
XP_IR_HALF1(floor)
XP_IR_HALF1(ceil)
XP_IR_HALF1(trunc)
XP_IR_HALF1(round)
XP_IR_HALF1(rint)
XP_IR_HALF1(fabs)
XP_IR_HALF2(pow)
XP_IR_HALF2(fmod)
XP_IR_HALF2(remainder)
XP_IR_HALF2(atan2)
XP_IR_HALF2(hypot)
XP_IR_HALF2(copysign)
XP_IR_HALF2(fmin)
XP_IR_HALF2(fmax)
XP_IR_HALF2(fdim)
XP_IR_TEST(isnan)
XP_IR_TEST(isinf)
XP_IR_TEST(isfinite)
XP_IR_TEST(signbit)

static inline f32 normcdf(f32 x) { return normcdff(x); }
XP_IR_HALF1(normcdf)

// The product of two f16 is exact in f64 and so is the sum but for the last rounding.
static inline f16 fma(f16 x, f16 y, f16 z) { return __hfma(x, y, z); }
static inline bf16 fma(bf16 x, bf16 y, bf16 z) { return __hfma(x, y, z); }

static inline i32 popc(u32 x) { return __builtin_popcount(x); }
static inline i32 popc(u64 x) { return __builtin_popcountll(x); }
static inline i32 clz(u32 x) { return x ? __builtin_clz(x) : 32; }
static inline i32 clz(i32 x) { return clz(static_cast<u32>(x)); }
static inline i32 clz(u64 x) { return x ? __builtin_clzll(x) : 64; }
static inline i32 clz(i64 x) { return clz(static_cast<u64>(x)); }
static inline i32 ffs(u32 x) { return __builtin_ffs(static_cast<i32>(x)); }
static inline i32 ffs(i64 x) { return __builtin_ffsll(x); }
static inline i32 ffs(u64 x) { return __builtin_ffsll(static_cast<i64>(x)); }
static inline u32 brev(u32 x) { return __brev(x); }
static inline u64 brev(u64 x) { return __brevll(x); }
static inline i32 mulhi(i32 a, i32 b) { return static_cast<i32>((static_cast<i64>(a) * b) >> 32); }
static inline u32 mulhi(u32 a, u32 b) { return static_cast<u32>((static_cast<u64>(a) * b) >> 32); }
static inline i64 mulhi(i64 a, i64 b) { return static_cast<i64>((static_cast<__int128>(a) * b) >> 64); }
static inline u64 mulhi(u64 a, u64 b) {
  return static_cast<u64>((static_cast<unsigned __int128>(a) * b) >> 64);
}
static inline u32 byte_perm(u32 x, u32 y, u32 s) { return ::xpiler::permute_bytes(x, y, s); }
static inline u32 funnel_l(u32 lo, u32 hi, u32 n) {
  u64 both = (static_cast<u64>(hi) << 32) | lo;
  return static_cast<u32>((both << (n & 31)) >> 32);
}
static inline u32 funnel_r(u32 lo, u32 hi, u32 n) {
  u64 both = (static_cast<u64>(hi) << 32) | lo;
  return static_cast<u32>(both >> (n & 31));
}
static inline i32 dp4a(i32 a, i32 b, i32 c) {
  u32 sum = static_cast<u32>(c);
  for (int n = 0; n < 32; n += 8) {
    sum += static_cast<u32>(static_cast<i32>(static_cast<i8>(a >> n)) * static_cast<i8>(b >> n));
  }
  return static_cast<i32>(sum);
}
static inline u32 dp4a_u(u32 a, u32 b, u32 c) {
  for (int n = 0; n < 32; n += 8) c += ((a >> n) & 255u) * ((b >> n) & 255u);
  return c;
}

template <class To, class From> static inline To xp_ir_bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "bits keep their number");
  To to;
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}
static inline i32 bits_i32(f32 x) { return xp_ir_bits<i32>(x); }
static inline u32 bits_u32(f32 x) { return xp_ir_bits<u32>(x); }
static inline i64 bits_i64(f64 x) { return xp_ir_bits<i64>(x); }
static inline u64 bits_u64(f64 x) { return xp_ir_bits<u64>(x); }
static inline u16 bits_u16(f16 x) { return xp_ir_bits<u16>(x); }
static inline f32 from_bits_f32(u32 x) { return xp_ir_bits<f32>(x); }
static inline f64 from_bits_f64(u64 x) { return xp_ir_bits<f64>(x); }
static inline f16 from_bits_f16(u16 x) { return xp_ir_bits<f16>(x); }

// --- tiles ----------------------------------------------------------------------------------------

#ifdef XPILER_IR_TILES
#include <mma.h>

namespace xpiler_ir {
using namespace nvcuda::wmma;
template <class Role> struct RoleOf;
struct a { typedef matrix_a type; };
struct b { typedef matrix_b type; };
struct acc { typedef accumulator type; };
struct row { typedef row_major type; static constexpr layout_t memory = mem_row_major; };
struct col { typedef col_major type; static constexpr layout_t memory = mem_col_major; };

template <class Role, class Layout, class T, int M, int N, int K>
struct Tile : fragment<typename Role::type, M, N, K, T, typename Layout::type> {
  T &operator[](int i) { return this->x[i]; }
};
template <class Layout, class T, int M, int N, int K>
struct Tile<acc, Layout, T, M, N, K> : fragment<accumulator, M, N, K, T> {
  T &operator[](int i) { return this->x[i]; }
};
}  // namespace xpiler_ir

#define tile(role, layout, T, m, n, k, name) \
  ::xpiler_ir::Tile< ::xpiler_ir::role, ::xpiler_ir::layout, T, m, n, k> name
#define tile_fill(t, value) ::nvcuda::wmma::fill_fragment(t, value)
#define tile_mma(d, x, y, c) ::nvcuda::wmma::mma_sync(d, x, y, c)
#define tile_load(t, p, ld, layout) ::xpiler_ir::load(t, p, ld, ::xpiler_ir::layout())
#define tile_store(t, p, ld, layout) ::nvcuda::wmma::store_matrix_sync(p, t, ld, ::xpiler_ir::layout::memory)

namespace xpiler_ir {
template <class Role, class L, class T, int M, int N, int K, class P, class Layout>
void load(Tile<Role, L, T, M, N, K> &t, P p, unsigned ld, Layout) {
  load_matrix_sync(t, p, ld);
}
template <class L, class T, int M, int N, int K, class P, class Layout>
void load(Tile<acc, L, T, M, N, K> &t, P p, unsigned ld, Layout) {
  load_matrix_sync(t, p, ld, Layout::memory);
}
}  // namespace xpiler_ir
#endif

// --- how the harness calls a program whose blocks are loops ---------------------------------------

#include "xpiler/harness.h"

namespace xpiler {
inline dim3 ir_grid(const xp_launch *l) { return dim3(l->grid[0], l->grid[1], l->grid[2]); }
inline dim3 ir_block(const xp_launch *l) { return dim3(l->block[0], l->block[1], l->block[2]); }
inline void ir_begin(const xp_launch *l) {
  ir_arena = static_cast<unsigned char *>(
      guarded_alloc(l->shared_bytes ? l->shared_bytes : 1, 16, "dynamic shared memory"));
}
}  // namespace xpiler

#endif
