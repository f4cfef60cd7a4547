"""A session's file is verified as a whole before it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

import xpiler
from xpiler.ir.parse_c import parse_module
from xpiler.session import SessionError, _Step

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
