"""The instructions of the target one by one, for the reference interpreter."""

from __future__ import annotations

from xpiler.backends.avx512.isa.catalog import catalog
from xpiler.backends.avx512.isa.preamble import PREAMBLE_FLAGS, preamble
from xpiler.backends.base import Meaning

__all__ = ["meaning"]

# registers and ordinary memory: a task has nothing to begin or to end with
_HOOKS = """
extern "C" void xp_begin(int) {}
extern "C" int xp_end() { return 0; }
extern "C" void *xp_on_chip(const char *, size_t) { return nullptr; }
"""


def meaning() -> Meaning:
    """The descriptions and the functions on lanes that the emitter prints, as a library's text."""
    shapes = {
        i.name: f"{i.result}({', '.join(f'{p.type} {_role(p.name)}' for p in i.params)})"
        for i in catalog()
    }
    far = frozenset(name for name in shapes if "_i64gather" in name or "_i64scatter" in name)
    return Meaning(preamble() + _HOOKS, PREAMBLE_FLAGS, shapes=shapes, far=far)


def _role(name: str) -> str:
    """What a number means tells forms apart, the names of registers do not."""
    return name if name in ("imm", "predicate", "rounding", "scale") else ""
