"""A trace as text."""

from __future__ import annotations

from collections.abc import Iterator

from xpiler.trace.read import Event, Trace, stage_diff

__all__ = ["render_text"]


def render_text(trace: Trace, diffs: bool = False) -> str:
    """The run at a glance; with `diffs`, what each pass changed."""
    return "\n".join(_lines(trace, diffs)) + "\n"


def _lines(trace: Trace, diffs: bool) -> Iterator[str]:
    run = trace.run
    yield f"{run['source']} to {run['target']}, {run['started']}, xpiler {run['versions']['xpiler']}"
    for kernel in trace.kernels:
        yield ""
        yield kernel
        for event in trace.of(kernel):
            yield from _event(trace, event, diffs)
    for event in trace.outputs:
        yield ""
        yield from _event(trace, event, diffs)
    if trace.cut:
        yield "the run was cut short"


def _event(trace: Trace, event: Event, diffs: bool) -> Iterator[str]:
    match event["kind"]:
        case "stage":
            why = "; ".join(event["notes"]) or event["reason"]
            milliseconds = event["seconds"] * 1000
            yield f"  {event['name']:<18} {event['verdict']:<10} {milliseconds:8.1f} ms  {why}".rstrip()
            if diffs:
                yield from (f"      {line}" for line in stage_diff(trace, event))
        case "exchange":
            tokens = f"{event['tokens_in']}+{event['tokens_out']} tokens"
            yield f"    {event['model']}: {event['verdict']} ({tokens}) {event['reason']}".rstrip()
        case "query":
            yield f"    solver: {event['purpose']}: {event['answer']} in {event['seconds']:.2f} s"
        case "counterexample":
            yield f"    counterexample for {event['stage']}: {event['text']}"
        case "proof":
            yield f"    {event['stage']}: {event['summary']}"
        case "memory":
            yield from (f"    {line}" for line in event["lines"])
        case "output":
            yield f"the finished file: {trace.folder / event['file']}"
        case "verdict":
            yield f"  => {event['summary']}"
        case _:
            yield f"  {event.get('message', '')}"
