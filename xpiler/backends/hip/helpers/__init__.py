"""Device functions that a ported file may need: pieces of C++, each with the pieces it builds on."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

__all__ = ["NAMESPACE", "all_pieces", "header", "prelude"]

NAMESPACE = "xpiler_hip"
_FOLDER = Path(__file__).parent

# Pieces that are preprocessor text and stand outside the namespace.
_GLOBAL = frozenset({"arch"})


@cache
def _piece(name: str) -> tuple[tuple[str, ...], str]:
    text = (_FOLDER / f"{name}.h").read_text()
    first, _, body = text.partition("\n")
    return tuple(first.removeprefix("// needs:").split()), body


# Pieces that change what others do, so that they are only there when asked for.
_ASKED_FOR = frozenset({"wmma_mfma"})


@cache
def all_pieces(more: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Names of the pieces of a tree's header, in an order in which each comes after what it needs."""
    return _ordered(sorted({p.stem for p in _FOLDER.glob("*.h")} - _ASKED_FOR | more))


def _ordered(names: Iterable[str]) -> tuple[str, ...]:
    done: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in done:
            return
        for needed in _piece(name)[0]:
            visit(needed)
        done[name] = None

    for name in names:
        visit(name)
    return tuple(done)


def prelude(names: Iterable[str], newline: str = "\n") -> str:
    """The text of some pieces; each has its own guard, so several ported files may be included together."""
    ordered = _ordered(sorted(names))
    lines: list[str] = ["// --- helpers added by xpiler: what this file uses and HIP lacks ---\n"]
    for name in ordered:
        guard = f"XPILER_HIP_{name.upper()}"
        body = _piece(name)[1]
        if name in _GLOBAL:
            lines.append(body)
            continue
        lines.append(
            f"#ifndef {guard}\n#define {guard}\nnamespace {NAMESPACE} {{\n{body}}}\n#endif\n"
        )
    lines.append("// --- end of helpers ---\n")
    return "".join(lines).replace("\n", newline)


def header(more: frozenset[str] = frozenset()) -> str:
    """All pieces as one header, for a ported tree; `more` are those that must be asked for."""
    return (
        "// Helpers of a tree ported by xpiler: what CUDA has and HIP lacks, on warps of 32 lanes.\n"
        "#pragma once\n#include <hip/hip_runtime.h>\n"
        + ("#include <hip/hip_fp16.h>\n" if more else "")
        + prelude(all_pieces(more))
    )
