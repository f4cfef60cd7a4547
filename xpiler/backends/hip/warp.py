"""Warps of 32 lanes on wavefronts of 64: shuffles, votes, masks, `warpSize`.

A warp stays 32 lanes, half a wavefront, so everything that the program derives from 32 (lane numbers, masks,
one partial sum per warp) stays right. Shuffles get their width, votes their half of the ballot. The forms chosen
work since ROCm 5.2, on wavefronts of either width.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from xpiler.backends.hip.helpers import NAMESPACE
from xpiler.backends.hip.options import CUDA_WARP
from xpiler.backends.hip.view import View

__all__ = ["HANDLERS", "Handler", "helper"]

Handler = Callable[[View, int], bool]

_SHUFFLES = {
    "__shfl_sync": "shfl",
    "__shfl_up_sync": "shfl_up",
    "__shfl_down_sync": "shfl_down",
    "__shfl_xor_sync": "shfl_xor",
}
_NARROW_TYPES = frozenset(
    [
        "half",
        "__half",
        "half2",
        "__half2",
        "nv_bfloat16",
        "__nv_bfloat16",
        "nv_bfloat162",
        "__nv_bfloat162",
        "__nv_half",
        "float2",
        "float4",
        "int2",
        "int4",
        "double2",
        "uint2",
        "uint4",
    ]
)
_FULL = re.compile(
    r"\(*(?:0[xX][fF]{8}[uUlL]*|-1|~\s*0[uUlL]*|UINT_MAX|(?:\w*(?:FULL|ALL|full|all)\w*))\)*"
)
_PURE = frozenset({"__activemask", "__ballot_sync", "__ballot", "sizeof"})


def shuffle_sync(view: View, at: int) -> bool:
    """`__shfl_down_sync(mask, v, d[, w])` -> `__shfl_down(v, d, w or 32)`."""
    short = _SHUFFLES[view.text(at)]
    call = view.call(at)
    if view.is_directive(at, "define"):
        return True
    if call is None or len(call.args) not in (3, 4):
        # In a macro's parameter list or with `...`: the helper takes CUDA's arguments less the mask.
        view.report("XP5004", at)
        return False
    mask = call.args[0]
    _report_mask(view, at, mask.first, mask.end)
    wide = bool(view.names & _NARROW_TYPES)
    if wide:
        view.findings.helpers.add("shfl")
    view.replace(at, f"{NAMESPACE}::{short}" if wide else f"__{short}")
    view.delete(mask.first, mask.end + 1)
    view.findings.count(view.text(at))
    if len(call.args) == 3:
        view.insert(view.items[call.close].start, f", {CUDA_WARP}")
    return True


def _report_mask(view: View, at: int, first: int, end: int) -> None:
    text = view.tokens.text(view.items[first].start, view.items[end - 1].end)
    if _FULL.fullmatch(text):
        return
    calls = [
        view.text(i)
        for i in range(first, end)
        if view.items[i].kind == "name" and view.text(i + 1) == "(" and i + 1 < end
    ]
    if any(name not in _PURE for name in calls):
        view.report("XP5204", at, mask=text, name=view.text(at))
    elif not (end - first == 1 and view.items[first].kind == "name") and not calls:
        view.report("XP5203", at, mask=text, name=view.text(at))


def shuffle_legacy(view: View, at: int) -> bool:
    """`__shfl_down(v, d)` of before CUDA 9: the width made explicit."""
    call = view.call(at)
    if call is None or view.is_member(at) or view.text(at) in view.own:
        return False
    if len(call.args) == 2:
        view.insert(view.items[call.close].start, f", {CUDA_WARP}")
        view.report("XP5209", at, name=view.text(at))
    view.findings.taken.add(at)
    view.findings.count(view.text(at))
    return True


def helper(piece: str, function: str) -> Handler:
    """Calls go to a helper; a definition of the same name is an overload of the user's and stays."""

    def rewrite(view: View, at: int) -> bool:
        if view.text(at + 1) != "(" and not view.items[at].directive >= 0:
            return False
        if view.is_member(at) or view.is_directive(at, "define") or view.declares(at):
            return True
        view.findings.helpers.add(piece)
        view.replace(at, f"{NAMESPACE}::{function}")
        view.findings.count(view.text(at))
        return True

    return rewrite


def _legacy_vote(piece: str) -> Handler:
    def rewrite(view: View, at: int) -> bool:
        call = view.call(at)
        if call is None or len(call.args) != 1 or view.is_member(at) or view.text(at) in view.own:
            return False
        view.findings.helpers.add(piece)
        view.replace(at, f"{NAMESPACE}::{piece}")
        view.insert(view.items[call.args[0].first].start, "0xffffffffu, ")
        view.report("XP5209", at, name=view.text(at))
        view.findings.count(view.text(at))
        return True

    return rewrite


def warp_size(view: View, at: int) -> bool:
    """Device code's `warpSize` is 32; a device's property is the hardware's."""
    if "warpSize" in view.own:
        return True
    if view.text(at - 1) in (".", "->"):
        if view.options.wavefront != CUDA_WARP:
            view.report("XP5202", at, lanes=view.options.wavefront)
        return True
    if view.text(at - 1) == "::" or view.is_directive(at, "define"):
        return True
    view.replace(at, str(CUDA_WARP))
    view.report("XP5201", at, lanes=view.options.wavefront)
    view.findings.count("warpSize")
    return True


def launch_bounds(view: View, at: int) -> bool:
    """The second argument counts blocks in CUDA and wavefronts per SIMD in HIP."""
    call = view.call(at)
    if call is None or len(call.args) < 2 or view.is_hip:
        return True
    if len(call.args) > 2:
        view.report(
            "XP5406",
            at,
            name="__launch_bounds__ with a cluster size",
            advice="the third argument was dropped",
        )
        view.delete(call.args[1].end, call.args[2].end)
    threads, blocks = view.source(call.args[0]), view.source(call.args[1])
    per_simd = view.options.wavefront * 4
    if threads.isdigit() and blocks.isdigit():
        value = str(max(1, -(-int(threads) * int(blocks) // per_simd)))
    else:
        value = f"(({threads}) * ({blocks}) + {per_simd - 1}) / {per_simd}"
    if value != blocks:
        first = call.args[1]
        view.replace(first.first, value)
        if first.end > first.first + 1:
            view.delete(first.first + 1, first.end)
    view.report("XP5208", at, value=value)
    return True


HANDLERS: Mapping[str, Handler] = {
    **dict.fromkeys(_SHUFFLES, shuffle_sync),
    **dict.fromkeys(("__shfl", "__shfl_up", "__shfl_down", "__shfl_xor"), shuffle_legacy),
    "__ballot_sync": helper("ballot", "ballot"),
    "__any_sync": helper("any", "any"),
    "__all_sync": helper("all", "all"),
    "__activemask": helper("activemask", "activemask"),
    "__syncwarp": helper("syncwarp", "syncwarp"),
    "__match_any_sync": helper("match", "match_any"),
    "__match_all_sync": helper("match", "match_all"),
    **{
        f"__reduce_{op}_sync": helper("reduce", f"reduce_{op}")
        for op in ("add", "min", "max", "and", "or", "xor")
    },
    "__ballot": _legacy_vote("ballot"),
    "__any": _legacy_vote("any"),
    "__all": _legacy_vote("all"),
    "__dp4a": helper("dp4a", "dp4a"),
    "__dp2a_lo": helper("dp2a", "dp2a_lo"),
    "__dp2a_hi": helper("dp2a", "dp2a_hi"),
    **{
        name: helper("cached", "load")
        for name in ("__ldcg", "__ldcs", "__ldca", "__ldcv", "__ldlu")
    },
    **{name: helper("cached", "store") for name in ("__stcg", "__stcs", "__stwb", "__stwt")},
    **{f"__{name}": helper("half_more", name) for name in ("hmax", "hmin", "hmax2", "hmin2")},
    "htanh": helper("half_more", "htanh"),
    "__nanosleep": helper("nanosleep", "nanosleep"),
    "__cvta_generic_to_shared": helper("cvta", "shared_address"),
    "__pipeline_memcpy_async": helper("memcpy_async", "copy_async"),
    "__pipeline_commit": helper("memcpy_async", "copy_async_commit"),
    "__pipeline_wait_prior": helper("memcpy_async", "copy_async_wait"),
    "warpSize": warp_size,
    "__launch_bounds__": launch_bounds,
}
