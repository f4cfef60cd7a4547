"""The state of lifting one kernel or device function: names, buffers, what declarations stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING, Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.ctype import CType, TypeTable
from xpiler.frontends.lift.samplers import Samplers
from xpiler.frontends.lift.values import BufferInfo, OpaqueValue, Place, RefusedConstruct
from xpiler.ir.diagnostics import Diagnostic
from xpiler.ir.functions import ATOMICS, BUILTINS, FUNCTIONS, WARP_OPS
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Const,
    Declare,
    Expr,
    Function,
    GlobalBuffer,
    Span,
    Stmt,
    Var,
)
from xpiler.ir.types import SCALARS, Scalar
from xpiler.records import dataclass

if TYPE_CHECKING:
    from xpiler.frontends.lift.surfaces import Surface
    from xpiler.frontends.lift.textures import Texture

__all__ = ["FileState", "Lifter", "identifier"]

_WORDS: Final = (
    "auto break case char const continue default do double else enum extern float for goto "
    "if inline int long register restrict return short signed sizeof static struct switch "
    "typedef union unsigned void volatile while bool true false class namespace template "
    "typename using new delete this operator public private protected friend virtual try "
    "catch throw and or not xor parallel tile ref assume barrier dynamic_shared main "
    "blockIdx threadIdx blockDim gridDim dim3 asm typeof tile_fill tile_load tile_store "
    "tile_mma NAN INF NANf INFf INFINITY M_PI near far huge "
)
_RESERVED: Final = frozenset(
    (*_WORDS.split(), *ATOMICS.values(), *BUILTINS, *FUNCTIONS, *WARP_OPS, *SCALARS)
)


def identifier(text: str) -> str:
    """`text` made a C identifier that no keyword or builtin name takes."""
    name = re.sub(r"\W+", "_", text) or "v"
    if name[0].isdigit() or name in _RESERVED or name.startswith(("__", "xp_")):
        name = f"v_{name.lstrip('_')}"
    return name


@dataclass(slots=True)
class FileState:
    """What all kernels of one file share. `notes` are for the user: what a translation leaves out. `samplers`: what the
    host says of textures."""

    types: TypeTable = field(default_factory=TypeTable)
    notes: list[Diagnostic] = field(default_factory=list)
    samplers: Samplers = field(default_factory=Samplers)


@dataclass(slots=True)
class Frame:
    """A function body being lifted in place. `result` receives its value."""

    key: int
    result: Place | None
    ctype: CType | None = None
    returns: bool = False


class Lifter:
    """Lifts one kernel: `out` collects the statements of the block being lifted."""

    def __init__(self, file: FileState, flat: frozenset[int], in_memory: frozenset[int]) -> None:
        self.file = file
        self.flat = flat
        self.in_memory = in_memory
        self.out: list[Stmt] = []
        self.names: set[str] = set()
        self.places: dict[int, Place] = {}
        self.buffers: dict[str, BufferInfo] = {}
        self.globals: dict[int, GlobalBuffer] = {}
        self.functions: dict[int, Function] = {}
        self.frames: list[Frame] = []
        self.stack: list[int] = []
        self.launch: dict[str, int] = {}
        self.this: list[Place | OpaqueValue] = []
        self.modified: dict[int, int] = {}
        self.scanned: set[int] = set()
        self.loop_variables: set[str] = set()
        self.unused: set[int] = set()
        self.constants: set[str] = set()
        self.dynamic: dict[str, Alloc] = {}
        self.shared: dict[int, Stmt] = {}
        self.owners: dict[str, int] = {}
        self.tile_arrays: set[int] = set()
        self.choices: dict[int, tuple[str, ...]] = {}
        self.textures: list[Texture | Surface] = []
        self.kernel_key = 0
        self.in_function = False
        self.span: Span | None = None

    # --- names ---------------------------------------------------------------------------------

    def fresh(self, stem: str) -> str:
        """An unused name that starts with `stem`."""
        stem = identifier(stem)
        name, n = stem, 1
        while name in self.names:
            name = f"{stem}_{n}"
            n += 1
        self.names.add(name)
        return name

    def ctype(self, node: Node) -> CType:
        return self.file.types.of_declared(node.type, node.kind == "PARM_DECL")

    # --- statements ----------------------------------------------------------------------------

    def emit(self, stmt: Stmt) -> None:
        self.out.append(stmt)

    @contextmanager
    def block(self) -> Iterator[list[Stmt]]:
        """Collect statements in a block of their own."""
        outer, self.out = self.out, []
        try:
            yield self.out
        finally:
            self.out = outer

    def temporary(self, value: Expr, stem: str = "t") -> Expr:
        """`value` kept in a fresh variable, unless it cannot change."""
        if isinstance(value, Const) or not isinstance(value.type, Scalar):
            return value
        name = self.fresh(stem)
        self.constants.add(name)
        self.emit(Declare(name, value.type, value, span=self.span))
        return Var(name, value.type, span=self.span)

    def variable(self, stem: str, type_: Scalar, init: Expr | None = None) -> Var:
        """A fresh variable that will be assigned."""
        name = self.fresh(stem)
        self.emit(Declare(name, type_, init, span=self.span))
        return Var(name, type_, span=self.span)

    def assign(self, name: str, value: Expr) -> None:
        self.emit(Assign(name, value, span=self.span))

    def note(self, code: str, message: str, node: Node) -> None:
        """Tell the user something that does not stop the kernel."""
        self.file.notes.append(Diagnostic(code, "warning", message, node.span or self.span))

    # --- refusals ------------------------------------------------------------------------------

    def refuse(
        self, code: str, message: str, node: Node | None, hint: str = ""
    ) -> RefusedConstruct:
        """What to raise to give this kernel up, pointing at `node`."""
        span = node.span if node is not None else None
        return RefusedConstruct(code, message, span or self.span, hint)
