"""CUDA text to C++ text that g++ compiles against the runtime: launches, shared memory, a few words.

The edits keep every line where it is, so that compilers' messages and run-time faults name the user's lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from xpiler.frontends.assembly import assembly_edits
from xpiler.frontends.edits import Edit, apply
from xpiler.frontends.launch_brackets import closed_up
from xpiler.frontends.place import Launch, Places, Shared, find
from xpiler.frontends.tokens import Token, matching

__all__ = ["prepare", "prepare_edits"]


def prepare(source: str, name: str = "", places: Places | None = None) -> str:
    """`source` for g++; `name` is the file name that messages shall show (a `#line` when given)."""
    if places is None:
        source = closed_up(source)
        places = find(source)
    text = apply(source, prepare_edits(places))
    return f'#line 1 "{_c_string(name)}"\n{text}' if name else text


def prepare_edits(places: Places) -> tuple[Edit, ...]:
    """The edits alone, disjoint, in the source's offsets."""
    launches = _outermost(places.launches)
    edits: list[Edit] = [_launch(launch) for launch in launches]
    edits += [_shared(shared) for shared in places.shared if shared.names]
    edits += assembly_edits(places)
    taken = [(e.start_byte, e.end_byte) for e in edits]
    edits += [e for e in _words(places) if not _inside(e, taken)]
    return tuple(sorted(edits))


def _inside(edit: Edit, taken: Iterable[tuple[int, int]]) -> bool:
    return any(start <= edit.start_byte and edit.end_byte <= end for start, end in taken)


def _outermost(launches: Iterable[Launch]) -> list[Launch]:
    kept: list[Launch] = []
    for launch in launches:
        if not kept or launch.whole.start >= kept[-1].whole.end:
            kept.append(launch)
    return kept


def _c_string(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _same_lines(old: str, new: str, in_macro: bool) -> str:
    """`new` with the number of line ends that `old` has."""
    missing = old.count("\n") - new.count("\n")
    return new + ("\\\n" if in_macro else "\n") * missing


# --- launches ----------------------------------------------------------------------------------

_LITERAL = re.compile(r"(NULL|nullptr|true|false|[-+]?[\d.][\w.+-]*|'.*'|\".*\")\s*\Z", re.S)


def _launch(launch: Launch) -> Edit:
    """`k<<<g, b>>>(x, 0)` to `xpiler::launch(site, "k", config, [&](auto xp_0) { k(xp_0, 0); }, x)`.

    Arguments are evaluated once, by value. Literals stay in the call: a null pointer constant is one only
    there. In a macro's body the arguments may be anything (`__VA_ARGS__`), so they stay too.
    """
    config = ", ".join(c.text for c in launch.configs)
    name = _c_string(re.sub(r"\s+", " ", launch.callee.text))
    inline = bool(launch.macro) or any(a.text == "__VA_ARGS__" for a in launch.args)
    call: list[str] = []
    params: list[str] = []
    values: list[str] = []
    for i, arg in enumerate(launch.args):
        if inline or _LITERAL.match(arg.text) or arg.text.startswith("{"):
            call.append(arg.text)
        elif arg.text.endswith("..."):
            call.append(f"xp_{i}...")
            params.append(f"auto... xp_{i}")
            values.append(arg.text)
        else:
            call.append(f"xp_{i}")
            params.append(f"auto xp_{i}")
            values.append(arg.text)
    text = (
        f'::xpiler::launch(XPILER_SITE, "{name}", ::xpiler::Config({config}), '
        f"[&]({', '.join(params)}) {{ {launch.callee.text}({', '.join(call)}); }}"
        f"{''.join(', ' + v for v in values)})"
    )
    if launch.macro:
        text = text.replace(f'"{name}"', f'"{launch.name}"', 1)
    whole = launch.whole
    return Edit(whole.start, whole.end, _same_lines(whole.text, text, bool(launch.macro)))


# --- shared memory -----------------------------------------------------------------------------


def _shared(shared: Shared) -> Edit:
    """Block-shared storage by reference; the declarator itself, with its name replaced, names the type."""
    parts: list[str] = []
    for name in shared.names:
        start = name.name_at.start - name.declarator.start
        before = name.declarator.text[:start]
        after = name.declarator.text[start + len(name.name.encode()) :]
        if shared.dynamic:
            parts.append(_dynamic(shared, name.name, before, after))
            continue
        if not shared.function and not shared.macro:
            parts.append(
                f"typedef {shared.type} {before}xp_type_{name.name}{after}; "
                f"static ::xpiler::FileShared<xp_type_{name.name}> "
                f'{name.name}{{{{"{name.name}", __LINE__, 0, 0}}}};'
            )
            continue
        parts.append(
            f"typedef {shared.type} {before}xp_type_{name.name}{after}; "
            f'static ::xpiler::SharedSlot xp_slot_{name.name}{{"{name.name}", __LINE__, 0, 0}}; '
            f"xp_type_{name.name} &{name.name} = "
            f"::xpiler::shared<xp_type_{name.name}>(xp_slot_{name.name});"
        )
    text = " ".join(parts)
    if not shared.whole.text.endswith(";"):
        text = text.rstrip(";")
    whole = shared.whole
    return Edit(whole.start, whole.end, _same_lines(whole.text, text, bool(shared.macro)))


def _dynamic(shared: Shared, name: str, before: str, after: str) -> str:
    rest = re.sub(r"\A\s*\[[^\]]*\]", "", after)
    element = f"typedef {shared.type} {before}xp_type_{name}{rest}; "
    if not shared.function and not shared.macro:
        return f"{element}static const ::xpiler::DynamicShared<xp_type_{name}> {name};"
    # an array, not a pointer to one: its address is that of its first element
    return (
        f"{element}xp_type_{name} (&{name})[] = "
        f"*reinterpret_cast<xp_type_{name} (*)[]>(::xpiler::dynamic<xp_type_{name}>());"
    )


# --- words -------------------------------------------------------------------------------------

_BY_FUNCTION = frozenset({"cudaLaunchKernel", "cudaLaunchCooperativeKernel", "hipLaunchKernel",
                          "hipLaunchCooperativeKernel"})  # fmt: skip


def _words(places: Places) -> list[Edit]:
    items = places.tokens.items
    edits: list[Edit] = []
    for i, token in enumerate(items):
        if token.kind != "name":
            continue
        if token.text == "__noinline__" and not _in_attribute(items, i):
            edits.append(Edit(token.start, token.end, "__attribute__((noinline))"))
        elif token.text == "alignas" and _of_shared(places, token):
            edits.append(Edit(token.start, token.end, "__align__"))
        elif _takes_kernel(items, i):
            edits += _kernel_argument(places, i + 2)
        elif token.text in ("__device__", "__host__") and i > 0 and items[i - 1].text == "]":
            edits.append(Edit(token.start, token.end, ""))
    return edits


def _in_attribute(items: tuple[Token, ...], at: int) -> bool:
    return (
        at >= 3
        and items[at - 1].text in ("(", ",")
        and any(t.text == "__attribute__" for t in items[max(0, at - 8) : at])
    )


def _of_shared(places: Places, token: Token) -> bool:
    return any(s.whole.start <= token.start < s.whole.end and not s.names for s in places.shared)


def _calls(items: tuple[Token, ...], at: int) -> bool:
    return at + 2 < len(items) and items[at + 1].text == "("


def _takes_kernel(items: tuple[Token, ...], at: int) -> bool:
    """Whether a kernel follows two tokens on: `cudaLaunchKernel(kernel`, `params.func = (void *)kernel`."""
    if items[at].text in _BY_FUNCTION:
        return _calls(items, at)
    member = items[at].text == "func" and at > 0 and items[at - 1].text in (".", "->")
    return member and at + 2 < len(items) and items[at + 1].text == "="


def _kernel_argument(places: Places, at: int) -> list[Edit]:
    """`(void *)kernel` to `kernel`: the runtime needs the function's type."""
    items = places.tokens.items
    if items[at].text == "reinterpret_cast" or items[at].text == "static_cast":
        opening = next((i for i in range(at, at + 12) if items[i].text == "("), -1)
        close = matching(items, opening) if opening > 0 else -1
        if close < 0:
            return []
        return [
            Edit(items[at].start, items[opening].end, "("),
        ]
    if items[at].text != "(":
        return []
    close = matching(items, at)
    inner = [t.text for t in items[at + 1 : close]]
    if "void" in inner and inner[-1] == "*":
        return [Edit(items[at].start, items[close].end, "")]
    return []
