"""Where things stand in a CUDA file: kernels, device functions, launches, shared and global data, includes.

Works on tokens, so it is total: a statement macro without semicolon, an `#ifdef` across a brace or a
launch inside a macro body, which syntax trees lose, are found like any other. `tree` gives the
tree-sitter tree of the same bytes for questions about the inside of a body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from xpiler.frontends.place_launches import Launch, find_launches
from xpiler.frontends.place_shared import Shared, SharedName, find_shared
from xpiler.frontends.place_text import (
    CALL_LIKE,
    Place,
    Text,
    first_specifier,
    template_end,
    template_start,
)
from xpiler.frontends.tokens import Lines, Token, Tokens, matching, tokenize
from xpiler.records import dataclass

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


def find(source: bytes | str) -> Places:
    """Everything that `Places` names, for any bytes; never fails."""
    return _find(source.encode("utf-8", "surrogateescape") if isinstance(source, str) else source)


@lru_cache(maxsize=4)
def _find(data: bytes) -> Places:
    """Kept for the last few texts: a translation asks for the places of one file at several stages."""
    tokens = tokenize(data)
    text = Text(tokens)
    plain = [t for t in tokens.items if t.directive < 0]
    includes, macros = _directives(text)
    functions, globals_ = _declarations(text, plain)
    bodies = [(f.name, f.body) for f in functions if f.body is not None]
    shared = find_shared(text, plain, bodies, "")
    launches = find_launches(text, plain, "")
    for macro, items in _macro_bodies(tokens, macros):
        launches += find_launches(text, items, macro.name)
        shared += find_shared(text, items, bodies, macro.name)
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


def _directives(text: Text) -> tuple[tuple[Include, ...], tuple[Macro, ...]]:
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


def _macro(text: Text, group: list[Token]) -> Macro:
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


def _declarations(text: Text, items: list[Token]) -> tuple[list[Function], list[Global]]:
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
    text: Text, items: list[Token], at: int, scope: tuple[str, ...]
) -> tuple[Function | Global | None, int]:
    """What the space word at `at` declares, and the index from which to go on."""
    words = {items[at].text}
    i = at + 1
    while i < len(items):
        token = items[i]
        if token.text in _SPACE_WORDS or token.text in _DATA_WORDS or token.text == "__shared__":
            words.add(token.text)
        elif token.text in CALL_LIKE and i + 1 < len(items) and items[i + 1].text == "(":
            i = max(i, matching(items, i + 1))
        elif token.text == "<" and items[i - 1].kind == "name":
            i = max(i, template_end(items, i, len(items)))
        elif token.text == "(":
            pointer = _pointer_name(items, i)
            if pointer > 0:
                return _global(text, items, at, pointer + 1, words, scope)
            name = i - 1
            if items[name].text == ">" and _is_specialisation(items, at):
                name = template_start(items, name) - 1
            if items[name].kind == "name" or _operator_name(items, i):
                return _function(text, items, at, (name, i), words, scope)
            return None, i + 1
        elif token.text in ("=", ";", "[", "{"):
            return _global(text, items, at, i, words, scope)
        elif token.text in ("}", ")", "]"):
            return None, i
        i += 1
    return None, i


def _pointer_name(items: Sequence[Token], at: int) -> int:
    """Index of the name of the function pointer, or array of them, whose declarator opens at `at`: `(*name[2])`."""
    i = at + 1
    if i >= len(items) or items[i].text not in ("*", "&"):
        return -1
    while i + 1 < len(items) and items[i].text in ("*", "&", "const"):
        i += 1
    is_variable = items[i].kind == "name" and items[i + 1].text in (")", "[")
    return i if is_variable else -1


def _is_specialisation(items: Sequence[Token], at: int) -> bool:
    """Whether the declaration around `at` begins with `template <`, unlike that of an explicit instance."""
    first = first_specifier(items, at)
    return items[first].text == "template" and items[first + 1].text == "<"


def _operator_name(items: Sequence[Token], at: int) -> bool:
    return any(t.text == "operator" for t in items[max(0, at - 3) : at])


def _function(
    text: Text,
    items: list[Token],
    at: int,
    name_and_paren: tuple[int, int],
    words: set[str],
    scope: tuple[str, ...],
) -> tuple[Function | None, int]:
    name, paren = items[name_and_paren[0]], name_and_paren[1]
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
    first = first_specifier(items, at)
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


def _template_params(text: Text, items: Sequence[Token], first: int) -> tuple[str, ...]:
    while first < len(items) and items[first].text in ("extern", "static", "inline"):
        first += 1
    if items[first].text != "template" or items[first + 1].text != "<":
        return ()
    end = template_end(items, first + 1, len(items))
    if end < 0:
        return ()
    return tuple(p.text for p in text.separated(items, first + 2, end))


def _global(
    text: Text,
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
    if name.text == "operator":  # `operator[]`: a function with brackets in its name
        return None, stop + 1
    end = at
    while end < len(items) and items[end].text != ";":
        close = matching(items, end) if items[end].text in ("(", "[", "{") else end
        end = max(close, end) + 1
    end = min(end, len(items) - 1)
    first = first_specifier(items, at)
    return Global(name.text, keyword, text.span(items[first], items[end]), scope), end + 1


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
