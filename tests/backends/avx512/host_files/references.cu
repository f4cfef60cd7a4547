// Texture references: bound to linear memory, to rows with a pitch, to an array; two kernels read one of them.
#include <cuda_runtime.h>
#include <stdio.h>

texture<float, 1, cudaReadModeElementType> line;
texture<int2, 2> rows;
texture<float4, 2, cudaReadModeElementType> image;

__device__ float at(int i) { return tex1Dfetch(line, i); }
__global__ void sums(float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = at(i) + tex1Dfetch(line, i + 1);
}
__global__ void twice(float *y) { y[threadIdx.x] = 2 * at(threadIdx.x); }
__global__ void pick(float4 *y, int w) {
  float4 v = tex2D(image, threadIdx.x + 0.5f, blockIdx.x + 1.0f);
  y[blockIdx.x * w + threadIdx.x] = make_float4(v.w, v.z, v.y, v.x);
}
__global__ void second(int *y, int w) { y[blockIdx.x * w + threadIdx.x] = tex2D(rows, threadIdx.x, blockIdx.x).y; }

int main() {
  const int w = 20, h = 6, n = w * h * 4;
  static float in[n], out[n];
  static int pairs[n], seconds[n];
  bool ok = true;
  for (int i = 0; i < n; ++i) in[i] = (float)(i % 11), pairs[i] = 3 * i;
  float *x, *y;
  cudaMalloc(&x, sizeof in);
  cudaMalloc(&y, sizeof out);
  cudaMemcpy(x, in, sizeof in, cudaMemcpyHostToDevice);
  cudaBindTexture(0, line, x, 100 * sizeof(float));
  sums<<<1, 128>>>(y, 101);
  cudaMemcpy(out, y, sizeof out, cudaMemcpyDeviceToHost);
  ok = ok && out[7] == in[7] + in[8] && out[99] == in[99] && out[100] == 0;
  cudaChannelFormatDesc one = cudaCreateChannelDesc<float>();
  cudaBindTexture(NULL, &line, x + 16, &one, 64);
  twice<<<1, 20>>>(y);
  cudaMemcpy(out, y, sizeof out, cudaMemcpyDeviceToHost);
  ok = ok && out[3] == 2 * in[19] && out[17] == 0;
  cudaUnbindTexture(line);

  int *from, *to;
  size_t pitch;
  cudaMallocPitch((void **)&from, &pitch, w * 8, h);
  cudaMalloc(&to, sizeof seconds);
  cudaMemcpy2D(from, pitch, pairs, w * 8, w * 8, h, cudaMemcpyHostToDevice);
  cudaBindTexture2D(NULL, rows, from, cudaCreateChannelDesc<int2>(), w, h, pitch);
  second<<<h, w>>>(to, w);
  cudaMemcpy(seconds, to, sizeof seconds, cudaMemcpyDeviceToHost);
  for (int i = 0; i < w * h; ++i) ok = ok && seconds[i] == pairs[2 * i + 1];

  cudaArray *array;
  cudaChannelFormatDesc texel = cudaCreateChannelDesc<float4>();
  cudaMallocArray(&array, &texel, w, h);
  cudaMemcpyToArray(array, 0, 0, in, sizeof in, cudaMemcpyHostToDevice);
  image.filterMode = cudaFilterModeLinear;
  image.addressMode[0] = cudaAddressModeClamp;
  image.addressMode[1] = cudaAddressModeClamp;
  cudaBindTextureToArray(image, array);
  pick<<<h, w>>>((float4 *)y, w);
  cudaMemcpy(out, y, sizeof out, cudaMemcpyDeviceToHost);
  for (int i = 0; i < w * h; ++i) {
    int below = i + w < w * h ? i + w : i;
    for (int k = 0; k < 4; ++k) ok = ok && out[4 * i + k] == (in[4 * i + 3 - k] + in[4 * below + 3 - k]) / 2;
  }
  puts(ok ? "OK" : "BAD");
}
