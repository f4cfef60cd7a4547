"""Names as C lets them be: in the IR a kernel's names are unique, in C neighbouring scopes may share one."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import Final

from xpiler.ir.nodes import Alloc, Block, Declare, For, Stmt
from xpiler.ir.walk import blocks, declared

__all__ = ["scoped_names"]

_NUMBERED: Final = re.compile(r"(.+)_\d+$")
_WORDS: Final = frozenset(
    """and asm auto bool break case catch char class const continue default delete do double else enum export extern
    false float for friend goto if inline int long mutable namespace new not operator or private protected public
    register restrict return short signed sizeof static struct switch template this throw true try typedef typename
    union unsigned using virtual void volatile while xor""".split()
)


def scoped_names(body: Block, reserved: Set[str], dead: Set[str] = frozenset()) -> dict[str, str]:
    """The C name of each declaration: without its number where no name in sight is the same.

    `t_3`, which a pass made of another `t`, is `t` again; `reserved` names are in sight everywhere, `dead` variables
    are not printed.
    """
    walk = _Walk(declared(body), dead)
    walk.block(body, frozenset(reserved))
    return walk.names


class _Walk:
    def __init__(self, originals: Set[str], dead: Set[str]) -> None:
        self.originals = originals
        self.dead = dead
        self.names: dict[str, str] = {}

    def block(self, block: Block, visible: frozenset[str]) -> None:
        for stmt in block:
            name = _declares(stmt)
            if isinstance(stmt, For):
                self.block(stmt.body, visible | {self._named(stmt.var, visible)})
                continue
            if name is not None and name not in self.dead:
                visible |= {self._named(name, visible)}
            for inner in blocks(stmt):
                self.block(inner, visible)

    def _named(self, name: str, visible: frozenset[str]) -> str:
        stem = self._stem(name)
        chosen, number = stem, 0
        while chosen in visible:
            number += 1
            chosen = f"{stem}_{number}"
        self.names[name] = chosen
        return chosen

    def _stem(self, name: str) -> str:
        """The shortest beginning, without numbers, that is a name of the kernel or can be no macro's."""
        best, rest = name, name
        while (match := _NUMBERED.match(rest)) is not None:
            rest = match[1]
            if rest in self.originals or (rest.islower() and rest not in _WORDS):
                best = rest
        return best


def _declares(stmt: Stmt) -> str | None:
    match stmt:
        case Declare(name=name) | Alloc(name=name) | For(var=name):
            return name
        case _:
            return None
