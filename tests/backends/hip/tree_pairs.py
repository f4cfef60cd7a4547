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
)
