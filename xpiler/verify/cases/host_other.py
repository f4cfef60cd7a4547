"""Other cases for a kernel that the file launches, for when the source itself shows that the first do not fit it.

The launches stay; the sizes become multiples of the block, the values such that what threads do to one another's
elements does not matter: no two positions alike, or no number below zero. (One number in all that is updated would make
most races vanish, and with them the question which element was read: no evidence.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from xpiler.frontends.host import Launch
from xpiler.ir.nodes import Module
from xpiler.verify.cases.case import BufferArgument, Case, ScalarArgument
from xpiler.verify.cases.distribution import Distribution
from xpiler.verify.cases.host_sizes import Multiples
from xpiler.verify.cases.infer_bare import infer_bare
from xpiler.verify.cases.infer_host import infer_host
from xpiler.verify.cases.infer_other import without_small
from xpiler.verify.cases.roles import index_uses

__all__ = ["host_cases"]

_Argument = BufferArgument | ScalarArgument


def host_cases(
    module: Module, launches: Sequence[Launch], tried: Sequence[Case], why: str
) -> Iterator[tuple[Case, ...]]:
    """Cases to try in turn; none when a person gave the `tried` ones. `why` they do not serve."""
    if not all(case.inferred for case in tried):
        return
    racing = "order of threads" in why
    if racing or "no shape" in why or "tells nothing" in why:
        for way in (Multiples(equal=False), Multiples(equal=True)):
            found = _rounded(module, launches, tried[0].kernel, way)
            if found and found != tuple(tried):
                yield found
    if launches:
        bare = infer_bare(module, module.kernels[0], "from the kernel's own bounds")
        if isinstance(bare, Case):
            bare = replace(bare, kernel=tried[0].kernel)
            yield (bare,)
            yield from without_small((bare,))
    if racing:
        for note, change in (
            ("positions of which no two are alike", _apart(module)),
            ("no value below zero", _not_negative),
        ):
            changed = _changed(tried, change)
            if changed != tuple(tried):
                yield tuple(replace(case, note=f"{case.note}, {note}") for case in changed)


def _rounded(
    module: Module, launches: Sequence[Launch], name: str, way: Multiples
) -> tuple[Case, ...]:
    cases: dict[Case, None] = {}
    for launch in launches:
        found = infer_host(module, module.kernels[0], launch, (way,))
        if isinstance(found, Case) and found.sizes:
            note = f"{found.note}, sizes that are multiples of the block"
            cases[replace(found, kernel=name, note=note)] = None
    return tuple(cases)[:3]


def _changed(cases: Sequence[Case], change: Callable[[_Argument], _Argument]) -> tuple[Case, ...]:
    return tuple(
        replace(case, arguments=tuple(change(a) for a in case.arguments)) for case in cases
    )


def _apart(module: Module) -> Callable[[_Argument], _Argument]:
    """Positions of which no two are alike, for a kernel that writes where they say."""
    sources = {u.source for u in index_uses(module.kernels[0]) if u.how == "index"}

    def change(argument: _Argument) -> _Argument:
        if not isinstance(argument, BufferArgument) or argument.name not in sources:
            return argument
        if argument.values.kind != "index":
            return argument
        return replace(argument, values=Distribution("permutation", argument.values.arguments))

    return change


def _not_negative(argument: _Argument) -> _Argument:
    """Numbers above zero: lengths, weights, counts."""
    if not isinstance(argument, BufferArgument) or argument.values != Distribution():
        return argument
    if argument.role == "out" or argument.elem.name == "bool":
        return argument
    return replace(argument, values=Distribution("positive"))
