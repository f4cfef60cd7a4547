"""How likely a program that passes all tests is the one that was meant: of several repairs the likeliest is taken.

What a pass leaves does the work of its predecessor, no more: it writes each element as often, reads what it
fills, and differs from the predecessor in no statement in which it need not. A change that makes the results
right by doing some work twice, or by going round what the pass brought in, is a repair, though not of the error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from xpiler.ir.nodes import Alloc, Const, Declare, Module
from xpiler.ir.walk import expressions, statements, subexpressions, variables
from xpiler.synth.locate.novelty import SAME, novelty
from xpiler.synth.locate.trace import Inputs, Recording, record
from xpiler.synth.repair.calls import sources
from xpiler.synth.repair.change import Change

__all__ = ["Likeness", "Unlikeness"]

INPUTS = 3  # on which the work is compared


@dataclass(frozen=True, slots=True, order=True)
class Unlikeness:
    """What speaks against a repair, the weightiest first; the smaller, the likelier.

    `work`: elements written more or less often than by the predecessor; `idle`: names that are filled and never
    read, and statements that ran in the broken program and run no more; `news`: statements that the predecessor does
    not have; `numbers`: different integers in the program (the parts of a pass's work agree on one); `cost`: how far
    the change goes; `steps`: statements that ran; `bits`: of all integers in the program.
    """

    work: int
    idle: int
    news: int
    numbers: int
    cost: int
    steps: int
    bits: int


class Likeness:
    """Compares repairs of `broken` with the predecessor, on some inputs."""

    def __init__(self, before: Module, broken: Module, inputs: Sequence[Inputs]) -> None:
        self._before = before
        self._inputs = inputs[:INPUTS]
        self._old = [record(before, given) for given in self._inputs]
        self._idle = _idle(broken)
        self._ran = _ran([record(broken, given) for given in self._inputs])
        self._news = _news(before, broken)

    def of(self, change: Change) -> Unlikeness:
        """What speaks against this repair."""
        new = [record(change.program, given) for given in self._inputs]
        work = sum(map(_difference, self._old, new))
        idle = max(0, _idle(change.program) - self._idle) + max(0, self._ran - _ran(new))
        news = _news(self._before, change.program) - self._news
        steps = sum(len(r.visits) for r in new)
        numbers = _numbers(change.program)
        bits = sum(n.bit_length() for n in numbers)
        return Unlikeness(work, idle, news, len(set(numbers)), change.cost, steps, bits)

    @staticmethod
    def settles(found: Unlikeness) -> bool:
        """Whether nothing speaks against it, so that no other one has to be looked for."""
        return found.work == 0 and found.idle == 0 and found.news < 0


def _difference(old: Recording, new: Recording) -> int:
    theirs, mine = (
        Counter((w.buffer, w.index) for w in r.writes if w.buffer in old.results)
        for r in (old, new)
    )
    return sum(abs(theirs[at] - mine[at]) for at in theirs.keys() | mine.keys())


def _ran(recordings: Sequence[Recording]) -> int:
    """How many statements ran at least once."""
    return len({r.sites[number].path for r in recordings for number, _ in r.visits})


def _news(before: Module, program: Module) -> int:
    return sum(news != SAME for news in novelty(before, program).values())


def _numbers(program: Module) -> list[int]:
    """The integers that are written in the program."""
    parts = (
        part
        for stmt in statements(program.kernels[0].body)
        for whole in expressions(stmt)
        for part in subexpressions(whole)
    )
    return [p.value for p in parts if isinstance(p, Const) and isinstance(p.value, int)]


def _idle(program: Module) -> int:
    """How many arrays and variables nothing reads."""
    body = program.kernels[0].body
    made = {s.name for s in statements(body) if isinstance(s, Alloc | Declare)}
    used = {n for s in statements(body) for e in expressions(s) for n in variables(e)}
    used |= {n for s in statements(body) for n in sources(s)}
    return len(made - used)
