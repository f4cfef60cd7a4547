"""What a target is: a pass list, an emitter, executors. A target is a folder; this is its contract.

`xpiler.backends.<name>.target.TARGET` (or an entry point in the group `xpiler.targets`) is a `Target`.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Protocol

from xpiler.ir.diagnostics import Diagnostic
from xpiler.ir.nodes import Kernel, Module
from xpiler.ir.types import Scalar, Space, Type
from xpiler.passes.base import Pass
from xpiler.records import dataclass

__all__ = [
    "Diagnostic",
    "Emit",
    "EmitRequest",
    "Emitted",
    "Executor",
    "KernelEntry",
    "Manual",
    "ManualEntry",
    "Meaning",
    "OnRuntime",
    "Option",
    "Pipeline",
    "Target",
    "Tool",
    "TranslatedKernel",
    "TranslationUnit",
    "Vocabulary",
]


@dataclass(frozen=True, slots=True)
class TranslationUnit:
    """A file to compile. `compiler` is `g++` or `gcc`; `flags` come beside the harness's own.

    `before` are headers that stand before the text, precompiled (g++ only): those of a target's simulator, whose reading
    takes longer than that of the text. They have guards, so that the text may include them again.
    """

    name: str
    text: str
    compiler: str = "g++"
    flags: tuple[str, ...] = ()
    before: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class KernelEntry:
    """A kernel to call: its `simt` form as lifted (names, parameters, instance), and how to call it.

    `source_name` is what the source calls it (`reduce<float, 256>`), `symbol` the emitted C name,
    `index` its number `i` in `xp_call_<i>`.
    """

    index: int
    kernel: Kernel
    source_name: str
    symbol: str


class Executor(Protocol):
    """Something that runs a program: the CUDA-on-CPU runtime, a simulator, real hardware.

    `units` gives translation units that together define, for every entry `i`,
    `extern "C" void xp_call_<i>(const xp_launch *launch, void *const *args)` (`xpiler/harness.h`):
    `args[j]` points at the value of the j-th parameter of `entry.kernel` in IR order (for a buffer:
    at the pointer). Harness and sandbox do the rest.
    """

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str:
        """`hardware`, `simulator` or `runtime`."""
        ...

    def available(self) -> str:
        """Empty when it can run here, else why not."""
        ...

    def units(
        self, text: str, path: Path, entries: Sequence[KernelEntry]
    ) -> tuple[TranslationUnit, ...]: ...


@dataclass(frozen=True, slots=True)
class OnRuntime:
    """Says that a target's files are CUDA under other names, so that what runs the source runs them too.

    `defines` choose the names, `warp` is the number of lanes, `name` what reports call it. The CUDA-on-CPU runtime lives
    above the targets: `xpiler.verify.run.executors` makes the `Executor` of it.
    """

    name: str
    warp: int
    defines: tuple[str, ...]

    @property
    def kind(self) -> str:
        return "runtime"

    def available(self) -> str:
        return "" if shutil.which("g++") else "g++ is not installed"


@dataclass(frozen=True, slots=True)
class TranslatedKernel:
    """A kernel after its pipeline: `source` as lifted, `program` what the last accepted pass left."""

    entry: KernelEntry
    source: Module
    program: Module


@dataclass(frozen=True, slots=True)
class EmitRequest:
    """What an emitter gets: the user's file, byte for byte, and the kernels that were translated.

    `options` are the target's own command-line options (`arch`, ...). Kernels of the file that are not in
    `kernels` were refused; the emitter leaves them out or as they were and says so in the text.
    """

    text: str
    path: Path
    kernels: tuple[TranslatedKernel, ...]
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Emitted:
    """The finished file: `suffix` (`.hip`, `.mlu`, `.c`, `.cpp`) is chosen by content."""

    text: str
    suffix: str
    diagnostics: tuple[Diagnostic, ...] = ()


class Emit(Protocol):
    def __call__(self, request: EmitRequest) -> Emitted: ...


class Pipeline(Protocol):
    def __call__(self, program: Module, options: Mapping[str, str]) -> tuple[Pass, ...]: ...


@dataclass(frozen=True, slots=True)
class ManualEntry:
    """A declared instruction as its header documents it, for prompts and the documentation.

    `signature` is its C declaration, `summary` one sentence, `requires` what its checks demand,
    `meaning` the body that says what it does, in C.
    """

    name: str
    signature: str
    summary: str
    requires: tuple[str, ...]
    meaning: str


class Manual(Protocol):
    def __call__(self) -> tuple[ManualEntry, ...]: ...


def no_manual() -> tuple[ManualEntry, ...]:
    """A target without declared instructions."""
    return ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What programs for the target may name: result types of instructions, spaces by their keyword."""

    instructions: Mapping[str, Type] = field(default_factory=dict)
    spaces: Mapping[str, Space] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Meaning:
    """The target's instructions as C++ that can be called one by one: what they do, and what they refuse.

    `text` declares them and defines `xp_begin(task)` (a task starts), `xp_end()` (it ends; nonzero and a message
    when it must not) and `xp_on_chip(space, bytes)` (a new array in a space of the target's own, null for others).
    `types` are the C names of scalars where they are not the plain ones. `shapes` gives for each instruction or
    word what it takes and gives, as a text: two of the same shape can be taken for each other. `far` are those whose
    addresses depend on 64-bit registers: no guard is wide enough for them.
    """

    text: str
    flags: tuple[str, ...] = ()
    types: Mapping[Scalar, str] = field(default_factory=dict)
    shapes: Mapping[str, str] = field(default_factory=dict)
    far: frozenset[str] = frozenset()


class Meanings(Protocol):
    def __call__(self) -> Meaning | None: ...


def no_meaning() -> Meaning | None:
    """A target whose programs call nothing that is declared."""
    return None


class Words(Protocol):
    def __call__(self) -> Vocabulary: ...


@dataclass(frozen=True, slots=True)
class Option:
    """A target's own option: `--arch gfx90a`."""

    name: str
    choices: tuple[str, ...]
    default: str
    help: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A program beside xpiler that a target can use: whether it is here, which, and what it adds."""

    name: str
    found: bool
    detail: str
    adds: str


class Tools(Protocol):
    def __call__(self) -> tuple[Tool, ...]: ...


def no_tools() -> tuple[Tool, ...]:
    """A target that uses nothing else."""
    return ()


@dataclass(frozen=True, slots=True)
class Target:
    """A target machine. `facts` are its numbers for passes and prompts (bytes, lanes, ...).

    `edits_source`: its emitter edits the source instead of printing kernels anew, so a kernel that
    cannot be lifted is translated all the same, without evidence. `suffixes` are those of its files, by
    which `xpiler verify` finds who runs them. `tools` are looked for by `xpiler doctor`.
    """

    name: str
    title: str
    pipeline: Pipeline
    emit: Emit
    executors: tuple[Executor | OnRuntime, ...]
    facts: Mapping[str, int]
    options: tuple[Option, ...] = ()
    edits_source: bool = False
    suffixes: tuple[str, ...] = ()
    manual: Manual = no_manual
    vocabulary: Words = Vocabulary
    meaning: Meanings = no_meaning
    tools: Tools = no_tools
