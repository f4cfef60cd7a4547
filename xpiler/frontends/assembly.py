"""Inline PTX as C++ for the runtime: a table of idioms; anything else fails when it is run, by its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from xpiler.frontends.edits import Edit
from xpiler.frontends.place import Places
from xpiler.frontends.tokens import Token, matching
from xpiler.records import dataclass

__all__ = ["assembly_edits"]

_SPECIAL: Final = {
    "laneid": "::xpiler::lane()",
    "warpid": "(::xpiler::linear_thread() / XPILER_WARP)",
    "nwarpid": "::xpiler::warp_count()",
    "lanemask_lt": "((1u << ::xpiler::lane()) - 1)",
    "lanemask_le": "((2u << ::xpiler::lane()) - 1)",
    "lanemask_eq": "(1u << ::xpiler::lane())",
    "lanemask_gt": "~((2u << ::xpiler::lane()) - 1)",
    "lanemask_ge": "~((1u << ::xpiler::lane()) - 1)",
    "clock": "static_cast<unsigned>(clock64())",
    "clock64": "clock64()",
    "globaltimer": "static_cast<unsigned long long>(clock64())",
    "smid": "0u",
    **{f"{name}.{c}": f"{var}.{c}" for name, var in (("tid", "threadIdx"), ("ntid", "blockDim"),
       ("ctaid", "blockIdx"), ("nctaid", "gridDim")) for c in "xyz"},
}  # fmt: skip

# opcode pattern: the value from the operands {1}, {2}, ... (0 is the result)
_OPCODES: Final[tuple[tuple[str, str], ...]] = (
    (r"ex2\.approx(\.ftz)?\.f32", "::exp2f({1})"),
    (r"lg2\.approx(\.ftz)?\.f32", "::log2f({1})"),
    (r"rsqrt\.approx(\.ftz)?\.f32", "rsqrtf({1})"),
    (r"sqrt\.(approx|rn)(\.ftz)?\.f32", "::sqrtf({1})"),
    (r"rcp\.(approx|rn)(\.ftz)?\.f32", "(1.0f / ({1}))"),
    (r"(tanh|sin|cos)\.approx(\.ftz)?\.f32", "::{op}f({1})"),
    (r"(fma|mad)\.rn(\.ftz)?\.f32", "::fmaf({1}, {2}, {3})"),
    (r"add(\.rn)?(\.ftz)?\.(f32|f64|[us]32|[us]64)", "(({1}) + ({2}))"),
    (r"sub(\.rn)?(\.ftz)?\.(f32|f64|[us]32|[us]64)", "(({1}) - ({2}))"),
    (r"mul(\.rn|\.lo)?(\.ftz)?\.(f32|f64|[us]32|[us]64)", "(({1}) * ({2}))"),
    (r"mad\.lo\.[us]32", "(({1}) * ({2}) + ({3}))"),
    (r"mul\.hi\.u32", "__umulhi({1}, {2})"),
    (r"mul\.hi\.s32", "__mulhi({1}, {2})"),
    (r"(max|min)(\.NaN)?(\.ftz)?\.(f32|[us]32)", "{op}({1}, {2})"),
    (r"and\.b(32|64)", "(({1}) & ({2}))"),
    (r"or\.b(32|64)", "(({1}) | ({2}))"),
    (r"xor\.b(32|64)", "(({1}) ^ ({2}))"),
    (r"shl\.b32", "static_cast<unsigned>(({2}) > 31 ? 0 : static_cast<unsigned>({1}) << ({2}))"),
    (r"shr\.u32", "static_cast<unsigned>(({2}) > 31 ? 0 : static_cast<unsigned>({1}) >> ({2}))"),
    (r"popc\.b32", "__popc({1})"),
    (r"clz\.b32", "__clz({1})"),
    (r"brev\.b32", "__brev({1})"),
    (r"prmt\.b32", "::xpiler::permute_bytes({1}, {2}, {3})"),
    (r"dp4a\.(s32\.s32|u32\.u32)", "__dp4a({1}, {2}, {3})"),
    (r"vabsdiff4\.u32\.u32\.u32\.add", "::xpiler::add_differences({1}, {2}, {3})"),
    (r"bfe\.u32", "::xpiler::extract_bits({1}, {2}, {3})"),
    (r"bfi\.b32", "::xpiler::insert_bits({1}, {2}, {3}, {4})"),
    (r"bfind\.u32", "(31 - __clz({1}))"),
    (r"shf\.l\.wrap\.b32", "__funnelshift_l({1}, {2}, {3})"),
    (r"shf\.r\.wrap\.b32", "__funnelshift_r({1}, {2}, {3})"),
    (r"lop3\.b32", "::xpiler::lop3({1}, {2}, {3}, {4})"),
    (r"cvt\.rn\.f16\.f32", "__half_as_ushort(__float2half_rn({1}))"),
    (r"cvt\.f32\.f16", "__half2float(__ushort_as_half({1}))"),
    (r"mov\.[bfsu](16|32|64)", "({1})"),
    (r"ld\.global(\.nc)?(\.c[agsv])?(\.L1::no_allocate)?(\.L2::\d+B)?\.[bfsu](8|16|32|64)",
     "::xpiler::load_as(&{0}, {1})"),
)  # fmt: skip
_NOTHING: Final = re.compile(
    r"(membar|fence|prefetch|griddepcontrol|cp\.async\.(commit_group|wait_group|wait_all)|discard|nop)\b.*",
    re.S,
)


@dataclass(frozen=True, slots=True)
class _Assembly:
    start: int
    end: int
    template: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]


def assembly_edits(places: Places) -> list[Edit]:
    """One edit per inline assembly in a kernel, a device function or a macro; host assembly stays."""
    items = places.tokens.items
    edits: list[Edit] = []
    for i, token in enumerate(items):
        if token.text not in ("asm", "__asm__", "__asm") or token.kind != "name":
            continue
        device = any(f.body and f.body.start <= token.start < f.body.end for f in places.functions)
        parsed = _parse(places, items, i) if device or token.directive >= 0 else None
        if parsed is not None:
            old = places.tokens.text(parsed.start, parsed.end)
            ends = ("\\\n" if token.directive >= 0 else "\n") * old.count("\n")
            edits.append(Edit(parsed.start, parsed.end, _translated(parsed) + ends))
    return edits


def _parse(places: Places, items: Sequence[Token], at: int) -> _Assembly | None:
    paren = at + 1
    while paren < len(items) and items[paren].text in ("volatile", "__volatile__"):
        paren += 1
    if paren >= len(items) or items[paren].text != "(":
        return None
    close = matching(items, paren)
    if close < 0:
        return None
    i = paren + 1
    pieces: list[str] = []
    while i < close and items[i].kind == "string":
        text = items[i].text
        pieces.append(text[text.index('"') + 1 : -1].replace("\\n", " ").replace("\\t", " "))
        i += 1
    if not pieces or (i < close and items[i].text not in (":", "::")):
        return None
    sections: list[list[str]] = [[]]
    while i < close:
        text = items[i].text
        if text in (":", "::"):
            sections += [[] for _ in text]
        elif items[i].kind == "string" and i + 1 < close and items[i + 1].text == "(":
            end = matching(items, i + 1)
            sections[-1].append(places.tokens.text(items[i + 1].end, items[end].start))
            i = end
        i += 1
    sections += [[], [], []]
    template = re.sub(r"\s+", " ", "".join(pieces)).strip().replace("%%", "%")
    return _Assembly(
        items[at].start, items[close].end, template, tuple(sections[1]), tuple(sections[2])
    )


def _translated(a: _Assembly) -> str:
    template = a.template.strip("{} ").rstrip(";").strip()
    if not template or _NOTHING.fullmatch(template):
        return "((void)0)"
    barrier = _barrier(template, a)
    value = barrier or _value(template, a)
    if value is None:
        message = a.template.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
        return f'::xpiler::fail(::xpiler::fault_unsupported, "inline PTX: {message}")'
    return value


def _barrier(template: str, a: _Assembly) -> str | None:
    if re.fullmatch(r"(bar|barrier)(\.cta)?\.sync(\.aligned)? 0", template):
        return "__syncthreads()"
    warp = re.fullmatch(r"(bar|barrier)\.warp\.sync (\S+)", template)
    mask = _operand(warp[2], a) if warp else None
    return f"__syncwarp({mask})" if mask else None


def _value(template: str, a: _Assembly) -> str | None:
    if ";" in template or not a.outputs:
        return None
    opcode, _, rest = template.partition(" ")
    texts = [_operand(t.strip().strip("[]").strip(), a) for t in rest.split(",")]
    if any(t is None for t in texts) or not rest.lstrip().startswith("%0"):
        return None
    operands = [t for t in texts if t is not None]
    for pattern, meaning in _OPCODES:
        if re.fullmatch(pattern, opcode):
            needed = max(int(n) for n in re.findall(r"\{(\d)\}", meaning))
            if needed >= len(operands):
                return None
            expression = meaning.replace("{op}", opcode.split(".")[0])
            for n, text in enumerate(operands):
                expression = expression.replace(f"{{{n}}}", text)
            return f"(({a.outputs[0]}) = {expression})"
    return None


def _operand(text: str, a: _Assembly) -> str | None:
    """`%2`, a special register or a number as C++."""
    if re.fullmatch(r"%\d+", text):
        values = (*a.outputs, *a.inputs)
        n = int(text[1:])
        return values[n] if n < len(values) else None
    if text.startswith("%"):
        return _SPECIAL.get(text[1:])
    if re.fullmatch(r"0[fF][0-9a-fA-F]{8}", text):
        return f"__uint_as_float(0x{text[2:]}u)"
    return text if re.fullmatch(r"-?(0[xX][0-9a-fA-F]+|\d+)", text) else None
