"""The two sets of stand-in headers know the same names: libclang's (light) and the runtime's (what g++ runs)."""

from __future__ import annotations

import re
from pathlib import Path

import clang.cindex as clang
import pytest

ROOT = Path(__file__).resolve().parents[2] / "xpiler"
PARSER = ROOT / "frontends" / "include"
RUNTIME = ROOT / "runtime" / "include"
INCLUDES = "".join(
    f"#include <{path.relative_to(PARSER)}>\n"
    for path in sorted(PARSER.rglob("*.h"))
    if not path.name.startswith("xp_")
)
DECLARED = frozenset(
    "FUNCTION_DECL FUNCTION_TEMPLATE STRUCT_DECL CLASS_DECL CLASS_TEMPLATE ENUM_DECL TYPEDEF_DECL TYPE_ALIAS_DECL "
    "TYPE_ALIAS_TEMPLATE_DECL VAR_DECL UNION_DECL MACRO_DEFINITION ENUM_CONSTANT_DECL".split()
)
SCOPES = frozenset({"NAMESPACE", "LINKAGE_SPEC", "UNEXPOSED_DECL", "ENUM_DECL"})
OWN = re.compile(
    r"(?:.*::)?(?:xp_|XP_|XPILER|__XPILER|xpiler|operator|detail|\(unnamed)|.*::detail::"
)

# Known to the parser alone, and why.
C_LIBRARY = """
    abort atof atoi calloc exit getenv memcmp memmove rand realloc srand strcmp strlen
    DBL_MAX FLT_EPSILON FLT_MAX FLT_MIN HUGE_VAL HUGE_VALF INFINITY INT_MAX INT_MIN NAN UINT_MAX M_1_PI M_2_PI
    M_2_SQRTPI M_E M_LN10 M_LN2 M_LOG10E M_LOG2E M_PI M_PI_2 M_PI_4 M_SQRT1_2 M_SQRT2 __assert_fail abs acos acosf acosh
    acoshf asin asinf asinh asinhf assert atan atan2 atan2f atanf atanh atanhf cbrt cbrtf ceil ceilf clock clock_t
    copysign copysignf cos cosf cosh coshf erf erfc erfcf erff exp exp10f exp2 exp2f expf expm1 expm1f fabs fabsf fdim
    fdimf floor floorf fma fmaf fmax fmaxf fmin fminf fmod fmodf free frexp frexpf hypot hypotf int16_t int32_t int64_t
    int8_t isfinite isinf isnan j0 j0f j1 j1f labs ldexp ldexpf lgamma lgammaf llabs llrintf llroundf log log10 log10f
    log1p log1pf log2 log2f logb logbf logf lrint lrintf lround lroundf malloc memcpy memset modf modff nan nanf
    nearbyint nearbyintf nextafter nextafterf pow powf printf remainder remainderf rint rintf round roundf signbit sin
    sincos sincosf sinf sinh sinhf size_t sqrt sqrtf tan tanf tanh tanhf tgamma tgammaf trunc truncf uint16_t uint32_t
    uint64_t uint8_t y0 y0f y1 y1f
"""  # g++ has them from the system's own headers
REMOVED_FROM_CUDA = """
    cudaConfigureCall __cudaPushCallConfiguration CUtexObject CUsurfObject
"""  # the launch API before CUDA 12: parsed for its diagnostics
NOT_RUN = "tex2DGrad texCubemap"  # refused by the lifter, not modelled by the runtime
COMPILER = "__NVCC__ __noinline__"  # g++ is not nvcc; `prepare.py` replaces the word

# Known to the runtime alone, and why.
NOT_LIFTED = """
    __bfloat162int_rz __cvta_generic_to_shared __dadd_rd __dadd_ru __dadd_rz __ddiv_rd __ddiv_ru __ddiv_rz __dmul_rd
    __dmul_ru __dmul_rz __double2ull_rd __double2ull_rn __double2ull_ru __double2ull_rz __drcp_rd __drcp_ru __drcp_rz
    __dsqrt_rd __dsqrt_ru __dsqrt_rz __dsub_rd __dsub_ru __dsub_rz __fdiv_rd __fdiv_ru __fdiv_rz __float2bfloat16_rz
    __float2half_rd __float2half_ru __fma_rd __fma_ru __fma_rz __fmaf_rd __fmaf_ru __fmaf_rz __fmul_rd __fmul_ru
    __fsub_rd __fsub_ru __fsub_rz __hadd2_rn __hadd_sat __half2int_ru __half2ll_rd
    __half2ll_rn __half2ll_ru __half2ll_rz __half2short_rd __half2short_ru __half2short_rz __half2uint_rd
    __half2uint_ru __half2ull_rd __half2ull_rn __half2ull_ru __half2ull_rz __half2ushort_rd __half2ushort_rn
    __half2ushort_ru __half2ushort_rz __half_raw __hbeq2 __hbge2 __hbgt2 __hble2 __hblt2 __hbne2 __heq2 __hequ
    __hfma_sat __hge2 __hgeu __hgt2 __hgtu __high2half2 __highs2half2 __hle2 __hleu __hlt2 __hltu __hmax_nan
    __hmin_nan __hmul2_rn __hmul_sat __hne2 __hneu __hsub2_rn __int2half_rz __isShared __lane_id __ll2half_rn
    __ll2half_rz __low2half2 __lows2half2 __prof_trigger __short2half_rz __uint2half_rz __ull2double_rn
    __ull2half_rn __ull2half_rz __ushort2half_rz __vabsdiffu4 __vadd4 __vaddss4 __vcmpeq4 __vmaxs4 __vmaxu4 __vmins4
    __vminu4 __vsub4 __vsubss4 atomicDec_block atomicInc_block h2ceil h2cos h2exp10 h2exp2 h2floor h2log10 h2log2
    h2rint h2sin h2trunc llmax llmin norm3d rhypot sincospi sincospif ullmax ullmin
    cooperative_groups::block_tile_memory
"""  # a declaration would only turn the parser's message into the lifter's refusal
OTHER_DIALECT = "hipLaunchKernelGGL unsafeAtomicAdd"  # HIP text is run, never lifted
GPP_ONLY = """
    __CUDACC_EXTENDED_LAMBDA__ __CUDACC_RELAXED_CONSTEXPR__
    __maxnreg__ __nv_pure__ cooperative_groups::lanes_group
"""  # what stands in for nvcc's own headers and attributes

PARSER_ONLY = frozenset(f"{C_LIBRARY} {REMOVED_FROM_CUDA} {NOT_RUN} {COMPILER}".split())
RUNTIME_ONLY = frozenset(f"{NOT_LIFTED} {OTHER_DIALECT} {GPP_ONLY}".split())


def names(folder: Path, text: str, flags: list[str]) -> frozenset[str]:
    """The names that the headers of a folder declare, qualified, without what is ours."""
    options = (
        clang.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD
        | clang.TranslationUnit.PARSE_SKIP_FUNCTION_BODIES
    )
    unit = clang.Index.create().parse(
        "x.cpp",
        args=["-x", "c++", "-std=c++17", "-w", f"-I{folder}", *flags],
        unsaved_files=[("x.cpp", text)],
        options=options,
    )
    found: set[str] = set()

    def visit(parent: clang.Cursor, scope: str) -> None:
        for cursor in parent.get_children():
            file = cursor.location.file
            if file is None or not Path(file.name).is_relative_to(folder):
                continue
            kind = cursor.kind.name
            if kind in DECLARED and cursor.spelling:
                found.add(scope + cursor.spelling)
            if kind in SCOPES:
                inner = f"{scope}{cursor.spelling}::" if kind == "NAMESPACE" else scope
                visit(cursor, inner)

    visit(unit.cursor, "")
    return frozenset(n for n in found if not OWN.match(n))


@pytest.fixture(scope="module")
def both() -> tuple[frozenset[str], frozenset[str]]:
    parser = names(PARSER, INCLUDES, ["-nostdinc", "-nostdinc++"])
    return parser, names(RUNTIME, f'#include "xpiler/prelude.h"\n{INCLUDES}', [])


def test_both_are_read(both: tuple[frozenset[str], frozenset[str]]) -> None:
    for found in both:
        assert {"cudaMalloc", "__syncthreads", "tex2D", "cudaGraph_t", "float4"} <= found


def test_every_name_of_the_parser_is_known_to_the_runtime(
    both: tuple[frozenset[str], frozenset[str]],
) -> None:
    parser, runtime = both
    assert sorted(parser - runtime - PARSER_ONLY) == []


def test_every_name_of_the_runtime_is_known_to_the_parser(
    both: tuple[frozenset[str], frozenset[str]],
) -> None:
    parser, runtime = both
    assert sorted(runtime - parser - RUNTIME_ONLY) == []


def test_no_exception_is_stale(both: tuple[frozenset[str], frozenset[str]]) -> None:
    parser, runtime = both
    assert sorted(PARSER_ONLY & runtime) == []
    assert sorted(RUNTIME_ONLY & parser) == []
    assert sorted(PARSER_ONLY - parser) == []
    assert sorted(RUNTIME_ONLY - runtime) == []
