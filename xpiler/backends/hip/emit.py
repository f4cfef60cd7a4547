"""The finished HIP file: the user's text, edited."""

from __future__ import annotations

from xpiler.backends.base import Diagnostic, EmitRequest, Emitted
from xpiler.backends.hip.options import RELEASE, HipOptions
from xpiler.backends.hip.rewrite import rewrite

__all__ = ["emit"]


def emit(request: EmitRequest) -> Emitted:
    """Edits the file that `request` holds; the kernels' programs are not printed anew."""
    rocm = request.options.get("rocm", "")
    is_release = not rocm or RELEASE.fullmatch(rocm) is not None
    options = HipOptions(
        arch=request.options.get("arch", "gfx90a"),
        matrix=request.options.get("matrix", "loops"),
        rocm=rocm if is_release else "",
    )
    source = request.text.encode("utf-8", "surrogateescape")
    result = rewrite(source, str(request.path), options)
    wrong = Diagnostic("XP0012", "error", f"rocm is a release like 5.7 or 6.2.1, not {rocm!r}")
    diagnostics = result.diagnostics if is_release else (wrong, *result.diagnostics)
    return Emitted(result.text.decode("utf-8", "surrogateescape"), ".hip", diagnostics)
