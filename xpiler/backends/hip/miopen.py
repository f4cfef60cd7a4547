"""cuDNN to MIOpen: names of the same meaning by a table; those with other arguments are renamed and reported."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from xpiler.backends.hip.view import View
from xpiler.backends.hip.warp import Handler

__all__ = ["HANDLERS"]


@cache
def _table() -> Mapping[str, Mapping[str, list[str]]]:
    return tomllib.loads((Path(__file__).parent / "tables" / "miopen.toml").read_text())


def _differs(view: View, at: int) -> bool:
    name = view.text(at)
    if not view.is_member(at) and name not in view.own and name not in view.options.own:
        hip, _, advice = _table()["differs"][name]
        view.report("XP5107", at, name=name, hip=hip, advice=advice)
    return False


HANDLERS: Mapping[str, Handler] = dict.fromkeys(_table()["differs"], _differs)
