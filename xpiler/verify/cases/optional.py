"""Pointers that may be null: a kernel that asks whether one is has to be tested with it and without.

A buffer without elements is passed as a null pointer. Whether a pointer is given is a size like any other, 0 or 1, by
which its number of elements is multiplied:

    [case.sizes]
    n = [1000, 257, 1000]
    bias_given = [1, 1, 0]
    [case.arguments.bias]
    elements = "n * bias_given"
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from xpiler.ir.functions import given_buffer
from xpiler.ir.nodes import Builtin, Kernel
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.verify.cases.case import BufferArgument, Case
from xpiler.verify.cases.formula import Formula
from xpiler.verify.cases.modes import Mode, combinations
from xpiler.verify.cases.sizes import ample

__all__ = ["is_flag", "optional_pointers", "with_absent"]

_EITHER: Final = Mode((1, 0))
_FLAG: Final = "_given"


def optional_pointers(kernel: Kernel) -> tuple[str, ...]:
    """The pointer parameters of which the kernel asks whether they are null."""
    asked = {
        given_buffer(part.name)
        for stmt in statements(kernel.body)
        for expr in expressions(stmt)
        for part in subexpressions(expr)
        if isinstance(part, Builtin)
    }
    return tuple(p.name for p in kernel.params if p.name in asked)


def with_absent(case: Case, kernel: Kernel) -> Case:
    """The case with further shapes, in which pointers are null that may be: all of them with and without each other
    where these are few, else each two."""
    taken = {name for name, _ in case.sizes} | {p.name for p in kernel.params}
    names = {
        a.name: _fresh(f"{a.name}{_FLAG}", taken)
        for a in case.arguments
        if isinstance(a, BufferArgument) and a.name in optional_pointers(kernel)
    }
    if not names:
        return case
    shapes = list(case.shapes)
    large = ample(shapes)
    chosen = combinations(dict.fromkeys(names.values(), _EITHER))
    some = [row for row in chosen if not all(row.values())]
    rows = [shape | dict.fromkeys(names.values(), 1) for shape in shapes]
    rows += [large[i % len(large)] | row for i, row in enumerate(some)]
    sizes = tuple((name, tuple(row[name] for row in rows)) for name in rows[0])
    arguments = tuple(
        replace(a, elements=_times(a.elements, names[a.name]))
        if isinstance(a, BufferArgument) and a.name in names
        else a
        for a in case.arguments
    )
    return replace(case, sizes=sizes, arguments=arguments)


def is_flag(size: str) -> bool:
    """Whether a size says if a pointer is given."""
    return size.endswith(_FLAG)


def _fresh(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"_{name}"
    taken.add(name)
    return name


def _times(elements: Formula, flag: str) -> Formula:
    text = str(elements)
    return Formula(
        f"{text} * {flag}" if text.isidentifier() or text.isdigit() else f"({text}) * {flag}"
    )
