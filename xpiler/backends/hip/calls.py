"""CUDA names that need more than a new name: function pointers, compiler macros, groups."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.backends.hip import matrix, miopen
from xpiler.backends.hip.helpers import NAMESPACE
from xpiler.backends.hip.view import View
from xpiler.backends.hip.warp import Handler

__all__ = ["HANDLERS"]


def _function_pointer(position: int) -> Handler:
    """The argument at `position` is a kernel: HIP's parameter is `const void *`."""

    def rewrite(view: View, at: int) -> bool:
        call = view.call(at)
        if call is None or len(call.args) <= position or view.is_member(at):
            return False
        argument = call.args[position]
        text = view.source(argument)
        if not text.lstrip().startswith(
            ("(const void", "(void", "reinterpret_cast", "static_cast", "(const void*")
        ):
            view.insert(argument.start, "reinterpret_cast<const void *>(")
            view.insert(argument.stop, ")")
            view.report("XP5401", at, name=view.text(at))
        return False

    return rewrite


def cuda_arch(view: View, at: int) -> bool:
    """`defined(__CUDA_ARCH__)` asks for device code; a comparison asks for a capability."""
    before, before2 = view.text(at - 1), view.text(at - 2)
    asks = before in ("ifdef", "ifndef", "defined") or (before == "(" and before2 == "defined")
    if view.is_directive(at, "define") or view.is_directive(at, "undef"):
        return True
    view.findings.count("__CUDA_ARCH__")
    if asks:
        view.replace(at, "__HIP_DEVICE_COMPILE__")
        return True
    view.findings.helpers.add("arch")
    view.replace(at, "XPILER_CUDA_ARCH")
    view.report("XP5106", at)
    return True


def compiler_release(view: View, at: int) -> bool:
    """nvcc's release: whether it is nvcc, or which; AMD's compiler takes the branches of CUDA 12.4."""
    if view.is_directive(at, "define") or view.is_directive(at, "undef"):
        return True
    before = view.text(at - 1)
    view.findings.count(view.text(at))
    if before in ("ifdef", "ifndef", "defined") or (
        before == "(" and view.text(at - 2) == "defined"
    ):
        view.replace(at, "__HIPCC__")
        return True
    hip = f"XPILER_{view.text(at).strip('_')}"
    view.findings.helpers.add("arch")
    view.replace(at, hip)
    view.report("XP5112", at, name=view.text(at), hip=hip)
    return True


def thrust_system(view: View, at: int) -> bool:
    view.replace(at, "THRUST_DEVICE_SYSTEM_HIP")
    view.findings.count("THRUST_DEVICE_SYSTEM_CUDA")
    return True


def version(view: View, at: int) -> bool:
    view.report("XP5105", at, name=view.text(at))
    return False


def texture_reference(view: View, at: int) -> bool:
    if view.text(at + 1) == "<" and not view.is_member(at) and "texture" not in view.own:
        view.report("XP5402", at)
    return True


def managed(view: View, at: int) -> bool:
    view.report("XP5404", at, name=view.text(at))
    return False


def coalesced(view: View, at: int) -> bool:
    if view.options.wavefront > 32 and view.text(at + 1) == "(":
        view.report("XP5207", at, lanes=view.options.wavefront)
    return True


def libcu(view: View, at: int) -> bool:
    """`cuda::std::...`, `cuda::atomic`: libcu++."""
    if (
        view.text(at + 1) == "::"
        and view.text(at - 1) == "::"
        and view.text(at - 2) in ("thrust", "system")
    ):
        view.replace(at, "hip")
        view.findings.count("thrust::cuda")
        return True
    if (
        view.text(at + 1) == "::"
        and view.text(at - 1) not in ("::", ".", "->")
        and "cuda" not in view.own
    ):
        if view.text(at - 1) == "namespace":
            return True
        name = f"cuda::{view.text(at + 2)}"
        if view.text(at - 2) == "namespace" or view.text(at + 3) == "{":
            return True
        if name in (
            "cuda::std",
            "cuda::atomic",
            "cuda::atomic_ref",
            "cuda::barrier",
            "cuda::pipeline",
            "cuda::memcpy_async",
            "cuda::thread_scope_device",
            "cuda::thread_scope_block",
            "cuda::aligned_size_t",
            "cuda::make_pipeline",
            "cuda::pipeline_shared_state",
            "cuda::device",
            "cuda::ptx",
            "cuda::experimental",
            "cuda::proclaim_return_type",
        ):
            view.report("XP5307", at, name=name)
            view.findings.left[name] = view.findings.left.get(name, 0) + 1
    return True


def cub(view: View, at: int) -> bool:
    """The namespace `cub` is `hipcub`."""
    if view.text(at + 1) == "::" or view.text(at - 1) in ("namespace", "="):
        if view.text(at - 1) in (".", "->") or "cub" in view.own:
            return True
        view.replace(at, "hipcub")
        view.findings.count("cub")
    return True


_TILE_METHODS = {"ballot": "tile_ballot", "any": "tile_any", "all": "tile_all"}


def cooperative_groups(view: View, at: int) -> bool:
    if view.text(at - 1) in (".", "->"):
        return True
    view.findings.headers.add("hip/hip_cooperative_groups.h")
    return True


def _group_names(view: View) -> frozenset[str]:
    """How the file calls the namespace: itself and its aliases."""
    names = {"cooperative_groups"}
    for i in view.positions("cooperative_groups"):
        if view.text(i - 1) == "=" and view.text(i - 3) == "namespace":
            names.add(view.text(i - 2))
    return frozenset(names)


def group_algorithms(view: View) -> None:
    """`cg::reduce`, `cg::plus`, scans and tile methods that HIP 5 lacks become helpers."""
    if "cooperative_groups" not in view.names:
        return
    spaces = _group_names(view)
    using = any(
        view.text(i - 1) == "namespace" and view.text(i - 2) == "using"
        for i in view.positions("cooperative_groups")
    )
    pieces = {
        "reduce": "cg_reduce",
        "plus": "cg_reduce",
        "less": "cg_reduce",
        "greater": "cg_reduce",
        "bit_and": "cg_reduce",
        "bit_or": "cg_reduce",
        "bit_xor": "cg_reduce",
        "inclusive_scan": "cg_scan",
        "exclusive_scan": "cg_scan",
    }
    for name, piece in pieces.items():
        for i in view.positions(name):
            qualified = view.text(i - 1) == "::" and view.text(i - 2) in spaces
            bare = (
                using
                and name in ("reduce", "inclusive_scan", "exclusive_scan")
                and (
                    view.text(i - 1) not in ("::", ".", "->")
                    and name not in view.own
                    and view.text(i + 1) == "("
                )
            )
            if qualified:
                view.replace(i - 2, NAMESPACE)
            elif bare:
                view.replace(i, f"{NAMESPACE}::{name}")
            else:
                continue
            view.findings.helpers.add(piece)
            view.findings.count(f"cooperative_groups::{name}")
    _missing_groups(view, spaces)
    _tile_methods(view)


_MISSING_GROUPS = {
    "this_cluster": "there are no clusters on AMD GPUs",
    "cluster_group": "there are no clusters on AMD GPUs",
    "memcpy_async": "copy plainly and synchronise the group",
    "wait": "copy plainly and synchronise the group",
    "wait_prior": "copy plainly and synchronise the group",
    "invoke_one": "let the thread of rank 0 do it",
    "block_tile_memory": "tiles are within a wavefront: use the block, and shared memory of your own",
    "labeled_partition": "partition by a ballot over the lanes",
}


def _missing_groups(view: View, spaces: frozenset[str]) -> None:
    for name, advice in _MISSING_GROUPS.items():
        for i in view.positions(name):
            if view.text(i - 1) == "::" and view.text(i - 2) in spaces:
                view.report("XP5306", i, name=f"cooperative_groups::{name}", advice=advice)
                view.findings.left[f"cooperative_groups::{name}"] = 1


def _tile_methods(view: View) -> None:
    """`tile.ballot(p)` -> helper, for variables that are declared as tiles in this file."""
    tiles: set[str] = set()
    for i in view.positions("tiled_partition"):
        j = i - 1
        while (j > 0 and view.text(j) in ("::",)) or (
            j > 0 and view.items[j].kind == "name" and view.text(j + 1) == "::"
        ):
            j -= 1
        if view.text(j) == "=" and view.items[j - 1].kind == "name":
            tiles.add(view.text(j - 1))
    for i in view.positions("thread_block_tile"):
        if view.text(i + 1) == "<":
            j = i + 1
            while j < len(view.items) and view.text(j) != ">" and j < i + 12:
                j += 1
            k = j + 1
            while view.text(k) in ("&", "const"):
                k += 1
            if view.text(j) == ">" and k < len(view.items) and view.items[k].kind == "name":
                tiles.add(view.text(k))
    methods = {
        **_TILE_METHODS,
        "meta_group_rank": "tile_rank_in_block",
        "meta_group_size": "tiles_of_block",
        "num_threads": "size",
    }
    for method, function in methods.items():
        for i in view.positions(method):
            if view.text(i - 1) != "." or view.text(i - 2) not in tiles or view.text(i + 1) != "(":
                continue
            if method == "num_threads":
                view.replace(i, "size")
                continue
            tile = view.text(i - 2)
            view.replace(i - 2, f"{NAMESPACE}::{function}")
            view.delete(i - 1, i + 1)
            empty = view.text(i + 2) == ")"
            view.insert(view.items[i + 1].end, tile if empty else f"{tile}, ")
            view.findings.helpers.add("cg_tile")
            view.findings.count(f"thread_block_tile::{method}")


_NEWER = {
    "__cluster_dims__": "launch without clusters",
    "cudaGridDependencySynchronize": "order the kernels in one stream",
    "cudaTriggerProgrammaticLaunchCompletion": "drop it: it only lets the next kernel start earlier",
    "__grid_constant__": "drop it: parameters are constant memory anyway",
}


def newer_gpu(view: View, at: int) -> bool:
    name = view.text(at)
    view.report("XP5406", at, name=name, advice=_NEWER[name])
    view.findings.left[name] = view.findings.left.get(name, 0) + 1
    return True


HANDLERS: Mapping[str, Handler] = {
    **matrix.HANDLERS,
    **miopen.HANDLERS,
    "cudaFuncSetAttribute": _function_pointer(0),
    "cudaFuncSetCacheConfig": _function_pointer(0),
    "cudaFuncSetSharedMemConfig": _function_pointer(0),
    "cudaFuncGetAttributes": _function_pointer(1),
    "__CUDA_ARCH__": cuda_arch,
    "CUDART_VERSION": version,
    "CUDA_VERSION": version,
    **dict.fromkeys(("__CUDACC_VER_MAJOR__", "__CUDACC_VER_MINOR__"), compiler_release),
    "THRUST_DEVICE_SYSTEM_CUDA": thrust_system,
    "texture": texture_reference,
    "cudaMallocManaged": managed,
    "coalesced_threads": coalesced,
    "cuda": libcu,
    "cub": cub,
    "cooperative_groups": cooperative_groups,
    **dict.fromkeys(_NEWER, newer_gpu),
}
