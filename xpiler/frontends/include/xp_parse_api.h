// Host API that the CPU runtime has and that no kernel is judged by: enough that a file with it parses.
// tests/runtime/test_headers.py holds this set and the runtime's (xpiler/runtime/include) together.
#pragma once
#define XP_CALL(name) template <class... A> cudaError_t name(A &&...);

struct cudaResourceViewDesc;
struct cudaKernelNodeParams {
  void *func;
  dim3 gridDim, blockDim;
  unsigned sharedMemBytes;
  void **kernelParams, **extra;
};
template <class T> cudaChannelFormatDesc cudaCreateChannelDesc();
cudaChannelFormatDesc cudaCreateChannelDesc(int, int, int, int, cudaChannelFormatKind);
cudaChannelFormatDesc cudaCreateChannelDescHalf();
cudaExtent make_cudaExtent(size_t, size_t, size_t);
cudaPos make_cudaPos(size_t, size_t, size_t);
cudaPitchedPtr make_cudaPitchedPtr(void *, size_t, size_t, size_t);
XP_CALL(cudaBindTexture) XP_CALL(cudaBindTexture2D) XP_CALL(cudaBindTextureToArray) XP_CALL(cudaUnbindTexture)
XP_CALL(cudaMallocArray) XP_CALL(cudaMalloc3DArray) XP_CALL(cudaFreeArray) XP_CALL(cudaArrayGetInfo)
XP_CALL(cudaMemcpyToArray) XP_CALL(cudaMemcpyToArrayAsync) XP_CALL(cudaMemcpyFromArray)
XP_CALL(cudaMemcpy2DToArray) XP_CALL(cudaMemcpy2DToArrayAsync) XP_CALL(cudaMemcpy2DFromArray)
XP_CALL(cudaMemcpy3D) XP_CALL(cudaMemcpy3DAsync) XP_CALL(cudaMalloc3D) XP_CALL(cudaMemset3D)
XP_CALL(cudaCreateTextureObject) XP_CALL(cudaDestroyTextureObject) XP_CALL(cudaCreateSurfaceObject)
XP_CALL(cudaDestroySurfaceObject) XP_CALL(cudaMemcpy2DAsync) XP_CALL(cudaMemcpyPeer)
XP_CALL(cudaMemcpyFromSymbolAsync) XP_CALL(cudaGetSymbolSize) XP_CALL(cudaMemAdvise)
XP_CALL(cudaStreamAttachMemAsync) XP_CALL(cudaPointerGetAttributes) XP_CALL(cudaStreamCreateWithPriority)
XP_CALL(cudaStreamAddCallback) XP_CALL(cudaLaunchHostFunc) XP_CALL(cudaDeviceGetStreamPriorityRange)
XP_CALL(cudaThreadExit) XP_CALL(cudaSetDeviceFlags) XP_CALL(cudaChooseDevice) XP_CALL(cudaDeviceSetSharedMemConfig)
XP_CALL(cudaDeviceSetLimit) XP_CALL(cudaDeviceGetLimit) XP_CALL(cudaDeviceCanAccessPeer)
XP_CALL(cudaDeviceEnablePeerAccess) XP_CALL(cudaProfilerStart) XP_CALL(cudaProfilerStop)
XP_CALL(cudaFuncSetSharedMemConfig) XP_CALL(cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags)
XP_CALL(cudaLaunchKernelEx) XP_CALL(cudaStreamBeginCapture) XP_CALL(cudaStreamEndCapture)
XP_CALL(cudaStreamIsCapturing) XP_CALL(cudaGraphCreate) XP_CALL(cudaGraphDestroy) XP_CALL(cudaGraphClone)
XP_CALL(cudaGraphAddEmptyNode) XP_CALL(cudaGraphAddKernelNode) XP_CALL(cudaGraphAddMemcpyNode)
XP_CALL(cudaGraphAddMemcpyNode1D) XP_CALL(cudaGraphAddMemsetNode) XP_CALL(cudaGraphAddHostNode)
XP_CALL(cudaGraphAddChildGraphNode) XP_CALL(cudaGraphAddDependencies) XP_CALL(cudaGraphGetNodes)
XP_CALL(cudaGraphInstantiate) XP_CALL(cudaGraphInstantiateWithFlags) XP_CALL(cudaGraphExecDestroy)
XP_CALL(cudaGraphLaunch) XP_CALL(cudaGraphExecKernelNodeSetParams) XP_CALL(cudaGraphKernelNodeSetParams)
XP_CALL(cudaGraphExecUpdate) XP_CALL(cudaGraphUpload)
#define XP_SURFACE(name, ...)                                                                                       \
  template <class T> T name##read(cudaSurfaceObject_t, __VA_ARGS__, cudaSurfaceBoundaryMode = cudaBoundaryModeTrap); \
  template <class T>                                                                                                \
  void name##read(T *, cudaSurfaceObject_t, __VA_ARGS__, cudaSurfaceBoundaryMode = cudaBoundaryModeTrap);           \
  template <class T>                                                                                                \
  void name##write(T, cudaSurfaceObject_t, __VA_ARGS__, cudaSurfaceBoundaryMode = cudaBoundaryModeTrap);
XP_SURFACE(surf1D, int) XP_SURFACE(surf2D, int, int) XP_SURFACE(surf3D, int, int, int)
XP_SURFACE(surf2DLayered, int, int, int)
#undef XP_SURFACE
#undef XP_CALL
