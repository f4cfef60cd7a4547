"""xpiler: CUDA kernels to HIP, BANG C and AVX-512 C, with their correctness shown.

    >>> import xpiler
    >>> xpiler.translate("softmax.cu", "avx512").exit_status
    >>> s = xpiler.open("softmax.cu", target="bang")      # pass by pass

Names are loaded when they are first used: importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["Settings", "infer_cases", "open", "plan", "translate", "verify_pair"]

_HOMES = {
    "Settings": ("xpiler.api", "Settings"),
    "infer_cases": ("xpiler.api", "infer_cases"),
    "open": ("xpiler.session", "open_session"),
    "plan": ("xpiler.api", "plan"),
    "translate": ("xpiler.api", "translate"),
    "verify_pair": ("xpiler.api", "verify_pair"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'xpiler' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(importlib.import_module(module), attribute)
