"""Lift a CUDA file: kernels to the Kernel IR, host code to facts about launches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xpiler.backends.base import Diagnostic
from xpiler.frontends.libclang import Node, Parsed, parse
from xpiler.frontends.lift import calls as _calls
from xpiler.frontends.lift import copies as _copies
from xpiler.frontends.lift import groups as _groups
from xpiler.frontends.lift import numbers as _numbers
from xpiler.frontends.lift import scaling as _scaling
from xpiler.frontends.lift import surfaces as _surfaces
from xpiler.frontends.lift import textures as _textures
from xpiler.frontends.lift import tiles as _tiles
from xpiler.frontends.lift import warp as _warp
from xpiler.frontends.lift.broken import error_within
from xpiler.frontends.lift.discover import KernelSite, discover
from xpiler.frontends.lift.guessed import guessed_instances
from xpiler.frontends.lift.instances import instance_name, qualified_name, symbol_of
from xpiler.frontends.lift.kernel import lift_kernel
from xpiler.frontends.lift.launches import HostCode, launch_facts, launches, read_host_code
from xpiler.frontends.lift.samplers import read_samplers
from xpiler.frontends.lift.state import FileState
from xpiler.frontends.lift.values import RefusedConstruct
from xpiler.frontends.results import LiftedFile, LiftedKernel, ParseFailed, Refused

__all__ = ["LiftedFile", "LiftedKernel", "ParseFailed", "Refused", "lift"]

_TOLD = 3  # errors in host code that are shown: an absent library makes dozens

_REGISTERED = (
    _calls,
    _copies,
    _groups,
    _numbers,
    _scaling,
    _surfaces,
    _textures,
    _tiles,
    _warp,
)  # importing them registers what they lift


def lift(
    text: str,
    path: Path,
    *,
    include_dirs: Sequence[Path] = (),
    defines: Sequence[str] = (),
    only: str | None = None,
) -> LiftedFile | ParseFailed:
    """Parse `text` as the file `path` and lift its kernels.

    `only` restricts to the kernel of that name, instance (`reduce<float, 256>`) or symbol. A kernel that
    cannot be lifted is a `Refused` among the results; the others go on.
    """
    parsed = parse(text, path, include_dirs, defines)
    if isinstance(parsed, ParseFailed):
        return parsed
    found = discover(parsed)
    guesses = guessed_instances(found.kernels.values())
    again = parse(text, path, include_dirs, defines, guesses) if guesses else parsed
    if guesses and isinstance(again, Parsed):
        parsed, found = again, discover(again)
    file = FileState(samplers=read_samplers(parsed, found))
    host = read_host_code(found, file.types)
    taken: set[str] = set()
    results: list[LiftedKernel | Refused] = []
    symbols: dict[int, LiftedKernel] = {}
    for site in found.kernels.values():
        for definition, result in _site(file, host, site, taken, only):
            if isinstance(result, LiftedKernel):
                symbols[definition.key] = result
            guessed = qualified_name(site.definition) in {g.split("<")[0] for g in guesses}
            if guessed and isinstance(result, LiftedKernel):
                file.notes.append(_as_guessed(definition))
            elif guessed and isinstance(result, Refused) and result.diagnostic.code == "XP1002":
                result = _not_instantiated(site)
            results.append(result)
    diagnostics = (*_warnings(parsed), *dict.fromkeys(file.notes))
    if not found.kernels:
        diagnostics += (Diagnostic("XP1004", "warning", "there is no kernel in this file"),)
    return LiftedFile(tuple(results), launches(host, symbols), diagnostics, parsed.errors)


def _warnings(parsed: Parsed) -> tuple[Diagnostic, ...]:
    """Errors in host code, or in another kernel, do not stop a kernel; they are told, the first of many."""
    told = tuple(Diagnostic(e.code, "warning", e.message, e.span, e.hint) for e in parsed.errors)
    if len(told) <= _TOLD + 1:
        return told
    more = f"{len(told) - _TOLD} more such places; host code is taken as it is"
    return (*told[:_TOLD], Diagnostic("XP1002", "warning", more, told[_TOLD].span))


def _site(
    file: FileState, host: HostCode, site: KernelSite, taken: set[str], only: str | None
) -> list[tuple[Node, LiftedKernel | Refused]]:
    name = qualified_name(site.definition)
    if site.template and not site.instances:
        if only not in (None, name, site.definition.spelling):
            return []
        return [(site.definition, _not_instantiated(site))]
    out: list[tuple[Node, LiftedKernel | Refused]] = []
    for definition in site.instances or [site.definition]:
        source_name = instance_name(definition)
        symbol = symbol_of(source_name, taken)
        if only not in (None, name, site.definition.spelling, source_name, symbol):
            continue
        out.append((definition, _one(file, host, definition, source_name, symbol)))
    return out


def _instantiate(name: str) -> str:
    return f"launch it, or add `template __global__ void {name}<...>(...);`"


def _not_instantiated(site: KernelSite) -> Refused:
    name = qualified_name(site.definition)
    message = f"template kernel {name} is not launched here with known arguments"
    span = site.definition.span
    return Refused(name, Diagnostic("XP1101", "error", message, span, _instantiate(name)))


def _as_guessed(definition: Node) -> Diagnostic:
    name, taken = qualified_name(definition), instance_name(definition)
    message = f"template kernel {name} is not launched here with known arguments: taken as {taken}"
    hint = f"for other arguments {_instantiate(name)}"
    return Diagnostic("XP1101", "warning", message, definition.span, hint)


def _one(
    file: FileState, host: HostCode, definition: Node, source_name: str, symbol: str
) -> LiftedKernel | Refused:
    name = definition.spelling
    body = definition.cursor.get_definition()
    node = definition if body is None else Node(body, definition.parsed)
    instance = source_name if "<" in source_name else ""
    error = error_within(node, definition.parsed.errors)
    if error is not None:
        message = f"{source_name}: {error.message}"
        return Refused(
            source_name, Diagnostic(error.code, "error", message, error.span, error.hint)
        )
    facts = launch_facts(host, definition)
    program = lift_kernel(file, node, symbol, instance, facts)
    if isinstance(program, RefusedConstruct):
        diagnostic = Diagnostic(
            program.code, "error", f"{source_name}: {program.message}", program.span, program.hint
        )
        return Refused(source_name, diagnostic)
    return LiftedKernel(program, source_name, symbol, name, definition.span)
