"""A target is added without touching shared code: a module and an entry point."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import xpiler
from xpiler.backends.base import Target
from xpiler.backends.registry import UnknownTarget, load_target, target_names
from xpiler.driver.report import Report

HERE = Path(__file__).parent


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed distribution that brings the target."""
    (tmp_path / "toy_target.py").write_text((HERE / "toy_target.py").read_text())
    info = tmp_path / "toy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[xpiler.targets]\ntoy = toy_target:TARGET\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "toy_target", raising=False)


@pytest.mark.usefixtures("toy")
def test_it_is_found_beside_the_built_in_ones() -> None:
    assert set(target_names()) == {"avx512", "bang", "hip", "toy"}
    assert isinstance(load_target("toy"), Target)


@pytest.mark.usefixtures("toy")
def test_it_translates_and_verifies(tmp_path: Path) -> None:
    out = tmp_path / "saxpy.toy"
    example = HERE.parents[1] / "examples" / "saxpy.cu"
    report = xpiler.translate(example, "toy", xpiler.Settings(out=out))
    assert isinstance(report, Report)
    assert [k.status for k in report.kernels] == ["verified"]
    assert report.exit_status == 0
    assert "parallel(thread.x)" in out.read_text()


def test_an_unknown_target_names_the_nearest() -> None:
    found = load_target("avx51")
    assert found == UnknownTarget("avx51", ("avx512", "bang", "hip"), "avx512")
