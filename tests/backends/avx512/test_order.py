"""Which loop over threads is innermost."""

from __future__ import annotations

import pytest

from tests.backends.avx512.support import loops
from xpiler.backends.avx512.passes.order import PASS
from xpiler.ir.check import check
from xpiler.ir.interpret import interpret
from xpiler.ir.nodes import Module
from xpiler.ir.print_c import print_module
from xpiler.passes.base import Applied, Context, NotApplicable

PARAMS = "const f32 *a, f32 *c, i32 n"
COPY = """
parallel(thread.y) for (i32 ty = 0; ty < 8; ty += 1) {
  parallel(thread.x) for (i32 tx = 0; tx < 4; tx += 1) {
    if (ty < n) { c[tx * n + ty] = a[tx * n + ty] + 1.0f; }
  }
}
"""


def ordered(body: str) -> Applied | NotApplicable:
    outcome = PASS.rewrite(loops(body, PARAMS), Context())
    assert isinstance(outcome, Applied | NotApplicable)
    return outcome


def computed(module: Module, n: int) -> list[float]:
    arguments: dict[str, object] = {
        "a": [float(i) for i in range(4 * n)],
        "c": [0.0] * (4 * n),
        "n": n,
    }
    interpret(module, arguments, (1, 1, 1), (4, 8, 1))
    result = arguments["c"]
    assert isinstance(result, list)
    return result


@pytest.mark.parametrize("n", [1, 7, 8])
def test_threads_along_rows_become_lanes(n: int) -> None:
    outcome = ordered(COPY)
    assert isinstance(outcome, Applied)
    assert outcome.notes == ("tx outside ty",)
    assert check(outcome.program) == ()
    text = print_module(outcome.program)
    assert text.index("thread.x") < text.index("thread.y")
    assert computed(outcome.program, n) == computed(loops(COPY, PARAMS), n)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("tx * n + ty", "ty * n + tx", "pieces as large"),
        ("ty < 8", "ty < 4", "pieces as large"),  # too few for the lanes
        ("tx < 4;", "tx < ty;", "depend on 'ty'"),
        (
            "parallel(thread.y) for (i32 ty = 0; ty < 8; ty += 1) {",
            "{ i32 ty = 0;",
            "one loop over",
        ),
    ],
)
def test_left_as_it_was(old: str, new: str, reason: str) -> None:
    assert old in COPY
    body = COPY.replace(old, new)
    if new.startswith("{"):
        body = body.replace("{ i32 ty = 0;", "i32 ty = 0;").rstrip().removesuffix("}")
    outcome = ordered(body)
    assert isinstance(outcome, NotApplicable)
    assert reason in outcome.reason
