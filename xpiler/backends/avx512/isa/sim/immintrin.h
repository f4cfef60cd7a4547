// Stands in for the compiler's header of this name when a program is run on a CPU without AVX-512.
#ifndef XP_SIM_IMMINTRIN_H
#define XP_SIM_IMMINTRIN_H

#include "../avx512.h"

#endif
