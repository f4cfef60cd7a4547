#include <cuda_runtime.h>
#ifdef __cplusplus
extern "C" {
#endif
__device__ static float sq(float x) { return x * x; }
__device__ static inline float dist2(float ax, float ay, float bx, float by) { return sq(ax - bx) + sq(ay - by); }
__global__ void nearest(const float *px, const float *py, int n, float qx, float qy, float *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = dist2(px[i], py[i], qx, qy);
}
__global__ void pairwise(const float *px, const float *py, int n, float *out) {
  int i = blockIdx.y * blockDim.y + threadIdx.y, j = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && j < n) out[i * n + j] = dist2(px[i], py[i], px[j], py[j]);
}
void launch_nearest(const float *px, const float *py, int n, float qx, float qy, float *out, cudaStream_t s) {
  nearest<<<(n + 63) / 64, 64, 0, s>>>(px, py, n, qx, qy, out);
}
int launch_pairwise(const float *px, const float *py, int n, float *out) {
  dim3 b(16, 16); dim3 g((n + b.x - 1) / b.x, (n + b.y - 1) / b.y);
  pairwise<<<g, b>>>(px, py, n, out);
  return (int)cudaGetLastError();
}
#ifdef __cplusplus
}
#endif
