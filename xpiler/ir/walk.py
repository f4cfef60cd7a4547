"""Traversal: iterate over, map and query expressions and statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from operator import is_

from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Assume,
    Atomic,
    Barrier,
    Binary,
    Block,
    Break,
    Builtin,
    Call,
    Cast,
    Const,
    Continue,
    Declare,
    Evaluate,
    Expr,
    For,
    If,
    Invoke,
    Load,
    Ref,
    Return,
    Select,
    Stmt,
    Store,
    Tile,
    TileOp,
    Unary,
    Var,
    WarpOp,
    While,
)

__all__ = [
    "assigned",
    "blocks",
    "buffers_read",
    "buffers_written",
    "declared",
    "expressions",
    "fresh",
    "map_block",
    "map_expr",
    "map_exprs",
    "operands",
    "statements",
    "subexpressions",
    "substitute",
    "variables",
    "with_blocks",
]

ExprMap = Callable[[Expr], Expr]
StmtMap = Callable[[Stmt], Block]


def operands(expr: Expr) -> tuple[Expr, ...]:
    """The direct operands of an expression."""
    match expr:
        case Binary(a=a, b=b):
            return (a, b)
        case Const() | Var() | Builtin():
            return ()
        case Load(index=index) | AddressOf(index=index):
            return index
        case Unary(a=a) | Cast(a=a):
            return (a,)
        case Select(cond=cond, a=a, b=b):
            return (cond, a, b)
        case Call(args=args):
            return args


def subexpressions(expr: Expr) -> Iterator[Expr]:
    """`expr` and everything below it, outermost first."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(operands(node)))


def map_expr(expr: Expr, f: ExprMap) -> Expr:
    """Rebuild bottom-up: `f` sees each node after its operands were mapped. What `f` leaves alone stays the same object."""
    match expr:
        case Const() | Var() | Builtin():
            return f(expr)
        case Binary(op=op, a=a, b=b):
            x, y = map_expr(a, f), map_expr(b, f)
            return f(expr if x is a and y is b else Binary(op, x, y, span=expr.span))
        case Load(index=index) | AddressOf(index=index):
            mapped = _map_all(index, f)
            return f(expr if mapped is index else replace(expr, index=mapped))
        case Unary(a=a) | Cast(a=a):
            new = map_expr(a, f)
            return f(expr if new is a else replace(expr, a=new))
        case Select(cond=cond, a=a, b=b):
            c, x, y = map_expr(cond, f), map_expr(a, f), map_expr(b, f)
            same = c is cond and x is a and y is b
            return f(expr if same else Select(c, x, y, span=expr.span))
        case Call(args=args):
            mapped = _map_all(args, f)
            return f(expr if mapped is args else replace(expr, args=mapped))


def _map_all(exprs: tuple[Expr, ...], f: ExprMap) -> tuple[Expr, ...]:
    """`map_expr` of each; the same tuple when nothing changed, so that its owner need not be rebuilt."""
    mapped = tuple([map_expr(e, f) for e in exprs])
    return exprs if all(map(is_, mapped, exprs)) else mapped


def expressions(stmt: Stmt) -> tuple[Expr, ...]:
    """The expressions that stand directly in a statement, in the order of evaluation; not in nested blocks."""
    match stmt:
        case Declare(init=init):
            return () if init is None else (init,)
        case Alloc(shape=shape, offset=offset):
            return shape if offset is None else (*shape, offset)
        case Assign(value=value):
            return (value,)
        case Store(index=index, value=value):
            return (*index, value)
        case Atomic(index=index, operands=ops):
            return (*index, *ops)
        case If(cond=cond) | While(cond=cond) | Assume(cond=cond):
            return (cond,)
        case For(lo=lo, hi=hi, step=step):
            return (lo, hi, step)
        case Return(value=value):
            return () if value is None else (value,)
        case WarpOp(mask=mask, args=args):
            return (mask, *args)
        case TileOp(args=args):
            return args
        case Invoke(args=args):
            return tuple(a for a in args if not isinstance(a, Ref))
        case Evaluate(call=call):
            return (call,)
        case Break() | Continue() | Barrier() | Tile():
            return ()


def map_exprs(stmt: Stmt, f: ExprMap) -> Stmt:
    """Apply `map_expr` to the expressions that stand directly in `stmt`; nested blocks are left alone.
    A statement whose expressions all stay is returned as it is."""
    old = expressions(stmt)
    new = _map_all(old, f)
    if new is old:
        return stmt
    match stmt:
        case Declare():
            return replace(stmt, init=new[0])
        case Alloc(shape=shape, offset=offset):
            moved = None if offset is None else new[-1]
            return replace(stmt, shape=new[: len(shape)], offset=moved)
        case Assign() | Return():
            return replace(stmt, value=new[0])
        case Store():
            return replace(stmt, index=new[:-1], value=new[-1])
        case Atomic(index=index):
            return replace(stmt, index=new[: len(index)], operands=new[len(index) :])
        case If() | While() | Assume():
            return replace(stmt, cond=new[0])
        case For():
            return replace(stmt, lo=new[0], hi=new[1], step=new[2])
        case WarpOp():
            return replace(stmt, mask=new[0], args=new[1:])
        case TileOp():
            return replace(stmt, args=new)
        case Invoke(args=args):
            values = iter(new)
            return replace(
                stmt, args=tuple(a if isinstance(a, Ref) else next(values) for a in args)
            )
        case Evaluate():
            return replace(stmt, call=new[0]) if isinstance(new[0], Call) else stmt
        case Break() | Continue() | Barrier() | Tile():
            return stmt


def blocks(stmt: Stmt) -> tuple[Block, ...]:
    """The nested blocks of a statement."""
    match stmt:
        case If(then=then, orelse=orelse):
            return (then, orelse)
        case For(body=body) | While(body=body):
            return (body,)
        case _:
            return ()


def with_blocks(stmt: Stmt, new: tuple[Block, ...]) -> Stmt:
    """`stmt` with its nested blocks replaced, in the order of `blocks`."""
    match stmt:
        case If():
            return replace(stmt, then=new[0], orelse=new[1])
        case For() | While():
            return replace(stmt, body=new[0])
        case _:
            return stmt


def statements(block: Block) -> Iterator[Stmt]:
    """All statements, nested ones included, in textual order."""
    for stmt in block:
        yield stmt
        for inner in blocks(stmt):
            yield from statements(inner)


def map_block(block: Block, f: StmtMap, exprs: ExprMap | None = None) -> Block:
    """Rebuild bottom-up: nested blocks first, then expressions by `exprs`, then `f` may replace the statement
    by any number of statements."""
    out: list[Stmt] = []
    for stmt in block:
        inner = blocks(stmt)
        if inner:
            mapped = tuple([map_block(b, f, exprs) for b in inner])
            if not all(map(is_, mapped, inner)):
                stmt = with_blocks(stmt, mapped)
        if exprs is not None:
            stmt = map_exprs(stmt, exprs)
        out.extend(f(stmt))
    return block if len(out) == len(block) and all(map(is_, out, block)) else tuple(out)


def _keep(stmt: Stmt) -> Block:
    return (stmt,)


def substitute(block: Block, values: Mapping[str, Expr]) -> Block:
    """Replace reads of variables by expressions (which must not be captured: names are unique)."""

    def one(expr: Expr) -> Expr:
        return values.get(expr.name, expr) if isinstance(expr, Var) else expr

    return map_block(block, _keep, one)


def substituted(expr: Expr, values: Mapping[str, Expr]) -> Expr:
    """An expression with variables replaced, as `substitute` does in a block."""
    return map_expr(expr, lambda e: values.get(e.name, e) if isinstance(e, Var) else e)


def variables(expr: Expr) -> frozenset[str]:
    """Names of the variables that an expression reads."""
    return frozenset(e.name for e in subexpressions(expr) if isinstance(e, Var))


def buffers_read(block: Block) -> frozenset[str]:
    """Names of buffers that are loaded from, or whose address is taken, or that an atomic reads."""
    names: set[str] = set()
    for stmt in statements(block):
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if isinstance(sub, Load | AddressOf):
                    names.add(sub.buffer)
        if isinstance(stmt, Atomic):
            names.add(stmt.buffer)
    return frozenset(names)


def buffers_written(block: Block) -> frozenset[str]:
    """Names of buffers that are stored to, or handed by address to an instruction or function."""
    names: set[str] = set()
    for stmt in statements(block):
        match stmt:
            case Store(buffer=buffer) | Atomic(buffer=buffer):
                names.add(buffer)
            case Evaluate() | Invoke():
                for expr in expressions(stmt):
                    for sub in subexpressions(expr):
                        if isinstance(sub, AddressOf) and not sub.type.const:
                            names.add(sub.buffer)
            case TileOp(op="store", args=(AddressOf(buffer=buffer), *_)):
                names.add(buffer)
            case TileOp(op="fill" | "load" | "mma", tiles=(tile, *_)):
                names.add(tile)
            case _:
                pass
    return frozenset(names)


def assigned(block: Block) -> frozenset[str]:
    """Names of variables whose value changes in the block (declared ones included)."""
    names: set[str] = set()
    for stmt in statements(block):
        match stmt:
            case Assign(name=name) | Declare(name=name) | For(var=name):
                names.add(name)
            case Atomic(result=str(name)) | WarpOp(result=name) | Invoke(result=str(name)):
                names.add(name)
            case _:
                pass
        if isinstance(stmt, Invoke):
            names.update(a.name for a in stmt.args if isinstance(a, Ref))
    return frozenset(names)


def declared(block: Block) -> frozenset[str]:
    """Names that the block declares: scalars, arrays, tiles, loop variables."""
    names: set[str] = set()
    for stmt in statements(block):
        match stmt:
            case Declare(name=name) | Alloc(name=name) | Tile(name=name) | For(var=name):
                names.add(name)
            case _:
                pass
    return frozenset(names)


def fresh(stem: str, taken: frozenset[str] | set[str]) -> str:
    """`stem`, or `stem_1`, `stem_2`, ...: the first that is not taken."""
    if stem not in taken:
        return stem
    n = 1
    while f"{stem}_{n}" in taken:
        n += 1
    return f"{stem}_{n}"
