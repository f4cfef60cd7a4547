"""Print the Kernel IR as C. `parse_c` reads it back to an equal value; `ir.h` makes it compile."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal

from xpiler.ir import build
from xpiler.ir.functions import ATOMICS, MASKLESS_WARP_OPS, WARP_OPS, given_buffer
from xpiler.ir.nodes import (
    ARITHMETIC,
    SHIFTS,
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
    Function,
    GlobalBuffer,
    If,
    Invoke,
    Kernel,
    Load,
    Module,
    Param,
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
from xpiler.ir.types import BF16, BOOL, F16, F32, F64, I32, I64, U32, U64, Scalar, Spaces

__all__ = [
    "print_block",
    "print_expr",
    "print_kernel",
    "print_module",
    "print_stmt",
    "shortest_f32",
]

INDENT = "  "

PRECEDENCE = {
    "||": 1,
    "&&": 2,
    "|": 3,
    "^": 4,
    "&": 5,
    "==": 6,
    "!=": 6,
    "<": 7,
    "<=": 7,
    ">": 7,
    ">=": 7,
    "<<": 8,
    ">>": 8,
    "+": 9,
    "-": 9,
    "*": 10,
    "/": 10,
    "%": 10,
}
_TERNARY, _UNARY, _POSTFIX = 0, 11, 12

# gcc warns where these mix without parentheses; people misread them too
_CONFUSABLE = frozenset({"|", "^", "&", "<<", ">>", "&&", "||"})


def print_expr(expr: Expr) -> str:
    """The expression as C with the fewest parentheses that keep its tree (and some for readers)."""
    return _expr(expr, 0)


def _expr(expr: Expr, outer: int) -> str:
    text, precedence = _render(expr)
    return f"({text})" if precedence < outer else text


def _render(expr: Expr) -> tuple[str, int]:
    match expr:
        case Const():
            return _const(expr)
        case Builtin(name=name) if given_buffer(name):
            return f"given({given_buffer(name)})", _POSTFIX
        case Var(name=name) | Builtin(name=name):
            return name, _POSTFIX
        case Load(buffer=buffer, index=index):
            return _place(buffer, index), _POSTFIX
        case AddressOf(buffer=buffer, index=index):
            return "&" + _place(buffer, index), _UNARY
        case Unary(op=op, a=a):
            inner = _expr(a, _UNARY)
            # "-5" is a literal and "--x" a decrement
            guard = op == "-" and (isinstance(a, Const) or inner.startswith("-"))
            return f"{op}({_expr(a, 0)})" if guard else op + inner, _UNARY
        case Cast(type=type_, a=a):
            inner = f"({_expr(a, 0)})" if isinstance(a, Const) else _expr(a, _UNARY)
            return f"({type_}){inner}", _UNARY
        case Binary(op=op, a=a, b=b):
            mine = PRECEDENCE[op]
            return f"{_side(a, op, mine)} {op} {_side(b, op, mine + 1)}", mine
        case Select(cond=cond, a=a, b=b):
            return f"{_expr(cond, 1)} ? {_expr(a, 1)} : {_expr(b, 1)}", _TERNARY
        case Call(function=function, args=args):
            return f"{function}({_list(args)})", _POSTFIX


def _side(expr: Expr, parent: str, outer: int) -> str:
    if isinstance(expr, Binary) and expr.op != parent and {expr.op, parent} & _CONFUSABLE:
        return f"({_expr(expr, 0)})"
    return _expr(expr, outer)


def _list(args: Iterable[Expr]) -> str:
    return ", ".join(_expr(a, 0) for a in args)


def _place(buffer: str, index: tuple[Expr, ...]) -> str:
    return buffer + "".join(f"[{_expr(i, 0)}]" for i in index)


_INT_SUFFIX = {I32: "", U32: "u", I64: "LL", U64: "ull"}


def _const(c: Const) -> tuple[str, int]:
    if c.type == BOOL:
        return ("true" if c.value else "false"), _POSTFIX
    if c.type.is_float:
        digits, negative = _float_digits(c)
        if c.type in (F16, BF16):
            return f"({c.type}){digits}", _UNARY
    else:
        negative = c.value < 0
        if c.type not in _INT_SUFFIX:
            return f"({c.type}){c.value}", _UNARY
        # masks read better in hexadecimal
        shown = (
            hex(int(c.value)) if not c.type.is_signed and c.value >= 0x8000_0000 else str(c.value)
        )
        digits = shown + _INT_SUFFIX[c.type]
    return digits, (_UNARY if negative else _POSTFIX)


def _float_digits(c: Const) -> tuple[str, bool]:
    value = float(c.value)
    negative = math.copysign(1.0, value) < 0
    suffix = "" if c.type == F64 else "f"
    if math.isnan(value):
        return f"NAN{suffix}", False
    if math.isinf(value):
        return f"{'-' if negative else ''}INF{suffix}", negative
    text = repr(float(value)) if c.type == F64 else shortest_f32(value)
    return text + suffix, negative


def shortest_f32(value: float) -> str:
    """The shortest decimal that reads back as this f32; plain where that is no longer than 14 characters."""
    digits = next(
        text
        for precision in range(1, 10)
        if _as_f32(float(text := f"{value:.{precision - 1}e}")) == value
    )
    plain = format(Decimal(digits), "f")
    if "." not in plain:
        plain += ".0"
    if len(plain) <= 14:
        return plain
    mantissa, _, exponent = digits.partition("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}"


def _as_f32(value: float) -> float:
    return build.round_float(value, F32)


# --- statements --------------------------------------------------------------------------------


def print_block(block: Block, depth: int = 0) -> str:
    """The statements, one or more lines each, indented by `depth` steps."""
    return "".join(print_stmt(s, depth) for s in block)


def print_stmt(stmt: Stmt, depth: int = 0) -> str:
    """A statement with its nested blocks; ends with a newline."""
    pad = INDENT * depth
    match stmt:
        case If():
            return _if(stmt, depth, pad)
        case For(var=var, type=type_, lo=lo, hi=hi, step=step, body=body, axis=axis):
            mark = "" if axis == "serial" else f"parallel({axis}) "
            head = (
                f"{mark}for ({type_} {var} = {_expr(lo, 0)}; "
                f"{var} < {_expr(hi, 8)}; {var} += {_expr(step, 0)})"
            )
            return f"{pad}{head} {{\n{print_block(body, depth + 1)}{pad}}}\n"
        case While(cond=cond, body=body):
            return f"{pad}while ({_expr(cond, 0)}) {{\n{print_block(body, depth + 1)}{pad}}}\n"
        case _:
            return f"{pad}{_simple(stmt)};\n"


def _if(stmt: If, depth: int, pad: str) -> str:
    text = f"{pad}if ({_expr(stmt.cond, 0)}) {{\n{print_block(stmt.then, depth + 1)}{pad}}}"
    if not stmt.orelse:
        return text + "\n"
    if len(stmt.orelse) == 1 and isinstance(stmt.orelse[0], If):
        return f"{text} else {print_stmt(stmt.orelse[0], depth).lstrip()}"
    return f"{text} else {{\n{print_block(stmt.orelse, depth + 1)}{pad}}}\n"


def _simple(stmt: Stmt) -> str:
    match stmt:
        case Declare(name=name, type=type_, init=init):
            return f"{type_} {name}" + ("" if init is None else f" = {_expr(init, 0)}")
        case Alloc():
            return _alloc(stmt)
        case Assign(name=name, value=value):
            return name + _update(value, lambda a: isinstance(a, Var) and a.name == name)
        case Store(buffer=buffer, index=index, value=value):
            return _place(buffer, index) + _update(
                value, lambda a: isinstance(a, Load) and (a.buffer, a.index) == (buffer, index)
            )
        case Atomic(op=op, buffer=buffer, index=index, operands=ops, result=result):
            args = ", ".join(["&" + _place(buffer, index), *(_expr(o, 0) for o in ops)])
            return _result(result) + f"{ATOMICS[op]}({args})"
        case WarpOp(op=op, result=result, mask=mask, args=args):
            shown = args if op in MASKLESS_WARP_OPS else (mask, *args)
            return _result(result) + f"{WARP_OPS[op][0]}({_list(shown)})"
        case Barrier(scope=scope):
            return _BARRIERS.get(scope, f"barrier({scope})")
        case Break():
            return "break"
        case Continue():
            return "continue"
        case Return(value=value):
            return "return" if value is None else f"return {_expr(value, 0)}"
        case Evaluate(call=call):
            return _expr(call, 0)
        case Assume(cond=cond):
            return f"assume({_expr(cond, 0)})"
        case Invoke(function=function, args=args, result=result):
            passed = ", ".join(
                f"ref({a.name})" if isinstance(a, Ref) else _expr(a, 0) for a in args
            )
            return _result(result) + f"{function}({passed})"
        case Tile(name=name, role=role, m=m, n=n, k=k, elem=elem, layout=layout):
            return f"tile({role}, {layout}, {elem}, {m}, {n}, {k}, {name})"
        case TileOp():
            return _tile_op(stmt)
        case If() | For() | While():
            raise TypeError("a compound statement")


def _update(value: Expr, is_target: Callable[[Expr], bool]) -> str:
    """` = value`, or ` += rest` where the value updates its own target."""
    match value:
        case Binary(op=op, a=a, b=b) if (
            op in ARITHMETIC | SHIFTS
            and is_target(a)
            and isinstance(b.type, Scalar)
            and b.type.bits >= 32
        ):
            return f" {op}= {_expr(b, 0)}"
        case _:
            return f" = {_expr(value, 0)}"


_BARRIERS = {"block": "__syncthreads()", "warp": "__syncwarp()", "grid": "__syncgrid()"}


def _result(result: str | None) -> str:
    return "" if result is None else f"{result} = "


def _tile_op(stmt: TileOp) -> str:
    parts = [*stmt.tiles, *(_expr(a, 0) for a in stmt.args)]
    if stmt.op in ("load", "store"):
        parts.append(stmt.layout)
    return f"tile_{stmt.op}({', '.join(parts)})"


def _alloc(stmt: Alloc) -> str:
    if stmt.dynamic:
        offset = "0" if stmt.offset is None else _expr(stmt.offset, 0)
        return f"dynamic_shared({stmt.elem}, {stmt.name}, {offset})"
    keyword = f"{stmt.space.keyword} " if stmt.space.keyword else ""
    dims = "".join(f"[{_expr(s, 0)}]" for s in stmt.shape)
    return f"{keyword}{stmt.elem} {stmt.name}{dims}{_init(stmt.init)}"


def _init(values: tuple[Const, ...]) -> str:
    return f" = {{{_list(values)}}}" if values else ""


# --- programs ----------------------------------------------------------------------------------


def print_module(module: Module) -> str:
    """Global buffers, functions, then kernels."""
    parts = ["".join(map(_global, module.globals))] if module.globals else []
    parts += [_function(f) for f in module.functions]
    parts += [print_kernel(k) for k in module.kernels]
    return "\n".join(parts)


def _global(buffer: GlobalBuffer) -> str:
    keyword = "__device__" if buffer.space == Spaces.GLOBAL else buffer.space.keyword
    dims = "".join(f"[{n}]" for n in buffer.shape)
    return f"{keyword} {buffer.elem} {buffer.name}{dims}{_init(buffer.init)};\n"


_HEAD = {"simt": "__global__ void", "loops": "void", "task": "__mlu_entry__ void"}


def print_kernel(kernel: Kernel) -> str:
    """A kernel with its launch facts; the level shows in its head."""
    facts = ""
    if kernel.launch:
        facts = "launch_facts(" + ", ".join(f"{n} = {v}" for n, v in kernel.launch) + ")\n"
    params = [_param(p) for p in kernel.params]
    if kernel.level != "simt":
        params = ["dim3 gridDim", "dim3 blockDim", "u32 sharedBytes", *params]
    head = f"{_HEAD[kernel.level]} {kernel.name}({', '.join(params)})"
    return f"{facts}{head} {{\n{print_block(kernel.body, 1)}}}\n"


def _function(function: Function) -> str:
    params = ", ".join(map(_param, function.params))
    head = f"__device__ {function.result} {function.name}({params})"
    return f"{head} {{\n{print_block(function.body, 1)}}}\n"


def _param(p: Param) -> str:
    if isinstance(p.type, Scalar):
        return f"{p.type} {'&' if p.by_ref else ''}{p.name}"
    keyword = "" if p.space == Spaces.GLOBAL else f"{p.space.keyword} "
    const = "const " if p.type.const else ""
    restrict = "__restrict__ " if p.restrict else ""
    return f"{keyword}{const}{p.type.elem} *{restrict}{p.name}"
