"""Loops: canonical `for` where C's loop obeys its rules, `while` otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.dispatch import scalar
from xpiler.frontends.lift.expr import effect
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.tiles import picks_tiles
from xpiler.frontends.lift.values import ValuePlace, VarPlace
from xpiler.ir import build
from xpiler.ir.nodes import (
    Assign,
    Binary,
    Block,
    Break,
    Builtin,
    Cast,
    Const,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Load,
    Stmt,
    Var,
    While,
)
from xpiler.ir.types import BOOL, Scalar
from xpiler.ir.walk import (
    assigned,
    blocks,
    buffers_written,
    expressions,
    statements,
    subexpressions,
    substitute,
    variables,
    with_blocks,
)
from xpiler.records import dataclass

__all__ = ["do_loop", "for_loop", "while_loop"]

Lift = Callable[[Lifter, Node], None]


@dataclass(frozen=True, slots=True)
class Header:
    """The parts of `for (init; cond; step)`, None where they are missing."""

    init: Node | None
    cond: Node | None
    step: Node | None
    body: Node


def _header(node: Node) -> Header:
    """Which child is which: clang leaves missing parts out, so the semicolons decide."""
    children = node.children
    body = children[-1]
    parts = list(children[:-1])
    if len(parts) == 3:
        return Header(parts[0], parts[1], parts[2], body)
    init = parts.pop(0) if parts and parts[0].kind == "DECL_STMT" else None
    if init is not None and len(parts) == 2:
        return Header(init, parts[0], parts[1], body)
    first, second = _semicolons(node)
    slots: list[Node | None] = [init, None, None]
    for part in parts:
        start = part.offsets[0]
        slots[0 if start <= first else 1 if start <= second else 2] = part
    return Header(slots[0], slots[1], slots[2], body)


def _semicolons(node: Node) -> tuple[int, int]:
    """Offsets of the two semicolons of a for header."""
    data = node.parsed.data
    position = node.offsets[0]
    depth, found = 0, []
    end = node.children[-1].offsets[0]
    while position < end:
        char = data[position : position + 1]
        if char in b"([{":
            depth += 1
        elif char in b")]}":
            depth -= 1
        elif char == b";" and depth == 1:
            found.append(position)
        position += 1
    return (found[0], found[1]) if len(found) >= 2 else (end, end)


def for_loop(lf: Lifter, node: Node, lift: Lift) -> None:
    """`for (init; cond; step) body`."""
    header = _header(node)
    if lf.tile_arrays and unrolled(lf, header, lift):
        return
    if header.init is not None:
        lift(lf, header.init)
        _note_variables(lf, header.init)
    with lf.block() as test:
        cond = build.boolean(True) if header.cond is None else scalar(lf, header.cond)
        cond = build.cast(BOOL, cond)
    with lf.block() as body:
        lift(lf, header.body)
    with lf.block() as step:
        if header.step is not None:
            effect(lf, header.step)
    if not test and _canonical(lf, node, cond, body, step):
        return
    _general(lf, node, test, cond, body, step)


_LONGEST = 64


def unrolled(lf: Lifter, header: Header, lift: Lift) -> bool:
    """Unroll a constant loop that indexes an array of fragments: a tile has a name, not a number."""
    if not lf.tile_arrays:
        return False
    known = _constant_range(header)
    if known is None or len(known[1]) > _LONGEST:
        return False
    variable, values = known
    if not picks_tiles(lf, header.body, variable):
        return False
    for number in values:
        lf.places[variable.key] = ValuePlace(build.i32(number))
        with lf.block() as body:
            lift(lf, header.body)
        if _breaks(tuple(body)) or _continues(tuple(body)):
            return False
        lf.out.extend(body)
    return True


def _constant_range(header: Header) -> tuple[Node, range] | None:
    """The variable and values of `for (int i = 0; i < 4; ++i)`."""
    init, cond, step = header.init, header.cond, header.step
    if init is None or cond is None or step is None or init.kind != "DECL_STMT":
        return None
    variable = init.children[0]
    start = variable.initializer
    if start is None or cond.kind != "BINARY_OPERATOR" or len(init.children) != 1:
        return None
    first, last = start.evaluate(), cond.children[-1].evaluate()
    by = 1 if step.kind == "UNARY_OPERATOR" else step.children[-1].evaluate()
    if not isinstance(first, int) or not isinstance(last, int) or not isinstance(by, int):
        return None
    if cond.binary_operator == "<=":
        last += 1
    upward = step.kind == "UNARY_OPERATOR" and step.unary_operator.endswith("++")
    if cond.binary_operator not in ("<", "<=") or by <= 0:
        return None
    if not upward and not (
        step.kind == "COMPOUND_ASSIGNMENT_OPERATOR" and step.binary_operator == "+="
    ):
        return None
    return variable, range(first, last, by)


def _continues(block: Block) -> bool:
    for stmt in block:
        if isinstance(stmt, Continue):
            return True
        if not isinstance(stmt, For | While) and any(_continues(b) for b in blocks(stmt)):
            return True
    return False


def _note_variables(lf: Lifter, init: Node) -> None:
    """Variables of the loop itself; those that only the loop's step changes are constant in its body."""
    for child in init.children if init.kind == "DECL_STMT" else ():
        found = lf.places.get(child.key)
        if isinstance(found, VarPlace):
            lf.loop_variables.add(found.name)
            if lf.modified.get(child.key, 0) <= 1:
                lf.constants.add(found.name)


def _general(
    lf: Lifter, node: Node, test: list[Stmt], cond: Expr, body: list[Stmt], step: list[Stmt]
) -> None:
    """A while loop; `continue` has to run the step first."""
    inner = [*_before_continue(tuple(body), tuple(step)), *step]
    if test:
        stop = If(arith.unary("!", cond), (Break(),))
        lf.emit(While(build.boolean(True), (*test, stop, *inner), span=node.span))
    else:
        lf.emit(While(cond, tuple(inner), span=node.span))


def _before_continue(body: Block, step: Block) -> Block:
    """`body` with `step` before each `continue` of this loop."""
    out: list[Stmt] = []
    for stmt in body:
        if isinstance(stmt, Continue):
            out.extend(step)
        if not isinstance(stmt, For | While):
            inner = blocks(stmt)
            if inner:
                stmt = with_blocks(stmt, tuple(_before_continue(b, step) for b in inner))
        out.append(stmt)
    return tuple(out)


# --- canonical loops ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counter:
    """A counting loop: `var` from its current value while below `hi`, by `step`."""

    var: str
    type: Scalar
    hi: Expr
    step: Expr


def _apart(cond: Expr, step: list[Stmt]) -> tuple[list[Stmt], list[Stmt]]:
    """The step that counts, and what else moves with it (`i += 32, tile++`) and can stand at the end of the body."""
    for at, stmt in enumerate(step):
        if len(step) > 1 and isinstance(stmt, Assign) and _counter(cond, [stmt]) is not None:
            rest = [*step[:at], *step[at + 1 :]]
            if not any(stmt.name in arith.reads(e) for s in rest for e in expressions(s)):
                return [stmt], rest
    return step, []


def _canonical(lf: Lifter, node: Node, cond: Expr, body: list[Stmt], step: list[Stmt]) -> bool:
    """Emit a `For` if the loop counts up to an invariant bound and nothing else moves its variable."""
    counting, rest = _apart(cond, step)
    counter = _counter(cond, counting)
    if counter is None or (rest and _continues(tuple(body))):
        return False
    block = (*body, *rest)
    if counter.var in assigned(block) or not _invariant(lf, counter, block):
        return False
    start = _start(lf, counter)
    if start is None:
        return False
    lo, declared = start
    if not declared and _breaks(block):
        return False
    if not _comparable(counter, cond, lo):
        return False
    if declared:
        lf.out.pop()
        lf.constants.add(counter.var)
        loop = For(counter.var, counter.type, lo, counter.hi, counter.step, block, span=node.span)
        lf.emit(loop)
        return True
    name = lf.fresh(counter.var)
    lf.constants.add(name)
    moved = substitute(block, {counter.var: Var(name, counter.type)})
    last = lf.out[-1] if lf.out else None
    if isinstance(last, Assign) and last.name == counter.var:
        lf.out.pop()
    elif arith.has_load(lo):
        lo = lf.temporary(lo)
    lf.emit(For(name, counter.type, lo, counter.hi, counter.step, moved, span=node.span))
    lf.emit(Assign(counter.var, _after(counter, lo)))
    return True


def _after(counter: Counter, lo: Expr) -> Expr:
    """The variable's value behind the loop."""
    type_ = counter.type
    if isinstance(counter.step, Const) and counter.step.value == 1:
        end = counter.hi
    else:
        gap = arith.binary("-", counter.hi, lo)
        one = build.const(1, type_)
        rounded = arith.binary("+", gap, arith.binary("-", counter.step, one))
        count = arith.binary("/", rounded, counter.step)
        end = arith.binary("+", lo, arith.binary("*", count, counter.step))
    return arith.select(arith.binary("<", lo, counter.hi), end, lo)


def _counter(cond: Expr, step: Sequence[Stmt]) -> Counter | None:
    if len(step) != 1 or not isinstance(step[0], Assign):
        return None
    name = step[0].name
    by = _increment(name, step[0].value)
    if by is None:
        return None
    var_type = build.scalar_type(step[0].value)
    hi = _lowest(name, var_type, cond)
    if hi is None:
        return None
    if isinstance(by, Const) and by.value <= 0:
        return None
    return Counter(name, var_type, hi, by)


def _increment(name: str, new: Expr) -> Expr | None:
    """`by` when `new` is `name + by`, perhaps computed in another integer type."""
    type_ = build.scalar_type(new)
    if not type_.is_int:
        return None
    while isinstance(new, Cast) and build.scalar_type(new.a).is_int:
        new = new.a
    if not isinstance(new, Binary) or new.op != "+":
        return None
    for one, other in ((new.a, new.b), (new.b, new.a)):
        if _is_var(one, name) and name not in variables(other):
            return build.cast(type_, _unwidened(other, type_))
    return None


def _unwidened(expr: Expr, type_: Scalar) -> Expr:
    while isinstance(expr, Cast) and expr.a.type == type_:
        expr = expr.a
    return expr


def _is_var(expr: Expr, name: str) -> bool:
    while isinstance(expr, Cast) and build.scalar_type(expr.a).is_int:
        expr = expr.a
    return isinstance(expr, Var) and expr.name == name


def _conjuncts(cond: Expr) -> tuple[Expr, ...]:
    if isinstance(cond, Binary) and cond.op == "&&":
        return (*_conjuncts(cond.a), *_conjuncts(cond.b))
    return (cond,)


def _lowest(name: str, type_: Scalar, cond: Expr) -> Expr | None:
    """The exclusive bound of a condition, the least of `k < 16 && start + k < n`. Each conjunct has to be a bound."""
    first, *more = _conjuncts(cond)
    hi = _upper(name, type_, first)
    for part in more:
        other = _upper(name, type_, part)
        # C evaluates it only where the first holds; what is read may not be there otherwise
        if hi is None or other is None or arith.has_load(other):
            return None
        hi = build.call("min", hi, other)
    return hi


def _upper(name: str, type_: Scalar, cond: Expr) -> Expr | None:
    """The exclusive bound that one comparison puts on the variable, in its type."""
    if not isinstance(cond, Binary):
        return None
    op, a, b = cond.op, cond.a, cond.b
    if op in (">", ">=") and name in variables(b):
        op, a, b = {">": "<", ">=": "<="}[op], b, a
    if op not in ("<", "<=") or name in variables(b) or not build.scalar_type(b).is_int:
        return None
    if not _is_var(a, name):
        rest = _beside(name, type_, a)
        if rest is None:
            return None
        b = arith.binary("-", b, rest)
    hi = build.cast(type_, _unwidened(b, type_))
    if op == "<=":
        if isinstance(hi, Const) and int(hi.value) >= (1 << (type_.bits - type_.is_signed)) - 1:
            return None
        hi = arith.binary("+", hi, build.const(1, type_))
    return hi


def _beside(name: str, type_: Scalar, sum_: Expr) -> Expr | None:
    """`rest` of `rest + name`, computed in the variable's own signed type, where a sum that overflows is undefined."""
    if not isinstance(sum_, Binary) or sum_.op != "+" or sum_.type != type_ or not type_.is_signed:
        return None
    for one, other in ((sum_.a, sum_.b), (sum_.b, sum_.a)):
        if name not in variables(other):
            return other if _is_var(one, name) else _nested(name, type_, one, other)
    return None


def _nested(name: str, type_: Scalar, sum_: Expr, rest: Expr) -> Expr | None:
    inner = _beside(name, type_, sum_)
    return None if inner is None else arith.binary("+", inner, rest)


def _comparable(counter: Counter, cond: Expr, lo: Expr) -> bool:
    """Whether `_compares_alike` holds for every bound of the condition."""
    return all(_compares_alike(counter, part, lo) for part in _conjuncts(cond))


def _compares_alike(counter: Counter, cond: Expr, lo: Expr) -> bool:
    """Whether comparing in the variable's own type means what the source's comparison means.

    An int compared as unsigned is the same while it is not negative; a wider bound is the same because a
    signed counter that passed its own range would be undefined.
    """
    assert isinstance(cond, Binary)
    compared = build.scalar_type(cond.a)
    own = counter.type
    if compared == own:
        return True
    if own.is_signed and not compared.is_signed:
        return _nonnegative(lo)
    if not own.is_signed:
        return compared.bits <= own.bits
    return True


def _nonnegative(expr: Expr) -> bool:
    match expr:
        case Const(value=value):
            return value >= 0
        case Builtin():
            return True
        case Cast(a=a):
            inner = build.scalar_type(a)
            return _nonnegative(a) or (inner.is_int and not inner.is_signed)
        case Binary(op="+" | "*" | "/" | "%" | ">>" | "&", a=a, b=b):
            return _nonnegative(a) and _nonnegative(b)
        case Var(type=Scalar() as type_):
            return not type_.is_signed
        case _:
            return False


def _invariant(lf: Lifter, counter: Counter, block: Block) -> bool:
    changed = assigned(block)
    written = buffers_written(block)
    for expr in (counter.hi, counter.step):
        if variables(expr) & changed:
            return False
        for sub in subexpressions(expr):
            if isinstance(sub, Load) and (sub.buffer in written or _volatile(lf, sub.buffer)):
                return False
    return True


def _volatile(lf: Lifter, buffer: str) -> bool:
    return lf.buffers[buffer].volatile


def _start(lf: Lifter, counter: Counter) -> tuple[Expr, bool] | None:
    """The first value, and whether the loop itself declares the variable."""
    last = lf.out[-1] if lf.out else None
    if isinstance(last, Declare) and last.name == counter.var and last.init is not None:
        return last.init, counter.var in lf.loop_variables
    if isinstance(last, Assign) and last.name == counter.var:
        if counter.var in variables(last.value):
            return Var(counter.var, counter.type), False
        return last.value, False
    return Var(counter.var, counter.type), False


def _breaks(block: Block) -> bool:
    """Whether a `break` of this loop stands in the block."""
    for stmt in block:
        if isinstance(stmt, Break):
            return True
        if not isinstance(stmt, For | While) and any(_breaks(b) for b in blocks(stmt)):
            return True
    return False


# --- other loops -------------------------------------------------------------------------------


def while_loop(lf: Lifter, node: Node, lift: Lift) -> None:
    """`while (cond) body`."""
    with lf.block() as test:
        cond = build.cast(BOOL, scalar(lf, node.children[0]))
    with lf.block() as body:
        lift(lf, node.children[-1])
    if test:
        stop = If(arith.unary("!", cond), (Break(),))
        lf.emit(While(build.boolean(True), (*test, stop, *body), span=node.span))
        return
    lf.emit(While(cond, tuple(body), span=node.span))


def do_loop(lf: Lifter, node: Node, lift: Lift) -> None:
    """`do body while (cond);`: a flag that starts true, tested anew at the end and before each `continue`."""
    with lf.block() as body:
        lift(lf, node.children[0])
    with lf.block() as test:
        cond = build.cast(BOOL, scalar(lf, node.children[-1]))
    if isinstance(cond, Const) and not cond.value and not _leaves(tuple(body)):
        lf.out.extend(body)
        return
    again = lf.variable("again", BOOL, build.boolean(True))
    end: Block = (*test, Assign(again.name, cond))
    inner = (*_before_continue(tuple(body), end), *end)
    lf.emit(While(again, inner, span=node.span))


def _leaves(block: Block) -> bool:
    return any(isinstance(s, Break | Continue) for s in statements(block))
