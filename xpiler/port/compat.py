"""`--single-source`: one tree for both vendors. Sources keep their CUDA names and include a generated header.

Under nvcc the header includes CUDA's own; under hipcc it maps every CUDA name that the tree uses.
"""

from __future__ import annotations

from collections.abc import Iterable

from xpiler.backends.hip.helpers import NAMESPACE, all_pieces, prelude
from xpiler.backends.hip.includes import scan_includes
from xpiler.backends.hip.names import find_header, find_name
from xpiler.backends.hip.options import HipOptions
from xpiler.backends.hip.rewrite import Rewritten, mentions_cuda, rewrite
from xpiler.backends.hip.view import View
from xpiler.frontends.edits import Edit, apply
from xpiler.frontends.tokens import tokenize

__all__ = ["compat_header", "single_source"]

_SHUFFLES = {
    "__shfl_sync": "__shfl",
    "__shfl_up_sync": "__shfl_up",
    "__shfl_down_sync": "__shfl_down",
    "__shfl_xor_sync": "__shfl_xor",
}
_HELPERS = {
    "__ballot_sync": "ballot",
    "__any_sync": "any",
    "__all_sync": "all",
    "__activemask": "activemask",
    "__syncwarp": "syncwarp",
    "__match_any_sync": "match_any",
    "__match_all_sync": "match_all",
    "__dp4a": "dp4a",
    "__ldcs": "load",
    "__ldcg": "load",
    "__stcs": "store",
    "__stcg": "store",
    "__nanosleep": "nanosleep",
}


def single_source(source: bytes, file: str, options: HipOptions) -> Rewritten:
    """CUDA's headers replaced by the compatibility header; the rest only reported, never changed."""
    if not mentions_cuda(source):
        return Rewritten(source, (), (), {}, {}, frozenset())
    probe = rewrite(source, file, options)
    view = View(tokenize(source), file, options)
    includes = scan_includes(view)
    header = f'"{options.helper_header}"'
    edits: list[Edit] = []
    for include in includes.items:
        known = find_header(include.path)
        ours = include.quote == "<" or include.path not in options.local_headers
        if known is not None and not known.advice and ours:
            edits.append(Edit(include.start, include.stop, header))
    present = bool(edits) or any(header.strip('"') == i.path for i in includes.items)
    if not present and probe.edits:
        newline = "\r\n" if b"\r\n" in source[:4096] else "\n"
        edits.append(Edit(includes.top_at, includes.top_at, f"#include {header}{newline}"))
    edits += [
        Edit(view.items[i].start, view.items[i].end, "XPILER_WARP_SIZE")
        for i in view.positions("warpSize")
        if not view.is_member(i) and "warpSize" not in view.own
    ]
    return Rewritten(
        apply(source, edits),
        tuple(edits),
        probe.diagnostics,
        probe.converted,
        probe.left,
        probe.helpers,
    )


def compat_header(names: Iterable[str], headers: Iterable[str]) -> str:
    """The header: `names` are the CUDA names that the tree uses, `headers` CUDA's headers that it includes."""
    used = sorted(set(names))
    included = sorted({h.strip("<>") for h in headers if h.startswith("<")})
    lines = [
        "// One source for both vendors; made by `xpiler port --single-source` from the names that the tree uses.",
        "#pragma once",
        "#if defined(__HIP_PLATFORM_AMD__) || defined(__HIP__)",
    ]
    rows = [find_header(path) for path in included]
    hip = {"hip/hip_runtime.h", *(row.hip for row in rows if row is not None and row.hip)}
    lines += [
        f"#include <{path}>" for path in sorted(hip, key=lambda p: (p != "hip/hip_runtime.h", p))
    ]
    lines.append(prelude(all_pieces()).rstrip("\n"))
    for name in used:
        row = find_name(name)
        if row is not None and row.hip and row.hip != name:
            lines.append(f"#define {name} {row.hip}")
    lines += [
        f"#define {cuda}(mask, value, ...) {NAMESPACE}_SHUFFLE({hip_name}, value, __VA_ARGS__, 32, 0)"
        for cuda, hip_name in _SHUFFLES.items()
        if cuda in used
    ]
    if any(name in _SHUFFLES for name in used):
        lines.append(
            f"#define {NAMESPACE}_SHUFFLE(f, value, lane, width, ...) f(value, lane, width)"
        )
    lines += [
        f"#define {cuda} {NAMESPACE}::{piece}" for cuda, piece in _HELPERS.items() if cuda in used
    ]
    if "nvcuda" in used:
        lines.append(f"namespace nvcuda = {NAMESPACE};")
    if "cub" in used:
        lines.append("namespace cub = hipcub;")
    lines += ["#define XPILER_WARP_SIZE 32", "#else"]
    lines += [f"#include <{path}>" for path in included] or ["#include <cuda_runtime.h>"]
    lines += ["#define XPILER_WARP_SIZE 32", "#endif", ""]
    return "\n".join(lines)
