"""Tensor cores: fragments by MFMA, mma.sync and ldmatrix by shuffles, at wavefront 64 on the CPU runtime."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.port.test_tree import codes, make, port
from xpiler.backends.hip.helpers import all_pieces, header
from xpiler.backends.hip.options import HipOptions
from xpiler.backends.hip.ptx import Asm, write_cpp
from xpiler.backends.hip.rewrite import rewrite
from xpiler.port.memory import Subject
from xpiler.port.program import run_both, run_ported
from xpiler.port.settings import HELPER_HEADER, Settings

PROGRAMS = Path(__file__).parent / "programs"
FRAGMENT = (
    "#include <mma.h>\nusing namespace nvcuda;\n"
    "__device__ nvcuda::wmma::fragment<wmma::accumulator, 16, 16, 16, float> f;\n"
)


def ported(tmp_path: Path, program: str, **options: object) -> tuple[Settings, Subject]:
    source = make(tmp_path / "src", {"main.cu": (PROGRAMS / program).read_bytes()})
    settings = Settings(source, tmp_path / "out", **options)  # type: ignore[arg-type]
    result = port(source, tmp_path / "out", **options)
    return settings, Subject(settings, result.report, result.units)


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["gfx90a", "gfx1100"])
@pytest.mark.parametrize("matrix", ["loops", "mfma"])
def test_fragments(tmp_path: Path, matrix: str, arch: str) -> None:
    """With a partner warp, without one, and with a partner that takes another number of steps."""
    outcome = run_both(*ported(tmp_path, "fragments.cu", matrix=matrix, arch=arch), [])
    assert outcome["status"] == "same", outcome["reason"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("lane % 16u + 16u * (k / 4u)", "lane % 16u + 16u * (k % 4u)"),
        ("8u * (i / 4u) + 4u * (lane / 16u)", "4u * (i / 4u) + 8u * (lane / 16u)"),
        ("mine ? sum[4u * warp + e] : far", "mine ? far : sum[4u * warp + e]"),
    ],
)
def test_a_wrong_mapping_is_found(tmp_path: Path, right: str, wrong: str) -> None:
    """So the instruction's model is what the test of the fragments ran."""
    settings, subject = ported(tmp_path, "fragments.cu", matrix="mfma")
    place = settings.output / HELPER_HEADER
    text = place.read_text()
    assert text.count(right) == 1
    place.write_text(text.replace(right, wrong))
    assert run_both(settings, subject, [])["status"] == "differs"


@pytest.mark.slow
@pytest.mark.parametrize("program", ["mma_sync.cu", "mma_more.cu"])
@pytest.mark.parametrize("arch", ["gfx90a", "gfx1100"])
def test_mma_sync_and_ldmatrix(tmp_path: Path, arch: str, program: str) -> None:
    """The programs compare with plain loops themselves; they say the same under nvcc on a GPU."""
    settings, subject = ported(tmp_path, program, arch=arch)
    assert codes_of(subject) == {"XP5302", "XP5303"}
    assert "unsupported" in str(run_both(settings, subject, [])["reason"])
    outcome = run_ported(settings, [])
    assert (outcome["exit"], outcome["output"]) == (0, "0 wrong, no error\n"), outcome


@pytest.mark.slow
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("shfl(a[2 * step + 1], 4 * g + k)", "shfl(a[2 * step], 4 * g + k)"),
        ("shfl(b, 8 * t + 4 + k)", "shfl(b, 8 * t + k)"),
        ("static_cast<B>(b >> i", "static_cast<A>(b >> i"),
        ("0xffffe000u", "0xff800000u"),
    ],
)
def test_a_wrong_product_is_found(tmp_path: Path, right: str, wrong: str) -> None:
    settings, _ = ported(tmp_path, "mma_more.cu")
    place = settings.output / HELPER_HEADER
    text = place.read_text()
    assert right in text
    place.write_text(text.replace(right, wrong))
    outcome = run_ported(settings, [])
    assert outcome["exit"] == 1, outcome


def codes_of(subject: Subject) -> set[str]:
    return {d["code"] for row in subject.report.rows for d in row.diagnostics}


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("clang++-19") is None or not Path("/usr/include/hip/hip_runtime.h").exists(),
    reason="needs clang with HIP's headers",
)
@pytest.mark.parametrize(
    ("arch", "instructions"),
    [
        ("gfx908", {"f32_16x16x16f16", "i32_16x16x16i8"}),
        ("gfx90a", {"f32_16x16x16f16", "i32_16x16x16i8"}),
        ("gfx942", {"f32_16x16x16_f16", "i32_16x16x32_i8"}),
        ("gfx1100", set()),
    ],
)
def test_compiled(tmp_path: Path, arch: str, instructions: set[str]) -> None:
    """Clang makes the instructions of the architecture (bfloat16 needs newer headers than Debian's)."""
    text = (PROGRAMS / "fragments.cu").read_text()
    text = re.sub(
        r"(?m)^.*(?:bfloat16|brains|cuda_bf16|\bcopy\(p\b).*\n(?:  (?:int w|product<__nv).*\n)*",
        "",
        text,
    )
    text = re.sub(r"(?m)^}\n}\n", "}\n", text)
    source = make(tmp_path / "src", {"main.cu": text[: text.index("template <class T> T *copy")]})
    port(source, tmp_path / "out", arch=arch, matrix="mfma")
    done = subprocess.run(
        [
            *("clang++-19", "-x", "hip", f"--offload-arch={arch}", "--rocm-path=/usr", "-nogpulib"),
            *("--cuda-device-only", "-S", "-O2", "-w", "-std=c++17", "-o", "-"),
            str(tmp_path / "out/main.hip"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert set(re.findall(r"v_mfma_(\w+)", done.stdout)) == instructions


# --- text ---------------------------------------------------------------------------------------


def test_rocwmma() -> None:
    result = rewrite(FRAGMENT.encode(), "t.cu", HipOptions(matrix="rocwmma"))
    text = result.text.decode()
    assert "#include <rocwmma/rocwmma.hpp>" in text
    assert "namespace wmma = rocwmma;" in text
    assert "__device__ rocwmma::fragment<wmma::accumulator" in text
    assert {d.code for d in result.diagnostics} == {"XP5308"}
    assert "64 lanes" in result.diagnostics[0].message
    again = rewrite(result.text, "t.hip", HipOptions(matrix="rocwmma"))
    assert again.text == result.text


@pytest.mark.parametrize(
    ("matrix", "arch", "code", "piece"),
    [
        ("loops", "gfx90a", "XP5303", "wmma"),
        ("mfma", "gfx90a", "XP5309", "wmma_mfma"),
        ("mfma", "gfx1100", "XP5303", "wmma"),
    ],
)
def test_helpers(matrix: str, arch: str, code: str, piece: str) -> None:
    result = rewrite(FRAGMENT.encode(), "t.cu", HipOptions(arch=arch, matrix=matrix))
    assert {d.code for d in result.diagnostics} == {code}
    assert result.helpers == {piece}


def test_matrix_cores_only_when_asked_for(tmp_path: Path) -> None:
    assert "wmma_mfma" not in all_pieces()
    assert "mfma" not in header()
    source = make(tmp_path / "src", {"a.cu": FRAGMENT})
    port(source, tmp_path / "out")
    assert "mfma" not in (tmp_path / "out" / HELPER_HEADER).read_text()
    result = port(source, tmp_path / "out", matrix="mfma")
    assert "mfma" in (tmp_path / "out" / HELPER_HEADER).read_text()
    assert codes(result, "a.cu") == {"XP5309"}


@pytest.mark.parametrize(
    "template",
    [
        "mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.and.popc {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};",
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};",
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,r3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};",
        "ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0}, [%1];",
        "ldmatrix.sync.aligned.m8n16.x1.shared.b8x16.b6x16_p32 {%0}, [%1];",
    ],
)
def test_what_is_not_translated(template: str) -> None:
    assert write_cpp(Asm(template, tuple("abcdefghij"), {})) is None
