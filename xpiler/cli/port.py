"""`xpiler port`: a repository of CUDA to HIP."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from xpiler.cli.help import Command

if TYPE_CHECKING:
    from xpiler.backends.hip.options import UserRule
    from xpiler.port.report import Report
    from xpiler.port.runner import Change, Refused, Result
    from xpiler.port.settings import Settings

__all__ = ["register"]


Source = Annotated[Path, typer.Argument(help="The tree to port.", show_default=False)]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Where the ported tree goes.")]
TargetName = Annotated[
    str,
    typer.Option(
        "--target",
        "-t",
        help="hip edits the whole tree; for others each source with kernels is translated, the rest copied.",
    ),
]
Arch = Annotated[str, typer.Option(help="The GPU, gfx90a for example.")]
InPlace = Annotated[bool, typer.Option("--in-place", help="Change SOURCE itself, with a backup.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing; print a unified diff.")]
Include = Annotated[
    list[str] | None, typer.Option(help="Only files matching this gitignore pattern.")
]
Exclude = Annotated[
    list[str] | None, typer.Option(help="Not files matching this gitignore pattern.")
]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=1, help="Files ported at once.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Port into a folder that exists.")]
SingleSource = Annotated[
    bool,
    typer.Option("--single-source", help="Keep CUDA's names; add a header for both vendors."),
]
Annotate = Annotated[
    bool, typer.Option("--annotate", help="Leave errors and warnings as comments.")
]
Suppress = Annotated[
    list[str] | None, typer.Option(help="Codes not to report: XP5201, XP52, XP5201-XP5209.")
]
RuleFile = Annotated[Path | None, typer.Option(help="TOML file with rules of your own.")]
Verify = Annotated[bool, typer.Option("--verify/--no-verify", help="Verify the tree's kernels.")]
Compile = Annotated[
    bool,
    typer.Option("--compile/--no-compile", help="Compile each source where a compiler is found."),
]
CompileCommands = Annotated[
    Path | None,
    typer.Option("-p", "--compile-commands", help="compile_commands.json; SOURCE's is found."),
]
Run = Annotated[
    str | None,
    typer.Option("--run", help="Run the program (with these arguments) before and after, compare."),
]
Matrix = Annotated[
    str, typer.Option(help="wmma fragments: loops, mfma (matrix cores of CDNA) or rocwmma.")
]
Rocm = Annotated[str, typer.Option(help="The oldest ROCm release to run on, 5.7 for example.")]
ReportFile = Annotated[
    Path | None, typer.Option(help="Where report.json goes (and report.html beside it).")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only errors.")]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(cls=Command)
    def port(
        source: Source,
        output: Output = None,
        target: TargetName = "hip",
        arch: Arch = "gfx90a",
        in_place: InPlace = False,
        dry_run: DryRun = False,
        include: Include = None,
        exclude: Exclude = None,
        jobs: Jobs = 1,
        force: Force = False,
        single_source: SingleSource = False,
        annotate: Annotate = False,
        suppress: Suppress = None,
        rules: RuleFile = None,
        verify: Verify = True,
        compile_: Compile = False,
        compile_commands: CompileCommands = None,
        run: Run = None,
        matrix: Matrix = "loops",
        rocm: Rocm = "",
        report: ReportFile = None,
        quiet: Quiet = False,
    ) -> None:
        """Port a repository to HIP: sources, headers and build files by exact edits, everything else copied.

        \b
        xpiler port cuda-project -o hip-project            a copy; the original stays as it is
        xpiler port cuda-project --in-place --dry-run      what would change

        Running again ports what changed upstream and keeps what was edited by hand.

        With another target, each source with kernels is translated by itself (as by xpiler translate); headers and
        build files stay as they are.
        """
        from xpiler.port.settings import Settings

        if target != "hip":
            of_hip = {
                "--in-place": in_place,
                "--dry-run": dry_run,
                "--single-source": single_source,
                "--run": run is not None,
                "--compile": compile_,
                "--annotate": annotate,
                "--rules": rules is not None,
                "--rocm": bool(rocm),
                "--matrix": matrix != "loops",
            }
            for option in (name for name, given in of_hip.items() if given):
                _refuse(f"{option} is for hip, not for {target}", "leave it out, and give -o OUT")
            patterns = (tuple(include or ()), tuple(exclude or ()))
            raise typer.Exit(_translate(source, output, target, verify, patterns, force, quiet))
        if output is None and not in_place:
            _refuse("where to?", "give -o OUT, or --in-place")
        _check_choices(arch, matrix, rocm)
        settings = Settings(
            source=source,
            output=source if in_place or output is None else output,
            arch=arch,
            include=tuple(include or ()),
            exclude=tuple(exclude or ()),
            jobs=jobs,
            dry_run=dry_run,
            in_place=in_place,
            force=force,
            annotate=annotate,
            single_source=single_source,
            suppress=_suppressed(suppress or ()),
            rules=_rules(rules),
            matrix=matrix,
            rocm=rocm,
            compile=compile_,
            verify=verify,
            compile_commands=compile_commands,
        )
        raise typer.Exit(_port(settings, report, quiet, run))


def _translate(
    source: Path,
    output: Path | None,
    target: str,
    verify: bool,
    patterns: tuple[tuple[str, ...], tuple[str, ...]],
    force: bool,
    quiet: bool,
) -> int:
    """A tree for a target whose files are translated whole."""
    from xpiler.backends.registry import UnknownTarget, load_target
    from xpiler.port.translated import exit_status, translate_tree, write_report
    from xpiler.port.tree import STATE

    machine = load_target(target)
    if isinstance(machine, UnknownTarget):
        _refuse(f"there is no target {target!r}", f"known: {', '.join(machine.known)}")
    if not source.is_dir():
        _refuse(f"{source} is not a folder", "to translate one file, use xpiler translate")
    if output is None or output.resolve() == source.resolve():
        _refuse("where to?", "give -o OUT, another folder than the source")
    if output.is_dir() and any(output.iterdir()) and not (output / STATE).is_dir() and not force:
        _refuse(f"{output} exists and is no port of xpiler's", "pass --force to write into it")
    include, exclude = patterns
    files = translate_tree(
        source,
        output,
        machine,
        verify=verify,
        include=include,
        exclude=exclude,
        tell=_teller(quiet),
    )
    place = write_report(files, output, target)
    if not quiet:
        for file in files:
            if file.status != "copied":
                sys.stderr.write(
                    f"{file.path}: {file.status}"
                    + (f" -> {file.output}\n" if file.kernels else "\n")
                )
            for name, known in file.kernels.items():
                sys.stderr.write(f"  {name}: {known}\n")
            for note in file.notes:
                sys.stderr.write(f"  {note}\n")
        sys.stderr.write(f"report: {place}\n")
    return exit_status(files)


def _check_choices(arch: str, matrix: str, rocm: str) -> None:
    from xpiler.backends.hip.options import ARCHITECTURES, MATRIX, RELEASE

    if arch not in ARCHITECTURES:
        _refuse(f"unknown architecture {arch}", f"known: {', '.join(ARCHITECTURES)}")
    if matrix not in MATRIX:
        _refuse(f"unknown --matrix {matrix}", f"known: {', '.join(MATRIX)}")
    if rocm and not RELEASE.fullmatch(rocm):
        _refuse(f"--rocm {rocm} is no release", "like 5.7 or 6.2.1")


def _suppressed(given: Iterable[str]) -> tuple[str, ...]:
    from xpiler.backends.hip.catalog import codes
    from xpiler.port.settings import is_suppressed

    wanted = tuple(part.strip() for item in given for part in item.split(","))
    for one in wanted:
        if not one or not any(is_suppressed(code, (one,)) for code in codes()):
            _refuse(
                f"--suppress {one or 'nothing'}: there is no such code",
                "a code, a prefix or a range: XP5201, XP52, XP5201-XP5209",
            )
    return wanted


def _rules(path: Path | None) -> tuple[UserRule, ...]:
    from xpiler.backends.hip.rules import BadRules, read_rules

    found = read_rules(path) if path is not None else ()
    if isinstance(found, BadRules):
        _refuse(f"{found.path}: {found.reason}", "see docs/port.md, User rules")
    return found


def _refuse(reason: str, hint: str) -> NoReturn:
    sys.stderr.write(f"xpiler port: {reason}\n" + (f"  hint: {hint}\n" if hint else ""))
    raise typer.Exit(2)


def _port(settings: Settings, report_path: Path | None, quiet: bool, run: str | None) -> int:
    from xpiler.port.checks import check
    from xpiler.port.manifest import write_atomically
    from xpiler.port.report import to_html, to_json
    from xpiler.port.runner import Refused
    from xpiler.port.tree import STATE

    result = _with_progress(settings, quiet)
    if isinstance(result, Refused):
        _refuse(result.reason, result.hint)
    if result.interrupted:
        sys.stderr.write("xpiler port: interrupted; run it again to go on\n")
        return 130
    place = report_path or settings.output / STATE / "report.json"
    if settings.dry_run:
        for change in result.changes:
            sys.stdout.write(_diff(change).encode(errors="backslashreplace").decode())
    else:
        result.report = check(result.report, settings, result.units, run, _teller(quiet))
        write_atomically(place, to_json(result.report).encode())
        write_atomically(
            place.with_suffix(".html"), to_html(result.report).encode(errors="backslashreplace")
        )
    if not quiet:
        _print_summary(result.report, settings)
        if not settings.dry_run:
            page = place.with_suffix(".html")
            sys.stderr.write(f"report: {page}\n")
    return _status(result.report)


def _with_progress(settings: Settings, quiet: bool) -> Result | Refused:
    from xpiler.port.runner import port_tree

    if quiet or not sys.stderr.isatty():
        return port_tree(settings)
    from rich.progress import Progress

    with Progress(transient=True) as bar:
        task = bar.add_task("porting", total=None)
        return port_tree(
            settings,
            lambda done, total, name: bar.update(
                task, completed=done, total=total, description=name[-40:]
            ),
        )


def _teller(quiet: bool) -> Callable[[str], None]:
    """Says what is being checked, on one line that is written over, where somebody looks."""
    if quiet or not sys.stderr.isatty():
        return lambda _: None
    return lambda name: print(f"\r\033[Kchecking {name[-60:]}\r", end="", file=sys.stderr)


def _diff(change: Change) -> str:
    import difflib

    old = (change.old or b"").decode("utf-8", "replace").splitlines(keepends=True)
    new = (change.new or b"").decode("utf-8", "replace").splitlines(keepends=True)
    a = "/dev/null" if change.old is None else f"a/{change.path}"
    b = "/dev/null" if change.new is None else f"b/{change.path}"
    lines = difflib.unified_diff(old, new, a, b)
    return "".join(
        line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines
    )


def _print_summary(report: Report, settings: Settings) -> None:
    from xpiler.port.report import summarise

    total = summarise(report.rows)
    write = sys.stderr.write
    for row in report.rows:
        for d in row.diagnostics:
            if d["severity"] == "error" or (d["severity"] == "warning" and settings.dry_run):
                place = f"{d['file']}:{d['line']}:{d['column']}" if d["line"] else row.path
                write(f"{place}: {d['severity']}: {d['message']} [{d['code']}]\n")
                if d["hint"]:
                    write(f"  hint: {d['hint']}\n")
    states = ", ".join(f"{n} {name}" for name, n in sorted(total["by_status"].items()))
    write(
        f"{total['files']} files ({total['cuda_files']} with CUDA): {states or 'nothing'}\n"
        f"{total['names_converted']} names converted, {total['names_left']} left ({total['percent']} %), "
        f"{report.seconds:.2f} s\n"
    )
    if total["compiled"]:
        write(
            "compiled: " + ", ".join(f"{n} {name}" for name, n in total["compiled"].items()) + "\n"
        )
    if total["kernels"]:
        write("kernels: " + ", ".join(f"{n} {name}" for name, n in total["kernels"].items()) + "\n")
    if report.program:
        reason = report.program.get("reason", "")
        write(f"program: {report.program['status']}" + (f": {reason}" if reason else "") + "\n")


def _status(report: Report) -> int:
    """1 when something was left, failed, conflicts or was not verified."""
    bad = any(
        row.left
        or row.status in ("failed", "conflict")
        or row.compiled == "fails"
        or any(k["status"] in ("refuted", "unverified", "refused") for k in row.kernels)
        or any(d["severity"] == "error" for d in row.diagnostics)
        for row in report.rows
    )
    return 1 if bad or (report.program or {}).get("status") in ("differs", "failed") else 0
