"""Read the user's file and lift its kernels; every way in which that can fail is a value."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from xpiler.backends.base import OnRuntime, Target
from xpiler.driver.report import InputError
from xpiler.frontends.launch_brackets import closed_up
from xpiler.frontends.results import LiftedFile, LiftedKernel, Refused
from xpiler.ir.diagnostics import Diagnostic
from xpiler.records import dataclass

if TYPE_CHECKING:
    from xpiler.frontends.lambdas import Hoisted

__all__ = ["Source", "lift_source", "lift_whole", "read_source", "with_named_lambdas"]

LARGEST = 32 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text as it is (line endings kept), where it came from, and how it is preprocessed.

    `closures` is the text as its author wrote it where `text` has named function objects for lambdas, else empty.
    """

    path: Path
    text: str
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[str, ...] = ()
    closures: str = ""

    def for_target(self, target: Target) -> str:
        """The text that the target's emitter gets: files that are CUDA under other names keep their lambdas."""
        keeps = any(isinstance(e, OnRuntime) for e in target.executors)
        return self.closures if self.closures and keeps else self.text


def _input_error(code: str, message: str, hint: str = "") -> InputError:
    return InputError((Diagnostic(code, "error", message, None, hint),))


def read_source(
    path: Path, include_dirs: tuple[Path, ...] = (), defines: tuple[str, ...] = ()
) -> Source | InputError:
    """The text of `path` (`-`: standard input). UTF-8, or what its bytes most likely are."""
    if str(path) == "-":
        return Source(Path("stdin.cu"), sys.stdin.read(), include_dirs, defines)
    try:
        size = path.stat().st_size
        data = b"" if size > LARGEST else path.read_bytes()
    except FileNotFoundError:
        return _input_error("XP0001", f"there is no file {path}")
    except IsADirectoryError:
        hint = f"to port a repository: xpiler port {path} -o OUT --target hip"
        return _input_error("XP0002", f"{path} is a directory", hint)
    except OSError as error:
        return _input_error("XP0003", f"{path} cannot be read: {error.strerror}")
    if size > LARGEST:
        return _input_error("XP0004", f"{path} is larger than {LARGEST >> 20} MiB")
    if b"\0" in data:
        return _input_error("XP0005", f"{path} is a binary file", "give a CUDA source file")
    if not data.strip():
        return _input_error("XP0006", f"{path} is empty")
    return Source(path, closed_up(_decode(data)), include_dirs, defines)


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(data).best()
        return data.decode(best.encoding if best else "latin-1", errors="replace")


def lift_source(source: Source) -> LiftedFile | InputError:
    """Lift every kernel of the file. A file without kernels is an input error."""
    from xpiler.frontends.lift import lift
    from xpiler.frontends.results import ParseFailed

    lifted = lift(
        source.text, source.path, include_dirs=source.include_dirs, defines=source.defines
    )
    if isinstance(lifted, ParseFailed):
        return InputError(tuple(dict.fromkeys(lifted.diagnostics)))
    if not lifted.kernels:
        hint = (
            "a kernel is a __global__ function; a template needs a launch that says its arguments"
        )
        return _input_error("XP0007", f"{source.path} holds no kernel", hint)
    return lifted


def lift_whole(source: Source) -> tuple[Source, LiftedFile] | InputError:
    """The file with the device code of its local includes in it, lambdas that kernels take named, and its kernels.

    What is told about the file keeps the places in the files as they stand on disk.
    """
    from xpiler.frontends.local_includes import with_local_device_code

    lifted = lift_source(source)
    if isinstance(lifted, InputError):
        return lifted
    text = with_local_device_code(source.text, source.path, source.include_dirs)
    if text == source.text:
        return with_named_lambdas(source, lifted)
    whole = replace(source, text=text)
    again = lift_source(whole)
    if isinstance(again, InputError) or len(again.lifted) != len(lifted.lifted):
        return with_named_lambdas(source, lifted)
    refused = {r.name: r for r in lifted.refused}
    kernels = tuple(refused.get(k.name, k) if isinstance(k, Refused) else k for k in again.kernels)
    again = replace(again, kernels=kernels, diagnostics=lifted.diagnostics)
    return with_named_lambdas(whole, again)


def with_named_lambdas(source: Source, lifted: LiftedFile) -> tuple[Source, LiftedFile]:
    """The file with a function object for each lambda that a kernel is launched with."""
    from xpiler.frontends.lambdas import closures, hoisted

    names = [k.source_name if isinstance(k, LiftedKernel) else k.name for k in lifted.kernels]
    places = closures(names, source.path)
    if not places:
        return source, lifted
    found = hoisted(source.text, source.path, places, source.include_dirs, source.defines)
    named = replace(source, text=found.text, closures=source.closures or source.text)
    again = lift_source(named) if found.text != source.text else lifted
    if isinstance(again, InputError) or len(again.kernels) < len(lifted.kernels):
        return source, lifted
    return named, _told_of(again, found)


def _told_of(lifted: LiftedFile, text: Hoisted) -> LiftedFile:
    """The same file with places in the text as it stands on disk."""
    kernels = tuple(
        replace(k, diagnostic=replace(k.diagnostic, span=text.back(k.diagnostic.span)))
        if isinstance(k, Refused)
        else replace(k, span=text.back(k.span))
        for k in lifted.kernels
    )
    diagnostics = tuple(replace(d, span=text.back(d.span)) for d in lifted.diagnostics)
    return replace(lifted, kernels=kernels, diagnostics=diagnostics)
