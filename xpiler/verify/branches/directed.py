"""Inputs and sizes that lead into branches that ordinary ones do not take.

Values at and beside what the kernel compares its data with (`thresholds`), and sizes beside the numbers in conditions that
no run has met (`coverage`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Final

import numpy as np

from xpiler.ir.nodes import Assign, Const, Declare, Expr, Load, Module, Var
from xpiler.ir.types import Scalar
from xpiler.ir.walk import statements, subexpressions
from xpiler.verify.branches.coverage import Arm
from xpiler.verify.branches.thresholds import Threshold
from xpiler.verify.cases.case import Case, Concrete, ConcreteBuffer, ConcreteScalar, ScalarArgument
from xpiler.verify.cases.formula import Formula
from xpiler.verify.inputs import Inputs
from xpiler.verify.run.dtypes import Array, dtype_of

__all__ = ["further_sizes", "pointed", "single", "turns", "worth_pointing"]

Thresholds = Mapping[str, Sequence[Threshold]]

SHARE: Final = 0.25
"""Of a buffer's elements, so many are at thresholds."""
_LARGEST: Final = {"f16": 4096.0, "bf16": 1e12, "f32": 1e12, "f64": 1e100}
"""Values whose products and sums stay finite."""
_FREE: Final = frozenset({"auto", "mixed"})
"""Distributions that promise nothing about values."""
_MET: Final = 4
"""Integers up to here are in the runs on small integers anyway."""
_LARGEST_SIZE: Final = 1 << 20


# --- values ------------------------------------------------------------------------------------


def worth_pointing(found: Thresholds, single: Collection[str] = ()) -> bool:
    """Whether ordinary inputs may miss a threshold; what has a `single` value a run misses nearly all."""
    return any(
        name in single
        or not math.isfinite(t.value)
        or t.value != round(t.value)
        or abs(t.value) > _MET
        for name, values in found.items()
        for t in values
    )


def turns(concrete: Concrete, found: Thresholds) -> int:
    """How many runs it takes until each parameter that is drawn was at all its thresholds."""
    names = single(concrete)
    return max((len(values) + 1 for name, values in found.items() if name in names), default=0)


def single(concrete: Concrete) -> frozenset[str]:
    """The arguments of which a run draws one value."""
    return frozenset(
        a.name
        for a in concrete.arguments
        if a.kind in _FREE
        and (
            a.elements == 1 and a.role in ("in", "inout")
            if isinstance(a, ConcreteBuffer)
            else a.value is None
        )
    )


def pointed(inputs: Inputs, found: Thresholds, seed: int, turn: int = 0) -> Inputs:
    """`inputs` with thresholds, and values beside them, among the values of what the kernel compares; of single values
    the one whose `turn` it is."""
    arrays: list[Array] = []
    for argument, array in zip(inputs.concrete.arguments, inputs.arrays, strict=True):
        values = found.get(argument.name, ())
        candidates = _candidates(argument, values)
        if candidates is None or not candidates.size:
            arrays.append(array)
            continue
        if array.size == 1:
            arrays.append(candidates[turn % len(candidates)].reshape(array.shape))
            continue
        rng = _rng(inputs, argument.name, seed)
        chosen = rng.random(array.size) < SHARE
        arrays.append(np.where(chosen, rng.choice(candidates, array.size), array))
    return replace(inputs, seed=seed, arrays=tuple(arrays), exact=False)


def _rng(inputs: Inputs, name: str, seed: int) -> np.random.Generator:
    text = f"{inputs.concrete.kernel}|{inputs.concrete.shape}|{name}|threshold|{seed}"
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def _candidates(
    argument: ConcreteBuffer | ConcreteScalar, values: Sequence[Threshold]
) -> Array | None:
    if argument.kind not in _FREE or not values:
        return None
    if isinstance(argument, ConcreteBuffer):
        return None if argument.role in ("out", "scratch") else _beside(argument.elem, values)
    return None if argument.value is not None else _beside(argument.type, values)


def _beside(elem: Scalar, values: Sequence[Threshold]) -> Array:
    dtype = dtype_of(elem)
    if elem.is_float:
        found = _in_turn([list(_reals(elem, t)) for t in values])
        return np.array(found, np.float64).astype(dtype)
    if elem.name == "bool":
        return np.array([], dtype)
    info = np.iinfo(dtype)
    here = [math.floor(t.value) for t in values if math.isfinite(t.value)]
    whole = _in_turn([[v, v + 1, v - 1] for v in here])
    return np.array([v for v in whole if info.min <= v <= info.max], dtype)


def _in_turn(lists: Sequence[Sequence[float]]) -> list[float]:
    """The first of each list, then the second of each."""
    return [v for row in zip_longest(*lists) for v in row if v is not None]


def _reals(elem: Scalar, threshold: Threshold) -> Iterator[float]:
    """The threshold itself only where it is compared as it is: rounding before may differ between right programs."""
    value = threshold.value
    if not math.isfinite(value):
        if threshold.exact:
            yield value
        return
    if abs(value) > _LARGEST[elem.name]:
        return
    dtype = dtype_of(elem)
    here = np.array(value).astype(np.float32 if elem.name == "bf16" else dtype)
    if threshold.exact:
        yield float(here)
    apart = max(abs(value) * 0.25, 2.0**-3)
    for step in (apart, apart / 16):
        yield value + step
        yield value - step
    if threshold.exact:
        if elem.name != "bf16":
            yield float(np.nextafter(here, np.array(np.inf, here.dtype)))
            yield float(np.nextafter(here, np.array(-np.inf, here.dtype)))


# --- sizes -------------------------------------------------------------------------------------


def further_sizes(module: Module, case: Case, arms: Sequence[Arm]) -> Iterator[dict[str, int]]:
    """Shapes of an inferred case that may lead into arms that no run has taken, a few for each arm in turn."""
    if not case.inferred or not case.sizes:
        return
    tried = [dict(shape) for shape in case.shapes]
    definitions = _definitions(module)
    conditions = (_mentioned(arm.cond, definitions) for arm in arms)
    ways = [_ways(case, parts) for parts in conditions if not any(_is_data(p) for p in parts)]
    for name, size in (way for turn in zip_longest(*ways) for way in turn if way is not None):
        found = {**case.shapes[0], name: size}
        if found not in tried:
            tried.append(found)
            yield found


def _ways(case: Case, parts: Sequence[Expr]) -> Iterator[tuple[str, int]]:
    """Sizes beside the numbers in a condition: those that it mentions, or all if it mentions none."""
    names = [name for name, _ in case.sizes if not name.startswith("threads")]
    mentioned = _sizes_of(case, parts)
    for offset in (1, 0, 3, -1):
        for number in sorted(_numbers(parts)):
            for name in names:
                if (name in mentioned or not mentioned) and 1 < number + offset <= _LARGEST_SIZE:
                    yield name, number + offset


def _is_data(part: Expr) -> bool:
    return isinstance(part, Load) or (isinstance(part.type, Scalar) and part.type.is_float)


def _definitions(module: Module) -> Mapping[str, Sequence[Expr]]:
    found: dict[str, list[Expr]] = {}
    for stmt in statements(module.kernels[0].body):
        if isinstance(stmt, Declare | Assign):
            value = stmt.init if isinstance(stmt, Declare) else stmt.value
            if value is not None:
                found.setdefault(stmt.name, []).append(value)
    return found


def _mentioned(cond: Expr, definitions: Mapping[str, Sequence[Expr]]) -> tuple[Expr, ...]:
    """The parts of a condition, through the definitions of its variables."""
    seen: set[str] = set()
    queue, out = [cond], []
    while queue:
        for part in subexpressions(queue.pop()):
            out.append(part)
            if isinstance(part, Var) and part.name not in seen:
                seen.add(part.name)
                queue += definitions.get(part.name, ())
    return tuple(out)


def _numbers(parts: Sequence[Expr]) -> set[int]:
    return {
        int(p.value)
        for p in parts
        if isinstance(p, Const) and not isinstance(p.value, float) and int(p.value) > 1
    }


def _sizes_of(case: Case, parts: Sequence[Expr]) -> set[str]:
    """Sizes that parameters in a condition are."""
    names = {p.name for p in parts if isinstance(p, Var)}
    return {
        str(a.value)
        for a in case.arguments
        if isinstance(a, ScalarArgument) and a.name in names and isinstance(a.value, Formula)
    }
