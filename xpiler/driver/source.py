"""Read the user's file and lift its kernels; every way in which that can fail is a value."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from xpiler.driver.report import InputError
from xpiler.frontends.launch_brackets import closed_up
from xpiler.frontends.results import LiftedFile, Refused
from xpiler.ir.diagnostics import Diagnostic

__all__ = ["Source", "lift_source", "lift_whole", "read_source"]

LARGEST = 32 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text as it is (line endings kept), where it came from, and how it is preprocessed."""

    path: Path
    text: str
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[str, ...] = ()


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
    """The file with the device code of its local includes in it, and its kernels.

    What is told about the file keeps the places in the files as they stand on disk.
    """
    from xpiler.frontends.local_includes import with_local_device_code

    lifted = lift_source(source)
    text = with_local_device_code(source.text, source.path, source.include_dirs)
    if isinstance(lifted, InputError) or text == source.text:
        return lifted if isinstance(lifted, InputError) else (source, lifted)
    whole = replace(source, text=text)
    again = lift_source(whole)
    if isinstance(again, InputError) or len(again.lifted) != len(lifted.lifted):
        return source, lifted
    refused = {r.name: r for r in lifted.refused}
    kernels = tuple(refused.get(k.name, k) if isinstance(k, Refused) else k for k in again.kernels)
    return whole, replace(again, kernels=kernels, diagnostics=lifted.diagnostics)
