// rocWMMA's names for warp matrix fragments.
#pragma once
#include "xpiler/prelude.h"
#include "xpiler/hip_names.h"

namespace rocwmma {
using namespace nvcuda::wmma;
using float16_t = __half;
using hfloat16_t = __half;
using bfloat16_t = __nv_bfloat16;
using float32_t = float;
using float64_t = double;
using int8_t = signed char;
using int32_t = int;
inline void synchronize_workgroup(xpiler::Site site = XPILER_CALLER) { __syncthreads(site); }
}  // namespace rocwmma
