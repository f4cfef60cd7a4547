"""Kernels of machine learning as they are found in extensions and tutorials, outside the operator suite.

Which loops BANG C has on vectors is checked for all of them; the whole way, verified, for those and the targets that
once came out otherwise.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import xpiler
from xpiler.api import plan
from xpiler.driver.report import InputError, Report
from xpiler.verify.evidence import summary

FOLDER = Path(__file__).parent / "ml"
KERNELS = sorted(path.stem for path in FOLDER.glob("*.cu"))
WHOLLY_ON_VECTORS = (
    "alibi_bias",
    "conv1d_constant",
    "half2_scalar",
    "permute_qkv",
    "quantize_rows",
    "rope_half_split",
    "softmax_online",
    "upsample_bilinear",
)
COPIES = ("concat_rows", "nchw_to_nhwc")  # tiles come in and go out, nothing is computed
SCALAR = {
    "im2col": "no operation of the loop has an instruction",  # moves under conditions, to computed places
    "wmma_bias_relu": "d is not written at consecutive places on the chip",  # beside the matrix unit
}


def notes_of_tensorize(name: str) -> tuple[bool, str]:
    planned = plan(FOLDER / f"{name}.cu", "bang", xpiler.Settings())
    assert not isinstance(planned, InputError)
    (kernel,) = planned
    (stage,) = [s for s in kernel.stages if s.name == "tensorize"]
    return stage.verdict == "applied", "; ".join(stage.notes) or stage.reason


@pytest.mark.parametrize("name", KERNELS)
def test_bang_has_loops_on_vectors(name: str) -> None:
    applied, notes = notes_of_tensorize(name)
    assert applied == (name not in SCALAR and name not in COPIES), notes
    assert SCALAR.get(name, "") in notes
    if name in WHOLLY_ON_VECTORS:
        assert "left scalar" not in notes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("alibi_bias", "bang"),
        ("concat_rows", "bang"),
        ("conv1d_constant", "avx512"),  # shapes larger than the constant array are left out
        ("flash_attention", "bang"),  # an update that changes nothing on some inputs
        ("gemv_int4", "avx512"),
        ("half2_scalar", "avx512"),  # a half passed by value
        ("im2col", "hip"),  # a pointer that grows in two loops
        ("int8_gemm_scales", "avx512"),
        ("layernorm_groups", "bang"),
        ("nchw_to_nhwc", "bang"),  # strided copies
        ("permute_qkv", "bang"),
        ("quantize_rows", "avx512"),
        ("roi_align", "hip"),  # positions in reals
        ("rope_half_split", "bang"),
        ("sgemm_float4", "hip"),  # whole tiles
        ("sgemm_register_blocks", "bang"),
        ("softmax_online", "bang"),
        ("upsample_bilinear", "avx512"),
    ],
)
def test_verified(name: str, target: str, tmp_path: Path) -> None:
    settings = xpiler.Settings(out=tmp_path / f"{name}.{target}", engine="symbolic")
    report = xpiler.translate(FOLDER / f"{name}.cu", target, settings)
    assert isinstance(report, Report), report
    statuses = {k.name: (k.status, summary(k.evidence)) for k in report.kernels}
    assert statuses
    assert all(status == "verified" for status, _ in statuses.values()), statuses
