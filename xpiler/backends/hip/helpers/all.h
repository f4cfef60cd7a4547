// needs: ballot
__device__ __forceinline__ int all(unsigned mask, int predicate) { return ballot(mask, !predicate) == 0; }
