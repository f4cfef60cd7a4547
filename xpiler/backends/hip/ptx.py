"""Inline PTX: the common idioms (`ptx.toml`) become C++; each other occurrence is reported."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from xpiler.backends.hip.view import Call, View
from xpiler.backends.hip.warp import Handler
from xpiler.records import dataclass

__all__ = ["HANDLERS", "Asm", "Written", "parse_asm", "write_cpp"]

_OPCODE = re.compile(r"^(?:@!?%?\w+\s+)?([a-z][a-z0-9_]*(?:\.[\w:]+)*)\s*(.*)$", re.S)
_PTX = re.compile(
    r"^(?:[a-z][a-z0-9_]*\.(?:[\w:]+\.)*[\w:]+|\.reg\b|trap|griddepcontrol|@!?[%\w]+\s+\w+)", re.S
)
_X86 = re.compile(r"\b(?:cpuid|rdtsc|xgetbv|pause|lock|movl|movq|%%[re]?[abcd]x|rep;?\s*nop)\b")
_OPERAND = re.compile(r"%(\d+)$")
_ADDRESS = re.compile(r"^\[\s*(%\d+)\s*(?:\+\s*(-?\w+)\s*)?\]$")
_LOAD = re.compile(
    r"ld(?:\.(volatile|relaxed|acquire)(?:\.(cta|gpu|sys))?)?\.(?:global|shared)(?:\.(?:nc|ca|cg|cs|cv|lu))*"
    r"(?:\.L[12]::\w+)*(?:\.v([24]))?\.(\w+)$"
)
_STORE = re.compile(
    r"st(?:\.(volatile|relaxed|release)(?:\.(cta|gpu|sys))?)?\.(?:global|shared)(?:\.(?:wb|cg|cs|wt))?"
    r"(?:\.v([24]))?\.(\w+)$"
)

_FENCES = {
    "cta": "__threadfence_block()",
    "gpu": "__threadfence()",
    "sys": "__threadfence_system()",
}


@dataclass(frozen=True, slots=True)
class Asm:
    """An asm statement: its template without the quotes, and the operands' expressions by number."""

    template: str
    operands: tuple[str, ...]
    names: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Written:
    """C++ for an asm statement, with the helper pieces, diagnostics and HIP headers that it brings."""

    text: str
    helpers: frozenset[str]
    reports: tuple[str, ...]
    headers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Idiom:
    op: re.Pattern[str]
    text: str
    helper: tuple[str, ...]
    report: str
    header: str
    operands: int
    require: tuple[tuple[int, str], ...]
    parts: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Table:
    idioms: tuple[_Idiom, ...]
    registers: Mapping[str, Mapping[str, str]]
    types: Mapping[str, str]


@cache
def _table() -> _Table:
    raw = tomllib.loads((Path(__file__).parent / "ptx.toml").read_text())
    idioms = tuple(
        _Idiom(
            re.compile(row["op"]),
            row["text"],
            tuple(row.get("helper", "").split()),
            row.get("report", ""),
            row.get("header", ""),
            int(row.get("operands", -1)),
            tuple((int(k), v) for k, v in row.get("require", {}).items()),
            {int(k): int(v) for k, v in row.get("parts", {}).items()},
        )
        for row in raw["idiom"]
    )
    return _Table(idioms, raw["registers"], raw["types"])


def parse_asm(view: View, call: Call) -> Asm:
    """The parts of `asm(template : outputs : inputs : clobbers)`."""
    sections: list[list[int]] = [[]]
    depth = 0
    for i in range(call.open + 1, call.close):
        text = view.text(i)
        depth += (text in "([{") - (text in ")]}") if len(text) == 1 else 0
        if text in (":", "::") and depth == 0:
            sections += [[] for _ in text]
        else:
            sections[-1].append(i)
    template = "".join(
        _unquoted(view.text(i)) for i in sections[0] if view.items[i].kind == "string"
    )
    operands: list[str] = []
    names: dict[str, int] = {}
    for section in sections[1:3]:
        for name, expression in _operands(view, section):
            if name:
                names[name] = len(operands)
            operands.append(expression)
    return Asm(template, tuple(operands), names)


def _unquoted(literal: str) -> str:
    if literal.startswith("R"):
        return literal[literal.index("(") + 1 : literal.rindex(")")]
    inner = literal[literal.index('"') + 1 : literal.rindex('"')]
    return inner.replace("\\n", "\n").replace("\\t", " ").replace('\\"', '"')


def _operands(view: View, section: list[int]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    depth, name, first = 0, "", -1
    for i in section:
        text = view.text(i)
        if text == "[" and depth == 0 and first < 0:
            name = view.text(i + 1)
        if text == "(":
            if depth == 0:
                first = i
            depth += 1
        elif text == ")":
            depth -= 1
            if depth == 0:
                found.append((name, view.tokens.text(view.items[first].end, view.items[i].start)))
                name, first = "", -1
    return found


def inline_asm(view: View, at: int) -> bool:
    """`asm volatile("..." : out : in)`: rewritten, left (no PTX), or reported."""
    opening = at + 1
    while view.text(opening) in ("volatile", "__volatile__", "__volatile", "inline"):
        opening += 1
    call = view.call_at(at, opening) if view.text(opening) == "(" else None
    if call is None:
        return True
    asm = parse_asm(view, call)
    body = asm.template.strip()
    first = body.lstrip("{ \n").split(";")[0].strip()
    if not body or _X86.search(body) or not _PTX.match(first):
        return True
    shown = " ".join(body.split())[:80]
    written = write_cpp(asm)
    if written is None:
        code = "XP5304" if re.search(r"\b(?:w?g?mma|ldmatrix|mma)\b", body) else "XP5301"
        view.report(code, at, text=shown, name=f"inline PTX {shown.split()[0]}")
        view.findings.left["asm"] = view.findings.left.get("asm", 0) + 1
        return True
    for code in written.reports:
        view.report(code, at, name=shown.split()[0])
    view.report("XP5302", at, text=shown)
    view.findings.helpers.update(written.helpers)
    view.findings.headers.update(written.headers)
    view.findings.count("asm")
    view.replace_range(at, call.close + 1, written.text)
    return True


def write_cpp(asm: Asm) -> Written | None:
    """C++ statements (without the last `;`) for an asm statement, or None when an instruction is unknown."""
    template = asm.template.strip()
    if template.startswith("{") and template.endswith("}"):
        template = template[1:-1]
    statements: list[str] = []
    helpers: set[str] = set()
    reports: list[str] = []
    headers: set[str] = set()
    for line in re.sub(r"//[^\n]*", "", template).split(";"):
        if not line.strip():
            continue
        written = _instruction(" ".join(line.split()), asm)
        if written is None:
            return None
        statements.append(written.text)
        helpers |= written.helpers
        reports += written.reports
        headers |= written.headers
    if not statements:
        return None
    text = (
        statements[0] if len(statements) == 1 else "do { " + "; ".join(statements) + "; } while (0)"
    )
    return Written(text, frozenset(helpers), tuple(dict.fromkeys(reports)), frozenset(headers))


def _instruction(line: str, asm: Asm) -> Written | None:
    match = _OPCODE.match(line)
    if match is None or line.startswith(("@", ".")):
        return None
    opcode, rest = match[1], match[2].strip()
    args = _split(rest)
    if opcode.startswith("mov."):
        return _move(args, asm)
    for pattern, load in ((_LOAD, True), (_STORE, False)):
        memory = pattern.match(opcode)
        if memory:
            return _memory(memory, args, asm, load, ".shared" in opcode)
    for idiom in _table().idioms:
        if idiom.op.fullmatch(opcode):
            written = _fill(idiom, args, asm)
            if written is not None:
                return written
    return None


def _split(rest: str) -> list[str]:
    """Operands at commas outside braces and brackets."""
    parts = re.findall(r"\s*(\{[^}]*\}|\[[^\]]*\]|[^,]+)", rest)
    return [p.strip() for p in parts if p.strip()]


def _value(arg: str, asm: Asm) -> str | None:
    """An operand as C++: `%1`, `%[name]`, a number."""
    named = re.fullmatch(r"%\[(\w+)\]", arg)
    if named:
        number = asm.names.get(named[1], -1)
    else:
        match = _OPERAND.fullmatch(arg)
        if match is None:
            return arg if re.fullmatch(r"-?(?:0[xX][0-9a-fA-F]+|\d+)U?", arg) else None
        number = int(match[1])
    return asm.operands[number] if 0 <= number < len(asm.operands) else None


def _address(arg: str, asm: Asm) -> str | None:
    """`[%1]` or `[%1 + 16]` as an integer or pointer expression."""
    match = _ADDRESS.match(arg)
    if match is None:
        return None
    base = _value(match[1], asm)
    if base is None or match[2] is None:
        return base
    return f"reinterpret_cast<const char *>({base}) + {match[2]}"


def _fill(idiom: _Idiom, args: list[str], asm: Asm) -> Written | None:
    if idiom.operands >= 0 and len(args) != idiom.operands:
        return None
    values: dict[str, str] = {}
    for i, arg in enumerate(args):
        address = _address(arg, asm)
        value = _value(arg, asm)
        if address is not None:
            values[f"p{i}"] = values[f"v{i}"] = address
        if value is not None:
            values[str(i)] = value
        parts = _braced(arg, asm)
        if parts is not None and len(parts) == idiom.parts.get(i, len(parts)):
            values[f"b{i}"] = ", ".join(parts)
    for position, wanted in idiom.require:
        if not re.fullmatch(wanted, values.get(str(position), "")):
            return None
    text = idiom.text
    for slot in re.findall(r"\{(\w+)\}", text):
        if slot not in values:
            return None
    text = re.sub(r"\{(\w+)\}", lambda m: values[m[1]], text)
    reports = (idiom.report,) if idiom.report else ()
    headers = frozenset({idiom.header} if idiom.header else ())
    return Written(text, frozenset(idiom.helper), reports, headers)


def _braced(arg: str, asm: Asm) -> list[str] | None:
    """The parts of `{%0, %1}`."""
    if not (arg.startswith("{") and arg.endswith("}")):
        return None
    values = [_value(part.strip(), asm) for part in arg[1:-1].split(",")]
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else None


def _move(args: list[str], asm: Asm) -> Written | None:
    """`mov` from a special register, or between operands."""
    if len(args) != 2:
        return None
    target = _value(args[0], asm)
    register = _table().registers.get(args[1].lstrip("%"))
    if target is not None and register is not None and args[1].startswith("%"):
        helper = register["helper"]
        return Written(f"{target} = {register['text']}", frozenset({helper} if helper else ()), ())
    return None


def _memory(
    match: re.Match[str], args: list[str], asm: Asm, load: bool, shared: bool
) -> Written | None:
    """Loads and stores with any cache hint, scalar or vector."""
    order, scope, count, width = match.groups()
    kind = _table().types.get(width)
    if kind is None or len(args) != 2:
        return None
    address = _address(args[1 if load else 0], asm)
    values = [_value(a.strip(), asm) for a in args[0 if load else 1].strip("{}").split(",")]
    if address is None or len(values) != int(count or 1):
        return None
    pointer = f"xpiler_hip::shared_pointer({address})" if shared else address
    qualifiers = ("const " if load else "") + ("volatile " if order else "")
    base = f"(({qualifiers}{kind} *)({pointer}))"
    # Spelt as a C cast: the address may be a pointer or an integer.
    parts: list[str] = []
    for i, value in enumerate(values):
        if value is None:
            return None
        parts.append(f"{value} = {base}[{i}]" if load else f"{base}[{i}] = {value}")
    # Volatile alone keeps the access where it is; the fence keeps the others on its side of it.
    fence = _FENCES.get(scope or "", "__threadfence()")
    if order == "acquire":
        parts.append(fence)
    elif order == "release":
        parts.insert(0, fence)
    text = parts[0] if len(parts) == 1 else "do { " + "; ".join(parts) + "; } while (0)"
    return Written(text, frozenset({"cvta"} if shared else ()), ())


HANDLERS: Mapping[str, Handler] = dict.fromkeys(("asm", "__asm__", "__asm"), inline_asm)
