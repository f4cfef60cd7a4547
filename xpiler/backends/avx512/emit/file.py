"""The finished file: headers, helpers, kernels in the place of the source's, the user's host code around them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from xpiler.backends.avx512.emit.entry import KERNEL_SUFFIX
from xpiler.backends.avx512.emit.expressions import memory_type
from xpiler.backends.avx512.emit.helpers import headers, needed
from xpiler.backends.avx512.emit.kernel import KernelText, print_kernel
from xpiler.backends.avx512.emit.prelude import DIM3_C, DIM3_CPP, prelude
from xpiler.backends.avx512.emit.signature import parameter_name
from xpiler.backends.base import Diagnostic, EmitRequest, Emitted, TranslatedKernel
from xpiler.backends.splice import CUDA_HEADERS, Splicing, code_left, splice
from xpiler.frontends.place import Function, Global, Include, Launch, Places, find
from xpiler.ir.nodes import GlobalBuffer

__all__ = ["emit"]

_QUIET: Final = """\
#if defined(__GNUC__) && !defined(__clang__)
/* the undefined registers in gcc 12's own immintrin.h set off this warning (GCC PR 105593) */
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
/* the address of a first lane that is switched off may lie before an array */
#pragma GCC diagnostic ignored "-Warray-bounds"
#elif defined(__clang__)
/* constants of the source that only its kernels used stand in their code as numbers now */
#pragma clang diagnostic ignored "-Wunused-const-variable"
#endif
"""
_BUILD: Final = "-O3 -march=icelake-server -fopenmp"


def emit(request: EmitRequest) -> Emitted:
    """The emitted file; `.c` when no host code is left beside the kernels, else `.cpp`."""
    places = find(request.text)
    bare = splice(request.text, _empty(request))
    is_c = not code_left(bare)
    request = replace(request, kernels=tuple(_named(k, bare) for k in request.kernels))
    texts = {k.entry.symbol: _kernel(k, places, is_c) for k in request.kernels}
    body = splice(request.text, _plan(request, places, texts, is_c))
    diagnostics = tuple(
        Diagnostic("XP3001", "warning", f"kernel {f.name} was left out: it was not translated")
        for f in places.kernels
        if f.name not in _names(request)
    )
    text = _assemble(body, is_c, request.path.name, ".c" if is_c else ".cpp")
    return Emitted(text, ".c" if is_c else ".cpp", diagnostics)


def _named(kernel: TranslatedKernel, bare: str) -> TranslatedKernel:
    """A host function may have the kernel's name, which only an overload tells apart; C has none."""
    symbol = kernel.entry.symbol
    if not re.search(rf"\b{symbol}\s*\(", bare):
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
        launch=lambda _: "launch",
        refused=lambda _: "",
        declaration=lambda _: "",
        include=lambda _: "",
        data=lambda _: "",
    )


def _kernel(kernel: TranslatedKernel, places: Places, is_c: bool) -> KernelText:
    program = kernel.program
    own = _own_name(kernel)
    source = next((f for f in places.kernels if f.name == own), None)
    declared = [p.text for p in source.params] if source else []
    linkage = "" if is_c else 'extern "C" '
    actual = _actual(source, kernel.entry.source_name)
    target = program.kernels[0]
    return print_kernel(program, target, declared, actual, c=is_c, linkage=linkage)


def _actual(source: Function | None, source_name: str) -> dict[str, str]:
    """What the template parameters of the kernel stand for in the instance."""
    if source is None or not source.template:
        return {}
    names = [_formal(t)[0] for t in source.template]
    return dict(zip(names, _template_arguments(source_name), strict=False))


# --- templates: a call of `reduce<T, B>` finds its instance ------------------------------------


def _dispatch(function: Function, kernels: Sequence[TranslatedKernel]) -> str:
    """A function of the source's name that calls the instance for its template arguments; an instance that no
    launch in the file names does not compile."""
    shown = ["xp_dim3 grid", "xp_dim3 block", "size_t shared_bytes"]
    shown += [_plain(p.text) for p in function.params]
    names = ", ".join(
        ["grid", "block", "shared_bytes", *(parameter_name(p.text) for p in function.params)]
    )
    head = f"static inline void {function.name}({', '.join(shown)})"
    if not function.template:
        return "".join(f"{head} {{\n  {k.entry.symbol}({names});\n}}\n" for k in kernels)
    bare = ", ".join(t.split("=")[0].strip() for t in function.template)
    formal = ", ".join(_formal(t)[0] for t in function.template)
    lines = [f"template <{bare}> struct {function.name}_instance;\n"]
    for kernel in kernels:
        actual = ", ".join(_template_arguments(kernel.entry.source_name))
        lines.append(
            f"template <> struct {function.name}_instance<{actual}> {{\n"
            f"  template <class... A> static void run(A... a) {{ {kernel.entry.symbol}(a...); }}\n}};\n"
        )
    lines.append(f"template <{', '.join(function.template)}>\n{head} {{\n")
    lines.append(f"  {function.name}_instance<{formal}>::run({names});\n}}\n")
    return "".join(lines)


def _plain(text: str) -> str:
    return re.sub(r"\b(?:__grid_constant__)\b\s*", "", text)


def _formal(text: str) -> tuple[str, bool]:
    """The name of a template parameter, and whether it is a type."""
    bare = text.split("=")[0].strip()
    names = re.findall(r"[A-Za-z_]\w*", bare)
    return names[-1], names[0] in ("typename", "class")


def _template_arguments(source_name: str) -> list[str]:
    inner = source_name.partition("<")[2].rpartition(">")[0]
    depth = 0
    parts = [""]
    for char in inner:
        depth += char in "<([{"
        depth -= char in ">)]}"
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [p.strip() for p in parts]


# --- the plan ----------------------------------------------------------------------------------


def _plan(
    request: EmitRequest, places: Places, texts: Mapping[str, KernelText], is_c: bool
) -> Splicing:
    by_name: dict[str, list[TranslatedKernel]] = {}
    for kernel in request.kernels:
        by_name.setdefault(_own_name(kernel), []).append(kernel)
    definitions = {}
    for name, kernels in by_name.items():
        text = "\n".join(texts[k.entry.symbol].definition for k in kernels)
        function = next((f for f in places.kernels if f.name == name), None)
        renamed = any(k.entry.symbol != name for k in kernels)
        if function is not None and not is_c and (renamed or function.template):
            text += "\n" + _dispatch(function, kernels)
        definitions[name] = text

    def declaration(function: Function) -> str:
        if function.template or function.name not in by_name:
            return ""
        linkage = "" if is_c else 'extern "C" '
        return "\n".join(
            f"{linkage}{texts[k.entry.symbol].signature};" for k in by_name[function.name]
        )

    globals_ = {g.name: g for k in request.kernels for g in k.program.globals}
    return Splicing(
        kernels=definitions,
        launch=lambda launch: _launch(launch, frozenset(by_name)),
        refused=lambda f: f"/* kernel {f.name} was not translated */",
        declaration=declaration,
        include=lambda include: _include(include, is_c),
        data=lambda variable: _data(variable, globals_.get(variable.name)),
    )


def _launch(launch: Launch, known: frozenset[str]) -> str:
    if launch.name not in known and not launch.macro:
        return f'xp_refused("{launch.name}")'
    config = [c.text for c in launch.configs[:3]] + ["0"] * (3 - len(launch.configs))
    return f"{launch.callee.text}({', '.join([*config, *(a.text for a in launch.args)])})"


def _include(include: Include, is_c: bool) -> str | None:
    """CUDA's headers go; without host code the C++ ones serve nothing either."""
    if is_c and (include.system and not include.path.endswith(".h")):
        return ""
    return "" if CUDA_HEADERS.fullmatch(include.path) else None


def _data(variable: Global, buffer: GlobalBuffer | None) -> str | None:
    """`__constant__ float c[16];` without the CUDA word; types that are floats only in name by their bits."""
    text = re.sub(r"\b(?:__constant__|__device__|__managed__)\b\s*", "", variable.whole.text)
    if buffer is not None and not buffer.init and buffer.elem.name in ("f16", "bf16"):
        dims = "".join(f"[{n}]" for n in buffer.shape)
        return f"static {memory_type(buffer.elem)} {buffer.name}{dims};"
    return text if re.match(r"\s*(?:static|extern)\b", text) else f"static {text}"


# --- the whole ---------------------------------------------------------------------------------


def _assemble(body: str, is_c: bool, source: str, suffix: str) -> str:
    api, api_headers = ("", ()) if is_c else prelude(body)
    dim3 = DIM3_C if is_c else DIM3_CPP
    helpers = needed(body + api)
    code = "\n".join(filter(None, (dim3, helpers, api)))
    included = dict.fromkeys((*headers(code + body, is_c), *api_headers))
    if is_c and not re.search(r"\bsize_t\b", body):
        included.pop("stddef.h", None)
    includes = "".join(f"#include <{name}>\n" for name in included)
    compiler = "gcc" if is_c else "g++"
    build = f"{compiler} {_BUILD} FILE{suffix}{' -lm' if is_c else ''}"
    banner = f"/* {source} for x86-64 CPUs with AVX-512. Build: {build} */\n"
    if "immintrin.h" in included:
        includes = _QUIET + includes
    return f"{banner}{includes}\n{code}\n{body.lstrip(chr(10))}"
