"""Find targets: the folders beside this file, and entry points in the group `xpiler.targets`."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from importlib.metadata import entry_points

import xpiler.backends
from xpiler.backends.base import Target

__all__ = ["UnknownTarget", "load_target", "target_names"]

_GROUP = "xpiler.targets"


@dataclass(frozen=True, slots=True)
class UnknownTarget:
    """No target has this name; `known` are those there are, `close` the most alike one or empty."""

    name: str
    known: tuple[str, ...]
    close: str


def _folders() -> tuple[str, ...]:
    path = xpiler.backends.__path__
    return tuple(sorted(m.name for m in pkgutil.iter_modules(path) if m.ispkg))


def target_names() -> tuple[str, ...]:
    """Names of all targets, found without importing them."""
    return tuple(sorted({*_folders(), *(e.name for e in entry_points(group=_GROUP))}))


def load_target(name: str) -> Target | UnknownTarget:
    """The target called `name`."""
    for entry in entry_points(group=_GROUP, name=name):
        target = entry.load()
        if isinstance(target, Target):
            return target
    if name in _folders():
        module = importlib.import_module(f"xpiler.backends.{name}.target")
        target = module.TARGET
        if isinstance(target, Target):
            return target
    import difflib

    known = target_names()
    close = difflib.get_close_matches(name, known, n=1)
    return UnknownTarget(name, known, close[0] if close else "")
