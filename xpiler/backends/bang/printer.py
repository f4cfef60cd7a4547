"""Print a task-level kernel as BANG C."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import field
from math import prod

from xpiler.backends.bang.composites import COMPOSITES, with_dependencies
from xpiler.backends.bang.helpers import C_FUNCTIONS, HELPERS
from xpiler.backends.bang.spaces import on_chip
from xpiler.ir.build import cast, i32
from xpiler.ir.functions import given_buffer
from xpiler.ir.nodes import (
    COMPARISONS,
    LOGICAL,
    AddressOf,
    Alloc,
    Assign,
    Assume,
    Atomic,
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
    GlobalBuffer,
    If,
    Kernel,
    Load,
    Param,
    Return,
    Select,
    Stmt,
    Store,
    Unary,
    Var,
    While,
)
from xpiler.ir.print_c import PRECEDENCE, shortest_f32
from xpiler.ir.types import (
    BF16,
    BOOL,
    F16,
    F32,
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
)
from xpiler.ir.walk import blocks, expressions, statements, subexpressions
from xpiler.records import dataclass

__all__ = ["TYPE_NAMES", "PrintedKernel", "launch_parameters", "print_global", "print_kernel"]

TYPE_NAMES: dict[Scalar, str] = {
    BOOL: "bool",
    I8: "signed char",
    I16: "short",
    I32: "int",
    I64: "long long",
    U8: "unsigned char",
    U16: "unsigned short",
    U32: "unsigned int",
    U64: "unsigned long long",
    F16: "half",
    BF16: "bfloat16_t",
    F32: "float",
}

# quantities of the CUDA launch that a kernel may still ask for, as parameters of the translation
LAUNCH_BUILTINS = {
    **{f"gridDim.{c}": f"grid_{c}" for c in "xyz"},
    **{f"blockDim.{c}": f"block_{c}" for c in "xyz"},
    "sharedBytes": "shared_bytes",
}

# copy directions are values of an enumeration; the IR has them as calls without arguments
DIRECTIONS = frozenset(
    f"{a}2{b}"
    for a in ("GDRAM", "NRAM", "WRAM", "SRAM", "LDRAM")
    for b in ("GDRAM", "NRAM", "WRAM", "SRAM", "LDRAM")
)

SHARED_LIMIT = 48 * 1024  # CUDA's limit of dynamic shared memory without an opt-in
_TERNARY, _UNARY, _POSTFIX = 0, 11, 12
_CONFUSABLE = frozenset({"|", "^", "&", "<<", ">>", "&&", "||"})


@dataclass(frozen=True, slots=True)
class PrintedKernel:
    """A kernel's text, the functions it calls, the launch quantities it takes after its own parameters."""

    text: str
    helpers: tuple[str, ...]
    composites: tuple[str, ...]
    launch: tuple[str, ...]


def launch_parameters(kernel: Kernel) -> tuple[str, ...]:
    """Builtins of the CUDA launch that the kernel reads, in a fixed order: `gridDim.x`, ..., `sharedBytes`."""
    used = {
        sub.name
        for stmt in statements(kernel.body)
        for expr in expressions(stmt)
        for sub in subexpressions(expr)
        if isinstance(sub, Builtin)
    }
    return tuple(name for name in LAUNCH_BUILTINS if name in used)


def print_global(buffer: GlobalBuffer) -> str:
    """The initial values of file-scope data, `const T xp_initial[] = {...};`."""
    values = ", ".join(_Printer().expr(c) for c in buffer.init)
    count = prod(buffer.shape)
    return f"const {TYPE_NAMES[buffer.elem]} xp_initial[{count}] = {{{values}}};\n"


def print_kernel(
    kernel: Kernel, symbol: str, globals_: tuple[GlobalBuffer, ...] = ()
) -> PrintedKernel:
    """The kernel as `__mlu_entry__ void symbol(parameters, launch quantities, file-scope data)`.

    File-scope data is GDRAM that the host allocates; a kernel gets its address.
    """
    printer = _Printer(shapes={g.name: g.shape for g in globals_})
    printer.note_arrays(kernel.body)
    launch = launch_parameters(kernel)
    params = [_param(p) for p in kernel.params]
    params += [f"unsigned int {LAUNCH_BUILTINS[name]}" for name in launch]
    params += [f"{TYPE_NAMES[g.elem]} *{g.name}" for g in globals_]
    body = printer.block(kernel.body, 1)
    shared = "" if not printer.dynamic else f"  __nram__ char xp_shared[{SHARED_LIMIT}];\n"
    text = (
        f"__mlu_entry__ void {symbol}({', '.join(params)}) {{\n"
        f"  if (__is_mpu()) return;\n{shared}{body}}}\n"
    )
    return PrintedKernel(
        text, tuple(sorted(printer.helpers)), with_dependencies(printer.composites), launch
    )


def _param(p: Param) -> str:
    if isinstance(p.type, Pointer):
        const = "const " if p.type.const else ""
        return f"{const}{TYPE_NAMES[p.type.elem]} *{p.name}"
    return f"{TYPE_NAMES[p.type]} {p.name}"


@dataclass
class _Printer:
    helpers: set[str] = field(default_factory=set)
    composites: set[str] = field(default_factory=set)
    elems: dict[str, Scalar] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)  # of file-scope data
    dynamic: bool = False
    temporaries: int = 0

    def note_arrays(self, body: Block) -> None:
        for stmt in statements(body):
            if isinstance(stmt, Alloc):
                self.elems[stmt.name] = stmt.elem

    # --- expressions

    def expr(self, expr: Expr, outer: int = 0) -> str:
        text, precedence = self._render(expr)
        return f"({text})" if precedence < outer else text

    def _render(self, expr: Expr) -> tuple[str, int]:
        match expr:
            case Const():
                return _const(expr)
            case Var(name=name):
                return name, _POSTFIX
            case Builtin(name=name) if given_buffer(name):
                return f"{given_buffer(name)} != nullptr", PRECEDENCE["!="]
            case Builtin(name=name):
                return LAUNCH_BUILTINS.get(name, name), _POSTFIX
            case Load(buffer=buffer, index=index):
                return self._place(buffer, index), _POSTFIX
            case AddressOf(buffer=buffer, index=index, type=pointer):
                text, precedence = self._address(buffer, index)
                if self.elems.get(buffer, pointer.elem) == pointer.elem:
                    return text, precedence
                inner = f"({text})" if precedence < _POSTFIX else text
                return f"({TYPE_NAMES[pointer.elem]} *){inner}", _UNARY
            case Unary(op=op, a=a):
                inner = self.expr(a, _UNARY)
                text = f"{op}({inner})" if inner.startswith("-") else op + inner
                return self._narrow(text, _UNARY, expr.type if op == "-" else None)
            case Cast(type=type_, a=a):
                return f"({TYPE_NAMES[type_]}){self.expr(a, _UNARY)}", _UNARY
            case Binary():
                return self._binary(expr)
            case Select(cond=cond, a=a, b=b):
                return f"{self.expr(cond, 1)} ? {self.expr(a, 1)} : {self.expr(b, 1)}", _TERNARY
            case Call():
                return self._call(expr)

    def _narrow(self, text: str, precedence: int, type_: object) -> tuple[str, int]:
        # half and bfloat16 are stored types: each operation is rounded back at once
        if type_ in (F16, BF16) and isinstance(type_, Scalar):
            return f"({TYPE_NAMES[type_]})({text})", _UNARY
        return text, precedence

    def _binary(self, expr: Binary) -> tuple[str, int]:
        mine = PRECEDENCE[expr.op]
        if expr.op == "+" and isinstance(expr.a, Unary) and expr.a.op == "-" and expr.type == I32:
            return self._binary(Binary("-", expr.b, expr.a.a))
        text = (
            f"{self._side(expr.a, expr.op, mine)} {expr.op} {self._side(expr.b, expr.op, mine + 1)}"
        )
        rounds = expr.op not in COMPARISONS and expr.op not in LOGICAL
        return self._narrow(text, mine, expr.type if rounds else None)

    def _side(self, expr: Expr, parent: str, outer: int) -> str:
        if isinstance(expr, Binary) and expr.op != parent and {expr.op, parent} & _CONFUSABLE:
            return f"({self.expr(expr)})"
        return self.expr(expr, outer)

    def _call(self, expr: Call) -> tuple[str, int]:
        args = ", ".join(self.expr(a) for a in expr.args)
        if expr.function in HELPERS:
            self.helpers.add(expr.function)
            return f"xp_{expr.function}({args})", _POSTFIX
        if expr.function in COMPOSITES:
            self.composites.add(expr.function)
        if not expr.args and expr.function in DIRECTIONS:
            return expr.function, _POSTFIX
        if expr.function in C_FUNCTIONS:
            text = f"{C_FUNCTIONS[expr.function]}({args})"
            return self._narrow(text, _POSTFIX, expr.type)
        return f"{expr.function}({args})", _POSTFIX

    def _place(self, buffer: str, index: tuple[Expr, ...]) -> str:
        return buffer + "".join(f"[{self.expr(i)}]" for i in self._flat(buffer, index))

    def _flat(self, buffer: str, index: tuple[Expr, ...]) -> tuple[Expr, ...]:
        """File-scope data is a pointer here: one index, row-major."""
        shape = self.shapes.get(buffer)
        if shape is None or len(shape) == 1:
            return index
        total: Expr = i32(0)
        for n, (i, size) in enumerate(zip(index, shape, strict=False)):
            total = (
                cast(I32, i) if n == 0 else Binary("+", Binary("*", total, i32(size)), cast(I32, i))
            )
        for size in shape[len(index) :]:
            total = Binary("*", total, i32(size))
        return (total,)

    def _address(self, buffer: str, index: tuple[Expr, ...]) -> tuple[str, int]:
        index = self._flat(buffer, index)
        if not index:
            return buffer, _POSTFIX
        if len(index) == 1:
            first = index[0]
            if isinstance(first, Const) and first.value == 0:
                return buffer, _POSTFIX
            return f"{buffer} + {self.expr(first, PRECEDENCE['+'] + 1)}", PRECEDENCE["+"]
        if index[-1] == i32(0):  # an array stands for the address of its first element
            return self._place(buffer, index[:-1]), _POSTFIX
        return "&" + self._place(buffer, index), _UNARY

    # --- statements

    def block(self, block: Block, depth: int) -> str:
        return "".join(self.stmt(s, depth) for s in block)

    def stmt(self, stmt: Stmt, depth: int) -> str:
        pad = "  " * depth
        if blocks(stmt):
            return self._compound(stmt, depth, pad)
        if isinstance(stmt, Atomic):
            return self._atomic(stmt, pad)
        if isinstance(stmt, Alloc) and stmt.dynamic:
            self.dynamic = True
            offset = "" if stmt.offset is None else f" + {self.expr(stmt.offset, 10)}"
            elem = TYPE_NAMES[stmt.elem]
            return f"{pad}{elem} *{stmt.name} = ({elem} *)(xp_shared{offset});\n"
        text = self._simple(stmt)
        return f"{pad}{text};\n" if text else ""

    def _compound(self, stmt: Stmt, depth: int, pad: str) -> str:
        match stmt:
            case If(cond=cond, then=then, orelse=orelse):
                text = f"{pad}if ({self.expr(cond)}) {{\n{self.block(then, depth + 1)}{pad}}}"
                if orelse and len(orelse) == 1 and isinstance(orelse[0], If):
                    return f"{text} else {self.stmt(orelse[0], depth).lstrip()}"
                if orelse:
                    text += f" else {{\n{self.block(orelse, depth + 1)}{pad}}}"
                return text + "\n"
            case For(var=var, type=type_, lo=lo, hi=hi, step=step, body=body):
                one = isinstance(step, Const) and step.value == 1
                advance = f"++{var}" if one else f"{var} += {self.expr(step)}"
                head = (
                    f"for ({TYPE_NAMES[type_]} {var} = {self.expr(lo)}; "
                    f"{var} < {self.expr(hi, 8)}; {advance})"
                )
                return f"{pad}{head} {{\n{self.block(body, depth + 1)}{pad}}}\n"
            case While(cond=cond, body=body):
                return f"{pad}while ({self.expr(cond)}) {{\n{self.block(body, depth + 1)}{pad}}}\n"
            case _:
                raise TypeError(f"not a compound statement: {type(stmt).__name__}")

    def _simple(self, stmt: Stmt) -> str:
        match stmt:
            case Declare(name=name, type=Scalar() as type_, init=init):
                value = "" if init is None else f" = {self.expr(init)}"
                return f"{TYPE_NAMES[type_]} {name}{value}"
            case Alloc(name=name, elem=elem, shape=shape, space=space, init=init):
                keyword = f"{space.keyword} " if on_chip(space) else ""
                dims = "".join(f"[{self.expr(s)}]" for s in shape)
                values = ", ".join(self.expr(c) for c in init)
                return f"{keyword}{TYPE_NAMES[elem]} {name}{dims}" + (
                    f" = {{{values}}}" if init else ""
                )
            case Assign(name=name, value=value):
                return f"{name} = {self.expr(value)}"
            case Store(buffer=buffer, index=index, value=value):
                return f"{self._place(buffer, index)} = {self.expr(value)}"
            case Break():
                return "break"
            case Continue():
                return "continue"
            case Return():
                return "return"
            case Evaluate(call=call):
                return self.expr(call)
            case Assume():
                return ""
            case _:
                raise TypeError(f"{type(stmt).__name__} has no meaning in a task")

    def _atomic(self, stmt: Atomic, pad: str) -> str:
        """One atomic on GDRAM: its operands and old value are arrays of one element in NRAM."""
        if stmt.op == "cas" and _elem(stmt.operands) == F32:
            return self._swap_bits(stmt, pad)
        self.temporaries += 1
        elem = TYPE_NAMES[_elem(stmt.operands)]
        stem = f"xp_atomic{self.temporaries}"
        lines, names = [], []
        for n, operand in enumerate(stmt.operands):
            name = f"{stem}_{n}"
            names.append(name)
            lines += [f"__nram__ {elem} {name}[1]", f"{name}[0] = {self.expr(operand)}"]
        place = f"&{self._place(stmt.buffer, stmt.index)}"
        old = stmt.result is not None or stmt.op not in _REDUCING
        if old:
            lines.append(f"__nram__ {elem} {stem}_old[1]")
            arguments = ", ".join([f"{stem}_old", place, *names, "1"])
            lines.append(f"__bang_atomic_{stmt.op}({arguments})")
        else:
            lines.append(f"__bang_atomic_reduce_{stmt.op}({place}, {names[0]}, 1)")
        if stmt.result is not None:
            lines.append(f"{stmt.result} = {stem}_old[0]")
        inner = "".join(f"{pad}  {line};\n" for line in lines)
        return f"{pad}{{\n{inner}{pad}}}\n"

    def _swap_bits(self, stmt: Atomic, pad: str) -> str:
        """Compare-and-swap of a float: what counts are its bits, so that the loop around it ends."""
        self.temporaries += 1
        stem, word = f"xp_atomic{self.temporaries}", TYPE_NAMES[U32]
        lines = []
        for name, operand in zip(("was", "new"), stmt.operands, strict=True):
            bits = self.expr(Call("bits_u32", (operand,), U32))
            lines += [f"__nram__ {word} {stem}_{name}[1]", f"{stem}_{name}[0] = {bits}"]
        place = f"({word} *)&{self._place(stmt.buffer, stmt.index)}"
        lines.append(f"__nram__ {word} {stem}_old[1]")
        lines.append(f"__bang_atomic_cas({stem}_old, {place}, {stem}_was, {stem}_new, 1)")
        if stmt.result is not None:
            lines.append(f"{word} {stem}_now = {stem}_old[0]")
            old = Call("from_bits_f32", (Var(f"{stem}_now", U32),), F32)
            lines.append(f"{stmt.result} = {self.expr(old)}")
        inner = "".join(f"{pad}  {line};\n" for line in lines)
        return f"{pad}{{\n{inner}{pad}}}\n"


_REDUCING = frozenset({"add", "min", "max", "and", "or", "xor"})


def _elem(exprs: Iterable[Expr]) -> Scalar:
    for expr in exprs:
        if isinstance(expr.type, Scalar):
            return expr.type
    raise TypeError("an atomic without operands")


def _const(c: Const) -> tuple[str, int]:
    if c.type == BOOL:
        return ("true" if c.value else "false"), _POSTFIX
    if c.type.is_float:
        text = _float(float(c.value))
        if c.type in (F16, BF16):
            return f"({TYPE_NAMES[c.type]}){text}", _UNARY
        return text, (_UNARY if text.startswith("-") else _POSTFIX)
    suffix = {I32: "", U32: "u", I64: "ll", U64: "ull"}.get(c.type)
    if suffix is None:
        return f"({TYPE_NAMES[c.type]}){c.value}", _UNARY
    if c.value == -(2**31) and c.type == I32:
        return "(-2147483647 - 1)", _POSTFIX
    return f"{int(c.value)}{suffix}", (_UNARY if c.value < 0 else _POSTFIX)


def _float(value: float) -> str:
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "-INFINITY" if value < 0 else "INFINITY"
    return shortest_f32(value) + "f"
