// Functions whose last bit matters, at the ends of their types: as written and as lifted.
#include <cmath>
#include <cuda_runtime.h>
#define TID (blockIdx.x * blockDim.x + threadIdx.x)

__global__ void shifts(const unsigned *x, const unsigned *y, const unsigned *by, unsigned *o, int n) {
  int i = TID;
  if (i >= n) return;
  o[2 * i] = __funnelshift_lc(x[i], y[i], by[i] % 40);
  o[2 * i + 1] = __funnelshift_rc(x[i], y[i], by[i] % 40);
}

__global__ void averages(const int *x, const int *y, unsigned *o, int n) {
  int i = TID;
  if (i >= n) return;
  o[4 * i] = __rhadd(x[i], y[i]);
  o[4 * i + 1] = __hadd(x[i], y[i]);
  o[4 * i + 2] = __uhadd(x[i], y[i]);
  o[4 * i + 3] = __urhadd(x[i], y[i]);
}

__global__ void directed(const int *x, const double *d, float *o, int n) {
  int i = TID;
  if (i >= n) return;
  o[6 * i] = __int2float_rz(x[i]);
  o[6 * i + 1] = __int2float_ru(x[i]);
  o[6 * i + 2] = __uint2float_rd(x[i]);
  o[6 * i + 3] = __double2float_rz(d[i] * 1e-38);
  o[6 * i + 4] = __double2float_ru(d[i] * 1e-46);
  o[6 * i + 5] = __double2float_rd(d[i] * 1e38);
}

__global__ void scaled(const float *x, const double *d, const int *e, float *o, double *p, int n) {
  int i = TID;
  if (i >= n) return;
  o[i] = ldexpf(x[i], e[i] % 300);
  p[i] = ldexp(d[i], e[i] % 2200) + scalbnf(x[i] * 1e-40f, 150);
}

__global__ void lanes(const int *x, unsigned *o, int n) {
  int i = TID;
  int v = i < n ? x[i] : 0, agree;
  unsigned all = __match_all_sync(0xffffffffu, v >> 12, &agree), lt, le, ge, gt, eq;
  asm("mov.u32 %0, %%lanemask_lt;" : "=r"(lt));
  asm("mov.u32 %0, %%lanemask_le;" : "=r"(le));
  asm("mov.u32 %0, %%lanemask_ge;" : "=r"(ge));
  asm("mov.u32 %0, %%lanemask_gt;" : "=r"(gt));
  asm("mov.u32 %0, %%lanemask_eq;" : "=r"(eq));
  if (i < n) o[i] = (all ^ agree) + lt * 3 + le * 5 + ge * 7 + gt * 11 + eq * 13;
}
