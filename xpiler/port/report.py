"""The port's report: report.json and one self-contained HTML page."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xpiler.backends.base import Diagnostic
from xpiler.backends.hip.catalog import entry
from xpiler.backends.hip.names import find_name
from xpiler.records import dataclass

__all__ = ["Report", "Row", "row_from_json", "summarise", "to_html", "to_json"]


@dataclass(frozen=True, slots=True)
class Row:
    """A file's line of the report.

    `status`: ported, unchanged, copied, up to date, link, kept, merged, conflict, deleted or failed.
    `compiled`: compiles, fails, unknown (a header is not installed) or nothing.
    """

    path: str
    output: str
    kind: str
    status: str
    cuda: bool
    converted: Mapping[str, int]
    left: Mapping[str, int]
    diagnostics: tuple[Mapping[str, Any], ...]
    effort: str
    seconds: float
    compiled: str = ""
    errors: tuple[str, ...] = ()
    kernels: tuple[Mapping[str, Any], ...] = ()
    helpers: bool = False


def row_from_json(text: str) -> Row:
    """The row that was written as JSON. KeyError or TypeError when it has other fields."""
    raw = json.loads(text)
    lists = {name: tuple(raw[name]) for name in ("diagnostics", "errors", "kernels")}
    return Row(**{**raw, **lists})


@dataclass(frozen=True, slots=True)
class Report:
    """A run: `skipped` counts files that the manifest showed to be up to date."""

    version: str
    source: str
    output: str
    arch: str
    rows: tuple[Row, ...]
    skipped: int
    seconds: float
    compiler: str = ""
    program: Mapping[str, Any] | None = None


def diagnostic_row(diagnostic: Diagnostic) -> dict[str, Any]:
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "file": span.file if span else "",
        "line": span.line if span else 0,
        "column": span.column if span else 0,
        "hint": diagnostic.hint,
        "effort": entry(diagnostic.code).effort,
    }


def summarise(rows: Iterable[Row]) -> dict[str, Any]:
    """Totals: files by status and effort, names by API, diagnostics by code."""
    rows = tuple(rows)
    apis: dict[str, Counter[str]] = {}
    for row in rows:
        for kind, names in (("converted", row.converted), ("left", row.left)):
            for name, count in names.items():
                known = find_name(name)
                library = (
                    known.library if known else ("headers" if name.startswith("<") else "device")
                )
                apis.setdefault(library, Counter())[kind] += count
    converted = sum(sum(row.converted.values()) for row in rows)
    left = sum(sum(row.left.values()) for row in rows)
    return {
        "files": len(rows),
        "cuda_files": sum(row.cuda for row in rows),
        "by_status": dict(Counter(row.status for row in rows)),
        "by_effort": dict(Counter(row.effort for row in rows if row.cuda)),
        "names_converted": converted,
        "names_left": left,
        "percent": round(100 * converted / (converted + left), 2) if converted + left else 100.0,
        "by_api": {name: dict(counts) for name, counts in sorted(apis.items())},
        "by_code": dict(
            sorted(Counter(d["code"] for row in rows for d in row.diagnostics).items())
        ),
        "compiled": dict(Counter(row.compiled for row in rows if row.compiled)),
        "kernels": dict(Counter(k["status"] for row in rows for k in row.kernels)),
        "left_names": dict(sum((Counter(row.left) for row in rows), Counter()).most_common()),
    }


def to_dict(report: Report) -> dict[str, Any]:
    return {
        "tool": f"xpiler {report.version}",
        "source": report.source,
        "output": report.output,
        "target": "hip",
        "arch": report.arch,
        "seconds": round(report.seconds, 3),
        "up_to_date": report.skipped,
        "compiler": report.compiler,
        "summary": summarise(report.rows),
        "program": report.program,
        "files": [
            _row_dict(row)
            for row in report.rows
            if row.cuda or row.diagnostics or row.status == "failed"
        ],
    }


def _row_dict(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Row.__slots__}


def to_json(report: Report) -> str:
    return json.dumps(to_dict(report), indent=1, sort_keys=False) + "\n"


_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222;background:#fff}
table{border-collapse:collapse;width:100%;margin:1em 0}
td,th{border-bottom:1px solid #ddd;padding:.3em .6em;text-align:left;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}code{font:13px ui-monospace,monospace}
.error{color:#a00}.warning{color:#a60}.note{color:#667}details{margin:.3em 0}summary{cursor:pointer}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}td,th{border-color:#444}.error{color:#f88}
.warning{color:#fb6}.note{color:#99a}}
"""


def to_html(report: Report) -> str:
    """One page without any outside resource."""
    total = summarise(report.rows)
    e = html.escape
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>Port of {e(report.source)}</title><style>{_STYLE}</style>",
        f"<h1>Port of {e(report.source)} to HIP</h1>",
        f"<p>{total['cuda_files']} of {total['files']} files hold CUDA. {total['names_converted']} names converted, "
        f"{total['names_left']} left ({total['percent']} %). Architecture {e(report.arch)}, "
        f"{report.seconds:.1f} s, {report.skipped} up to date.</p>",
    ]
    if report.compiler:
        parts.append(
            f"<p>Compile check with {e(report.compiler)}: {e(_counts(total['compiled']))}.</p>"
        )
    if report.program:
        parts.append(f"<h2>Program</h2><pre>{e(json.dumps(report.program, indent=1))}</pre>")
    parts.append(
        _table(
            "By API",
            ("API", "converted", "left"),
            [(n, c.get("converted", 0), c.get("left", 0)) for n, c in total["by_api"].items()],
        )
    )
    parts.append(
        _table(
            "By diagnostic",
            ("code", "title", "times"),
            [(c, entry(c).title, n) for c, n in total["by_code"].items()],
        )
    )
    if total["left_names"]:
        parts.append(
            _table("Left as they were", ("name", "uses"), list(total["left_names"].items()))
        )
    kernels = [
        (row.path, *(k.get(x, "") for x in ("kernel", "status", "detail")))
        for row in report.rows
        for k in row.kernels
    ]
    if kernels:
        parts.append(_table("Kernels", ("file", "kernel", "status", "how, or why not"), kernels))
    parts.append("<h2>Files</h2>")
    parts += [_file(row) for row in report.rows if row.cuda or row.diagnostics]
    return "".join(parts) + "</html>\n"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in counts.items()) or "nothing to compile"


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    body = "".join(
        "<tr>"
        + "".join(
            f"<td class=n>{c}</td>"
            if isinstance(c, int)
            else f"<td><code>{html.escape(str(c))}</code></td>"
            for c in row
        )
        + "</tr>"
        for row in rows
    )
    names = "".join(f"<th>{html.escape(h)}</th>" for h in head)
    return f"<h2>{html.escape(title)}</h2><table><tr>{names}</tr>{body}</table>"


def _file(row: Row) -> str:
    e = html.escape
    converted, left = sum(row.converted.values()), sum(row.left.values())
    items = "".join(
        f"<tr><td><code>{d['line'] or ''}</code></td><td class={d['severity']}>{d['code']}</td>"
        f"<td>{e(d['message'])}<br><small>{e(d['hint'])}</small></td></tr>"
        for d in row.diagnostics
    )
    errors = "".join(f"<p class=error><code>{e(x)}</code></p>" for x in row.errors)
    head = (
        f"<code>{e(row.path)}</code> {e(row.status)}, {converted} converted, {left} left, effort {row.effort}"
        + (f", {row.compiled}" if row.compiled else "")
    )
    return f"<details{' open' if left else ''}><summary>{head}</summary>{errors}<table>{items}</table></details>"
