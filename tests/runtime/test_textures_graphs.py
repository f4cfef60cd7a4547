"""Whole programs with arrays, textures, surfaces and graphs: each checks itself and says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.verify.run import sandbox
from xpiler.verify.run.build import Built
from xpiler.verify.run.oracle import build_program

HEAD = """\
#include <cuda_runtime.h>
#include <stdio.h>
#include <math.h>
static int wrong = 0;
#define EXPECT(got, want) \\
  do { \\
    double g = (got), w = (want); \\
    if (fabs(g - w) > 1e-6) wrong++, printf("%d: %g is not %g\\n", __LINE__, g, w); \\
  } while (0)
"""
TEXTURES = """\
__global__ void linear(cudaTextureObject_t t, float *y) { y[threadIdx.x] = tex1Dfetch<float>(t, (int)threadIdx.x - 1); }
__global__ void sampled(cudaTextureObject_t t, float *y, float x0, float y0) { y[0] = tex2D<float>(t, x0, y0); }
__global__ void bytes(cudaTextureObject_t t, float *y) { float4 v = tex2D<float4>(t, 1.5f, 0.5f); y[0] = v.x; y[1] = v.w; }
__global__ void gathered(cudaTextureObject_t t, float *y) { *(float4 *)y = tex2Dgather<float4>(t, 2.0f, 1.0f); }
__global__ void invert(cudaSurfaceObject_t s, int w) {
  float v = surf2Dread<float>(s, threadIdx.x * 4, threadIdx.y);
  surf2Dwrite(-v, s, threadIdx.x * 4, threadIdx.y, cudaBoundaryModeZero);
}
float *out;
cudaTextureObject_t made(cudaArray_t a, cudaTextureFilterMode filter, cudaTextureAddressMode address, bool normalized,
                         cudaTextureReadMode read = cudaReadModeElementType) {
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypeArray;
  r.res.array.array = a;
  cudaTextureDesc d = {};
  d.addressMode[0] = d.addressMode[1] = address;
  d.filterMode = filter, d.readMode = read, d.normalizedCoords = normalized;
  cudaTextureObject_t t;
  cudaCreateTextureObject(&t, &r, &d, NULL);
  return t;
}
float at(cudaTextureObject_t t, float x, float y) { sampled<<<1, 1>>>(t, out, x, y); return out[0]; }
int main() {
  cudaMallocManaged(&out, 64);
  float values[12];  // row y, column x: 10 * y + x
  for (int i = 0; i < 12; ++i) values[i] = 10 * (i / 4) + i % 4;
  float *device;
  cudaMalloc(&device, sizeof values);
  cudaMemcpy(device, values, sizeof values, cudaMemcpyHostToDevice);
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypeLinear;
  r.res.linear.devPtr = device, r.res.linear.desc = cudaCreateChannelDesc<float>(), r.res.linear.sizeInBytes = 12;
  cudaTextureDesc d = {};
  cudaTextureObject_t t;
  cudaCreateTextureObject(&t, &r, &d, NULL);
  linear<<<1, 5>>>(t, out);
  EXPECT(out[0], 0); EXPECT(out[1], 0); EXPECT(out[3], 2); EXPECT(out[4], 0);

  cudaArray_t a;
  cudaChannelFormatDesc format = cudaCreateChannelDesc(32, 0, 0, 0, cudaChannelFormatKindFloat);
  cudaMallocArray(&a, &format, 4, 3, cudaArraySurfaceLoadStore);
  cudaMemcpy2DToArray(a, 0, 0, values, 16, 16, 3, cudaMemcpyHostToDevice);
  t = made(a, cudaFilterModePoint, cudaAddressModeClamp, false);
  gathered<<<1, 1>>>(t, out);
  EXPECT(out[0], 11); EXPECT(out[1], 12); EXPECT(out[2], 2); EXPECT(out[3], 1);
  EXPECT(at(t, 2.9f, 1.1f), 12); EXPECT(at(t, -5, 9), 20); EXPECT(at(t, 99, 0), 3);
  t = made(a, cudaFilterModeLinear, cudaAddressModeClamp, false);
  EXPECT(at(t, 1.5f, 1.5f), 11); EXPECT(at(t, 2, 1.5f), 11.5); EXPECT(at(t, 2, 2), 16.5); EXPECT(at(t, 0, 0), 0);
  EXPECT(at(t, 1.5f + 0.3f, 0.5f), 1 + 77 / 256.0);  // 0.3 in 8 bits
  t = made(a, cudaFilterModePoint, cudaAddressModeBorder, false);
  EXPECT(at(t, -0.5f, 1), 0); EXPECT(at(t, 3.5f, 2.5f), 23);
  t = made(a, cudaFilterModePoint, cudaAddressModeWrap, true);
  EXPECT(at(t, 1.3f, 0.1f), 1); EXPECT(at(t, -0.1f, 0.1f), 3);
  t = made(a, cudaFilterModePoint, cudaAddressModeMirror, true);
  EXPECT(at(t, 1.1f, 0.1f), 3);

  cudaArray_t b;
  cudaChannelFormatDesc four = cudaCreateChannelDesc<uchar4>();
  cudaMallocArray(&b, &four, 2, 1);
  unsigned char texels[8] = {0, 0, 0, 0, 51, 0, 0, 255};
  cudaMemcpy2DToArray(b, 0, 0, texels, 8, 8, 1, cudaMemcpyHostToDevice);
  bytes<<<1, 1>>>(made(b, cudaFilterModePoint, cudaAddressModeClamp, false, cudaReadModeNormalizedFloat), out);
  EXPECT(out[0], 0.2f); EXPECT(out[1], 1);

  cudaResourceDesc of = {};
  of.resType = cudaResourceTypeArray, of.res.array.array = a;
  cudaSurfaceObject_t s;
  cudaCreateSurfaceObject(&s, &of);
  invert<<<1, dim3(4, 3)>>>(s, 4);
  float back[12];
  cudaMemcpy2DFromArray(back, 16, a, 0, 0, 16, 3, cudaMemcpyDeviceToHost);
  for (int i = 0; i < 12; ++i) EXPECT(back[i], -values[i]);
  return wrong;
}
"""
GRAPHS = """\
__shared__ int at_file_scope[4];
__device__ int whole;
__global__ void add(int *x, int by) { x[threadIdx.x] += by; }
__global__ void twice(int *x) {
  at_file_scope[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  x[threadIdx.x] = 2 * at_file_scope[threadIdx.x];
}
void CUDART_CB called(void *p) { ++*(int *)p; }
int main() {
  int *x, host[4] = {1, 2, 3, 4}, calls = 0, got[4];
  cudaMalloc(&x, 16);
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  cudaMemcpyAsync(x, host, 16, cudaMemcpyHostToDevice, stream);
  add<<<1, 4, 0, stream>>>(x, 10);
  for (int i = 0; i < 2; ++i) twice<<<1, 4, 0, stream>>>(x);
  int by = 5;
  void *captured[] = {&x, &by};
  cudaLaunchKernel((void *)add, dim3(1), dim3(4), captured, 0, stream);
  by = 999;
  cudaMemcpyAsync(got, x, 16, cudaMemcpyDeviceToHost, stream);
  cudaLaunchHostFunc(stream, called, &calls);
  cudaStreamEndCapture(stream, &graph);
  EXPECT(calls, 0);
  cudaGraphInstantiate(&exec, graph, NULL, NULL, 0);
  host[0] = 100;
  for (int i = 0; i < 3; ++i) cudaGraphLaunch(exec, stream);
  EXPECT(calls, 3); EXPECT(got[0], 445); EXPECT(got[3], 61);
  size_t n = 0;
  cudaGraphGetNodes(graph, NULL, &n);
  EXPECT(n, 7);

  // nodes that are added against their order
  cudaGraphCreate(&graph, 0);
  cudaGraphNode_t first, second, third;
  int one = 1;
  void *args[] = {&x, &one};
  cudaKernelNodeParams p = {};
  p.func = (void *)add;
  p.gridDim = dim3(1), p.blockDim = dim3(4), p.kernelParams = args;
  cudaGraphAddKernelNode(&third, graph, NULL, 0, &p);
  void *only[] = {&x};
  p.func = (void *)twice, p.kernelParams = only;
  cudaGraphAddKernelNode(&second, graph, NULL, 0, &p);
  cudaMemsetParams m = {};
  m.dst = x, m.value = 7, m.elementSize = 4, m.width = 4, m.height = 1;
  cudaGraphAddMemsetNode(&first, graph, NULL, 0, &m);
  cudaGraphAddDependencies(graph, &first, &second, 1);
  cudaGraphAddDependencies(graph, &second, &third, 1);
  one = 50;
  cudaGraphInstantiate(&exec, graph, 0);
  cudaGraphLaunch(exec, stream);
  cudaMemcpy(got, x, 16, cudaMemcpyDeviceToHost);
  EXPECT(got[0], 15); EXPECT(got[3], 15);
  return wrong;
}
"""


@pytest.mark.parametrize("text", [TEXTURES, GRAPHS], ids=["textures", "graphs"])
def test_program_finds_nothing_wrong(text: str, tmp_path: Path) -> None:
    built = build_program(HEAD + text, Path("program.cu"))
    assert isinstance(built, Built), built.stderr
    done = sandbox.run((str(built.path),), tmp_path)
    assert isinstance(done, sandbox.Finished), done
    assert (done.code, done.stdout) == (0, ""), done
