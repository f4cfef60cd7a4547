"""Hypothesis strategies for well-formed programs of the IR."""

from __future__ import annotations

from hypothesis import strategies as st

from xpiler.ir import build
from xpiler.ir.functions import FUNCTIONS
from xpiler.ir.nodes import (
    ARITHMETIC,
    COMPARISONS,
    Alloc,
    Assign,
    Atomic,
    Barrier,
    Binary,
    Block,
    Builtin,
    Call,
    Cast,
    Const,
    Declare,
    Expr,
    For,
    If,
    Kernel,
    Load,
    Module,
    Param,
    Return,
    Select,
    Stmt,
    Store,
    Unary,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.types import (
    BF16,
    BOOL,
    F16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Pointer,
    Scalar,
    Spaces,
)

SCALARS = (BOOL, I8, I16, I32, I64, U8, U16, U32, U64, F16, BF16, F32, F64)
PARAMS = (
    Param("x", Pointer(F32, const=True), restrict=True),
    Param("y", Pointer(F32)),
    Param("q", Pointer(I32)),
    Param("n", I32),
    Param("a", F32),
    Param("h", F16),
    Param("w", U64),
)
BUFFERS = {"x": (F32, 1), "y": (F32, 1), "q": (I32, 1), "tile": (F32, 2)}
VARIABLES = {"n": I32, "a": F32, "h": F16, "w": U64, "v": F32, "i": I32}


def constants(type_: Scalar) -> st.SearchStrategy[Expr]:
    if type_ == BOOL:
        return st.booleans().map(build.boolean)
    if type_.is_float:
        width = {16: 16, 32: 32, 64: 64}[type_.bits]
        return st.floats(width=width, allow_nan=False).map(lambda v: build.const(v, type_))
    return st.integers(-(2**63), 2**63 - 1).map(lambda v: build.const(v, type_))


def leaves(type_: Scalar) -> st.SearchStrategy[Expr]:
    options = [constants(type_)]
    options += [st.just(Var(n, t)) for n, t in VARIABLES.items() if t == type_]
    if type_ == U32:
        options.append(st.sampled_from([Builtin("threadIdx.x", U32), Builtin("blockDim.y", U32)]))
    if type_ == BOOL:
        options.append(st.sampled_from([build.given("x"), build.given("q")]))
    return st.one_of(options)


@st.composite
def expressions(draw: st.DrawFn, type_: Scalar, depth: int = 3) -> Expr:
    """An expression of the given type."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(leaves(type_))
    kinds = ["cast", "select"]
    if type_ == BOOL:
        kinds += ["compare", "logic", "not"]
    elif type_.is_float or type_.bits >= 32:
        kinds += ["binary", "binary", "negate"]
    if type_.is_float:
        kinds.append("call")
    if type_ in (F32, I32):
        kinds.append("load")
    return draw(_node(draw(st.sampled_from(kinds)), type_, depth - 1))


def _node(kind: str, type_: Scalar, depth: int) -> st.SearchStrategy[Expr]:
    same = expressions(type_, depth)
    match kind:
        case "cast":
            return st.sampled_from(SCALARS).flatmap(
                lambda t: expressions(t, depth).map(lambda e: Cast(type_, e))
            )
        case "select":
            return st.builds(Select, expressions(BOOL, depth), same, same)
        case "compare":
            wide = st.sampled_from((I32, U32, I64, F32, F16))
            return wide.flatmap(
                lambda t: st.builds(
                    Binary,
                    st.sampled_from(sorted(COMPARISONS)),
                    expressions(t, depth),
                    expressions(t, depth),
                )
            )
        case "logic":
            return st.builds(Binary, st.sampled_from(("&&", "||")), same, same)
        case "not":
            return st.builds(Unary, st.just("!"), same)
        case "negate":
            return same.map(lambda e: e if isinstance(e, Const) else Unary("-", e))
        case "binary":
            ops = sorted(ARITHMETIC) if type_.is_int else ["+", "-", "*", "/"]
            return st.builds(Binary, st.sampled_from(ops), same, same)
        case "call":
            unary = sorted(n for n, f in FUNCTIONS.items() if f.domain == "float" and f.arity == 1)
            plain = [n for n in unary if FUNCTIONS[n].result is None]
            return st.sampled_from(plain).flatmap(
                lambda n: same.map(lambda e: Call(n, (e,), type_))
            )
        case _:
            return _loads(type_, depth)


def _loads(type_: Scalar, depth: int) -> st.SearchStrategy[Expr]:
    names = [n for n, (t, _) in BUFFERS.items() if t == type_]
    return st.sampled_from(names).flatmap(
        lambda n: st.tuples(*[expressions(I32, depth)] * BUFFERS[n][1]).map(
            lambda index: Load(n, index, type_)
        )
    )


@st.composite
def blocks(draw: st.DrawFn, counter: list[int], depth: int = 2) -> Block:
    return tuple(draw(_statement(counter, depth)) for _ in range(draw(st.integers(0, 3))))


@st.composite
def _statement(draw: st.DrawFn, counter: list[int], depth: int) -> Stmt:
    kinds = ["assign", "store", "atomic", "barrier", "declare", "warp", "return"]
    if depth > 0:
        kinds += ["if", "for", "while"]
    index = (draw(expressions(I32, 1)),)
    counter[0] += 1
    fresh = f"t{counter[0]}"
    match draw(st.sampled_from(kinds)):
        case "assign":
            return Assign("v", draw(expressions(F32)))
        case "store":
            return Store("y", index, draw(expressions(F32)))
        case "atomic":
            result = draw(st.sampled_from((None, "i")))
            return Atomic("add", "q", index, (draw(expressions(I32, 1)),), result)
        case "barrier":
            return Barrier(draw(st.sampled_from(("block", "warp", "grid", "cluster"))))
        case "declare":
            type_ = draw(st.sampled_from(SCALARS))
            return Declare(fresh, type_, draw(st.none() | expressions(type_, 2)))
        case "warp":
            mask = Const(0xFFFFFFFF, U32)
            args = (Var("v", F32), draw(expressions(I32, 1)), build.i32(32))
            return WarpOp(draw(st.sampled_from(("shfl", "shfl_xor"))), "v", mask, args)
        case "return":
            return Return()
        case "if":
            then, orelse = draw(blocks(counter, depth - 1)), draw(blocks(counter, depth - 1))
            return If(draw(expressions(BOOL, 2)), then, orelse)
        case "for":
            axis = draw(st.sampled_from(("serial", "parallel", "thread.x", "unroll")))
            bounds = (build.i32(0), Var("n", I32), build.i32(draw(st.integers(1, 9))))
            return For(fresh, I32, *bounds, draw(blocks(counter, depth - 1)), axis)
        case _:
            return While(draw(expressions(BOOL, 2)), draw(blocks(counter, depth - 1)))


@st.composite
def modules(draw: st.DrawFn) -> Module:
    """A module of one kernel over PARAMS, a shared tile, a scalar `v` and a scalar `i`."""
    head: Block = (
        Alloc("tile", F32, (build.i32(8), build.i32(9)), Spaces.SHARED),
        Declare("v", F32, draw(expressions(F32, 0).filter(lambda e: e != Var("v", F32)))),
        Declare("i", I32, build.i32(1)),
    )
    launch = draw(st.sampled_from(((), (("blockDim.x", 64), ("blockDim.y", 1)))))
    level = draw(st.sampled_from(("simt", "loops", "task")))
    body = draw(blocks([0]))
    return Module((Kernel("k", PARAMS, head + body, level, launch),))
