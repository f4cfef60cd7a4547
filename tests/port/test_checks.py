"""Compile checks, compilation databases, kernels and programs; and that what was found is remembered."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.port.test_tree import KERNEL, make, port
from xpiler.backends.hip.toolchain import NoCompiler, find_compiler
from xpiler.cli.main import app
from xpiler.port import checks, kernels
from xpiler.port import program as programs
from xpiler.port.checks import check
from xpiler.port.database import BadDatabase, read_database, unit_flags
from xpiler.port.report import Report, Row, summarise, to_html, to_json
from xpiler.port.runner import Refused, port_tree
from xpiler.port.settings import Settings
from xpiler.verify.evidence import Difference, Refuted

PROGRAM = """#include <cstdio>
#include <cstdlib>
#include "part.h"
#include <cuda_runtime.h>
__global__ void twice(int *p, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) p[i] = FACTOR * i;
}
int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 8, *p, *h = (int *)malloc(n * sizeof(int)), sum = 0;
  cudaMalloc(&p, n * sizeof(int));
  twice<<<(n + 31) / 32, 32>>>(p, n);
  cudaMemcpy(h, p, n * sizeof(int), cudaMemcpyDeviceToHost);
  for (int i = 0; i < n; ++i) sum += h[i];
  printf("%d\\n", sum);
  return n > 90 ? 3 : 0;
}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make(
        tmp_path / "src",
        {"main.cu": PROGRAM, "part.h": "#pragma once\n#define FACTOR 2\n", "plain.cpp": "int x;\n"},
    )


def checked(source: Path, output: Path, run: str | None = None, **options: Any) -> Report:
    result = port(source, output, **options)
    return check(result.report, Settings(source, output, **options), result.units, run)


def row(report: Report, path: str) -> Row:
    return next(r for r in report.rows if r.path == path)


# --- compiling ----------------------------------------------------------------------------------

FAKE = """#!/bin/sh
echo "$@" >> {log}
for last; do :; done
if grep -q BROKEN "$last"; then echo "$last:1:1: error: it is broken" >&2; exit 1; fi
if grep -q hipblas "$last"; then
  echo "$last:1:10: fatal error: 'hipblas/hipblas.h' file not found" >&2; exit 1
fi
"""


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """A hipcc that notes its command lines and fails for files with BROKEN; returns them."""
    folder, log = tmp_path / "bin", tmp_path / "log"
    make(folder, {"hipcc": FAKE.format(log=log)})
    (folder / "hipcc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    find_compiler.cache_clear()
    yield lambda: log.read_text().splitlines() if log.exists() else []
    find_compiler.cache_clear()


def test_each_source_is_compiled_once(
    tree: Path, tmp_path: Path, compiler: Callable[[], list[str]]
) -> None:
    out = tmp_path / "out"
    make(tree, {"bad.cu": KERNEL + "// BROKEN\n", "lib.cu": "#include <cublas_v2.h>\n" + KERNEL})
    report = checked(tree, out, compile=True)
    assert [row(report, f"{n}.cu").compiled for n in ("main", "bad", "lib")] == [
        "compiles",
        "fails",
        "unknown",
    ]
    assert row(report, "bad.cu").errors[0].endswith("error: it is broken")
    assert {d["code"] for r in report.rows for d in r.diagnostics} >= {"XP5602", "XP5605"}
    assert len(compiler()) == 3
    assert all("--offload-arch=gfx90a" in line for line in compiler())
    again = checked(tree, out, compile=True)
    assert len(compiler()) == 3
    assert summarise(again.rows)["compiled"] == summarise(report.rows)["compiled"]
    assert summarise(checked(tree, out).rows)["compiled"] == summarise(report.rows)["compiled"]
    make(tree, {"part.h": "#pragma once\n#define FACTOR 3\n"})
    checked(tree, out, compile=True)
    assert len(compiler()) == 4
    checked(tree, out, compile=True, arch="gfx1100")
    assert len(compiler()) == 7
    assert json.loads(to_json(report))["summary"]["compiled"] == {
        "fails": 1,
        "unknown": 1,
        "compiles": 1,
    }
    assert "it is broken" in to_html(report)


def test_without_a_compiler_it_is_said(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "find_compiler", lambda: NoCompiler("nothing is here"))
    report = checked(tree, tmp_path / "out", compile=True)
    assert report.compiler == "none: nothing is here"
    assert row(report, "main.cu").compiled == ""


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("clang++-19") is None or not Path("/usr/include/hip/hip_runtime.h").exists(),
    reason="needs clang with HIP's headers",
)
def test_compiled_for_real(tree: Path, tmp_path: Path) -> None:
    find_compiler.cache_clear()
    make(tree, {"bad.cu": KERNEL + "__global__ void no(int *p) { p[0] = missing(1); }\n"})
    make(tree, {"compile_commands.json": database(tree, ["bad.cu", "def.cu"], "-DSIZE=4")})
    make(tree, {"def.cu": KERNEL + "int a[SIZE];\n"})
    report = checked(tree, tmp_path / "out", compile=True)
    assert row(report, "def.cu").compiled == "compiles"
    assert row(report, "bad.cu").compiled == "fails"
    assert "missing" in row(report, "bad.cu").errors[0]
    assert row(report, "main.cu").compiled == ""


# --- compile_commands.json ----------------------------------------------------------------------


def database(root: Path, files: list[str], flags: str, folder: str = "build") -> str:
    return json.dumps(
        [
            {
                "directory": str(root / folder),
                "file": str(root / name),
                "command": f"nvcc {flags} -c {root / name}",
            }
            for name in files
        ]
    )


def test_flags_of_the_database_are_used(
    tree: Path, tmp_path: Path, compiler: Callable[[], list[str]]
) -> None:
    make(tree, {"inc/a.h": "", "odd.kernel": KERNEL, "other.cu": KERNEL})
    flags = "-I../inc -isystem /opt/x -DN=4 -D M -std=c++14 -gencode arch=compute_80,code=sm_80 -O3"
    make(
        tree,
        {"build/compile_commands.json": database(tree, ["main.cu", "odd.kernel"], flags)},
    )
    out = tmp_path / "out"
    report = checked(tree, out, compile=True)
    (line,) = compiler()
    assert f"-I{out / 'inc'} -I/opt/x -DN=4 -DM -std=c++14 {out / 'main.hip'}" in line
    assert "gencode" not in line
    assert row(report, "other.cu").compiled == ""
    assert b"hipDeviceSynchronize" in (out / "odd.kernel").read_bytes()


def test_forms_of_flags(tmp_path: Path) -> None:
    make(tmp_path, {"b/inc.rsp": '-isystem=/one -I"/two words"', "cuda/cuda_runtime.h": ""})
    make(tmp_path, {"b/more.rsp": "-DDEEP"})
    words = [
        *("nvcc", "--options-file", "inc.rsp", "@more.rsp", "-Xcompiler", "-DHOST=1,-fPIC"),
        *("-Xcompiler=-DTWO", "-std", "c++17", "-isystem", str(tmp_path / "cuda"), "-include"),
        *("pre.h", "-UX", "--std=c++20", "-o", "k.o", "k.cu"),
    ]
    rows = [{"directory": str(tmp_path / "b"), "file": "k.cu", "arguments": words}]
    make(tmp_path, {"db.json": json.dumps(rows)})
    found = read_database(tmp_path / "db.json", tmp_path)
    assert not isinstance(found, BadDatabase)
    flags = found[PurePosixPath("b/k.cu")]
    assert flags == (
        *("-I/one", "-I/two words", "-DDEEP", "-DHOST=1", "-DTWO", "-std=c++17", "-include"),
        *(str(tmp_path / "b/pre.h"), "-UX", "-std=c++20"),
    )
    settings = Settings(tmp_path, Path("/elsewhere"))
    assert "/elsewhere/b/pre.h" in unit_flags(flags, settings)


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1]"])
def test_a_bad_database_is_refused_when_it_was_named(tree: Path, tmp_path: Path, text: str) -> None:
    make(tmp_path, {"db.json": text})
    settings = Settings(tree, tmp_path / "out")
    assert isinstance(port_tree(replace(settings, compile_commands=tmp_path / "db.json")), Refused)
    make(tree, {"compile_commands.json": text})
    assert not isinstance(port_tree(settings), Refused)


# --- kernels and programs -----------------------------------------------------------------------


def test_kernels_are_verified_once(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[Path, Path]] = []

    def evidence(source: Path, ported: Path) -> list[dict[str, Any]]:
        calls.append((source, ported))
        return [{"kernel": "twice", "status": "verified", "detail": "seen"}]

    monkeypatch.setattr(kernels, "_evidence", evidence)
    out = tmp_path / "out"
    checked(tree, out, verify=True)
    report = checked(tree, out, verify=True)
    assert len(calls) == 1
    assert row(report, "main.cu").kernels[0]["status"] == "verified"
    assert row(report, "main.cu").status == "up to date"
    assert row(checked(tree, out), "main.cu").kernels[0]["status"] == "verified"
    assert "twice" in to_html(report)
    make(tree, {"part.h": "#pragma once\n#define FACTOR 5\n"})
    assert row(checked(tree, out), "main.cu").kernels == ()
    checked(tree, out, verify=True)
    assert len(calls) == 2
    (out / "main.hip").write_text((out / "main.hip").read_text() + "// by hand\n")
    checked(tree, out, verify=True)
    assert len(calls) == 3


def test_a_program_runs_again_only_when_something_changed(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[list[str]] = []

    def run_both(settings: Settings, subject: object, words: list[str]) -> dict[str, str]:
        runs.append(words)
        return {"status": "same", "reason": ""}

    monkeypatch.setattr(programs, "run_both", run_both)
    out = tmp_path / "out"
    for _ in range(2):
        assert (checked(tree, out, run="5").program or {})["status"] == "same"
    assert (checked(tree, out).program or {})["arguments"] == "5"
    checked(tree, out, run="6")
    make(tree, {"part.h": "#pragma once\n#define FACTOR 5\n"})
    assert checked(tree, out).program is None
    checked(tree, out, run="5")
    assert runs == [["5"], ["6"], ["5"]]


def test_a_stop_starts_no_more_checks(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was found before it is kept."""
    make(tree, {f"k{i}.cu": KERNEL for i in range(6)})
    calls: list[str] = []

    def evidence(source: Path, ported: Path) -> list[dict[str, Any]]:
        calls.append(source.name)
        if source.name == "k1.cu":
            raise KeyboardInterrupt
        time.sleep(0.2)
        return [{"kernel": "k", "status": "verified", "detail": "seen"}]

    monkeypatch.setattr(kernels, "_evidence", evidence)
    with pytest.raises(KeyboardInterrupt):
        checked(tree, tmp_path / "out", verify=True)
    assert len(calls) < 5
    assert row(checked(tree, tmp_path / "out"), "k0.cu").kernels[0]["status"] == "verified"


def test_a_broken_memory_is_forgotten(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    port(tree, out)
    make(out, {".xpiler-port/checks.json": '{"kernels": 3'})
    assert row(checked(tree, out), "main.cu").kernels == ()


@pytest.mark.slow
@pytest.mark.parametrize("in_place", [False, True])
def test_kernels_and_program_from_the_command_line(
    tree: Path, tmp_path: Path, in_place: bool
) -> None:
    """The whole way: verified, run, remembered, and a wrong hand edit found."""
    out = tree if in_place else tmp_path / "out"
    words = ["port", str(tree), *(["--in-place"] if in_place else ["-o", str(out)])]
    first = CliRunner().invoke(app, [*words, "--run", "40"])
    assert first.exit_code == 0, first.output
    assert "kernels: 1 verified" in first.output
    assert "program: same" in first.output
    again = CliRunner().invoke(app, [*words, "--no-verify"])
    assert again.exit_code == 0, again.output
    assert "kernels: 1 verified" in again.output
    assert "program: same" in again.output
    assert "up to date" in again.output
    place = out / "main.hip"
    place.write_text(place.read_text().replace("FACTOR * i", "FACTOR + i"))
    wrong = CliRunner().invoke(app, [*words, "--run", "40"])
    assert wrong.exit_code == 1
    assert "kernels: 1 refuted" in wrong.output
    assert "program: differs" in wrong.output
    report = json.loads((out / ".xpiler-port/report.json").read_text())
    assert report["program"]["exit"] == [0, 0]
    (file,) = [f for f in report["files"] if f["path"] == "main.cu"]
    assert file["kernels"][0]["status"] == "refuted"
    assert file["effort"] == "high"


@pytest.mark.parametrize(("built", "status"), [(True, "refuted"), (False, "unverified")])
def test_a_port_that_is_not_built_here_is_not_called_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: bool, status: str
) -> None:
    difference = Difference("", 0, "", -1, "", "", "does not build: no header", built)
    found = {"k": Refuted(difference)}
    monkeypatch.setattr("xpiler.api.verify_pair", lambda *_: found)
    (kernel,) = kernels._evidence(tmp_path / "k.cu", tmp_path / "k.hip")
    assert kernel["status"] == status
    assert "no header" in kernel["detail"]
