"""Who runs an emitted file: the simulator that the instruction headers are, or this machine's own AVX-512."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from xpiler.backends.avx512.emit.entry import callable_text, entry_unit
from xpiler.backends.avx512.isa.catalog import SIMULATOR
from xpiler.backends.base import KernelEntry, TranslationUnit
from xpiler.backends.late_types import namespace_at
from xpiler.records import dataclass

__all__ = ["EXECUTORS", "Native", "Simulator"]

# what a gcc without further flags takes for granted is what the emitted file has to be right under
_FLAGS: Final = ("-O2", "-fno-fast-math")
NATIVE_FLAGS: Final = ("-O3", "-march=icelake-server", "-fopenmp")
_MAIN: Final = ("-Dmain=xp_user_main",)
"""The harness has a main function of its own."""
_NEEDED: Final = frozenset({"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"})


def _cpu_flags() -> frozenset[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    match = re.search(r"^flags\s*:(.*)$", text, re.M)
    return frozenset(match[1].split()) if match else frozenset()


def _simulator_flags() -> tuple[str, ...]:
    """Vector code of this CPU makes the simulator several times faster; its results are the same."""
    have = _cpu_flags()
    fast = tuple(f"-m{name}" for name in ("avx2", "fma") if name in have)
    vectors = ("-ftree-slp-vectorize", "-fvect-cost-model=dynamic")
    return (
        f"-I{SIMULATOR}",
        *_FLAGS,
        *fast,
        *vectors,
        "-Wno-psabi",
        "-Wno-unknown-pragmas",
        "-fno-openmp",
    )


_FILE_DATA: Final = re.compile(
    r"^static (?!inline\b|const\b)[\w ]*?\b(\w+)(?:\[[^\]]*\])*(?: = [^;]*)?;", re.M
)


def _symbols(text: str) -> str:
    """`xp_symbol`: where the harness finds the file's data, which it sets as a host would."""
    found = {match[1]: match.start(1) for match in reversed(list(_FILE_DATA.finditer(text)))}
    lines = [
        f'  if (!__builtin_strcmp(name, "{n}")) {{ *bytes = sizeof {q}; return (void *)&{q}; }}'
        for n, at in reversed(found.items())
        for q in (namespace_at(text, at) + n,)
    ]
    head = "void *xp_symbol(const char *name, __SIZE_TYPE__ *bytes) {"
    linkage = '#ifdef __cplusplus\nextern "C"\n#endif'
    return "\n".join(
        ("", linkage, head, *lines, "  (void)name, (void)bytes;", "  return 0;", "}", "")
    )


def _is_cpp(text: str) -> bool:
    return "struct dim3 {" in text


@dataclass(frozen=True, slots=True)
class Simulator:
    """The emitted file compiled as C++ with the instruction headers in place of immintrin.h."""

    @property
    def name(self) -> str:
        return "avx512-simulator"

    @property
    def kind(self) -> str:
        return "simulator"

    def available(self) -> str:
        return "" if shutil.which("g++") else "g++ is not installed"

    def units(
        self, text: str, path: Path, entries: Sequence[KernelEntry]
    ) -> tuple[TranslationUnit, ...]:
        flags = _simulator_flags()
        # the descriptions are C++: a C file is compiled as that, its kernels keep their names
        text = callable_text(text, cpp=True)
        main = TranslationUnit(
            path.with_suffix(".cpp").name,
            text + _symbols(text),
            "g++",
            (*flags, *_MAIN, f"-I{path.parent}"),
            (SIMULATOR / "immintrin.h",),
        )
        calls = entry_unit(text, entries)
        return (main, TranslationUnit("calls.cpp", calls, "g++", ("-O1",)))


@dataclass(frozen=True, slots=True)
class Native:
    """The emitted file as a user would build it, on a CPU that has the instructions."""

    @property
    def name(self) -> str:
        return "avx512-cpu"

    @property
    def kind(self) -> str:
        return "hardware"

    def available(self) -> str:
        missing = sorted(_NEEDED - _cpu_flags())
        if missing:
            return f"this CPU lacks {', '.join(missing)}"
        return "" if shutil.which("g++") else "g++ is not installed"

    def units(
        self, text: str, path: Path, entries: Sequence[KernelEntry]
    ) -> tuple[TranslationUnit, ...]:
        cpp = _is_cpp(text)
        text = callable_text(text, cpp=cpp)
        name = path.with_suffix(".cpp" if cpp else ".c").name
        main = TranslationUnit(
            name,
            text + _symbols(text),
            "g++" if cpp else "gcc",
            (*NATIVE_FLAGS, *_MAIN, f"-I{path.parent}"),
        )
        calls = entry_unit(text, entries)
        return (main, TranslationUnit("calls.cpp", calls, "g++", ("-O1",)))


EXECUTORS: Final = (Native(), Simulator())
