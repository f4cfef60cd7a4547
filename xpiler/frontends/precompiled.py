"""Standard headers parsed once: a precompiled header for what a file includes at its top.

`<vector>`, `<cmath>` and `<iostream>` take libclang most of a second, a kernel a few milliseconds. The leading
run of standard includes is therefore parsed once, saved in the user's cache, and loaded from there.
Anything that could change what such a header means ends the run: a macro, a header of the user's own.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

import clang.cindex as ci

from xpiler.store import Cache, digest

__all__ = ["leading_includes", "precompiled"]

_SKIPPED: Final = re.compile(
    r"\s+|//(?:[^\n\\]|\\.)*|/\*.*?\*/|\#[ \t]*pragma[ \t]+once[^\n]*", re.S
)
_INCLUDE: Final = re.compile(r"""\#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"][^\n]*""")


def leading_includes(text: str, known: Collection[str], empty: Collection[str]) -> tuple[str, ...]:
    """The headers of `known` that `text` includes before anything else; those of `empty` are passed over."""
    found: list[str] = []
    at = 0
    while True:
        while (skipped := _SKIPPED.match(text, at)) is not None:
            at = skipped.end()
        include = _INCLUDE.match(text, at)
        if include is None or include[1] not in (*known, *empty):
            return tuple(dict.fromkeys(found))
        if include[1] in known:
            found.append(include[1])
        at = include.end()


def precompiled(
    headers: Sequence[str], arguments: Sequence[str], unsaved: Sequence[tuple[str, str]]
) -> Path | None:
    """The precompiled form of `headers` under `arguments`; made where it is not there yet.

    None where it cannot be made: a file is then parsed with its headers, as ever.
    """
    text = "".join(f"#include <{header}>\n" for header in headers)
    stamp = [f"{name}\0{content}" for name, content in unsaved]
    key = digest("pch", str(Path(ci.__file__)), text, *arguments, *stamp)
    cache = Cache.default()
    there = cache.get(key, ".pch")
    if there is not None:
        return there
    try:
        return _made(cache, key, text, arguments, unsaved)
    except (OSError, ci.TranslationUnitLoadError, ci.TranslationUnitSaveError):
        return None


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
