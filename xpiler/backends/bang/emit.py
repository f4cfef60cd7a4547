"""The finished `.mlu` file: BANG C kernels in the place of the source's, the host code on CNRT around them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from xpiler.backends.bang.arch import DEFAULT, TASKS
from xpiler.backends.bang.cnrt import to_cnrt
from xpiler.backends.bang.composites import COMPOSITES, with_dependencies
from xpiler.backends.bang.helpers import HELPERS
from xpiler.backends.bang.hostlib import host_functions, missing_functions
from xpiler.backends.bang.printer import TYPE_NAMES, PrintedKernel, print_global, print_kernel
from xpiler.backends.bang.textures import texture_names, texture_texts
from xpiler.backends.base import Diagnostic, EmitRequest, Emitted, TranslatedKernel
from xpiler.backends.curand_states import states
from xpiler.backends.late_types import announcement, late_types
from xpiler.backends.splice import CUDA_HEADERS, UNNAMED_LAMBDA, Splicing, splice
from xpiler.frontends.place import Function, Launch, find
from xpiler.ir.nodes import GlobalBuffer, Module, Param
from xpiler.ir.types import Pointer
from xpiler.records import dataclass

__all__ = ["emit", "program_text"]

_DIM3: Final = """\
struct dim3 {
  unsigned int x, y, z;
  dim3(unsigned int x = 1, unsigned int y = 1, unsigned int z = 1) : x(x), y(y), z(z) {}
};
"""
_VECTOR: Final = re.compile(
    r"\b(?:make_)?(char|uchar|short|ushort|int|uint|float|longlong|ulonglong|half|bfloat16)([1234])\b"
)
_VECTOR_ELEMS: Final = {
    "char": "signed char", "uchar": "unsigned char", "short": "short", "ushort": "unsigned short",
    "int": "int", "uint": "unsigned int", "float": "float", "longlong": "long long",
    "ulonglong": "unsigned long long", "half": "half", "bfloat16": "bfloat16_t",
}  # fmt: skip
_VECTOR_BYTES: Final = {
    "char": 1, "uchar": 1, "short": 2, "ushort": 2, "half": 2, "bfloat16": 2, "longlong": 8, "ulonglong": 8,
}  # fmt: skip
"""Of one element, where that is not 4."""
_SAME: Final = """\
template <class A, class B>
struct xp_same {
  static constexpr bool value = false;
};
template <class A>
struct xp_same<A, A> {
  static constexpr bool value = true;
};
"""


@dataclass(frozen=True, slots=True)
class _Kernel:
    """A translated kernel with its text and its own name in the source (`reduce` of `ns::reduce<float>`)."""

    translated: TranslatedKernel
    printed: PrintedKernel
    own: str

    @property
    def symbol(self) -> str:
        return self.translated.entry.symbol

    @property
    def params(self) -> tuple[Param, ...]:
        return self.translated.program.kernels[0].params


def emit(request: EmitRequest) -> Emitted:
    """The emitted file. Kernels that were not translated are left out; a diagnostic says so."""
    places = find(request.text)
    kernels = [_kernel(k) for k in request.kernels]
    known = {k.own for k in kernels}
    by_name: dict[str, list[_Kernel]] = {}
    for kernel in kernels:
        by_name.setdefault(kernel.own, []).append(kernel)
    functions = {
        f.name: f for f in reversed(places.kernels)
    }  # a template before its specialisations
    managed = "cudaMallocManaged" in request.text
    definitions = {
        n: _announced(ks, functions.get(n), request.text)
        + _definitions(ks, functions.get(n), managed)
        for n, ks in by_name.items()
    }
    plan = Splicing(
        kernels=definitions,
        launch=lambda launch: _launch(launch, known),
        refused=lambda f: f"// kernel {f.name} was not translated",
        declaration=lambda _: "",
        include=lambda i: "" if CUDA_HEADERS.fullmatch(i.path) else None,
        data=lambda _: "",
    )
    body, left = to_cnrt(splice(request.text, plan))
    globals_ = {g.name: g for k in request.kernels for g in k.program.globals}
    there = texture_names()
    names = tuple(dict.fromkeys(name for name, _, _ in left if name not in there))
    arch = request.options.get("arch", DEFAULT)
    banner = (
        f"// {request.path.name} for Cambricon MLUs, BANG C. Build: cncc FILE.mlu -o FILE "
        f"--bang-mlu-arch={arch} -std=c++17 -lcnrt -lcndrv\n"
    )
    text = _assemble(banner, body, kernels, tuple(globals_.values()), names)
    refused = tuple(
        Diagnostic("XP3301", "warning", f"kernel {f.name} was left out: it was not translated")
        for f in places.kernels
        if f.name not in known
    )
    api = tuple(
        Diagnostic(
            "XP3302", "warning", f"{name} has no counterpart in CNRT", hint="replace it by hand"
        )
        for name in names
    )
    return Emitted(text, ".mlu", (*refused, *api))


def program_text(program: Module, symbol: str) -> str:
    """A program of the task level alone, with what it needs: for runs between two passes."""
    (kernel,) = program.kernels
    printed = print_kernel(kernel, symbol, program.globals)
    wrapper = _wrapper(symbol, kernel.params, printed, program.globals)
    return _prelude([printed], program.globals, "") + printed.text + "\n" + wrapper


def _kernel(translated: TranslatedKernel) -> _Kernel:
    program = translated.program
    printed = print_kernel(program.kernels[0], translated.entry.symbol, program.globals)
    own = translated.entry.source_name.split("<")[0].split("::")[-1].strip()
    return _Kernel(translated, printed, own)


def _announced(kernels: Sequence[_Kernel], function: Function | None, text: str) -> str:
    """Declarations of classes for which there are instances and which the file defines later."""
    if function is None:
        return ""
    late = (late_types(text, function, k.translated.entry.source_name) for k in kernels)
    found = dict.fromkeys(place for places in late for place in places)
    return "".join(announcement(place, text, function) for place in found)


def _definitions(kernels: Sequence[_Kernel], function: Function | None, managed: bool) -> str:
    """The kernels, the host function that starts each, and one that finds the instance of a template."""
    parts = []
    for kernel in kernels:
        parts.append(kernel.printed.text)
        globals_ = kernel.translated.program.globals
        parts.append(_wrapper(kernel.symbol, kernel.params, kernel.printed, globals_, managed))
    if function is not None and _needs_dispatch(kernels, function):
        parts.append(_dispatch(kernels, function))
    return "\n".join(parts)


def _needs_dispatch(kernels: Sequence[_Kernel], function: Function) -> bool:
    symbols = [k.symbol for k in kernels]
    fields = any("." in p.origin or "[" in p.origin for p in kernels[0].params)
    return bool(function.template) or symbols != [function.name] or fields


def _launch_names(used: set[str]) -> tuple[str, str, str, str]:
    """Of the four parameters that stand before a kernel's own, which may have names like them."""
    grid, block, shared, queue = (
        f"launch_{n}" if n in used else n for n in ("grid", "block", "shared_bytes", "queue")
    )
    return grid, block, shared, queue


def _launch_formals(grid: str, block: str, shared: str, queue: str) -> list[str]:
    return [f"dim3 {grid}", f"dim3 {block}", f"unsigned int {shared}", f"cnrtQueue_t {queue}"]


def _wrapper(
    symbol: str,
    params: tuple[Param, ...],
    printed: PrintedKernel,
    globals_: tuple[GlobalBuffer, ...],
    managed: bool = False,
) -> str:
    """`launch_k(grid, block, shared_bytes, queue, parameters)`: CUDA's launch on the tasks of an MLU."""
    grid, block, shared, queue = _launch_names({p.name for p in params})
    formals = _launch_formals(grid, block, shared, queue)
    actuals = []
    for p in params:
        if isinstance(p.type, Pointer):
            elem = TYPE_NAMES[p.type.elem]
            formals.append(f"const void *{p.name}")
            const = "const " if p.type.const else ""
            near = f"xp_send({p.name})" if managed else p.name
            actuals.append(f"({const}{elem} *){near}")
        else:
            formals.append(f"{TYPE_NAMES[p.type]} {p.name}")
            actuals.append(p.name)
    values = {"gridDim": grid, "blockDim": block}
    for name in printed.launch:
        stem, _, axis = name.partition(".")
        actuals.append(shared if name == "sharedBytes" else f"{values[stem]}.{axis}")
    actuals += [f"({TYPE_NAMES[g.elem]} *)xp_symbol_{g.name}()" for g in globals_]
    return (
        f"static void launch_{symbol}({', '.join(formals)}) {{\n"
        f"  (void){grid}, (void){block}, (void){shared};\n"
        f"  cnrtDim3_t tasks = {{{TASKS}, 1, 1}};\n"
        f"  {symbol}<<<tasks, cnrtFuncTypeUnion1, {queue}>>>({', '.join(actuals)});\n"
        + (f"  xp_bring_back({queue});\n" if managed else "")
        + "}\n"
    )


# --- templates and parameters of class type ------------------------------------------------------


def _dispatch(kernels: Sequence[_Kernel], function: Function) -> str:
    """A function with the source kernel's own parameters that calls the instance for its arguments."""
    head = f"template <{', '.join(function.template)}>\n" if function.template else ""
    launch = _launch_names(set(re.findall(r"\w+", " ".join(p.text for p in function.params))))
    params = _launch_formals(*launch)
    params += [_plain(p.text) for p in function.params]
    lines = [f"{head}static void start_{function.name}({', '.join(params)}) {{\n"]
    for number, kernel in enumerate(kernels):
        names = [*launch, *_arguments(kernel, function)]
        call = f"launch_{kernel.symbol}({', '.join(names)});"
        if not function.template:
            lines.append(f"  {call}\n")
            continue
        actual = _template_arguments(kernel.translated.entry.source_name)
        tests = [_is_instance(t, actual[k:]) for k, t in enumerate(function.template)]
        word = "if" if number == 0 else "else if"
        lines.append(f"  {word} constexpr ({' && '.join(tests)}) {call}\n")
    return "".join(lines) + "}\n"


def _is_instance(parameter: str, actual: Sequence[str]) -> str:
    """Whether the template parameter is the first of the arguments, a pack all of them."""
    name, is_type = _formal(parameter)
    if "..." in parameter:  # types of functions, so that packs of any length can be compared
        return f"xp_same<void({name}...), void({', '.join(actual)})>::value"
    return f"xp_same<{name}, {actual[0]}>::value" if is_type else f"{name} == {actual[0]}"


def _arguments(kernel: _Kernel, function: Function) -> list[str]:
    """What the source's parameters give for the kernel's: themselves, or a field of a class."""
    fields = [p.origin for p in kernel.params]
    if any("..." in p.text for p in function.params):
        return [f"{_param_name(p.text)}{'...' * ('...' in p.text)}" for p in function.params]
    if len(kernel.params) == len(function.params) and not any("." in f or "[" in f for f in fields):
        return [_param_name(p.text) for p in function.params]
    return [p.origin if "." in p.origin or "[" in p.origin else p.name for p in kernel.params]


def _param_name(text: str) -> str:
    bare = re.sub(r"\[[^\]]*\]|=.*$", "", text, flags=re.S)
    names = re.findall(r"[A-Za-z_]\w*", bare)
    return names[-1] if names else ""


def _plain(text: str) -> str:
    return re.sub(r"\b(?:__grid_constant__|__restrict__|__restrict)\b\s*", "", text)


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


def _launch(launch: Launch, known: set[str]) -> str:
    """A launch expression as a call; the name `start_k` is a macro's or function's, whichever the kernel needs."""
    unnamed = any(UNNAMED_LAMBDA.search(a.text) for a in launch.args)
    if (launch.name not in known or unnamed) and not launch.macro:
        return f"/* kernel {launch.name} was not translated */ (void)0"
    config = [c.text for c in launch.configs[:4]] + ["0", "0", "nullptr"][len(launch.configs) - 1 :]
    queue = "nullptr" if config[3].strip() in ("0", "NULL") else config[3]
    callee = re.sub(
        rf"\b{launch.name}\b(?!.*\b{launch.name}\b)", f"start_{launch.name}", launch.callee.text
    )
    arguments = ", ".join([*config[:3], queue, *(a.text for a in launch.args)])
    return f"{callee}({arguments})"


# --- the whole -----------------------------------------------------------------------------------


def _assemble(
    banner: str,
    body: str,
    kernels: Sequence[_Kernel],
    globals_: tuple[GlobalBuffer, ...],
    missing: tuple[str, ...],
) -> str:
    for kernel in kernels:
        plain = f"start_{kernel.own}("
        if plain in body and f"static void {plain}" not in body:
            body = body.replace(plain, f"launch_{kernel.symbol}(")
    prelude = _prelude([k.printed for k in kernels], globals_, body, missing)
    return f"{banner}{prelude}{body.lstrip(chr(10))}"


def _prelude(
    printed: Sequence[PrintedKernel],
    globals_: tuple[GlobalBuffer, ...],
    body: str,
    missing: tuple[str, ...] = (),
) -> str:
    helpers = dict.fromkeys(name for p in printed for name in p.helpers)
    composites = with_dependencies({name for p in printed for name in p.composites})
    parts = ["#include <bang.h>\n#include <cnrt.h>\n#include <math.h>\n", _DIM3]
    host = tuple(host_functions(body))
    parts += _vector_types(body + "".join(host))
    if "xp_same<" in body:
        parts.append(_SAME)
    parts += host
    parts += texture_texts(body)
    parts += states(body)
    parts += missing_functions(missing, body)
    parts += [HELPERS[name] + "\n" for name in helpers]
    parts += [COMPOSITES[name].text + "\n" for name in composites]
    parts += [_symbol(g, body) for g in globals_]
    return "\n".join(parts) + "\n"


def _vector_types(body: str) -> list[str]:
    """CUDA's short vectors, as far as host code names them."""
    found = dict.fromkeys(m.group(1, 2) for m in _VECTOR.finditer(body))
    out = []
    for stem, lanes in found:
        elem, members = _VECTOR_ELEMS[stem], "xyzw"[: int(lanes)]
        fields = " ".join(f"{elem} {m};" for m in members)
        params = ", ".join(f"{elem} {m}" for m in members)
        name = f"{stem}{lanes}"
        size = _VECTOR_BYTES.get(stem, 4) * int(lanes)
        align = f"alignas({min(size, 16)}) " if lanes != "3" else ""
        out.append(
            f"struct {align}{name} {{\n  {fields}\n}};\n"
            f"static inline {name} make_{name}({params}) {{ return {{{', '.join(members)}}}; }}\n"
        )
    return out


def _symbol(buffer: GlobalBuffer, body: str) -> str:
    """Data at file scope is device memory that the first use allocates; host code may ask for its `sizeof`."""
    count = 1
    for n in buffer.shape:
        count *= n
    elem = TYPE_NAMES[buffer.elem]
    size = f"{count} * sizeof({elem})"
    values, fill = "", "cnrtMemset(device, 0, bytes);"
    if buffer.init:
        values = f"  static {print_global(buffer)}"
        fill = f"cnrtMemcpy(device, (void *)xp_initial, {size}, cnrtMemcpyHostToDev);"
    measured = re.search(rf"\bsizeof\s*\(?[\s*&]*{buffer.name}\b", body)
    dims = "".join(f"[{n}]" for n in buffer.shape)
    declared = f"extern {elem} {buffer.name}{dims}; /* for sizeof */\n" if measured else ""
    return (
        f"{declared}static void *xp_symbol_{buffer.name}(size_t *size = nullptr) {{\n"
        f"  static void *device = nullptr;\n{values}"
        f"  const size_t bytes = {size};\n"
        "  if (size != nullptr) *size = bytes;\n"
        f"  if (device == nullptr && cnrtMalloc(&device, bytes) == cnrtSuccess) {fill}\n"
        "  return device;\n}\n"
    )
