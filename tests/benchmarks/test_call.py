"""The caller notices crashes, hangs, error codes and memory that was touched without leave."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.call import Argument, Failed, Returned, call

SOURCE = """
#include <stdlib.h>
void twice(const float *x, float *y, int n) { for (int i = 0; i < n; ++i) y[i] = 2 * x[i]; }
void beyond(const float *x, float *y, int n) { for (int i = 0; i <= n; ++i) y[i] = 2 * x[i]; }
void before(const float *x, float *y, int n) { y[-1] = x[n - 1]; }
void overwrite(const float *x, float *y, int n) { ((float *)x)[n - 1] = 0; y[0] = 1; }
void crash(const float *x, float *y, int n) { abort(); }
void hang(const float *x, float *y, int n) { for (volatile int i = 0;; ++i) {} }
int refuse(const float *x, float *y, int n) { return 3; }
void nothing(const float *x, float *y, int n) {}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    (folder / "a.c").write_text(SOURCE)
    built = folder / "a.so"
    flags = ["-w", "-shared", "-fPIC", "-o", str(built)]
    subprocess.run(["gcc", *flags, str(folder / "a.c")], check=True)
    return built


def run(library: Path, folder: Path, symbol: str, status: bool = False) -> Returned | Failed:
    x = np.arange(1, 6, dtype=np.float32)
    arguments = (
        Argument("x", x),
        Argument("y", np.empty(5, np.float32), written=True),
        Argument("n", number=5),
    )
    return call(library, symbol, arguments, folder, status, seconds=2)


def test_results_come_back(library: Path, tmp_path: Path) -> None:
    outcome = run(library, tmp_path, "twice")
    assert isinstance(outcome, Returned)
    assert outcome.results["y"].tolist() == [2, 4, 6, 8, 10]


def test_an_unwritten_result_is_poison(library: Path, tmp_path: Path) -> None:
    outcome = run(library, tmp_path, "nothing")
    assert isinstance(outcome, Returned)
    assert np.isnan(outcome.results["y"]).all()


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        ("beyond", "wrote outside of y"),
        ("before", "wrote outside of y"),
        ("overwrite", "changed the read-only x"),
        ("crash", "SIGABRT"),
        ("hang", "no result after 2 s"),
        ("missing", "undefined symbol"),
    ],
)
def test_misbehaviour_is_a_failure(library: Path, tmp_path: Path, symbol: str, reason: str) -> None:
    outcome = run(library, tmp_path, symbol)
    assert isinstance(outcome, Failed)
    assert reason in outcome.reason


def test_an_error_status_is_a_failure(library: Path, tmp_path: Path) -> None:
    outcome = run(library, tmp_path, "refuse", status=True)
    assert outcome == Failed("the function returned 3")
