"""What became of an application, a file of such outcomes, and the table that they make."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

__all__ = ["HOW", "Outcome", "Request", "append", "load", "markdown"]

# The first three are the model's work, the others are not. `broken`: the application hung or crashed.
HOW = {
    "accepted as it came": "as it came",
    "accepted after a retry": "after a retry",
    "repaired by the solver": "repaired",
    "replaced by the rule": "by the rule",
    "not asked": "not asked",
    "broken": "broken",
}
RULES = {
    "unchanged": "the program as it was",
    "step": "right form, but not the step that was asked for",
    "parse": "does not parse",
    "no-program": "not exactly one program",
    "declined": "no place for the step",
    "cut-off": "cut off at the longest reply",
    "length": "too long",
    "kernel": "another kernel, or several",
    "signature": "parameters, launch facts or data changed",
    "ill-formed": "ill-formed (undeclared names, wrong types, shadowing)",
    "dropped-store": "an output is not stored any more",
    "extra-store": "something new is written",
    "narrowed": "a type is narrowed",
    "shape-branch": "a size is compared with one number",
    "differs": "other results than the predecessor",
    "failed": "no reply",
    "budget": "budget used up",
    "too-long": "the prompt does not fit",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request and its reply: `verdict` and `rule` as in `xpiler.llm.engine.Exchange`, seconds at the model."""

    verdict: str
    rule: str
    reason: str
    tokens_in: int
    tokens_out: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """`how` is a key of `HOW`; `seconds` are those of the whole application, checks and repair included.

    `key` tells apart models and settings, so that a file can be gone on with.
    """

    name: str
    group: str
    how: str
    requests: tuple[Request, ...]
    seconds: float
    key: str = ""


def append(path: Path, outcome: Outcome) -> None:
    """Add a line."""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(outcome)) + "\n")


def load(path: Path, key: str) -> dict[str, Outcome]:
    """The outcomes in a file that were made with these settings, by name; what broke is not among them."""
    found: dict[str, Outcome] = {}
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue  # the last line of an interrupted run
        requests = tuple(Request(**r) for r in row.pop("requests"))
        outcome = Outcome(requests=requests, **row)
        if outcome.key == key and outcome.how != "broken":
            found[outcome.name] = outcome
    return found


def markdown(outcomes: Sequence[Outcome]) -> str:
    """Two tables: applications by pass, and replies that were not taken by reason."""
    return "\n".join((*_applications(outcomes), "", *_replies(outcomes))) + "\n"


def _applications(outcomes: Sequence[Outcome]) -> Iterator[str]:
    heads = " | ".join(HOW.values())
    yield f"| pass | asked | {heads} | tokens in | tokens out | median s |"
    yield "|---" * (len(HOW) + 5) + "|"
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.group, []).append(outcome)
    for name in sorted(groups):
        yield _row(name, groups[name])
    yield _row("**all**", outcomes)


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    counts = Counter(o.how for o in outcomes)
    requests = [r for o in outcomes for r in o.requests]
    cells = [
        name,
        len(outcomes),
        *(counts[how] for how in HOW),
        sum(r.tokens_in for r in requests),
        sum(r.tokens_out for r in requests),
        f"{median(o.seconds for o in outcomes):.1f}" if outcomes else "-",
    ]
    return f"| {' | '.join(str(c) for c in cells)} |"


def _replies(outcomes: Iterable[Outcome]) -> Iterator[str]:
    yield "| replies | |"
    yield "|---|---|"
    requests = [r for o in outcomes for r in o.requests if r.rule != "too-long"]
    verdicts = Counter(r.verdict for r in requests)
    yield f"| accepted | {verdicts['accepted']} |"
    yield f"| mended by the solver | {verdicts['repaired']} |"
    refused = Counter(r.rule for r in requests if r.verdict not in ("accepted", "repaired"))
    for rule, count in refused.most_common():
        yield f"| {RULES.get(rule, rule)} | {count} |"
    yield f"| **all** | {len(requests)} |"
