"""One self-contained page of a trace: passes down the side, diff beside prompt, evidence, timings."""

from __future__ import annotations

import json
from typing import Any

import jinja2

from xpiler.trace.read import Trace, stage_diff

__all__ = ["render_html"]

_LINE = {"+": "add", "-": "del", "@": "hunk"}


def render_html(trace: Trace) -> str:
    """The page. Everything that came from a file or a model is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("xpiler.trace", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    kernels = [_kernel(trace, name) for name in trace.kernels]
    return environment.get_template("page.html.j2").render(
        run=trace.run, kernels=kernels, cut=trace.cut, source=trace.text("source.cu")
    )


def _kernel(trace: Trace, name: str) -> dict[str, Any]:
    stages = [_stage(trace, name, n, e) for n, e in enumerate(trace.of(name, "stage"))]
    proofs = {p["stage"]: p for p in trace.of(name, "proof")}
    longest = max((s["seconds"] for s in stages), default=0.0) or 1.0
    for stage in stages:
        stage["proof"] = proofs.get(stage["name"])
        stage["width"] = round(100 * stage["seconds"] / longest)
    verdicts = trace.of(name, "verdict")
    queries = [{**q, "smt": trace.text(q["file"])} for q in trace.of(name, "query")]
    return {
        "name": name,
        "stages": stages,
        "exchanges": [_exchange(trace, e) for e in trace.of(name, "exchange")],
        "queries": queries,
        "counterexamples": [
            {**c, "source": trace.text(c["program"])} for c in trace.of(name, "counterexample")
        ],
        "verdict": verdicts[-1] if verdicts else None,
        "status": _status(verdicts[-1] if verdicts else None),
    }


def _status(verdict: Any) -> str:
    if verdict is None:
        return "none"
    kind = verdict["evidence"].get("kind", "")
    good = {"proved": "ok", "tested": "ok", "unverified": "warn"}
    return good.get(kind, "bad")


def _stage(trace: Trace, kernel: str, number: int, event: Any) -> dict[str, Any]:
    lines = stage_diff(trace, event)
    return {
        **event,
        "id": f"{kernel}-{number}",
        "lines": [{"kind": _LINE.get(line[:1], "same"), "text": line} for line in lines],
        "program": trace.text(event["after"]),
        "added": sum(line.startswith("+") for line in lines),
        "removed": sum(line.startswith("-") for line in lines),
    }


def _exchange(trace: Trace, event: Any) -> dict[str, Any]:
    try:
        content = json.loads(trace.text(event["file"]))
    except ValueError:
        content = {"messages": [], "reply": ""}
    return {**event, "messages": content["messages"], "reply": content["reply"]}
