"""Find targets: the folders beside this file, and entry points in the group `xpiler.targets`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import xpiler.backends
from xpiler.backends.base import Target
from xpiler.records import dataclass

__all__ = ["UnknownTarget", "load_target", "target_names"]

_GROUP = "xpiler.targets"


if TYPE_CHECKING:
    from importlib.metadata import EntryPoints


@dataclass(frozen=True, slots=True)
class UnknownTarget:
    """No target has this name; `known` are those there are, `close` the most alike one or empty."""

    name: str
    known: tuple[str, ...]
    close: str


def _folders() -> tuple[str, ...]:
    path = xpiler.backends.__path__
    return tuple(sorted(m.name for m in pkgutil.iter_modules(path) if m.ispkg))


def _installed() -> EntryPoints:
    # imported here, and asked last: 0.06 s, it reads the list of every installed package
    from importlib.metadata import entry_points

    return entry_points(group=_GROUP)


def target_names() -> tuple[str, ...]:
    """Names of all targets, found without importing them."""
    return tuple(sorted({*_folders(), *(e.name for e in _installed())}))


def load_target(name: str) -> Target | UnknownTarget:
    """The target called `name`. The names of the folders here are taken: a package cannot replace them."""
    if name in _folders():
        module = importlib.import_module(f"xpiler.backends.{name}.target")
        target = module.TARGET
        if isinstance(target, Target):
            return target
    for entry in _installed().select(name=name):
        target = entry.load()
        if isinstance(target, Target):
            return target
    import difflib

    known = target_names()
    close = difflib.get_close_matches(name, known, n=1)
    return UnknownTarget(name, known, close[0] if close else "")
