"""The finished file: headers, helpers, kernels in the place of the source's, the user's host code around them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from xpiler.backends.avx512.emit.api_launch import entered, enters
from xpiler.backends.avx512.emit.assemble import assemble
from xpiler.backends.avx512.emit.entry import KERNEL_SUFFIX
from xpiler.backends.avx512.emit.expressions import memory_type
from xpiler.backends.avx512.emit.instances import (
    actual,
    announced,
    chosen_instance,
    dispatch,
    instance_name,
    shown_parameters,
)
from xpiler.backends.avx512.emit.kernel import DataForm, KernelText, print_kernel
from xpiler.backends.avx512.emit.signature import parameter_name
from xpiler.backends.base import Diagnostic, EmitRequest, Emitted, TranslatedKernel
from xpiler.backends.late_types import TypePlace, late_types
from xpiler.backends.late_types import behind as type_behind
from xpiler.backends.splice import CUDA_HEADERS, UNNAMED_LAMBDA, Splicing, code_left, splice
from xpiler.frontends.place import Function, Global, Include, Launch, Places, find
from xpiler.ir.nodes import GlobalBuffer

__all__ = ["emit"]

_HEADERS: Final = frozenset({".cuh", ".h", ".hpp", ".hh", ".hxx"})
_TAKEN: Final = frozenset(
    """abs acos asin atan atan2 bcmp bcopy bzero cbrt ceil copysign cos cosh div erf erfc exp exp2 expm1 fabs fdim
    floor fma fmax fmin fmod free frexp gamma hypot index j0 j1 jn ldexp lgamma log log10 log1p log2 malloc main
    memcpy memmove memset modf pow rand random read remainder remove rename rint round select signal sin sinh
    sqrt sync tan tanh tgamma time trunc wait write y0 y1 yn""".split()
)
"""Names of the C library, which a kernel as a C function cannot have."""


def emit(request: EmitRequest) -> Emitted:
    """The emitted file; `.c` when no host code is left beside the kernels, else `.cpp`."""
    places = find(request.text)
    bare = splice(request.text, _empty(request))
    suffix = _suffix(request.path.suffix, bare)
    request = replace(request, kernels=tuple(_named(k, bare) for k in request.kernels))
    texts = {k.entry.symbol: _kernel(k, places, request.text, suffix) for k in request.kernels}
    body = splice(request.text, _plan(request, places, texts, bare, is_c=suffix == ".c"))
    diagnostics = tuple(
        Diagnostic("XP3001", "warning", f"kernel {f.name} was left out: it was not translated")
        for f in places.kernels
        if f.name not in _names(request)
    )
    return Emitted(assemble(body, bare, request.path.name, suffix), suffix, diagnostics)


def _suffix(source: str, bare: str) -> str:
    """A file without host code is C; a header stays one."""
    if source in _HEADERS:
        return ".hpp"
    return ".cpp" if code_left(bare) else ".c"


def _named(kernel: TranslatedKernel, bare: str) -> TranslatedKernel:
    """A host function may have the kernel's name, which only an overload tells apart; C has none."""
    symbol = kernel.entry.symbol
    if symbol not in _TAKEN and not re.search(rf"\b{symbol}\s*\(", bare):
        return kernel
    symbol += KERNEL_SUFFIX
    target = replace(kernel.program.kernels[0], name=symbol)
    program = replace(kernel.program, kernels=(target,))
    return replace(kernel, entry=replace(kernel.entry, symbol=symbol), program=program)


def _own_name(kernel: TranslatedKernel) -> str:
    """The kernel's name in the source, of `ns::reduce<float, 256>`: `reduce`."""
    return kernel.entry.source_name.split("<")[0].split("::")[-1].strip()


def _names(request: EmitRequest) -> frozenset[str]:
    return frozenset(_own_name(k) for k in request.kernels)


def _empty(request: EmitRequest) -> Splicing:
    return Splicing(
        kernels=dict.fromkeys(_names(request), ""),
        launch=lambda x: f"launch({', '.join(p.text for p in (*x.configs, *x.args))})",
        refused=lambda _: "",
        declaration=lambda _: "",
        include=lambda _: "",
        data=lambda _: "",
    )


def _kernel(kernel: TranslatedKernel, places: Places, text: str, suffix: str) -> KernelText:
    program = kernel.program
    own = _own_name(kernel)
    source = next((f for f in places.kernels if f.name == own), None)
    declared = [p.text for p in source.params] if source else []
    linkage = "" if suffix == ".c" else _linkage(source, text, suffix)
    target = program.kernels[0]
    arguments = actual(source, kernel.entry.source_name)
    data = {g.name: form for g in program.globals if (form := _form(g, places))}
    c = suffix == ".c"
    return print_kernel(program, target, declared, arguments, data=data, c=c, linkage=linkage)


_PLAIN_TYPES: Final = re.compile(
    r"(?:(?:unsigned|signed|int|long|short|char|float|double|bool|u?int\d+_t|(?:__)?half|uint|ushort|uchar"
    r"|(?:__)?nv_bfloat16)\s*)+"
)
_WORDS: Final = re.compile(
    r"\b(?:static|extern|const|constexpr|volatile|inline|__\w+?__|alignas\s*\([^)]*\)"
    r"|__align__\s*\([^)]*\))(?!\w)"
)


def _form(buffer: GlobalBuffer, places: Places) -> DataForm | None:
    """How the file declares its data, where that is not an array of the elements that the kernel sees."""
    for variable in places.globals:
        text = variable.whole.text
        found = re.search(rf"\b{re.escape(buffer.name)}\b(\s*\[)?", text)
        if found is None:
            continue
        type_ = _WORDS.sub("", text[: found.start()].partition(",")[0]).strip()
        if _PLAIN_TYPES.fullmatch(type_) is None:
            return "object"
        return None if found[1] else "scalar"
    return None


def _linkage(source: Function | None, text: str, suffix: str) -> str:
    """Kernels that several files may hold (instances, those of headers, static ones) stay each file's own."""
    own = suffix == ".hpp" or (
        source is not None
        and (bool(source.template) or _is_static(source) or _is_unnamed(source, text))
    )
    return "[[maybe_unused]] static " if own else 'extern "C" '


def _is_static(function: Function) -> bool:
    return re.search(r"\bstatic\b", function.signature.text.partition("(")[0]) is not None


def _is_unnamed(function: Function, text: str) -> bool:
    """Whether the function stands in a namespace without a name."""
    data = text.encode("utf-8", "surrogateescape")
    before = data[: function.whole.start].decode("latin-1")
    for match in re.finditer(r"\bnamespace\s*\{", before):
        rest = before[match.end() :]
        if rest.count("{") >= rest.count("}"):
            return True
    return False


# --- the plan ----------------------------------------------------------------------------------


def _plan(
    request: EmitRequest, places: Places, texts: Mapping[str, KernelText], bare: str, *, is_c: bool
) -> Splicing:
    by_name: dict[str, list[TranslatedKernel]] = {}
    for kernel in request.kernels:
        by_name.setdefault(_own_name(kernel), []).append(kernel)
    by_pointer = not is_c and enters(request.text)
    defined = {f.name for f in places.kernels}
    definitions = {}
    behind: dict[int, str] = {}
    for name, kernels in by_name.items():
        function = next((f for f in places.kernels if f.name == name), None)
        late = _late(request.text, function, kernels)
        here = [k for k in kernels if k.entry.symbol not in late]
        text = "\n".join(texts[k.entry.symbol].definition for k in here)
        renamed = any(k.entry.symbol != name for k in kernels)
        if function is not None and not is_c and (renamed or function.template):
            text += "\n" + dispatch(function, here)
        if by_pointer and function is not None:
            text += _entered(function, here)
        definitions[name] = text
        for kernel in kernels:
            if function is not None and kernel.entry.symbol in late:
                place = late[kernel.entry.symbol]
                put = texts[kernel.entry.symbol].definition + chosen_instance(function, kernel)
                put += _entered(function, [kernel]) if by_pointer else ""
                put = type_behind(place, request.text, function, put)
                behind[place.end] = behind.get(place.end, "") + put

    def declaration(function: Function) -> str:
        if function.name not in by_name:
            return "" if is_c or function.name in defined else _elsewhere(function, by_pointer)
        if function.template:
            return "" if is_c else announced(function)
        return "\n".join(f"{texts[k.entry.symbol].head};" for k in by_name[function.name])

    used = bare + "".join(t.definition for t in texts.values())
    globals_ = {g.name: g for k in request.kernels for g in k.program.globals}
    refused = frozenset(defined - set(by_name))
    device = {f.name for f in places.functions if not f.kernel and not f.host}  # tables of them go
    return Splicing(
        kernels=definitions,
        launch=lambda launch: _launch(launch, refused),
        refused=lambda f: _refused(f, bare),
        declaration=declaration,
        include=lambda include: _include(include, is_c),
        data=lambda variable: (
            ""
            if device & set(re.findall(r"\w+", variable.whole.text.partition("=")[2]))
            else _data(variable, globals_.get(variable.name), used)
        ),
        behind=behind,
    )


def _late(
    text: str, function: Function | None, kernels: Sequence[TranslatedKernel]
) -> dict[str, TypePlace]:
    """The instances for classes that the file defines after the kernel, by symbol, and the last such class."""
    if function is None or not function.template:
        return {}
    found = {k.entry.symbol: late_types(text, function, k.entry.source_name) for k in kernels}
    return {symbol: places[-1] for symbol, places in found.items() if places}


def _refused(function: Function, bare: str) -> str:
    """What stands for a kernel that was not translated; host code that mentions it has to compile."""
    text = f"/* kernel {function.name} was not translated */"
    if not re.search(rf"\b{re.escape(function.name)}\b", bare):
        return text
    template = f"template <{', '.join(function.template)}>\n" if function.template else ""
    head = f"[[maybe_unused]] static void {function.name}({', '.join(shown_parameters(function))})"
    unused = "".join(f" (void){parameter_name(p)};" for p in shown_parameters(function))
    return f'{text}\n{template}{head} {{{unused} xp_refused("{function.name}"); }}'


def _entered(function: Function, kernels: Sequence[TranslatedKernel]) -> str:
    """The kernel's entries in the list that launches by address look into."""
    if not function.template:
        return "".join(entered(k.entry.symbol, k.entry.symbol) for k in kernels)
    instances = {instance_name(function, k.entry.source_name): k for k in kernels}
    return "".join(entered(k.entry.symbol, name) for name, k in instances.items())


def _elsewhere(function: Function, by_pointer: bool) -> str:
    """The declaration of a kernel that another file defines."""
    if function.template:
        return ""
    text = f'extern "C" void {function.name}({", ".join(shown_parameters(function))});'
    return f"{text}\n{entered(function.name, function.name).rstrip()}" if by_pointer else text


def _launch(launch: Launch, refused: frozenset[str]) -> str:
    """The launch as a call; of a pointer to a kernel, too."""
    unnamed = any(UNNAMED_LAMBDA.search(a.text) for a in launch.args)
    if (launch.name in refused or unnamed) and not launch.macro:
        return f'xp_refused("{launch.name}")'
    config = [c.text for c in launch.configs[:3]] + ["0"] * (3 - len(launch.configs))
    return f"{launch.callee.text}({', '.join([*config, *(a.text for a in launch.args)])})"


def _include(include: Include, is_c: bool) -> str | None:
    """CUDA's headers go; without host code the C++ ones serve nothing either."""
    if is_c and (include.system and not include.path.endswith(".h")):
        return ""
    return "" if CUDA_HEADERS.fullmatch(include.path) else None


def _data(variable: Global, buffer: GlobalBuffer | None, used: str) -> str | None:
    """`__constant__ float c[16];` without the CUDA word; types that are floats only in name by their bits."""
    text = re.sub(r"\b(?:__constant__|__device__|__managed__)\b\s*", "", variable.whole.text)
    if buffer is not None and not buffer.init and buffer.elem.name in ("f16", "bf16"):
        dims = "".join(f"[{n}]" for n in buffer.shape)
        return f"static {memory_type(buffer.elem)} {buffer.name}{dims};"
    text = text if re.match(r"\s*(?:static|extern)\b", text) else f"static {text}"
    if text.startswith("static ") and not re.search(rf"\b{re.escape(variable.name)}\b", used):
        return text.replace("static ", "static __attribute__((unused)) ", 1)
    return text
