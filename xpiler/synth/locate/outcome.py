"""What a run leaves in its buffers, and whether two runs left the same."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from xpiler.ir.interpret import Fault
from xpiler.ir.nodes import Module
from xpiler.synth.locate.trace import Inputs, run

__all__ = ["Buffers", "Tests", "agrees", "differs", "outcome", "same_value"]

Buffers = Mapping[str, list[Any]]


def same_value(a: Any, b: Any) -> bool:
    """Equal but for rounding: a relative difference of 1e-4 is no other value."""
    if a == b:
        return True
    if isinstance(a, float) or isinstance(b, float):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-6)
    return False


def outcome(program: Module, given: Inputs) -> Buffers | None:
    """The buffers after a run; None when it stops with a fault."""
    args = given.fresh()
    try:
        run(program, args, given)
    except (Fault, OverflowError, ValueError, TypeError):
        return None
    return {k: v for k, v in args.items() if isinstance(v, list)}


def differs(a: Buffers, b: Buffers) -> bool:
    """Whether any element is another value."""
    return any(
        len(values) != len(b[name]) or not all(map(same_value, values, b[name]))
        for name, values in a.items()
    )


def agrees(program: Module, given: Inputs, expected: Buffers) -> bool:
    """Whether the program ends and leaves what is expected."""
    got = outcome(program, given)
    return got is not None and not differs(expected, got)


class Tests:
    """What the predecessor computes, and whether a candidate does too; the latest added input is tried first."""

    __test__ = False  # no test class

    def __init__(self, before: Module, inputs: Sequence[Inputs]) -> None:
        self._before = before
        self._inputs = list(inputs)
        self._known: dict[int, Buffers | None] = {}
        self.tried = 0

    @property
    def inputs(self) -> Sequence[Inputs]:
        """The inputs that candidates meet, in this order."""
        return tuple(self._inputs)

    def add(self, given: Inputs) -> None:
        """One more input, which candidates meet first."""
        self._inputs.insert(0, given)

    def passes(self, program: Module) -> bool:
        """Whether the candidate gives the predecessor's results on every input."""
        self.tried += 1
        return self.counterexample(program, self._inputs) is None

    def counterexample(self, program: Module, inputs: Sequence[Inputs]) -> Inputs | None:
        """The first of `inputs` on which the candidate differs; one that the predecessor cannot run tells nothing."""
        for given in inputs:
            expected = self._expected(given)
            if expected is not None and not agrees(program, given, expected):
                return given
        return None

    def _expected(self, given: Inputs) -> Buffers | None:
        key = id(given)
        if key not in self._known:
            self._known[key] = outcome(self._before, given)
        return self._known[key]
