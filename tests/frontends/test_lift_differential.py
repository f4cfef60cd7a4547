"""The lifted program computes what the source computes: both run on the CPU, on inferred cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.backends.base import KernelEntry
from xpiler.frontends.device_part import kernels_alone
from xpiler.frontends.lift import LiftedFile, lift
from xpiler.verify.cases.infer import infer_cases
from xpiler.verify.check import Side, check
from xpiler.verify.evidence import Evidence, is_verified, summary
from xpiler.verify.run.ir_executor import IrExecutor
from xpiler.verify.run.oracle import CudaRuntime

CONSTRUCTS = Path(__file__).parent / "constructs.cu"
REAL = Path(__file__).parent / "real.cu"
GROUPS = Path(__file__).parent / "groups.cu"
EXACT = Path(__file__).parent / "exact.cu"
BARE = Path(__file__).parent / "bare.cu"


def evidence(path: Path) -> dict[str, Evidence]:
    text = path.read_text()
    found = lift(text, path)
    assert isinstance(found, LiftedFile)
    text = kernels_alone(text, path, found.unread)
    assert found.refused == ()
    kernels = found.lifted
    programs = {k.symbol: k.program for k in kernels}
    entries = tuple(
        KernelEntry(i, k.program.kernels[0], k.source_name, k.symbol) for i, k in enumerate(kernels)
    )
    return dict(
        check(
            Side(CudaRuntime(), text, path),
            Side(IrExecutor(tuple(programs.values())), "", Path("program.c")),
            entries,
            {k.symbol: infer_cases(k, found.launches) for k in kernels},
            programs,
        )
    )


@pytest.mark.slow
def test_constructs_keep_their_meaning() -> None:
    found = evidence(CONSTRUCTS)
    assert len(found) == 9
    for symbol, result in found.items():
        assert is_verified(result), f"{symbol}: {summary(result)}"


@pytest.mark.slow
def test_what_has_to_be_exact_is() -> None:
    found = evidence(EXACT)
    assert len(found) == 5
    for symbol, result in found.items():
        assert is_verified(result), f"{symbol}: {summary(result)}"


@pytest.mark.slow
def test_parts_of_a_warp_keep_their_meaning() -> None:
    found = evidence(GROUPS)
    assert len(found) == 3
    for symbol, result in found.items():
        assert is_verified(result), f"{symbol}: {summary(result)}"


@pytest.mark.slow
def test_kernels_without_host_code_are_lifted_and_tested() -> None:
    found = evidence(BARE)
    assert len(found) == 10
    for symbol, result in found.items():
        assert is_verified(result), f"{symbol}: {summary(result)}"


@pytest.mark.slow
def test_what_real_files_hold_is_lifted_and_tested() -> None:
    found = evidence(REAL)
    assert len(found) == 8
    for symbol, result in found.items():
        assert is_verified(result), f"{symbol}: {summary(result)}"
