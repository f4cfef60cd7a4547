"""The driver API without modules, memory pools, hints and graph memory: whole programs that check themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.frontends.lift import lift
from xpiler.frontends.results import LiftedFile, LiftedKernel
from xpiler.verify.run import sandbox
from xpiler.verify.run.build import Built
from xpiler.verify.run.oracle import build_program

PROGRAM = """\
#include <cuda.h>
#include <cuda_runtime.h>
#include <stdio.h>
#include <string.h>
__global__ void twice(float *x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= 2.0f;
}
static int wrong = 0;
#define EXPECT(condition) if (!(condition)) { printf("line %d: %s\\n", __LINE__, #condition); wrong++; }

static void driver() {
  CUdevice device;
  CUcontext context;
  CUdeviceptr x;
  CUstream stream;
  CUevent event;
  const char *text = "";
  char name[16];
  int count = 0, warp = 0, major = 0, minor = 0;
  float h[70];
  for (int i = 0; i < 70; i++) h[i] = i;
  EXPECT(cuInit(0) == CUDA_SUCCESS);
  EXPECT(cuDeviceGetCount(&count) == CUDA_SUCCESS && count == 1);
  EXPECT(cuDeviceGet(&device, 0) == CUDA_SUCCESS);
  EXPECT(cuDeviceGet(&device, 7) == CUDA_ERROR_INVALID_DEVICE);
  device = 0;
  EXPECT(cuDeviceGetName(name, sizeof name, device) == CUDA_SUCCESS && strlen(name) > 0 && strlen(name) < 16);
  EXPECT(cuDeviceGetAttribute(&warp, CU_DEVICE_ATTRIBUTE_WARP_SIZE, device) == CUDA_SUCCESS && warp == 32);
  EXPECT(cuDeviceComputeCapability(&major, &minor, device) == CUDA_SUCCESS && major >= 7);
  EXPECT(cuCtxCreate(&context, 0, device) == CUDA_SUCCESS);
  EXPECT(cuMemAlloc(&x, sizeof h) == CUDA_SUCCESS);
  EXPECT(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING) == CUDA_SUCCESS);
  EXPECT(cuEventCreate(&event, CU_EVENT_DEFAULT) == CUDA_SUCCESS);
  EXPECT(cuMemcpyHtoDAsync(x, h, sizeof h, stream) == CUDA_SUCCESS);
  twice<<<2, 64, 0, stream>>>((float *)x, 70);
  EXPECT(cuEventRecord(event, stream) == CUDA_SUCCESS && cuEventSynchronize(event) == CUDA_SUCCESS);
  EXPECT(cuMemcpyDtoH(h, x, sizeof h) == CUDA_SUCCESS && h[69] == 138.0f && h[0] == 0.0f);
  EXPECT(cuMemsetD32(x + 8, 0x3f800000, 3) == CUDA_SUCCESS);
  EXPECT(cuMemcpyDtoH(h, x, sizeof h) == CUDA_SUCCESS && h[1] == 2.0f && h[2] == 1.0f && h[4] == 1.0f && h[5] == 10.0f);
  EXPECT(cuGetErrorName(CUDA_ERROR_INVALID_VALUE, &text) == CUDA_SUCCESS && strstr(text, "InvalidValue"));
  EXPECT(cuMemFree(x) == CUDA_SUCCESS && cuCtxSynchronize() == CUDA_SUCCESS && cuCtxDestroy(context) == CUDA_SUCCESS);
}

static void pools() {
  cudaMemPool_t pool, own;
  unsigned long long threshold = 1 << 20, read = 0, high = 0;
  int reuse = 0, off = 0;
  float *x = nullptr, *y = nullptr;
  EXPECT(cudaDeviceGetDefaultMemPool(&pool, 0) == cudaSuccess);
  EXPECT(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold) == cudaSuccess);
  EXPECT(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &read) == cudaSuccess && read == threshold);
  EXPECT(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &high) == cudaErrorNotSupported);
  cudaMemPoolProps props = {};
  props.allocType = cudaMemAllocationTypePinned;
  props.location.type = cudaMemLocationTypeDevice;
  EXPECT(cudaMemPoolCreate(&own, &props) == cudaSuccess);
  EXPECT(cudaMemPoolGetAttribute(own, cudaMemPoolReuseAllowOpportunistic, &reuse) == cudaSuccess && reuse == 1);
  EXPECT(cudaMemPoolSetAttribute(own, cudaMemPoolReuseAllowOpportunistic, &off) == cudaSuccess);
  EXPECT(cudaMemPoolGetAttribute(own, cudaMemPoolReuseAllowOpportunistic, &reuse) == cudaSuccess && reuse == 0);
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  float h[64];
  EXPECT(cudaMallocAsync(&x, sizeof h, stream) == cudaSuccess);
  EXPECT(cudaMallocFromPoolAsync(&y, sizeof h, own, stream) == cudaSuccess && x != y);
  EXPECT(cudaMallocAsync((void **)&y, sizeof h, own, stream) == cudaSuccess);
  cudaMemsetAsync(y, 0, sizeof h, stream);
  twice<<<1, 64, 0, stream>>>(y, 64);
  EXPECT(cudaMemcpyAsync(h, y, sizeof h, cudaMemcpyDeviceToHost, stream) == cudaSuccess && h[63] == 0.0f);
  EXPECT(cudaFreeAsync(x, stream) == cudaSuccess && cudaFreeAsync(y, stream) == cudaSuccess);
  EXPECT(cudaMemPoolTrimTo(own, 0) == cudaSuccess && cudaMemPoolDestroy(own) == cudaSuccess);
}

int main() {
  driver();
  pools();
  printf("wrong: %d\\n", wrong);
  return wrong != 0;
}
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("driver") / "driver.cu"
    path.write_text(PROGRAM)
    return path


def test_a_program_with_the_driver_api_and_pools_runs(source: Path) -> None:
    built = build_program(PROGRAM, source)
    assert isinstance(built, Built), built
    done = sandbox.run([str(built.path)], source.parent, sandbox.Limits())
    assert isinstance(done, sandbox.Finished)
    assert done.stdout == "wrong: 0\n"


def test_the_parser_knows_it_too(source: Path) -> None:
    lifted = lift(PROGRAM, source)
    assert isinstance(lifted, LiftedFile)
    assert [type(k) for k in lifted.kernels] == [LiftedKernel]
    assert lifted.diagnostics == ()


MORE = """\
#include <cuda_runtime.h>
#include <nvtx3/nvToolsExt.h>
#include <stdio.h>
__global__ void numbers(unsigned *p) {
  unsigned sum;
  asm("vabsdiff4.u32.u32.u32.add %0, %1, %2, %3;" : "=r"(sum) : "r"(0x01ff0003u), "r"(0x02000a01u), "r"(threadIdx.x));
  p[threadIdx.x] = sum;
}
int main() {
  int wrong = 0, value = 7;
  unsigned *p, h[32];
  cudaMemLocation here = {cudaMemLocationTypeDevice, 0};
  nvtxRangePush("all");
  wrong += cudaMallocManaged(&p, sizeof h) || cudaMemPrefetchAsync(p, sizeof h, here, 0, 0);
  wrong += cudaMemAdvise(p, sizeof h, cudaMemAdviseSetReadMostly, here) || cudaMemPrefetchAsync(p, sizeof h, 0);
  wrong += cudaDeviceGetP2PAttribute(&value, cudaDevP2PAttrAccessSupported, 0, 1) != cudaErrorInvalidDevice || value;
  wrong += cudaDeviceDisablePeerAccess(1) != cudaErrorPeerAccessNotEnabled;
  cudaStreamAttrValue window = {};
  window.accessPolicyWindow.hitProp = cudaAccessPropertyPersisting;
  wrong += cudaStreamSetAttribute(0, cudaStreamAttributeAccessPolicyWindow, &window) != cudaSuccess;
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  cudaGraphNode_t allocation, kernel, copy, release;
  cudaMemAllocNodeParams memory = {};
  cudaKernelNodeParams launch = {};
  memory.bytesize = sizeof h;
  cudaGraphCreate(&graph, 0);
  wrong += cudaGraphAddMemAllocNode(&allocation, graph, NULL, 0, &memory) != cudaSuccess || !memory.dptr;
  void *arguments[] = {&memory.dptr};
  launch.func = (void *)numbers;
  launch.gridDim = dim3(1), launch.blockDim = dim3(32), launch.kernelParams = arguments;
  cudaGraphAddKernelNode(&kernel, graph, &allocation, 1, &launch);
  cudaGraphAddMemcpyNode1D(&copy, graph, &kernel, 1, h, memory.dptr, sizeof h, cudaMemcpyDeviceToHost);
  cudaGraphAddMemFreeNode(&release, graph, &copy, 1, memory.dptr);
  cudaGraphInstantiate(&exec, graph, cudaGraphInstantiateFlagAutoFreeOnLaunch);
  for (int run = 0; run < 2; ++run) {
    for (int i = 0; i < 32; ++i) h[i] = 0;
    cudaGraphLaunch(exec, 0);
    for (unsigned i = 0; i < 32; ++i) wrong += h[i] != 1 + 255 + 10 + 2 + i;
  }
  cudaStream_t stream;
  unsigned *q;
  cudaStreamCreate(&stream);
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  cudaMallocAsync(&q, sizeof h, stream);
  numbers<<<1, 32, 0, stream>>>(q);
  cudaMemcpyAsync(h, q, sizeof h, cudaMemcpyDeviceToHost, stream);
  cudaFreeAsync(q, stream);
  cudaStreamEndCapture(stream, &graph);
  cudaGraphInstantiate(&exec, graph, 0);
  for (int run = 0; run < 2; ++run) {
    h[31] = 0;
    cudaGraphLaunch(exec, stream);
    wrong += h[31] != 1 + 255 + 10 + 2 + 31 || cudaFree(q) != cudaSuccess;
  }
  cudaMemcpyPeerAsync(p, 0, h, 0, sizeof h);
  wrong += p[31] != h[31] || cudaDeviceGraphMemTrim(0) != cudaSuccess;
  nvtxRangePop();
  printf("wrong: %d\\n", wrong);
  return wrong != 0;
}
"""


def test_hints_peers_and_memory_of_graphs(tmp_path: Path) -> None:
    path = tmp_path / "more.cu"
    path.write_text(MORE)
    built = build_program(MORE, path)
    assert isinstance(built, Built), built
    done = sandbox.run([str(built.path)], tmp_path, sandbox.Limits())
    assert isinstance(done, sandbox.Finished)
    assert done.stdout == "wrong: 0\n"
