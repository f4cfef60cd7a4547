"""Nodes of the Kernel IR: frozen, slotted dataclasses with a source span.

Spans never take part in equality: two programs are equal when they mean the same text.
Build expressions with `xpiler.ir.build`, which keeps the typing rules; the raw constructors trust you.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from xpiler.ir.types import BOOL, Mask, Pointer, Scalar, Space, Spaces, Type, Vector
from xpiler.records import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a source file: 1-based line and column, and the end."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def _span() -> Span | None:
    return field(default=None, compare=False, kw_only=True, repr=False)


# --- expressions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Const:
    """A literal. `value` is a bool for bool, an int in range for integers, a float for floats."""

    value: bool | int | float
    type: Scalar
    span: Span | None = _span()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Const) or self.type != other.type:
            return False
        # repr tells 0.0 from -0.0 and makes NaN equal itself
        return repr(self.value) == repr(other.value)

    def __hash__(self) -> int:
        return hash((repr(self.value), self.type))


@dataclass(frozen=True, slots=True)
class Var:
    """A scalar (or vector register) variable: a parameter, a local, a loop variable."""

    name: str
    type: Scalar | Vector | Mask
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Builtin:
    """A value that the machine provides: `threadIdx.x`, `gridDim.y`, `warpSize`, `taskId`, ...; or `p.given`, printed
    `given(p)`: whether the pointer parameter `p` is not null."""

    name: str
    type: Scalar
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Load:
    """`buffer[i][j]`: one index per dimension, in elements."""

    buffer: str
    index: tuple[Expr, ...]
    type: Scalar
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Unary:
    """`-a`, `~a` (type of a) or `!a` (bool)."""

    op: Literal["-", "~", "!"]
    a: Expr
    span: Span | None = _span()

    @property
    def type(self) -> Type:
        return BOOL if self.op == "!" else self.a.type


COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
LOGICAL = frozenset({"&&", "||"})
SHIFTS = frozenset({"<<", ">>"})
ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "&", "|", "^"})


@dataclass(frozen=True, slots=True)
class Binary:
    """`a op b`. Operands share one type (a shift's right one is any integer); `&&`, `||` short-circuit."""

    op: str
    a: Expr
    b: Expr
    span: Span | None = _span()

    @property
    def type(self) -> Type:
        return BOOL if self.op in COMPARISONS or self.op in LOGICAL else self.a.type


@dataclass(frozen=True, slots=True)
class Cast:
    """`(type)a` with C's meaning: float to int truncates, narrowing wraps, to bool compares with 0."""

    type: Scalar
    a: Expr
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Select:
    """`cond ? a : b`; only the chosen side is evaluated."""

    cond: Expr
    a: Expr
    b: Expr
    span: Span | None = _span()

    @property
    def type(self) -> Type:
        return self.a.type


@dataclass(frozen=True, slots=True)
class Call:
    """A pure function (`sqrtf`, `fmaxf`, `min`, ...: `xpiler.ir.functions`) or a declared instruction."""

    function: str
    args: tuple[Expr, ...]
    type: Type
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class AddressOf:
    """`&buffer[i][j]`, only as an argument of a call. `index` may be shorter than the rank."""

    buffer: str
    index: tuple[Expr, ...]
    type: Pointer
    span: Span | None = _span()


Expr = Const | Var | Builtin | Load | Unary | Binary | Cast | Select | Call | AddressOf

# --- statements --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Declare:
    """`T name = init;` A scalar or register; without `init` its value is indeterminate."""

    name: str
    type: Scalar | Vector | Mask
    init: Expr | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Alloc:
    """`space T name[d0][d1];` An array that lives as long as the enclosing block.

    `dynamic` marks a view of CUDA's `extern __shared__` memory: it has rank 1, `shape` is `()` because the
    launch sizes it, and `offset` is where the view starts, in bytes (None: 0).
    """

    name: str
    elem: Scalar
    shape: tuple[Expr, ...]
    space: Space = Spaces.LOCAL
    init: tuple[Const, ...] = ()
    dynamic: bool = False
    offset: Expr | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Assign:
    """`name = value;` for a declared scalar or register."""

    name: str
    value: Expr
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Store:
    """`buffer[i][j] = value;`"""

    buffer: str
    index: tuple[Expr, ...]
    value: Expr
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Atomic:
    """`result = atomic<op>(&buffer[index], operands...);` relaxed; `result` (declared before) may be None.

    `op`: add, sub, min, max, and, or, xor, exch, cas (operands: compare, value), inc, dec.
    """

    op: str
    buffer: str
    index: tuple[Expr, ...]
    operands: tuple[Expr, ...]
    result: str | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class If:
    cond: Expr
    then: Block
    orelse: Block = ()
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class For:
    """`axis(a) for (T var = lo; var < hi; var += step) body`, bounds evaluated once, step > 0."""

    var: str
    type: Scalar
    lo: Expr
    hi: Expr
    step: Expr
    body: Block
    axis: str = "serial"
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class While:
    """`while (cond) body`; `cond` may load. A `do` loop is lifted to this form with a flag."""

    cond: Expr
    body: Block
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Break:
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Continue:
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Return:
    """In a kernel without value: this thread is done. In a `Function` it may carry one."""

    value: Expr | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Barrier:
    """Wait for all of `scope`: `block` (`__syncthreads`), `warp` (`__syncwarp`), `grid`, or a target's own."""

    scope: str = "block"
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class WarpOp:
    """`result = op(mask, args...)` over the lanes of a warp.

    `op`: `shfl`, `shfl_up`, `shfl_down`, `shfl_xor` (args: value, lane or delta, width);
    `any`, `all`, `ballot` (args: predicate as i32; result i32, i32, u32); `match_any`; `activemask` (no args);
    `reduce_add|min|max|and|or|xor` (args: value). `block_or|block_and|block_count` are
    `__syncthreads_or|and|count` (args: predicate), a block barrier included.
    """

    op: str
    result: str
    mask: Expr
    args: tuple[Expr, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Tile:
    """A tensor fragment. `role`: `a`, `b`, `acc`; `layout` (`row`, `col`) for a and b; sizes of the whole mma."""

    name: str
    role: str
    m: int
    n: int
    k: int
    elem: Scalar
    layout: str = "row"
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class TileOp:
    """A warp-wide operation on tiles.

    `fill`: tiles (t,), args (value,). `load`/`store`: tiles (t,), args (AddressOf, leading dimension in
    elements), `layout` of memory. `mma`: tiles (d, a, b, c), no args.
    """

    op: str
    tiles: tuple[str, ...]
    args: tuple[Expr, ...] = ()
    layout: str = "row"
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Ref:
    """A scalar variable passed by reference to a device function."""

    name: str
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Invoke:
    """`result = function(args...);` a call of a device function of the module; `inline` removes it.

    A pointer argument is `AddressOf(buffer, (offset,))`; inside, the parameter is a buffer of rank 1.
    """

    function: str
    args: tuple[Expr | Ref, ...]
    result: str | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Evaluate:
    """A declared instruction called for its effect: `_mm512_storeu_ps(&y[i], v);`."""

    call: Call
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Assume:
    """`assume(cond);` a fact that every run satisfies, as `__builtin_assume` or launch facts give."""

    cond: Expr
    span: Span | None = _span()


Stmt = (
    Declare
    | Alloc
    | Assign
    | Store
    | Atomic
    | If
    | For
    | While
    | Break
    | Continue
    | Return
    | Barrier
    | WarpOp
    | Tile
    | TileOp
    | Invoke
    | Evaluate
    | Assume
)
Block = tuple[Stmt, ...]
Level = Literal["simt", "loops", "task"]

# --- programs ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter. A `Pointer` one is a rank-1 buffer in `space`.

    `origin` is the source's own parameter where that differs (`p.width` of a struct, `float4 *`): the ABI
    that emitters restore. `by_ref` only on `Function`s: a scalar passed by reference.
    """

    name: str
    type: Scalar | Pointer
    space: Space = Spaces.GLOBAL
    restrict: bool = False
    by_ref: bool = False
    origin: str = field(default="", compare=False)
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel at one of three levels (docs/architecture.md).

    `launch` holds what every launch in the file agrees on, as (builtin name, value): for instance
    (("blockDim.x", 256), ("blockDim.y", 1)). `instance` is the template instance that it came from
    (`reduce<float, 256>`), empty for a plain kernel.
    """

    name: str
    params: tuple[Param, ...]
    body: Block
    level: Level = "simt"
    launch: tuple[tuple[str, int], ...] = ()
    instance: str = field(default="", compare=False)
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Function:
    """A device function, removed by `inline`."""

    name: str
    params: tuple[Param, ...]
    result: Scalar
    body: Block
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class GlobalBuffer:
    """`__constant__` or `__device__` data at file scope; `shape` in elements, `()` for a scalar (one element)."""

    name: str
    elem: Scalar
    shape: tuple[int, ...]
    space: Space
    init: tuple[Const, ...] = ()
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Module:
    kernels: tuple[Kernel, ...]
    functions: tuple[Function, ...] = ()
    globals: tuple[GlobalBuffer, ...] = ()

    def kernel(self, name: str) -> Kernel:
        """The kernel called `name`; KeyError if there is none."""
        for kernel in self.kernels:
            if kernel.name == name:
                return kernel
        raise KeyError(name)
