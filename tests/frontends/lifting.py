"""Lift a CUDA text and show what came out, for tests."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from xpiler.frontends.lift import LiftedFile, ParseFailed, Refused, lift
from xpiler.ir.check import check
from xpiler.ir.nodes import Module
from xpiler.ir.print_c import print_module

PATH = Path("case.cu")


def lift_text(text: str) -> LiftedFile:
    """The lifted file; an assertion fails when the text does not parse."""
    found = lift(dedent(text), PATH)
    assert not isinstance(found, ParseFailed), [str(d) for d in found.diagnostics]
    return found


def programs(text: str) -> tuple[Module, ...]:
    """The lifted kernels, each well-formed."""
    found = lift_text(text)
    for kernel in found.lifted:
        assert check(kernel.program) == ()
    assert found.refused == ()
    return tuple(k.program for k in found.lifted)


def shown(text: str) -> str:
    """The lifted kernels as C."""
    return "\n".join(print_module(p) for p in programs(text))


def refusal(text: str) -> Refused:
    """The only refusal."""
    (refused,) = lift_text(text).refused
    return refused
