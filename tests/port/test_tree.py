"""`xpiler port` on trees: what is written, kept, merged, resumed, and never lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backends.hip.pairs import PAIRS
from xpiler.port.manifest import load
from xpiler.port.report import to_html, to_json
from xpiler.port.runner import Refused, Result, port_tree
from xpiler.port.settings import HELPER_HEADER, Settings, is_suppressed
from xpiler.port.tree import STATE

KERNEL = (
    "#include <cuda_runtime.h>\n"
    "__global__ void k(int *p) { p[threadIdx.x] = 1; }\n"
    "void go(int *p) {\n  k<<<1, 32>>>(p);\n  cudaDeviceSynchronize();\n}\n"
    "// the end\n"
)


def make(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def read(root: Path) -> dict[str, bytes]:
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in sorted(root.rglob("*"))
        if p.is_file() and STATE not in p.parts
    }


def port(source: Path, output: Path, **options: object) -> Result:
    result = port_tree(Settings(source, output, **options))  # type: ignore[arg-type]
    assert isinstance(result, Result), result
    return result


def statuses(result: Result) -> dict[str, str]:
    return {row.path: row.status for row in result.report.rows}


def codes(result: Result, path: str) -> set[str]:
    return {d["code"] for row in result.report.rows if row.path == path for d in row.diagnostics}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make(
        tmp_path / "src",
        {
            "a/k.cu": KERNEL,
            "a/k.cuh": "#pragma once\n__device__ int f(int v) { return __any_sync(~0u, v); }\n",
            "main.cpp": '#include "a/k.cuh"\nint main() { return 0; }\n',
            "README": "cudaMalloc\n",
            "data.bin": bytes(range(256)),
        },
    )


def test_a_tree(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = port(tree, out)
    files = read(out)
    assert set(files) == {"a/k.hip", "a/k.cuh", "main.cpp", "README", "data.bin", HELPER_HEADER}
    assert b"hipDeviceSynchronize" in files["a/k.hip"]
    assert b'#include "../xpiler_hip.h"' in files["a/k.cuh"]
    assert files["README"] == b"cudaMalloc\n"
    assert files["data.bin"] == bytes(range(256))
    assert files["main.cpp"] == (tree / "main.cpp").read_bytes()
    assert statuses(result)["a/k.cu"] == "ported"
    assert statuses(result)["README"] == "copied"


def test_its_own_output_is_not_changed(tree: Path, tmp_path: Path) -> None:
    port(tree, tmp_path / "one")
    port(tmp_path / "one", tmp_path / "two")
    assert read(tmp_path / "one") == read(tmp_path / "two")


def test_second_run_does_nothing(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    port(tree, out)
    times = {p: p.stat().st_mtime_ns for p in out.rglob("*") if STATE not in p.parts}
    result = port(tree, out)
    assert result.report.skipped == 5
    assert times == {p: p.stat().st_mtime_ns for p in out.rglob("*") if STATE not in p.parts}


def test_only_what_changed_upstream_is_ported(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    port(tree, out)
    make(tree, {"a/k.cu": KERNEL + "int x = cudaSuccess;\n"})
    result = port(tree, out)
    assert result.report.skipped == 4
    assert b"int x = hipSuccess;" in (out / "a/k.hip").read_bytes()


def test_hand_edits_are_merged(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    port(tree, out)
    place = out / "a/k.hip"
    place.write_bytes(place.read_bytes().replace(b"p[threadIdx.x] = 1", b"p[threadIdx.x] = 2"))
    make(tree, {"a/k.cu": KERNEL + "int x = cudaSuccess;\n"})
    result = port(tree, out)
    assert statuses(result)["a/k.cu"] == "merged"
    assert b"p[threadIdx.x] = 2" in place.read_bytes()
    assert b"int x = hipSuccess;" in place.read_bytes()


def test_hand_edits_stay_when_nothing_changed(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    port(tree, out)
    (out / "a/k.hip").write_bytes(b"mine\n")
    result = port(tree, out)
    assert statuses(result)["a/k.cu"] == "kept"
    assert codes(result, "a/k.cu") >= {"XP5008"}
    assert (out / "a/k.hip").read_bytes() == b"mine\n"


def test_conflicts_are_marked_and_listed(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    port(tree, out)
    place = out / "a/k.hip"
    place.write_bytes(place.read_bytes().replace(b"= 1;", b"= 2;"))
    make(tree, {"a/k.cu": KERNEL.replace("= 1;", "= 3;")})
    result = port(tree, out)
    assert statuses(result)["a/k.cu"] == "conflict"
    assert codes(result, "a/k.cu") >= {"XP5005"}
    text = place.read_bytes()
    assert text.count(b"<<<<<<< your edit") == 1
    assert b"= 2;" in text
    assert b"= 3;" in text
    again = port(tree, out)
    assert place.read_bytes() == text
    assert again.report.skipped == 5


def test_a_deleted_source_takes_its_port_along(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(tree, {"b.cu": KERNEL})
    port(tree, out)
    (tree / "a/k.cu").unlink()
    (tree / "b.cu").unlink()
    (out / "b.hip").write_bytes(b"mine\n")
    result = port(tree, out)
    assert not (out / "a/k.hip").exists()
    assert (out / "b.hip").read_bytes() == b"mine\n"
    assert codes(result, "b.cu") == {"XP5010"}


def test_an_interrupted_run_goes_on(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def stop(done: int, total: int, name: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    result = port_tree(Settings(tree, out), stop)
    assert isinstance(result, Result)
    assert result.interrupted
    manifest = load(out / STATE)
    assert manifest is not None
    assert len(manifest.files) == 2
    # A kill in the middle of a line of the journal loses that line only.
    with (out / STATE / "journal.jsonl").open("a") as journal:
        journal.write('{"path": "a/k')
    finished = port(tree, out)
    assert finished.report.skipped == 2
    port(tree, tmp_path / "fresh")
    assert read(out) == read(tmp_path / "fresh")


def test_what_is_there_already_is_not_overwritten(tree: Path, tmp_path: Path) -> None:
    out = make(tmp_path / "out", {"main.cpp": "mine"})
    refused = port_tree(Settings(tree, out))
    assert isinstance(refused, Refused)
    assert read(out) == {"main.cpp": b"mine"}


def test_dry_run_writes_nothing(tree: Path, tmp_path: Path) -> None:
    result = port(tree, tmp_path / "out", dry_run=True)
    assert not (tmp_path / "out").exists()
    assert "a/k.hip" in {c.path for c in result.changes}


def test_in_place_keeps_a_backup(tree: Path) -> None:
    before = read(tree)
    port(tree, tree, in_place=True)
    after = read(tree)
    assert "a/k.cu" not in after
    assert b"hipDeviceSynchronize" in after["a/k.hip"]
    assert (tree / STATE / "backup/a/k.cu").read_bytes() == before["a/k.cu"]
    port(tree, tree, in_place=True)
    assert read(tree) == after


def test_gitignore_and_exclude(tree: Path, tmp_path: Path) -> None:
    make(
        tree,
        {
            ".gitignore": "build/\n*.o\n!keep.o\n",
            "build/x.cu": KERNEL,
            "a.o": "",
            "keep.o": "",
            "third/x.cu": KERNEL,
            "a/.gitignore": "local.cu\n",
            "a/local.cu": KERNEL,
        },
    )
    port(tree, tmp_path / "out", exclude=("third/",))
    names = set(read(tmp_path / "out"))
    assert "keep.o" in names
    assert not names & {"build/x.hip", "a.o", "third/x.hip", "a/local.hip"}


def test_symbolic_links_stay_links(tree: Path, tmp_path: Path) -> None:
    (tree / "link.cu").symlink_to("a/k.cu")
    (tree / "dir").symlink_to("a")
    (tree / "away").symlink_to("/etc/hostname")
    (tree / "loop").symlink_to("loop")
    result = port(tree, tmp_path / "out")
    assert str((tmp_path / "out/link.cu").readlink()) == "a/k.hip"
    assert str((tmp_path / "out/dir").readlink()) == "a"
    assert codes(result, "away") == {"XP5007"}


def test_a_file_that_cannot_be_read_stops_nothing(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.read_bytes

    def broken(path: Path) -> bytes:
        if path.name == "k.cu":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", broken)
    result = port(tree, tmp_path / "out")
    assert statuses(result)["a/k.cu"] == "failed"
    assert codes(result, "a/k.cu") == {"XP5001"}
    assert (tmp_path / "out/a/k.cuh").exists()
    assert not (tmp_path / "out/a/k.hip").exists()


def test_odd_files(tree: Path, tmp_path: Path) -> None:
    make(
        tree,
        {
            "latin.cu": b"// caf\xe9\r\ncudaError_t e;\r\n",
            "broken.cu": "void f( { cudaFree(__shfl_sync(1, \n",
            "utf16.cu": "cudaError_t e;".encode("utf-16"),
            "empty.cu": b"",
            "big.cu": KERNEL
            + "// nothing but words, a line of the five megabytes\n" * 100_000
            + KERNEL,
            "x.h": '#pragma once\n#include "y.h"\ncudaError_t x();\n',
            "y.h": '#pragma once\n#include "x.h"\ncudaError_t y();\n',
        },
    )
    result = port(tree, tmp_path / "out")
    files = read(tmp_path / "out")
    assert files["latin.hip"].startswith(b"// caf\xe9\r\n#include <hip/hip_runtime.h>\r\n")
    assert codes(result, "latin.cu") == {"XP5003"}
    assert b"hipFree(" in files["broken.hip"]
    assert codes(result, "broken.cu") == {"XP5004"}
    assert files["utf16.cu"] == (tree / "utf16.cu").read_bytes()
    assert codes(result, "utf16.cu") == {"XP5002"}
    assert files["empty.hip"] == b""
    assert files["big.hip"].count(b"hipDeviceSynchronize") == 2
    assert codes(result, "x.h") == {"XP5006"}


def test_names_that_the_tree_declares_are_its_own(tmp_path: Path) -> None:
    make(
        tmp_path / "src",
        {
            "own.h": "#pragma once\nstatic int cudaFree(int a) { return a; }\nint cudaFrobnicate(int);\n"
            "#define cudaTwice(x) ((x) * 2)\n",
            "a.cu": '#include "own.h"\nint a = cudaFree(cudaTwice(cudaSuccess));\n',
            "b.cu": "void b(void *p) { cudaFree(p); }\n",
        },
    )
    result = port(tmp_path / "src", tmp_path / "out")
    files = read(tmp_path / "out")
    assert b"int a = cudaFree(cudaTwice(hipSuccess));" in files["a.hip"]
    assert b"hipFree(p)" in files["b.hip"]
    assert "XP5102" not in codes(result, "a.cu")


def test_an_included_source_is_renamed_where_it_is_included(tmp_path: Path) -> None:
    make(tmp_path / "src", {"a.cu": KERNEL, "b.cu": '#include "a.cu"\nint b = cudaSuccess;\n'})
    port(tmp_path / "src", tmp_path / "out")
    assert b'#include "a.hip"' in (tmp_path / "out/b.hip").read_bytes()


def test_a_header_of_cudas_name_elsewhere_in_the_tree_is_not_meant(tmp_path: Path) -> None:
    make(
        tmp_path / "src",
        {
            "other/cuda.h": "int a;\n",
            "x/cuda.h": "int b;\n",
            "k.cu": '#include "cuda.h"\n' + KERNEL,
            "x/k.cu": '#include "cuda.h"\n' + KERNEL,
        },
    )
    port(tmp_path / "src", tmp_path / "out")
    assert b'"cuda.h"' not in (tmp_path / "out/k.hip").read_bytes()
    assert b'#include "cuda.h"' in (tmp_path / "out/x/k.hip").read_bytes()


def test_single_source(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    port(tree, out, single_source=True)
    files = read(out)
    assert files["a/k.cu"] == KERNEL.replace("<cuda_runtime.h>", '"../xpiler_compat.h"').encode()
    header = files["xpiler_compat.h"].decode()
    assert "#define cudaDeviceSynchronize hipDeviceSynchronize" in header
    assert "#include <cuda_runtime.h>" in header
    port(out, tmp_path / "again", single_source=True)
    assert read(tmp_path / "again")["a/k.cu"] == files["a/k.cu"]


def test_parallel_is_the_same(tmp_path: Path) -> None:
    make(tmp_path / "src", {f"{i}/k{i}.cu": KERNEL for i in range(12)})
    port(tmp_path / "src", tmp_path / "one")
    port(tmp_path / "src", tmp_path / "two", jobs=2)
    assert read(tmp_path / "one") == read(tmp_path / "two")


def test_reports(tree: Path, tmp_path: Path) -> None:
    make(tree, {"left.cu": "void f() { cudaLibraryUnload(0); }\n"})
    result = port(tree, tmp_path / "out")
    data = json.loads(to_json(result.report))
    assert data["summary"]["names_left"] == 1
    assert data["summary"]["left_names"] == {"cudaLibraryUnload": 1}
    (row,) = [f for f in data["files"] if f["path"] == "left.cu"]
    assert row["effort"] == "medium"
    assert row["diagnostics"][0]["line"] == 1
    page = to_html(result.report)
    assert "cudaLibraryUnload" in page
    assert "http" not in page.replace("http-equiv", "")


def test_suppress() -> None:
    assert is_suppressed("XP5201", ("XP5201",))
    assert is_suppressed("XP5201", ("XP52",))
    assert is_suppressed("XP5205", ("XP5201-XP5209",))
    assert is_suppressed("XP5205", ("XP5201-5209",))
    assert not is_suppressed("XP5301", ("XP5201-XP5209", "XP51"))


NAMES = st.sampled_from(
    ["a.cpp", "b/c.h", "b/d.py", "Makefile", "CMakeLists.txt", "setup.py", "x.bin", "b/e.c"]
)
PLAIN = st.binary(max_size=80).filter(
    lambda b: not any(w in b.lower() for w in (b"cu", b"nv", b"__", b"<<<", b"npp"))
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(NAMES, PLAIN, max_size=5))
def test_a_tree_without_cuda_is_copied_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    root = tmp_path_factory.mktemp("t")
    source = make(root / "src", dict(files))
    source.mkdir(exist_ok=True)
    port(source, root / "out")
    assert read(root / "out") == read(source)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([p.before for p in PAIRS]), min_size=1, max_size=4))
def test_the_port_of_a_port_is_itself(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    root = tmp_path_factory.mktemp("t")
    make(root / "src", {f"f{i}.cu": text for i, text in enumerate(pieces)})
    port(root / "src", root / "one")
    port(root / "one", root / "two")
    assert read(root / "one") == read(root / "two")
