// needs: lane activemask
// __reduce_*_sync: the lanes of `mask` in turn, so any mask will do. Lanes that it names and that a block does not have,
// or that returned, are left out: what they would give is not a value.
#define XPILER_WARP_REDUCTION(NAME, TYPE, COMBINE)                                      \
  __device__ __forceinline__ TYPE reduce_##NAME(unsigned mask, TYPE value) {        \
    mask &= activemask();                                                           \
    TYPE a = __shfl(value, __ffs(static_cast<int>(mask)) - 1, 32);                  \
    for (unsigned rest = mask & (mask - 1); rest != 0; rest &= rest - 1) {          \
      const TYPE b = __shfl(value, __ffs(static_cast<int>(rest)) - 1, 32);          \
      a = COMBINE;                                                                  \
    }                                                                               \
    return a;                                                                       \
  }
XPILER_WARP_REDUCTION(add, int, static_cast<int>(static_cast<unsigned>(a) + static_cast<unsigned>(b)))
XPILER_WARP_REDUCTION(min, int, a < b ? a : b)
XPILER_WARP_REDUCTION(max, int, a > b ? a : b)
XPILER_WARP_REDUCTION(add, unsigned, a + b)
XPILER_WARP_REDUCTION(min, unsigned, a < b ? a : b)
XPILER_WARP_REDUCTION(max, unsigned, a > b ? a : b)
XPILER_WARP_REDUCTION(and, unsigned, a & b)
XPILER_WARP_REDUCTION(or, unsigned, a | b)
XPILER_WARP_REDUCTION(xor, unsigned, a ^ b)
#undef XPILER_WARP_REDUCTION
