"""Random SIMT kernels through the passes, for as long as you like.

    python -m tests.passes.fuzz --minutes 10 [--seed 0]

Prints the smallest failing program that removing statements leads to.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

from tests.passes.differential import Difference, compare, reference
from tests.passes.random_kernels import Case, from_seed
from xpiler.ir.check import check
from xpiler.ir.nodes import Block, For, If, Module, While
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_module
from xpiler.passes import fold, inline, loop_recovery
from xpiler.passes.base import Pass

PIPELINES: tuple[tuple[Pass, ...], ...] = (
    (inline.PASS, loop_recovery.PASS, fold.PASS),
    (inline.PASS, fold.PASS, loop_recovery.PASS, fold.PASS),
)


def failure(module: Module, case: Case) -> Difference | None:
    """How a pipeline breaks the program, if it means anything and one does."""
    if check(module):
        return None
    expected = reference(module, case)
    if expected is None:
        return None
    for pipeline in PIPELINES:
        found = compare(module, case, pipeline, expected)
        if found is not None:
            return found
    return None


def smaller(block: Block) -> Iterator[Block]:
    """The block with one statement removed or replaced by what it holds."""
    for n, stmt in enumerate(block):
        yield (*block[:n], *block[n + 1 :])
        if isinstance(stmt, If | For | While):
            inner = stmt.then if isinstance(stmt, If) else stmt.body
            yield (*block[:n], *inner, *block[n + 1 :])
            for less in smaller(inner):
                new = replace(stmt, then=less) if isinstance(stmt, If) else replace(stmt, body=less)
                yield (*block[:n], new, *block[n + 1 :])
            if isinstance(stmt, If):
                for less in smaller(stmt.orelse):
                    yield (*block[:n], replace(stmt, orelse=less), *block[n + 1 :])


def reduced(module: Module, case: Case, kind: str) -> Module:
    """A small program that still fails in the same pass."""
    while True:
        (kernel,) = module.kernels
        for body in smaller(kernel.body):
            candidate = replace(module, kernels=(replace(kernel, body=body),))
            found = failure(candidate, case)
            if found is not None and found.reason.split(":")[0] == kind:
                module = candidate
                break
        else:
            return module


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    end = time.monotonic() + options.minutes * 60
    seed, meaningful = options.seed, 0
    while time.monotonic() < end:
        case = from_seed(seed)
        module = parse_module(case.text)
        found = failure(module, case)
        if found is not None:
            small = reduced(module, case, found.reason.split(":")[0])
            found = failure(small, case) or found
            print(
                f"seed {seed}: {found.reason}\n--- before\n{print_module(small)}\n--- after\n{found.program}"
            )
            return 1
        meaningful += reference(module, case) is not None
        seed += 1
    print(f"{seed - options.seed} programs, {meaningful} of them well-defined, no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
