"""What host text says of a texture's sampler, against the descriptor that it makes when it runs.

The lifter reads filter, address modes and coordinates off the text, and both sides of a verification take its word for
them. Here the whole program runs on the CUDA runtime, which interprets the descriptor as it is at run time, and beside it
what was emitted from the lifted kernels: each way of writing host code has to give the same numbers, or be refused.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.backends.avx512.support import FLAGS, translate
from tests.frontends.lifting import lift_text
from xpiler.frontends.lift import samplers
from xpiler.verify.run import sandbox
from xpiler.verify.run.build import Built
from xpiler.verify.run.oracle import build_program

DESCRIPTORS = {
    "fields": "cudaTextureDesc d = {}; d.filterMode = cudaFilterModeLinear; d.normalizedCoords = 1;",
    "memset": "cudaTextureDesc d; memset(&d, 0, sizeof d); d.addressMode[0] = cudaAddressModeBorder;",
    "twice": "cudaTextureDesc d = {}; d.normalizedCoords = 1; d.addressMode[0] = d.addressMode[1] = cudaAddressModeMirror;",
    "both": "cudaTextureDesc d = {}; d.filterMode = cudaFilterModeLinear; d.addressMode[1] = cudaAddressModeBorder;",
    "loop": "cudaTextureDesc d = {}; for (int k = 0; k < 3; ++k) d.addressMode[k] = cudaAddressModeBorder;",
    "comment": "cudaTextureDesc d = {}; d.normalizedCoords = 1; // d.filterMode = cudaFilterModeLinear;\n",
    "left_out": "cudaTextureDesc d = {};\n#if 0\n  d.filterMode = cudaFilterModeLinear;\n#endif\n",
    "later": "cudaTextureDesc d = {}; d.filterMode = cudaFilterModeLinear; d.filterMode = cudaFilterModePoint;",
    "constant": "const cudaTextureFilterMode f = cudaFilterModeLinear; cudaTextureDesc d = {}; d.filterMode = f;",
    "chosen": "cudaTextureDesc d = {}; d.filterMode = argc > 0 ? cudaFilterModeLinear : cudaFilterModePoint;",
    "branch": "cudaTextureDesc d = {}; if (argc > 0) d.filterMode = cudaFilterModeLinear;",
    "not_taken": "cudaTextureDesc d = {}; if (argc > 99) d.filterMode = cudaFilterModeLinear;",
    "otherwise": "cudaTextureDesc d = {}; if (argc > 99) d.normalizedCoords = 1; else d.normalizedCoords = 0;",
    "pointer": "cudaTextureDesc d = {}; cudaTextureDesc *p = &d; p->filterMode = cudaFilterModeLinear;",
    "reference": "cudaTextureDesc d = {}; cudaTextureDesc &e = d; e.filterMode = cudaFilterModeLinear;",
    "copied": "cudaTextureDesc e = {}; e.filterMode = cudaFilterModeLinear; cudaTextureDesc d = e; d.normalizedCoords = 1;",
    "listed": "cudaTextureDesc d = {{cudaAddressModeBorder, cudaAddressModeBorder}, cudaFilterModeLinear};",
    "helper": "cudaTextureDesc d = {}; set_up(d);",
    "returned": "cudaTextureDesc d = described(cudaFilterModeLinear);",
    "number": "cudaTextureDesc d = {}; d.filterMode = (cudaTextureFilterMode)1;",
    "macro": "cudaTextureDesc d = {}; SMOOTH(d); d.normalizedCoords = 1;",
    "named": "cudaTextureDesc d = {}; d.filterMode = FILTER; d.addressMode[0] = EDGE; d.normalizedCoords = COORDS;",
    "comma": "cudaTextureDesc d = {}; d.filterMode = cudaFilterModeLinear, d.normalizedCoords = 1;",
    "after": "cudaTextureDesc d = {}; d.normalizedCoords = 1;",
    "inner": "cudaTextureDesc d = {}; { cudaTextureDesc d = {}; d.filterMode = cudaFilterModeLinear; (void)d; }",
    "flag": "cudaTextureDesc d = {}; bool unit = false; d.normalizedCoords = unit;",
    "negated": "cudaTextureDesc d = {}; d.normalizedCoords = !1;",
}  # fmt: skip
AFTER = {"after": "d.filterMode = cudaFilterModeLinear;"}
"""Said after the texture was made: it changes nothing."""

HEAD = """\
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define SMOOTH(d) d.filterMode = cudaFilterModeLinear
#define FILTER cudaFilterModeLinear
#define EDGE cudaAddressModeWrap
enum { COORDS = 1 };
"""
FUNCTIONS = {
    "helper": "static void set_up(cudaTextureDesc &d) { d.filterMode = cudaFilterModeLinear; }\n",
    "returned": (
        "static cudaTextureDesc described(cudaTextureFilterMode filter) {\n"
        "  cudaTextureDesc d = {};\n  d.filterMode = filter;\n  return d;\n}\n"
    ),
}
KERNEL = """\
__global__ void k{i}(cudaTextureObject_t t, float *y) {{
  float a = threadIdx.x * 0.37f - 2.1f, b = threadIdx.x * 0.21f - 1.3f;
  y[threadIdx.x] = tex2D<float>(t, a, b);
}}
"""
LAUNCH = """\
  if (wanted == {i}) {{
    {made}
    cudaTextureObject_t t{i};
    cudaCreateTextureObject(&t{i}, &r, &d, NULL);
    {after}
    k{i}<<<1, 32>>>(t{i}, y);
    cudaMemcpy(out, y, sizeof out, cudaMemcpyDeviceToHost);
    printf("{name}");
    for (int j = 0; j < 32; ++j) printf(" %.4f", out[j]);
    printf("\\n");
  }}
"""
MAIN = """\
int main(int argc, char **argv) {
  const int wanted = atoi(argv[1]);
  const int w = 7, h = 5;
  float in[w * h], out[32];
  for (int i = 0; i < w * h; ++i) in[i] = (float)((i * 11) % 23);
  float *y;
  cudaMalloc(&y, sizeof out);
  cudaChannelFormatDesc texel = cudaCreateChannelDesc<float>();
  cudaArray_t array;
  cudaMallocArray(&array, &texel, w, h);
  cudaMemcpy2DToArray(array, 0, 0, in, w * 4, w * 4, h, cudaMemcpyHostToDevice);
  cudaResourceDesc r;
  memset(&r, 0, sizeof r);
  r.resType = cudaResourceTypeArray;
  r.res.array.array = array;
"""


def program(names: list[str]) -> str:
    kernels = "".join(KERNEL.format(i=i) for i in range(len(names)))
    launches = "".join(
        LAUNCH.format(i=i, name=n, made=DESCRIPTORS[n], after=AFTER.get(n, ""))
        for i, n in enumerate(names)
    )
    functions = "".join(FUNCTIONS.get(n, "") for n in names)
    return f"{HEAD}{functions}{kernels}{MAIN}{launches}  return argc > 99;\n}}\n"


def numbers(text: str) -> list[float]:
    return [float(v) for v in text.split()[1:]]


def on_the_runtime(source: str, count: int, folder: Path) -> list[list[float]]:
    built = build_program(source, Path("samplers.cu"))
    assert isinstance(built, Built), built
    done = [sandbox.run([str(built.path), str(i)], folder) for i in range(count)]
    assert all(isinstance(d, sandbox.Finished) and d.code == 0 for d in done), done
    return [numbers(d.stdout) for d in done if isinstance(d, sandbox.Finished)]


def emitted(source: str, count: int, folder: Path) -> list[list[float] | str]:
    """What is printed, or why the program stopped."""
    (folder / "samplers.cpp").write_text(translate(source, "samplers.cu")[0].text)
    binary = folder / "samplers"
    subprocess.run(["g++", *FLAGS, str(folder / "samplers.cpp"), "-o", str(binary)], check=True)
    done = [
        subprocess.run([binary, str(i)], capture_output=True, text=True, check=False)
        for i in range(count)
    ]
    return [numbers(d.stdout) if d.returncode == 0 else d.stderr for d in done]


def accepted() -> list[str]:
    """The descriptors that are read, each alone in its file."""
    return [n for n in DESCRIPTORS if not lift_text(program([n])).refused]


@pytest.mark.slow
def test_each_descriptor_that_is_read_is_read_as_it_is(tmp_path: Path) -> None:
    names = accepted()
    source = program(names)
    assert lift_text(source).refused == ()
    expected = on_the_runtime(source, len(names), tmp_path)
    assert len({tuple(v) for v in expected}) > 6  # they are told apart
    found = emitted(source, len(names), tmp_path)
    wrong = [
        (name, got)
        for name, want, got in zip(names, expected, found, strict=True)
        if got != pytest.approx(want, abs=2e-4)
    ]
    assert wrong == []


@pytest.mark.slow
def test_a_misreading_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a loop that fills the descriptor overlooked, its textures would be refused at the launch."""
    monkeypatch.setattr(samplers, "_is_elsewhere", lambda *_: False)
    source = program(["loop"])
    assert lift_text(source).refused == ()
    (why,) = emitted(source, 1, tmp_path)
    assert isinstance(why, str)
    assert "is given to a kernel made for" in why
