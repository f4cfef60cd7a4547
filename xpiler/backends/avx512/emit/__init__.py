"""Printing a translated program as one self-contained C or C++ file."""

from xpiler.backends.avx512.emit.file import emit

__all__ = ["emit"]
