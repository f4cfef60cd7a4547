"""Whole files in the style of real code: what is emitted builds without a warning, links and computes the same.

Each file (or the `.caller.cpp` beside it, which knows the names and signatures of the CUDA build only) checks
its own results and prints OK.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.backends.avx512.support import FLAGS, translate, warnings

FOLDER = Path(__file__).parent / "host_files"
FILES = sorted(p.stem for p in FOLDER.glob("*.cu"))
QUICK = ("dot16", "hash", "launchkernel", "names", "textures", "ticket")


def _result(name: str, folder: Path) -> str:
    """What the emitted file prints on the simulator."""
    emitted, _ = translate((FOLDER / f"{name}.cu").read_text(), f"{name}.cu")
    (folder / f"{name}.cpp").write_text(emitted.text)
    return _run([folder / f"{name}.cpp"], name, folder)


def _run(sources: list[Path], name: str, folder: Path) -> str:
    caller = FOLDER / f"{name}.caller.cpp"
    units = [str(s) for s in (*sources, *([caller] if caller.exists() else []))]
    binary = str(folder / "program")
    # warnings are those of the other test; overflow of signed numbers must not occur
    flags = [*FLAGS, "-fsanitize=signed-integer-overflow", "-fno-sanitize-recover"]
    subprocess.run(["g++", *flags, f"-I{folder}", *units, "-o", binary], check=True)
    return subprocess.run([binary], check=True, capture_output=True).stdout.decode().strip()


@pytest.mark.parametrize("name", QUICK)
def test_computes(name: str, tmp_path: Path) -> None:
    assert _result(name, tmp_path) == "OK"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(FILES) - set(QUICK)))
def test_all_compute(name: str, tmp_path: Path) -> None:
    assert _result(name, tmp_path) == "OK"


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("name", FILES)
def test_builds_without_warnings(name: str, compiler: str, tmp_path: Path) -> None:
    emitted, _ = translate((FOLDER / f"{name}.cu").read_text(), f"{name}.cu")
    assert emitted.suffix == ".cpp"
    assert warnings(emitted.text, emitted.suffix, tmp_path, compiler, "-Wno-unused-parameter") == ""


def test_headers_are_included_side_by_side(tmp_path: Path) -> None:
    for name in ("first", "second"):
        emitted, _ = translate((FOLDER / f"{name}.cuh").read_text(), f"{name}.cuh")
        assert emitted.suffix == ".hpp"
        (tmp_path / f"{name}.hpp").write_text(emitted.text)
    assert _run([], "first", tmp_path) == "OK"


def test_two_files_may_have_instances_and_static_kernels_of_one_name() -> None:
    source = (
        "template <typename T> __global__ void twice(T *x) { x[threadIdx.x] += x[threadIdx.x]; }\n"
        "namespace { __global__ void own(int *x) { x[threadIdx.x] = 1; } }\n"
        "static __global__ void mine(int *x) { x[threadIdx.x] = 2; }\n"
        "__global__ void shared_by_all(int *x) { x[threadIdx.x] = 3; }\n"
        "void run(float *f, int *x) { twice<<<1, 32>>>(f); own<<<1, 32>>>(x); mine<<<1, 32>>>(x);\n"
        "  shared_by_all<<<1, 32>>>(x); }\n"
    )
    text = translate(source)[0].text
    for name in ("twice_float", "own", "mine"):
        assert f"[[maybe_unused]] static void {name}(xp_dim3 grid" in text
    assert 'extern "C" void shared_by_all(xp_dim3 grid' in text


def test_a_kernel_of_another_file_is_declared() -> None:
    source = (
        "__global__ void other(float *x, int n);\n"
        "__global__ void here(float *x) { x[threadIdx.x] = 1; }\n"
        "void run(float *x) { here<<<1, 32>>>(x); other<<<1, 32>>>(x, 5); }\n"
    )
    text = translate(source)[0].text
    head = "xp_dim3 grid, xp_dim3 block, size_t shared_bytes"
    assert f'extern "C" void other({head}, float *x, int n);' in text
    assert "other(1, 32, 0, x, 5);" in text


@pytest.mark.parametrize(
    "own",
    [
        "",
        "static int max(int a, int b) { return a > b ? a : b; }\n",
        "#define max(a, b) ((a) > (b) ? (a) : (b))\n",
        "#include <algorithm>\nusing namespace std;\n",
    ],
)
def test_max_of_host_code(own: str, tmp_path: Path) -> None:
    source = (
        f"{own}__global__ void k(float *x) {{ x[threadIdx.x] = 1; }}\n"
        "void run(float *x, int n) { k<<<max(n, 1), 32>>>(x); }\n"
    )
    assert warnings(translate(source)[0].text, ".cpp", tmp_path, "g++") == ""


def test_a_refused_kernel_that_host_code_mentions_still_compiles(tmp_path: Path) -> None:
    source = (
        "__global__ void bad(float ***p) { p[0][0][threadIdx.x] = 1; }\n"
        "__global__ void good(float *p) { p[threadIdx.x] = 1; }\n"
        "void run(float *p, float ***q, void **args) { good<<<1, 32>>>(p); bad<<<1, 32>>>(q);\n"
        "  cudaLaunchKernel((void *)bad, dim3(1), dim3(32), args, 0, 0); }\n"
    )
    text = translate(source)[0].text
    assert 'xp_refused("bad")' in text
    assert warnings(text, ".cpp", tmp_path, "g++", "-Wno-unused-parameter") == ""


def test_indices_stay_signed_and_hashes_wrap() -> None:
    source = (
        "__global__ void k(const int *a, int *o, int n, int w) {\n"
        "  if (threadIdx.x == 0) {\n"
        "    int h = 17;\n"
        "    for (int i = 0; i + 1 < n; ++i) h = h * 31 + a[i * w + 1] % 5 - a[0];\n"
        "    o[0] = -h;\n"
        "  }\n"
        "}\n"
    )
    text = translate(source)[0].text
    assert "i < n - 1" in text
    assert "a[i * w + 1]" in text
    wrapped = "(uint32_t)h * 31u + (uint32_t)(a[i * w + 1] % 5) - (uint32_t)a[0]"
    assert f"h = (int32_t)({wrapped})" in text
    assert "o[0] = (int32_t)(0u - (uint32_t)h)" in text
