"""Compiler errors that a kernel cannot do without: in its own text or in a function that it reaches."""

from __future__ import annotations

from collections.abc import Sequence

from xpiler.frontends.libclang import Node
from xpiler.ir.diagnostics import Diagnostic

__all__ = ["error_within"]


def error_within(definition: Node, errors: Sequence[Diagnostic]) -> Diagnostic | None:
    """The first error that stands in the function or in one that it calls; headers that are missing aside."""
    errors = [e for e in errors if e.span is not None and e.code != "XP1003"]
    if not errors:
        return None
    seen: set[int] = set()
    pending = [definition]
    while pending:
        function = pending.pop()
        if function.key in seen:
            continue
        seen.add(function.key)
        found = _stands_in(function, errors)
        if found is not None:
            return found
        pending += _called(function)
    return None


def _stands_in(function: Node, errors: Sequence[Diagnostic]) -> Diagnostic | None:
    here = function.span
    if here is None:
        return None
    for error in errors:
        at = error.span
        if at is not None and at.file == here.file and here.line <= at.line <= here.end_line:
            return error
    return None


def _called(function: Node) -> list[Node]:
    out: list[Node] = []
    for node in function.walk():
        ref = node.ref if node.kind in ("DECL_REF_EXPR", "CALL_EXPR", "MEMBER_REF_EXPR") else None
        if ref is None or ref.in_system_header or "VAR" in ref.kind or "PARM" in ref.kind:
            continue
        definition = ref.cursor.get_definition()
        if definition is not None:
            out.append(Node(definition, function.parsed))
    return out
