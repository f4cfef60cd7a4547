"""What a run tells its trace, if it has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xpiler.driver.pipeline import Stage
from xpiler.driver.report import KernelReport
from xpiler.verify.evidence import evidence_to_json, summary

if TYPE_CHECKING:
    from xpiler.llm.engine import Exchange
    from xpiler.trace.record import Recorder

__all__ = ["Recording"]


class Recording:
    """Hands events on to a `Recorder`; to None, it does nothing.

    Exchanges with a model come before the stage that they belong to, so they are kept until it ends.
    """

    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder
        self._exchanges: list[Exchange] = []

    def exchange(self, exchange: Exchange) -> None:
        """A request to a model and its reply."""
        if self._recorder is not None:
            self._exchanges.append(exchange)

    def stage(self, kernel: str, stage: Stage) -> None:
        """A pass that was run on a kernel."""
        if self._recorder is None:
            return
        for exchange in self._exchanges:
            self._recorder.exchange(kernel, exchange)
        self._exchanges.clear()
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

    def verdict(self, kernel: KernelReport) -> None:
        """What is known about a kernel in the end."""
        if self._recorder is not None:
            evidence = evidence_to_json(kernel.evidence)
            self._recorder.verdict(kernel.symbol, evidence, summary(kernel.evidence))
