"""`xpiler verify A B` on files whose host code cannot be built here."""

from __future__ import annotations

from pathlib import Path

from xpiler.driver.pair import verify_files
from xpiler.driver.report import InputError
from xpiler.verify.evidence import Refuted, is_verified

TEXT = """\
#include <absent/{0}.h>
static {0}Handle_t handle;
__global__ void k(float *x, int n) {{
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] = x[i] * 2.0f;
}}
void run(float *x, int n) {{
  {0}Create(&handle);
  k<<<(n + 127) / 128, 128>>>(x, n);
}}
"""


def test_host_code_of_absent_libraries_is_left_out_of_both(tmp_path: Path) -> None:
    first, second = tmp_path / "first.cu", tmp_path / "second.hip"
    first.write_text(TEXT.format("left"))
    second.write_text("#include <hip/hip_runtime.h>\n" + TEXT.format("right"))
    found = verify_files(first, second)
    assert not isinstance(found, InputError), found
    assert is_verified(found["k"]), found["k"]
    second.write_text(second.read_text().replace("2.0f", "2.5f"))
    found = verify_files(first, second)
    assert not isinstance(found, InputError), found
    assert isinstance(found["k"], Refuted)
    assert "does not build" not in found["k"].difference.reason
