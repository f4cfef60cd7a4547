"""What a kernel's parameters are for, read off its IR: index-valued buffers, flags, offsets, sizes."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from xpiler.ir.nodes import (
    COMPARISONS,
    AddressOf,
    Alloc,
    Assign,
    Atomic,
    Binary,
    Block,
    Builtin,
    Cast,
    Const,
    Declare,
    Expr,
    For,
    If,
    Kernel,
    Load,
    Return,
    Select,
    Stmt,
    Store,
    Unary,
    Var,
    While,
)
from xpiler.ir.types import BOOL, Pointer, Scalar
from xpiler.ir.walk import expressions, operands, statements, subexpressions
from xpiler.records import dataclass

__all__ = [
    "WINDOW_NAMES",
    "IndexUse",
    "ScalarUse",
    "bare",
    "counters",
    "divisors",
    "index_uses",
    "only_a_value",
    "parameter_buffers",
    "scalar_use",
    "steering",
    "truths",
]

ScalarUse = Literal["size", "flag", "offset", "shift", "window", "mask"]
OFFSET_NAMES = ("offset", "start", "begin", "first", "base", "pad", "padding", "shift")
WINDOW_NAMES = (
    "window",
    "kernel",
    "kernel_size",
    "ksize",
    "kh",
    "kw",
    "filter",
    "filter_size",
    "radius",
    "pool",
)
BESIDE_WINDOW = (
    "stride",
    "stride_h",
    "stride_w",
    "dilation",
)  # pitches of memory go by these names too


@dataclass(frozen=True, slots=True)
class IndexUse:
    """Values loaded from `source` are positions in `target` (`how` index) or loop bounds (`offsets`)."""

    source: str
    target: str
    how: Literal["index", "offsets"]


def bare(expr: Expr) -> Expr:
    """`expr` without the casts round it."""
    while isinstance(expr, Cast):
        expr = expr.a
    return expr


def parameter_buffers(kernel: Kernel) -> dict[str, Scalar]:
    """Pointer parameters and their element types, in order."""
    return {p.name: p.type.elem for p in kernel.params if isinstance(p.type, Pointer)}


def index_uses(kernel: Kernel) -> tuple[IndexUse, ...]:
    """Integer parameters of the kernel whose contents reach an index or the bounds of a loop."""
    integer = {n for n, e in parameter_buffers(kernel).items() if e.is_int and e.bits > 8}
    if not integer:
        return ()
    taint = _taint(kernel.body, integer)
    uses: dict[IndexUse, None] = {}
    for stmt in statements(kernel.body):
        for target, index in _accesses(stmt):
            for source in sorted(_sources(index, taint, integer)):
                uses[IndexUse(source, target, "index")] = None
        if isinstance(stmt, For):
            for bound in (stmt.lo, stmt.hi):
                for source in sorted(_sources(bound, taint, integer)):
                    uses[IndexUse(source, "", "offsets")] = None
    return tuple(uses)


def truths(kernel: Kernel) -> frozenset[str]:
    """Integer parameters of which the kernel only asks whether an element is zero: masks."""
    integer = {n for n, e in parameter_buffers(kernel).items() if e.is_int}
    read: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for stmt in statements(kernel.body):
        if isinstance(stmt, Store | Atomic):
            integer.discard(stmt.buffer)
        for expr in expressions(stmt):
            for part in subexpressions(expr):
                if isinstance(part, Load | AddressOf):
                    read[part.buffer] += 1
                asked.update(_asked(part))
    return frozenset(n for n in integer if 0 < read[n] == asked[n])


def _asked(expr: Expr) -> list[str]:
    """The buffer of which `expr` asks whether an element is zero."""
    match expr:
        case Cast(type=to, a=a) if to == BOOL:
            inner = bare(a)
        case Binary(op="==" | "!=", a=a, b=Const(value=0)):
            inner = bare(a)
        case _:
            return []
    return [inner.buffer] if isinstance(inner, Load) else []


def divisors(kernel: Kernel) -> frozenset[str]:
    """Integer parameters whose contents the kernel divides by without asking what they are: they hold no zero."""
    integer = {n for n, e in parameter_buffers(kernel).items() if e.is_int}
    taint = _taint(kernel.body, integer)
    found: set[str] = set()
    asked: set[str] = set()
    for stmt in statements(kernel.body):
        for expr in expressions(stmt):
            for part in subexpressions(expr):
                if not isinstance(part, Binary):
                    continue
                if part.op in COMPARISONS:
                    asked |= _sources(part.a, taint, integer) | _sources(part.b, taint, integer)
                elif part.op in ("/", "%") and isinstance(part.type, Scalar) and part.type.is_int:
                    found |= _sources(part.b, taint, integer)
    return frozenset(found - asked)


def counters(kernel: Kernel) -> frozenset[str]:
    """Parameters of which one element only is ever added to, and the sum used: `place = atomicAdd(&count, 1)`."""
    found: set[str] = set()
    others: set[str] = set()
    for stmt in statements(kernel.body):
        counts = isinstance(stmt, Atomic) and stmt.op in ("add", "inc")
        if counts and isinstance(stmt, Atomic) and all(isinstance(i, Const) for i in stmt.index):
            if stmt.result is not None:
                found.add(stmt.buffer)
        else:
            others |= {buffer for buffer, _ in _accesses(stmt)}
    return frozenset(found & parameter_buffers(kernel).keys() - others)


def _accesses(stmt: Stmt) -> list[tuple[str, Expr]]:
    found: list[tuple[str, Expr]] = []
    for expr in expressions(stmt):
        for sub in subexpressions(expr):
            if isinstance(sub, Load | AddressOf):
                found += [(sub.buffer, part) for part in sub.index]
    if isinstance(stmt, Store | Atomic):
        found += [(stmt.buffer, part) for part in stmt.index]
    return found


def _sources(expr: Expr, taint: dict[str, set[str]], integer: set[str]) -> set[str]:
    """Buffers whose contents `expr` depends on; a comparison's outcome does not count."""
    if isinstance(expr, Load):
        return {expr.buffer} if expr.buffer in integer else set()
    if isinstance(expr, Var):
        return taint.get(expr.name, set())
    if isinstance(expr, Binary) and expr.op in COMPARISONS:
        return set()
    if isinstance(expr, Select):
        return _sources(expr.a, taint, integer) | _sources(expr.b, taint, integer)
    found: set[str] = set()
    for operand in operands(expr):
        found |= _sources(operand, taint, integer)
    return found


def _taint(body: Block, integer: set[str]) -> dict[str, set[str]]:
    """Per variable, the buffers whose contents it may hold."""
    taint: dict[str, set[str]] = {}
    for _ in range(4):
        before = {n: set(s) for n, s in taint.items()}
        for stmt in statements(body):
            match stmt:
                case Declare(name=name, init=value) | Assign(name=name, value=value):
                    if value is not None:
                        taint.setdefault(name, set()).update(_sources(value, taint, integer))
                case For(var=name, lo=lo):
                    taint.setdefault(name, set()).update(_sources(lo, taint, integer))
                case Atomic(buffer=buffer, result=str(name)) if buffer in integer:
                    taint.setdefault(name, set()).add(buffer)
                case _:
                    pass
        if taint == before:
            break
    return taint


def scalar_use(kernel: Kernel, name: str) -> ScalarUse:
    """What an integer parameter is for. A size unless everything says otherwise."""
    lower = name.lower()
    if any(lower.startswith(hint) or lower.endswith(hint) for hint in OFFSET_NAMES):
        return "offset"
    others = {p.name.lower() for p in kernel.params}
    if lower in WINDOW_NAMES or (lower in BESIDE_WINDOW and others & set(WINDOW_NAMES)):
        return "window"
    if _shifts_positions(kernel, name):
        return "offset"
    occurrences = conditions = shifts = masks = 0
    for stmt in statements(kernel.body):
        for expr in expressions(stmt):
            occurrences += sum(_is(sub, name) for sub in subexpressions(expr))
            shifts += sum(
                isinstance(sub, Binary) and sub.op in ("<<", ">>") and _is(bare(sub.b), name)
                for sub in subexpressions(expr)
            )
            conditions += sum(_as_flag(sub, name) for sub in subexpressions(expr))
            masks += sum(
                isinstance(sub, Binary)
                and sub.op in ("^", "&")
                and any(_is(bare(side), name) for side in (sub.a, sub.b))
                for sub in subexpressions(expr)
            )
        if isinstance(stmt, If | While):
            conditions += _is(bare(stmt.cond), name) and isinstance(stmt.cond, Cast)
    if occurrences and shifts == occurrences:
        return "shift"
    if occurrences and masks == occurrences:
        return "mask"
    if occurrences and conditions >= occurrences:
        return "flag"
    return "size"


def _shifts_positions(kernel: Kernel, name: str) -> bool:
    """Whether a parameter is a position itself: part of an index, as a row or a column or what threads start from, and
    never what anything has to stay below (`a[i * n + k]`, `a[k * n + j]`, `i = threadIdx.x + k + 1` for a pivot `k`)."""
    uniform = {p.name for p in kernel.params}
    reached = _derived(kernel, name)
    indexes = False
    for stmt in statements(kernel.body):
        if _bounds_or_steps(stmt, name, uniform):
            return False
        leaves = isinstance(stmt, If) and stmt.then == (Return(),) and not stmt.orelse
        if not all(_is_summand(e, name, uniform, leaves) for e in expressions(stmt)):
            return False
        indexes = indexes or any(_holds(index, reached) for _, index in _accesses(stmt))
    return indexes


def _bounds_or_steps(stmt: Stmt, name: str, uniform: set[str]) -> bool:
    """Whether a statement makes `name` a limit of a loop, how far one goes, or as much as an array holds."""
    match stmt:
        case For(lo=lo, hi=hi, step=step):
            return _holds(step, {name}) or (_holds(hi, {name}) and not _holds(lo, {name}))
        case Declare(init=value) if value is not None:
            return _holds(value, {name}) and _is_uniform(value, uniform)
        case Assign(name=to, value=value):
            return _holds(value, {name}) and (_is_uniform(value, uniform) or _holds(value, {to}))
        case Alloc(shape=shape):
            return any(_holds(e, {name}) for e in shape)
        case _:
            return False


def _derived(kernel: Kernel, name: str) -> set[str]:
    """`name` and the variables that are computed from it."""
    holders = {name}
    before = 0
    while len(holders) > before:
        before = len(holders)
        for stmt in statements(kernel.body):
            match stmt:
                case Declare(name=to, init=value) | Assign(name=to, value=value):
                    if value is not None and _holds(value, holders):
                        holders.add(to)
                case For(var=to, lo=value) if _holds(value, holders):
                    holders.add(to)
                case _:
                    pass
    return holders


def _is_summand(expr: Expr, name: str, uniform: set[str], leaves: bool = False) -> bool:
    """Whether all that `expr` does with `name` is to add it, alone or times sizes, and to see whether something lies
    beyond it or at it. `leaves`: threads for which it is true are done."""
    if not _holds(expr, {name}):
        return True
    match expr:
        case Cast(type=type_) if type_.is_float:
            return False  # of coordinates in a texture, say: a size scales them
        case Binary(op="*", a=a, b=b) if _integer(expr):
            scaled, by = (a, b) if _holds(a, {name}) else (b, a)
            rows = _holds(by, uniform - {name}) and _is_uniform(by, uniform - {name})
            return rows and _is_summand(scaled, name, uniform)
        case Binary(op=op, a=a, b=b) if op in COMPARISONS:
            above, below = (">", ">="), ("<", "<=")
            limit = b if op in (above if leaves else below) else None
            limit = a if op in (below if leaves else above) else limit
            limits = limit is not None and _holds(limit, {name}) and _is_uniform(limit, uniform)
            return not limits and all(_is_summand(e, name, uniform) for e in (a, b))
        case Binary(op="&&" | "||", a=a, b=b):
            return all(_is_summand(e, name, uniform, leaves) for e in (a, b))
        case Binary(op=op) if op not in ("+", "-") and _integer(expr):
            return False
        case Unary(op="!", a=a):
            return _is_summand(a, name, uniform, not leaves)
        case Binary() | Cast() | Load() | Select() | Unary() | Var():
            return all(_is_summand(e, name, uniform) for e in operands(expr))
        case _:
            return False


def _is_uniform(expr: Expr, uniform: set[str]) -> bool:
    """Whether an expression is made of parameters and constants only."""
    inner = list(subexpressions(expr))
    return not any(isinstance(e, Load | Builtin) for e in inner) and all(
        e.name in uniform for e in inner if isinstance(e, Var)
    )


def only_a_value(kernel: Kernel, name: str) -> bool:
    """Whether a scalar parameter only goes into what is computed: into no index, no bound of a loop, no condition."""
    holders = _derived(kernel, name)
    return not any(_holds(e, holders) for stmt in statements(kernel.body) for e in steering(stmt))


def steering(stmt: Stmt) -> list[Expr]:
    """What of a statement decides where memory is accessed and what is executed."""
    found = [index for _, index in _accesses(stmt)]
    match stmt:
        case For(lo=lo, hi=hi, step=step):
            found += [lo, hi, step]
        case If(cond=cond) | While(cond=cond):
            found.append(cond)
        case Alloc(shape=shape):
            found += shape
        case _:
            pass
    for expr in expressions(stmt):
        found += [
            sub.b
            for sub in subexpressions(expr)
            if isinstance(sub, Binary) and sub.op in ("<<", ">>", "/", "%") and _integer(sub)
        ]
    return found


def _integer(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_int


def _holds(expr: Expr, names: set[str]) -> bool:
    return any(isinstance(sub, Var) and sub.name in names for sub in subexpressions(expr))


def _is(expr: Expr, name: str) -> bool:
    return isinstance(expr, Var) and expr.name == name


def _as_flag(expr: Expr, name: str) -> bool:
    """`p == 1`, `p != 0`, `(i + j) % 2 == p`, `!p`, `(bool)p`."""
    match expr:
        case Binary(op=("==" | "!="), a=a, b=b):
            sides = (bare(a), bare(b))
            return any(_is(s, name) for s in sides) and any(map(_of_two, sides))
        case Unary(op="!", a=a):
            return _is(bare(a), name)
        case Cast(type=type_, a=a) if type_.kind == "bool":
            return _is(bare(a), name)
        case _:
            return False


def _of_two(expr: Expr) -> bool:
    """A constant, or what is even or odd: `(i + j) & 1`, `x % 2`."""
    match expr:
        case Binary(op="&", b=Const(value=1)) | Binary(op="%", b=Const(value=2)):
            return True
        case Binary(op="&" | "%", b=Cast(a=Const(value=value))):
            return value == (1 if expr.op == "&" else 2)
        case _:
            return isinstance(expr, Const)
