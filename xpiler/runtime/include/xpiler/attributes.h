// CUDA's specifiers as what they mean for a CPU program.
#ifndef XPILER_ATTRIBUTES_H
#define XPILER_ATTRIBUTES_H

#define __host__
#define __device__
#define __global__
// `frontends/prepare.py` gives block-shared variables storage that belongs to the block; what it cannot
// tell apart (an inline struct) stays a static, which is shared by the threads of one block at a time.
#define __shared__ static
#define __constant__
#define __managed__
#define __grid_constant__
#define __launch_bounds__(...)
#define __cluster_dims__(...)
#define __maxnreg__(...)
#ifndef __forceinline__
#define __forceinline__ inline __attribute__((always_inline))
#endif
// libstdc++ writes __attribute__((__noinline__)), so that word cannot become an attribute itself; as a
// macro that expands to itself it can't be a specifier either. `prepare.py` replaces it in the source.
#define __align__(n) __attribute__((aligned(n)))
#define __builtin_align__(n) __attribute__((aligned(n)))
#ifndef __restrict__
#define __restrict__ __restrict
#endif
#define __nv_pure__
#define CUDARTAPI
#define CUDART_CB
#ifndef __HIPCC__
#define __CUDACC__ 1
#define __CUDA_ARCH__ 800
#define __CUDACC_VER_MAJOR__ 12
#define __CUDACC_VER_MINOR__ 4
#define __CUDACC_RELAXED_CONSTEXPR__ 1
#define __CUDACC_EXTENDED_LAMBDA__ 1
#define CUDART_VERSION 12040
#define CUDA_VERSION 12040
#define __DRIVER_TYPES_H__  // what helper headers ask for to see whether the CUDA headers are there
#define __CUDA_RUNTIME_H__
#define __CUDA_RUNTIME_API_H__
#define __CUDA_FP16_H__
#define __CUDA_BF16_H__
#endif

#endif
