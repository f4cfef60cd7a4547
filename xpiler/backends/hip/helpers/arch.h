// needs:
#ifndef XPILER_CUDA_ARCH_DEFINED
#define XPILER_CUDA_ARCH_DEFINED
#if defined(__HIP_DEVICE_COMPILE__) && __HIP_DEVICE_COMPILE__ && !defined(XPILER_CUDA_ARCH)
#define XPILER_CUDA_ARCH 700  // what AMD GPUs have of CUDA's compute capabilities
#endif
#ifndef XPILER_CUDACC_VER_MAJOR
#define XPILER_CUDACC_VER_MAJOR 12  // the release of nvcc whose branches AMD's compiler takes
#define XPILER_CUDACC_VER_MINOR 4
#endif
#endif
