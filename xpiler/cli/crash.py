"""What a user sees when xpiler itself fails: one line, and where the details are."""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path

__all__ = ["report_crash"]


def report_crash(error: BaseException) -> None:
    """Write the traceback to a file and name it on stderr."""
    lines = traceback.format_exception(error)
    with tempfile.NamedTemporaryFile(
        "w", prefix="xpiler-crash-", suffix=".txt", delete=False, encoding="utf-8"
    ) as stream:
        stream.write(f"arguments: {sys.argv[1:]!r}\n")
        stream.writelines(lines)
        path = Path(stream.name)
    sys.stderr.write(
        f"xpiler: internal error ({type(error).__name__}): this is a bug in xpiler, not in your file.\n"
        f"The details are in {path}; please report them.\n"
    )
