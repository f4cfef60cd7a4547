"""Device functions whose overloads differ: mixed `min` and `max`, packed `atomicAdd`, host mathematics."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.backends.hip.helpers import NAMESPACE
from xpiler.backends.hip.view import Argument, Call, View
from xpiler.backends.hip.warp import Handler, helper

__all__ = ["HANDLERS"]

_PACKED = frozenset(
    [
        *("half", "half2", "__half", "__half2", "__nv_half", "__nv_half2"),
        *("nv_bfloat16", "__nv_bfloat16", "nv_bfloat162", "__nv_bfloat162"),
    ]
)
_UNSIGNED_BUILTINS = frozenset({"threadIdx", "blockIdx", "blockDim", "gridDim", "sizeof"})
_UNSIGNED_TYPES = frozenset(
    [
        *("unsigned", "uint", "uint32_t", "uint64_t", "size_t", "ulong", "ullong"),
        *("uint8_t", "uint16_t", "uchar", "ushort"),
    ]
)


def extremum(view: View, at: int) -> bool:
    """`min(int, unsigned)` is unsigned in CUDA and double in HIP; such calls go to a helper."""
    if view.text(at - 1) in ("::", ".", "->") or view.text(at) in view.own:
        return False
    call = view.call(at)
    if call is None or len(call.args) != 2 or view.declares(at):
        return False
    a, b = (_is_unsigned(view, argument) for argument in call.args)
    if a == b:
        return False
    view.findings.helpers.add("minmax")
    view.replace(at, f"{NAMESPACE}::{view.text(at)}")
    view.findings.count(view.text(at))
    return True


def _is_unsigned(view: View, argument: Argument) -> bool:
    """Whether the argument's text shows an unsigned operand: a builtin, a literal, or a variable declared so."""
    known = view.variables_of(_UNSIGNED_TYPES)
    depth = 0
    for i in range(argument.first, argument.end):
        token = view.items[i]
        depth += (token.text == "[") - (token.text == "]")
        if depth:
            continue  # what indexes an array says nothing of its elements
        if token.kind == "number" and token.text[-1] in "uU" and not token.text.startswith("0x"):
            return True
        if token.kind == "name" and view.text(i - 1) not in (".", "->", "::"):
            if token.text in _UNSIGNED_BUILTINS:
                return True
            if token.text in known and view.text(i + 1) not in ("(", "[", ".", "->"):
                return True
    return False


def atomic_add(view: View, at: int) -> bool:
    """`atomicAdd` on packed halves and bfloat16 is not in every HIP; a helper has them all."""
    call: Call | None = view.call(at)
    if call is None or view.is_member(at) or view.declares(at) or "atomicAdd" in view.own:
        return False
    if not view.names & _PACKED or not _on_packed(view, call):
        return False
    view.findings.helpers.add("atomic_add")
    view.replace(at, f"{NAMESPACE}::atomic_add")
    view.findings.count("atomicAdd")
    return True


def _on_packed(view: View, call: Call) -> bool:
    """Whether an operand is, or is cast to, a packed type, as far as this file says."""
    known = view.variables_of(_PACKED) | _PACKED
    first, end = call.args[0].first, call.args[-1].end
    return any(view.text(i) in known for i in range(first, end))


def event_create(view: View, at: int) -> bool:
    """CUDA's C++ overload with flags has a name of its own in HIP."""
    call = view.call(at)
    if call is None or len(call.args) != 2 or view.is_member(at):
        return False
    view.replace(at, "hipEventCreateWithFlags")
    view.findings.count(view.text(at))
    return True


# Where the type of the computation stands among the arguments, and what a data type means there.
_COMPUTE_ARGUMENT = {
    "cublasGemmEx": 17,
    "cublasGemmBatchedEx": 18,
    "cublasGemmStridedBatchedEx": 21,
}
_COMPUTE_TYPES = {
    "CUDA_R_16F": "HIPBLAS_COMPUTE_16F",
    "CUDA_R_32F": "HIPBLAS_COMPUTE_32F",
    "CUDA_C_32F": "HIPBLAS_COMPUTE_32F",
    "CUDA_R_64F": "HIPBLAS_COMPUTE_64F",
    "CUDA_C_64F": "HIPBLAS_COMPUTE_64F",
    "CUDA_R_32I": "HIPBLAS_COMPUTE_32I",
}


def gemm_ex(view: View, at: int) -> bool:
    """The older form names the computation by a data type; HIP takes a computation type only."""
    call = view.call(at)
    position = _COMPUTE_ARGUMENT[view.text(at)]
    if call is not None and len(call.args) > position:
        argument = call.args[position]
        name = view.text(argument.first)
        if argument.end == argument.first + 1 and name in _COMPUTE_TYPES:
            view.replace(argument.first, _COMPUTE_TYPES[name])
            view.findings.count(name)
    return False


def surface_access(view: View, at: int) -> bool:
    """HIP's surface functions take no boundary mode: they do what `cudaBoundaryModeTrap`, the default, leaves open. They
    read into a variable, `surf2Dread(&v, s, x, y)`, and give no value."""
    call = view.call(at)
    if call is None and view.text(at + 1) == "<":
        close = at + 2
        while view.text(close) not in (">", ";", "(", ""):
            close += 1
        call = view.call_at(at, close + 1) if view.text(close + 1) == "(" else None
        if call is not None:
            type_ = " ".join(view.text(i) for i in range(at + 2, close))
            read = f"[&] {{ {type_} xp_texel; {view.text(at)}(&xp_texel, "
            view.replace_range(at, close + 2, read)
            view.insert(view.items[call.close].end, "; return xp_texel; }()")
    if call is not None and call.args:
        last = call.args[-1]
        if view.text(last.first).startswith("cudaBoundaryMode"):
            view.report("XP5107", at, name=view.text(at), hip=view.text(at), advice=_BOUNDARY)
            view.delete(last.first - 1, last.end)
    return False


_BOUNDARY = "the boundary mode was dropped: check the coordinates where they may lie outside"


def calling_convention(view: View, at: int) -> bool:
    """Markers of a calling convention mean nothing outside Windows and are not in HIP."""
    if view.items[at].directive < 0:
        view.delete(at, at + 1)
        view.findings.count(view.text(at))
    return view.items[at].directive < 0


_LABELS = tuple(
    f"nvtxName{what}{form}"
    for what in ("CudaStream", "CudaEvent", "CudaDevice", "OsThread", "CuStream", "CuEvent")
    for form in ("A", "W", "")
)


def label(view: View, at: int) -> bool:
    """Labels for a profiler: nothing is lost without them but the label."""
    if view.call(at) is None or view.is_member(at) or view.declares(at):
        return False
    hip = f"{NAMESPACE}::unnamed"
    view.findings.helpers.add("nvtx")
    view.replace(at, hip)
    view.report(
        "XP5107",
        at,
        name=view.text(at),
        hip=hip,
        advice="it does nothing: roctx labels ranges only",
    )
    view.findings.count(view.text(at))
    return True


HANDLERS: Mapping[str, Handler] = {
    "min": extremum,
    "max": extremum,
    "atomicAdd": atomic_add,
    "cudaEventCreate": event_create,
    **dict.fromkeys(_LABELS, label),
    **dict.fromkeys(_COMPUTE_ARGUMENT, gemm_ex),
    **{
        f"surf{shape}{access}": surface_access
        for shape in ("1D", "2D", "3D", "1DLayered", "2DLayered", "Cubemap", "CubemapLayered")
        for access in ("read", "write")
    },
    **{name: helper("minmax", name) for name in ("umin", "umax", "llmin", "llmax")},
    **{name: helper("minmax", name) for name in ("ullmin", "ullmax")},
    **{name: helper("atomic_system", name) for name in ("atomicInc_system", "atomicDec_system")},
    **dict.fromkeys(("CUDART_CB", "CUDA_CB", "CUDARTAPI", "CUDAAPI"), calling_convention),
    **{name: helper("host_math", name) for name in ("normcdf", "normcdff")},
}
