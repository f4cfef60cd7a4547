"""Run a program before and after passes in the reference interpreter, and compare."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from tests.passes.random_kernels import Case
from xpiler.ir.check import check
from xpiler.ir.interpret import Fault, interpret
from xpiler.ir.nodes import Module
from xpiler.ir.print_c import print_module
from xpiler.passes.base import Applied, Context, NotApplicable, Pass, Unsupported

Arguments = dict[str, object]


@dataclass(frozen=True)
class Difference:
    """Why the candidate is wrong."""

    reason: str
    program: str


def outcome(
    module: Module, case: Case, seed: int | None, data: int = 0, strict: bool = False
) -> Arguments:
    arguments = copy.deepcopy(case.arguments(data))
    interpret(module, arguments, case.grid, case.block, seed=seed, strict=strict, limit=20000)
    return arguments


def reference(module: Module, case: Case) -> Arguments | None:
    """What the program computes; None if it faults or its threads' order matters: then it means nothing."""
    try:
        first = outcome(module, case, None, strict=True)
        same = all(repr(outcome(module, case, s, strict=True)) == repr(first) for s in (1, 2))
    except Fault:
        return None
    return first if same else None


def compare(
    module: Module, case: Case, passes: Sequence[Pass], expected: Arguments
) -> Difference | None:
    """The first difference that the passes make, None if they keep the meaning."""
    program = module
    for p in passes:
        result = p.rewrite(program, Context())
        if isinstance(result, Unsupported):
            return Difference(f"{p.name} refused: {result.reason}", print_module(program))
        if isinstance(result, NotApplicable):
            continue
        assert isinstance(result, Applied)
        program = result.program
        violations = check(program)
        if violations:
            return Difference(f"{p.name}: {violations[0]}", print_module(program))
        for seed in (None, 3):
            try:
                got = outcome(program, case, seed)
            except Fault as fault:
                return Difference(f"{p.name}: {fault}", print_module(program))
            if repr(got) != repr(expected):
                changed = [n for n in expected if repr(got[n]) != repr(expected[n])]
                return Difference(f"{p.name}: {changed} differ", print_module(program))
    return None
