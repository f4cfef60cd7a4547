"""Ask of each kernel of a file whether its memory accesses are right for all sizes: bounds, races, barriers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from xpiler.driver.judge import FileCases
from xpiler.frontends.host import Launch
from xpiler.frontends.results import LiftedFile, LiftedKernel
from xpiler.ir.diagnostics import Diagnostic
from xpiler.records import dataclass
from xpiler.verify.cases.host_formulas import as_written, overlaps_of
from xpiler.verify.cases.infer import NoCase

if TYPE_CHECKING:
    from xpiler.synth.proofs.verdicts import KernelVerdict
    from xpiler.synth.repair.solve import Query

__all__ = ["Checked", "Unchecked", "check_file", "check_kernel", "diagnostics_of"]


UNSEEN = (
    "no test has these sizes: it is an error if the host may launch with them; `xpiler cases` writes the case, add them"
    " to its [case.sizes] and give it with --case to have it tested and told as one; else let the kernel exclude them"
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A kernel and what was found out; `name` is what the source calls it."""

    name: str
    symbol: str
    verdict: KernelVerdict


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A kernel that could not be asked, and why."""

    name: str
    diagnostic: Diagnostic


def check_file(
    lifted: LiftedFile,
    cases: FileCases,
    seconds: float,
    say: Callable[[str], None],
    note: Callable[[str, Query], None] = lambda _, __: None,
) -> tuple[Checked | Unchecked, ...]:
    """Each kernel of a file; `note` is told its symbol with each question to the solver."""
    out: list[Checked | Unchecked] = []
    for item in lifted.kernels:
        if not isinstance(item, LiftedKernel):
            out.append(Unchecked(item.name, item.diagnostic))
            continue
        say(f"{item.source_name}: bounds, races, barriers")
        asked = partial(note, item.symbol)
        out.append(check_kernel(item, cases, lifted.launches, seconds, asked))
    return tuple(out)


def check_kernel(
    kernel: LiftedKernel,
    cases: FileCases,
    launches: Iterable[Launch],
    seconds: float,
    note: Callable[[Query], None] = lambda _: None,
) -> Checked | Unchecked:
    """One kernel, in the launches that its cases describe."""
    from xpiler.synth.proofs.sanitize import sanitize

    known = cases.get(kernel.symbol, NoCase("no case"))
    if isinstance(known, NoCase):
        message = (
            f"{kernel.source_name}: there is no case that says how it is launched: {known.reason}"
        )
        hint = "write one: xpiler cases prints what it looks like"
        span = kernel.program.kernels[0].span
        return Unchecked(kernel.source_name, Diagnostic("XP4105", "warning", message, span, hint))
    mine = [launch for launch in launches if launch.symbol == kernel.symbol]
    written = tuple(as_written(case, mine) for case in known)
    overlaps = tuple(overlaps_of(case, mine) for case in written)
    verdict = sanitize(kernel.program, written, seconds, note, overlaps)
    return Checked(kernel.source_name, kernel.symbol, verdict)


def diagnostics_of(checked: Checked) -> tuple[Diagnostic, ...]:
    """What is wrong for certain, where it stands."""
    from xpiler.synth.proofs.verdicts import (
        Divergent,
        Fits,
        MayWrap,
        Outside,
        Race,
        outside_text,
        sizes_text,
    )

    found: list[Diagnostic] = []
    verdict = checked.verdict
    for access in verdict.accesses:
        if isinstance(access.verdict, Outside):
            text, own = outside_text(access, access.verdict), access.verdict.own
            severity, hint = ("error", "") if own else ("warning", UNSEEN)
            found.append(Diagnostic("XP4101", severity, text, access.span, hint))
    if isinstance(verdict.races, Race):
        race = verdict.races
        hint = "a __syncthreads() between them, or an atomic operation" if race.near else ""
        severity, hint = ("error", hint) if race.own else ("warning", UNSEEN)
        found.append(Diagnostic("XP4102", severity, race.sentence, race.spans[0], hint))
    if isinstance(verdict.barriers, Divergent):
        text, span = verdict.barriers.sentence, verdict.barriers.span
        severity, hint = "error", "move __syncthreads() out of the branch"
        severity, hint = (severity, hint) if verdict.barriers.own else ("warning", UNSEEN)
        found.append(Diagnostic("XP4103", severity, text, span, hint))
    if isinstance(verdict.overflow, MayWrap):
        text = f"an index may wrap round{sizes_text(verdict.overflow.sizes)}"
        hint = "compute it in 64 bits (size_t)"
        found.append(Diagnostic("XP4104", "warning", text, verdict.overflow.span, hint))
    if isinstance(verdict.overflow, Fits) and verdict.overflow.beyond is not None:
        beyond = verdict.overflow.beyond
        text = f"an index may wrap round beyond 2^{verdict.overflow.bits}{sizes_text(beyond.sizes)}"
        hint = "compute it in 64 bits (size_t) if buffers may be as large"
        found.append(Diagnostic("XP4104", "note", text, beyond.span, hint))
    return tuple(dict.fromkeys(found))
