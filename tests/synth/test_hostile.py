"""Kernels with a real error each, of which nothing may be called proved: what a hunt for a wrong proof went through.

Each file of `hostile/` holds kernels that are wrong in one way, each with the host code that launches it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from xpiler.driver.memory import Checked, check_kernel
from xpiler.driver.report import InputError
from xpiler.driver.source import lift_whole, read_source
from xpiler.frontends.results import LiftedFile, LiftedKernel
from xpiler.synth.proofs.verdicts import Fits, Free, KernelVerdict, Together, lines
from xpiler.verify.cases.infer import infer_cases

HOSTILE = Path(__file__).resolve().parent / "hostile"
SECONDS = 8.0


def in_bounds(found: KernelVerdict) -> bool:
    return found.inside == len(found.accesses) and isinstance(found.overflow, Fits)


def fits(found: KernelVerdict) -> bool:
    return isinstance(found.overflow, Fits) and found.overflow.bits == 31


PROVED: Mapping[str, Callable[[KernelVerdict], bool]] = {
    "bounds": in_bounds,
    "races": lambda found: isinstance(found.races, Free),
    "barriers": lambda found: isinstance(found.barriers, Together),
    "integers": fits,
}
COUNTS = {"bounds": 61, "races": 60, "barriers": 13, "integers": 11}
QUICK = {
    "bounds": ("break_sym",),
    "races": ("alias", "alias_off", "alias_rev", "cond_barrier2", "cond_barrier3", "syncwarp_half"),
    "barriers": ("break_div",),
    "integers": ("stride", "while_stride", "neg", "ceil"),
}
"""What was once called proved."""


def lifted(kind: str) -> LiftedFile:
    read = read_source(HOSTILE / f"{kind}.cu", (), ())
    assert not isinstance(read, InputError)
    whole = lift_whole(read)
    assert not isinstance(whole, InputError)
    return whole[1]


def asked(file: LiftedFile, names: Callable[[str], bool]) -> Iterator[Checked]:
    """The verdicts on the kernels of these names (without the prefix that they all have)."""
    for kernel in file.kernels:
        name = kernel.name if not isinstance(kernel, LiftedKernel) else kernel.source_name
        if not names(name.partition("_")[2]):
            continue
        assert isinstance(kernel, LiftedKernel), name
        cases = {kernel.symbol: infer_cases(kernel, file.launches)}
        found = check_kernel(kernel, cases, file.launches, SECONDS)
        assert isinstance(found, Checked), name
        yield found


def wrongly_proved(kind: str, found: Checked) -> list[str]:
    return [found.name, *lines(found.verdict)] if PROVED[kind](found.verdict) else []


@pytest.mark.parametrize("kind", sorted(QUICK))
def test_what_was_once_called_proved(kind: str) -> None:
    found = list(asked(lifted(kind), lambda name: name in QUICK[kind]))
    assert len(found) == len(QUICK[kind])
    assert [w for f in found if (w := wrongly_proved(kind, f))] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(COUNTS))
def test_no_wrong_kernel_is_called_proved(kind: str) -> None:
    found = list(asked(lifted(kind), lambda name: name not in QUICK[kind]))
    assert len(found) == COUNTS[kind] - len(QUICK[kind])
    assert [w for f in found if (w := wrongly_proved(kind, f))] == []
