"""A dropped verdict is an error in every test."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest

from xpiler.verify.compare import DroppedVerdictWarning


@pytest.fixture(autouse=True)
def _no_dropped_verdicts(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("drops_verdict"):
        yield
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gc.freeze()  # what was there before cannot be the test's: collecting looks at little
        yield
        gc.collect()
        gc.unfreeze()
    dropped = [w for w in caught if issubclass(w.category, DroppedVerdictWarning)]
    assert not dropped, [str(w.message) for w in dropped]
