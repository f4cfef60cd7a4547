"""The pure functions and the builtin values that every program may use, with their typing rules.

One name serves all types: `exp` of an f16 is an f16 (computed in f32 and rounded once, as the CUDA headers
do), of an f64 an f64. CUDA's fast variants (`__expf`) are lifted to the accurate ones.
"""

from __future__ import annotations

from typing import Final

from xpiler.ir.types import BOOL, F16, F32, F64, I32, I64, U16, U32, U64, Scalar
from xpiler.records import dataclass

__all__ = ["BUILTINS", "FUNCTIONS", "WARP_OPS", "PureFunction", "given_buffer", "given_name"]


@dataclass(frozen=True, slots=True)
class PureFunction:
    """`arity` arguments of one common type from `domain` (`float`, `int`, `any`, or exact types in `params`).

    `result` is None for the type of the first argument.
    """

    name: str
    arity: int
    domain: str
    meaning: str
    result: Scalar | None = None
    params: tuple[Scalar, ...] = ()


def _table(*rows: PureFunction) -> dict[str, PureFunction]:
    return {row.name: row for row in rows}


_FLOAT_1 = {
    "sqrt": "square root, correctly rounded",
    "rsqrt": "1 / sqrt(x)",
    "cbrt": "cube root",
    "exp": "e to the x",
    "exp2": "2 to the x",
    "exp10": "10 to the x",
    "expm1": "exp(x) - 1",
    "log": "natural logarithm",
    "log2": "base-2 logarithm",
    "log10": "base-10 logarithm",
    "log1p": "log(1 + x)",
    "sin": "sine, radians",
    "cos": "cosine, radians",
    "tan": "tangent, radians",
    "sinpi": "sin(pi x)",
    "cospi": "cos(pi x)",
    "asin": "arc sine",
    "acos": "arc cosine",
    "atan": "arc tangent",
    "sinh": "hyperbolic sine",
    "cosh": "hyperbolic cosine",
    "tanh": "hyperbolic tangent",
    "asinh": "inverse hyperbolic sine",
    "acosh": "inverse hyperbolic cosine",
    "atanh": "inverse hyperbolic tangent",
    "erf": "error function",
    "erfc": "1 - erf(x)",
    "normcdf": "standard normal distribution function",
    "lgamma": "log of |gamma(x)|",
    "tgamma": "gamma function",
    "floor": "round down",
    "ceil": "round up",
    "trunc": "round towards zero",
    "round": "round to nearest, halves away from zero",
    "rint": "round to nearest, halves to even",
    "fabs": "absolute value",
}
_FLOAT_2 = {
    "pow": "x to the y",
    "fmod": "remainder of truncated division",
    "remainder": "IEEE remainder",
    "atan2": "angle of (y, x)",
    "hypot": "sqrt(x*x + y*y) without overflow",
    "copysign": "magnitude of x, sign of y",
    "fmin": "the smaller; the other one if one is NaN",
    "fmax": "the larger; the other one if one is NaN",
    "fdim": "max(x - y, 0)",
}

FUNCTIONS: Final[dict[str, PureFunction]] = _table(
    *(PureFunction(name, 1, "float", meaning) for name, meaning in _FLOAT_1.items()),
    *(PureFunction(name, 2, "float", meaning) for name, meaning in _FLOAT_2.items()),
    PureFunction("fma", 3, "float", "x * y + z, rounded once"),
    PureFunction("isnan", 1, "float", "is NaN", BOOL),
    PureFunction("isinf", 1, "float", "is infinite", BOOL),
    PureFunction("isfinite", 1, "float", "is neither infinite nor NaN", BOOL),
    PureFunction("signbit", 1, "float", "has the sign bit set", BOOL),
    PureFunction("min", 2, "int", "the smaller"),
    PureFunction("max", 2, "int", "the larger"),
    PureFunction("abs", 1, "int", "absolute value, wrapping"),
    PureFunction("popc", 1, "int", "number of set bits (u32, u64)", I32),
    PureFunction("clz", 1, "int", "leading zero bits; the width for 0", I32),
    PureFunction("ffs", 1, "int", "1-based index of the lowest set bit; 0 for 0", I32),
    PureFunction("brev", 1, "int", "bits reversed (u32, u64)"),
    PureFunction("mulhi", 2, "int", "upper half of the double-width product"),
    PureFunction(
        "byte_perm",
        3,
        "int",
        "PTX prmt: the nibbles of z choose bytes of y:x; their top bit, the sign",
        U32,
        (U32, U32, U32),
    ),
    PureFunction(
        "funnel_l", 3, "int", "upper word of (hi:lo) << (n & 31); args lo, hi, n", U32, (U32,) * 3
    ),
    PureFunction(
        "funnel_r", 3, "int", "lower word of (hi:lo) >> (n & 31); args lo, hi, n", U32, (U32,) * 3
    ),
    PureFunction("dp4a", 3, "int", "c + dot of 4 signed bytes of a and b", I32, (I32, I32, I32)),
    PureFunction(
        "dp4a_u", 3, "int", "c + dot of 4 unsigned bytes of a and b", U32, (U32, U32, U32)
    ),
    PureFunction("bits_i32", 1, "float", "the bits of an f32", I32, (F32,)),
    PureFunction("bits_u32", 1, "float", "the bits of an f32", U32, (F32,)),
    PureFunction("bits_i64", 1, "float", "the bits of an f64", I64, (F64,)),
    PureFunction("bits_u64", 1, "float", "the bits of an f64", U64, (F64,)),
    PureFunction("bits_u16", 1, "float", "the bits of an f16", U16, (F16,)),
    PureFunction("from_bits_f32", 1, "int", "the f32 with these bits", F32, (U32,)),
    PureFunction("from_bits_f64", 1, "int", "the f64 with these bits", F64, (U64,)),
    PureFunction("from_bits_f16", 1, "int", "the f16 with these bits", F16, (U16,)),
)

BUILTINS: Final[dict[str, Scalar]] = {
    **{f"{v}.{c}": U32 for v in ("threadIdx", "blockIdx", "blockDim", "gridDim") for c in "xyz"},
    "warpSize": I32,
    "sharedBytes": U32,  # the launch's dynamic shared memory
    **dict.fromkeys(
        (
            "taskId",
            "taskDim",
            "taskIdX",
            "taskIdY",
            "taskIdZ",
            "taskDimX",
            "taskDimY",
            "taskDimZ",
            "clusterId",
            "clusterDim",
            "coreId",
            "coreDim",
        ),
        I32,
    ),
}

_GIVEN: Final = ".given"


def given_name(buffer: str) -> str:
    """The builtin that tells whether a pointer parameter is given: not null."""
    return f"{buffer}{_GIVEN}"


def given_buffer(name: str) -> str:
    """The parameter of which builtin `name` tells whether it is given; empty for any other builtin."""
    return name.removesuffix(_GIVEN) if name.endswith(_GIVEN) else ""


WARP_OPS: Final[dict[str, tuple[str, int]]] = {
    # op: (how it prints, arguments beside the mask)
    "shfl": ("__shfl_sync", 3),
    "shfl_up": ("__shfl_up_sync", 3),
    "shfl_down": ("__shfl_down_sync", 3),
    "shfl_xor": ("__shfl_xor_sync", 3),
    "any": ("__any_sync", 1),
    "all": ("__all_sync", 1),
    "ballot": ("__ballot_sync", 1),
    "match_any": ("__match_any_sync", 1),
    "reduce_add": ("__reduce_add_sync", 1),
    "reduce_min": ("__reduce_min_sync", 1),
    "reduce_max": ("__reduce_max_sync", 1),
    "reduce_and": ("__reduce_and_sync", 1),
    "reduce_or": ("__reduce_or_sync", 1),
    "reduce_xor": ("__reduce_xor_sync", 1),
    "activemask": ("__activemask", 0),
    "block_or": ("__syncthreads_or", 1),
    "block_and": ("__syncthreads_and", 1),
    "block_count": ("__syncthreads_count", 1),
}

MASKLESS_WARP_OPS: Final = frozenset({"activemask", "block_or", "block_and", "block_count"})

ATOMICS: Final[dict[str, str]] = {
    "add": "atomicAdd",
    "sub": "atomicSub",
    "min": "atomicMin",
    "max": "atomicMax",
    "and": "atomicAnd",
    "or": "atomicOr",
    "xor": "atomicXor",
    "exch": "atomicExch",
    "cas": "atomicCAS",
    "inc": "atomicInc",
    "dec": "atomicDec",
}
