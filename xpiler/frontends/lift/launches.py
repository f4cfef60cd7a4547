"""Facts about launches."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.frontends.host import Launch
from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.discover import Discovery
from xpiler.frontends.lift.state import FileState
from xpiler.frontends.results import LiftedKernel

__all__ = ["launch_facts", "launches"]


def launch_facts(file: FileState, found: Discovery, kernel: Node) -> tuple[tuple[str, int], ...]:
    """What all launches of the kernel agree on."""
    return ()


def launches(
    file: FileState, found: Discovery, symbols: Mapping[int, LiftedKernel]
) -> tuple[Launch, ...]:
    """The launches of lifted kernels."""
    return ()
