"""The source itself as an executor: CUDA (or HIP) text on the CPU runtime."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from xpiler.backends.base import KernelEntry, TranslationUnit
from xpiler.frontends.edits import Edit, apply
from xpiler.frontends.launch_brackets import closed_up
from xpiler.frontends.place import Function, Places, find
from xpiler.frontends.prepare import prepare_edits
from xpiler.ir.textures import texture_part
from xpiler.records import dataclass
from xpiler.store import Cache, digest
from xpiler.verify.run import build as building
from xpiler.verify.run.build import BuildFailed, Built
from xpiler.verify.run.entries import argument_steps, overloads, pointer_type, reference_steps

__all__ = ["CudaRuntime", "build_program", "program_unit", "self_contained"]


@dataclass(frozen=True, slots=True)
class CudaRuntime:
    """Runs a CUDA file's kernels as its author wrote them. `warp` lanes: 32, or 64 for a CDNA wavefront.

    A spelling that differs by names only (HIP's, `backends.base.OnRuntime`) is chosen by `defines`: headers map them.
    """

    warp: int = 32
    defines: tuple[str, ...] = ()
    include_dirs: tuple[Path, ...] = ()
    label: str = "CUDA on the CPU"

    @property
    def name(self) -> str:
        return self.label

    @property
    def kind(self) -> str:
        return "runtime"

    def available(self) -> str:
        import shutil

        return "" if shutil.which("g++") else "g++ is not installed"

    def units(
        self, text: str, path: Path, entries: Sequence[KernelEntry]
    ) -> tuple[TranslationUnit, ...]:
        """One unit: the prepared text and, after it, an `xp_call_<i>` for each entry."""
        places = find(text)
        wrappers = [_wrapper(entry, places, text) for entry in entries]
        whole = "\n".join(
            (
                "#define main xp_user_main",
                self_contained(text, path, self.include_dirs),
                "#undef main",
                '#line 1 "xpiler-entries"',
                '#include "xpiler/entry.h"',
                *wrappers,
                _symbols(places, text),
            )
        )
        return (TranslationUnit(path.name, whole, "g++", self._flags(whole, path)),)

    def program(self, text: str, path: Path) -> TranslationUnit:
        """The file as a program of its own, `main` and all."""
        whole = self_contained(text, path, self.include_dirs)
        return TranslationUnit(path.name, whole, "g++", self._flags(whole, path))

    def _flags(self, text: str, path: Path) -> tuple[str, ...]:
        folders = [path.parent, *self.include_dirs]
        hooked = _may_rely_on_lockstep(text)
        return (
            *building.PRELUDE,
            *(_CALL_PATHS if _IMPLICIT.search(text) or hooked else ()),
            *(building.HOOKS if hooked else ()),
            f"-DXPILER_WARP={self.warp}",
            *(f"-D{d}" for d in self.defines),
            "-w",
            *(part for f in folders for part in ("-I", str(f.resolve()))),
        )


def program_unit(text: str, path: Path, runtime: CudaRuntime | None = None) -> TranslationUnit:
    """A whole CUDA program as a translation unit."""
    return (runtime or CudaRuntime()).program(text, path)


def build_program(
    text: str,
    path: Path,
    *,
    runtime: CudaRuntime | None = None,
    opt: str = "-O1",
    extra_flags: Sequence[str] = (),
    cache: Cache | None = None,
) -> Built | BuildFailed:
    """The executable of a CUDA file that has a `main`."""
    unit = program_unit(text, path, runtime)
    return building.build_program((unit,), opt=opt, extra_flags=extra_flags, cache=cache)


_IMPLICIT = re.compile(
    r"\b(?:__shfl(?:_up|_down|_xor)?|__ballot|__any|__all|__activemask|coalesced_threads)\s*\("
)
"""Operations of the lanes that are at them together: which those are, the calls tell."""

_CALL_PATHS = (
    "-DXPILER_CALL_PATHS",
    *(
        "-O1",  # whatever the build asks for: higher levels move the ways of a branch about
        "-fno-inline",
        "-fno-reorder-blocks",
        "-fno-omit-frame-pointer",
        "-fno-optimize-sibling-calls",
        "-fno-thread-jumps",  # it would copy a call into both ways of a branch
    ),
)
"""Return addresses that tell where a thread is: one for each call of the source, in the source's order."""


_VOLATILE_DATA = re.compile(r"\bvolatile\b(?!\s*\()")  # not of an `asm`
_SHARED_MEMORY = re.compile(r"__shared__|::xpiler::(?:shared|dynamic)<")


def _may_rely_on_lockstep(text: str) -> bool:
    """Whether shared memory may be accessed as volatile, which is how lanes of a warp agreed on an order before Volta."""
    return bool(_VOLATILE_DATA.search(text) and _SHARED_MEMORY.search(text))


# --- local headers -----------------------------------------------------------------------------

_NEEDS_EDITS = re.compile(r"<<<|__shared__|__noinline__|\]\s*__device__")


def self_contained(text: str, path: Path, include_dirs: Iterable[Path] = ()) -> str:
    """`text` prepared for g++, with those local headers put in that need preparing themselves.

    Lines keep their numbers and files by `#line`. Other headers stay `#include`s.
    """
    return _prepared(text, path, tuple(include_dirs), frozenset({path.resolve()}))


def _prepared(text: str, path: Path, dirs: tuple[Path, ...], seen: frozenset[Path]) -> str:
    text = closed_up(text)
    places = find(text)
    edits = list(prepare_edits(places))
    for include in places.includes:
        header = _resolve(include.path, path.parent, dirs) if not include.system else None
        if header is None or header in seen:
            continue
        content = _read(header)
        if content is None or not _anything_to_edit(content, header, dirs, seen | {header}):
            continue
        inner = _prepared(content, header, dirs, seen | {header})
        guard = f"XP_ONCE_{digest(str(header))[:16]}"
        once = re.search(r"^\s*#\s*pragma\s+once", content, re.M) is not None
        inner = re.sub(r"(?m)^(\s*)#\s*pragma\s+once", r"\1", inner)
        before = f"#ifndef {guard}\n#define {guard}\n" if once else ""
        after = "\n#endif" if once else ""
        line = include.whole.line + 1
        put = f'\n{before}{inner}{after}\n#line {line} "{path.name}"'
        edits.append(Edit(include.whole.start, include.whole.end, put))
    return f'#line 1 "{path.name}"\n{apply(text, edits)}'


def _anything_to_edit(text: str, path: Path, dirs: tuple[Path, ...], seen: frozenset[Path]) -> bool:
    """Whether a header, or one that it includes, has CUDA syntax that g++ does not know."""
    if _NEEDS_EDITS.search(closed_up(text)):
        return True
    for m in re.finditer(r'^\s*#\s*include\s*"([^"\n]+)"', text, re.M):
        header = _resolve(m[1], path.parent, dirs)
        if header is None or header in seen:
            continue
        content = _read(header)
        if content is not None and _anything_to_edit(content, header, dirs, seen | {header}):
            return True
    return False


def _resolve(name: str, folder: Path, dirs: tuple[Path, ...]) -> Path | None:
    for base in (folder, *dirs):
        candidate = (base / name).resolve()
        if candidate.is_file():
            return candidate
    return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(errors="surrogateescape")
    except OSError:
        return None


# --- entries -----------------------------------------------------------------------------------


def _wrapper(entry: KernelEntry, places: Places, text: str) -> str:
    """`xp_call_<i>`: the kernel's own parameters from those of its IR form."""
    candidates = overloads(entry, places.functions)
    function = candidates[0] if candidates else None
    name = _spelled(entry, function)
    steps = argument_steps(entry, function)
    count = len(steps)
    lines = [f'extern "C" void xp_call_{entry.index}(const xp_launch *l, void *const *args) {{']
    lines += [f"  using namespace {n};" for n in _namespaces(function, text)]
    pointer = pointer_type(entry, candidates, places.functions, name)
    lines += ["  (void)args;", f"  using S = ::xpiler::Signature<{pointer}>;"]
    for i, step in enumerate(steps):
        lines.append(f"  static ::xpiler::Argument<typename S::template Param<{i}>> a{i};")
        lines += _given(entry, i, step)
    lines += _bound(entry, function)
    values = ", ".join(f"a{i}.value()" for i in range(count))
    cooperative = "true" if _is_cooperative(function, text, entry) else "false"
    label = entry.source_name.replace("\\", "").replace('"', "'")
    lines += [
        f"  auto body = [&] {{ {name}({values}); }};",
        f'  ::xpiler::call_entry(l, "{label}", {cooperative}, body);',
        "}",
    ]
    return "\n".join(lines).replace("typename S::template ", "S::")


def _given(entry: KernelEntry, number: int, step: Sequence[tuple[str, int]]) -> list[str]:
    """Statements that give a parameter its parts; a texture is made over its buffer."""
    parts = [texture_part(path) for path, _ in step]
    if not any(parts):
        return [f"  ::xpiler::put(&a{number}.value(){path}, args[{j}]);" for path, j in step]
    return _texture(f"t{number}", f"a{number}.value()", step)


def _bound(entry: KernelEntry, function: Function | None) -> list[str]:
    """Statements that bind the file's texture references to their buffers."""
    found = reference_steps(entry, function)
    return [
        line
        for k, (name, step) in enumerate(found.items())
        for line in _texture(f"r{k}", f"::{name}.xp_object", step)
    ]


def _texture(local: str, target: str, step: Sequence[tuple[str, int]]) -> list[str]:
    surface = any(path.startswith(".surface<") for path, _ in step)
    made = [f"  static ::xpiler::Bound{'Surface' if surface else 'Texture'} {local};"]
    word = ""
    for path, j in step:
        part = texture_part(path)
        if part is not None and part.ways:
            made.append(f"  static const unsigned {local}_ways[] = {{{_listed(part.ways)}}};")
            word += f" | {local}.way_of({local}_ways)"
        elif part is not None:
            word = f"{part.word}u" + word
        name = path if part is None else f".{part.name}"
        made.append(f"  ::xpiler::put(&{local}{name}, args[{j}]);")
    return [*made, f"  {target} = {local}.object({word});"]


def _listed(words: Sequence[int]) -> str:
    return ", ".join(f"{word}u" for word in words)


def _spelled(entry: KernelEntry, function: Function | None) -> str:
    """The instance's name, qualified: the wrapper stands at file scope."""
    name = entry.source_name.strip()
    plain = re.sub(r"<.*", "", name, flags=re.S)
    if function is None or "::" in plain or not function.scope:
        return name
    return "::".join((*function.scope, name))


def _namespaces(function: Function | None, text: str) -> tuple[str, ...]:
    if function is None:
        return ()
    return tuple(
        "::".join(function.scope[: i + 1])
        for i, name in enumerate(function.scope)
        if re.search(rf"\bnamespace\s+{re.escape(name)}\b", text)
    )


def _is_cooperative(function: Function | None, text: str, entry: KernelEntry) -> bool:
    if function is not None and function.body is not None and "this_grid" in function.body.text:
        return "LaunchCooperativeKernel" in text or ".sync" in function.body.text
    plain = re.escape(re.sub(r"<.*", "", entry.source_name, flags=re.S).strip())
    return re.search(rf"LaunchCooperativeKernel\s*\([^;]*\b{plain}\b", text) is not None


# --- data at file scope ------------------------------------------------------------------------


def _symbols(places: Places, text: str) -> str:
    """`xp_symbol`: addresses of the file's `__constant__` and `__device__` data by name."""
    lines = [
        'extern "C" void *xp_symbol(const char *name, size_t *bytes) {',
        "  (void)name, (void)bytes;",
    ]
    for data in places.globals:
        declared_elsewhere = data.whole.text.lstrip().startswith("extern")
        in_class = any(not re.search(rf"\bnamespace\s+{re.escape(s)}\b", text) for s in data.scope)
        template = data.whole.text.lstrip().startswith("template")
        if declared_elsewhere or in_class or template or _is_local(data.whole.start, places):
            continue
        name = "::".join((*data.scope, data.name))
        lines.append(
            f'  if (!strcmp(name, "{data.name}")) {{ *bytes = sizeof({name}); return (void *)&{name}; }}'
        )
    lines += ["  return nullptr;", "}"]
    return "\n".join(lines)


def _is_local(at: int, places: Places) -> bool:
    return any(f.body and f.body.start <= at < f.body.end for f in places.functions)
