"""Ask for one application, as a translation with the engine `llm` would: `python -m benchmarks.proposals.ask`.

Standard input is a JSON object with `name` and `llm` (settings of the model); the outcome goes to standard output as one.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from benchmarks.proposals.applications import Application, of_file
from benchmarks.proposals.outcome import Outcome, Request
from xpiler.driver.judge import load_cases
from xpiler.driver.report import InputError
from xpiler.driver.stages import StageChecker
from xpiler.ir.nodes import Module
from xpiler.llm.client import make_client
from xpiler.llm.config import LlmConfigError, load_config
from xpiler.llm.engine import Exchange, LlmEngine
from xpiler.passes.base import Context
from xpiler.synth.repair.mend import mend

__all__ = ["ask"]


def ask(application: Application, settings: Mapping[str, object]) -> Outcome:
    """What became of the request; ValueError when the settings are wrong."""
    config = load_config(settings)
    if isinstance(config, LlmConfigError):
        raise ValueError(config.message)
    cases = load_cases(application.lifted, None)
    assert not isinstance(cases, InputError)
    checker = StageChecker(application.source, application.lifted, application.target, cases)

    def repair(before: Module, after: Module) -> Module | None:
        found = cases.get(before.kernels[0].name, ())
        return mend(before, after, found if isinstance(found, tuple) else ())

    seen: list[Exchange] = []
    engine = LlmEngine(
        "llm", make_client(config), config, application.target, checker, repair, seen.append
    )
    start = time.perf_counter()
    engine.propose(application.pass_, application.before, Context(facts=application.target.facts))
    seconds = time.perf_counter() - start
    (how,) = engine.statistics.counts
    asked = any(x.rule != "too-long" for x in seen)
    return Outcome(
        application.name,
        application.group,
        how if asked else "not asked",
        tuple(_request(x) for x in seen),
        round(seconds, 3),
    )


def _request(x: Exchange) -> Request:
    reason = " ".join(x.reason.split())[:300]
    return Request(x.verdict, x.rule, reason, x.tokens_in, x.tokens_out, round(x.seconds, 3))


def main() -> int:
    """One application, named on standard input."""
    given: dict[str, Any] = json.load(sys.stdin)
    name = given["name"]
    application = next(a for a in of_file(name.partition(":")[0]) if a.name == name)
    print(json.dumps(asdict(ask(application, given["llm"]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
