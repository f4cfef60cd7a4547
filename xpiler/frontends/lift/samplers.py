"""What host code says of textures: how each is sampled and what its channels are, read off the text in order.

A descriptor is filled field by field and used (`cudaCreateTextureObject(&t, &resource, &descriptor, 0)`), then often filled
again for the next texture; so each use takes the fields as they stand there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Final

from xpiler.frontends.libclang import HEADERS, Node, Parsed
from xpiler.frontends.lift.discover import Discovery
from xpiler.ir.textures import ADDRESSING, Sampler
from xpiler.ir.types import F16, F32, I8, I16, I32, U8, U16, U32, Scalar
from xpiler.records import dataclass

__all__ = ["Chosen", "Samplers", "read_samplers"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A sampler and the type of the texture's channels (None: what the kernel reads); `problem`: why it is not known.
    `guessed`: no host code is here to say."""

    sampler: Sampler = field(default_factory=Sampler)
    stored: Scalar | None = None
    problem: str = ""
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Samplers:
    """`made`: texture objects by the last word of the expression that names them. `given`: those that launches give to a
    kernel's parameter, (key of the kernel, name of the parameter). `filled`: what variables have such fields at the end."""

    made: tuple[tuple[str, Chosen], ...] = ()
    filled: Mapping[str, Chosen] = field(default_factory=dict)
    given: Mapping[tuple[int, str], frozenset[str]] = field(default_factory=dict)

    def bound(self, reference: str) -> Chosen:
        """How a texture reference is sampled."""
        return self.filled.get(reference, Chosen())

    def of(self, kernel: int, parameter: str) -> tuple[Chosen, ...]:
        """The ways in which the textures are sampled that a kernel's parameter stands for."""
        if not self.made:
            return (Chosen(guessed=True),)
        everywhere = dict.fromkeys(chosen for _, chosen in self.made)
        names = self.given.get((kernel, parameter), frozenset())
        mine = dict.fromkeys(chosen for name, chosen in self.made if name in names)
        found = tuple(mine or everywhere)
        alike = {(c.sampler.scaled, c.stored, c.problem) for c in found}
        if len(found) == 1 or (len(found) <= _MOST and len(alike) == 1):
            return found
        what = "by launches of this kernel" if mine else "in this file"
        return (
            Chosen(problem=f"textures are sampled in {len(found)} ways {what}: {_ways(found)}"),
        )


_MOST: Final = 4  # ways of sampling one texture


def _ways(found: Iterable[Chosen]) -> str:
    def shown(chosen: Chosen) -> str:
        s = chosen.sampler
        words = ["linear" if s.linear else "point", "/".join(dict.fromkeys(s.address))]
        words += ["normalised coordinates"] * s.normalized + ["normalised floats"] * s.scaled
        return chosen.problem or " ".join(words)

    return "; ".join(dict.fromkeys(map(shown, found)))


# --- the text ----------------------------------------------------------------------------------

_STEPS: Final = re.compile(
    r"(?P<made>\bcudaCreateTextureObject\s*\(\s*&?\s*\(?(?P<object>[\w.>\[\]\s+*-]+?)\)?\s*,"
    r"\s*&?\s*(?P<resource>\w+)\s*,\s*&?\s*(?P<desc>\w+)\s*,)"
    r"|\bcudaTextureDesc\s+(?P<declared>\w+)\s*(?:;|=\s*\{\s*\}|\{\s*\})"
    r"|\bmemset\s*\(\s*&\s*(?P<cleared>\w+)\s*,\s*0"
    r"|(?P<set>(?:\b\w+\s*\.\s*(?:filterMode|readMode|normalizedCoords|normalized|sRGB|(?:addressMode|borderColor)\s*\[\s*\d\s*\])"
    r"\s*=(?!=)\s*)+)(?P<value>[^;,]+)[;,]"
    r"|\bcudaCreateChannelDesc\s*(?:<\s*(?P<type>[\w ]+?)\s*>\s*\(\s*\)"
    r"|\(\s*(?P<bits>\d+)\s*,[^()]*?cudaChannelFormatKind(?P<kind>\w+)\s*\))"
)
_FIELD: Final = re.compile(r"(?P<var>\w+)\s*\.\s*(?P<field>\w+)(?:\s*\[\s*(?P<axis>\d)\s*\])?\s*=")
_EITHER: Final = re.compile(
    r"[^?]*\?\s*(\w+)\s*:\s*(\w+)"
)  # `smooth ? cudaFilterModeLinear : cudaFilterModePoint`
_COMMENTS: Final = re.compile(
    r"//[^\n]*|/\*.*?\*/|^[ \t]*#[ \t]*if[ \t]+0\b.*?^[ \t]*#[ \t]*(?:endif|else|elif)\b[^\n]*",
    re.S | re.M,
)  # and what is left out by `#if 0`
_OTHER: Final = r"(?:maxAnisotropy|mipmap\w+|\w+MipmapLevelClamp|disableTrilinearOptimization|seamlessCubemap)\b"
_UNSET: Final = Sampler(address=("wrap", "wrap", "wrap"))  # what a descriptor of zeros says
_KINDS: Final = {
    ("Signed", 8): I8, ("Signed", 16): I16, ("Signed", 32): I32,
    ("Unsigned", 8): U8, ("Unsigned", 16): U16, ("Unsigned", 32): U32,
    ("Float", 16): F16, ("Float", 32): F32,
}  # fmt: skip
_NAMED: Final = {
    "char": I8, "signed char": I8, "uchar": U8, "unsigned char": U8, "uint8_t": U8, "int8_t": I8,
    "short": I16, "ushort": U16, "unsigned short": U16, "uint16_t": U16, "int16_t": I16,
    "int": I32, "uint": U32, "unsigned int": U32, "unsigned": U32, "uint32_t": U32, "int32_t": I32,
    "float": F32, "__half": F16, "half": F16,
}  # fmt: skip


def read_samplers(parsed: Parsed, found: Discovery) -> Samplers:
    """The texture objects that a file and its local headers make, and what its launches do with them."""
    texts = [parsed.data.decode(errors="replace")]
    for include in parsed.unit.get_includes():
        name = str(include.include.name)
        if not name.startswith(("/usr/", "/opt/", str(HEADERS))):
            texts.append(_read(name))
    if not any("exture" in text for text in texts):
        return Samplers()
    made: list[tuple[str, Chosen]] = []
    filled: dict[str, Chosen] = {}
    for text in texts:
        made += _made(_COMMENTS.sub(" ", text), filled)
    return Samplers(tuple(made), filled, _given(found))


def _read(path: str) -> str:
    from pathlib import Path

    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _made(text: str, references: dict[str, Chosen]) -> list[tuple[str, Chosen]]:
    """The objects that a text makes; what it says of variables that are no descriptors goes to `references`."""
    descriptors: dict[str, tuple[Chosen, ...]] = {}
    since: dict[str, int] = {}
    again: set[str] = set()
    said_before: dict[tuple[str, str, str | None], str] = {}
    made: list[tuple[str, Chosen]] = []
    channels: dict[Scalar | None, None] = {}
    steps = list(_STEPS.finditer(text))
    for step in steps:
        if step["made"]:
            words = re.findall(r"\w+", step["object"])
            desc = step["desc"]
            chosen = descriptors.get(
                desc, (Chosen(problem="its descriptor is not filled in this file"),)
            )
            between = text[since.get(desc, step.start()) : step.start()]
            if (desc in again and _closes(between)) or _is_elsewhere(
                text, desc, since, step, steps
            ):
                chosen = (
                    Chosen(problem=f"its descriptor {desc} is filled in a way that is not read"),
                )
            made += [(words[-1], c) for c in chosen]
        elif step["declared"] or step["cleared"]:
            name = step["declared"] or step["cleared"]
            again |= {name} & since.keys()
            if step["declared"] or name not in since:
                since[name] = step.end()
            descriptors[name] = (Chosen(_UNSET),)
        elif step["set"]:
            for found in _FIELD.finditer(step["set"]):
                var, name, axis = found["var"], found["field"], found["axis"]
                if var not in descriptors:
                    known = references.get(var, Chosen())
                    said = _set(known, name, axis, step["value"])
                    once = said_before.setdefault((var, name, axis), step["value"].strip())
                    if once != step["value"].strip() or _is_guarded(text, step.start()):
                        said = replace(known, problem=f"its {name} is set in several ways")
                    references[var] = said
                    continue
                values = _EITHER.fullmatch(step["value"].strip())
                set_ = [
                    _set(old, name, axis, value)
                    for old in descriptors[var]
                    for value in (values.groups() if values else (step["value"],))
                ]
                kept = descriptors[var] if _is_conditional(text, since[var], step.start()) else ()
                descriptors[var] = tuple(dict.fromkeys((*set_, *kept)))
        else:
            channels[_channel(text, step["type"], step["bits"], step["kind"])] = None
    # only short integers are read as normalised floats
    short = [c for c in channels if c is not None and c.is_int and c.bits <= 16]
    stored = short[0] if len(short) == 1 else next(iter(channels), None)
    stored = stored if len(channels) == 1 or len(short) == 1 else None
    return [(name, _stored(c, stored)) for name, c in made]


def _is_elsewhere(
    text: str,
    name: str,
    since: Mapping[str, int],
    made: re.Match[str],
    steps: Iterable[re.Match[str]],
) -> bool:
    """Whether a descriptor is mentioned, from its declaration to its use, elsewhere than in steps that are read: its
    address is taken, another function fills it, a loop."""
    if name not in since:
        return False
    spans = [s.span() for s in steps]
    return any(
        not any(lo <= found.start() < hi for lo, hi in spans)
        for found in re.finditer(rf"(?<!sizeof )(?<!sizeof\()\b{name}\b(?!\s*\.\s*{_OTHER})", text)
        if since[name] <= found.start() < made.start()
    )


def _is_conditional(text: str, declared: int, at: int) -> bool:
    """Whether a step is taken on a condition that its descriptor's declaration is not under."""
    between = text[declared:at]
    opened = len(re.findall(r"^\s*#\s*if", between, re.M)) > len(
        re.findall(r"^\s*#\s*endif", between, re.M)
    )
    return opened or between.count("{") > between.count("}") or _is_guarded(text, at)


def _is_guarded(text: str, at: int) -> bool:
    """Whether a statement is all that follows a condition: `if (smooth) d.filterMode = ...`."""
    before = re.sub(r"(?:\w+\s*(?:\.|->)\s*)+$", "", text[:at]).rstrip()
    return before.endswith(")") or re.search(r"\belse$", before) is not None


def _closes(text: str) -> bool:
    """Whether the block ends in which a text begins."""
    depth = 0
    for c in text:
        depth += (c == "{") - (c == "}")
        if depth < 0:
            return True
    return False


def _stored(chosen: Chosen, stored: Scalar | None) -> Chosen:
    """The file's one type of channel is told where the type that is read does not tell it."""
    s = chosen.sampler
    chosen = replace(chosen, sampler=replace(s, address=(s.along(0), s.along(1), s.along(2))))
    if s.scaled or stored == F16:
        return replace(chosen, stored=stored)
    return chosen


def _channel(text: str, type_: str | None, bits: str | None, kind: str | None) -> Scalar | None:
    if type_ is not None:
        plain = " ".join(type_.split())
        named = re.search(rf"\btypedef\s+([\w ]+?)\s+{re.escape(plain)}\s*;", text)
        plain = named[1] if named else plain
        return _NAMED.get(plain) or _NAMED.get(re.sub(r"[1234]$", "", plain))
    return _KINDS.get((kind or "", int(bits or 0)))


def _set(old: Chosen, name: str, axis: str | None, value: str) -> Chosen:
    word = value.strip()
    s = old.sampler
    if name in ("borderColor", "sRGB"):
        plain = re.fullmatch(r"0(?:\.0*)?f?|false", word) is not None
        return old if plain else replace(old, problem=f"its {name} is not 0")
    if axis is not None and int(axis) < 3:
        mode = word.removeprefix("cudaAddressMode").lower()
        if mode in ADDRESSING:
            address = list(s.address)
            address[int(axis)] = ADDRESSING[ADDRESSING.index(mode)]
            return replace(old, sampler=replace(s, address=(address[0], address[1], address[2])))
    known = {
        ("filterMode", "cudaFilterModePoint"): replace(s, linear=False),
        ("filterMode", "cudaFilterModeLinear"): replace(s, linear=True),
        ("readMode", "cudaReadModeElementType"): replace(s, scaled=False),
        ("readMode", "cudaReadModeNormalizedFloat"): replace(s, scaled=True),
        **{("normalized", w): replace(s, normalized=False) for w in ("0", "false")},
        **{("normalized", w): replace(s, normalized=True) for w in ("1", "true")},
    }.get((name.removesuffix("Coords"), word))
    if known is None:
        return replace(old, problem=f"its {name} is {word}, no constant")
    return replace(old, sampler=known)


# --- launches ----------------------------------------------------------------------------------


def _given(found: Discovery) -> dict[tuple[int, str], frozenset[str]]:
    given: dict[tuple[int, str], frozenset[str]] = {}
    for site in found.launches:
        parameters = [c for c in site.kernel.children if c.kind == "PARM_DECL"]
        arguments = [Node(c, site.call.parsed) for c in site.call.cursor.get_arguments()]
        for parameter, argument in zip(parameters, arguments, strict=False):
            if "cudaTextureObject_t" not in str(parameter.type.spelling):
                continue
            name = _named(argument)
            key = (site.kernel.key, parameter.spelling)
            given[key] = given.get(key, frozenset()) | ({name} if name else frozenset())
    return given


def _named(node: Node) -> str:
    """The last word of what an argument names: `tex`, `this->tex`, `tex[i]`."""
    for below in node.walk():
        if below.kind in ("DECL_REF_EXPR", "MEMBER_REF_EXPR"):
            return below.spelling
    return ""
