// Texture objects over linear memory, pitched memory, arrays of two and three dimensions, and layers.
#include <cuda_runtime.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

__global__ void shifted(cudaTextureObject_t line, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = tex1Dfetch<float>(line, i + 1);
}
__global__ void turned(cudaTextureObject_t image, float *y, int w, int h) {
  int i = threadIdx.x, j = blockIdx.x;
  float u = (i + 0.5f) / w, v = (j + 0.5f) / h;
  y[j * w + i] = tex2D<float>(image, u + 0.25f, v - 0.5f);
}
__global__ void halfway(cudaTextureObject_t pitched, float2 *y, int w) {
  int i = threadIdx.x, j = blockIdx.x;
  y[j * w + i] = tex2D<float2>(pitched, i + 1.0f, j + 0.5f);
}
__global__ void colours(cudaTextureObject_t bytes, float4 *y) { y[threadIdx.x] = tex2D<float4>(bytes, threadIdx.x, 0); }
__global__ void deep(cudaTextureObject_t volume, int *y, int w, int h) {
  int i = threadIdx.x, j = blockIdx.x, k = blockIdx.y;
  y[(k * h + j) * w + i] = tex3D<int>(volume, i, j, k) + tex3D<int>(volume, i, j, k + 1);
}
__global__ void layers(cudaTextureObject_t stack, float *y, int w) {
  y[blockIdx.x * w + threadIdx.x] = tex1DLayered<float>(stack, threadIdx.x + 0.5f, blockIdx.x);
}
__global__ void between(cudaTextureObject_t either, float *y) { y[threadIdx.x] = tex1D<float>(either, threadIdx.x + 0.75f); }

static int wrong = 0;
static void expect(double got, double want, int line) {
  if (fabs(got - want) > 1e-5) printf("line %d: %g, not %g\n", line, got, want), ++wrong;
}
#define EXPECT(got, want) expect(got, want, __LINE__)

static cudaArray_t made(const cudaChannelFormatDesc &texel, int w, int h, int d, const void *from, size_t row) {
  cudaArray_t array;
  cudaMalloc3DArray(&array, &texel, make_cudaExtent(w, h, d), 0);
  cudaMemcpy3DParms p = {};
  p.srcPtr = make_cudaPitchedPtr((void *)from, row, w, h);
  p.dstArray = array;
  p.extent = make_cudaExtent(w, h, d);
  p.kind = cudaMemcpyHostToDevice;
  cudaMemcpy3D(&p);
  return array;
}

int main() {
  const int w = 16, h = 8, d = 3;
  static float in[w * h], out[2 * w * h];
  static int volume[w * h * d], deeper[w * h * d];
  for (int i = 0; i < w * h; ++i) in[i] = (float)((i * 7) % 31);
  for (int i = 0; i < w * h * d; ++i) volume[i] = i * 5;
  float *x, *y;
  cudaMalloc(&x, sizeof in);
  cudaMalloc(&y, sizeof out);
  cudaMemcpy(x, in, sizeof in, cudaMemcpyHostToDevice);

  cudaResourceDesc r;
  memset(&r, 0, sizeof r);
  r.resType = cudaResourceTypeLinear;
  r.res.linear.devPtr = x;
  r.res.linear.desc = cudaCreateChannelDesc<float>();
  r.res.linear.sizeInBytes = sizeof in;
  cudaTextureDesc plain = {};
  cudaTextureObject_t line = 0;
  cudaCreateTextureObject(&line, &r, &plain, NULL);
  shifted<<<2, 64>>>(line, y, w * h);
  cudaMemcpy(out, y, sizeof in, cudaMemcpyDeviceToHost);
  EXPECT(out[0], in[1]);
  EXPECT(out[w * h - 1], 0);

  cudaChannelFormatDesc texel = cudaCreateChannelDesc(32, 0, 0, 0, cudaChannelFormatKindFloat);
  cudaArray_t array;
  cudaMallocArray(&array, &texel, w, h);
  cudaMemcpy2DToArray(array, 0, 0, in, w * 4, w * 4, h, cudaMemcpyHostToDevice);
  memset(&r, 0, sizeof r);
  r.resType = cudaResourceTypeArray;
  r.res.array.array = array;
  cudaTextureDesc smooth = {};
  smooth.normalizedCoords = 1;
  smooth.filterMode = cudaFilterModeLinear;
  smooth.addressMode[0] = cudaAddressModeWrap;
  smooth.addressMode[1] = cudaAddressModeWrap;
  cudaTextureObject_t image;
  cudaCreateTextureObject(&image, &r, &smooth, NULL);
  turned<<<h, w>>>(image, y, w, h);
  cudaMemcpy(out, y, sizeof in, cudaMemcpyDeviceToHost);
  EXPECT(out[0], in[4 * w + 4]);
  EXPECT(out[6 * w + 14], in[2 * w + 2]);

  float2 *rows;
  size_t pitch;
  cudaMallocPitch((void **)&rows, &pitch, 5 * sizeof(float2), h);
  cudaMemcpy2D(rows, pitch, in, 5 * sizeof(float2), 5 * sizeof(float2), h, cudaMemcpyHostToDevice);
  memset(&r, 0, sizeof r);
  r.resType = cudaResourceTypePitch2D;
  r.res.pitch2D.devPtr = rows;
  r.res.pitch2D.desc = cudaCreateChannelDesc<float2>();
  r.res.pitch2D.width = 5;
  r.res.pitch2D.height = h;
  r.res.pitch2D.pitchInBytes = pitch;
  cudaTextureDesc mean = {};
  mean.filterMode = cudaFilterModeLinear;
  mean.addressMode[0] = cudaAddressModeClamp;
  mean.addressMode[1] = cudaAddressModeClamp;
  cudaTextureObject_t pitched;
  cudaCreateTextureObject(&pitched, &r, &mean, NULL);
  halfway<<<h, 5>>>(pitched, (float2 *)y, 5);
  cudaMemcpy(out, y, h * 5 * sizeof(float2), cudaMemcpyDeviceToHost);
  EXPECT(out[2 * 5 * 2], (in[20] + in[22]) / 2);
  EXPECT(out[2 * 5 * 2 + 1], (in[21] + in[23]) / 2);
  EXPECT(out[2 * 4 + 1], in[9]);

  unsigned char shades[8] = {0, 51, 255, 102, 255, 0, 51, 204};
  cudaTextureDesc scaled = {};
  scaled.readMode = cudaReadModeNormalizedFloat;
  memset(&r, 0, sizeof r);
  r.resType = cudaResourceTypeArray;
  r.res.array.array = made(cudaCreateChannelDesc<uchar4>(), 2, 1, 1, shades, 8);
  cudaTextureObject_t bytes;
  cudaCreateTextureObject(&bytes, &r, &scaled, NULL);
  colours<<<1, 2>>>(bytes, (float4 *)y);
  cudaMemcpy(out, y, 32, cudaMemcpyDeviceToHost);
  for (int i = 0; i < 8; ++i) EXPECT(out[i], shades[i] / 255.0);

  int *z;
  cudaMalloc(&z, sizeof deeper);
  r.res.array.array = made(cudaCreateChannelDesc<int>(), w, h, d, volume, w * 4);
  cudaTextureDesc border = {};
  border.addressMode[0] = border.addressMode[1] = border.addressMode[2] = cudaAddressModeBorder;
  cudaTextureObject_t solid;
  cudaCreateTextureObject(&solid, &r, &border, NULL);
  deep<<<dim3(h, d), w>>>(solid, z, w, h);
  cudaMemcpy(deeper, z, sizeof deeper, cudaMemcpyDeviceToHost);
  EXPECT(deeper[w * h + 3], volume[w * h + 3] + volume[2 * w * h + 3]);
  EXPECT(deeper[2 * w * h + 3], volume[2 * w * h + 3]);

  cudaExtent extent = make_cudaExtent(w, 0, h);
  cudaArray_t stack;
  cudaMalloc3DArray(&stack, &texel, extent, cudaArrayLayered);
  cudaMemcpy3DParms p = {};
  p.srcPtr = make_cudaPitchedPtr(in, w * 4, w, 1);
  p.dstArray = stack;
  p.extent = make_cudaExtent(w, 1, h);
  cudaMemcpy3D(&p);
  r.res.array.array = stack;
  cudaTextureObject_t many;
  cudaCreateTextureObject(&many, &r, &plain, NULL);
  layers<<<h, w>>>(many, y, w);
  cudaMemcpy(out, y, sizeof in, cudaMemcpyDeviceToHost);
  for (int i = 0; i < w * h; ++i) EXPECT(out[i], in[i]);

  for (int smooth_ = 0; smooth_ < 2; ++smooth_) {
    cudaTextureDesc now = {};
    now.filterMode = smooth_ ? cudaFilterModeLinear : cudaFilterModePoint;
    r.res.array.array = array;
    cudaTextureObject_t either;
    cudaCreateTextureObject(&either, &r, &now, NULL);
    between<<<1, 8>>>(either, y);
    cudaMemcpy(out, y, 32, cudaMemcpyDeviceToHost);
    for (int i = 0; i < 8; ++i) EXPECT(out[i], smooth_ ? 0.75 * in[i] + 0.25 * in[i + 1] : in[i]);
  }

  cudaDestroyTextureObject(image);
  cudaFreeArray(array);
  if (!wrong) printf("OK\n");
  return wrong;
}
