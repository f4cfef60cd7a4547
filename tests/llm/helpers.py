"""A program, a target without instructions, and a check that needs no compiler."""

from __future__ import annotations

from xpiler.backends.base import Target
from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import parse_module
from xpiler.llm.client import Spent, make_client
from xpiler.llm.config import LlmConfig, Secret
from xpiler.llm.engine import LlmEngine
from xpiler.passes.base import Pass
from xpiler.synth.locate.localise import Location, localise
from xpiler.synth.locate.trace import Inputs

SOURCE = """\
void scale(dim3 gridDim, dim3 blockDim, u32 sharedBytes, const f32 *x, f32 *y, i32 n) {
  for (i32 i = 0; i < n; i += 1) {
    y[i] = x[i] * 2.0f;
  }
}
"""
PROGRAM = parse_module(SOURCE)

INPUTS = tuple(
    Inputs({"x": [0.5 + k for k in range(n)], "y": [0.0] * n, "n": n}, (1, 1, 1), (1, 1, 1))
    for n in (1, 70, 130)
)


def no_passes(program: Module, options: object) -> tuple[Pass, ...]:
    del program, options
    return ()


def no_emit(request: object) -> object:
    raise AssertionError(request)


TARGET = Target("toy", "a toy machine", no_passes, no_emit, (), {"vector_lanes": 8})  # type: ignore[arg-type]


def compare(before: Module, after: Module) -> str:
    """Empty when both give the same results in the interpreter."""
    found = localise(before, after, INPUTS)
    return found.sentence if isinstance(found, Location) else ""


def engine(url: str, mode: str = "llm", **settings: object) -> LlmEngine:
    """An engine that asks the server at `url`, without waiting between retries."""
    config = LlmConfig(
        base_url=url, model="fake", key=Secret("sk-topsecret"), timeout=2.0, **settings
    )  # type: ignore[arg-type]
    client = make_client(config)
    assert isinstance(client, Spent)
    inner = client._inner
    inner._sleep = lambda _: None  # type: ignore[attr-defined]
    return LlmEngine("llm" if mode == "llm" else "auto", client, config, TARGET, compare)
