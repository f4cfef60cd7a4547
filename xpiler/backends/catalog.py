"""Read an annotated instruction header: one record per declared function.

A declaration is a block of `///` lines, an optional `template <...>` line, a signature, and a body that ends with
`}` in the first column (or on the signature's own line). In the block, `@name value` lines are annotations; the
other lines are the meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from xpiler.records import dataclass

__all__ = ["Instruction", "parse_header", "parse_headers"]

_DECLARATION: Final = re.compile(
    r"(?P<doc>(?:^///[^\n]*\n)+)"
    r"(?P<template>^template <[^\n]*>\n)?"
    r"^(?P<head>[\w][^;{}]*?\b(?P<name>__\w+)\((?P<params>[^{}]*?)\))\s*\{"
    r"(?P<body>[^\n]*\}\n|[^\n]*\n.*?^\}\n)",
    re.M | re.S,
)
_ANNOTATION: Final = re.compile(r"^@(\w+)\s*(.*)$")
_NEED: Final = re.compile(r'check\.need\((.*), "([^"]*)"\);')
_CHECK: Final = re.compile(r"check\.(\w+)\(([^;]*)\);")


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction as its header declares it.

    `signature` is its declaration without what only the simulator needs. `requires` are its checks in words,
    `meaning` the rest of its body in C. `annotations` hold `group`, `units`, `arch`, ... as written.
    """

    name: str
    signature: str
    summary: str
    requires: tuple[str, ...]
    meaning: str
    annotations: tuple[tuple[str, str], ...]
    header: str

    def annotation(self, name: str) -> str:
        """The value of an annotation, empty if there is none."""
        return dict(self.annotations).get(name, "")

    @property
    def group(self) -> str:
        return self.annotation("group")


def parse_headers(paths: Iterable[Path]) -> tuple[Instruction, ...]:
    """The declarations of several headers, in order."""
    return tuple(i for path in paths for i in parse_header(path.read_text("utf-8"), path.name))


def parse_header(text: str, name: str) -> Iterator[Instruction]:
    """The documented functions of one header."""
    for match in _DECLARATION.finditer(text):
        summary, annotations = _document(match["doc"])
        stated = tuple(value for key, value in annotations if key == "requires")
        requires, meaning = _body(match["body"])
        yield Instruction(
            match["name"],
            _signature(match),
            summary,
            (*stated, *requires),
            meaning,
            annotations,
            name,
        )


def _document(doc: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    words: list[str] = []
    annotations: list[tuple[str, str]] = []
    for line in doc.splitlines():
        content = line.removeprefix("///").strip()
        found = _ANNOTATION.match(content)
        if found:
            annotations.append((found[1], found[2]))
        else:
            words.append(content)
    return " ".join(words), tuple(annotations)


def _signature(match: re.Match[str]) -> str:
    head = re.sub(r",?\s*\bXP_WHERE\b", "", match["head"])
    head = re.sub(r"\s+", " ", head).replace("inline ", "").replace("bang::Same<T>", "T")
    return f"{(match['template'] or '').strip()} {head}".strip()


def _body(body: str) -> tuple[tuple[str, ...], str]:
    """The checks in words, and the statements that are the meaning."""
    requires: list[str] = []
    rest: list[str] = []
    for line in body.rstrip().removesuffix("}").splitlines():
        stripped = line.strip()
        if not stripped or stripped == "XP_CHECK;":
            continue
        need = _NEED.search(stripped)
        if need is not None:
            requires.append(f"not: {need[2]}")
            continue
        checks = _CHECK.findall(stripped)
        if checks:
            requires.extend(_words(kind, arguments) for kind, arguments in checks)
            continue
        rest.append(line.removeprefix("  "))
    return tuple(requires), "\n".join(rest)


_IN_WORDS: Final = {
    "count": "{0} > 0",
    "arch": "architecture mtp_{0} or later",
    "in": "{0}: {1} elements readable in {2}",
    "out": "{0}: {1} elements writable in {2}",
    "apart": "{0} and {2} do not overlap",
    "same_or_apart": "{0} is {2} itself or does not overlap it",
}


def _words(kind: str, arguments: str) -> str:
    parts = [p.strip() for p in arguments.split(",")]
    if kind in ("in", "out"):
        space = parts[2].rpartition("::")[2].upper() if len(parts) > 2 else "NRAM"
        parts = [*parts[:2], space]
    template = _IN_WORDS.get(kind)
    return f"{kind}({arguments})" if template is None else template.format(*parts, *[""] * 3)
