"""Types that an instance of a kernel template is made for and that the file defines after the template.

In CUDA a template may be launched with a class that comes later. The text of an instance names the class, so it has to
stand behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from xpiler.frontends.place import Function
from xpiler.frontends.tokens import Token, matching, tokenize
from xpiler.records import dataclass

__all__ = ["TypePlace", "announcement", "behind", "late_types", "namespace_at"]


@dataclass(frozen=True, slots=True)
class TypePlace:
    """A class defined at namespace scope: what declares it, the openings of the namespaces round it (`namespace nn {`),
    and the byte behind its definition."""

    name: str
    declaration: str
    scopes: tuple[str, ...]
    start: int
    end: int


def late_types(text: str, kernel: Function, source_name: str) -> tuple[TypePlace, ...]:
    """The classes among the arguments of the instance that are defined after the kernel, in order."""
    named = set(re.findall(r"\w+", source_name.partition("<")[2]))
    return tuple(t for t in _classes(text) if t.name in named and t.start >= kernel.whole.end)


def announcement(place: TypePlace, text: str, kernel: Function) -> str:
    """A declaration of the class for the place of the kernel."""
    return _elsewhere(place.declaration, scopes_at(text, kernel.whole.start), place.scopes)


def behind(place: TypePlace, text: str, kernel: Function, put: str) -> str:
    """`put`, which belongs into the kernel's namespace, for the place behind the class."""
    return _elsewhere(put, place.scopes, scopes_at(text, kernel.whole.start))


def _elsewhere(put: str, here: tuple[str, ...], there: tuple[str, ...]) -> str:
    """`put` as a member of the namespaces `there` in a text that stands in those of `here`."""
    if here == there:
        return f"{put}\n"
    lines = [*("}" for _ in here), *there, put, *("}" for _ in there), *here]
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=4)
def _classes(text: str) -> tuple[TypePlace, ...]:
    data = text.encode("utf-8", "surrogateescape")
    found = []
    for items, at, scopes, brace, close in _definitions(data):
        first = _template_start(items, at)
        end = (
            items[close + 1].end
            if items[close + 1 : close + 2] and items[close + 1].text == ";"
            else 0
        )
        colon = next((k for k in range(at, brace) if items[k].text == ":"), brace)
        name = items[colon - 1].text if items[colon - 1].text != "final" else items[colon - 2].text
        specialised = items[colon - 1].text == ">"
        if not end or specialised or not name.isidentifier():
            continue
        head = data[items[first].start : items[at].end].decode("utf-8", "surrogateescape")
        plain = re.sub(r"\s*=[^,<>]*(?:<[^<>]*>)?(?=\s*[,>])", "", head)
        found.append(TypePlace(name, f"{plain} {name};", scopes, items[first].start, end))
    return tuple(found)


def _template_start(items: Sequence[Token], at: int) -> int:
    """Where the definition with the class word at `at` begins: at its `template`, if it has one."""
    if at == 0 or items[at - 1].text not in (">", ">>"):
        return at
    depth = 0
    for k in range(at - 1, -1, -1):
        depth += items[k].text.count(">") if set(items[k].text) == {">"} else 0
        depth -= items[k].text == "<"
        if depth == 0:
            return k - 1 if k > 0 and items[k - 1].text == "template" else at
    return at


def _definitions(
    data: bytes,
) -> Iterator[tuple[Sequence[Token], int, tuple[str, ...], int, int]]:
    """Each class defined at namespace scope: all tokens, its word, the namespaces, its braces."""
    items = tokenize(data).items
    for k, scopes in _at_namespace_scope(data, items):
        if items[k].text not in ("struct", "class", "union") or items[k - 1].text in (
            "<",
            ",",
            "enum",
        ):
            continue
        stop = next(
            (j for j in range(k + 1, len(items)) if items[j].text in ("{", ";", "(", "=")), -1
        )
        if stop > 0 and items[stop].text == "{":
            yield items, k, scopes, stop, matching(items, stop)


def _at_namespace_scope(
    data: bytes, items: Sequence[Token]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Indices of the tokens outside of all braces but those of namespaces, and the openings of these."""
    scopes: list[tuple[int, str]] = []
    k = 0
    while k < len(items):
        while scopes and k >= scopes[-1][0]:
            scopes.pop()
        if items[k].directive >= 0:
            k += 1
            continue
        yield k, tuple(opening for _, opening in scopes)
        if items[k].text != "{":
            k += 1
            continue
        first = k - 1
        while first > 0 and (items[first].kind in ("name", "string") or items[first].text == "::"):
            if items[first].text in ("namespace", "extern"):
                break
            first -= 1
        close = matching(items, k)
        close = close if close > 0 else len(items)
        if items[first].text in ("namespace", "extern"):
            opening = data[items[first].start : items[k].end].decode("utf-8", "surrogateescape")
            scopes.append((close, opening))
            k += 1
        else:
            k = close


def namespace_at(text: str, at: int) -> str:
    """The namespaces with a name round the character, as a qualification: `nn::detail::`, or nothing."""
    if "namespace" not in text[:at]:
        return ""
    scopes = scopes_at(text, len(text[:at].encode("utf-8", "surrogateescape")))
    openings = (re.match(r"(?:inline\s+)?namespace\s+([\w:]+)", s) for s in scopes)
    return "".join(f"{found[1]}::" for found in openings if found)


def scopes_at(text: str, byte: int) -> tuple[str, ...]:
    """The openings of the namespaces round the byte."""
    data = text.encode("utf-8", "surrogateescape")
    items = tokenize(data).items
    found: tuple[str, ...] = ()
    for k, scopes in _at_namespace_scope(data, items):
        if items[k].start > byte:
            break
        found = scopes
    return found
