"""Run `.mlu` files on the simulator, which is the instruction header compiled by g++."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from xpiler.backends.bang.printer import TYPE_NAMES
from xpiler.backends.base import KernelEntry, TranslationUnit
from xpiler.backends.late_types import namespace_at
from xpiler.frontends.edits import Edit, apply
from xpiler.frontends.place import find
from xpiler.ir.types import Pointer
from xpiler.records import dataclass

__all__ = ["HEADERS", "INCLUDE", "Simulator", "simulated"]

INCLUDE: Final = Path(__file__).parent / "isa" / "include"
"""Where bang.h and cnrt.h of the simulator are."""

HEADERS: Final = (INCLUDE / "bang.h", INCLUDE / "cnrt.h")
"""What an emitted file includes; read before it, precompiled."""

HARNESS: Final = Path(__file__).parents[2] / "runtime" / "include"

_ARRAY: Final = re.compile(
    rb"__(?:nram|wram|mlu_shared)__\s[^;={}()]*?\b(\w+)\s*(?:\[[^\]]*\])+\s*;"
)
_BUILD: Final = re.compile(r"(?m)^//[^\n]*--bang-mlu-arch=mtp_(\d+)")
_SYMBOL: Final = re.compile(r"static void \*xp_symbol_(\w+)\(size_t")


def simulated(text: str) -> str:
    """A `.mlu` file as C++, line for line: launches become calls, on-chip arrays announce themselves."""
    data = text.encode("utf-8", "surrogateescape")
    edits = list(_launches(text))
    for match in _ARRAY.finditer(data):
        if _inside_function(data, match.start()):
            name = match.group(1).decode()
            edits.append(
                Edit(match.end(), match.end(), f" ::bang::declare({name}, sizeof {name});")
            )
    return apply(data, edits).decode("utf-8", "surrogateescape")


def _arch(text: str) -> int:
    """The architecture of the build line at the head of an emitted file; 0 if there is none."""
    found = _BUILD.search(text)
    return int(found.group(1)) if found else 0


def _launches(text: str) -> Iterator[Edit]:
    for launch in find(text).launches:
        configs = ", ".join(c.text for c in launch.configs)
        args = ", ".join([launch.callee.text, *(a.text for a in launch.args)])
        start = f'::bang::Launcher(::bang::Where(), "{launch.name}", {configs})({args})'
        yield Edit(launch.whole.start, launch.whole.end, start)


def _inside_function(data: bytes, at: int) -> bool:
    return data.count(b"{", 0, at) > data.count(b"}", 0, at)


@dataclass(frozen=True, slots=True)
class Simulator:
    """The BANG C simulator. The architecture is what the file's build line names, else `arch`."""

    arch: int = 372

    @property
    def name(self) -> str:
        return "BANG C simulator"

    @property
    def kind(self) -> str:
        return "simulator"

    def available(self) -> str:
        return "" if shutil.which("g++") else "g++ is not installed"

    def units(
        self, text: str, path: Path, entries: Sequence[KernelEntry]
    ) -> tuple[TranslationUnit, ...]:
        body = simulated(text)
        # a program's own main gives way to the harness's
        own_main = ["#define main xp_user_main\n"] if entries else []
        parts = [
            *own_main,
            f'#line 1 "{path.name}"\n',
            body,
            "\n",
            *_entries(entries, text),
            _symbols(text),
        ]
        flags = (
            "-std=c++17",
            f"-I{INCLUDE}",
            f"-I{HARNESS}",
            f"-D__BANG_ARCH__={_arch(text) or self.arch}",
            "-fwrapv",
            "-fno-strict-aliasing",
            "-ffp-contract=off",
            "-w",
        )
        return (TranslationUnit(f"{path.stem}.mlu.cpp", "".join(parts), "g++", flags, HEADERS),)


def _entries(entries: Sequence[KernelEntry], text: str) -> Iterator[str]:
    """`xp_call_<i>` for each kernel, through the host function that the emitter puts beside it."""
    if entries:
        yield "#include <xpiler/harness.h>\n"
    for entry in entries:
        values = []
        for j, p in enumerate(entry.kernel.params):
            type_ = "void *" if isinstance(p.type, Pointer) else TYPE_NAMES[p.type]
            values.append(f"*({type_} *)args[{j}]")
        grid = "dim3(launch->grid[0], launch->grid[1], launch->grid[2])"
        block = "dim3(launch->block[0], launch->block[1], launch->block[2])"
        arguments = ", ".join(
            [grid, block, "(unsigned int)launch->shared_bytes", "nullptr", *values]
        )
        yield (
            f'extern "C" void xp_call_{entry.index}(const xp_launch *launch, void *const *args) {{\n'
            f"  (void)args;\n{_namespaces(entry, text)}  launch_{entry.symbol}({arguments});\n}}\n"
        )


def _namespaces(entry: KernelEntry, text: str) -> str:
    """What makes the entry's host function known outside of the namespaces in which it stands."""
    at = text.find(f"static void launch_{entry.symbol}(")
    name = namespace_at(text, at).removesuffix("::") if at >= 0 else ""
    return f"  using namespace {name};\n" if name else ""


def _symbols(text: str) -> str:
    """`xp_symbol`: the address and size of data at file scope."""
    names = dict.fromkeys(_SYMBOL.findall(text))
    if not names:
        return ""
    tests = "".join(f'  if (!strcmp(name, "{n}")) return xp_symbol_{n}(bytes);\n' for n in names)
    return (
        "#include <string.h>\n"
        'extern "C" void *xp_symbol(const char *name, size_t *bytes) {\n'
        f"{tests}  return nullptr;\n}}\n"
    )
