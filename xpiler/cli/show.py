"""Show diagnostics and results on a terminal, with the source line and a caret."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from xpiler.ir.diagnostics import Diagnostic

if TYPE_CHECKING:
    from rich.console import Console

    from xpiler.driver.report import InputError, KernelReport, ModelUse, Report
    from xpiler.synth.proofs.verdicts import KernelVerdict
    from xpiler.verify.evidence import Proved, Unverified

__all__ = [
    "console",
    "show_diagnostics",
    "show_input_error",
    "show_memory",
    "show_problems",
    "show_report",
]

_COLOURS = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_STATUS = {"verified": "bold green", "unverified": "yellow", "refused": "bold red"}


def console(stderr: bool = False) -> Console:
    """A console that leaves text alone: no highlighting, no markup in what users wrote."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def show_diagnostics(diagnostics: Iterable[Diagnostic], out: Console) -> None:
    """One block each: place, message, code, the source line with a caret, the hint."""
    from rich.text import Text

    for d in diagnostics:
        line = Text()
        if d.span is not None:
            line.append(f"{d.span}: ", style="bold")
        line.append(f"{d.severity}: ", style=_COLOURS.get(d.severity, ""))
        line.append(d.message)
        line.append(f" [{d.code}]", style="dim")
        out.print(line)
        snippet = _snippet(d)
        if snippet:
            out.print(Text(snippet, style="dim"))
        if d.hint:
            out.print(Text(f"  hint: {d.hint}", style="italic"))


def _snippet(d: Diagnostic) -> str:
    if d.span is None:
        return ""
    try:
        lines = Path(d.span.file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    if not 0 < d.span.line <= len(lines):
        return ""
    line = lines[d.span.line - 1].expandtabs(1)
    width = 1
    if d.span.end_line == d.span.line:
        width = max(1, d.span.end_column - d.span.column)
    start = max(0, d.span.column - 1)
    caret = " " * start + "^" + "~" * (min(width, max(1, len(line) - start)) - 1)
    number = f"{d.span.line:5} | "
    return f"{number}{line}\n{' ' * (len(number) - 2)}| {caret}"


def show_input_error(found: InputError) -> NoReturn:
    """Say what is wrong with the input or the command line, and end with status 2."""
    show_diagnostics(found.diagnostics, console(stderr=True))
    raise typer.Exit(2)


def show_problems(report: Report, out: Console) -> None:
    """Only what keeps kernels from being verified."""
    for kernel in report.kernels:
        if kernel.status != "verified":
            _show_kernel(kernel, out, verbose=False)
            show_diagnostics(kernel.diagnostics, out)
    show_diagnostics((d for d in _of_the_file(report) if d.severity == "error"), out)


def show_report(report: Report, out: Console, verbose: bool = False) -> None:
    """A line per kernel, the passes when asked for, where the result went."""
    from rich.text import Text

    for kernel in report.kernels:
        _show_kernel(kernel, out, verbose)
        show_diagnostics(kernel.diagnostics, out)
    show_diagnostics(_of_the_file(report), out)
    if report.model is not None:
        out.print(Text(_model_line(report.model), style="dim"))
    total = sum(report.seconds.values())
    if report.output:
        out.print(Text(f"wrote {report.output} in {total:.1f} s"))
    elif report.text == "":
        out.print(Text(f"nothing was written ({total:.1f} s)"))


def _of_the_file(report: Report) -> list[Diagnostic]:
    """What no kernel has said already."""
    said = {(d.code, d.span) for kernel in report.kernels for d in kernel.diagnostics}
    return [d for d in report.diagnostics if d.span is None or (d.code, d.span) not in said]


def _model_line(use: ModelUse) -> str:
    tokens = f"{use.tokens_in} + {use.tokens_out} tokens"
    cost = f", cost {use.cost:.4g}" if use.cost else ""
    outcomes = "; ".join(f"{count} {how}" for how, count in use.outcomes.items())
    return f"model: {use.requests} requests, {tokens}{cost}" + (f"; {outcomes}" if outcomes else "")


def _show_kernel(kernel: KernelReport, out: Console, verbose: bool) -> None:
    from rich.text import Text

    from xpiler.verify.evidence import summary

    line = Text(f"{kernel.name}: ", style="bold")
    line.append(kernel.status, style=_STATUS[kernel.status])
    line.append(f"  {summary(kernel.evidence).removeprefix(f'{kernel.status}: ')}")
    out.print(line)
    if kernel.memory is not None:
        show_memory(kernel.memory, out)
    if not verbose:
        return
    for p in kernel.passes:
        text = f"  {p.name:<18} {p.verdict:<9} {p.seconds * 1000:6.1f} ms  "
        out.print(Text(text + ("; ".join(p.notes) or p.reason), style="dim"))
        if p.evidence is not None:
            out.print(Text(f"  {'':<18} {_proof_line(p.evidence)}", style="dim"))


def show_memory(found: KernelVerdict, out: Console) -> None:
    """A line each for bounds, races, integers and barriers, and what they rest on."""
    from rich.text import Text

    from xpiler.synth.proofs.verdicts import lines

    for line in lines(found):
        out.print(Text(f"  {line}"))
    for note in found.notes:
        out.print(Text(f"  note: {note}", style="dim"))


def _proof_line(evidence: Proved | Unverified) -> str:
    from xpiler.verify.evidence import Proved, summary

    return summary(evidence) if isinstance(evidence, Proved) else f"no proof: {evidence.reason}"
