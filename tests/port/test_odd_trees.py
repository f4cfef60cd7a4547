"""Odd trees and broken files: each is reported or ported, none is lost, none stops the run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.port.test_tree import KERNEL, codes, make, port, read, statuses
from xpiler.cli.main import app
from xpiler.port.runner import Refused, port_tree
from xpiler.port.settings import HELPER_HEADER, Settings
from xpiler.port.tree import STATE


def one(tmp_path: Path, text: bytes, name: str = "k.cu") -> tuple[bytes, set[str]]:
    """A file's port and its codes; the second port of the first changes nothing."""
    source = make(tmp_path / "src", {name: text})
    result = port(source, tmp_path / "out")
    again = port(tmp_path / "out", tmp_path / "out2")
    del again
    assert read(tmp_path / "out") == read(tmp_path / "out2")
    (row,) = result.report.rows
    return (tmp_path / "out" / row.output).read_bytes(), codes(result, name)


@pytest.mark.parametrize(
    "text",
    [
        b"void f( { cudaFree(__shfl_sync(1, \n",
        b"}}}} cudaFree(p); {{{{\n",
        b"cudaFree(p",
        b'const char *s = "cudaFree(p);\ncudaFree(p);\n',
        b"/* cudaFree(p); \n",
        b"#if\n#include <\ncudaFree(p);\n#define X(\n",
        b"k<<<1, (((, cudaFree(p)>>>;\n",
        b'asm("mov.u32 %0, %%laneid; : "=r"(x)); cudaFree(p);\n',
        b"template <<<< cudaFree >>>> ;\n",
    ],
)
def test_a_file_that_does_not_parse(tmp_path: Path, text: bytes) -> None:
    ported, _ = one(tmp_path, text)
    back = ported.replace(b"hipFree", b"cudaFree")
    for line in text.splitlines():
        if b"asm" not in line and b"shfl" not in line:
            assert line in back


def test_latin_1_with_crlf(tmp_path: Path) -> None:
    ported, found = one(tmp_path, b"// caf\xe9\r\nvoid f() {\r\n  cudaFree(p);\r\n}\r\n")
    assert b"// caf\xe9\r\n" in ported
    assert b"  hipFree(p);\r\n" in ported
    assert ported.count(b"\n") == ported.count(b"\r\n") == 5
    assert found == {"XP5003"}


def test_mixed_line_ends_stay(tmp_path: Path) -> None:
    ported, _ = one(
        tmp_path, b"#include <cuda_runtime.h>\nint a;\r\nint b = cudaSuccess;\rint c;\n"
    )
    assert ported == b"#include <hip/hip_runtime.h>\nint a;\r\nint b = hipSuccess;\rint c;\n"


BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize("start", [b"#include <cuda_runtime.h>\n", b"", b"// words\n"])
def test_a_byte_order_mark_stays_first(tmp_path: Path, start: bytes) -> None:
    ported, _ = one(tmp_path, BOM + start + b"__global__ void k() {}\nint e = cudaSuccess;\n")
    assert ported.startswith(BOM)
    assert ported.count(BOM) == 1
    assert ported.count(b"#include <hip/hip_runtime.h>\n") == 1
    assert b"hipSuccess" in ported


def test_null_bytes_and_utf_16(tmp_path: Path) -> None:
    for name, text in (("a", b"cudaFree(p);\0"), ("b", "cudaFree(p);".encode("utf-16"))):
        ported, found = one(tmp_path / name, text)
        assert ported == text
        assert found == {"XP5002"}


def test_five_megabytes(tmp_path: Path) -> None:
    text = (KERNEL + "// a line of many, many others that hold nothing at all\n" * 500) * 200
    assert len(text) > 5 << 20
    source = make(tmp_path / "src", {"big.cu": text})
    port(source, tmp_path / "out")
    ported = (tmp_path / "out/big.hip").read_text()
    assert ported.count("hipDeviceSynchronize") == 200
    assert ported.count("a line of many") == 200 * 500


def test_too_large_is_reported(tmp_path: Path) -> None:
    source = make(tmp_path / "src", {"big.cu": KERNEL * 10, "small.cu": KERNEL})
    result = port(source, tmp_path / "out", max_bytes=1000)
    assert codes(result, "big.cu") == {"XP5001"}
    assert (tmp_path / "out/small.hip").exists()


def test_a_circle_of_includes(tmp_path: Path) -> None:
    files = {
        "a.cuh": '#include "b.cuh"\nint a = cudaSuccess;\n',
        "b.cuh": '#include "c.cuh"\nint b = cudaSuccess;\n',
        "c.cuh": '#include "a.cuh"\nint c = cudaSuccess;\n',
        "self.cu": '#include "self.cu"\nint s = cudaSuccess;\n',
    }
    source = make(tmp_path / "src", dict(files))
    result = port(source, tmp_path / "out")
    assert all("XP5006" in codes(result, name) for name in files)
    assert b'#include "self.hip"\n' in read(tmp_path / "out")["self.hip"]


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make(tmp_path / "src", {"a/k.cu": KERNEL, "b/k.cu": KERNEL})
    real = os.scandir

    def scandir(path: Path) -> Iterator[os.DirEntry[str]]:
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    result = port(source, tmp_path / "out")
    assert statuses(result)["a"] == "failed"
    assert codes(result, "a") == {"XP5001"}
    assert (tmp_path / "out/b/k.hip").exists()


def test_what_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """A folder stands where the port of a file should go."""
    source = make(tmp_path / "src", {"k.cu": KERNEL, "z.cu": KERNEL})
    make(tmp_path / "out", {"k.hip/file": "mine\n"})
    result = port(source, tmp_path / "out", force=True)
    assert statuses(result)["k.cu"] == "failed"
    assert "XP5012" in codes(result, "k.cu")
    assert (tmp_path / "out/z.hip").exists()
    assert (tmp_path / "out/k.hip/file").read_text() == "mine\n"


def test_links_in_a_circle(tmp_path: Path) -> None:
    source = make(tmp_path / "src", {"a/k.cu": KERNEL})
    (source / "a/up").symlink_to("..")
    (source / "x").symlink_to("y")
    (source / "y").symlink_to("x")
    (source / "gone.cu").symlink_to("nowhere.cu")
    for _ in range(2):
        result = port(source, tmp_path / "out")
        assert {n: s for n, s in statuses(result).items() if s == "link"} == dict.fromkeys(
            ("a/up", "x", "y", "gone.cu"), "link"
        )
    assert str((tmp_path / "out/a/up").readlink()) == ".."
    assert str((tmp_path / "out/gone.cu").readlink()) == "nowhere.cu"
    assert (tmp_path / "out/x").is_symlink()


NAMES = [
    "with space/my kernel.cu",
    "größe/κ-核.cu",
    "quote'\"s.cu",
    "a+b(1).cu",
    "-dash.cu",
    "tab\there.cu",
]


def test_file_names(tmp_path: Path) -> None:
    make(tmp_path / "src", dict.fromkeys(NAMES, KERNEL))
    strange = os.fsdecode(b"latin-\xe9")
    (tmp_path / "src" / f"{strange}.cu").write_text(KERNEL)
    words = ["port", str(tmp_path / "src"), "-o", str(tmp_path / "out"), "--no-verify"]
    for _ in range(2):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
    for name in NAMES:
        place = (tmp_path / "out" / name).with_suffix(".hip")
        assert b"hipDeviceSynchronize" in place.read_bytes()
    assert (tmp_path / "out" / f"{strange}.hip").exists()
    assert len(json.loads((tmp_path / "out" / STATE / "report.json").read_text())["files"]) == 7


def test_an_include_with_spaces(tmp_path: Path) -> None:
    source = make(
        tmp_path / "src", {"my part.cu": KERNEL, "main.cu": '#include "my part.cu"\n' + KERNEL}
    )
    port(source, tmp_path / "out")
    assert b'#include "my part.hip"' in (tmp_path / "out/main.hip").read_bytes()


def test_an_empty_tree(tmp_path: Path) -> None:
    (tmp_path / "src/empty").mkdir(parents=True)
    done = CliRunner().invoke(app, ["port", str(tmp_path / "src"), "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "0 files" in done.output
    assert read(tmp_path / "out") == {}
    assert not (tmp_path / "out" / HELPER_HEADER).exists()


@pytest.mark.parametrize("place", ["hip", "sub/hip"])
def test_the_output_inside_the_source(tmp_path: Path, place: str) -> None:
    source = make(tmp_path / "src", {"k.cu": KERNEL, "sub/h.h": "cudaStream_t s;\n"})
    out = source / place
    port(source, out)
    first = read(out)
    assert set(first) == {"k.hip", "sub/h.h"}
    result = port(source, out)
    assert read(out) == first
    assert set(statuses(result)) == {"k.cu", "sub/h.h"}


def test_what_is_refused(tmp_path: Path) -> None:
    source = make(tmp_path / "src", {"a/k.cu": KERNEL})
    file = source / "a/k.cu"
    for settings, words in (
        (Settings(file, tmp_path / "out"), "is not a folder"),
        (Settings(tmp_path / "none", tmp_path / "out"), "is not a folder"),
        (Settings(source, source), "the output is the source"),
        (Settings(source / "a", source), "contains the source"),
        (Settings(source, file), "is a file"),
    ):
        refused = port_tree(settings)
        assert isinstance(refused, Refused)
        assert words in refused.reason
    assert file.read_text() == KERNEL
    done = CliRunner().invoke(app, ["port", str(file), "-o", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "xpiler translate" in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--matrix", "wmma"], "unknown --matrix"),
        (["--rocm", "new"], "is no release"),
        (["--arch", "sm_80"], "unknown architecture"),
        (["-t", "cuda"], "there is no target"),
        (["-t", "bang", "--in-place"], "is for hip"),
        (["-t", "bang", "--compile"], "is for hip"),
        (["--rules", "none.toml"], "none.toml"),
        (["-p", "none.json"], "no compilation database"),
    ],
)
def test_wrong_options(tmp_path: Path, words: list[str], reason: str) -> None:
    source = make(tmp_path / "src", {"k.cu": KERNEL})
    done = CliRunner().invoke(app, ["port", str(source), "-o", str(tmp_path / "out"), *words])
    assert done.exit_code == 2
    assert reason in done.output
    assert not (tmp_path / "out").exists()
