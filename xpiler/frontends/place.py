"""Where things stand in a CUDA file: kernels, device functions, launches, shared and global data, includes.

Works on tokens, so it is total: a statement macro without semicolon, an `#ifdef` across a brace or a
launch inside a macro body, which syntax trees lose, are found like any other. `tree` gives the
tree-sitter tree of the same bytes for questions about the inside of a body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xpiler.frontends.tokens import Lines, Token, Tokens, matching, tokenize

if TYPE_CHECKING:
    from tree_sitter import Tree

__all__ = [
    "Function",
    "Global",
    "Include",
    "Launch",
    "Macro",
    "Place",
    "Places",
    "Shared",
    "SharedName",
    "find",
    "tree",
]


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes `start:end` of the file, with the 1-based line and byte column of `start`, and the text."""

    start: int
    end: int
    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Function:
    """A `__global__` or `__device__` function.

    `whole` runs from `template`, `extern "C"`'s declaration or the first specifier to the closing brace (or
    the `;` of a declaration, then `body` is None). `signature` is `whole` without the body. `scope` holds
    the enclosing namespaces and classes. `host` is set for `__host__ __device__`.
    """

    name: str
    kernel: bool
    host: bool
    scope: tuple[str, ...]
    template: tuple[str, ...]
    params: tuple[Place, ...]
    whole: Place
    signature: Place
    name_at: Place
    body: Place | None

    @property
    def qualified(self) -> str:
        return "::".join((*self.scope, self.name))


@dataclass(frozen=True, slots=True)
class Launch:
    """`callee<<<configs>>>(args)`. `name` is the callee without qualifiers and template arguments.

    `macro` is the name of the macro in whose body it stands, else empty.
    """

    whole: Place
    callee: Place
    name: str
    template_args: tuple[str, ...]
    configs: tuple[Place, ...]
    args: tuple[Place, ...]
    macro: str


@dataclass(frozen=True, slots=True)
class SharedName:
    """One declarator of a `__shared__` declaration: `*name[32][33]`. `dims` are the bracketed texts."""

    name: str
    declarator: Place
    name_at: Place
    dims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """A `__shared__` declaration, `whole` up to and with its `;`.

    `type` is the text of the specifiers without `extern`, `static`, `__shared__` and alignment. `names` is empty
    when the declarators could not be told apart (an inline struct body). `function` is the enclosing
    kernel or device function, `macro` the macro whose body holds it; both may be empty.
    """

    whole: Place
    dynamic: bool
    type: str
    names: tuple[SharedName, ...]
    function: str
    macro: str


@dataclass(frozen=True, slots=True)
class Global:
    """A `__constant__`, `__device__` or `__managed__` variable; `scope` as for functions."""

    name: str
    keyword: str
    whole: Place
    scope: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Include:
    """`path` as written; `system` for angle brackets."""

    path: str
    system: bool
    whole: Place


@dataclass(frozen=True, slots=True)
class Macro:
    """A `#define`. `params` is None for an object-like one; `body` is where its replacement stands."""

    name: str
    params: tuple[str, ...] | None
    body: Place


@dataclass(frozen=True, slots=True)
class Places:
    """All that `find` found, each kind in the order of the file."""

    functions: tuple[Function, ...]
    launches: tuple[Launch, ...]
    shared: tuple[Shared, ...]
    globals: tuple[Global, ...]
    includes: tuple[Include, ...]
    macros: tuple[Macro, ...]
    tokens: Tokens

    @property
    def kernels(self) -> tuple[Function, ...]:
        """Kernel definitions, without mere declarations."""
        return tuple(f for f in self.functions if f.kernel and f.body is not None)


@dataclass(frozen=True, slots=True)
class _Text:
    tokens: Tokens

    def place(self, start: int, end: int) -> Place:
        line, column = self.tokens.lines.at(start)
        return Place(start, end, line, column, self.tokens.text(start, end))

    def span(self, first: Token, last: Token) -> Place:
        return self.place(first.start, last.end)

    def separated(self, items: Sequence[Token], start: int, end: int) -> tuple[Place, ...]:
        """The comma-separated pieces of `items[start:end]` (indices), brackets respected."""
        pieces: list[Place] = []
        first = start
        for i in (*_commas(items, start, end), end):
            if i > first:
                pieces.append(self.span(items[first], items[i - 1]))
            first = i + 1
        return tuple(pieces)


def _commas(items: Sequence[Token], start: int, end: int) -> Iterator[int]:
    """Indices of commas outside brackets and template argument lists."""
    i = start
    while i < end:
        text = items[i].text
        if text in ("(", "[", "{"):
            close = matching(items[:end], i)
            i = close if close > 0 else i
        elif text == "<" and i > start and items[i - 1].kind == "name":
            i = max(i, _template_end(items, i, end))
        elif text == ",":
            yield i
        i += 1


def _template_end(items: Sequence[Token], at: int, end: int) -> int:
    """Index of the `>` closing the `<` at `at`, or -1 where it is a comparison."""
    depth = 0
    i = at
    while i < end:
        text = items[i].text
        if text == "<":
            depth += 1
        elif text in (">", ">>>"):
            depth -= len(text)
            if depth <= 0:
                return i
        elif text == "(" or text == "[":
            close = matching(items[:end], i)
            if close < 0:
                return -1
            i = close
        elif text in (";", "{", "}", "&&", "||", ")"):
            return -1
        i += 1
    return -1


def find(source: bytes | str) -> Places:
    """Everything that `Places` names, for any bytes; never fails."""
    data = source.encode("utf-8", "surrogateescape") if isinstance(source, str) else source
    tokens = tokenize(data)
    text = _Text(tokens)
    plain = [t for t in tokens.items if t.directive < 0]
    includes, macros = _directives(text)
    functions, globals_ = _declarations(text, plain)
    bodies = [f for f in functions if f.body is not None]
    shared = _shared(text, plain, bodies, "")
    launches = _launches(text, plain, "")
    for macro, items in _macro_bodies(tokens, macros):
        launches += _launches(text, items, macro.name)
        shared += _shared(text, items, bodies, macro.name)
    return Places(
        tuple(functions),
        tuple(sorted(launches, key=lambda x: x.whole.start)),
        tuple(sorted(shared, key=lambda x: x.whole.start)),
        tuple(globals_),
        includes,
        macros,
        tokens,
    )


# --- directives --------------------------------------------------------------------------------


def _by_directive(tokens: Tokens) -> Iterator[list[Token]]:
    group: list[Token] = []
    for token in tokens.items:
        if group and token.directive != group[0].directive:
            yield group
            group = []
        if token.directive >= 0:
            group.append(token)
    if group:
        yield group


def _directives(text: _Text) -> tuple[tuple[Include, ...], tuple[Macro, ...]]:
    includes: list[Include] = []
    macros: list[Macro] = []
    for group in _by_directive(text.tokens):
        if len(group) < 3:
            continue
        keyword = group[1].text
        whole = text.span(group[0], group[-1])
        if keyword in ("include", "include_next", "import"):
            match = re.search(r'<([^>\n]*)>|"([^"\n]*)"', whole.text)
            if match:
                includes.append(Include(match[1] or match[2] or "", match[1] is not None, whole))
        elif keyword == "define" and group[2].kind == "name":
            macros.append(_macro(text, group))
    return tuple(includes), tuple(macros)


def _macro(text: _Text, group: list[Token]) -> Macro:
    params: tuple[str, ...] | None = None
    body = 3
    if len(group) > 3 and group[3].text == "(" and group[3].start == group[2].end:
        close = matching(group, 3)
        close = close if close > 0 else len(group) - 1
        params = tuple(p.text for p in text.separated(group, 4, close))
        body = close + 1
    start = group[body].start if body < len(group) else group[-1].end
    return Macro(group[2].text, params, text.place(start, group[-1].end))


def _macro_bodies(tokens: Tokens, macros: Sequence[Macro]) -> Iterator[tuple[Macro, list[Token]]]:
    defines = {m.body.start: m for m in macros}
    for group in _by_directive(tokens):
        for i, token in enumerate(group):
            macro = defines.get(token.start)
            if macro is not None and i > 2:
                yield macro, group[i:]
                break


# --- functions and global data -----------------------------------------------------------------

_SPACE_WORDS = frozenset({"__global__", "__device__", "__host__"})
_DATA_WORDS = frozenset({"__constant__", "__device__", "__managed__"})
_CALL_LIKE = frozenset({"__launch_bounds__", "__attribute__", "__align__", "alignas", "__declspec",
                        "__cluster_dims__", "__maxnreg__", "decltype", "noexcept", "__block_size__"})  # fmt: skip


def _declarations(text: _Text, items: list[Token]) -> tuple[list[Function], list[Global]]:
    functions: list[Function] = []
    globals_: list[Global] = []
    scopes: list[tuple[str, int]] = []
    i = 0
    while i < len(items):
        token = items[i]
        if scopes and i >= scopes[-1][1]:
            scopes.pop()
        if token.text in ("namespace", "struct", "class", "union"):
            scope = _scope(items, i)
            if scope is not None:
                name, open_brace, close = scope
                scopes.append((name, close))
                i = open_brace + 1
                continue
        is_lambda = i > 0 and items[i - 1].text == "]"
        if (token.text in _SPACE_WORDS or token.text in _DATA_WORDS) and not is_lambda:
            names = tuple(name for name, _ in scopes if name)
            found, after = _declaration(text, items, i, names)
            if isinstance(found, Function):
                functions.append(found)
            elif found is not None:
                globals_.append(found)
            i = after
            continue
        i += 1
    return functions, globals_


def _scope(items: list[Token], at: int) -> tuple[str, int, int] | None:
    """(name, index of `{`, index of `}`) of the namespace or class at `at`, None for a mere mention."""
    name = ""
    for i in range(at + 1, min(at + 200, len(items))):
        text = items[i].text
        if text == "{":
            close = matching(items, i)
            return name, i, close if close > 0 else len(items)
        if text in (";", "(", ")", "=", ",", ">", "*", "&"):
            return None
        if text == ":":
            name = name or ""
            continue
        if items[i].kind == "name" and (not name or items[i - 1].text == "::"):
            separator = "::" if items[i - 1].text == "::" and name else ""
            name = f"{name}{separator}{text}"
    return None


def _declaration(
    text: _Text, items: list[Token], at: int, scope: tuple[str, ...]
) -> tuple[Function | Global | None, int]:
    """What the space word at `at` declares, and the index from which to go on."""
    words = {items[at].text}
    i = at + 1
    while i < len(items):
        token = items[i]
        if token.text in _SPACE_WORDS or token.text in _DATA_WORDS or token.text == "__shared__":
            words.add(token.text)
        elif token.text in _CALL_LIKE and i + 1 < len(items) and items[i + 1].text == "(":
            i = max(i, matching(items, i + 1))
        elif token.text == "<" and items[i - 1].kind == "name":
            i = max(i, _template_end(items, i, len(items)))
        elif token.text == "(":
            if items[i - 1].kind == "name" or _operator_name(items, i):
                return _function(text, items, at, i, words, scope)
            return None, i + 1
        elif token.text in ("=", ";", "[", "{"):
            return _global(text, items, at, i, words, scope)
        elif token.text in ("}", ")", "]"):
            return None, i
        i += 1
    return None, i


def _operator_name(items: Sequence[Token], at: int) -> bool:
    return any(t.text == "operator" for t in items[max(0, at - 3) : at])


def _first_specifier(items: Sequence[Token], at: int) -> int:
    """Index of the first token of the declaration around `at`: after the previous `;`, `}`, `{` or label."""
    i = at
    while i > 0:
        before = items[i - 1]
        if before.text in (";", "}", "{", ":", ")") or before.directive != items[at].directive:
            if before.text == ")":
                opening = _matching_back(items, i - 1)
                if opening > 0 and items[opening - 1].text in _CALL_LIKE:
                    i = opening - 1
                    continue
            break
        i -= 1
    return i


def _matching_back(items: Sequence[Token], at: int) -> int:
    """Index of the bracket that opens the one closing at `at`; -1 if none does."""
    closing = items[at].text
    opening = {")": "(", "]": "[", "}": "{"}[closing]
    depth = 0
    for i in range(at, -1, -1):
        if items[i].text == closing:
            depth += 1
        elif items[i].text == opening:
            depth -= 1
            if depth == 0:
                return i
    return -1


def _function(
    text: _Text, items: list[Token], at: int, paren: int, words: set[str], scope: tuple[str, ...]
) -> tuple[Function | None, int]:
    close = matching(items, paren)
    if close < 0 or "__shared__" in words:
        return None, paren + 1
    end = close + 1
    while end < len(items) and items[end].text not in ("{", ";", "}", "="):
        if items[end].text == ":":  # a constructor's initialisers; their braces are not the body
            while end < len(items) and items[end].text != "{":
                end = matching(items, end) if items[end].text == "(" else end + 1
            break
        end += 1
    if end >= len(items) or items[end].text == "}":
        return None, paren + 1
    first = _first_specifier(items, at)
    name = items[paren - 1]
    stop, body = end, None
    if items[end].text == "{":
        stop = matching(items, end)
        stop = stop if stop > 0 else len(items) - 1
        body = text.span(items[end], items[stop])
    params = text.separated(items, paren + 1, close)
    if len(params) == 1 and params[0].text == "void":
        params = ()
    function = Function(
        name=name.text,
        kernel="__global__" in words,
        host="__host__" in words,
        scope=scope,
        template=_template_params(text, items, first),
        params=params,
        whole=text.span(items[first], items[stop]),
        signature=text.span(items[first], items[end - 1]),
        name_at=text.span(name, name),
        body=body,
    )
    # go on inside the body: it may hold device lambdas and local classes, never a kernel
    return function, end + 1


def _template_params(text: _Text, items: Sequence[Token], first: int) -> tuple[str, ...]:
    while first < len(items) and items[first].text in ("extern", "static", "inline"):
        first += 1
    if items[first].text != "template" or items[first + 1].text != "<":
        return ()
    end = _template_end(items, first + 1, len(items))
    if end < 0:
        return ()
    return tuple(p.text for p in text.separated(items, first + 2, end))


def _global(
    text: _Text,
    items: list[Token],
    at: int,
    stop: int,
    words: set[str],
    scope: tuple[str, ...],
) -> tuple[Global | None, int]:
    keyword = next((w for w in ("__constant__", "__managed__", "__device__") if w in words), "")
    name = items[stop - 1]
    if not keyword or "__shared__" in words or "__global__" in words or name.kind != "name":
        return None, stop + 1
    end = stop
    while end < len(items) and items[end].text != ";":
        close = matching(items, end) if items[end].text in ("(", "[", "{") else end
        end = max(close, end) + 1
    end = min(end, len(items) - 1)
    first = _first_specifier(items, at)
    return Global(name.text, keyword, text.span(items[first], items[end]), scope), end + 1


# --- shared data -------------------------------------------------------------------------------

_NOT_TYPE = frozenset({"extern", "static", "__shared__"})


def _shared(
    text: _Text, items: list[Token], bodies: Sequence[Function], macro: str
) -> list[Shared]:
    found: list[Shared] = []
    end = 0
    for at, token in enumerate(items):
        if token.text != "__shared__" or at < end:
            continue
        first = _first_specifier(items, at)
        end = at
        while end < len(items) and items[end].text != ";":
            close = matching(items, end) if items[end].text in ("(", "[", "{") else end
            end = max(close, end) + 1
        if end >= len(items):
            if not macro:
                continue
            end = len(items) - 1  # the `;` follows the macro's use
        whole = text.span(items[first], items[end])
        function = next(
            (f.name for f in bodies if f.body and f.body.start <= token.start < f.body.end), ""
        )
        stop = end if items[end].text == ";" else end + 1
        found.append(_shared_declaration(text, items[first:stop], whole, function, macro))
    return found


def _shared_declaration(
    text: _Text, items: list[Token], whole: Place, function: str, macro: str
) -> Shared:
    dynamic = any(t.text == "extern" for t in items)
    kept = _without_alignment(items)
    nothing = Shared(whole, dynamic, "", (), function, macro)
    if any(t.text in ("{", "=") for t in kept) or not kept:
        return nothing
    commas = list(_commas(kept, 0, len(kept)))
    names: list[SharedName] = []
    specifiers = 0
    for n, (start, stop) in enumerate(
        zip([0, *(c + 1 for c in commas)], [*commas, len(kept)], strict=True)
    ):
        at = _declared_name(kept, start, stop)
        if at < 0:
            return nothing
        begin = start
        if n == 0:
            begin = at
            while begin > 0 and kept[begin - 1].text in ("*", "&", "("):
                begin -= 1
            specifiers = begin
        names.append(
            SharedName(
                kept[at].text,
                text.span(kept[begin], kept[stop - 1]),
                text.span(kept[at], kept[at]),
                _dims(text, kept, at + 1, stop),
            )
        )
    words = [t for t in kept[:specifiers] if t.text not in _NOT_TYPE]
    return Shared(whole, dynamic, _join(words), tuple(names), function, macro) if words else nothing


def _without_alignment(items: list[Token]) -> list[Token]:
    kept: list[Token] = []
    i = 0
    while i < len(items):
        if items[i].text in _CALL_LIKE - {"decltype"} and i + 1 < len(items):
            close = matching(items, i + 1) if items[i + 1].text == "(" else -1
            i = max(close, i) + 1
            continue
        kept.append(items[i])
        i += 1
    return kept


def _declared_name(items: Sequence[Token], start: int, stop: int) -> int:
    """Index of the declarator's name: the last name before the first `[` (or the end)."""
    last = -1
    i = start
    while i < stop and items[i].text != "[":
        if items[i].text == "<" and i > 0 and items[i - 1].kind == "name":
            i = max(i, _template_end(items, i, stop))
        elif items[i].kind == "name":
            last = i
        i += 1
    return last


def _dims(text: _Text, items: Sequence[Token], start: int, stop: int) -> tuple[str, ...]:
    dims: list[str] = []
    i = start
    while i < stop:
        if items[i].text == "[":
            close = matching(items[:stop], i)
            if close < 0:
                break
            dims.append(text.span(items[i + 1], items[close - 1]).text if close > i + 1 else "")
            i = close
        i += 1
    return tuple(dims)


def _join(items: Sequence[Token]) -> str:
    out = ""
    for token in items:
        wide = out and (out[-1].isalnum() or out[-1] == "_") and token.kind in ("name", "number")
        out += (" " if wide else "") + token.text
    return out


# --- launches ----------------------------------------------------------------------------------


def _launches(text: _Text, items: list[Token], macro: str) -> list[Launch]:
    found: list[Launch] = []
    for at, token in enumerate(items):
        if token.text != "<<<":
            continue
        launch = _launch(text, items, at, macro)
        if launch is not None:
            found.append(launch)
    return found


def _launch(text: _Text, items: list[Token], at: int, macro: str) -> Launch | None:
    close = _config_end(items, at)
    if close < 0 or close + 1 >= len(items) or items[close + 1].text != "(":
        return None
    paren = close + 1
    end = matching(items, paren)
    first, name, template = _callee(items, at)
    if end < 0 or first == at:
        return None
    return Launch(
        whole=text.span(items[first], items[end]),
        callee=text.span(items[first], items[at - 1]),
        name=items[name].text,
        template_args=_template_args(text, items, name + 2, at) if template else (),
        configs=text.separated(items, at + 1, close),
        args=text.separated(items, paren + 1, end),
        macro=macro,
    )


def _template_args(text: _Text, items: Sequence[Token], start: int, at: int) -> tuple[str, ...]:
    args = [p.text for p in text.separated(items, start, at - 1)]
    if args and items[at - 1].text == ">>>":  # it closes two lists inside the last argument too
        args[-1] += ">>"
    return tuple(args)


def _config_end(items: Sequence[Token], at: int) -> int:
    """Index of the `>>>` that ends the configuration opened at `at`; -1 if there is none."""
    i = at + 1
    while i < len(items):
        text = items[i].text
        if text in ("(", "[", "{"):
            close = matching(items, i)
            if close < 0:
                return -1
            i = close
        elif text == ">>>":
            return i
        elif text in (";", "}", ")"):
            return -1
        i += 1
    return -1


def _callee(items: Sequence[Token], at: int) -> tuple[int, int, bool]:
    """(first index, index of the name, has template arguments) of the expression that ends before `at`."""
    i = at - 1
    template = False
    if i >= 0 and items[i].text in (">", ">>>"):
        i = _template_start(items, i)
        if i <= 0:
            return at, at, False
        template = True
        i -= 1
    name = i
    if i >= 0 and items[i].text in (")", "]"):
        opening = _matching_back(items, i)
        if opening < 0:
            return at, at, False
        name = next((k for k in range(opening, i) if items[k].kind == "name"), i)
        i = opening
        if items[i].text == "[" and i > 0 and items[i - 1].kind == "name":
            i, name = i - 1, i - 1
    elif i < 0 or items[i].kind != "name":
        return at, at, False
    while i > 0 and items[i - 1].text in ("::", "->", ".", "template", "##"):
        i -= 1
        if items[i].text == "template" or i == 0:
            continue
        before = items[i - 1]
        if before.kind == "name" and before.text not in ("return", "else", "do"):
            i -= 1
        elif before.text == ">":
            start = _template_start(items, i - 1)
            if start <= 0:
                break
            i = start - 1
    return i, name, template


def _template_start(items: Sequence[Token], at: int) -> int:
    """Index of the `<` that opens the list closing at `at`; -1 if there is none."""
    depth = 0
    i = at
    while i >= 0:
        text = items[i].text
        if text in (">", ">>>"):
            depth += len(text)
        elif text == "<":
            depth -= 1
            if depth == 0:
                return i
        elif text in (")", "]"):
            i = _matching_back(items, i)
            if i < 0:
                return -1
        elif text in (";", "{", "}"):
            return -1
        i -= 1
    return -1


# --- the syntax tree ---------------------------------------------------------------------------

_BLANK = re.compile(
    rb"__align__\s*\([^()]*\)|alignas\s*\([^()]*\)|__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)"
    rb"|(?<=\])\s*(?:__(?:host|device)__\s*)+|__grid_constant__|__cluster_dims__\s*\([^()]*\)"
    rb"|__maxnreg__\s*\([^()]*\)"
)


def tree(source: bytes) -> Tree:
    """The tree-sitter-cuda tree of `source`; offsets are those of the source.

    Words that the grammar does not know (alignment, attributes, a lambda's `__device__`) are blanked
    at the same length first, so a node's own `text` may lack them: slice the source instead.
    """
    import tree_sitter
    import tree_sitter_cuda

    blanked = _BLANK.sub(lambda m: re.sub(rb"[^\n]", b" ", m.group()), source)
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_cuda.language()))
    return parser.parse(blanked)


def lines(places: Places) -> Lines:
    """Offset to line and column for the file of `places`."""
    return places.tokens.lines
