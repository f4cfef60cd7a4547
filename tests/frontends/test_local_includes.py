"""Kernels that stand in a file that the translated one includes."""

from __future__ import annotations

from pathlib import Path

from xpiler.backends.registry import UnknownTarget, load_target
from xpiler.driver.source import Source, lift_whole, read_source
from xpiler.driver.translate import Work, translate_file
from xpiler.frontends.local_includes import with_local_device_code

KERNEL = (
    '#pragma once\n#include "sizes.h"\n__global__ void twice(int *x) { x[threadIdx.x] *= N; }\n'
)
MAIN = """#include <stdio.h>
#include "part/kernel.cu"
#include "part/kernel.cu"
#include "host.h"
int main() { int *x; cudaMalloc(&x, 32 * sizeof(int)); twice<<<1, 32>>>(x); }
"""


def tree(folder: Path) -> Path:
    (folder / "part").mkdir()
    (folder / "part" / "kernel.cu").write_text(KERNEL)
    (folder / "part" / "sizes.h").write_text("#define N 2\n")
    (folder / "host.h").write_text("int host();\n")
    (folder / "main.cu").write_text(MAIN)
    return folder / "main.cu"


def test_device_code_is_put_in_once_and_host_headers_stay(tmp_path: Path) -> None:
    path = tree(tmp_path)
    text = with_local_device_code(MAIN, path)
    assert text.count("void twice") == 1
    assert "pragma once" not in text
    assert '#include "part/sizes.h"' in text  # as seen from the file that it stands in now
    assert '#include "host.h"' in text
    assert "part/kernel.cu" not in text


def test_a_file_without_such_includes_is_left_alone(tmp_path: Path) -> None:
    path = tree(tmp_path)
    text = '#include "host.h"\n__global__ void k() {}\n'
    assert with_local_device_code(text, path) is text


def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "a.cu").write_text('#include "b.cu"\n__global__ void a() {}\n')
    (tmp_path / "b.cu").write_text('#include "a.cu"\n__global__ void b() {}\n')
    text = with_local_device_code((tmp_path / "a.cu").read_text(), tmp_path / "a.cu")
    assert text.count("void a()") == text.count("void b()") == 1


def test_no_cuda_is_left_in_a_translation_to_c(tmp_path: Path) -> None:
    source = read_source(tree(tmp_path))
    assert isinstance(source, Source)
    whole = lift_whole(source)
    assert isinstance(whole, tuple)
    target = load_target("avx512")
    assert not isinstance(target, UnknownTarget)
    done = translate_file(Work(*whole, target), None)
    assert done.emitted is not None
    assert "kernel.cu" not in done.emitted.text
    assert "__global__" not in done.emitted.text
