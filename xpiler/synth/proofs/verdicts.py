"""What is found out about a kernel's memory for all sizes: in bounds, free of races, no barrier that only some reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from xpiler.ir.nodes import Span
from xpiler.records import dataclass

__all__ = [
    "AccessVerdict",
    "Barriers",
    "Bounds",
    "Divergent",
    "Fits",
    "Free",
    "Inside",
    "KernelVerdict",
    "MayWrap",
    "NotShown",
    "Outside",
    "Overflow",
    "Race",
    "Races",
    "Together",
    "lines",
    "outside_text",
    "problems",
    "sizes_text",
    "verdict_to_json",
]

Sizes = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Inside:
    """In bounds for all sizes, as long as no index wraps round."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Out of bounds at these sizes, by this thread, as a run has shown: `index` of an array of `extent` elements.

    `own`: the sizes are among those that the case is tested with; else nothing tells whether the host excludes them.
    """

    sizes: Sizes
    thread: str
    index: int
    extent: int
    own: bool = True


@dataclass(frozen=True, slots=True)
class NotShown:
    """Why neither could be shown; it says nothing against the program."""

    reason: str


Bounds = Inside | Outside | NotShown


@dataclass(frozen=True, slots=True)
class AccessVerdict:
    """What is known of one access: its text, `read`, `write` or `atomic`, the array's memory and its place."""

    text: str
    kind: str
    space: str
    span: Span | None
    verdict: Bounds


@dataclass(frozen=True, slots=True)
class Free:
    """No two threads touch an element at the same time where one writes it. `pairs` of accesses were asked about;
    `alike` of them write one and the same number wherever they meet, which is no conflict to a result."""

    pairs: int
    alike: int = 0


@dataclass(frozen=True, slots=True)
class Race:
    """Two threads touch an element at the same time, one writes it, as a run has shown. `sentence` tells it; `near`:
    they are of one block; `own`: at sizes that the case is tested with."""

    sentence: str
    sizes: Sizes
    spans: tuple[Span | None, Span | None]
    near: bool = True
    own: bool = True


Races = Free | Race | NotShown


@dataclass(frozen=True, slots=True)
class MayWrap:
    """At these sizes an integer wraps round, though every buffer has fewer than 2^31 elements."""

    sizes: Sizes
    span: Span | None


@dataclass(frozen=True, slots=True)
class Fits:
    """No integer that an index or a condition depends on wraps round while each buffer and each axis of the launch
    has fewer than 2^`bits` elements. `operations` were asked about; `beyond` is one that may wrap round at larger sizes
    (its own are empty where none were found)."""

    operations: int
    bits: int = 31
    beyond: MayWrap | None = None


Overflow = Fits | MayWrap | NotShown


@dataclass(frozen=True, slots=True)
class Together:
    """All threads of a block that still run reach each barrier, or none does."""

    barriers: int


@dataclass(frozen=True, slots=True)
class Divergent:
    """Only some threads of a block reach a barrier, as a run has shown; `own`: at sizes that the case is tested with."""

    sentence: str
    sizes: Sizes
    span: Span | None
    own: bool = True


Barriers = Together | Divergent | NotShown


@dataclass(frozen=True, slots=True)
class KernelVerdict:
    """All that was found out about a kernel. `notes` say what it rests on; `seconds` is what it took."""

    accesses: tuple[AccessVerdict, ...]
    races: Races
    overflow: Overflow
    barriers: Barriers
    notes: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def inside(self) -> int:
        """Accesses that are in bounds for all sizes."""
        return sum(isinstance(a.verdict, Inside) for a in self.accesses)

    @property
    def shown(self) -> bool:
        """Whether every access is in bounds, nothing races and no integer that this rests on wraps round."""
        inside = self.inside == len(self.accesses)
        return inside and isinstance(self.races, Free) and isinstance(self.overflow, Fits)


def problems(found: KernelVerdict) -> tuple[tuple[str, Span | None], ...]:
    """What is wrong for certain, as sentences with their places."""
    out: list[tuple[str, Span | None]] = [
        (outside_text(a, a.verdict), a.span)
        for a in found.accesses
        if isinstance(a.verdict, Outside)
    ]
    if isinstance(found.races, Race):
        out.append((found.races.sentence, found.races.spans[0]))
    if isinstance(found.barriers, Divergent):
        out.append((found.barriers.sentence, found.barriers.span))
    return tuple(out)


def outside_text(access: AccessVerdict, verdict: Outside) -> str:
    """A sentence: which access, which thread, which element."""
    at = sizes_text(verdict.sizes)
    which = f"element {verdict.index} of {verdict.extent}"
    return f"{access.text} is out of bounds: {verdict.thread} touches {which}{at}"


def sizes_text(sizes: Sizes) -> str:
    """` (n = 3, m = 1)`; nothing where a case has no sizes."""
    return f" ({', '.join(f'{n} = {v}' for n, v in sizes)})" if sizes else ""


def lines(found: KernelVerdict) -> tuple[str, ...]:
    """A line each for bounds, races, integers and barriers."""
    sizes = "for all sizes"
    if not isinstance(found.overflow, Fits):
        sizes = "for all sizes at which no integer wraps round"
    elif found.overflow.bits < 31:
        sizes = f"for all sizes below 2^{found.overflow.bits}"
    return (
        f"bounds: {_bounds_line(found, sizes)}",
        f"races: {_races_line(found.races, sizes)}",
        f"integers: {_overflow_line(found.overflow)}",
        f"barriers: {_barriers_line(found.barriers)}",
    )


def _bounds_line(found: KernelVerdict, sizes: str) -> str:
    whole = len(found.accesses)
    bad = [a for a in found.accesses if isinstance(a.verdict, Outside)]
    if bad:
        verdict = bad[0].verdict
        assert isinstance(verdict, Outside)
        return outside_text(bad[0], verdict)
    if found.inside == whole:
        return f"proved {sizes} ({whole} of {whole} accesses)"
    open_ = next(a for a in found.accesses if isinstance(a.verdict, NotShown))
    assert isinstance(open_.verdict, NotShown)
    return f"{found.inside} of {whole} accesses proved; {open_.text}: {open_.verdict.reason}"


def _races_line(races: Races, sizes: str) -> str:
    match races:
        case Free(pairs=0):
            return "none possible: nothing that is written is shared"
        case Free(pairs=pairs, alike=alike):
            text = f"proved free {sizes} ({pairs} pair{'s' * (pairs != 1)} of accesses)"
            return f"{text}; {alike} store one and the same number" if alike else text
        case Race(sentence=sentence):
            return sentence
        case NotShown(reason=reason):
            return f"not shown: {reason}"


def _overflow_line(found: Overflow) -> str:
    match found:
        case Fits(operations=0):
            return "nothing can wrap round"
        case Fits(operations=count, bits=bits, beyond=beyond):
            text = f"none of {count} operation{'s' * (count != 1)} wraps round"
            text += f" while buffers have fewer than 2^{bits} elements"
            if beyond is None:
                return text
            place = f" at {beyond.span}" if beyond.span else ""
            return f"{text}; with more, one may{place}{sizes_text(beyond.sizes)}"
        case MayWrap(sizes=sizes, span=span):
            place = f" at {span}" if span else ""
            return f"an index may wrap round{place}{sizes_text(sizes)}"
        case NotShown(reason=reason):
            return f"not shown: {reason}"


def _barriers_line(found: Barriers) -> str:
    match found:
        case Together(barriers=0):
            return "there are none"
        case Together(barriers=count):
            return f"{count} of {count} reached by all threads of a block"
        case Divergent(sentence=sentence):
            return sentence
        case NotShown(reason=reason):
            return f"not shown: {reason}"


def verdict_to_json(found: KernelVerdict) -> dict[str, Any]:
    """A JSON object: what is known of each access, and of the kernel."""
    return {
        "shown": found.shown,
        "seconds": round(found.seconds, 3),
        "notes": list(found.notes),
        "bounds": {
            "inside": found.inside,
            "accesses": [
                {
                    "access": a.text,
                    "kind": a.kind,
                    "space": a.space,
                    "place": str(a.span) if a.span else "",
                    **_one(a.verdict),
                }
                for a in found.accesses
            ],
        },
        "races": _one(found.races),
        "integers": _one(found.overflow),
        "barriers": _one(found.barriers),
        "summary": list(lines(found)),
    }


_WORDS: Mapping[type, str] = {
    Inside: "inside",
    Outside: "outside",
    NotShown: "not shown",
    Free: "free",
    Race: "race",
    Fits: "fits",
    MayWrap: "may wrap",
    Together: "together",
    Divergent: "divergent",
}


def _one(found: Bounds | Races | Overflow | Barriers) -> dict[str, Any]:
    out: dict[str, Any] = {"verdict": _WORDS[type(found)]}
    for name in ("reason", "sentence", "thread", "index", "extent", "pairs", "alike", "own"):
        if hasattr(found, name):
            out[name] = getattr(found, name)
    for name in ("operations", "barriers"):
        if hasattr(found, name):
            out["count"] = getattr(found, name)
    if hasattr(found, "sizes"):
        out["sizes"] = dict(found.sizes)
    if hasattr(found, "own"):
        # at sizes that no test has it is for the reader to say whether the host makes them
        out["severity"] = "error" if found.own else "warning"
    if isinstance(found, Fits):
        out["bits"] = found.bits
        out["beyond"] = None if found.beyond is None else _one(found.beyond)
    spans: Sequence[Span | None] = getattr(found, "spans", ())
    if spans:
        out["places"] = [str(s) if s else "" for s in spans]
    return out
