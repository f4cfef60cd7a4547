"""Standard headers are parsed once, and a file means the same with and without that."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.frontends import precompiled
from xpiler.frontends.lift import ParseFailed, lift
from xpiler.frontends.precompiled import standard_includes
from xpiler.ir.print_c import print_module

KNOWN = frozenset({"vector", "cmath", "cuda_runtime.h"})

SOURCE = """\
// A comment, then what every file starts with.
#include <cuda_runtime.h>
#include <cmath>
#include <vector>
#include <algorithm>
template <class T> __global__ void scale(T *x, T by, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] = std::max(std::sqrt(x[i]), by);
}
template __global__ void scale<double>(double *, double, int);
void run(float *x, int n) {
  std::vector<float> v(n);
  scale<float><<<n / 64, 64>>>(x, 2.f, n);
}
"""


def test_what_a_macro_could_change_is_not_precompiled() -> None:
    text = '/* a */\n#include <vector> // b\n\n#  include "cuda_runtime.h"\n'
    assert standard_includes(text, KNOWN) == ("vector", "cuda_runtime.h")
    assert standard_includes("#define NDEBUG\n" + text, KNOWN) == ()
    assert standard_includes("#define _USE_MATH_DEFINES\n" + text, KNOWN) == ()
    assert standard_includes('#include "mine.h"\n#define TILE 16\n' + text, KNOWN) == (
        "vector",
        "cuda_runtime.h",
    )


def test_what_a_condition_decides_is_not_precompiled() -> None:
    text = "#ifdef X\n#include <vector>\n#else\n#include <cmath>\n#endif\n#include <cmath>\n"
    assert standard_includes(text, KNOWN) == ("cmath",)
    assert standard_includes(text[: -len("#include <cmath>\n")], KNOWN) == ()


def lifted(tmp_path: Path) -> list[str]:
    found = lift(SOURCE, tmp_path / "k.cu")
    assert not isinstance(found, ParseFailed)
    return [print_module(k.program) for k in found.lifted]


def test_a_file_means_the_same_either_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XPILER_CACHE", str(tmp_path / "cache"))
    first = lifted(tmp_path)
    stored = list((tmp_path / "cache").rglob("*.pch"))
    assert len(stored) == 1
    second = lifted(tmp_path)
    monkeypatch.setattr(precompiled.Cache, "get", lambda *_: None)
    monkeypatch.setattr(precompiled.Cache, "scratch", _full)
    assert first == second == lifted(tmp_path)
    assert len(first) == 2


def _full(*_: object) -> Path:
    raise OSError(28, "no space left on device")


def test_a_damaged_one_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XPILER_CACHE", str(tmp_path / "cache"))
    first = lifted(tmp_path)
    (stored,) = (tmp_path / "cache").rglob("*.pch")
    stored.write_bytes(stored.read_bytes()[:1000])
    assert lifted(tmp_path) == first
