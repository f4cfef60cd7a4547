"""Random numbers of device code: rocRAND's generators against cuRAND's."""

from __future__ import annotations

from xpiler.backends.hip.view import View

__all__ = ["check_generators"]

_XORWOW = ("curandState", "curandState_t", "curandStateXORWOW", "curandStateXORWOW_t")


def check_generators(view: View) -> None:
    """One report a file for states that rocRAND seeds otherwise, at the first `curand_init` or the first state."""
    if not view.names & set(_XORWOW):
        return
    places = [i for name in ("curand_init", *_XORWOW) for i in view.positions(name)]
    first = min(view.positions("curand_init"), default=min(places))
    view.report("XP5113", first, name="curandState (XORWOW)")
