"""What a thread touches, and what may happen at the same time: the values that symbolic execution collects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from xpiler.ir.nodes import Barrier, Expr, Span, Stmt, WarpOp
from xpiler.records import dataclass
from xpiler.synth.proofs.integers import Bool, Value

__all__ = ["Done", "Meeting", "Segments", "Site", "Touch", "Wrap"]


@dataclass(frozen=True, slots=True)
class Site:
    """An access of the program's text. `guards` are the conditions inside its statement under which it is evaluated.

    `kind` is read, write or atomic; `space` global, shared, local or constant; `wide`: a whole warp's, of a fragment.
    """

    number: int
    stmt: Stmt
    buffer: str
    index: tuple[Expr, ...]
    kind: str
    space: str
    text: str
    span: Span | None
    guards: tuple[tuple[Expr, bool], ...] = ()
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Touch:
    """An access as a thread makes it: where `path` holds, element `index` of an array of `shape`.

    `memory` names what may overlap: the array, or the dynamic shared memory that several views are of, where
    `offset` is the view's first byte and `size` that of an element. A dimension that is not known is None.
    """

    site: Site
    memory: str
    index: tuple[Value, ...]
    shape: tuple[Value | None, ...]
    path: tuple[Bool, ...]
    size: int
    offset: Value | None = None

    def under(self, *more: Bool) -> Touch:
        """The same where more holds."""
        return replace(self, path=(*self.path, *(m for m in more if m is not True)))


@dataclass(frozen=True, slots=True)
class Wrap:
    """An operation, of result `term`, that gives what a person reads only where `fits` holds; `path` leads to it."""

    term: Any
    fits: Bool
    path: tuple[Bool, ...]
    stmt: Stmt | None


@dataclass(frozen=True, slots=True)
class Meeting:
    """A barrier of a block: reached where `path` holds, by all threads that are not `gone`."""

    stmt: Barrier | WarpOp
    path: tuple[Bool, ...]
    gone: Bool


@dataclass
class Segments:
    """Touches between two barriers of one scope. `closed` groups are complete, `open` goes on."""

    open: list[Touch] = field(default_factory=list)
    closed: list[list[Touch]] = field(default_factory=list)

    def close(self, passed_by: Bool = False) -> None:
        """A barrier; where `passed_by` holds the thread has left the loop round it before, and what it touched goes on
        to meet what comes."""
        self.closed.append(self.open)
        self.open = [] if passed_by is False else [t.under(passed_by) for t in self.open]

    def joined(self, touches: Iterable[Touch]) -> None:
        """More touches in the open group, each once."""
        known = {id(t) for t in self.open}
        self.open = [*self.open, *(t for t in touches if id(t) not in known)]


@dataclass(frozen=True, slots=True)
class Done:
    """A kernel as one thread runs it. `groups`: touches that no barrier of a block (of a warp, of the grid) separates."""

    touches: tuple[Touch, ...]
    blocks: tuple[tuple[Touch, ...], ...]
    warps: tuple[tuple[Touch, ...], ...]
    grids: tuple[tuple[Touch, ...], ...]
    wraps: tuple[Wrap, ...]
    meetings: tuple[Meeting, ...]
    unsure: str = ""
    """Why the groups may lack some; empty if they do not."""
    decided: tuple[Any, ...] = ()
    """Terms on which the course depends, though no path mentions them."""
    carried: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """By a symbol of a loop's iteration: what the iteration before leaves in its variable."""
