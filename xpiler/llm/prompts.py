"""Render what a model is asked: the pass's meaning, the target, the knobs, the program, the contract.

Templates are in the package `meta_prompts`, one per pass; `--prompts DIR` overrides any of them. The program
is printed from the IR, so comments of the user's file never reach the model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from xpiler.records import dataclass

if TYPE_CHECKING:
    from rank_bm25 import BM25Plus

from xpiler.backends.base import ManualEntry, Target
from xpiler.ir.nodes import Module
from xpiler.ir.print_c import print_module
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.llm.client import Message
from xpiler.llm.examples import examples_of
from xpiler.passes.base import Pass

__all__ = ["NoTemplate", "Retry", "TooLong", "estimated_tokens", "render", "retrieve", "templates"]

ENTRIES = 12
CHARACTERS = 3.0  # per token: programs are denser than prose, and a budget must not be overrun


@dataclass(frozen=True, slots=True)
class Retry:
    """A former reply to the same request, and why it was not taken. An empty reply is not shown, its reason is."""

    reply: str
    reason: str


@dataclass(frozen=True, slots=True)
class NoTemplate:
    """The pass is not one that a model is asked for."""

    name: str


@dataclass(frozen=True, slots=True)
class TooLong:
    """The request does not fit the model's window, even without the manual. `tokens` is an estimate."""

    tokens: int
    limit: int


def estimated_tokens(messages: Sequence[Message]) -> int:
    """About how many tokens the messages take, rather too many than too few."""
    return round(sum(len(m.content) / CHARACTERS + 8 for m in messages))


def templates() -> tuple[str, ...]:
    """Names of the passes that have a meta-prompt."""
    import meta_prompts

    folder = Path(meta_prompts.__file__).parent
    return tuple(sorted(p.name.removesuffix(".md.j2") for p in folder.glob("[a-z]*.md.j2")))


@cache
def _environment(folder: str) -> jinja2.Environment:
    loaders: list[jinja2.BaseLoader] = [jinja2.PackageLoader("meta_prompts", "")]
    if folder:
        loaders.insert(0, jinja2.FileSystemLoader(folder))
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def render(
    pass_: Pass,
    target: Target,
    program: Module,
    retries: Sequence[Retry] = (),
    folder: str = "",
    limit: int = 0,
    possible: bool = True,
) -> tuple[Message, ...] | NoTemplate | TooLong:
    """The messages for one request: a system one, the step on an example and its answer where there is one, the program
    itself, then each failed attempt and its reason.

    `possible`: the rules can take the step, and declining it is not offered. With a `limit` in tokens, manual entries
    are left out, the least fitting first, until the messages fit.
    """
    try:
        template = _environment(folder).get_template(f"{pass_.meta_prompt}.md.j2")
    except jinja2.TemplateNotFound:
        return NoTemplate(pass_.name)
    manual = retrieve(target, pass_, program)
    while True:
        messages = _messages(template, pass_, target, program, retries, folder, manual, possible)
        tokens = estimated_tokens(messages)
        if not limit or tokens <= limit:
            return messages
        if not manual:
            return TooLong(tokens, limit)
        manual = manual[:-1]


def _messages(
    template: jinja2.Template,
    pass_: Pass,
    target: Target,
    program: Module,
    retries: Sequence[Retry],
    folder: str,
    manual: Sequence[ManualEntry],
    possible: bool,
) -> tuple[Message, ...]:
    environment = _environment(folder)
    facts = {"pass_": pass_, "target": target, "facts": dict(target.facts), "knobs": pass_.knobs}
    system = environment.get_template("_system.md.j2").render(target=target)
    messages = [Message("system", system.strip())]
    # Examples are turns of the conversation: a weak model goes on as it began, and hardly reads what is described.
    turns = [(e.before, f"```c\n{e.after.strip()}\n```") for e in examples_of(pass_, target)]
    for number, (code, answer) in enumerate((*turns, (print_module(program), ""))):
        form = environment.get_template("_next.md.j2") if number else template
        text = form.render(
            **facts,
            manual=manual,
            possible=possible or bool(answer),
            shown=number,
            program=code,
            level=program.kernels[0].level,
        )
        messages.append(Message("user", text.strip()))
        if answer:
            messages.append(Message("assistant", answer))
    for retry in retries:
        reason = environment.get_template("_retry.md.j2").render(reason=retry.reason)
        if retry.reply:
            messages += [Message("assistant", retry.reply), Message("user", reason.strip())]
        else:
            messages[-1] = Message("user", f"{messages[-1].content}\n\n{reason.strip()}")
    return tuple(messages)


def retrieve(
    target: Target, pass_: Pass, program: Module, most: int = ENTRIES
) -> tuple[ManualEntry, ...]:
    """The manual entries nearest to the program's operations and the pass, by BM25."""
    manual = target.manual()
    if not manual:
        return ()
    scores = _index(target).get_scores(_words(_query(pass_, program)))
    ranked = sorted(range(len(manual)), key=lambda n: (-scores[n], manual[n].name))
    return tuple(manual[n] for n in ranked[:most] if scores[n] > 0)


_INDEXES: dict[str, BM25Plus] = {}


def _index(target: Target) -> BM25Plus:
    # rank_bm25 pulls in numpy: only when a prompt is made
    if target.name not in _INDEXES:
        from rank_bm25 import BM25Plus

        _INDEXES[target.name] = BM25Plus(
            [_words(f"{e.name} {e.signature} {e.summary} {e.meaning}") for e in target.manual()]
        )
    return _INDEXES[target.name]


def _words(text: str) -> list[str]:
    return [w for w in re.split(r"[^a-z0-9]+", text.lower()) if w]


_WORDS = {
    "+": "add sum plus",
    "-": "sub subtract minus",
    "*": "mul multiply product",
    "/": "div divide quotient",
    "<": "compare less lt",
    ">": "compare greater gt",
    "<=": "compare le",
    ">=": "compare ge",
    "==": "compare equal eq",
    "&": "and bitwise",
    "|": "or bitwise",
    "^": "xor bitwise",
}


def _query(pass_: Pass, program: Module) -> str:
    words = [pass_.name.replace("_", " "), "load store copy"]
    for stmt in statements(program.kernels[0].body):
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                words.append(_WORDS.get(getattr(sub, "op", ""), ""))
                words.append(getattr(sub, "function", ""))
                words.append(str(sub.type))
    return " ".join(dict.fromkeys(w for w in words if w))
