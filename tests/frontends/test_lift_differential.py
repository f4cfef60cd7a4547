"""The lifted program computes what the source computes: both run on the CPU, on inferred cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.frontends.judging import evidence
from xpiler.frontends.device_part import kernels_alone
from xpiler.frontends.lift import LiftedFile, lift
from xpiler.verify.evidence import Evidence, is_verified, summary

CONSTRUCTS = Path(__file__).parent / "constructs.cu"
REAL = Path(__file__).parent / "real.cu"
GROUPS = Path(__file__).parent / "groups.cu"
EXACT = Path(__file__).parent / "exact.cu"
BARE = Path(__file__).parent / "bare.cu"


def of_file(path: Path) -> dict[str, Evidence]:
    text = path.read_text()
    found = lift(text, path)
    assert isinstance(found, LiftedFile)
    return evidence(kernels_alone(text, path, found.unread), path, found)


@pytest.mark.slow
def test_constructs_keep_their_meaning() -> None:
    found = of_file(CONSTRUCTS)
    assert len(found) == 9
    for symbol, result in found.items():
        assert is_verified(result), f"{symbol}: {summary(result)}"


@pytest.mark.slow
def test_what_has_to_be_exact_is() -> None:
    found = of_file(EXACT)
    assert len(found) == 5
    for symbol, result in found.items():
        assert is_verified(result), f"{symbol}: {summary(result)}"


@pytest.mark.slow
def test_parts_of_a_warp_keep_their_meaning() -> None:
    found = of_file(GROUPS)
    assert len(found) == 3
    for symbol, result in found.items():
        assert is_verified(result), f"{symbol}: {summary(result)}"


@pytest.mark.slow
def test_kernels_without_host_code_are_lifted_and_tested() -> None:
    found = of_file(BARE)
    assert len(found) == 10
    for symbol, result in found.items():
        assert is_verified(result), f"{symbol}: {summary(result)}"


@pytest.mark.slow
def test_what_real_files_hold_is_lifted_and_tested() -> None:
    found = of_file(REAL)
    assert len(found) == 8
    for symbol, result in found.items():
        assert is_verified(result), f"{symbol}: {summary(result)}"
