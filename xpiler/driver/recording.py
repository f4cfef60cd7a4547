"""What a run tells its trace, if it has one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xpiler.driver.pipeline import Stage
from xpiler.driver.report import KernelReport
from xpiler.verify.evidence import Difference, Proved, Unverified, evidence_to_json, summary

if TYPE_CHECKING:
    from xpiler.ir.nodes import Module
    from xpiler.llm.engine import Exchange
    from xpiler.synth.proofs.verdicts import KernelVerdict
    from xpiler.synth.repair.solve import Query
    from xpiler.trace.record import Recorder

__all__ = ["Recording"]

QUERIES = (
    40  # of one stage: a search asks hundreds of small questions, the first tell what it is about
)


class Recording:
    """Hands events on to a `Recorder`; to None, it does nothing.

    Exchanges with a model come before the stage that they belong to, so they are kept until it ends.
    """

    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder
        self._exchanges: list[Exchange] = []
        self._queries: list[tuple[str, Query]] = []
        self._differences: list[tuple[Difference, Module]] = []

    def exchange(self, exchange: Exchange) -> None:
        """A request to a model and its reply."""
        if self._recorder is not None:
            self._exchanges.append(exchange)

    def query(self, purpose: str, query: Query) -> None:
        """A question to the solver, for the stage that comes next."""
        if self._recorder is not None and len(self._queries) < QUERIES:
            self._queries.append((purpose, query))

    def difference(self, difference: Difference, candidate: Module) -> None:
        """A counterexample: where a candidate gave another result than its predecessor."""
        if self._recorder is not None:
            self._differences.append((difference, candidate))

    def stage(self, kernel: str, stage: Stage) -> None:
        """A pass that was run on a kernel."""
        if self._recorder is None:
            return
        for exchange in self._exchanges:
            self._recorder.exchange(kernel, exchange)
        for difference, candidate in self._differences:
            self._recorder.counterexample(kernel, stage.name, difference, candidate)
        self._flush_queries(kernel, stage.name)
        self._exchanges.clear()
        self._differences.clear()
        self._recorder.stage(
            kernel,
            stage.name,
            stage.verdict,
            stage.before,
            stage.after,
            seconds=stage.seconds,
            reason=stage.reason,
            notes=stage.notes,
            origin=stage.origin,
            detail=stage.detail,
        )

    def proof(self, kernel: str, stage: str, evidence: Proved | Unverified) -> None:
        """Whether a stage was proved; the questions asked for it stand before."""
        if self._recorder is None:
            return
        self._flush_queries(kernel, stage)
        self._recorder.proof(kernel, stage, evidence_to_json(evidence), summary(evidence))

    def memory(self, kernel: str, verdict: KernelVerdict, asked: Sequence[Query]) -> None:
        """What was found out about a kernel's memory accesses, after the questions that were asked for it."""
        if self._recorder is None:
            return
        from xpiler.synth.proofs.verdicts import lines, verdict_to_json

        for query in asked:
            self._recorder.query(kernel, "memory", query.smt, query.answer, query.seconds)
        self._recorder.memory(kernel, verdict_to_json(verdict), lines(verdict))

    def _flush_queries(self, kernel: str, stage: str) -> None:
        if self._recorder is not None:
            for purpose, query in self._queries:
                where = f"{stage}: {purpose}"
                self._recorder.query(kernel, where, query.smt, query.answer, query.seconds)
        self._queries.clear()

    def output(self, text: str, suffix: str) -> None:
        """The finished file."""
        if self._recorder is not None:
            self._recorder.output(text, suffix)

    def verdict(self, kernel: KernelReport) -> None:
        """What is known about a kernel in the end."""
        if self._recorder is not None:
            evidence = evidence_to_json(kernel.evidence)
            self._recorder.verdict(kernel.symbol, evidence, summary(kernel.evidence))
