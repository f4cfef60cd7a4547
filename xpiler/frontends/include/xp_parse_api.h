// Host API that the CPU runtime has and that no kernel is judged by: enough that a file with it parses.
// tests/runtime/test_headers.py holds this set and the runtime's (xpiler/runtime/include) together.
#pragma once
#define XP_CALL(name) template <class... A> cudaError_t name(A &&...);

// errors, attributes, flags: their values are told to nobody here, names suffice
enum cudaChannelFormatKind {
  cudaChannelFormatKindSigned, cudaChannelFormatKindUnsigned, cudaChannelFormatKindFloat, cudaChannelFormatKindNone
};
enum cudaTextureAddressMode {
  cudaAddressModeWrap, cudaAddressModeClamp, cudaAddressModeMirror, cudaAddressModeBorder
};
enum cudaTextureFilterMode { cudaFilterModePoint, cudaFilterModeLinear };
enum cudaResourceType {
  cudaResourceTypeArray, cudaResourceTypeMipmappedArray, cudaResourceTypeLinear, cudaResourceTypePitch2D
};
enum {
  cudaArrayDefault = 0, cudaArrayLayered = 1, cudaArraySurfaceLoadStore = 2, cudaArrayCubemap = 4,
  cudaArrayTextureGather = 8
};
enum cudaSharedMemConfig {
  cudaSharedMemBankSizeDefault, cudaSharedMemBankSizeFourByte, cudaSharedMemBankSizeEightByte
};
enum cudaLimit { cudaLimitStackSize, cudaLimitPrintfFifoSize, cudaLimitMallocHeapSize };
enum cudaComputeMode {
  cudaComputeModeDefault, cudaComputeModeExclusive, cudaComputeModeProhibited, cudaComputeModeExclusiveProcess
};
enum cudaMemoryType {
  cudaMemoryTypeUnregistered, cudaMemoryTypeHost, cudaMemoryTypeDevice, cudaMemoryTypeManaged
};
enum cudaMemoryAdvise {
  cudaMemAdviseSetReadMostly = 1, cudaMemAdviseUnsetReadMostly, cudaMemAdviseSetPreferredLocation,
  cudaMemAdviseUnsetPreferredLocation, cudaMemAdviseSetAccessedBy, cudaMemAdviseUnsetAccessedBy
};
enum {
  cudaMemAttachHost = 2, cudaHostAllocWriteCombined = 4, cudaHostRegisterDefault = 0, cudaHostRegisterPortable = 1,
  cudaHostRegisterMapped = 2, cudaDeviceScheduleAuto = 0, cudaDeviceScheduleSpin = 1, cudaDeviceScheduleYield = 2,
  cudaDeviceScheduleBlockingSync = 4, cudaDeviceBlockingSync = 4, cudaDeviceMapHost = 8, cudaInvalidDeviceId = -2,
  cudaOccupancyDefault = 0
};
enum cudaStreamCaptureMode {
  cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeRelaxed
};
enum cudaStreamCaptureStatus {
  cudaStreamCaptureStatusNone, cudaStreamCaptureStatusActive, cudaStreamCaptureStatusInvalidated
};
enum cudaGraphExecUpdateResult { cudaGraphExecUpdateSuccess, cudaGraphExecUpdateError };
#define cudaStreamLegacy ((cudaStream_t)0x1)
#define cudaStreamPerThread ((cudaStream_t)0x2)

struct cudaChannelFormatDesc { int x, y, z, w; cudaChannelFormatKind f; };
struct cudaExtent { size_t width, height, depth; };
struct cudaPos { size_t x, y, z; };
struct cudaPitchedPtr { void *ptr; size_t pitch, xsize, ysize; };
typedef struct cudaArray *cudaArray_t;
typedef const struct cudaArray *cudaArray_const_t;
typedef struct cudaMipmappedArray *cudaMipmappedArray_t;
typedef struct CUgraph_st *cudaGraph_t;
typedef struct CUgraphNode_st *cudaGraphNode_t;
typedef struct CUgraphExec_st *cudaGraphExec_t;
typedef void (*cudaHostFn_t)(void *);
typedef void (*cudaStreamCallback_t)(cudaStream_t, cudaError_t, void *);
struct cudaResourceViewDesc;
struct cudaResourceDesc {
  cudaResourceType resType;
  union {
    struct { cudaArray_t array; } array;
    struct { cudaMipmappedArray_t mipmap; } mipmap;
    struct { void *devPtr; cudaChannelFormatDesc desc; size_t sizeInBytes; } linear;
    struct { void *devPtr; cudaChannelFormatDesc desc; size_t width, height, pitchInBytes; } pitch2D;
  } res;
};
struct cudaTextureDesc {
  cudaTextureAddressMode addressMode[3];
  cudaTextureFilterMode filterMode;
  cudaTextureReadMode readMode;
  int sRGB;
  float borderColor[4];
  int normalizedCoords;
  unsigned maxAnisotropy;
  cudaTextureFilterMode mipmapFilterMode;
  float mipmapLevelBias, minMipmapLevelClamp, maxMipmapLevelClamp;
};
struct cudaMemcpy3DParms {
  cudaArray_t srcArray;
  cudaPos srcPos;
  cudaPitchedPtr srcPtr;
  cudaArray_t dstArray;
  cudaPos dstPos;
  cudaPitchedPtr dstPtr;
  cudaExtent extent;
  cudaMemcpyKind kind;
};
struct cudaPointerAttributes { cudaMemoryType type; int device; void *devicePointer, *hostPointer; };
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes;
  cudaStream_t stream;
  struct cudaLaunchAttribute *attrs;
  unsigned numAttrs;
};
struct cudaKernelNodeParams {
  void *func;
  dim3 gridDim, blockDim;
  unsigned sharedMemBytes;
  void **kernelParams, **extra;
};
struct cudaMemsetParams { void *dst; size_t pitch; unsigned value, elementSize; size_t width, height; };
struct cudaHostNodeParams { cudaHostFn_t fn; void *userData; };
struct cudaGraphExecUpdateResultInfo { cudaGraphExecUpdateResult result; cudaGraphNode_t errorNode, errorFromNode; };

template <class T> cudaChannelFormatDesc cudaCreateChannelDesc();
cudaChannelFormatDesc cudaCreateChannelDesc(int, int, int, int, cudaChannelFormatKind);
cudaChannelFormatDesc cudaCreateChannelDescHalf();
cudaExtent make_cudaExtent(size_t, size_t, size_t);
cudaPos make_cudaPos(size_t, size_t, size_t);
cudaPitchedPtr make_cudaPitchedPtr(void *, size_t, size_t, size_t);
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
template <class T> T surf1Dread(cudaSurfaceObject_t, int, cudaSurfaceBoundaryMode = cudaBoundaryModeTrap);
template <class T> T surf3Dread(cudaSurfaceObject_t, int, int, int, cudaSurfaceBoundaryMode = cudaBoundaryModeTrap);
template <class T> void surf1Dwrite(T, cudaSurfaceObject_t, int, cudaSurfaceBoundaryMode = cudaBoundaryModeTrap);
template <class T> T tex1DLayered(cudaTextureObject_t, float, int);
#undef XP_CALL
