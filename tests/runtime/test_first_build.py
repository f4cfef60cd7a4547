"""What is built once on a machine is told apart from what each file needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.store import Cache
from xpiler.verify.run.build import Built, runtime_is_built
from xpiler.verify.run.oracle import build_program


@pytest.mark.slow
def test_the_first_build_is_known_as_such(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    assert not runtime_is_built(cache)
    source = tmp_path / "a.cu"
    source.write_text("__global__ void k() {}\nint main() { k<<<1, 1>>>(); return 0; }\n")
    assert isinstance(build_program(source.read_text(), source, cache=cache), Built)
    assert runtime_is_built(cache)
