"""Compiles translation units with the runtime to programs, cached by content.

Everything that was built once with the same text, flags, compiler and headers comes from the cache. The
runtime's own objects are built once per machine, its headers once per set of flags (precompiled).
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from xpiler.backends.base import TranslationUnit
from xpiler.records import dataclass
from xpiler.store import Cache, digest, file_digest

__all__ = [
    "HOOKS",
    "PRELUDE",
    "RUNTIME",
    "BuildDiagnostic",
    "BuildFailed",
    "Built",
    "build",
    "build_library",
    "build_object",
    "build_program",
    "build_sandbox",
    "runtime_is_built",
]

RUNTIME = Path(__file__).resolve().parents[2] / "runtime"
INCLUDE = RUNTIME / "include"
PRELUDE = ("-include", "xpiler/prelude.h")
"""Flags of a unit that is CUDA text: build replaces them by a precompiled header."""

HOOKS = (
    "-fsanitize=thread",
    *("--param", "tsan-distinguish-volatile=1", "--param", "tsan-instrument-func-entry-exit=0"),
)
"""Calls before each access of memory, to the runtime's own functions (`lockstep.cpp`): no library is linked."""

_COMMON = ("-g0", "-fwrapv", "-ffp-contract=off", "-fno-strict-aliasing", "-pipe")
_CHECKS = ("-fsanitize=bounds",)
"""Indices into arrays of a known size are checked; the handler is the runtime's own, no library is linked."""
_TIMEOUT = 120.0
_JOBS = 2


@dataclass(frozen=True, slots=True)
class BuildDiagnostic:
    """A compiler's message; line and column are 1-based, 0 where it names none."""

    file: str
    line: int
    column: int
    severity: str
    message: str


@dataclass(frozen=True, slots=True)
class Built:
    """A program, an object or a library at `path`; `cached` if nothing had to be compiled."""

    path: Path
    cached: bool


@dataclass(frozen=True, slots=True)
class BuildFailed:
    """The compiler refused. `stderr` as it was, `diagnostics` its errors and warnings."""

    stderr: str
    diagnostics: tuple[BuildDiagnostic, ...]

    @property
    def summary(self) -> str:
        """The first error as one line."""
        for d in self.diagnostics:
            if d.severity in ("error", "fatal error"):
                return f"{d.file}:{d.line}: {d.message}"
        return self.stderr.strip().splitlines()[0] if self.stderr.strip() else "the compiler failed"


_MESSAGE = re.compile(
    r"^(?P<file>[^\s:][^:\n]*):(?:(?P<line>\d+):)?(?:(?P<column>\d+):)?\s*"
    r"(?P<severity>fatal error|error|warning|note): (?P<message>.*)$",
    re.M,
)


def _failed(stderr: str) -> BuildFailed:
    return BuildFailed(
        stderr,
        tuple(
            BuildDiagnostic(
                m["file"], int(m["line"] or 0), int(m["column"] or 0), m["severity"], m["message"]
            )
            for m in _MESSAGE.finditer(stderr)
        ),
    )


@functools.cache
def _version(compiler: str) -> str:
    """What identifies the compiler; empty if there is none."""
    path = shutil.which(compiler)
    if path is None:
        return ""
    stat = Path(path).resolve().stat()
    return f"{path}:{stat.st_size}:{stat.st_mtime_ns}"


@functools.cache
def _headers_digest() -> str:
    files = sorted(p for p in RUNTIME.rglob("*") if p.suffix in (".h", ".hpp", ".cpp", ".c"))
    return digest(*(part for p in files for part in (str(p.relative_to(RUNTIME)), p.read_bytes())))


@functools.cache
def _machine_flags() -> tuple[str, ...]:
    """Hardware half conversions where this processor has them; results are the same."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ()
    return ("-mf16c",) if re.search(r"^flags\s*:.*\bf16c\b", text, re.M) else ()


def _run(command: Sequence[str], text: str | None = None) -> str | None:
    """None when the compiler succeeded, else what it said."""
    try:
        done = subprocess.run(
            command,
            input=None if text is None else text.encode("utf-8", "surrogateescape"),
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        return f"{command[0]}: error: not found"
    except subprocess.TimeoutExpired:
        return f"{command[0]}: error: took more than {_TIMEOUT:.0f} s"
    return None if done.returncode == 0 else done.stderr.decode(errors="replace")


def _language(compiler: str) -> tuple[str, ...]:
    name = Path(compiler).name
    if "++" in name:
        return ("-x", "c++", "-std=c++17")
    return ("-x", "c", "-std=gnu11")


def _dependencies(makefile: Path) -> tuple[Path, ...]:
    """Local files that an object was made from, without system headers and the runtime's."""
    try:
        text = makefile.read_text()
    except OSError:
        return ()
    makefile.unlink()
    names = text.replace("\\\n", " ").partition(": ")[2].split()
    paths = (Path(name) for name in names if name not in ("-", "/dev/stdin"))
    return tuple(p for p in paths if not p.is_relative_to(RUNTIME) and p.suffix != ".gch")


def _precompiled(
    headers: Sequence[str], flags: tuple[str, ...], cache: Cache
) -> tuple[str, ...] | BuildFailed:
    """Flags that include the headers, precompiled for exactly these flags."""
    text = "".join(f'#include "{name}"\n' for name in headers)
    key = digest("pch", _version("g++"), _headers_digest(), text, *flags)
    include = ("-include", str(cache.path(key, ".h")))
    if _has_header(key, cache):
        return include
    with cache.making(key):
        failed = None if _has_header(key, cache) else _precompile(key, text, flags, cache)
    return failed or include


def _has_header(key: str, cache: Cache) -> bool:
    return cache.get(key, ".h.gch") is not None and cache.path(key, ".h").exists()


def _precompile(key: str, text: str, flags: tuple[str, ...], cache: Cache) -> BuildFailed | None:
    header = cache.path(key, ".h")
    scratch = cache.scratch(key, ".h")
    scratch.write_text(text)
    scratch.replace(header)
    made = cache.scratch(key, ".h.gch")
    listed = made.with_suffix(".d")
    listing = ("-MMD", "-MF", str(listed))
    error = _run(("g++", "-x", "c++-header", *flags, *listing, str(header), "-o", str(made)))
    if error is not None:
        made.unlink(missing_ok=True)
        listed.unlink(missing_ok=True)
        return _failed(error)
    cache.put(key, ".h.gch", made, (p for p in _dependencies(listed) if p != header))
    mark = _built_mark(cache)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    return None


def _built_mark(cache: Cache) -> Path:
    return cache.path(digest("runtime", _version("g++"), _headers_digest()), ".built")


def runtime_is_built(cache: Cache | None = None) -> bool:
    """Whether this runtime's headers were precompiled here before: the first verification takes seconds longer."""
    return _built_mark(cache or Cache.default()).exists()


def _compile(
    unit: TranslationUnit, flags: tuple[str, ...], cache: Cache
) -> tuple[Path, bool] | BuildFailed:
    unit_flags = unit.flags
    prelude = unit_flags[:2] == PRELUDE
    if prelude:
        unit_flags = ("-fno-access-control", *_machine_flags(), *unit_flags[2:])
    all_flags = (*_COMMON, *flags, *unit_flags, "-I", str(INCLUDE))
    key = digest(
        *("obj", _version(unit.compiler), _headers_digest(), str(prelude), *all_flags),
        *("before", *map(str, unit.before), unit.text),
    )
    found = cache.get(key, ".o")
    if found is not None:
        return found, True
    before: tuple[str, ...] = ()
    headers = ("xpiler/prelude.h",) if prelude else tuple(map(str, unit.before))
    if headers:
        folders = (f"-I{header.parent}" for header in unit.before)
        fixed = (*_language(unit.compiler)[2:], *_without_paths(all_flags), *folders)
        precompiled = _precompiled(headers, fixed, cache)
        if isinstance(precompiled, BuildFailed):
            return precompiled
        before = precompiled
    with cache.making(key):
        found = cache.get(key, ".o")
        if found is not None:
            return found, True
        return _compile_now(unit, key, (*all_flags, *before), [Path(p) for p in before[1:]], cache)


def _compile_now(
    unit: TranslationUnit,
    key: str,
    flags: tuple[str, ...],
    headers: Sequence[Path],
    cache: Cache,
) -> tuple[Path, bool] | BuildFailed:
    made = cache.scratch(key, ".o")
    makefile = made.with_suffix(".d")
    listing = ("-MMD", "-MF", str(makefile))
    error = _run(
        (unit.compiler, *_language(unit.compiler), *flags, *listing, "-c", "-", "-o", str(made)),
        f'#line 1 "{unit.name}"\n{unit.text}',
    )
    if error is not None:
        made.unlink(missing_ok=True)
        makefile.unlink(missing_ok=True)
        return _failed(error)
    sources = (*_dependencies(makefile), *(p for h in headers for p in _headers_of(h)))
    return cache.put(key, ".o", made, sources), False


def _headers_of(precompiled: Path) -> Iterator[Path]:
    """What a precompiled header was made from: the compiler does not list that for what includes it."""
    recorded = Cache.made_from(precompiled.with_name(precompiled.name + ".gch"))
    return map(Path, recorded or {})


def _without_paths(flags: Sequence[str]) -> tuple[str, ...]:
    """Flags without the user's include folders and names: they don't change the prelude."""
    kept: list[str] = []
    skip = False
    for flag in flags:
        if skip:
            skip = False
        elif flag in ("-I", "-iquote") and flag != str(INCLUDE):
            skip = True
        elif not flag.startswith(("-I", "-iquote")):
            kept.append(flag)
    return (*kept, "-I", str(INCLUDE))


def _compile_all(
    units: Sequence[TranslationUnit], flags: tuple[str, ...], cache: Cache
) -> list[tuple[Path, bool]] | BuildFailed:
    def one(unit: TranslationUnit) -> tuple[Path, bool] | BuildFailed:
        return _compile(unit, flags, cache)

    if len(units) == 1:
        results = [one(units[0])]
    else:
        with ThreadPoolExecutor(_JOBS) as pool:
            results = list(pool.map(one, units))
    objects: list[tuple[Path, bool]] = []
    for result in results:
        if isinstance(result, BuildFailed):
            return result
        objects.append(result)
    return objects


_RUNTIME_UNITS = (
    "fiber.cpp",
    "scheduler.cpp",
    "barriers.cpp",
    "warp.cpp",
    "shared.cpp",
    "launch.cpp",
    "faults.cpp",
    "memory.cpp",
    "host.cpp",
    "texture.cpp",
    "graph.cpp",
    "lockstep.cpp",
)
_RUNTIME_FLAGS = ("-O2", "-fno-omit-frame-pointer", "-Wall", "-Wextra")


def _runtime_units(names: Sequence[str]) -> tuple[TranslationUnit, ...]:
    source = RUNTIME / "src"
    return tuple(
        TranslationUnit(
            name, (source / name).read_text(), "g++", (*_RUNTIME_FLAGS, "-I", str(source))
        )
        for name in names
    )


@functools.cache
def _linker_flags() -> tuple[str, ...]:
    """gold links in a third of the time where it is installed."""
    return ("-fuse-ld=gold",) if shutil.which("ld.gold") else ()


_LINKED = ("-fopenmp", "-fsanitize", "-l", "-L", "-pthread", "-static", "-march")


def build(
    units: Sequence[TranslationUnit],
    entries: int | Collection[int],
    *,
    opt: str = "-O1",
    extra_flags: Sequence[str] = (),
    cache: Cache | None = None,
) -> Built | BuildFailed:
    """A program of `units` with `entries` entries (how many, or their numbers), the harness and the runtime, to be
    run by `harness.execute`.

    Each entry `xp_call_<i>` has to be defined by one of the units; a missing one is a failed build. Indices
    into arrays are checked (`Run.unchecked` lets them pass).
    """
    numbers = range(entries) if isinstance(entries, int) else entries
    required = tuple(f"-Wl,--defsym=xp_need_{i}=xp_call_{i}" for i in numbers)
    runtime = ("harness.cpp", *_RUNTIME_UNITS)
    required += ("-Wl,--warn-unresolved-symbols",)  # host code may call other files of its program
    return _link(units, runtime, required, (opt, *_CHECKS), extra_flags, cache)


def build_program(
    units: Sequence[TranslationUnit],
    *,
    opt: str = "-O1",
    extra_flags: Sequence[str] = (),
    cache: Cache | None = None,
) -> Built | BuildFailed:
    """A program that has its own `main`, on the runtime."""
    return _link(units, _RUNTIME_UNITS, (), (opt,), extra_flags, cache)


def build_library(
    units: Sequence[TranslationUnit],
    *,
    runtime: bool,
    opt: str = "-O2",
    cache: Cache | None = None,
) -> Built | BuildFailed:
    """A shared library of a file with its host functions, to be loaded and called by name.

    With `runtime` the CUDA-on-CPU runtime is part of it; without, every symbol has to be the file's own.
    """
    linking = ("-shared", "-Wl,--no-undefined")
    return _link(units, _RUNTIME_UNITS if runtime else (), linking, (opt,), ("-fPIC",), cache)


def _link(
    units: Sequence[TranslationUnit],
    runtime: Sequence[str],
    link_flags: tuple[str, ...],
    compile_flags: tuple[str, ...],
    extra_flags: Sequence[str],
    cache: Cache | None,
) -> Built | BuildFailed:
    store = cache or Cache.default()
    objects = _compile_all(units, (*compile_flags, *extra_flags), store)
    if isinstance(objects, BuildFailed):
        return objects
    position_independent = tuple(flag for flag in extra_flags if flag == "-fPIC")
    own = _compile_all(_runtime_units(runtime), position_independent, store)
    if isinstance(own, BuildFailed):
        return own
    flags = [*link_flags, *_linker_flags()]
    for flag in (*extra_flags, *(f for u in units for f in u.flags)):
        if flag.startswith(_LINKED) and flag not in (*flags, HOOKS[0]):
            flags.append(flag)
    paths = [str(p) for p, _ in (*objects, *own)]
    contents = [file_digest(p) for p, _ in (*objects, *own)]
    key = digest("bin", _version("g++"), *contents, *flags)
    found = store.get(key, "")
    if found is not None:
        return Built(found, all(cached for _, cached in objects))
    made = store.scratch(key, "")
    error = _run(("g++", *paths, "-rdynamic", *flags, "-ldl", "-lm", "-o", str(made)))
    if error is not None:
        made.unlink(missing_ok=True)
        return _failed(error)
    made.chmod(0o755)
    return Built(store.put(key, "", made), False)


def build_object(
    unit: TranslationUnit,
    *,
    opt: str = "-O1",
    extra_flags: Sequence[str] = (),
    shared: bool = False,
    cache: Cache | None = None,
) -> Built | BuildFailed:
    """One unit as an object file, or as a shared library of its own (without the runtime)."""
    store = cache or Cache.default()
    flags = (opt, *extra_flags, *(("-fPIC",) if shared else ()))
    compiled = _compile(unit, flags, store)
    if isinstance(compiled, BuildFailed):
        return compiled
    path, cached = compiled
    if not shared:
        return Built(path, cached)
    key = digest("lib", file_digest(path), *flags)
    found = store.get(key, ".so")
    if found is not None:
        return Built(found, cached)
    made = store.scratch(key, ".so")
    linked = tuple(f for f in (*unit.flags, *extra_flags) if f.startswith(_LINKED))
    error = _run((unit.compiler, "-shared", str(path), *linked, "-lm", "-o", str(made)))
    if error is not None:
        made.unlink(missing_ok=True)
        return _failed(error)
    return Built(store.put(key, ".so", made), False)


def build_sandbox(cache: Cache | None = None) -> Built | BuildFailed:
    """The helper that `sandbox` starts programs with."""
    store = cache or Cache.default()
    source = RUNTIME / "src" / "sandbox.c"
    key = digest("sandbox", _version("gcc"), source.read_bytes())
    found = store.get(key, "")
    if found is not None:
        return Built(found, True)
    made = store.scratch(key, "")
    error = _run(("gcc", "-O1", str(source), "-o", str(made)))
    if error is not None:
        made.unlink(missing_ok=True)
        return _failed(error)
    made.chmod(0o755)
    return Built(store.put(key, "", made), False)
