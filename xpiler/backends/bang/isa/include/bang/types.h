// Types and qualifiers of BANG C for a host compiler.
//
// `half` and `bfloat16_t` are storage types: an expression converts them to float, and the conversion back
// rounds to nearest even, so `(half)(a + b)` rounds once, as the device does.
// Source of the names: the public Cambricon operator library and developer guide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

struct half {
  _Float16 value;
  half() = default;
  half(float x) : value(static_cast<_Float16>(x)) {}
  operator float() const { return static_cast<float>(value); }
};

struct bfloat16_t {
  uint16_t bits;
  bfloat16_t() = default;
  bfloat16_t(float x) {
    uint32_t u;
    std::memcpy(&u, &x, sizeof u);
    if ((u & 0x7fffffffu) > 0x7f800000u) {
      bits = static_cast<uint16_t>((u >> 16) | 0x40u);  // a NaN stays one
    } else {
      bits = static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
    }
  }
  operator float() const {
    const uint32_t u = static_cast<uint32_t>(bits) << 16;
    float x;
    std::memcpy(&x, &u, sizeof x);
    return x;
  }
};

using int8 = int8_t;
using int16 = int16_t;
using int32 = int32_t;

// Where a declaration names on-chip memory, a section holds it, so that an address tells its space.
// Each core has its own NRAM and WRAM and each cluster its SRAM: bang/core.h saves, poisons and restores them.
#define __nram__ static __attribute__((section("xp_nram"), aligned(64)))
#define __wram__ static __attribute__((section("xp_wram"), aligned(64)))
#define __mlu_shared__ static __attribute__((section("xp_sram"), aligned(64)))
#define __ldram__
#define __mlu_device__ static
#define __mlu_const__ static const
#define __mlu_entry__
#define __mlu_global__
#define __mlu_func__ static inline
