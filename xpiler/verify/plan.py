"""Which runs a check makes: every shape with several seeds, both poisons and several thread orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field

from xpiler.backends.base import KernelEntry
from xpiler.ir.nodes import Atomic, Barrier, Module, Tile, WarpOp
from xpiler.ir.types import Scalar
from xpiler.ir.walk import statements
from xpiler.records import dataclass
from xpiler.verify.cases.bounds import analyse
from xpiler.verify.cases.case import Case, Concrete, ConcreteScalar, Impossible, concrete
from xpiler.verify.cases.geometry import Geometry, assumptions
from xpiler.verify.cases.infer_bare import index_ranges
from xpiler.verify.inputs import Inputs, Style, prepare
from xpiler.verify.run.runner import Job

__all__ = ["KernelCheck", "PlannedRun", "ShapePlan", "plan_shapes", "reduction_length"]


SHARED_POISONS = (0xFF, 0x6D)


@dataclass(frozen=True, slots=True)
class KernelCheck:
    """A kernel to check: its entry on both sides, the program as lifted, its cases.

    `others` gives further cases, given why the source cannot serve under these. `counterpart` is the candidate as
    lifted, by the source's names, where there is such a form: inputs go where it decides otherwise, too.
    """

    entry: KernelEntry
    program: Module
    cases: tuple[Case, ...]
    others: Callable[[str], Iterable[tuple[Case, ...]]] | None = None
    counterpart: Module | None = None


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """Inputs and the order in which threads are to run (0: in order); `unchecked`: indices may leave one dimension of
    an array; `lockstep`: lanes wait for one another at volatile accesses of shared memory."""

    inputs: Inputs
    order: int
    unchecked: bool = False
    lockstep: bool = False

    def job(self, entry: KernelEntry) -> Job:
        concrete_ = self.inputs.concrete
        return Job(
            entry.index,
            concrete_.grid,
            concrete_.block,
            concrete_.shared,
            concrete_.arguments,
            self.inputs.arrays,
            self.order,
            concrete_.cooperative,
            SHARED_POISONS[self.order % 2],
            self.unchecked,
            self.lockstep,
        )


@dataclass(frozen=True, slots=True)
class ShapePlan:
    """All runs of a case at one shape."""

    concrete: Concrete
    runs: tuple[PlannedRun, ...] = field(repr=False)


def plan_shapes(
    case: Case, seeds: int, salt: int = 0
) -> tuple[tuple[ShapePlan, ...], tuple[Impossible, ...]]:
    """The plans of a case's shapes, and the shapes that cannot be launched.

    Seed 0 is run with both poisons, so that an element which is left unwritten shows; each run has its own
    thread order. Another `salt` gives other inputs of the same styles.
    """
    plans: list[ShapePlan] = []
    impossible: list[Impossible] = []
    for sizes in case.shapes:
        found = concrete(case, sizes)
        if isinstance(found, Impossible):
            impossible.append(found)
            continue
        pairs = [(0, 0), (0, 1), *((seed, seed % 2) for seed in range(1, max(3, seeds)))]
        runs = tuple(
            PlannedRun(prepare(found, seed + len(Style) * salt, poison), order)
            for order, (seed, poison) in enumerate(pairs)
        )
        plans.append(ShapePlan(found, runs))
    return tuple(plans), tuple(impossible)


def reduction_length(program: Module, concrete_: Concrete) -> int:
    """How many terms one output element may sum: rounds of the loops, times threads that combine theirs."""
    kernel = program.kernels[0]
    scalars = {
        a.name: int(a.value)
        for a in concrete_.arguments
        if isinstance(a, ConcreteScalar) and isinstance(a.type, Scalar) and a.type.is_int
        if a.value is not None
    }
    geometry = Geometry(concrete_.grid, concrete_.block, concrete_.shared)
    loads, _ = index_ranges(kernel)
    rounds = analyse(program, kernel, assumptions(geometry, scalars, loads)).rounds
    body = list(statements(kernel.body))
    if any(isinstance(s, Barrier | WarpOp) for s in body):
        rounds *= _volume(concrete_.block)
    rounds *= max((s.k for s in body if isinstance(s, Tile)), default=1)  # a product sums k terms
    if any(isinstance(s, Atomic) for s in body):
        rounds *= _volume(concrete_.grid) * _volume(concrete_.block)
    elements = sum(b.elements for b in concrete_.buffers)
    return max(1, min(rounds, max(elements, 64)))


def _volume(extent: Sequence[int]) -> int:
    x, y, z = extent
    return x * y * z
