"""Engines: who proposes what a pass produces."""

from __future__ import annotations

from typing import Protocol

from xpiler.ir.nodes import Module
from xpiler.passes.base import Context, Outcome, Pass
from xpiler.records import dataclass

__all__ = ["Engine", "Proposal", "RuleEngine"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an engine gives for a pass: the outcome, and where it came from (`rules`, a model's name).

    `detail` says how it came about (retries, repair, fallback); empty for the rules.
    """

    outcome: Outcome
    origin: str = "rules"
    detail: str = ""


class Engine(Protocol):
    """Proposes what a pass produces. A model-backed engine checks its own proposals before giving them."""

    def propose(self, pass_: Pass, program: Module, context: Context) -> Proposal: ...


class RuleEngine:
    """The pass's own rules."""

    def propose(self, pass_: Pass, program: Module, context: Context) -> Proposal:
        return Proposal(pass_.rewrite(program, context))
