"""Standard headers parsed once: a precompiled header for those that a file includes.

`<vector>`, `<cmath>` and `<iostream>` take libclang most of a second, a kernel a few milliseconds. The standard
headers of a file are therefore parsed once, saved in the user's cache, and loaded from there. What stands
behind a macro that could change them, or in a conditional branch, is read as ever.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

import clang.cindex as ci

from xpiler.store import Cache, digest

__all__ = ["precompiled", "standard_includes"]

_DIRECTIVE: Final = re.compile(
    r"""^[ \t]*\#[ \t]*(?:(?P<open>if)|(?P<close>endif)|(?:define|undef)[ \t]+(?P<macro>\w+)
    |include[ \t]*[<"](?P<header>[^>"\n]+)[>"])""",
    re.M | re.X,
)
_FEATURE: Final = re.compile(r"_|NDEBUG$")
"""Macros that standard headers ask for; no other name of a user's may change what they mean."""


def standard_includes(text: str, known: Collection[str]) -> tuple[str, ...]:
    """The headers of `known` that `text` includes in any case and that no macro of its own can change."""
    found: list[str] = []
    depth = 0
    for directive in _DIRECTIVE.finditer(text):
        header, macro = directive["header"], directive["macro"]
        if directive["open"]:
            depth += 1
        elif directive["close"]:
            depth -= 1
        elif macro is not None and _FEATURE.match(macro):
            break
        elif header in known and depth == 0:
            found.append(header)
    return tuple(dict.fromkeys(found))


def precompiled(
    headers: Sequence[str], arguments: Sequence[str], unsaved: Sequence[tuple[str, str]]
) -> Path | None:
    """The precompiled form of `headers` under `arguments`; made where it is not there yet.

    None where it cannot be made: a file is then parsed with its headers, as ever.
    """
    text = "".join(f"#include <{header}>\n" for header in headers)
    stamp = [f"{name}\0{content}" for name, content in unsaved]
    stamp += [f"{path}\0{path.stat().st_mtime_ns}" for path in _own_headers()]
    key = digest("pch", str(Path(ci.__file__)), text, *arguments, *stamp)
    cache = Cache.default()
    there = cache.get(key, ".pch")
    if there is not None:
        return there
    try:
        return _made(cache, key, text, arguments, unsaved)
    except (OSError, ci.TranslationUnitLoadError, ci.TranslationUnitSaveError):
        return None


def _own_headers() -> list[Path]:
    """The stand-ins: a header that was precompiled with others than these would be refused at each parse."""
    package = Path(__file__).parents[1]
    folders = ("frontends/include", "runtime/include/xpiler")
    return sorted(p for folder in folders for p in (package / folder).rglob("*.h"))


def _made(
    cache: Cache,
    key: str,
    text: str,
    arguments: Sequence[str],
    unsaved: Sequence[tuple[str, str]],
) -> Path:
    scratch = cache.scratch(key, ".pch")
    # The name is recorded in the header and has to be the same whenever it is loaded.
    name = str(cache.root / "standard_headers.cu")
    files: list[tuple[str, Any]] = [(name, text), *unsaved]
    try:
        unit = ci.Index.create().parse(
            name,
            args=[*arguments, "-fpch-instantiate-templates"],
            unsaved_files=files,
            options=ci.TranslationUnit.PARSE_INCOMPLETE,
        )
        unit.save(str(scratch))
    except BaseException:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise
    return cache.put(key, ".pch", scratch)
