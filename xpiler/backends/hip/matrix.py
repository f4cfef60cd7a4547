"""wmma fragments: a helper on shuffles, the same on matrix cores (MFMA), or rocWMMA, as `HipOptions.matrix` says."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.backends.hip.helpers import NAMESPACE
from xpiler.backends.hip.options import has_mfma
from xpiler.backends.hip.view import View
from xpiler.backends.hip.warp import Handler

__all__ = ["HANDLERS"]

_ROCWMMA = "rocwmma/rocwmma.hpp"


def nvcuda(view: View, at: int) -> bool:
    """`nvcuda` becomes the namespace of the helper, so that `wmma::` below it means the helper's fragments."""
    view.findings.count("nvcuda")
    view.findings.headers.add("hip/hip_fp16.h")
    if view.options.matrix == "rocwmma":
        _rocwmma(view, at)
        return True
    cores = view.options.matrix == "mfma" and has_mfma(view.options.arch)
    view.findings.helpers.add("wmma_mfma" if cores else "wmma")
    view.replace(at, NAMESPACE)
    view.report("XP5309" if cores else "XP5303", at)
    return True


def _rocwmma(view: View, at: int) -> None:
    view.findings.headers.add(_ROCWMMA)
    view.report("XP5308", at, lanes=view.options.wavefront)
    if view.text(at + 1) == "::" and view.text(at + 2) == "wmma":
        view.replace_range(at, at + 3, "rocwmma")
    elif view.text(at - 1) == "namespace" and view.text(at - 2) == "using":
        view.replace_range(at - 2, at + 1, "namespace wmma = rocwmma")
    else:
        view.replace(at, "rocwmma")


def wmma_experimental(view: View, at: int) -> bool:
    if view.text(at - 1) == "::" and view.text(at - 2) == "wmma":
        view.report("XP5304", at, name="wmma::experimental")
        view.findings.left["wmma::experimental"] = 1
    return True


HANDLERS: Mapping[str, Handler] = {"nvcuda": nvcuda, "experimental": wmma_experimental}
