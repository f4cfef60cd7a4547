"""Judge a built library on a case: inputs in, host function called, result against the reference."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.call import Argument, Failed, call
from benchmarks.inputs import inputs
from benchmarks.model import Array, Case
from benchmarks.oracle import Wrong, expected, judge
from benchmarks.signature import Parameter, read_signature

__all__ = ["EPSILON", "Computes", "DoesNot", "check"]

EPSILON: Final = 1e-5


@dataclass(frozen=True, slots=True)
class Computes:
    """Every seed gave the right result; `worst` is the largest error as a part of the tolerance."""

    worst: float
    seconds: float


@dataclass(frozen=True, slots=True)
class DoesNot:
    """The call failed or the result is wrong."""

    reason: str


def check(
    library: Path,
    case: Case,
    text: str,
    folder: Path,
    seeds: tuple[int, ...] = (1, 2),
    limit: float = 120,
) -> Computes | DoesNot:
    """Call the case's host function for each seed. `text` is its CUDA source: it gives the signature."""
    signature = read_signature(text, case.symbol)
    worst = took = 0.0
    for seed in seeds:
        values = inputs(case, seed, signature)
        arguments = tuple(_argument(case, parameter, values) for parameter in signature.parameters)
        outcome = call(library, case.symbol, arguments, folder, signature.status, limit)
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(outcome, Failed):
            return DoesNot(outcome.reason)
        (result,) = outcome.results.values()
        verdict = judge(result, expected(case, values))
        if isinstance(verdict, Wrong):
            return DoesNot(f"seed {seed}: {verdict.reason}")
        worst, took = max(worst, verdict.worst), max(took, outcome.seconds)
    return Computes(worst, took)


def _argument(case: Case, parameter: Parameter, values: dict[str, Array]) -> Argument:
    if not parameter.pointer:
        number = EPSILON if parameter.dtype.kind == "f" else case.dims[parameter.name]
        return Argument(parameter.name, number=number)
    if parameter.const:
        return Argument(parameter.name, values[parameter.name])
    blank = np.empty(case.operator.output(case.dims), parameter.dtype)
    return Argument(parameter.name, blank, written=True)
