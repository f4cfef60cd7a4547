// The AVX-512 instructions that xpiler emits, described by what they do.
//
// Three readers use these files: a C++ compiler, for which they are a simulator (isa/sim/immintrin.h shadows
// the compiler's own header); xpiler.backends.avx512.isa.catalog, which gives each declaration to
// vectorisation, prompts, the solver and the documentation; and a person. A description is
//
//     /// One sentence.
//     /// cpu: the CPUID features that it needs
//     /// tolerance: the relative error that the hardware may have (absent: bit for bit)
//     /// domain: the inputs that it is meant for (`numbers`: no NaN; `normal numbers`)
//
// then the function. XP_LANES(n) runs over the lanes i; XP_REQUIRE states what the hardware demands.
#ifndef XP_AVX512_H
#define XP_AVX512_H

#include "types.h"

#include "memory.h"

#include "gather.h"

#include "arithmetic.h"

#include "integer.h"

#include "lanes.h"

#include "compare.h"

#include "mask.h"

#include "convert.h"

#include "dot.h"

#endif
