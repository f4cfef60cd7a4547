"""Engines: who proposes what a pass produces, and in which order rules and models are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from typing import Literal, Protocol

from xpiler.backends.base import Target
from xpiler.ir.nodes import Module
from xpiler.llm.client import Client, Exhausted, Failed, Message, Reply, make_client
from xpiler.llm.config import LlmConfig, LlmConfigError, load_config
from xpiler.llm.contract import DECLINED, Accepted, Rejected, read_reply
from xpiler.llm.prompts import NoTemplate, Retry, TooLong, render
from xpiler.llm.steps import not_taken
from xpiler.passes.base import Applied, Context, Outcome, Pass
from xpiler.passes.engine import Engine, Proposal
from xpiler.records import dataclass

__all__ = ["CheckCandidate", "Exchange", "LlmEngine", "Repair", "Statistics", "configured_engine"]


UNCHANGED = "the program is unchanged"


class CheckCandidate(Protocol):
    """Compare a candidate with its predecessor by running both; empty when they agree, else the evidence."""

    def __call__(self, before: Module, after: Module) -> str: ...


class Repair(Protocol):
    """Mend a candidate that differs from its predecessor; None when it cannot."""

    def __call__(self, before: Module, after: Module) -> Module | None: ...


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request for a pass and what became of it, for the trace.

    `verdict`: accepted, repaired, rejected, refuted or failed. `rule` is a stable word for why a reply was not taken:
    the contract's, `unchanged`, `step`, `differs`, `failed`, `too-long`, `budget`.
    """

    pass_name: str
    messages: tuple[Message, ...]
    reply: str
    verdict: str
    reason: str
    model: str
    tokens_in: int
    tokens_out: int
    seconds: float
    rule: str = ""


@dataclass
class Statistics:
    """Pass applications by how their result came about."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, outcome: str) -> None:
        self.counts[outcome] = self.counts.get(outcome, 0) + 1


@dataclass
class LlmEngine:
    """`llm`: the model first, the rules as fallback. `auto`: the rules first, the model where none applies.

    A proposal of the model has passed the contract and agreed with its predecessor on test inputs before it is
    given on; the finished program is verified again, whoever wrote it.
    """

    mode: Literal["llm", "auto"]
    client: Client
    config: LlmConfig
    target: Target
    check: CheckCandidate
    repair: Repair | None = None
    observe: Callable[[Exchange], None] = lambda _: None
    statistics: Statistics = field(default_factory=Statistics)

    def propose(self, pass_: Pass, program: Module, context: Context) -> Proposal:
        """The outcome of `pass_`, from the rules or from a checked reply."""
        if not pass_.meta_prompt:
            return Proposal(pass_.rewrite(program, context))
        by_rule = pass_.rewrite(program, context)
        if self.mode == "auto" and isinstance(by_rule, Applied):
            self.statistics.add("rule")
            return Proposal(by_rule)
        found = self._ask(pass_, program, by_rule)
        if isinstance(found, Proposal):
            return found
        self.statistics.add("replaced by the rule" if isinstance(by_rule, Applied) else "skipped")
        return Proposal(by_rule, "rules", f"no reply was right: {found}")

    def _ask(self, pass_: Pass, program: Module, by_rule: Outcome) -> Proposal | str:
        """A checked proposal of the model, or why there is none."""
        reason = "no model is configured"
        possible = isinstance(by_rule, Applied)
        models = [m for m in (self.config.model, self.config.strong_model) if m] or ["replay"]
        for model in models:
            retries: list[Retry] = []
            for attempt in range(max(1, self.config.attempts)):
                limit = self.config.prompt_tokens
                messages = render(
                    pass_, self.target, program, retries, self.config.prompts, limit, possible
                )
                if isinstance(messages, NoTemplate):
                    return f"there is no meta-prompt for {messages.name}"
                if isinstance(messages, TooLong):
                    what = "the retry" if retries else "the prompt"
                    why = f"{what} takes about {messages.tokens} tokens of {messages.limit}"
                    self._note(pass_, (), None, "failed", why, model, "too-long")
                    return f"{reason}; {why}" if retries else why
                outcome = self._attempt(pass_, program, by_rule, messages, model, attempt)
                if isinstance(outcome, Proposal):
                    return outcome
                reason, reply, stop = outcome
                if stop or (reason == DECLINED and not possible):
                    return reason
                retries = [Retry(reply, reason)] if reply or reason == UNCHANGED else []
        return reason

    def _attempt(
        self,
        pass_: Pass,
        program: Module,
        by_rule: Outcome,
        messages: tuple[Message, ...],
        model: str,
        attempt: int,
    ) -> Proposal | tuple[str, str, bool]:
        """The best of the samples: a proposal, or (reason, reply to show, whether to stop asking)."""
        answers = self._samples(messages, model, attempt)
        worst: tuple[str, str, bool] = ("no reply", "", False)
        for answer in answers:
            if isinstance(answer, Exhausted):
                self._note(pass_, messages, None, "failed", answer.reason, model, "budget")
                return (answer.reason, "", True)
            if isinstance(answer, Failed):
                worst = (answer.reason, "", False)
                self._note(pass_, messages, None, "failed", answer.reason, model, "failed")
                continue
            judged = self._judge(pass_, program, by_rule, messages, answer, attempt)
            if isinstance(judged, Proposal):
                return judged
            # an echo of the program in the conversation only invites the next one
            worst = (judged, "" if judged == UNCHANGED else answer.text, False)
        return worst

    def _samples(
        self, messages: Sequence[Message], model: str, attempt: int
    ) -> list[Reply | Failed | Exhausted]:
        count = max(1, self.config.samples)
        numbers = [attempt * count + n for n in range(count)]
        if count == 1:
            return [self.client.ask(messages, model, numbers[0])]
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda n: self.client.ask(messages, model, n), numbers))

    def _judge(
        self,
        pass_: Pass,
        before: Module,
        by_rule: Outcome,
        messages: tuple[Message, ...],
        reply: Reply,
        attempt: int,
    ) -> Proposal | str:
        words = self.target.vocabulary()
        read = read_reply(reply.text, before, words.instructions, words.spaces)
        if not reply.complete and isinstance(read, Rejected):
            read = Rejected("cut-off", f"the reply was cut off; {read.reason}")
        if isinstance(read, Rejected):
            self._note(pass_, messages, reply, "rejected", read.reason, reply.model, read.rule)
            return read.reason
        assert isinstance(read, Accepted)
        how = "accepted as it came" if attempt == 0 else "accepted after a retry"
        missing = _missing(before, by_rule, read.program)
        if missing:
            rule = "unchanged" if read.program == before else "step"
            self._note(pass_, messages, reply, "rejected", missing, reply.model, rule)
            return missing
        evidence = self.check(before, read.program)
        if not evidence:
            self._note(pass_, messages, reply, "accepted", "", reply.model)
            return self._take(read.program, reply.model, how)
        mended = None if self.repair is None else self.repair(before, read.program)
        if mended is not None and not self.check(before, mended):
            self._note(pass_, messages, reply, "repaired", evidence, reply.model, "differs")
            return self._take(mended, reply.model, "repaired by the solver")
        self._note(pass_, messages, reply, "refuted", evidence, reply.model, "differs")
        return f"its results differ from the original: {evidence}"

    def _take(self, program: Module, model: str, how: str) -> Proposal:
        self.statistics.add(how)
        return Proposal(Applied(program, (f"proposed by {model}",)), model, how)

    def _note(
        self,
        pass_: Pass,
        messages: tuple[Message, ...],
        reply: Reply | None,
        verdict: str,
        reason: str,
        model: str,
        rule: str = "",
    ) -> None:
        text, tokens_in, tokens_out, seconds = "", 0, 0, 0.0
        if reply is not None:
            text, seconds = reply.text, reply.seconds
            tokens_in, tokens_out = reply.tokens_in, reply.tokens_out
        spent = (tokens_in, tokens_out, seconds)
        self.observe(Exchange(pass_.name, messages, text, verdict, reason, model, *spent, rule))


def _missing(before: Module, by_rule: Outcome, candidate: Module) -> str:
    """Why the candidate is no step at all; empty when it is one."""
    if candidate == before:
        return UNCHANGED
    if not isinstance(by_rule, Applied):
        return ""
    why = not_taken(before, by_rule.program, candidate)
    return f"the step was not taken: {why}" if why else ""


def configured_engine(
    mode: str,
    target: Target,
    check: CheckCandidate,
    flags: Mapping[str, object] | None = None,
    *,
    repair: Repair | None = None,
    observe: Callable[[Exchange], None] = lambda _: None,
) -> Engine | LlmConfigError | None:
    """The engine that flags, xpiler.toml and the environment ask for; None is the rules alone.

    `auto` without an endpoint is the rules alone; `llm` without one is an error.
    """
    config = load_config(flags)
    if isinstance(config, LlmConfigError):
        return config
    if config.usable:
        client = make_client(config)
        order: Literal["llm", "auto"] = "llm" if mode == "llm" else "auto"
        return LlmEngine(order, client, config, target, check, repair, observe)
    if mode == "auto":
        return None
    return LlmConfigError(
        "the engine llm needs an endpoint and a model: set XPILER_BASE_URL and XPILER_MODEL, "
        "or base_url and model under [llm] in xpiler.toml"
    )
