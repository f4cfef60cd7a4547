"""Every example translates to every target, verified; AVX-512 output builds without warnings."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import xpiler
from xpiler.driver.report import Report
from xpiler.verify.evidence import summary

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.cu"))
FLAGS = ("-O1", "-march=icelake-server", "-fopenmp", "-Wall", "-Werror", "-c")


def compilers(path: Path) -> list[list[str]]:
    """gcc and, where it is installed, clang, for the language of the file."""
    names = (
        (("g++",), ("clang++", "clang++-19"))
        if path.suffix == ".cpp"
        else (("gcc",), ("clang", "clang-19"))
    )
    found = [next((c for c in group if shutil.which(c)), "") for group in names]
    return [[c] for c in found if c]


def test_there_are_enough() -> None:
    assert len(EXAMPLES) >= 16


@pytest.mark.slow
@pytest.mark.parametrize("target", ["hip", "avx512", "bang"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_verified(example: Path, target: str, tmp_path: Path) -> None:
    out = tmp_path / f"{example.stem}.{target}"
    report = xpiler.translate(example, target, xpiler.Settings(out=out, engine="symbolic"))
    assert isinstance(report, Report), report
    statuses = {k.name: (k.status, summary(k.evidence)) for k in report.kernels}
    assert statuses
    assert all(status == "verified" for status, _ in statuses.values()), statuses
    assert report.exit_status == 0
    assert "UNVERIFIED" not in out.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_avx512_builds_without_warnings(example: Path, tmp_path: Path) -> None:
    settings = xpiler.Settings(out=Path("-"), verify=False, engine="symbolic")
    report = xpiler.translate(example, "avx512", settings)
    assert isinstance(report, Report)
    suffix = ".cpp" if "struct dim3 {" in report.text else ".c"
    path = tmp_path / f"{example.stem}{suffix}"
    path.write_text(report.text)
    for compiler in compilers(path):
        command = [*compiler, *FLAGS, str(path), "-o", str(tmp_path / "k.o")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
