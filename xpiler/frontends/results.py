"""What lifting a file gives: kernels, refusals, launches, or the reasons why it could not be parsed."""

from __future__ import annotations

from xpiler.backends.base import Diagnostic
from xpiler.frontends.host import Launch
from xpiler.ir.nodes import Module, Span
from xpiler.records import dataclass

__all__ = ["LiftedFile", "LiftedKernel", "ParseFailed", "Refused"]


@dataclass(frozen=True, slots=True)
class LiftedKernel:
    """A kernel instance as IR: `program` holds exactly one kernel and the functions and globals it uses.

    `source_name` is the launched instance as the source would write it (`reduce<float, 256>`); `symbol` a C
    identifier, unique in the file, which is also the name of the IR kernel. `name` is the kernel's own
    name in the source (`reduce`).
    """

    program: Module
    source_name: str
    symbol: str
    name: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A kernel that cannot be lifted, and why: `diagnostic` points at the construct."""

    name: str
    diagnostic: Diagnostic

    @property
    def span(self) -> Span | None:
        return self.diagnostic.span

    @property
    def hint(self) -> str:
        return self.diagnostic.hint


@dataclass(frozen=True, slots=True)
class LiftedFile:
    """A parsed file: its kernels in source order and its launches (of lifted kernels only).

    `diagnostics` are for the user; `unread` are all errors in what no lifted kernel needs (host code of a library
    that is not here).
    """

    kernels: tuple[LiftedKernel | Refused, ...]
    launches: tuple[Launch, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    unread: tuple[Diagnostic, ...] = ()

    @property
    def lifted(self) -> tuple[LiftedKernel, ...]:
        return tuple(k for k in self.kernels if isinstance(k, LiftedKernel))

    @property
    def refused(self) -> tuple[Refused, ...]:
        return tuple(k for k in self.kernels if isinstance(k, Refused))


@dataclass(frozen=True, slots=True)
class ParseFailed:
    """The file is not CUDA C++ that can be understood; at least one diagnostic is an error with a place."""

    diagnostics: tuple[Diagnostic, ...]
