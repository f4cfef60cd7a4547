"""Kernels through the passes, on the simulator as one shared object: what the tests of the passes call."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from xpiler.backends.bang.emit import program_text
from xpiler.backends.bang.passes.atomics import ATOMICS
from xpiler.backends.bang.passes.bind import BIND
from xpiler.backends.bang.passes.cache import CACHE
from xpiler.backends.bang.passes.distribute import DISTRIBUTE
from xpiler.backends.bang.passes.doubles import DOUBLES
from xpiler.backends.bang.passes.matmul import MATMUL
from xpiler.backends.bang.passes.pipeline import PIPELINE
from xpiler.backends.bang.passes.reroll import REROLL
from xpiler.backends.bang.passes.rows import ROWS
from xpiler.backends.bang.passes.tensorize import TENSORIZE
from xpiler.backends.bang.target import FACTS
from xpiler.backends.bang.toolchain import Simulator
from xpiler.backends.bang.words import vocabulary
from xpiler.backends.base import KernelEntry
from xpiler.ir.check import check
from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_module
from xpiler.passes.base import Applied, Context, Pass, Unsupported

__all__ = ["PASSES", "SMALL", "WORDS", "Array", "Library", "lowered"]

Array = np.ndarray[Any, Any]
PASSES = (DOUBLES, BIND, DISTRIBUTE, REROLL, ROWS, CACHE, MATMUL, TENSORIZE, PIPELINE, ATOMICS)
SMALL = {"loop_bind": {"tile": 256}}  # so that a task has several tiles
WORDS = vocabulary()
FRONT = "#include <bang.h>\n#include <cnrt.h>\n"


def lowered(text: str, passes: tuple[Pass, ...] = PASSES) -> tuple[Module, dict[str, object]]:
    """The program after the passes, each result well-formed and printable, and every outcome by name."""
    program = parse_module(text)
    outcomes: dict[str, object] = {}
    for pass_ in passes:
        outcome = pass_.rewrite(program, Context(SMALL.get(pass_.name, {}), FACTS))
        outcomes[pass_.name] = outcome
        assert not isinstance(outcome, Unsupported), outcome
        if isinstance(outcome, Applied):
            program = outcome.program
            assert check(program, WORDS.instructions) == ()
            text = print_module(program)
            again = parse_module(text, instructions=WORDS.instructions, spaces=WORDS.spaces)
            assert again == program, text
    return program, outcomes


class Library:
    """The kernels, by name, in one shared object."""

    def __init__(self, folder: Path, kernels: Mapping[str, str]) -> None:
        self.names = list(kernels)
        self.texts: dict[str, str] = {}
        self.outcomes: dict[str, dict[str, object]] = {}
        units = []
        for n, (name, source) in enumerate(kernels.items()):
            program, self.outcomes[name] = lowered(source)
            self.texts[name] = program_text(program, name)
            entry = KernelEntry(n, program.kernels[0], name, name)
            (unit,) = Simulator().units(self.texts[name], Path(f"{name}.mlu"), (entry,))
            body = unit.text.replace("#define main xp_user_main\n", "")
            units.append(f"namespace {name}_ {{\n{_bare(body)}\n}}\n")
        source_file = folder / "all.cpp"
        front = FRONT + "#include <math.h>\n#include <xpiler/harness.h>\n"
        source_file.write_text(front + "".join(units), encoding="utf-8")
        command = [
            "g++",
            *unit.flags,
            "-O1",
            "-shared",
            "-fPIC",
            str(source_file),
            "-o",
            str(folder / "all.so"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:3000]
        self.library = ctypes.CDLL(str(folder / "all.so"))

    def call(self, name: str, grid: tuple[int, ...], block: tuple[int, ...], *args: object) -> None:
        class Launch(ctypes.Structure):
            _fields_ = (
                ("grid", ctypes.c_uint * 3), ("block", ctypes.c_uint * 3), ("shared", ctypes.c_size_t),
                ("warp", ctypes.c_uint), ("seed", ctypes.c_uint), ("cooperative", ctypes.c_uint),
            )  # fmt: skip

        launch = Launch()
        launch.grid[:] = (*grid, 1, 1)[:3]
        launch.block[:] = (*block, 1, 1)[:3]
        values: list[Any] = []
        for a in args:
            if isinstance(a, np.ndarray):
                values.append(ctypes.c_void_p(a.ctypes.data))
            else:
                values.append(
                    ctypes.c_float(a) if isinstance(a, float) else ctypes.c_int(int(str(a)))
                )
        pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(v) for v in values))
        number = self.names.index(name)
        getattr(self.library, f"xp_call_{number}")(ctypes.byref(launch), pointers)


def _bare(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("#include"))
