"""The instruction headers as records, for tensorize, prompts, the solver and the documentation."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from xpiler.records import dataclass

__all__ = ["HEADERS", "SIMULATOR", "Instruction", "Parameter", "catalog", "find"]

HEADERS: Final = Path(__file__).parent
SIMULATOR: Final = HEADERS / "sim"
"""The directory whose immintrin.h stands in for the compiler's."""

_GROUPS: Final = (
    "memory", "gather", "arithmetic", "integer", "lanes", "compare", "mask", "convert", "dot",
)  # fmt: skip
_FUNCTION: Final = re.compile(
    r"(?P<doc>(?:^///[^\n]*\n)+)^XP_INSN (?P<head>[^{]*?)\s*\{\n(?P<body>.*?)^\}\n", re.M | re.S
)
_HEAD: Final = re.compile(r"(?P<result>.*?)\b(?P<name>_\w+)\((?P<params>.*)\)$", re.S)
_LANE: Final = re.compile(r"^  XP_LANES\((\d+)\)\s+r\[i\] = (.*);$", re.M)
_VIEW: Final = re.compile(r"^  const (\w+) (\w+) = \(\1\)\2_;$", re.M)
_REQUIRE: Final = re.compile(r'XP_REQUIRE\(.*?, "(.*?)"\);')


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an instruction: its C type and name."""

    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction.

    `summary` is one sentence; `cpu` the CPUID features it needs; `tolerance` the relative error that the
    hardware may have (0: bit for bit); `domain` the inputs it is meant for (empty: all). `requires` are the
    messages of its checks. `lane` is the value of lane i as a C expression over `a[i]`, `b[i]`, ..., empty
    where the meaning is not lane by lane; `view` is the lanes' type there. `body` is the whole meaning.
    """

    name: str
    group: str
    result: str
    params: tuple[Parameter, ...]
    summary: str
    cpu: str
    tolerance: float
    domain: str
    requires: tuple[str, ...]
    lane: str
    view: str
    body: str
    line: int

    @property
    def signature(self) -> str:
        params = ", ".join(f"{p.type} {p.name}" for p in self.params)
        return f"{self.result} {self.name}({params})"

    @property
    def indeterminate_high_half(self) -> bool:
        return "XP_UNDEFINED" in self.body


def _parameters(text: str) -> tuple[Parameter, ...]:
    found = []
    for piece in filter(None, (p.strip() for p in text.split(","))):
        match = re.fullmatch(r"(.*?)(\w+)", piece, re.S)
        if match is None:
            raise ValueError(f"not a parameter: {piece!r}")
        found.append(Parameter(match[1].strip(), match[2].rstrip("_")))
    return tuple(found)


def _tags(doc: str) -> tuple[str, dict[str, str]]:
    lines = [line.removeprefix("///").strip() for line in doc.splitlines()]
    tags = dict(
        line.split(": ", 1) for line in lines if re.match(r"(cpu|tolerance|domain): ", line)
    )
    return " ".join(line for line in lines if not re.match(r"(cpu|tolerance|domain): ", line)), tags


def _instruction(group: str, match: re.Match[str], line: int) -> Instruction:
    head = _HEAD.match(match["head"])
    if head is None:
        raise ValueError(f"{group}.h:{line}: not a declaration: {match['head']!r}")
    summary, tags = _tags(match["doc"])
    body = match["body"]
    lane = _LANE.search(body)
    result = re.search(r"^  (?:const )?(\w+) r;$", body, re.M)
    views = {view for view, _ in _VIEW.findall(body)}
    return Instruction(
        name=head["name"],
        group=group,
        result=head["result"].strip(),
        params=_parameters(head["params"]),
        summary=summary,
        cpu=tags["cpu"],
        tolerance=float(tags.get("tolerance", "0")),
        domain=tags.get("domain", ""),
        requires=tuple(_REQUIRE.findall(body)),
        lane=" ".join(lane[2].split()) if lane else "",
        view=result[1] if result else min(views, default=""),
        body=body,
        line=line,
    )


@cache
def catalog() -> tuple[Instruction, ...]:
    """Every instruction, in the order of the headers."""
    found = []
    for group in _GROUPS:
        text = (HEADERS / f"{group}.h").read_text(encoding="utf-8")
        for match in _FUNCTION.finditer(text):
            found.append(_instruction(group, match, text.count("\n", 0, match.start("head")) + 1))
    return tuple(found)


@cache
def _by_name() -> dict[str, Instruction]:
    return {instruction.name: instruction for instruction in catalog()}


def find(name: str) -> Instruction | None:
    """The instruction called `name`, or None where the emitter may not use it."""
    return _by_name().get(name)
