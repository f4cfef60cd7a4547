"""Engines beside each other, with a model that is often wrong: `python -m benchmarks.engines`.

Translated are operators of the suite (one case each, their styles in turn) and two examples. The model is a server on
loopback that speaks the OpenAI protocol. In turn it gives the right program (made by the pass's own rules), a mutated
one, no program, a truncated one, and HTTP 500. Whatever it does, a kernel must end verified or refused.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import xpiler
from benchmarks.cases import ci_cases, source
from benchmarks.mock_model import program_of, serve, text
from benchmarks.operators import ALL
from benchmarks.repair.corpus import LOOP_PASSES
from xpiler.backends.base import Target
from xpiler.backends.registry import load_target
from xpiler.driver.report import Report
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_module
from xpiler.passes.base import Applied, Context
from xpiler.trace.read import Trace, read_trace

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SUBSET = ("saxpy", "block_reduce")
OPERATORS = (
    "add", "relu", "gelu", "sigmoid", "softmax", "layernorm", "rmsnorm", "reduce_sum", "max_pool", "conv1d", "gemm",
    "dense", "gemv", "transpose", "gather",
)  # fmt: skip
ENGINES = ("symbolic", "llm", "auto")
TARGETS = ("hip", "avx512", "bang")
MANNERS = ("right", "mutated", "right", "garbage", "mutated", "truncated", "error")
MUTATIONS = ((" < ", " <= "), (" + ", " - "), (" = 0;", " = 1;"), (" * ", " + "))


@dataclass
class Model:
    """Answers requests about one target's passes, each in the next manner."""

    target: Target
    manners: Iterator[str] = field(default_factory=lambda: itertools.cycle(MANNERS))

    def __call__(self, messages: list[dict[str, str]], count: int) -> Any:
        manner = next(self.manners)
        if manner == "error":
            return 500, {"error": {"message": "overloaded"}}, 0.0
        if manner == "garbage":
            return 200, text("I would rather talk about the weather."), 0.0
        code = self.rewritten(messages)
        if manner == "truncated":
            return 200, text(f"```c\n{code[: len(code) // 2]}", "length"), 0.0
        if manner == "mutated":
            old, new = MUTATIONS[count % len(MUTATIONS)]
            code = code.replace(old, new, 1)
        return 200, text(f"```c\n{code}```"), 0.0

    def rewritten(self, messages: list[dict[str, str]]) -> str:
        """What the pass's own rules make of the program; the program itself where they do not apply."""
        code = program_of(messages)
        words = self.target.vocabulary()
        program = parse_module(code, instructions=words.instructions, spaces=words.spaces)
        found = re.search(r"# The step: (\w+)", "\n".join(m["content"] for m in messages))
        name = found[1] if found else ""
        for pass_ in (*self.target.pipeline(program, {}), *LOOP_PASSES):
            if pass_.name == name:
                outcome = pass_.rewrite(program, Context(facts=self.target.facts))
                return print_module(outcome.program) if isinstance(outcome, Applied) else code
        return code


def sources(examples: str, operators: str, folder: Path) -> Iterator[Path]:
    """The files to translate; an operator's case is written to `folder`, its style by its place in the list."""
    yield from (EXAMPLES / f"{name}.cu" for name in examples.split(",") if name)
    for turn, name in enumerate(n for n in operators.split(",") if n):
        cases = ci_cases([o for o in ALL if o.name == name])
        path = folder / f"{name}.cu"
        path.write_text(source(cases[turn % len(cases)]), encoding="utf-8")
        yield path


def translate(
    engine: str, target: str, path: Path, url: str, folder: Path
) -> tuple[Counter[str], Counter[str]]:
    """Statuses of the kernels, and what became of the replies."""
    trace = folder / f"{engine}-{target}-{path.stem}"
    settings = xpiler.Settings(
        out=Path("-"),
        engine=engine,
        trace=trace,
        llm={"base_url": url, "model": "mock", "attempts": 2, "retries": 1},
    )
    report = xpiler.translate(path, target, settings)
    statuses: Counter[str] = Counter()
    if isinstance(report, Report):
        statuses.update(k.status for k in report.kernels)
    else:
        statuses["input error"] += 1
    read = read_trace(trace)
    events = read.events if isinstance(read, Trace) else ()
    replies = Counter(e["verdict"] for e in events if e["kind"] == "exchange")
    replies["tokens"] = sum(
        e["tokens_in"] + e["tokens_out"] for e in events if e["kind"] == "exchange"
    )
    return statuses, replies


def _translate(asked: tuple[str, str, str, Path], path: Path) -> tuple[Counter[str], Counter[str]]:
    engine, target, url, folder = asked
    return translate(engine, target, path, url, folder)


def main() -> int:
    """Print the table as Markdown; exit 1 if some kernel is neither verified nor refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", default=",".join(TARGETS))
    parser.add_argument("--examples", default=",".join(SUBSET))
    parser.add_argument("--operators", default=",".join(OPERATORS))
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--jobs", type=int, default=2, help="files translated at a time")
    given = parser.parse_args()
    kinds = ("accepted", "repaired", "refuted", "rejected", "failed", "tokens")
    print(f"| engine | target | verified | refused | unverified | {' | '.join(kinds)} |")
    print("|---|---|---|---|---|" + "---|" * len(kinds))
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(given.jobs) as pool:
        files = tuple(sources(given.examples, given.operators, Path(scratch)))
        for engine, target in itertools.product(given.engines.split(","), given.targets.split(",")):
            machine = load_target(target)
            assert isinstance(machine, Target)
            statuses: Counter[str] = Counter()
            replies: Counter[str] = Counter()
            with serve(Model(machine)) as server:
                asked = (engine, target, server.url, Path(scratch))
                for one, two in pool.map(partial(_translate, asked), files):
                    statuses, replies = statuses + one, replies + two
            counts = " | ".join(str(statuses[s]) for s in ("verified", "refused", "unverified"))
            print(
                f"| {engine} | {target} | {counts} | {' | '.join(str(replies[k]) for k in kinds)} |",
                flush=True,
            )
            wrong += statuses["unverified"] + statuses["input error"]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
