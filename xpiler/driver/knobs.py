"""Values that a user sets for the knobs of passes, checked against the passes that have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xpiler.passes.base import Knob, KnobValue, Pass

__all__ = ["accepts", "wrong_knob"]


def accepts(knob: Knob, value: KnobValue) -> bool:
    """Whether the knob may take the value; `auto` in a domain stands for names that only a program has."""
    if "auto" in knob.domain:
        return isinstance(value, str)
    return any(value == choice and type(value) is type(choice) for choice in knob.domain)


def wrong_knob(passes: Iterable[Pass], values: Mapping[str, Mapping[str, KnobValue]]) -> str:
    """What is wrong with the values, empty if nothing is: no such pass or knob, or a value outside its domain."""
    knobs = {p.name: {k.name: k for k in p.knobs} for p in passes}
    for name, chosen in values.items():
        if name not in knobs:
            return f"there is no pass {name!r} with knobs; {_listing(knobs)}"
        for knob_name, value in chosen.items():
            knob = knobs[name].get(knob_name)
            if knob is None:
                return f"{name} has no knob {knob_name!r}; {_listing(knobs)}"
            if not accepts(knob, value):
                return f"{name}.{knob_name} is one of {_domain(knob)}, not {value}"
    return ""


def _listing(knobs: Mapping[str, Mapping[str, Knob]]) -> str:
    known = [f"{name}.{knob}" for name, of in knobs.items() for knob in of]
    return f"there are {', '.join(known)}" if known else "no pass of this target has a knob"


def _domain(knob: Knob) -> str:
    return ", ".join(str(value) for value in knob.domain)
