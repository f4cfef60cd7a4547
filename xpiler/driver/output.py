"""Write output files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from xpiler.driver.report import InputError
from xpiler.ir.diagnostics import Diagnostic
from xpiler.records import dataclass

__all__ = ["NotWritten", "Written", "check_destination", "not_written", "write_whole"]


@dataclass(frozen=True, slots=True)
class Written:
    path: Path


@dataclass(frozen=True, slots=True)
class NotWritten:
    """Why the file could not be written; nothing was changed."""

    path: Path
    reason: str
    hint: str = ""


def check_destination(path: Path, force: bool) -> NotWritten | None:
    """What stands in the way of writing `path`, found before the work is done."""
    if path.is_dir():
        return NotWritten(path, "it is a directory", "name a file with -o")
    if path.exists() and not force:
        return NotWritten(path, "it exists", "use --force to overwrite it, or -o to name another")
    folder = path.parent if str(path.parent) else Path()
    if not folder.is_dir():
        return NotWritten(
            path, f"there is no directory {folder}", "create it, or name another with -o"
        )
    if not os.access(folder, os.W_OK):
        return NotWritten(path, f"the directory {folder} is read-only", "name another with -o")
    return None


def not_written(problem: NotWritten) -> InputError:
    """What a user is told of it."""
    message = f"{problem.path} cannot be written: {problem.reason}"
    return InputError((Diagnostic("XP0020", "error", message, None, problem.hint),))


def write_whole(path: Path, text: str, force: bool = False) -> Written | NotWritten:
    """Write through a temporary file beside `path` that is renamed when complete.

    A full disk, a signal or a crash leaves no part of a file under the final name.
    """
    problem = check_destination(path, force)
    if problem is not None:
        return problem
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=".part"
        )
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        _publish(temporary, path, force)
    except OSError as error:
        return NotWritten(
            path, error.strerror or str(error), "free some space or name another with -o"
        )
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
    return Written(path)


def _publish(temporary: str, path: Path, force: bool) -> None:
    if force:
        Path(temporary).replace(path)
        return
    # link fails where a rename would overwrite a file that appeared meanwhile
    path.hardlink_to(temporary)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
