# ruff: noqa: E501 - sources under test are kept on one line
"""Before/after pairs of the HIP rewriting, with the diagnostics that each must give."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """`after` must be in the result; `codes` are all diagnostics; `helpers` all helper pieces."""

    name: str
    before: str
    after: str
    codes: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()


PAIRS = (
    # names
    Pair(
        "runtime",
        "int f(void **p) { return cudaMalloc(p, 4) == cudaSuccess; }",
        "hipMalloc(p, 4) == hipSuccess",
    ),
    Pair(
        "types",
        "cudaStream_t s; cudaDeviceProp p; cudaEvent_t e;",
        "hipStream_t s; hipDeviceProp_t p; hipEvent_t e;",
    ),
    Pair("errors", "int e = cudaErrorMemoryAllocation;", "hipErrorMemoryAllocation"),
    Pair(
        "pinned",
        "void f(void **p) { cudaHostAlloc(p, 4, cudaHostAllocMapped); cudaFreeHost(*p); }",
        "hipHostMalloc(p, 4, hipHostMallocMapped); hipHostFree(*p);",
    ),
    Pair(
        "driver",
        "CUdeviceptr d; void f() { cuMemAlloc(&d, 4); cuMemcpyHtoD(d, 0, 4); }",
        "hipDeviceptr_t d; void f() { hipMalloc(&d, 4); hipMemcpyHtoD(d, 0, 4); }",
    ),
    Pair(
        "driver enum",
        "int a = CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK;",
        "hipDeviceAttributeMaxThreadsPerBlock",
    ),
    Pair(
        "attributes",
        "int a = cudaDevAttrMultiProcessorCount;",
        "hipDeviceAttributeMultiprocessorCount",
    ),
    Pair(
        "blas",
        "#include <cublas_v2.h>\ncublasHandle_t h; void f() { cublasSgemm_v2(h); }",
        "#include <hipblas/hipblas.h>\nhipblasHandle_t h; void f() { hipblasSgemm(h); }",
    ),
    Pair(
        "blaslt",
        "#include <cublasLt.h>\ncublasLtHandle_t h; int c = CUBLAS_COMPUTE_32F;",
        "#include <hipblaslt/hipblaslt.h>\nhipblasLtHandle_t h; int c = HIPBLAS_COMPUTE_32F;",
    ),
    Pair(
        "fft",
        "#include <cufft.h>\ncufftHandle h; void f() { cufftExecC2C(h, 0, 0, CUFFT_FORWARD); }",
        "#include <hipfft/hipfft.h>\nhipfftHandle h; void f() { hipfftExecC2C(h, 0, 0, HIPFFT_FORWARD); }",
    ),
    Pair(
        "rand device",
        "#include <curand_kernel.h>\n__device__ void f(curandState *s) { curand_init(1, 2, 3, s); }",
        "#include <hiprand/hiprand_kernel.h>",
        ("XP5113",),
    ),
    Pair(
        "sparse",
        "#include <cusparse.h>\ncusparseHandle_t h; int i = CUSPARSE_INDEX_BASE_ZERO;",
        "hipsparseHandle_t h; int i = HIPSPARSE_INDEX_BASE_ZERO;",
    ),
    Pair(
        "solver",
        "#include <cusolverDn.h>\ncusolverDnHandle_t h;",
        "#include <hipsolver/hipsolver.h>\nhipsolverDnHandle_t h;",
    ),
    Pair("nccl", "#include <nccl.h>\nncclComm_t c;", "#include <rccl/rccl.h>\nncclComm_t c;"),
    Pair(
        "cub",
        "#include <cub/cub.cuh>\nusing R = cub::BlockReduce<int, 64>;",
        "#include <hipcub/hipcub.hpp>\nusing R = hipcub::BlockReduce<int, 64>;",
    ),
    Pair(
        "thrust",
        "#include <thrust/sort.h>\nvoid f() { cudaDeviceSynchronize(); thrust::sort(0, 0); }",
        "thrust::sort(0, 0);",
    ),
    Pair(
        "nvtx",
        '#include <nvToolsExt.h>\nvoid f() { nvtxRangePushA("cudaMalloc"); nvtxRangePop(); }',
        'roctxRangePushA("cudaMalloc"); roctxRangePop();',
    ),
    Pair(
        "complex",
        "#include <cuComplex.h>\ncuComplex c = make_cuComplex(1, 2);",
        "#include <hip/hip_complex.h>\nhipComplex c = make_hipComplex(1, 2);",
    ),
    Pair(
        "bfloat16",
        "#include <cuda_bf16.h>\n__nv_bfloat16 b = __float2bfloat16_rn(1);",
        "__hip_bfloat16 b = __float2bfloat16(1);",
    ),
    Pair(
        "graphs",
        "cudaGraph_t g; void f() { cudaGraphLaunch(0, 0); }",
        "hipGraph_t g; void f() { hipGraphLaunch(0, 0); }",
    ),
    Pair(
        "texture object",
        "cudaTextureObject_t t; int m = cudaReadModeElementType;",
        "hipTextureObject_t t; int m = hipReadModeElementType;",
    ),
    Pair(
        "texture reference",
        "texture<float, 1, cudaReadModeElementType> t;",
        "texture<float, 1, hipReadModeElementType> t;",
        ("XP5402",),
    ),
    Pair(
        "rtc",
        "#include <nvrtc.h>\nnvrtcProgram p; int s = NVRTC_SUCCESS;",
        "#include <hip/hiprtc.h>\nhiprtcProgram p; int s = HIPRTC_SUCCESS;",
    ),
    Pair(
        "managed",
        "void f(int **p) { cudaMallocManaged(p, 4); }",
        "hipMallocManaged(p, 4);",
        ("XP5404",),
    ),
    Pair("compiler macro", "#ifdef __CUDACC__\nint a;\n#endif", "#ifdef __HIPCC__"),
    Pair(
        "version",
        "#if CUDART_VERSION >= 11000\nint a;\n#endif",
        "#if HIP_VERSION >= 11000",
        ("XP5105",),
    ),
    # what must stay
    Pair("comment", "cudaError_t e; // cudaMalloc", "hipError_t e; // cudaMalloc"),
    Pair(
        "string",
        'cudaError_t e; const char *s = "cudaMalloc";',
        'hipError_t e; const char *s = "cudaMalloc";',
    ),
    Pair("raw string", 'cudaError_t e; auto s = R"x(cudaFree)x";', 'auto s = R"x(cudaFree)x";'),
    Pair(
        "member",
        "cudaError_t e; int f(T t) { return t.cudaMalloc + t->cudaFree; }",
        "t.cudaMalloc + t->cudaFree",
    ),
    Pair(
        "user namespace",
        "cudaError_t e; int f() { return mine::cudaMalloc(1); }",
        "mine::cudaMalloc(1)",
    ),
    Pair(
        "user function",
        "static int cudaFree(int a) { return a; }\nint b = cudaFree(1); cudaError_t e;",
        "static int cudaFree(int a) { return a; }\nint b = cudaFree(1); hipError_t e;",
    ),
    Pair(
        "user struct",
        "struct cudaArray { int a; };\ncudaArray x; cudaError_t e;",
        "struct cudaArray { int a; };\ncudaArray x; hipError_t e;",
    ),
    Pair(
        "prefix",
        "int cudaMallocCount; cudaError_t e; int cudafied;",
        "int cudaMallocCount; hipError_t e; int cudafied;",
    ),
    Pair(
        "macro body",
        "#define CHECK(x) do { cudaError_t e = (x); } while (0)",
        "do { hipError_t e = (x); } while (0)",
    ),
    Pair(
        "launch in macro",
        "#define GO(k, n) k<<<(n), 32>>>(); cudaGetLastError()",
        "k<<<(n), 32>>>(); hipGetLastError()",
    ),
    Pair("pasted", "#define CALL(f) cuda##f", "#define CALL(f) hip##f", ("XP5108",)),
    Pair(
        "pasted, with uses",
        "#define CALL(f, x) cublasS##f(x)\nvoid f() { CALL(gemm, 1); }",
        "#define CALL(f, x) hipblasS##f(x)",
        ("XP5108",),
    ),
    Pair(
        "pasted, to a name that HIP has otherwise",
        "#define CALL(f, x) cuda##f(x)\nvoid f() { CALL(MallocHost, 1); }",
        "#define CALL(f, x) cuda##f(x)",
        ("XP5108",),
    ),
    Pair("pasted, no CUDA", "#define CUT(f) cut##f\ncudaError_t e;", "#define CUT(f) cut##f"),
    # left and reported
    Pair(
        "no counterpart",
        "void f() { cudaLibraryUnload(0); cudaFree(0); }",
        "cudaLibraryUnload(0); hipFree(0);",
        ("XP5101",),
    ),
    Pair(
        "variables of the user's with CUDA's prefix",
        "void f(float *cudaInput, int &cudaCountOf) { dim3 cudaGridOf(1); dim3 cudaBlockOf{2}; std::vector<int> cudaAll(3);"
        " g(cudaGridOf, cudaInput, cudaCountOf, cudaAll); cudaFree(cudaInput); }",
        "g(cudaGridOf, cudaInput, cudaCountOf, cudaAll); hipFree(cudaInput);",
    ),
    Pair(
        "not in table",
        "void f() { cudaFrobnicateNow(0); cudaFree(0); }",
        "cudaFrobnicateNow(0); hipFree(0);",
        ("XP5102",),
    ),
    Pair(
        "header gone",
        "#include <cutlass/gemm.h>\ncudaError_t e;",
        "#include <cutlass/gemm.h>",
        ("XP5103",),
    ),
    Pair(
        "libcu++",
        "#include <cuda_runtime.h>\ncuda::atomic<int> a;",
        "cuda::atomic<int> a;",
        ("XP5307",),
    ),
    Pair(
        "module", 'void f() { cuModuleLoad(0, "k.ptx"); }', 'hipModuleLoad(0, "k.ptx")', ("XP5405",)
    ),
    # warps
    Pair(
        "shuffle",
        "__device__ int f(int v) { return __shfl_down_sync(0xffffffff, v, 4); }",
        "__shfl_down(v, 4, 32)",
    ),
    Pair(
        "shuffle width",
        "__device__ int f(int v) { return __shfl_xor_sync(~0u, v, 4, 8); }",
        "__shfl_xor(v, 4, 8)",
    ),
    Pair(
        "nested shuffle",
        "__device__ int f(int v) { return __shfl_sync(~0u, __shfl_up_sync(~0u, v, 1), 0); }",
        "__shfl(__shfl_up(v, 1, 32), 0, 32)",
    ),
    Pair(
        "half shuffle",
        "__device__ half f(half v) { return __shfl_down_sync(~0u, v, 4); }",
        "xpiler_hip::shfl_down(v, 4, 32)",
        (),
        ("shfl",),
    ),
    Pair(
        "partial mask",
        "__device__ int f(int v) { return __shfl_sync(0xffff, v, 0); }",
        "__shfl(v, 0, 32)",
        ("XP5203",),
    ),
    Pair(
        "mask call",
        "__device__ int f(int v) { return __shfl_sync(next(), v, 0); }",
        "__shfl(v, 0, 32)",
        ("XP5204",),
    ),
    Pair(
        "legacy shuffle",
        "__device__ int f(int v) { return __shfl_down(v, 4); }",
        "__shfl_down(v, 4, 32)",
        ("XP5209",),
    ),
    Pair(
        "ballot",
        "__device__ int f(int p) { return __popc(__ballot_sync(0xffffffff, p)); }",
        "__popc(xpiler_hip::ballot(0xffffffff, p))",
        (),
        ("ballot",),
    ),
    Pair(
        "legacy ballot",
        "__device__ int f(int p) { return __popc(__ballot(p)); }",
        "__popc(xpiler_hip::ballot(0xffffffffu, p))",
        ("XP5209",),
        ("ballot",),
    ),
    Pair(
        "any all",
        "__device__ int f(int p) { return __any_sync(~0u, p) + __all_sync(~0u, p); }",
        "xpiler_hip::any(~0u, p) + xpiler_hip::all(~0u, p)",
        (),
        ("all", "any"),
    ),
    Pair(
        "active",
        "__device__ unsigned f() { return __activemask(); }",
        "xpiler_hip::activemask()",
        (),
        ("activemask",),
    ),
    Pair(
        "match",
        "__device__ unsigned f(int v) { return __match_any_sync(~0u, v); }",
        "xpiler_hip::match_any(~0u, v)",
        (),
        ("match",),
    ),
    Pair(
        "reduce",
        "__device__ int f(int v) { return __reduce_add_sync(~0u, v); }",
        "xpiler_hip::reduce_add(~0u, v)",
        (),
        ("reduce",),
    ),
    Pair(
        "syncwarp",
        "__device__ void f() { __syncwarp(); }",
        "xpiler_hip::syncwarp()",
        (),
        ("syncwarp",),
    ),
    Pair(
        "warpSize",
        "__device__ int f() { return threadIdx.x % warpSize; }",
        "threadIdx.x % 32",
        ("XP5201",),
    ),
    Pair(
        "device warpSize",
        "int f(cudaDeviceProp p) { return p.warpSize; }",
        "return p.warpSize",
        ("XP5202",),
    ),
    Pair(
        "own warpSize",
        "const int warpSize = 32; __device__ int f() { return warpSize; }",
        "return warpSize;",
    ),
    Pair(
        "launch bounds",
        "__global__ void __launch_bounds__(512, 2) k() {}",
        "__launch_bounds__(512, 4)",
        ("XP5208",),
    ),
    Pair(
        "spin lock",
        "__device__ void f(int *l) { while (atomicCAS(l, 0, 1) != 0); }",
        "while (atomicCAS(l, 0, 1) != 0);",
        ("XP5206",),
    ),
    Pair(
        "coalesced",
        "#include <cooperative_groups.h>\nnamespace cg = cooperative_groups;\n__device__ void f() { auto g = cg::coalesced_threads(); }",
        "auto g = cg::coalesced_threads();",
        ("XP5207",),
    ),
    Pair(
        "cg reduce",
        "#include <cooperative_groups.h>\n#include <cooperative_groups/reduce.h>\nnamespace cg = cooperative_groups;\n"
        "template <class T> __device__ float f(T t, float v) { return cg::reduce(t, v, cg::plus<float>()); }",
        "xpiler_hip::reduce(t, v, xpiler_hip::plus<float>())",
        (),
        ("cg_reduce",),
    ),
    Pair(
        "cg exclusive scan",
        "#include <cooperative_groups.h>\n#include <cooperative_groups/scan.h>\nnamespace cg = cooperative_groups;\n"
        "__device__ int f(int v) { auto t = cg::tiled_partition<32>(cg::this_thread_block());"
        " return cg::exclusive_scan(t, v, cg::plus<int>()) + cg::exclusive_scan(t, v); }",
        "xpiler_hip::exclusive_scan(t, v, xpiler_hip::plus<int>()) + xpiler_hip::exclusive_scan(t, v)",
        (),
        ("cg_reduce", "cg_scan"),
    ),
    Pair(
        "cg ballot",
        "namespace cg = cooperative_groups;\n__device__ int f() { auto t = cg::tiled_partition<32>(cg::this_thread_block());"
        " return t.ballot(1) + t.meta_group_rank(); }",
        "xpiler_hip::tile_ballot(t, 1) + xpiler_hip::tile_rank_in_block(t)",
        (),
        ("cg_tile",),
    ),
    # device functions and tensor cores
    Pair(
        "dp4a",
        "__device__ int f(int a, int b) { return __dp4a(a, b, 0); }",
        "xpiler_hip::dp4a(a, b, 0)",
        (),
        ("dp4a",),
    ),
    Pair(
        "wmma",
        "using namespace nvcuda;\n__global__ void k() { wmma::fragment<wmma::accumulator, 16, 16, 16, float> c; }",
        "using namespace xpiler_hip;",
        ("XP5303",),
        ("wmma",),
    ),
    Pair(
        "arch asked",
        "__device__ int f() {\n#ifdef __CUDA_ARCH__\n return 1;\n#endif\n}",
        "#ifdef __HIP_DEVICE_COMPILE__",
    ),
    Pair(
        "arch compared",
        "__device__ int f() {\n#if __CUDA_ARCH__ >= 600\n return 1;\n#endif\n}",
        "#if XPILER_CUDA_ARCH >= 600",
        ("XP5106",),
        ("arch",),
    ),
    Pair(
        "function pointer",
        "__global__ void k();\nvoid f() { cudaFuncSetAttribute(k, cudaFuncAttributeMaxDynamicSharedMemorySize, 9); }",
        "hipFuncSetAttribute(reinterpret_cast<const void *>(k), hipFuncAttributeMaxDynamicSharedMemorySize, 9)",
        ("XP5401",),
    ),
    # inline PTX
    Pair(
        "laneid",
        '__device__ int f() { int r; asm("mov.u32 %0, %%laneid;" : "=r"(r)); return r; }',
        "r = xpiler_hip::lane_id();",
        ("XP5302",),
        ("lane",),
    ),
    Pair(
        "lop3",
        '__device__ int f(int a) { int r; asm volatile("lop3.b32 %0, %1, %2, %3, 0x96;" : "=r"(r) : "r"(a), "r"(a), "r"(a)); return r; }',
        "r = xpiler_hip::lop3(a, a, a, 0x96);",
        ("XP5302",),
        ("lop3",),
    ),
    Pair(
        "vector load",
        '__device__ void f(float4 *p, float4 &v) { asm("ld.global.cs.v2.f32 {%0, %1}, [%2];" : "=f"(v.x), "=f"(v.y) : "l"(p)); }',
        "do { v.x = ((const float *)(p))[0]; v.y = ((const float *)(p))[1]; } while (0);",
        ("XP5302",),
    ),
    Pair(
        "store",
        '__device__ void f(int *p) { asm volatile("st.global.cg.s32 [%0], %1;" :: "l"(p), "r"(7)); }',
        "((int *)(p))[0] = 7;",
        ("XP5302",),
    ),
    Pair(
        "cp.async",
        '__device__ void f(unsigned s, int *p) { asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" :: "r"(s), "l"(p), "n"(16)); }',
        "xpiler_hip::copy_async(xpiler_hip::shared_pointer(s), (const void *)(p), 16);",
        ("XP5302", "XP5305"),
        ("cvta", "memcpy_async"),
    ),
    Pair(
        "membar",
        '__device__ void f() { asm volatile("membar.gl;" ::: "memory"); }',
        "__threadfence();",
        ("XP5302",),
    ),
    Pair(
        "compiler barrier",
        '__device__ void f() { asm volatile("" ::: "memory"); }',
        'asm volatile("" ::: "memory");',
    ),
    Pair(
        "host asm", 'cudaError_t e; void f() { asm volatile("rdtsc"); }', 'asm volatile("rdtsc");'
    ),
    Pair(
        "unknown ptx",
        '__device__ void f(int a) { asm volatile("bfind.u32 %0, %1;" : "=r"(a) : "r"(a)); }',
        'asm volatile("bfind.u32 %0, %1;" : "=r"(a) : "r"(a));',
        ("XP5301",),
    ),
    Pair(
        "mma.sync",
        '__device__ void f(int a) { asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0}, {%0}, {%0}, {%0};" : "+r"(a)); }',
        "mma.sync",
        ("XP5304",),
    ),
)
