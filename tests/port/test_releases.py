"""cuDNN's names, other arguments, and names newer than a release."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.backends.base import EmitRequest
from xpiler.backends.hip.emit import emit
from xpiler.backends.hip.names import find_name
from xpiler.backends.hip.options import HipOptions
from xpiler.backends.hip.release import newer
from xpiler.backends.hip.rewrite import rewrite


def codes(text: str, **options: str) -> list[str]:
    result = rewrite(text.encode(), "t.cu", HipOptions(**options))  # type: ignore[arg-type]
    return [d.code for d in result.diagnostics]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("cudnnHandle_t h;", "miopenHandle_t h;", []),
        ("cudnnCreate(&h);", "miopenCreate(&h);", []),
        ("cudnnSetStream(h, s) == CUDNN_STATUS_SUCCESS;", "miopenSetStream(h, s) == miopenStatusSuccess;", []),
        ("cudnnFilterDescriptor_t w;", "miopenTensorDescriptor_t w;", []),
        ("cudnnActivationForward(h, a, &x, d, p, &y, e, q);", "miopenActivationForward(h, a, &x, d, p, &y, e, q);", []),
        ("f(CUDNN_DATA_HALF, CUDNN_BATCHNORM_SPATIAL);", "f(miopenHalf, miopenBNSpatial);", []),
        ("cudnnOpTensor(h, o, a);", "miopenOpTensor(h, o, a);", ["XP5107"]),
        ("cudnnSoftmaxForward(h, g, m, a);", "miopenSoftmaxForward_V2(h, g, m, a);", ["XP5107"]),
        ("cudnnRNNForward(h);", "cudnnRNNForward(h);", ["XP5102"]),
        ("f(CUDNN_TENSOR_NHWC);", "f(CUDNN_TENSOR_NHWC);", ["XP5102"]),
        ("x.cudnnOpTensor(h);", "x.cudnnOpTensor(h);", []),
    ],
)  # fmt: skip
def test_cudnn(before: str, after: str, found: list[str]) -> None:
    result = rewrite(
        f"#include <cudnn.h>\nvoid g() {{ {before} }}\n".encode(), "t.cu", HipOptions()
    )
    assert "#include <miopen/miopen.h>" in result.text.decode()
    assert after in result.text.decode()
    assert [d.code for d in result.diagnostics] == found
    assert rewrite(result.text, "t.hip", HipOptions()).text == result.text


def test_what_differs_is_said() -> None:
    result = rewrite(b"void g() { cudnnOpTensor(h, o, a); }\n", "t.cu", HipOptions())
    assert "miopenTensorOp_t" in result.diagnostics[0].hint
    row = find_name("cudnnOpTensor")
    assert row is not None
    assert (row.hip, row.library) == ("miopenOpTensor", "dnn")


def test_names_newer_than_the_release() -> None:
    text = "#include <cuda_bf16.h>\nvoid f() { cudaMallocAsync(&p, 1, s); cudaMalloc(&p, 1); }\n"
    assert codes(text) == []
    assert codes(text, rocm="5.1") == ["XP5104", "XP5104"]
    assert codes(text, rocm="5.2") == ["XP5104"]
    assert codes(text, rocm="6.0") == []
    result = rewrite(text.encode(), "t.cu", HipOptions(rocm="5.1"))
    assert result.diagnostics[1].message == "hipMallocAsync needs ROCm 5.2, and --rocm says 5.1"
    assert b"hipMallocAsync" in result.text


def test_bfloat16_needs_a_release_of_its_own() -> None:
    text = "__global__ void k(float *o) { o[0] = __bfloat162float(__float2bfloat16(1.0f)); }\n"
    assert codes(text, rocm="5.6") == []
    result = rewrite(text.encode(), "t.cu", HipOptions(rocm="5.2"))
    assert "<hip/hip_bf16.h> needs ROCm 5.6, and --rocm says 5.2" in [
        d.message for d in result.diagnostics
    ]


def test_translate_takes_a_release(tmp_path: Path) -> None:
    source = tmp_path / "k.cu"
    source.write_text("void f(void **p, cudaStream_t s) { cudaMallocAsync(p, 4, s); }\n")

    def found(rocm: str) -> list[str]:
        request = EmitRequest(source.read_text(), source, (), {"rocm": rocm})
        return [d.code for d in emit(request).diagnostics]

    assert found("5.1") == ["XP5104"]
    assert found("6.0") == []
    assert found("new") == ["XP0012"]


@pytest.mark.parametrize(
    ("since", "rocm", "expected"),
    [
        ("5.10", "5.9", True),
        ("5.9", "5.10", False),
        ("6.2", "6.2.1", False),
        ("", "5.0", False),
        ("6.0", "", False),
        ("5.2", "5.2.0", False),
    ],
)
def test_newer(since: str, rocm: str, expected: bool) -> None:
    assert newer(since, rocm) == expected
