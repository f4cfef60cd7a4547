"""The user's own rules (TOML): names, headers, macros and call patterns of a project's wrappers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from xpiler.backends.hip.options import UserRule
from xpiler.backends.hip.view import Call, View
from xpiler.backends.hip.warp import Handler
from xpiler.records import dataclass

__all__ = ["BadRules", "read_rules", "user_handlers"]

_KINDS = ("name", "macro", "header", "call")


@dataclass(frozen=True, slots=True)
class BadRules:
    """Why a rule file can't be used."""

    path: str
    reason: str


def read_rules(path: Path) -> tuple[UserRule, ...] | BadRules:
    """Rules of a TOML file: `[[name]]`, `[[macro]]`, `[[header]]`, `[[call]]` (`match`, `to`, `priority`)."""
    try:
        raw = tomllib.loads(path.read_text())
    except OSError as error:
        return BadRules(str(path), error.strerror or str(error))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return BadRules(str(path), str(error))
    rules: list[UserRule] = []
    for kind, rows in raw.items():
        if kind not in _KINDS:
            return BadRules(str(path), f"unknown kind of rule: {kind} (known: {', '.join(_KINDS)})")
        for row in rows if isinstance(rows, list) else [rows]:
            if (
                not isinstance(row, dict)
                or not isinstance(row.get("match"), str)
                or not isinstance(row.get("to"), str)
            ):
                return BadRules(str(path), f"[[{kind}]] needs the strings `match` and `to`")
            rules.append(UserRule(kind, row["match"], row["to"], int(row.get("priority", 0))))
    return tuple(sorted(rules, key=lambda rule: rule.priority))


def user_handlers(rules: Iterable[UserRule]) -> dict[str, Handler]:
    """Handlers of the rules about names; where two match the same name, the higher priority wins."""
    found: dict[str, Handler] = {}
    for rule in sorted(rules, key=lambda r: r.priority):
        if rule.kind in ("name", "macro"):
            found[rule.match] = _name(rule)
        elif rule.kind == "call":
            found[rule.match] = _call(rule)
    return found


def _name(rule: UserRule) -> Handler:
    def rewrite(view: View, at: int) -> bool:
        if view.text(at - 1) in (".", "->") or (
            rule.kind == "macro" and view.is_directive(at, "define")
        ):
            return True
        view.replace(at, rule.to)
        view.findings.count(rule.match)
        return True

    return rewrite


def _call(rule: UserRule) -> Handler:
    parts = re.split(r"(\$\*|\$\d+)", rule.to)

    def rewrite(view: View, at: int) -> bool:
        call = view.call(at)
        if call is None or view.text(at - 1) in (".", "->") or view.is_directive(at, "define"):
            return True
        view.findings.count(rule.match)
        _fill(view, call, parts)
        return True

    return rewrite


def _fill(view: View, call: Call, parts: list[str]) -> None:
    """The call's text replaced; arguments are copied, so rules inside them are not applied again."""
    text = ""
    for part in parts:
        if part == "$*":
            text += ", ".join(view.source(a) for a in call.args)
        elif re.fullmatch(r"\$\d+", part):
            index = int(part[1:]) - 1
            text += view.source(call.args[index]) if 0 <= index < len(call.args) else ""
        else:
            text += part
    view.replace_range(call.at, call.close + 1, text)
