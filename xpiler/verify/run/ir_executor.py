"""Run programs of the IR as they stand between passes: printed as C, compiled with g++.

Several programs (the stages of a translation) go into one translation unit, each in a namespace of its
own: entry i is stage i. Data at file scope is shared, every run starts from its initial values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xpiler.backends.base import KernelEntry, TranslationUnit
from xpiler.ir.nodes import Kernel, Module
from xpiler.ir.print_c import print_module
from xpiler.ir.types import Pointer
from xpiler.records import dataclass
from xpiler.verify.run import build as building
from xpiler.verify.run.oracle import self_contained

__all__ = ["IrExecutor", "entries_of", "ir_unit"]

TASKS = 4


@dataclass(frozen=True, slots=True)
class IrExecutor:
    """Runs `programs`; the text it is given does not matter. `preamble` is C++ that declares a target's
    instructions, `flags` go to the compiler."""

    programs: tuple[Module, ...]
    preamble: str = ""
    flags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "the IR on the CPU"

    @property
    def kind(self) -> str:
        return "runtime"

    def available(self) -> str:
        import shutil

        return "" if shutil.which("g++") else "g++ is not installed"

    def units(
        self, text: str, path: Path, entries: Sequence[KernelEntry]
    ) -> tuple[TranslationUnit, ...]:
        """One unit with all programs; `entries` must be those of `entries_of`."""
        del text, path, entries
        return (ir_unit(self.programs, self.preamble, self.flags),)


def entries_of(programs: Sequence[Module]) -> tuple[KernelEntry, ...]:
    """One entry per program."""
    found = []
    for index, program in enumerate(programs):
        kernel = program.kernels[0]
        found.append(KernelEntry(index, kernel, kernel.name, f"stage_{index}::{kernel.name}"))
    return tuple(found)


def ir_unit(
    programs: Sequence[Module], preamble: str = "", flags: tuple[str, ...] = ()
) -> TranslationUnit:
    """The translation unit that defines `xp_call_<i>` for program i."""
    parts = [
        "#define XPILER_IR_TILES",
        '#include "xpiler/ir.h"',
        '#include "xpiler/entry.h"',
        preamble,
    ]
    parts.append(print_module(Module((), (), programs[0].globals)))
    for index, program in enumerate(programs):
        parts.append(_stage(index, program))
    for index, program in enumerate(programs):
        parts.append(_wrapper(index, program.kernels[0]))
    parts.append(_symbols(programs[0]))
    text = "\n".join(parts)
    # the flags of the source's own unit, so that both take the same precompiled header
    usual = (*building.PRELUDE, "-DXPILER_WARP=32", "-w")
    return TranslationUnit("stages.cpp", text, "g++", (*usual, *flags))


def _stage(index: int, program: Module) -> str:
    code = print_module(replace(program, globals=()))
    if program.kernels[0].level == "simt":
        code = self_contained(code, Path("stages.cu"))
    else:
        # what threads of a block share is an ordinary array once the block is a loop body
        code = code.replace("__shared__ ", "").replace("dynamic_shared(", "block_dynamic(")
    return f"namespace stage_{index} {{\n{code}\n}}\n"


def _wrapper(index: int, kernel: Kernel) -> str:
    values = []
    for n, param in enumerate(kernel.params):
        type_ = param.type
        spelled = f"{type_.elem} *" if isinstance(type_, Pointer) else str(type_)
        values.append(f"*static_cast<{spelled} *>(args[{n}])")
    name = f"stage_{index}::{kernel.name}"
    head = f'extern "C" void xp_call_{index}(const xp_launch *l, void *const *args) {{ (void)args;'
    if kernel.level == "simt":
        body = (
            f"  auto body = [&] {{ {name}({', '.join(values)}); }};\n"
            f'  ::xpiler::call_entry(l, "{kernel.name}", l->cooperative, body);'
        )
    else:
        launch = "::xpiler::ir_grid(l), ::xpiler::ir_block(l), static_cast<u32>(l->shared_bytes)"
        call = f"{name}({', '.join([launch, *values])});"
        if kernel.level == "task":
            call = f"for (taskId = 0; taskId < taskDim; ++taskId) {{ {call} }}"
        body = f"  ::xpiler::ir_begin(l); {call}"
    return f"{head}\n{body}\n}}"


def _symbols(program: Module) -> str:
    lines = ['extern "C" void *xp_symbol(const char *name, size_t *bytes) { (void)bytes;']
    for g in program.globals:
        lines.append(
            f'  if (!strcmp(name, "{g.name}")) {{ *bytes = sizeof {g.name}; return (void *)&{g.name}; }}'
        )
    return "\n".join([*lines, "  (void)name; return nullptr;", "}"])
