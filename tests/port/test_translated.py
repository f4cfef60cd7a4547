"""`xpiler port` for targets other than HIP: sources translated one by one, the rest copied."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.port.test_tree import make
from xpiler.backends.registry import load_target
from xpiler.cli.main import app
from xpiler.port.translated import exit_status, translate_tree

TREE = {
    "src/scale.cu": """#include "ops.cuh"
#include <cstdio>
__global__ void scale(float a, const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = scaled(a, x[i]);
}
int main() { std::puts("here"); }
""",
    "src/part.cu": "__global__ void part(float *x) { x[threadIdx.x] = 1; }\n",
    "src/whole.cpp": '#include "part.cu"\n',
    "src/include/ops.cuh": "__device__ inline float scaled(float a, float x) { return a * x; }\n",
    "Makefile": "all:\n\tnvcc src/scale.cu\n",
    "README": "about cuda\n",
}


@pytest.mark.parametrize(("target", "suffix"), [("avx512", ".cpp"), ("bang", ".mlu")])
def test_a_tree(target: str, suffix: str, tmp_path: Path) -> None:
    source, out = make(tmp_path / "src", TREE), tmp_path / "out"
    machine = load_target(target)
    files = {f.path: f for f in translate_tree(source, out, machine, verify=False)}  # type: ignore[arg-type]
    scale = files["src/scale.cu"]
    assert (scale.status, scale.output) == ("partly", f"src/scale{suffix}")
    assert "unverified" in scale.kernels["scale"]
    text = (out / scale.output).read_text()
    assert 'std::puts("here");' in text
    assert "__global__" not in text or target == "bang"
    # What another file includes is no program by itself.
    assert files["src/part.cu"].status == "copied"
    assert (out / "README").read_text() == TREE["README"]
    assert (out / "Makefile").read_text() == TREE["Makefile"]
    assert files["Makefile"].status == "build"
    assert files["README"].status == "copied"
    assert exit_status(tuple(files.values())) == 1
    assert not (out / "src/scale.cu").exists()


def test_a_name_that_is_taken_and_a_kernel_that_is_refused(tmp_path: Path) -> None:
    refused = '__global__ void k(float **p) { asm("bar.sync 1, 64;"); p[0][0] = 1; }\n'
    tree = {
        "scale.cu": TREE["src/scale.cu"],
        "scale.cpp": "int x;\n",
        "ops.cuh": TREE["src/include/ops.cuh"],
    }
    source, out = make(tmp_path / "src", {**tree, "no.cu": refused}), tmp_path / "out"
    files = {f.path: f for f in translate_tree(source, out, load_target("avx512"), verify=False)}  # type: ignore[arg-type]
    assert files["scale.cu"].output == "scale.cu.cpp"
    assert (out / "scale.cpp").read_text() == "int x;\n"
    assert files["no.cu"].status == "refused"
    assert (out / "no.cu").read_text() == refused
    assert files["no.cu"].notes


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    tree = {name: text for name, text in TREE.items() if name != "Makefile"}
    source, out = make(tmp_path / "src", tree), tmp_path / "out"
    done = CliRunner().invoke(app, ["port", str(source), "-o", str(out), "--target", "avx512"])
    assert done.exit_code == 0, done.output
    report = json.loads((out / ".xpiler-port/report.json").read_text())
    (scale,) = [f for f in report["files"] if f["path"] == "src/scale.cu"]
    assert scale["status"] == "translated"
    assert "verified" in scale["kernels"]["scale"]
    again = CliRunner().invoke(
        app, ["port", str(source), "-o", str(out), "-t", "avx512", "--in-place"]
    )
    assert again.exit_code == 2
    assert "is for hip" in again.output
