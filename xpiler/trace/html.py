"""One self-contained page of a trace: passes down the side, diff beside prompt, evidence, timings."""

from __future__ import annotations

import json
from typing import Any

import jinja2
from markupsafe import Markup

from xpiler.trace.read import Event, Trace, stage_diff

__all__ = ["render_html"]

_LINE = {"+": "add", "-": "del", "@": "hunk"}
_FOLD = 60  # lines of a diff that are shown at once


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
        run=trace.run,
        kernels=kernels,
        cut=trace.cut,
        source=_coloured(trace.text("source.cu")),
        outputs=[(e["file"], _coloured(trace.text(e["file"]))) for e in trace.outputs],
        styles=_styles(),
    )


def _coloured(text: str) -> Markup:
    """C or CUDA as HTML, its tokens in classes of pygments; escaped."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import CudaLexer

    return Markup(highlight(text, CudaLexer(stripnl=False), HtmlFormatter(nowrap=True)))


def _styles() -> Markup:
    """Colours of the tokens, for light and for dark screens."""
    from pygments.formatters import HtmlFormatter

    def rules(style: str) -> str:
        formatter = HtmlFormatter(style=style, nobackground=True)
        return "\n".join(
            line for line in formatter.get_style_defs("pre").splitlines() if "pre ." in line
        )

    dark = f"@media (prefers-color-scheme: dark) {{ {rules('github-dark')} }}"
    return Markup(f"{rules('default')}\n{dark}")


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
        "memory": trace.of(name, "memory"),
        "counterexamples": [
            {**c, "source": trace.text(c["program"])} for c in trace.of(name, "counterexample")
        ],
        "applied": sum(s["verdict"] == "applied" for s in stages),
        "milliseconds": 1000 * sum(s["seconds"] for s in stages),
        "verdict": verdicts[-1] if verdicts else None,
        "status": _status(verdicts[-1] if verdicts else None),
    }


def _status(verdict: Event | None) -> str:
    if verdict is None:
        return "none"
    kind = verdict["evidence"].get("kind", "")
    good = {"proved": "ok", "tested": "ok", "unverified": "warn"}
    return good.get(kind, "bad")


def _stage(trace: Trace, kernel: str, number: int, event: Event) -> dict[str, Any]:
    lines = stage_diff(trace, event)
    return {
        **event,
        "id": f"{kernel}-{number}",
        "lines": [{"kind": _LINE.get(line[:1], "same"), "text": line} for line in lines],
        "program": _coloured(trace.text(event["after"])),
        "long": len(lines) > _FOLD,
        "added": sum(line.startswith("+") for line in lines),
        "removed": sum(line.startswith("-") for line in lines),
    }


def _exchange(trace: Trace, event: Event) -> dict[str, Any]:
    try:
        content = json.loads(trace.text(event["file"]))
    except ValueError:
        content = {"messages": [], "reply": ""}
    return {**event, "messages": content["messages"], "reply": content["reply"]}
