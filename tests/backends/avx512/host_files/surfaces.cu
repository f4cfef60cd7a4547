// Surfaces: written in the default mode, read and written by texel, read at and beyond the edges.
#include <cuda_runtime.h>
#include <stdio.h>
#include <string.h>
__global__ void fill(float *in, int width, int height, cudaSurfaceObject_t out) {
  unsigned x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  surf2Dwrite(in[y * width + x], out, x * 4, y, cudaBoundaryModeTrap);
}
__global__ void swap(cudaSurfaceObject_t s, int w, int h) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y;
  if (x >= w / 2 || y >= h) return;
  uchar4 a = surf2Dread<uchar4>(s, x * sizeof(uchar4), y), b;
  surf2Dread(&b, s, (w - 1 - x) * sizeof(uchar4), y);
  surf2Dwrite(b, s, x * sizeof(uchar4), y);
  surf2Dwrite(a, s, (w - 1 - x) * sizeof(uchar4), y);
}
__global__ void edge(cudaSurfaceObject_t s, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = surf2Dread<float>(s, (i - 2) * 4, -1, cudaBoundaryModeClamp) + surf3Dread<float>(s, i * 4, -1, 0, cudaBoundaryModeZero);
}
int main() {
  const int w = 32, h = 16;
  float in[w * h], out[w * h], *x;
  for (int i = 0; i < w * h; ++i) in[i] = i * 3 % 13;
  cudaMalloc(&x, sizeof in);
  cudaMemcpy(x, in, sizeof in, cudaMemcpyHostToDevice);
  cudaArray_t a;
  cudaChannelFormatDesc f = cudaCreateChannelDesc<float>();
  cudaMallocArray(&a, &f, w, h, cudaArraySurfaceLoadStore);
  cudaResourceDesc r;
  memset(&r, 0, sizeof r);
  r.resType = cudaResourceTypeArray;
  r.res.array.array = a;
  cudaSurfaceObject_t s;
  cudaCreateSurfaceObject(&s, &r);
  fill<<<dim3(w / 8, h / 8), dim3(8, 8)>>>(x, w, h, s);
  cudaMemcpy2DFromArray(out, w * 4, a, 0, 0, w * 4, h, cudaMemcpyDeviceToHost);
  int wrong = 0;
  for (int i = 0; i < w * h; ++i) wrong += out[i] != in[i];
  edge<<<1, 32>>>(s, x, 32);
  cudaMemcpy(out, x, 128, cudaMemcpyDeviceToHost);
  for (int i = 0; i < 32; ++i) wrong += out[i] != in[i < 2 ? 0 : i - 2];
  unsigned char bytes[w * h * 4], back[w * h * 4];
  for (int i = 0; i < w * h * 4; ++i) bytes[i] = i % 251;
  f = cudaCreateChannelDesc<uchar4>();
  cudaMallocArray(&a, &f, w, h, cudaArraySurfaceLoadStore);
  cudaMemcpyToArray(a, 0, 0, bytes, sizeof bytes, cudaMemcpyHostToDevice);
  r.res.array.array = a;
  cudaCreateSurfaceObject(&s, &r);
  swap<<<dim3(1, h), w>>>(s, w, h);
  cudaMemcpy2DFromArray(back, w * 4, a, 0, 0, w * 4, h, cudaMemcpyDeviceToHost);
  for (int y = 0; y < h; ++y)
    for (int i = 0; i < w * 4; ++i) wrong += back[y * w * 4 + i] != bytes[y * w * 4 + (w - 1 - i / 4) * 4 + i % 4];
  cudaDestroySurfaceObject(s);
  cudaFreeArray(a);
  puts(wrong ? "BAD" : "OK");
}
