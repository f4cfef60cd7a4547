"""The finished HIP file: the user's text, edited."""

from __future__ import annotations

from xpiler.backends.base import EmitRequest, Emitted
from xpiler.backends.hip.options import HipOptions
from xpiler.backends.hip.rewrite import rewrite

__all__ = ["emit"]


def emit(request: EmitRequest) -> Emitted:
    """Edits the file that `request` holds; the kernels' programs are not printed anew."""
    options = HipOptions(
        arch=request.options.get("arch", "gfx90a"),
        matrix=request.options.get("matrix", "loops"),
    )
    source = request.text.encode("utf-8", "surrogateescape")
    result = rewrite(source, str(request.path), options)
    return Emitted(result.text.decode("utf-8", "surrogateescape"), ".hip", result.diagnostics)
