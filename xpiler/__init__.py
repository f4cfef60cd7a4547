"""CUDA kernels to HIP, BANG C and AVX-512 C, with their correctness shown.

    >>> import xpiler
    >>> report = xpiler.translate("softmax.cu", "avx512")   # a Report, or an InputError
    >>> report.exit_status                                  # 0: every kernel verified
    0
    >>> s = xpiler.open("softmax.cu", target="bang")        # a Session: pass by pass
    >>> s.plan; s.step(); s.diff(); s.check(); s.save("softmax.mlu")

translate    one file, verified against the source
open         per-pass debugging, in a notebook or a script
plan         which passes apply to each kernel, and the programs between them
infer_cases  the test cases that verification uses, as TOML
verify_pair  whether two files compute the same
check        bounds, races and barriers of each kernel, for all sizes

What is wrong with a file or a setting comes back as an `InputError`; a `Session` raises
`SessionError`. Names are loaded when they are first used: importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xpiler.api import Settings, check, infer_cases, plan, translate, verify_pair
    from xpiler.driver.report import InputError, Report
    from xpiler.session import Session, SessionError
    from xpiler.session import open_session as open

__all__ = [
    "InputError",
    "Report",
    "Session",
    "SessionError",
    "Settings",
    "check",
    "infer_cases",
    "open",
    "plan",
    "translate",
    "verify_pair",
]

_HOMES = {
    "InputError": ("xpiler.driver.report", "InputError"),
    "Report": ("xpiler.driver.report", "Report"),
    "Session": ("xpiler.session", "Session"),
    "SessionError": ("xpiler.session", "SessionError"),
    "Settings": ("xpiler.api", "Settings"),
    "check": ("xpiler.api", "check"),
    "infer_cases": ("xpiler.api", "infer_cases"),
    "open": ("xpiler.session", "open_session"),
    "plan": ("xpiler.api", "plan"),
    "translate": ("xpiler.api", "translate"),
    "verify_pair": ("xpiler.api", "verify_pair"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'xpiler' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
