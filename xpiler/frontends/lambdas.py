"""Device lambdas that a kernel is launched with, written as named function objects.

A closure's type has no name: no other machine's kernel can take it, nor can a check make one. `hoisted` gives each such
lambda a struct before the function in which it stands, with what it captures as fields, and an object of it in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Final

from xpiler.frontends.edits import Edit, apply, insert
from xpiler.frontends.libclang import Node, Parsed, parse
from xpiler.frontends.tokens import Token, matching, tokenize
from xpiler.ir.nodes import Span
from xpiler.records import dataclass

__all__ = ["Hoisted", "closures", "hoisted"]

_CLOSURE: Final = re.compile(r"\(lambda at ([^)]*?):(\d+):(\d+)\)")
_TEMPLATE_PARAMETERS: Final = frozenset({"TEMPLATE_TYPE_PARAMETER", "TEMPLATE_NON_TYPE_PARAMETER"})
_FUNCTIONS: Final = frozenset(
    {"FUNCTION_DECL", "FUNCTION_TEMPLATE", "CXX_METHOD", "CONSTRUCTOR", "DESTRUCTOR"}
)
_SCOPES: Final = frozenset({"TRANSLATION_UNIT", "NAMESPACE", "LINKAGE_SPEC", "UNEXPOSED_DECL"})
_ALIASES: Final = frozenset({"TYPE_ALIAS_DECL", "TYPEDEF_DECL"})
_UNSPELLED: Final = re.compile(r"type-parameter|dependent|\bauto\b|\(lambda at|<unnamed|\(unnamed")

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Hoisted:
    """A text without the lambdas that had to be named; `lines` is, for each of its lines, the line of the old text."""

    text: str
    lines: tuple[int, ...]

    def back(self, span: Span | None) -> Span | None:
        """The place in the old text of one in this text."""
        if span is None or not 0 < span.line <= len(self.lines):
            return span
        end = min(max(span.end_line, 1), len(self.lines))
        return replace(span, line=self.lines[span.line - 1], end_line=self.lines[end - 1])


@dataclass(frozen=True, slots=True)
class _Field:
    """What a lambda captures: `type` empty where only the place can say it (a parameter of the template then)."""

    name: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class _Put:
    """An edit of which the lines after the first `head` come from the lines `first` to `last`."""

    edit: Edit
    head: int = 0
    first: int = 1
    last: int = 1


@dataclass(frozen=True, slots=True)
class _Written:
    """The parts of a lambda as its author wrote them."""

    captures: str
    specifiers: str
    parameters: str
    generic: tuple[str, ...]
    mutable: bool
    result: str
    body: str


def closures(names: Iterable[str], path: Path) -> tuple[Place, ...]:
    """Lines and columns of the lambdas of `path` that these instances of kernels take."""
    found = (m for name in names for m in _CLOSURE.finditer(name) if m[1] == str(path))
    return tuple(dict.fromkeys((int(m[2]), int(m[3])) for m in found))


def hoisted(
    text: str,
    path: Path,
    places: Sequence[Place],
    include_dirs: Sequence[Path] = (),
    defines: Sequence[str] = (),
) -> Hoisted:
    """`text` with the lambdas at `places` as named function objects, those that can be.

    A lambda stays that captures `this`, a reference or an array, or that names types local to its function. Of `*this`
    the members that the lambda reads become fields.
    """
    parsed = parse(text, path, include_dirs, defines)
    edits: list[_Put] = []
    if isinstance(parsed, Parsed):
        taken = {t.text for t in tokenize(parsed.data).items}
        for node, parents in _lambdas(parsed.root, ()):
            span = node.span
            if span is not None and node.file == parsed.name and (span.line, span.column) in places:
                edits += _named(node, parents, taken)
    return Hoisted(apply(text, [e.edit for e in edits]), _origins(text, edits))


def _lambdas(node: Node, parents: tuple[Node, ...]) -> Iterable[tuple[Node, tuple[Node, ...]]]:
    for child in node.children:
        if child.kind == "LAMBDA_EXPR":
            yield child, (*parents, node)
        if not child.in_system_header:
            yield from _lambdas(child, (*parents, node))


def _origins(text: str, edits: Iterable[_Put]) -> tuple[int, ...]:
    """For each line of the edited text the line of `text` from which it comes."""
    data = text.encode(errors="surrogateescape")
    lines: list[int] = []
    at, line = 0, 1
    for put in sorted(edits, key=lambda put: put.edit.start_byte):
        edit = put.edit
        kept = data[at : edit.start_byte].count(b"\n")
        lines += range(line, line + kept)
        line += kept
        written = edit.text.count("\n")
        lines += [min(put.first + max(0, k - put.head), put.last) for k in range(written)]
        at = edit.end_byte
        line += data[edit.start_byte : at].count(b"\n")
    return (*lines, *range(line, line + data[at:].count(b"\n") + 1))


# --- one lambda --------------------------------------------------------------------------------


def _named(node: Node, parents: Sequence[Node], taken: set[str]) -> list[_Put]:
    """The struct before the outermost declaration round the lambda, and its object in the lambda's place."""
    written = _as_written(node)
    outer = _outermost(parents)
    function = next((p for p in reversed(parents) if p.kind in _FUNCTIONS), None)
    if written is None or outer is None or function is None:
        return []
    fields = _fields(node, written)
    local = None if fields is None else _local(node, function, {f.name for f in fields})
    if fields is None or local is None:
        return []
    name = _unused(f"{function.spelling or 'device'}_lambda", taken)
    declared, given = _template(parents)
    unspelled = [f for f in fields if not f.type]
    typed = [replace(f, type=f.type or f"{f.name.title()}Type") for f in fields]
    declared += [f"class {f.name.title()}Type" for f in unspelled]
    given += [f"typename std::decay<decltype({f.value})>::type" for f in unspelled]
    struct = _struct(name, declared, typed, written, local)
    arguments = f"<{', '.join(given)}>" if given else ""
    put = f"{name}{arguments}{{{', '.join(f.value for f in fields)}}}"
    start, end = node.offsets
    span = node.span
    last = span.end_line if span is not None else 1
    first = last - written.body.count("\n")
    head = struct.count("\n") - written.body.count("\n") - 3  # what follows the body are three
    call = Edit(start, end, f"({put})" if len(given) > 1 else put)
    return [_Put(insert(outer.offsets[0], struct), head, first, last), _Put(call)]


def _unused(stem: str, taken: set[str]) -> str:
    name, n = stem, 1
    while name in taken:
        name, n = f"{stem}_{n}", n + 1
    taken.add(name)
    return name


def _outermost(parents: Sequence[Node]) -> Node | None:
    """The declaration at namespace scope in which the lambda stands."""
    inside = [p for p in parents if p.kind not in _SCOPES]
    return inside[0] if inside and inside[0].file == inside[0].parsed.name else None


def _template(parents: Sequence[Node]) -> tuple[list[str], list[str]]:
    """Parameters of the templates round the lambda, and the same as arguments."""
    declared: list[str] = []
    given: list[str] = []
    for parent in parents:
        for parameter in parent.children:
            if parameter.kind in _TEMPLATE_PARAMETERS and parameter.spelling:
                plain = re.sub(r"\s*=.*", "", parameter.text, flags=re.S)
                declared.append(plain)
                given.append(parameter.spelling + ("..." if "..." in plain else ""))
    return declared, given


def _struct(
    name: str, declared: list[str], fields: Sequence[_Field], written: _Written, local: str
) -> str:
    head = f"template <{', '.join(declared)}>\n" if declared else ""
    members = "".join(f"  {_declaration(f.type, f.name)};\n" for f in fields)
    generic = ", ".join(f"class {g}" for g in written.generic)
    generic = f"  template <{generic}>\n" if generic else ""
    constant = "" if written.mutable else " const"
    body = written.body if not local else f"{{ {local} {written.body[1:].lstrip()}"
    call = f"auto operator()({written.parameters}){constant}{written.result} {body}"
    return f"{head}struct {name} {{\n{members}{generic}  {written.specifiers} {call}\n}};\n\n"


def _declaration(type_: str, name: str) -> str:
    return f"{type_}{'' if type_.endswith('*') else ' '}{name}"


# --- as it is written --------------------------------------------------------------------------


def _as_written(node: Node) -> _Written | None:
    """None for what a macro made, or a syntax that is not known here."""
    text = node.text
    if not text.startswith("[") or not text.endswith("}"):
        return None
    source = text.encode(errors="surrogateescape")
    items = tokenize(source).items
    close = matching(items, 0)
    opening = next((k for k in range(close + 1, len(items)) if items[k].text in ("(", "{")), -1)
    if close < 0 or opening < 0 or any(t.directive >= 0 for t in items):
        return None
    specifiers = _between(source, items, close + 1, opening)
    ends = matching(items, opening) if items[opening].text == "(" else opening - 1
    brace = next((k for k in range(ends + 1, len(items)) if items[k].text == "{"), -1)
    if brace < 0 or "<" in specifiers:
        return None
    parameters, generic = _parameters(source, items, opening, ends)
    after = _between(source, items, ends + 1, brace)
    result = after[after.index("->") :] if "->" in after else ""
    words = after.removesuffix(result).split()
    more = [w for w in words if w not in ("mutable", "noexcept")]
    return _Written(
        captures=_between(source, items, 1, close),
        specifiers=" ".join((*specifiers.split(), *more)) or "__host__ __device__",
        parameters=parameters,
        generic=generic,
        mutable="mutable" in words,
        result=f" {result}" if result else "",
        body=source[items[brace].start :].decode(errors="surrogateescape"),
    )


def _between(source: bytes, items: Sequence[Token], first: int, last: int) -> str:
    """The text of the tokens `first` to `last` (not included)."""
    if first >= last:
        return ""
    return source[items[first].start : items[last - 1].end].decode(errors="surrogateescape")


def _parameters(
    source: bytes, items: Sequence[Token], opening: int, ends: int
) -> tuple[str, tuple[str, ...]]:
    """The list of parameters, each `auto` in it a type of its own."""
    if ends < opening:
        return "", ()
    generic: list[str] = []
    edits: list[Edit] = []
    base = items[opening].end
    for k in range(opening + 1, ends):
        if items[k].text == "auto":
            pack = items[k + 1].text == "..."
            name = f"Arg{len(generic)}"
            generic.append(f"... {name}" if pack else name)
            edits.append(Edit(items[k].start - base, items[k].end - base, name))
    text = source[base : items[ends].start].decode(errors="surrogateescape")
    return apply(text, edits), tuple(generic)


# --- captures ----------------------------------------------------------------------------------


def _fields(node: Node, written: _Written) -> list[_Field] | None:
    """None where something is captured that an object cannot hold, or that is not known."""
    named = [tuple(part.strip() for part in c.partition("=")) for c in _captures(written.captures)]
    members = _members(node)
    if members is None or (members and "*this" not in written.captures):
        return None
    if any(name == "this" or name.startswith("&") for name, _, _ in named):
        return None
    begins = {name: init for name, _, init in named if init}
    used = set(re.findall(r"\w+", written.body))
    fields: dict[str, _Field] = {}
    for captured in _captured(node):
        name = captured.spelling
        if captured.ref is None or name in fields or name not in used:
            continue
        type_ = _type(captured.ref)
        if type_ is None:
            return None
        fields[name] = _Field(name, type_, begins.get(name, name))
    return [*fields.values(), *members]


def _members(node: Node) -> list[_Field] | None:
    """The members of the object round the lambda that its body reads, by name or by `this`.

    None where it calls one, uses the object itself, or has a member that no field can be.
    """
    body = next((c for c in node.children if c.kind == "COMPOUND_STMT"), None)
    found: dict[str, _Field] = {}
    pending = [] if body is None else [body]
    while pending:
        below = pending.pop()
        if below.kind == "CXX_THIS_EXPR":
            return None
        own = below.kind == "MEMBER_REF_EXPR" and [c.kind for c in below.children] in (
            [],
            ["CXX_THIS_EXPR"],
        )
        if not own:
            pending += below.children
        elif below.ref is not None and below.ref.kind in ("FIELD_DECL", "CXX_METHOD"):
            type_ = _type(below.ref) if below.ref.kind == "FIELD_DECL" else None
            if type_ is None:
                return None
            found[below.spelling] = _Field(below.spelling, type_, below.spelling)
    return sorted(found.values(), key=lambda f: f.name)


def _captured(node: Node) -> Iterable[Node]:
    """Names of what is captured: those in the list first, then all in the expressions with which captures begin."""
    for child in node.children:
        if child.kind in ("PARM_DECL", "COMPOUND_STMT"):
            return
        while child.kind in ("UNEXPOSED_EXPR", "CALL_EXPR") and len(child.children) == 1:
            child = child.children[0]  # a copy of an object
        if child.kind in ("VARIABLE_REF", "DECL_REF_EXPR", "CXX_THIS_EXPR"):
            yield child


def _captures(text: str) -> list[str]:
    """`=, k = f(a, b)` as its parts."""
    depths = accumulate((c in "([{") - (c in ")]}") for c in text)
    marked = "".join("\0" if c == "," and not d else c for c, d in zip(text, depths, strict=True))
    return [part.strip() for part in marked.split("\0") if part.strip() not in ("", "=")]


def _type(variable: Node) -> str | None:
    """The type of a captured variable as a field's; empty where it cannot be spelled, None for an array."""
    found = variable.type
    canonical = found.get_canonical()
    if canonical.kind.name in ("LVALUEREFERENCE", "RVALUEREFERENCE"):
        found, canonical = found.get_pointee(), canonical.get_pointee()
    if "ARRAY" in canonical.kind.name or "[" in canonical.spelling:
        return None
    for spelled in (str(canonical.spelling), str(found.spelling)):
        spelled = re.sub(r"\(anonymous namespace\)::", "", spelled)
        if not _UNSPELLED.search(spelled):
            return _without_const(spelled)
    return ""


def _without_const(spelled: str) -> str:
    """`const float` is `float`; `const float *` points at constants and stays."""
    if "*" in spelled:
        return re.sub(r"\*\s*(const|__restrict|restrict|\s)+$", "*", spelled)
    return re.sub(r"^const\s+|\s+const$", "", spelled)


def _local(node: Node, function: Node, captured: set[str]) -> str | None:
    """Declarations for the constants and names of types of the function that the body uses; None where that is not
    enough."""
    found: dict[str, tuple[int, str]] = {}
    start, end = node.offsets
    first, last = function.offsets
    own = (c for c in node.children if c.kind in ("PARM_DECL", "COMPOUND_STMT"))
    pending = [n for child in own for n in child.walk() if n.ref is not None]
    while pending:
        below = pending.pop()
        ref = below.ref
        if ref is None or ref.file != node.parsed.name or ref.spelling in found:
            continue
        at = ref.offsets[0]
        inside = first <= at < last and not start <= at < end
        known = ref.spelling in captured or ref.kind in _TEMPLATE_PARAMETERS
        if not inside or known or ref.key == function.key:
            continue
        text = _constant(ref)
        if text is None:
            return None
        found[ref.spelling] = (at, text)
        pending += [n for n in ref.walk() if n.ref is not None]
    return " ".join(text for _, text in sorted(found.values()))


def _constant(ref: Node) -> str | None:
    if ref.kind in _ALIASES:
        return f"{ref.text};"
    init = ref.initializer if ref.kind == "VAR_DECL" else None
    type_ = _type(ref) if init is not None else None
    if init is None or not type_ or not (ref.type.is_const_qualified() or "constexpr" in ref.text):
        return None
    return f"constexpr {type_} {ref.spelling} = {init.text};"
