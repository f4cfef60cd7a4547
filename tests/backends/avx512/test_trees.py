"""Trees over threads as one call: every element ends as the loop leaves it, bit for bit; what is no tree stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backends.avx512.support import run_file, translate

_FOLD = """
__global__ void NAME(const TYPE *x, TYPE *y) {
  __shared__ TYPE part[2 * START];
  int t = threadIdx.x;
  part[t] = x[t];
  __syncthreads();
  for (UNSIGNED s = START; s > 0; s /= 2) {
    if (t < s) part[t] = COMBINED;
    __syncthreads();
  }
  y[t] = part[t];
}
"""
_WARP = """
__global__ void NAME(const TYPE *x, TYPE *y) {
  TYPE v = x[threadIdx.x];
  for (int s = START; s > 0; s >>= 1) {
    TYPE w = SHUFFLE(0xffffffff, v, s);
    v = COMBINED;
  }
  y[threadIdx.x] = v;
}
"""


def _fold(type_: str, start: int, combined: str, counter: str = "int") -> tuple[str, str, int]:
    text = _FOLD.replace("TYPE", type_).replace("COMBINED", combined).replace("UNSIGNED", counter)
    return text.replace("START", str(start)), type_, 2 * start


def _warp(type_: str, start: int, shuffle: str, combined: str) -> tuple[str, str, int]:
    text = _WARP.replace("TYPE", type_).replace("COMBINED", combined).replace("SHUFFLE", shuffle)
    return text.replace("START", str(start)), type_, 96


_PAIR = "part[t] + part[t + s]"
CASES = (
    _fold("float", 128, _PAIR),
    _fold("float", 4, _PAIR, "unsigned"),
    _fold("float", 24, "fmaxf(part[t], part[t + s])"),
    _fold("float", 13, "part[t] * part[t + s]"),
    _fold("double", 40, _PAIR),
    _fold("double", 2, "fmin(part[t], part[t + s])"),
    _fold("int", 64, "max(part[t], part[t + s])"),
    _fold("unsigned", 32, "min(part[t], part[t + s])", "unsigned"),
    _warp("float", 16, "__shfl_xor_sync", "v + w"),
    _warp("float", 16, "__shfl_down_sync", "v + w"),
    _warp("float", 4, "__shfl_xor_sync", "fmaxf(v, w)"),
    _warp("float", 8, "__shfl_down_sync", "v * w"),
    _warp("int", 16, "__shfl_down_sync", "min(v, w)"),
    _warp("unsigned", 16, "__shfl_xor_sync", "max(v, w)"),
)


def _source() -> str:
    parts = []
    for number, (text, type_, count) in enumerate(CASES):
        parts.append(text.replace("NAME", f"k{number}"))
        parts.append(
            f"void run{number}(const {type_} *x, {type_} *y) {{ k{number}<<<1, {count}>>>(x, y); }}"
        )
    return "\n".join(parts)


def _program(emitted: str) -> str:
    calls = "".join(
        f"""
  {{
    {type_} x[{count}], y[{count}];
    for (int i = 0; i < {count}; ++i) x[i] = ({type_})((i * 37 % 101 - 50) * 1.37);
    run{number}(x, y);
    for (int i = 0; i < {count}; ++i) printf("%.17g ", (double)y[i]);
    printf("\\n");
  }}"""
        for number, (_, type_, count) in enumerate(CASES)
    )
    return f"{emitted}\n#include <cstdio>\nint main() {{{calls}\n}}\n"


def test_every_element_is_the_loops(tmp_path: Path) -> None:
    lanes, runs = translate(_source())
    found = [any("tree over" in n for s in run.stages for n in s.notes) for run in runs]
    assert all(found), found
    assert lanes.text.count("xp_fold_") > 8
    scalar, _ = translate(_source(), disabled=("tensorize",))
    assert "xp_fold_" not in scalar.text
    got = run_file(_program(lanes.text), tmp_path).splitlines()
    want = run_file(_program(scalar.text), tmp_path).splitlines()
    for (text, _, _), a, b in zip(CASES, got, want, strict=True):
        assert a == b, text


def _launched(text: str, threads: int) -> str:
    return f"{text}void run(const float *x, float *y) {{ NAME<<<1, {threads}>>>(x, y); }}".replace(
        "NAME", "k"
    )


@pytest.mark.parametrize(
    "change",
    [
        ("t < s", "t <= s"),
        ("s /= 2", "s /= 3"),
        ("s > 0", "s > 3"),
        ("part[t + s]", "part[t + s - 1]"),
        ("part[t] = part[t]", "part[t] = part[t + 1]"),
        ("__syncthreads();\n  }", "y[0] = s;\n    __syncthreads();\n  }"),
        ("if (t < s)", "if (t < s && x[t] > 0)"),
    ],
)
def test_what_differs_is_no_tree(change: tuple[str, str]) -> None:
    text, _, _ = _fold("float", 64, _PAIR)
    other = text.replace(*change)
    assert other != text
    emitted, _ = translate(_launched(other, 128))
    assert "xp_fold_" not in emitted.text


@pytest.mark.parametrize(
    "change",
    [("v, s)", "v, s, 16)"), ("v + w", "w + w"), ("__shfl_down_sync", "__shfl_up_sync")],
)
def test_what_differs_is_no_warp_tree(change: tuple[str, str]) -> None:
    text, _, _ = _warp("float", 16, "__shfl_down_sync", "v + w")
    other = text.replace(*change)
    assert other != text
    emitted, _ = translate(_launched(other, 96))
    assert "xp_warp_" not in emitted.text
