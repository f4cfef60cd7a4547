// Complex numbers as vectors of two.
#pragma once
#include <math.h>

typedef float2 cuFloatComplex;
static __host__ __device__ inline float cuCrealf(cuFloatComplex z) { return z.x; }
static __host__ __device__ inline float cuCimagf(cuFloatComplex z) { return z.y; }
static __host__ __device__ inline cuFloatComplex make_cuFloatComplex(float re, float im) {
  return make_float2(re, im);
}
static __host__ __device__ inline cuFloatComplex cuConjf(cuFloatComplex z) { return make_float2(z.x, -z.y); }
static __host__ __device__ inline cuFloatComplex cuCaddf(cuFloatComplex p, cuFloatComplex q) {
  return make_float2(p.x + q.x, p.y + q.y);
}
static __host__ __device__ inline cuFloatComplex cuCsubf(cuFloatComplex p, cuFloatComplex q) {
  return make_float2(p.x - q.x, p.y - q.y);
}
static __host__ __device__ inline cuFloatComplex cuCmulf(cuFloatComplex p, cuFloatComplex q) {
  return make_float2(p.x * q.x - p.y * q.y, p.x * q.y + p.y * q.x);
}
static __host__ __device__ inline cuFloatComplex cuCdivf(cuFloatComplex p, cuFloatComplex q) {
  const float s = fabsf(q.x) + fabsf(q.y), a = p.x / s, b = p.y / s, c = q.x / s, d = q.y / s;
  const float n = c * c + d * d;
  return make_float2((a * c + b * d) / n, (b * c - a * d) / n);
}
static __host__ __device__ inline float cuCabsf(cuFloatComplex z) {
  float a = fabsf(z.x), b = fabsf(z.y);
  if (a < b) { const float t = a; a = b; b = t; }
  if (b == 0) return a;
  const float r = b / a;
  return a * sqrtf(1 + r * r);
}
static __host__ __device__ inline cuFloatComplex cuCfmaf(cuFloatComplex p, cuFloatComplex q, cuFloatComplex d) {
  return make_float2(p.x * q.x - p.y * q.y + d.x, p.x * q.y + p.y * q.x + d.y);
}
typedef double2 cuDoubleComplex;
static __host__ __device__ inline double cuCreal(cuDoubleComplex z) { return z.x; }
static __host__ __device__ inline double cuCimag(cuDoubleComplex z) { return z.y; }
static __host__ __device__ inline cuDoubleComplex make_cuDoubleComplex(double re, double im) {
  return make_double2(re, im);
}
static __host__ __device__ inline cuDoubleComplex cuConj(cuDoubleComplex z) { return make_double2(z.x, -z.y); }
static __host__ __device__ inline cuDoubleComplex cuCadd(cuDoubleComplex p, cuDoubleComplex q) {
  return make_double2(p.x + q.x, p.y + q.y);
}
static __host__ __device__ inline cuDoubleComplex cuCsub(cuDoubleComplex p, cuDoubleComplex q) {
  return make_double2(p.x - q.x, p.y - q.y);
}
static __host__ __device__ inline cuDoubleComplex cuCmul(cuDoubleComplex p, cuDoubleComplex q) {
  return make_double2(p.x * q.x - p.y * q.y, p.x * q.y + p.y * q.x);
}
static __host__ __device__ inline cuDoubleComplex cuCdiv(cuDoubleComplex p, cuDoubleComplex q) {
  const double s = fabs(q.x) + fabs(q.y), a = p.x / s, b = p.y / s, c = q.x / s, d = q.y / s;
  const double n = c * c + d * d;
  return make_double2((a * c + b * d) / n, (b * c - a * d) / n);
}
static __host__ __device__ inline double cuCabs(cuDoubleComplex z) {
  double a = fabs(z.x), b = fabs(z.y);
  if (a < b) { const double t = a; a = b; b = t; }
  if (b == 0) return a;
  const double r = b / a;
  return a * sqrt(1 + r * r);
}
static __host__ __device__ inline cuDoubleComplex cuCfma(cuDoubleComplex p, cuDoubleComplex q, cuDoubleComplex d) {
  return make_double2(p.x * q.x - p.y * q.y + d.x, p.x * q.y + p.y * q.x + d.y);
}
typedef cuFloatComplex cuComplex;
static __host__ __device__ inline cuComplex make_cuComplex(float x, float y) { return make_float2(x, y); }
static __host__ __device__ inline cuDoubleComplex cuComplexFloatToDouble(cuFloatComplex c) {
  return make_double2(c.x, c.y);
}
static __host__ __device__ inline cuFloatComplex cuComplexDoubleToFloat(cuDoubleComplex c) {
  return make_float2(float(c.x), float(c.y));
}
