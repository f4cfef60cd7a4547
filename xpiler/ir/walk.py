"""Traversal: iterate over, map and query expressions and statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

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
        case Const() | Var() | Builtin():
            return ()
        case Load(index=index) | AddressOf(index=index):
            return index
        case Unary(a=a) | Cast(a=a):
            return (a,)
        case Binary(a=a, b=b):
            return (a, b)
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
    """Rebuild bottom-up: `f` sees each node after its operands were mapped."""
    match expr:
        case Const() | Var() | Builtin():
            return f(expr)
        case Load(index=index) | AddressOf(index=index):
            mapped = tuple(map_expr(i, f) for i in index)
            return f(expr if mapped == index else replace(expr, index=mapped))
        case Unary(a=a) | Cast(a=a):
            new = map_expr(a, f)
            return f(expr if new is a else replace(expr, a=new))
        case Binary(a=a, b=b):
            x, y = map_expr(a, f), map_expr(b, f)
            return f(expr if x is a and y is b else replace(expr, a=x, b=y))
        case Select(cond=cond, a=a, b=b):
            return f(replace(expr, cond=map_expr(cond, f), a=map_expr(a, f), b=map_expr(b, f)))
        case Call(args=args):
            return f(replace(expr, args=tuple(map_expr(x, f) for x in args)))


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
    """Apply `map_expr` to the expressions that stand directly in `stmt`; nested blocks are left alone."""

    def m(expr: Expr) -> Expr:
        return map_expr(expr, f)

    match stmt:
        case Declare(init=init):
            return stmt if init is None else replace(stmt, init=m(init))
        case Alloc(shape=shape, offset=offset):
            moved = None if offset is None else m(offset)
            return replace(stmt, shape=tuple(map(m, shape)), offset=moved)
        case Assign(value=value):
            return replace(stmt, value=m(value))
        case Store(index=index, value=value):
            return replace(stmt, index=tuple(map(m, index)), value=m(value))
        case Atomic(index=index, operands=ops):
            return replace(stmt, index=tuple(map(m, index)), operands=tuple(map(m, ops)))
        case If(cond=cond) | While(cond=cond) | Assume(cond=cond):
            return replace(stmt, cond=m(cond))
        case For(lo=lo, hi=hi, step=step):
            return replace(stmt, lo=m(lo), hi=m(hi), step=m(step))
        case Return(value=value):
            return stmt if value is None else replace(stmt, value=m(value))
        case WarpOp(mask=mask, args=args):
            return replace(stmt, mask=m(mask), args=tuple(map(m, args)))
        case TileOp(args=args):
            return replace(stmt, args=tuple(map(m, args)))
        case Invoke(args=args):
            return replace(stmt, args=tuple(a if isinstance(a, Ref) else m(a) for a in args))
        case Evaluate(call=call):
            mapped = m(call)
            return replace(stmt, call=mapped) if isinstance(mapped, Call) else stmt
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
            stmt = with_blocks(stmt, tuple(map_block(b, f, exprs) for b in inner))
        if exprs is not None:
            stmt = map_exprs(stmt, exprs)
        out.extend(f(stmt))
    return tuple(out)


def _keep(stmt: Stmt) -> Block:
    return (stmt,)


def substitute(block: Block, values: Mapping[str, Expr]) -> Block:
    """Replace reads of variables by expressions (which must not be captured: names are unique)."""

    def one(expr: Expr) -> Expr:
        return values.get(expr.name, expr) if isinstance(expr, Var) else expr

    return map_block(block, _keep, one)


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
