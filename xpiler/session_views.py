"""How a session shows things: plain text anywhere, HTML in a notebook. Everything shown is escaped."""

from __future__ import annotations

from html import escape
from pathlib import Path

from xpiler.records import dataclass

__all__ = [
    "CheckView",
    "DiffView",
    "MemoryView",
    "PlanRow",
    "PlanView",
    "ProgramView",
    "SavedView",
    "StageView",
]

_STYLE = (
    "<style>.xp{font:13px/1.45 system-ui,sans-serif}.xp pre{font:12.5px/1.45 ui-monospace,monospace;margin:0;"
    "padding:.5em .8em;border:1px solid #8884;border-radius:5px;overflow:auto;text-align:left}"
    ".xp td,.xp th{text-align:left;padding:.15em .8em .15em 0}.xp .ok{color:#0f7b3f}.xp .bad{color:#b42318}"
    ".xp .dim{opacity:.65}.xp .add{background:#0f7b3f22;display:block}.xp .del{background:#b4231822;display:block}"
    ".xp .hunk{opacity:.6;display:block}</style>"
)


def _page(body: str) -> str:
    return f"{_STYLE}<div class='xp'>{body}</div>"


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A pass of the plan. `seconds` is None while it is to come."""

    name: str
    verdict: str
    why: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class PlanView:
    """The passes of a kernel's translation."""

    kernel: str
    target: str
    rows: tuple[PlanRow, ...]

    def __repr__(self) -> str:
        lines = [f"{self.kernel} to {self.target}"]
        lines += [f"  {r.name:<18} {r.verdict:<10} {r.why}".rstrip() for r in self.rows]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(r.name)}</td><td class='{_tone(r.verdict)}'>{escape(r.verdict)}</td>"
            f"<td>{'' if r.seconds is None else f'{r.seconds * 1000:.1f} ms'}</td>"
            f"<td class='dim'>{escape(r.why)}</td></tr>"
            for r in self.rows
        )
        head = f"<b>{escape(self.kernel)}</b> to {escape(self.target)}"
        return _page(f"{head}<table>{rows}</table>")


def _tone(verdict: str) -> str:
    return {"applied": "ok", "unsupported": "bad", "ill-formed": "bad"}.get(verdict, "dim")


@dataclass(frozen=True, slots=True)
class StageView:
    """A pass that was run."""

    name: str
    verdict: str
    why: str
    seconds: float

    def __repr__(self) -> str:
        return f"{self.name}: {self.verdict} ({self.seconds * 1000:.1f} ms) {self.why}".rstrip()

    def _repr_html_(self) -> str:
        tone = _tone(self.verdict)
        text = f"<b>{escape(self.name)}</b> <span class='{tone}'>{escape(self.verdict)}</span>"
        return _page(
            f"{text} <span class='dim'>{self.seconds * 1000:.1f} ms {escape(self.why)}</span>"
        )


@dataclass(frozen=True, slots=True)
class ProgramView:
    """A program as C."""

    text: str

    def __repr__(self) -> str:
        return self.text

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import CudaLexer

        return _page(str(highlight(self.text, CudaLexer(), HtmlFormatter(noclasses=True))))


@dataclass(frozen=True, slots=True)
class DiffView:
    """A unified diff."""

    text: str

    def __repr__(self) -> str:
        return self.text or "no change"

    def _repr_html_(self) -> str:
        kinds = {"+": "add", "-": "del", "@": "hunk"}
        lines = [line for line in self.text.splitlines() if not line.startswith(("---", "+++"))]
        body = "".join(
            f"<span class='{kinds[line[0]]}'>{escape(line)}</span>"
            if line[:1] in kinds
            else f"{escape(line)}\n"
            for line in lines
        )
        return _page(f"<pre>{body or 'no change'}</pre>")


@dataclass(frozen=True, slots=True)
class CheckView:
    """Whether two programs agree, on what evidence; where they first differ if they do not."""

    agrees: bool
    evidence: str
    where: str = ""

    def __bool__(self) -> bool:
        return self.agrees

    def __repr__(self) -> str:
        head = "agrees" if self.agrees else "DIFFERS"
        return "\n".join(x for x in (f"{head}: {self.evidence}", self.where) if x)

    def _repr_html_(self) -> str:
        tone, head = ("ok", "agrees") if self.agrees else ("bad", "differs")
        where = f"<br>{escape(self.where)}" if self.where else ""
        return _page(f"<b class='{tone}'>{head}</b> {escape(self.evidence)}{where}")


@dataclass(frozen=True, slots=True)
class MemoryView:
    """Bounds, races, integers and barriers of the source for all sizes: a line each; `wrong` is what a run has shown."""

    shown: bool
    lines: tuple[str, ...]
    wrong: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.shown

    def __repr__(self) -> str:
        return "\n".join([*self.lines, *(f"note: {n}" for n in self.notes)])

    def _repr_html_(self) -> str:
        tone = "ok" if self.shown else "bad" if self.wrong else "dim"
        rows = "<br>".join(map(escape, self.lines))
        notes = "".join(f"<br><span class='dim'>note: {escape(n)}</span>" for n in self.notes)
        head = "shown for all sizes" if self.shown else "wrong" if self.wrong else "not all shown"
        return _page(f"<b class='{tone}'>{head}</b><br>{rows}{notes}")


@dataclass(frozen=True, slots=True)
class SavedView:
    """A file that was written, and what is known of it as a whole."""

    path: Path
    verified: bool
    evidence: str

    def __repr__(self) -> str:
        return f"wrote {self.path}: {self.evidence}"

    def _repr_html_(self) -> str:
        tone = "ok" if self.verified else "bad"
        return _page(
            f"wrote {escape(str(self.path))}: <b class='{tone}'>{escape(self.evidence)}</b>"
        )
