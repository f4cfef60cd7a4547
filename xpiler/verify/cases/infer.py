"""Cases for a lifted kernel: from its launches where host code has them, else from the kernel itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from xpiler.frontends.host import Launch
from xpiler.frontends.results import LiftedKernel
from xpiler.ir.nodes import Kernel, Module
from xpiler.verify.cases.case import BufferArgument, Case, ScalarArgument
from xpiler.verify.cases.infer_bare import NoCase, infer_bare
from xpiler.verify.cases.infer_host import infer_host
from xpiler.verify.cases.modes import modes

__all__ = ["NoCase", "infer_cases", "select_cases"]

MAX_CASES = 3
MAX_CASES_IN_MODES = 12
"""Of a kernel that is launched in as many modes."""


def infer_cases(lifted: LiftedKernel, launches: Iterable[Launch]) -> tuple[Case, ...] | NoCase:
    """The cases of one kernel. Launches that tell too little, or ask for too much work, give way to
    what the kernel's own bounds say."""
    mine = [launch for launch in launches if launch.symbol == lifted.symbol]
    cases = _of_launches(lifted, mine)
    if not cases:
        module, kernel = lifted.program, lifted.program.kernels[0]
        bare = infer_bare(module, kernel, "from the kernel's own bounds")
        if isinstance(bare, NoCase) and "unknown" in bare.reason:
            cases = _of_launches(lifted, mine, guess_sizes=True)
            note = "from the kernel's own bounds, a size guessed"
            if not cases:
                bare = infer_bare(module, kernel, note, guess_sizes=True)
        if not cases and isinstance(bare, NoCase):
            return bare
        if not cases and isinstance(bare, Case):
            cases = (replace(bare, kernel=lifted.source_name),)
    return cases


def _of_launches(
    lifted: LiftedKernel, launches: Iterable[Launch], *, guess_sizes: bool = False
) -> tuple[Case, ...]:
    """One case for each launch that differs from those before, as long as these are few or it is in another mode."""
    cases: dict[Case, Case] = {}
    ways = modes(lifted.program)
    seen: set[tuple[str, str]] = set()
    for launch in launches:
        kernel = lifted.program.kernels[0]
        found = infer_host(lifted.program, kernel, launch, guess_sizes=guess_sizes)
        if not isinstance(found, Case):
            continue
        scalars = [a for a in found.arguments if isinstance(a, ScalarArgument)]
        here = {(a.name, str(a.value)) for a in scalars if a.name in ways}
        if len(cases) < MAX_CASES or (here - seen and len(cases) < MAX_CASES_IN_MODES):
            seen |= here
            note = f"{found.note}, a size guessed" if guess_sizes else found.note
            case = replace(found, kernel=lifted.source_name, note=note)
            cases.setdefault(replace(case, note=""), case)
    return tuple(cases.values())


def select_cases(
    given: Sequence[Case], lifted: LiftedKernel, names: frozenset[str]
) -> tuple[Case, ...] | NoCase:
    """The cases of a `--case` file for one kernel, by its source name, its own name or its symbol.

    `names` are all kernels of the file, for the message when nothing fits. Arguments must be exactly
    the kernel's parameters; they are put in the kernel's order.
    """
    known = {lifted.source_name, lifted.name, lifted.symbol}
    chosen = [case for case in given if case.kernel in known]
    if not chosen:
        for case in given:
            if case.kernel not in names:
                listing = ", ".join(sorted(names))
                return NoCase(f"the case file names a kernel {case.kernel}; there are {listing}")
        return NoCase(f"the case file has no case for {lifted.source_name}")
    ordered: list[Case] = []
    for case in chosen:
        fitted = _ordered(case, lifted.program, lifted.program.kernels[0])
        if isinstance(fitted, NoCase):
            return fitted
        ordered.append(replace(fitted, kernel=lifted.source_name))
    return tuple(ordered)


def _ordered(case: Case, module: Module, kernel: Kernel) -> Case | NoCase:
    by_name = {argument.name: argument for argument in case.arguments}
    parameters = {p.name: p for p in kernel.params}
    globals_ = [g.name for g in module.globals]
    for name in by_name:
        if name not in parameters and name not in globals_:
            listing = ", ".join([*parameters, *globals_])
            return NoCase(f"{case.kernel} has no parameter {name} (there are {listing})")
    for name, param in parameters.items():
        argument = by_name.get(name)
        if argument is None:
            return NoCase(f"the case of {case.kernel} lacks the argument {name}")
        wanted = getattr(param.type, "elem", param.type)
        is_buffer = isinstance(argument, BufferArgument)
        found = argument.elem if isinstance(argument, BufferArgument) else argument.type
        if is_buffer != hasattr(param.type, "elem") or found != wanted:
            kind = "a buffer of " if hasattr(param.type, "elem") else ""
            return NoCase(f"argument {name} of {case.kernel} must be {kind}{wanted}")
    order = [*parameters, *(name for name in globals_ if name in by_name)]
    return replace(case, arguments=tuple(by_name[name] for name in order))
