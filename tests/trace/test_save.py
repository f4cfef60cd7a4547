"""A session's file is verified as a whole before it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

import xpiler
from xpiler.ir.parse_c import parse_module
from xpiler.session import SessionError, _Step
from xpiler.verify.cases.infer import NoCase

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "vector_add.cu"


def test_a_saved_file_says_what_is_known_of_it(tmp_path: Path) -> None:
    saved = xpiler.open(str(EXAMPLE), target="avx512").save(tmp_path / "a.cpp")
    assert saved.verified
    assert saved.path.is_file()
    assert "tested" in repr(saved)


def test_a_wrong_file_is_not_written(tmp_path: Path) -> None:
    session = xpiler.open(str(EXAMPLE), target="avx512")
    session.run()
    words = session.target.vocabulary()
    wrong = session.program.text.replace("_mm512_add_ps", "_mm512_sub_ps")
    program = parse_module(wrong, instructions=words.instructions, spaces=words.spaces)
    session._history.append(_Step(program, session._history[-1].stage))
    with pytest.raises(SessionError, match="differs from the source"):
        session.save(tmp_path / "b.cpp")
    assert not (tmp_path / "b.cpp").exists()


def test_a_file_that_could_not_be_judged_is_written_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = NoCase("its sizes are not known")
    monkeypatch.setattr("xpiler.session.infer_cases", lambda *_: reason)
    saved = xpiler.open(str(EXAMPLE), target="avx512").save(tmp_path / "c.cpp")
    assert not saved.verified
    head, rest = (tmp_path / "c.cpp").read_text().split("\n", 1)
    assert head.startswith("// xpiler: ")
    assert "is UNVERIFIED: " in head
    assert reason.reason in head
    assert "UNVERIFIED" not in rest


def test_a_name_in_use_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "d.hip"
    place.write_text("mine")
    session = xpiler.open(str(EXAMPLE), target="hip")
    with pytest.raises(SessionError, match="it exists"):
        session.save(place)
    assert place.read_text() == "mine"
    assert session.save(place, force=True).verified


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    for wrong, said in (
        ({"path": tmp_path / "no.cu", "target": "hip"}, "there is no file"),
        ({"path": EXAMPLE, "target": "hpi"}, "there is no target 'hpi'"),
        ({"path": EXAMPLE, "target": "hip", "kernel": "other"}, "there are "),
    ):
        with pytest.raises(SessionError, match=said):
            xpiler.open(**wrong)


def test_a_knob_takes_what_its_domain_holds() -> None:
    session = xpiler.open(EXAMPLE, target="bang")
    session.knobs["loop_bind"]["tile"] = 512
    assert session.knobs["loop_bind"]["tile"] == 512
    for value in (513, "512", True):
        with pytest.raises(SessionError, match="tile is one of"):
            session.knobs["loop_bind"]["tile"] = value
    with pytest.raises(SessionError, match="no knob 'tiles'"):
        session.knobs["loop_bind"]["tiles"] = 512


def test_a_session_sees_device_code_of_local_headers(tmp_path: Path) -> None:
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc" / "twice.cuh").write_text(
        "#pragma once\n__device__ inline float twice(float x) { return TWO * x; }\n"
    )
    source = tmp_path / "k.cu"
    source.write_text(
        '#include "twice.cuh"\n__global__ void k(float *y, int n) {\n'
        "  int i = blockIdx.x * blockDim.x + threadIdx.x;\n  if (i < n) y[i] = twice(y[i]);\n}\n"
    )
    session = xpiler.open(source, "avx512", include_dirs=[tmp_path / "inc"], defines=["TWO=2.0f"])
    saved = session.save(tmp_path / "k.c")
    assert saved.verified
    assert "twice.cuh" not in saved.path.read_text()
