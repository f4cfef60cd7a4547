// needs: ballot
__device__ __forceinline__ int any(unsigned mask, int predicate) { return ballot(mask, predicate) != 0; }
