"""The port benchmark's own parts: units, include folders, and the check for names that were left silently."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from benchmarks.port.build import Builder, Unit, tree_hash
from benchmarks.port.hipify import hipified, run_all
from benchmarks.port.leftovers import leftovers, silent, vanished
from benchmarks.port.units import cuda_files, include_folders, units
from xpiler.backends.hip.options import HipOptions
from xpiler.backends.hip.rewrite import rewrite


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "app" / "src").mkdir(parents=True)
    (tmp_path / "common").mkdir()
    (tmp_path / "app/src/main.cu").write_text(
        '#include "kernel.cu"\n#include "help.h"\n#include <unistd.h>\n'
    )
    (tmp_path / "app/src/kernel.cu").write_text("__global__ void k() {}\n")
    (tmp_path / "common/help.h").write_text("inline void h() { cudaDeviceSynchronize(); }\n")
    (tmp_path / "common/unistd.h").write_text("int never;\n")
    return tmp_path


def test_a_unit_is_what_no_other_file_includes(tree: Path) -> None:
    assert units(tree) == [Path("app/src/main.cu")]
    assert [p.name for p in cuda_files(tree)] == ["kernel.cu", "help.h"]


def test_folders_come_from_the_includes_but_not_for_system_headers(tree: Path) -> None:
    assert include_folders(tree)(Path("app/src/main.cu")) == [Path("common")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"void f() { cudaFree(0); }", "cudaFree"),
        (b"CUdevice d;", "CUdevice"),
        (b"__device__ float f(float a) { return __fadd_rd(a, a); }", "__fadd_rd"),
        (b"#include <cuda/barrier>\n", "<cuda/barrier>"),
        (b"void f() { nvmlInit(); }", "nvmlInit"),
    ],
)
def test_what_is_left_is_seen(text: bytes, name: str) -> None:
    assert leftovers(text) == {name: 1}


def test_comments_strings_members_and_hip_are_no_leftovers() -> None:
    text = b'// cudaFree\nvoid f() { puts("cudaFree"); x.cudaFree(); hipFree(0); min(1, 2); } __global__ void k();'
    assert not leftovers(text)


def test_only_unreported_and_undeclared_names_are_silent(tmp_path: Path) -> None:
    (tmp_path / "a.cu").write_text("void f() { cudaFree(0); cudaMine(); nvmlInit(); }\n")
    files = [PurePosixPath("a.cu")]
    own = frozenset({"cudaMine"})
    found = silent(tmp_path, files, own, {"a.cu": frozenset({"nvmlInit"})})
    assert [(f.name, f.uses) for f in found] == [("cudaFree", 1)]
    assert not silent(tmp_path, files, own, {"a.cu": frozenset({"nvmlInit", "cudaFree"})})


def test_an_include_that_vanished_is_seen(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "app/src").mkdir(parents=True)
    (out / "app/src/main.hip").write_text('#include "kernel.cu"\n')
    pairs = [(Path("app/src/main.cu"), Path("app/src/main.hip"))]
    assert [f.name for f in vanished(tree, out, pairs)] == ['"kernel.cu"']
    (out / "app/src/kernel.cu").touch()
    assert not vanished(tree, out, pairs)


def test_the_port_of_a_file_leaves_nothing_silently() -> None:
    source = b"#include <cuda/barrier>\n__global__ void k() { __fadd_rd(1, 2); }\nvoid f() { nvmlInit(); cudaFree(0); }\n"
    result = rewrite(source, "a.cu", HipOptions())
    assert set(leftovers(result.text)) == set(result.left)


def test_hipify_results_are_remembered(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text('print "done\\n"; print STDERR "warning: a.cu:1 : nvmlInit\\n";')
    file = tmp_path / "a.cu"
    file.write_text("nvmlInit();\n")
    run_all(tool, [file], tmp_path / "cache", 1)
    tool.unlink()
    run_all(tool, [file], tmp_path / "cache", 1)
    result = hipified(file.read_bytes(), tmp_path / "cache")
    assert result is not None
    assert (result.text, len(result.warnings)) == (b"done\n", 1)


def test_a_unit_is_compiled_again_only_when_its_files_changed(tmp_path: Path) -> None:
    root, log = tmp_path / "tree", tmp_path / "log"
    root.mkdir()
    (root / "a.cpp").write_text('#include "a.h"\n')
    (root / "a.h").write_text("int a;\n")
    (root / "other.h").write_text("int b;\n")
    wrapper = tmp_path / "cc"
    wrapper.write_text(f'#!/bin/sh\necho x >> {log}\nshift 3\nexec g++ -fsyntax-only -x c++ "$@"\n')
    wrapper.chmod(0o755)
    (tmp_path / "cache").mkdir()
    builder = Builder((str(wrapper),), (), tmp_path / "cache", sides=("--side",))

    def outcome() -> tuple[tuple[str, ...], int]:
        unit = Unit("a", Path("a.cpp"), ())
        return builder.unit(root, unit, tree_hash(root)), len(log.read_text().split())

    assert outcome() == ((), 1)
    (root / "other.h").write_text("int c;\n")
    assert outcome() == ((), 1)
    (root / "a.h").write_text("int a\n")
    errors, runs = outcome()
    assert runs == 2
    assert any("error" in e for e in errors)
