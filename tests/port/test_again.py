"""Running again: in place after upstream changed, after a kill, and with files in each other's way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.port.test_tree import KERNEL, codes, make, port, read, statuses
from xpiler.port.report import summarise
from xpiler.port.tree import STATE

PULLED = KERNEL.replace("// the end", "int x = cudaSuccess;\n// the end")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make(
        tmp_path / "src",
        {
            "a/k.cu": KERNEL,
            "a/h.h": "#pragma once\nvoid f(cudaStream_t s);\nint a;\nint b;\n",
            "main.cpp": "int main() { return 0; }\n",
        },
    )


def test_in_place_again_keeps_the_report(tree: Path) -> None:
    first = port(tree, tree, in_place=True)
    again = port(tree, tree, in_place=True)
    assert {r.path: (r.converted, r.left) for r in again.report.rows} == {
        r.path: (r.converted, r.left) for r in first.report.rows
    }
    assert set(statuses(again).values()) == {"up to date"}


def test_in_place_a_source_that_came_back_is_merged_with_hand_edits(tree: Path) -> None:
    port(tree, tree, in_place=True)
    place = tree / "a/k.hip"
    place.write_bytes(place.read_bytes().replace(b"= 1;", b"= 2;"))
    make(tree, {"a/k.cu": PULLED})
    result = port(tree, tree, in_place=True)
    assert statuses(result)["a/k.cu"] == "merged"
    assert b"= 2;" in place.read_bytes()
    assert b"int x = hipSuccess;" in place.read_bytes()
    assert not (tree / "a/k.cu").exists()
    assert (tree / STATE / "backup/a/k.cu").read_text() == PULLED
    (older,) = (tree / STATE / "older").rglob("k.cu")
    assert older.read_text() == KERNEL
    before = read(tree)
    assert statuses(port(tree, tree, in_place=True))["a/k.cu"] == "kept"
    assert read(tree) == before


def test_in_place_a_conflict_is_marked_and_stays_until_it_is_resolved(tree: Path) -> None:
    port(tree, tree, in_place=True)
    place = tree / "a/k.hip"
    place.write_bytes(place.read_bytes().replace(b"= 1;", b"= 2;"))
    make(tree, {"a/k.cu": KERNEL.replace("= 1;", "= 3;")})
    result = port(tree, tree, in_place=True)
    assert statuses(result)["a/k.cu"] == "conflict"
    assert b"<<<<<<< your edit" in place.read_bytes()
    assert "XP5005" in codes(port(tree, tree, in_place=True), "a/k.cu")
    place.write_bytes(place.read_bytes().replace(b"= 1;", b"= 2;").partition(b"<<<<<<<")[0])
    resolved = port(tree, tree, in_place=True)
    assert statuses(resolved)["a/k.cu"] == "kept"
    assert "XP5005" not in codes(resolved, "a/k.cu")


def test_in_place_cuda_that_was_pulled_into_a_ported_file_is_ported(tree: Path) -> None:
    """As git merges upstream's change of k.cu into the renamed k.hip, and of a header into itself."""
    port(tree, tree, in_place=True)
    for name in ("a/k.hip", "a/h.h"):
        place = tree / name
        place.write_bytes(place.read_bytes() + b"int y = cudaSuccess;\n")
    result = port(tree, tree, in_place=True)
    assert statuses(result)["a/k.hip"] == "ported"
    assert statuses(result)["a/h.h"] == "ported"
    assert (tree / "a/k.hip").read_bytes().endswith(b"int y = hipSuccess;\n")
    assert (tree / "a/h.h").read_bytes().endswith(b"int y = hipSuccess;\n")
    make(tree, {"a/k.cu": PULLED})
    port(tree, tree, in_place=True)
    merged = (tree / "a/k.hip").read_bytes()
    assert b"int x = hipSuccess;" in merged
    assert b"int y = hipSuccess;" in merged


def test_a_file_of_the_new_name_is_not_overwritten(tree: Path, tmp_path: Path) -> None:
    make(tree, {"a/k.hip": "mine\n", "CMakeLists.txt": "add_library(x a/k.cu) # CUDA\n"})
    for output, options in ((tmp_path / "out", {}), (tree, {"in_place": True})):
        result = port(tree, output, **options)
        assert (output / "a/k.hip").read_bytes() == b"mine\n"
        assert b"hipDeviceSynchronize" in (output / "a/k.cu").read_bytes()
        assert b"a/k.cu" in (output / "CMakeLists.txt").read_bytes()
        assert "XP5011" in codes(result, "a/k.cu")


def test_other_codes_can_be_suppressed_in_a_second_run(tree: Path, tmp_path: Path) -> None:
    make(tree, {"a/k.cu": KERNEL + "int x = cudaLibraryUnload;\n"})
    assert codes(port(tree, tmp_path / "o", suppress=("XP51",)), "a/k.cu") == set()
    assert codes(port(tree, tmp_path / "o"), "a/k.cu") == {"XP5101"}


def test_the_summary_counts_each_file_once(tree: Path, tmp_path: Path) -> None:
    port(tree, tmp_path / "o")
    make(tree, {"a/k.cu": PULLED})
    total = summarise(port(tree, tmp_path / "o").report.rows)
    assert total["by_status"] == {"ported": 1, "up to date": 2}


def test_a_run_of_a_part_forgets_nothing(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    port(tree, out)
    (out / "a/h.h").write_bytes((out / "a/h.h").read_bytes() + b"int mine;\n")
    port(tree, out, include=("*.cu",))
    make(tree, {"a/h.h": "#pragma once\nvoid g(cudaStream_t s);\nint a;\nint b;\n"})
    assert statuses(port(tree, out))["a/h.h"] == "merged"
    assert b"hipStream_t" in (out / "a/h.h").read_bytes()
    assert b"mine" in (out / "a/h.h").read_bytes()


def test_a_hand_edit_of_the_helper_header_stays(tree: Path, tmp_path: Path) -> None:
    make(tree, {"w.cu": "__global__ void w(int *p) { *p = __any_sync(~0u, 1); }\n"})
    out = tmp_path / "o"
    port(tree, out)
    header = out / "xpiler_hip.h"
    header.write_bytes(header.read_bytes() + b"// mine\n")
    port(tree, out)
    assert header.read_bytes().endswith(b"// mine\n")


# --- killed -------------------------------------------------------------------------------------


def _start(source: Path, output: Path) -> subprocess.Popen[bytes]:
    words = ["port", str(source), "-q", "--no-verify"]
    words += ["--in-place"] if source == output else ["-o", str(output)]
    code = f"from xpiler.cli.main import main; import sys; sys.argv[1:] = {words!r}; main()"
    return subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])


@pytest.mark.slow
@pytest.mark.parametrize("in_place", [False, True])
def test_a_killed_run_goes_on(tmp_path: Path, in_place: bool) -> None:
    """A process killed for real while it writes; the next run ends where an uninterrupted one does."""
    files = {f"d{i}/k{i}.cu": KERNEL * 40 for i in range(120)}
    files |= {f"d{i}/h{i}.h": "#pragma once\nvoid f(cudaStream_t s);\n" for i in range(60)}
    source = make(tmp_path / "src", dict(files))
    whole = make(tmp_path / "whole", dict(files))
    port(whole, whole if in_place else tmp_path / "fresh", in_place=in_place)
    output = source if in_place else tmp_path / "out"
    process = _start(source, output)
    journal = output / STATE / "journal.jsonl"
    limit = time.monotonic() + 60
    while time.monotonic() < limit and process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") > 20:
            break
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert journal.exists()
    assert not (output / STATE / "manifest.json").exists()
    done = len(journal.read_text().splitlines())
    result = port(source, output, in_place=in_place)
    assert result.report.skipped >= done - 1
    assert read(output) == read(whole if in_place else tmp_path / "fresh")
    assert not list(output.rglob("*.xpiler-part"))
    manifest = json.loads((output / STATE / "manifest.json").read_text())
    assert set(manifest["files"]) >= set(files)
    assert sum(port(source, output, in_place=in_place).report.rows[0].converted.values()) > 0
