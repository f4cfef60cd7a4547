# ruff: noqa: E501 - sources under test are kept on one line
"""Before/after pairs for what compiling ported public trees showed, each reduced to its least form."""

from __future__ import annotations

from tests.backends.hip.pairs import Pair

TREE_PAIRS = (
    # nvcc's dialect
    Pair(
        "spaced launch",
        "__global__ void k(int *p);\nvoid f(int *p) { k << < 1, (2 << 3) >> > (p); }",
        "k <<< 1, (2 << 3) >>> (p);",
    ),
    Pair(
        "nested templates are no launch",
        "template <class T> struct A {}; __device__ A<A<A<int> > > x; __device__ int y = 1 << (2);",
        "A<A<A<int> > > x;",
    ),
    Pair(
        "register",
        "__device__ float f(float a) { register float b = a; return b; }",
        "{ float b = a; return b; }",
    ),
    Pair(
        "register of assembly stays",
        '__device__ void f() { register int a asm("r1"); }',
        'register int a asm("r1");',
    ),
    Pair("joined literal", 'extern "C"__global__ void k() {}', 'extern "C" __global__ void k() {}'),
    Pair(
        "math.h comes with nvcc",
        "__global__ void k();\ntemplate <class T> bool f(T x) { return isfinite(x); }",
        "#include <math.h>",
    ),
    # overloads
    Pair(
        "mixed min",
        "__device__ int f(const int *x, int i, int n) { return x[min(n - 1, i + blockDim.x)]; }",
        "x[xpiler_hip::min(n - 1, i + blockDim.x)]",
        helpers=("minmax",),
    ),
    Pair(
        "mixed max of variables",
        "__device__ unsigned f(unsigned a, int b) { return max(a, b); }",
        "return xpiler_hip::max(a, b);",
        helpers=("minmax",),
    ),
    Pair(
        "equal operands keep min",
        "__device__ unsigned f(unsigned a, unsigned b) { return min(a, b) + min(1, 2); }",
        "return min(a, b) + min(1, 2);",
    ),
    Pair(
        "packed atomicAdd",
        "__device__ void f(__half2 *p, __half2 v) { atomicAdd(p, v); }",
        "xpiler_hip::atomic_add(p, v);",
        helpers=("atomic_add",),
    ),
    Pair(
        "plain atomicAdd beside halves",
        "__device__ void f(__half2 *p, int *n) { atomicAdd(n, 1); }",
        "{ atomicAdd(n, 1); }",
    ),
    Pair(
        "own overload of a cached load",
        "struct T { int a; };\n__device__ T __ldcs(const T *p) { return T{__ldcs(&p->a)}; }",
        "__device__ T __ldcs(const T *p) { return T{xpiler_hip::load(&p->a)}; }",
        helpers=("cached",),
    ),
    Pair(
        "event with flags",
        "void f(cudaEvent_t e) { cudaEventCreate(&e, cudaEventDisableTiming); cudaEventCreate(&e); }",
        "hipEventCreateWithFlags(&e, hipEventDisableTiming); hipEventCreate(&e);",
    ),
    Pair(
        "normcdf on the host",
        "__global__ void k();\ndouble f(double x) { return normcdf(x); }",
        "return xpiler_hip::normcdf(x);",
        helpers=("host_math",),
    ),
    # names
    Pair(
        "error that HIP lacks",
        "__global__ void k();\nint f(cudaError_t e) { switch (e) { case cudaErrorTextureFetchFailed: return 1; default: return 0; } }",
        "case ((hipError_t)23): return 1;",
        ("XP5109",),
    ),
    Pair(
        "dropped names",
        "void f(cudaArray_t a) { cudaProfilerStart(); cudaUnbindTexture(0); }",
        "hipProfilerStart(); hipUnbindTexture(0);",
    ),
    Pair(
        "map flags",
        "int f = cudaGraphicsMapFlagsWriteDiscard;",
        "hipGraphicsRegisterFlagsWriteDiscard",
    ),
    Pair("carveout", "int f = cudaSharedmemCarveoutMaxShared;", "int f = 100;"),
    Pair(
        "link options",
        "CUjit_option o = CU_JIT_INFO_LOG_BUFFER;",
        "hipJitOption o = hipJitOptionInfoLogBuffer;",
    ),
    Pair("variable called cuDevice", "void f(int cuDevice) { g(cuDevice); }", "g(cuDevice);"),
    Pair("trap", "__global__ void k() { __trap(); }", "__builtin_trap();"),
    Pair(
        "hipBLAS 2",
        "#include <cublas_v2.h>\ncublasDataType_t t = CUDA_R_32F;",
        "#ifndef HIPBLAS_V2\n#define HIPBLAS_V2\n#endif\n#include <hipblas/hipblas.h>\nhipDataType t = HIP_R_32F;",
    ),
    Pair(
        "launch from device code",
        "__global__ void k();\n__global__ void f() { k<<<1, 1>>>(); }",
        "k<<<1, 1>>>();",
        ("XP5403",),
    ),
    # one type for two
    Pair(
        "overloads of two error types",
        "const char *n(cudaError_t e) { return 0; }\nstatic const char *n(CUresult e) { return 0; }\nint z;",
        "#if 0  // the overload above, in HIP\nstatic const char *n(hipError_t e) { return 0; }\n#endif\nint z;",
        ("XP5110",),
    ),
    Pair(
        "elementwise operator",
        "inline __host__ __device__ float2 operator*(float2 a, float2 b) { return make_float2(a.x * b.x, a.y * b.y); }",
        "template <typename = void> inline __host__ __device__ float2 operator*(float2 a, float2 b)",
    ),
    Pair(
        "compound operator",
        "__device__ void operator+=(float2 &a, float2 b) { a.x += b.x; a.y += b.y; }",
        "template <typename = void> __device__ void operator+=(float2 &a, float2 b)",
    ),
    Pair(
        "operator of another meaning",
        "__device__ float2 operator*(float2 a, float2 b) { return make_float2(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x); }",
        "}\n__device__ float2 operator*"[2:],
    ),
    # libraries and the driver
    Pair(
        "driver errors",
        "int a = CUDA_ERROR_INVALID_VALUE, b = CUDA_ERROR_NOT_INITIALIZED, c = CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;",
        "int a = hipErrorInvalidValue, b = hipErrorNotInitialized, c = hipErrorLaunchOutOfResources;",
    ),
    Pair(
        "computation named by a data type",
        "void f() { cublasGemmEx(h, o, o, 1, 1, 1, &a, x, CUDA_R_16F, 1, y, CUDA_R_16F, 1, &b, z, CUDA_R_32F, 1, CUDA_R_32F, g); }",
        "z, HIP_R_32F, 1, HIPBLAS_COMPUTE_32F, g);",
    ),
    Pair(
        "surface that is read by value",
        "__global__ void k(cudaSurfaceObject_t s, float *y) {"
        " y[0] = 2 * surf2Dread<unsigned int>(s, 4, 5, cudaBoundaryModeZero) + surf1Dread<float>(s, f(4)); }",
        "y[0] = 2 * [&] { unsigned int xp_texel; surf2Dread(&xp_texel, s, 4, 5 ); return xp_texel; }() +"
        " [&] { float xp_texel; surf1Dread(&xp_texel, s, f(4)); return xp_texel; }(); }",
        ("XP5107",),
    ),
    Pair(
        "surface boundary",
        "__global__ void k(cudaSurfaceObject_t s) { surf2Dwrite(1.0f, s, 4, 5, cudaBoundaryModeTrap); }",
        "surf2Dwrite(1.0f, s, 4, 5 );",
        ("XP5107",),
    ),
    Pair(
        "calling convention",
        "void CUDART_CB f(cudaStream_t s, cudaError_t e, void *p) {}",
        "void f(hipStream_t s, hipError_t e, void *p) {}",
    ),
    Pair(
        "unsigned minimum",
        "__device__ unsigned f(unsigned a, unsigned b) { return umin(a, b); }",
        "return xpiler_hip::umin(a, b);",
        helpers=("minmax",),
    ),
    Pair(
        "atomic of all devices",
        "__global__ void k(unsigned *p) { atomicInc_system(p, 9u); }",
        "xpiler_hip::atomicInc_system(p, 9u);",
        helpers=("atomic_system",),
    ),
    Pair(
        "GL header needs the runtime",
        "#include <cuda_gl_interop.h>\ncudaGraphicsResource *r;",
        "#include <hip/hip_runtime.h>\n#include <hip/hip_gl_interop.h>",
    ),
    Pair(
        "profiler labels",
        'void f(cudaStream_t s) { nvtxNameCudaStreamA(s, "main"); }',
        'xpiler_hip::unnamed(s, "main");',
        ("XP5107",),
        ("nvtx",),
    ),
    Pair(
        "directed rounding is reported",
        "__device__ float f(float a) { return __fadd_rd(a, a); }",
        "__fadd_rd(a, a)",
        ("XP5101",),
    ),
    Pair(
        "tag of a type that is a typedef in HIP",
        "void f(struct cudaGraphicsResource **v);",
        "void f(hipGraphicsResource **v);",
    ),
    Pair(
        "bits of a texture object",
        "__device__ uint2 f(cudaTextureObject_t t) { return make_uint2(t & 0xFFFFFFFF, t >> 32); }",
        "make_uint2((unsigned long long)t & 0xFFFFFFFF, (unsigned long long)t >> 32)",
    ),
    Pair(
        "texture object of two words",
        "__device__ cudaTextureObject_t f(uint2 w) { return (cudaTextureObject_t)w.x | (cudaTextureObject_t)w.y << 32; }",
        "return (hipTextureObject_t)((unsigned long long)w.x | (unsigned long long)w.y << 32);",
    ),
    Pair(
        "texture object handed on",
        "void f(cudaTextureObject_t *a) { cudaTextureObject_t t = 0; cudaCreateTextureObject(&t, 0, 0, 0); a[0] = (cudaTextureObject_t)t; }",
        "a[0] = (hipTextureObject_t)t;",
    ),
    Pair(
        "place of memory",
        "void f(void *p) { cudaMemLocation l; l.type = cudaMemLocationTypeDevice; l.id = 0;\n"
        "cudaMemAdvise(p, 4, cudaMemAdviseSetReadMostly, l); }",
        "hipMemAdvise(p, 4, hipMemAdviseSetReadMostly, (l.type == hipMemLocationTypeDevice ? l.id : hipCpuDeviceId));",
        ("XP5111",),
    ),
    Pair(
        "prefetch to a place",
        "void f(void *p, cudaStream_t s) { cudaMemLocation l; l.type = cudaMemLocationTypeHost;\n"
        "cudaMemPrefetchAsync(p, 4, l, 0, s); }",
        "l.type = hipMemLocationTypeInvalid;\n"
        "hipMemPrefetchAsync(p, 4, (l.type == hipMemLocationTypeDevice ? l.id : hipCpuDeviceId), s);",
        ("XP5111",),
    ),
    Pair(
        "prefetch to a device",
        "void f(void *p, cudaStream_t s) { int l = 0; cudaMemPrefetchAsync(p, 4, l, s); }",
        "hipMemPrefetchAsync(p, 4, l, s);",
    ),
    Pair(
        "result of cuFFT that hipFFT lacks",
        "void f(int r) { switch (r) { case CUFFT_MISSING_DEPENDENCY: break; } }",
        "case ((hipfftResult)17): break;",
        ("XP5109",),
    ),
    Pair(
        "acquiring load",
        '__device__ unsigned f(unsigned char *p) { unsigned r; asm volatile("ld.acquire.sys.global.u8 %0, [%1];" : "=r"(r) : "l"(p) : "memory"); return r; }',
        "do { r = ((const volatile unsigned char *)(p))[0]; __threadfence_system(); } while (0);",
        ("XP5302",),
    ),
    Pair(
        "releasing store",
        '__device__ void f(int *p, int v) { asm volatile("st.release.gpu.global.s32 [%0], %1;" :: "l"(p), "r"(v) : "memory"); }',
        "do { __threadfence(); ((volatile int *)(p))[0] = v; } while (0);",
        ("XP5302",),
    ),
    Pair(
        "volatile load",
        '__device__ int f(int *p) { int v; asm volatile("ld.volatile.global.s32 %0, [%1];" : "=r"(v) : "l"(p)); return v; }',
        "v = ((const volatile int *)(p))[0];",
        ("XP5302",),
    ),
    Pair(
        "header of several GPUs",
        "#include <cublasXt.h>\nvoid f() { cudaFree(0); }",
        "#include <cublasXt.h>",
        ("XP5103",),
    ),
    Pair(
        "header that no table has",
        "#include <cudaSomethingNew.h>\nvoid f() { cudaFree(0); }",
        "#include <cudaSomethingNew.h>",
        ("XP5103",),
    ),
    # the driver API
    Pair(
        "device pointers are void *",
        "void f(CUdeviceptr p, int n) { CUdeviceptr q = p + 16, r[2] = {q, n + p}; r[0] += n; g(p % 256, q - p); r[1]++; }",
        "void f(hipDeviceptr_t p, int n) { hipDeviceptr_t q = (char *)p + 16, r[2] = {q, n + (char *)p}; "
        "r[0] = (char *)r[0] + n; g((size_t)p % 256, (char *)q - (char *)p); r[1]++; }",
    ),
    Pair(
        "what a device pointer is pointed at by",
        "void f(CUdeviceptr *p, CUdeviceptr q) { g(*p + 1, &q + 1); }\nvoid h(CUdeviceptr p) { g(p + 1); }",
        "{ g((char *)*p + 1, &q + 1); }",
    ),
    Pair(
        "sum of a cast",
        "void f(float *p) { CUdeviceptr q = (CUdeviceptr)p + 4, r = (CUdeviceptr)p; }",
        "{ hipDeviceptr_t q = (char *)p + 4, r = (hipDeviceptr_t)p; }",
    ),
    Pair(
        "attribute of a function",
        "void f(CUfunction k, CUfunction_attribute a) { cuFuncSetAttribute(k, a, 1);"
        " cuFuncSetAttribute(k, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 65536); }",
        "{ hipFuncSetAttribute(k, static_cast<hipFuncAttribute>(a), 1);"
        " hipFuncSetAttribute(k, hipFuncAttributeMaxDynamicSharedMemorySize, 65536); }",
    ),
    Pair(
        "structures of copies",
        "CUDA_MEMCPY2D a; CUDA_MEMCPY3D b; unsigned f = CU_CTX_SCHED_AUTO;",
        "hip_Memcpy2D a; HIP_MEMCPY3D b; unsigned f = hipDeviceScheduleAuto;",
    ),
    Pair(
        "graphs of CUDA 12",
        "void f(cudaGraphExec_t x, cudaGraph_t g) { cudaGraphInstantiate(&x, g, 0); cudaGraphInstantiate(&x, g, 0, 0, 0); }",
        "{ hipGraphInstantiateWithFlags(&x, g, 0); hipGraphInstantiate(&x, g, 0, 0, 0); }",
    ),
    Pair(
        "update of a graph in CUDA 12",
        "void f(cudaGraphExec_t x, cudaGraph_t g) { cudaGraphExecUpdate(x, g, 0); }",
        "hipGraphExecUpdate(x, g, 0);",
        ("XP5107",),
    ),
    # compilers and libraries
    Pair(
        "release of nvcc",
        "#ifdef __CUDACC_VER_MAJOR__\n#if __CUDACC_VER_MAJOR__ > 11\nint k;\n#endif\n#endif\ncudaError_t e;",
        "#ifdef __HIPCC__\n#if XPILER_CUDACC_VER_MAJOR > 11\n",
        ("XP5112",),
        helpers=("arch",),
    ),
    Pair(
        "thrust's system",
        "#include <thrust/system/cuda/execution_policy.h>\nvoid f() { thrust::sort(thrust::cuda::par.on(0), a, b); }\n"
        "#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA\n#endif",
        "#include <thrust/system/hip/execution_policy.h>\nvoid f() { thrust::sort(thrust::hip::par.on(0), a, b); }\n"
        "#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_HIP\n",
    ),
    Pair(
        "several headers that are one",
        "#include <cuda_runtime.h>\n#include <device_launch_parameters.h>\n#include <cuda.h> // twice\n#include <cub/cub.cuh>\n"
        "#include <cub/block/block_scan.cuh>\n#ifdef A\n#include <cuda.h>\n#endif\nint x;",
        "#include <hip/hip_runtime.h>\n#include <hip/hip_runtime.h> // twice\n#include <hipcub/hipcub.hpp>\n"
        "#ifdef A\n#include <hip/hip_runtime.h>\n#endif\nint x;",
    ),
    Pair(
        "a column of backslashes",
        "#define CHECK(x)          \\\n  if (cudaSuccess != (x)) \\\n    cudaDeviceReset();    \\\n  else                    \\\n    (void)0\n",
        "#define CHECK(x)          \\\n  if (hipSuccess != (x))  \\\n    hipDeviceReset();     \\\n  else                    \\\n    (void)0\n",
    ),
    Pair(
        "Philox draws the same",
        "#include <curand_kernel.h>\n__device__ void f(curandStatePhilox4_32_10_t *s) { curand_init(1, 2, 3, s); }",
        "__device__ void f(hiprandStatePhilox4_32_10_t *s) { hiprand_init(1, 2, 3, s); }",
    ),
    # strings
    Pair(
        "a library by name",
        'void *f() { return dlopen("libcuda.so.1", 1); } cudaError_t e;',
        '"libcuda.so.1"',
        ("XP5407",),
    ),
    Pair(
        "a function by name",
        'void *f(void *l) { puts("cuMemAlloc_v2"); return dlsym(l, "cuMemAlloc_v2"); } cudaError_t e;',
        'dlsym(l, "cuMemAlloc_v2")',
        ("XP5407",),
    ),
    Pair(
        "a kernel in a string",
        'const char *s = "extern \\"C\\" __global__ void k(int *p) {\\n"\n  "p[0] = __shfl_sync(-1, p[1], 0); }"; nvrtcResult r;',
        "__shfl_sync(-1, p[1], 0)",
        ("XP5407",),
    ),
    Pair(
        "a kernel in a string that is HIP too",
        'const char *s = R"(extern "C" __global__ void k(int *p) { p[threadIdx.x] = 1; })"; nvrtcResult r;',
        "__global__ void k(int *p)",
    ),
    Pair(
        "options of NVRTC",
        'void f(nvrtcProgram p) { const char *o[] = {"--gpu-architecture=sm_80", "-DN=1"}; nvrtcCompileProgram(p, 2, o); }',
        '"--gpu-architecture=sm_80"',
        ("XP5407",),
    ),
    Pair(
        "differences of bytes",
        "__device__ void f(unsigned a, unsigned b, unsigned c) {"
        ' asm("vabsdiff4.u32.u32.u32.add %0, %1, %2, %3;" : "=r"(c) : "r"(a), "r"(b), "r"(c)); }',
        "c = xpiler_hip::add_differences(a, b, c);",
        ("XP5302",),
        helpers=("sad",),
    ),
    Pair(
        "nanoseconds",
        '__device__ long long f() { long long t; asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(t)); return t; }',
        "t = wall_clock64() * 10;",
        ("XP5302",),
    ),
    Pair(
        "OpenGL's header after the runtime's",
        "#include <cuda_runtime.h>\n#include <cuda_gl_interop.h>\nint x;",
        "#include <hip/hip_runtime.h>\n#include <hip/hip_gl_interop.h>\nint x;",
    ),
)
