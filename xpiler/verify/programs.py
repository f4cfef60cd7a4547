"""Compare two programs of the IR on inferred cases, for engines that check their own proposals."""

from __future__ import annotations

from functools import lru_cache

from xpiler.ir.nodes import Module
from xpiler.verify.case import Case
from xpiler.verify.check import check_program
from xpiler.verify.evidence import is_verified, summary
from xpiler.verify.infer_bare import NoCase, infer_bare

__all__ = ["disagreement"]


@lru_cache(maxsize=64)
def _cases(program: Module) -> tuple[Case, ...] | NoCase:
    found = infer_bare(program, program.kernels[0])
    return found if isinstance(found, NoCase) else (found,)


def disagreement(before: Module, after: Module) -> str:
    """Why `after` may not take the place of `before`: a difference, or that nothing could be tested.

    Empty when they agree on every run.
    """
    cases = _cases(before)
    if isinstance(cases, NoCase):
        return f"it cannot be tested: {cases.reason}"
    evidence = check_program(before, after, cases)
    return "" if is_verified(evidence) else summary(evidence)
