"""Expressions on lanes: what a scalar expression becomes when sixteen (or eight) iterations run at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Final

from xpiler.backends.avx512.passes.guards import negated
from xpiler.backends.avx512.passes.instructions import (
    LANES,
    comparison,
    lane_instruction,
    register,
    suffix,
)
from xpiler.backends.avx512.passes.shape import Shapes
from xpiler.ir.build import cast, const, i32
from xpiler.ir.nodes import (
    COMPARISONS,
    LOGICAL,
    AddressOf,
    Alloc,
    Binary,
    Call,
    Cast,
    Const,
    Declare,
    Evaluate,
    Expr,
    For,
    If,
    Load,
    Select,
    Stmt,
    Store,
    Unary,
    Var,
)
from xpiler.ir.types import (
    BF16,
    BOOL,
    F16,
    F32,
    F64,
    I32,
    I64,
    U32,
    VOID,
    Mask,
    Pointer,
    Scalar,
    Vector,
)
from xpiler.ir.walk import subexpressions
from xpiler.passes.names import Names
from xpiler.records import dataclass

__all__ = ["MASK", "Exec", "Lanes", "NeedsEight", "Refusal", "call", "touches_memory"]

MASK: Final = Mask(LANES)
OneLane = Callable[[list[Expr]], Expr]


class Refusal(Exception):  # noqa: N818 - handed out as a NotApplicable value
    """The loop cannot be vectorised; the message says why."""


class NeedsEight(Exception):  # noqa: N818 - a retry with eight lanes
    """A 64-bit value per lane: sixteen do not fit in a register."""


@dataclass(frozen=True, slots=True)
class Exec:
    """The lanes that are on: a mask variable, None for all of them. `some`: at least one certainly is; `first`: no
    lane but lane 0 is."""

    mask: Var | None
    some: bool = True
    first: bool = False


def call(name: str, type_: Scalar | Vector | Mask, *args: Expr) -> Call:
    """A declared instruction or a helper of the emitted file."""
    return Call(name, args, type_)


def scalar(expr: Expr) -> Scalar:
    if not isinstance(expr.type, Scalar):
        raise Refusal(f"a value of type {expr.type} is not a scalar")
    return expr.type


@dataclass
class Lanes:
    """Lowers expressions. `out` collects what has to stand before the statement being lowered."""

    shapes: Shapes
    count: int
    names: Names
    buffers: Mapping[str, tuple[Scalar, tuple[Expr, ...]]]
    fuse: bool = True
    out: list[Stmt] = field(default_factory=list)

    # --- values --------------------------------------------------------------------------------

    def vector(self, expr: Expr, ex: Exec) -> Expr:
        """`expr` in every lane: a register, or a mask for a bool."""
        type_ = scalar(expr)
        if type_ == BOOL:
            return self.mask(expr, ex)
        shape = self.shapes.of(expr)
        if shape.uniform:
            return self.broadcast(self.guarded(expr, ex))
        self.width(type_)
        if shape.stride is not None:
            return self._linear(expr, shape.stride)
        match expr:
            case Var(name=name):
                return Var(name, register(type_))
            case Load():
                return self.load(expr, ex)
            case Unary(op=op, a=a):
                return self._unary(op, a, ex)
            case Cast():
                return self._cast(expr, ex)
            case Select():
                return self._select(expr, ex)
            case Binary():
                return self._binary(expr, ex)
            case Call():
                from xpiler.backends.avx512.passes.functions import lower_call

                return lower_call(self, expr, ex)
            case _:
                raise Refusal(f"no lanes for {type(expr).__name__}")

    def width(self, type_: Scalar) -> None:
        if type_.bits == 64 and self.count > 8:
            raise NeedsEight

    def guarded(self, expr: Expr, ex: Exec) -> Expr:
        """A uniform expression; where perhaps no lane is on, it does not touch memory then."""
        if ex.some or ex.mask is None or not touches_memory(expr):
            return expr
        return Select(self.any(ex.mask), expr, const(0, scalar(expr)))

    def broadcast(self, expr: Expr) -> Expr:
        type_ = scalar(expr)
        self.width(type_)
        reg = register(type_)
        if isinstance(expr, Const) and reg.elem.is_float and repr(expr.value) == "0.0":
            return call(f"_mm512_setzero_{suffix(type_)}", reg)
        return call(f"_mm512_set1_{suffix(type_)}", reg, expr)

    def ramp(self, base: Expr, stride: int, elem: Scalar) -> Expr:
        """base, base + stride, base + 2 stride, ..."""
        kind = I64 if elem.bits == 64 else I32
        return call(f"xp_ramp_{suffix(kind)}", register(kind), base, const(stride, kind))

    def _linear(self, expr: Expr, stride: int) -> Expr:
        return self.ramp(expr, stride, scalar(expr))

    def keep(self, value: Expr, stem: str) -> Var:
        """`value` in a fresh variable, evaluated before the current statement."""
        if isinstance(value, Var):
            return value
        name = self.names.fresh(stem)
        type_ = value.type
        if isinstance(type_, Pointer):
            raise Refusal("a pointer is no value")
        self.out.append(Declare(name, type_, value))
        return Var(name, type_)

    # --- masks ---------------------------------------------------------------------------------

    def any(self, mask: Expr) -> Expr:
        return Binary("!=", call("_cvtmask16_u32", U32, mask), const(0, U32))

    def both(self, a: Expr | None, b: Expr) -> Expr:
        return b if a is None else call("_kand_mask16", MASK, a, b)

    def minus(self, a: Expr | None, b: Expr) -> Expr:
        """Lanes of `a` (None: all) that are not in `b`."""
        return call("_knot_mask16", MASK, b) if a is None else call("_kandn_mask16", MASK, b, a)

    def mask(self, expr: Expr, ex: Exec) -> Expr:
        """A bool per lane. Lanes that are off may have either value."""
        if self.shapes.of(expr).uniform:
            return call("xp_all_lanes", MASK, self.guarded(expr, ex))
        match expr:
            case Var(name=name):
                return Var(name, MASK)
            case Unary(op="!", a=a):
                return call("_knot_mask16", MASK, self.mask(a, ex))
            case Binary(op=op) if op in LOGICAL:
                return self._logical(expr, ex)
            case Binary(op=op) if op in COMPARISONS:
                return self._compare(expr, ex)
            case Binary(op=op, a=a, b=b) if op in ("&", "|", "^"):
                name = {"&": "_kand_mask16", "|": "_kor_mask16", "^": "_kxor_mask16"}[op]
                return call(name, MASK, self.mask(a, ex), self.mask(b, ex))
            case Cast(a=a):
                zero = const(0, scalar(a))
                return self._compare(Binary("!=", a, zero), ex)
            case Select(cond=cond, a=a, b=b):
                chosen = self.keep(self.mask(cond, ex), "chosen")
                yes = self.both(chosen, self.mask(a, self.within(ex, chosen, a)))
                other = self.keep(self.minus(ex.mask, chosen), "other")
                no = self.both(other, self.mask(b, self.within(ex, other, b)))
                return call("_kor_mask16", MASK, yes, no)
            case Load():
                return call(
                    "_mm512_test_epi32_mask", MASK, *([self.keep(self.load(expr, ex), "flag")] * 2)
                )
            case Call():
                from xpiler.backends.avx512.passes.functions import lower_predicate

                return lower_predicate(self, expr, ex)
            case _:
                raise Refusal(f"no mask for {type(expr).__name__}")

    def within(self, ex: Exec, mask: Expr, expr: Expr) -> Exec:
        """The lanes of `ex` in `mask`, for evaluating `expr`, which may touch memory."""
        if not touches_memory(expr):
            return ex
        return Exec(self.keep(self.both(ex.mask, mask), "lanes"), some=False)

    def _logical(self, expr: Binary, ex: Exec) -> Expr:
        left = self.mask(expr.a, ex)
        if not touches_memory(expr.b):
            name = "_kand_mask16" if expr.op == "&&" else "_kor_mask16"
            return call(name, MASK, left, self.mask(expr.b, ex))
        first = self.keep(left, "first")
        if expr.op == "&&":
            return call(
                "_kand_mask16", MASK, first, self.mask(expr.b, self.within(ex, first, expr.b))
            )
        rest = self.minus(ex.mask, first)
        return call("_kor_mask16", MASK, first, self.mask(expr.b, self.within(ex, rest, expr.b)))

    def _compare(self, expr: Binary, ex: Exec) -> Expr:
        type_ = scalar(expr.a)
        if type_ == BOOL:
            differ = call("_kxor_mask16", MASK, self.mask(expr.a, ex), self.mask(expr.b, ex))
            return differ if expr.op == "!=" else call("_knot_mask16", MASK, differ)
        if type_.bits == 64 and type_.is_int and self.count > 8:
            return self._count_lanes(expr)
        room = None if touches_memory(expr) else self.room(expr)
        if room is not None:
            return call(f"xp_first_{self.count}", MASK, room)
        kind = F32 if type_ in (F16, BF16) else I32 if type_.bits < 32 else type_
        name, predicate = comparison(expr.op, kind)
        args = [self.vector(expr.a, ex), self.vector(expr.b, ex)]
        if predicate is not None:
            args.append(i32(predicate))
        return call(name, MASK, *args)

    def _count_lanes(self, expr: Binary) -> Expr:
        """A 64-bit linear value against a uniform one, which sixteen lanes can only count."""
        below = self.room(expr)
        if below is not None:
            return call("xp_first_16", MASK, below)
        above = self.room(negated(expr)) if expr.op in ("<", "<=", ">", ">=") else None
        if above is None:
            raise NeedsEight
        return call("_knot_mask16", MASK, call("xp_first_16", MASK, above))

    def room(self, expr: Expr) -> Expr | None:
        """How many lanes, from the first, are below a bound (64 bits, perhaps negative): `a < b` where lanes of `a`
        are side by side and `b` is the same for all. None for another condition."""
        match expr:
            case Binary(op="<" | "<=" as op, a=a, b=b):
                last = op == "<="
            case Binary(op=">" | ">=" as op, a=b, b=a):
                last = op == ">="
            case _:
                return None
        type_, shapes = a.type, self.shapes
        if not isinstance(type_, Scalar) or not type_.is_int or type_.bits < 32:
            return None
        if shapes.of(a).stride != 1 or not shapes.of(b).uniform:
            return None
        if type_ not in (I32, I64) and (shapes.crossing.below(a) or shapes.crossing.below(b)):
            return None  # what wrapped is no number of lanes
        room = Binary("-", cast(I64, b), cast(I64, a))
        return Binary("+", room, const(1, I64)) if last else room

    # --- operators -----------------------------------------------------------------------------

    def rounded(self, value: Expr, type_: Scalar) -> Expr:
        """A register of floats rounded to a narrow type, wrapped to a narrow integer, or as it is."""
        reg = register(type_)
        if type_ in (F16, BF16):
            return call(f"xp_{type_}_ps", reg, value)
        if type_.is_int and type_.bits < 32:
            by = i32(32 - type_.bits)
            shift = "_mm512_srai_epi32" if type_.is_signed else "_mm512_srli_epi32"
            return call(shift, reg, call("_mm512_slli_epi32", reg, value, by), by)
        return value

    def _unary(self, op: str, a: Expr, ex: Exec) -> Expr:
        type_ = scalar(a)
        value = self.vector(a, ex)
        reg = register(type_)
        if op == "~":
            ones = self.broadcast(const(-1, reg.elem))
            return call(f"_mm512_xor_{suffix(type_)}", reg, value, ones)
        if type_.is_float:
            return call(f"xp_neg_{suffix(type_)}", reg, value)
        zero = self.broadcast(const(0, type_))
        return call(lane_instruction("a[i] - b[i]", type_) or "", reg, zero, value)

    def _select(self, expr: Select, ex: Exec) -> Expr:
        type_ = scalar(expr)
        if self.shapes.of(expr.cond).uniform and not touches_memory(expr):
            cond: Expr = call("xp_all_lanes", MASK, expr.cond)
        else:
            cond = self.mask(expr.cond, ex)
        chosen = self.keep(cond, "chosen") if touches_memory(expr) else cond
        a = self.vector(expr.a, self.within(ex, chosen, expr.a))
        b_exec = ex
        if touches_memory(expr.b):
            b_exec = self.within(ex, self.keep(self.minus(ex.mask, chosen), "other"), expr.b)
        if _is_zero(expr.b) and _zero_elsewhere(a, chosen):
            return a
        b = self.vector(expr.b, b_exec)
        return call(f"_mm512_mask_mov_{suffix(type_)}", register(type_), b, chosen, a)

    def _binary(self, expr: Binary, ex: Exec) -> Expr:
        type_ = scalar(expr)
        reg = register(type_)
        if expr.op in ("/", "%") and type_.is_int:
            return self._divide(expr, ex)
        if expr.op in ("<<", ">>"):
            return self._shift(expr, ex)
        if expr.op == "|" and type_ in (I32, U32):
            from xpiler.backends.avx512.passes.memory import load_word

            word = load_word(self, expr, ex)
            if word is not None:
                return word
        if self.fuse and type_ in (F32, F64) and expr.op in ("+", "-"):
            fused = self._fused(expr, ex)
            if fused is not None:
                return fused
        kind = F32 if type_ in (F16, BF16) else type_
        name = lane_instruction(f"a[i] {expr.op} b[i]", kind)
        if name is None:
            raise Refusal(f"no instruction for {expr.op} on {type_}")
        value = call(name, reg, self.vector(expr.a, ex), self.vector(expr.b, ex))
        return self.rounded(value, type_)

    def _fused(self, expr: Binary, ex: Exec) -> Expr | None:
        """a * b + c with one rounding, as CUDA compilers contract it by default."""
        type_ = scalar(expr)
        a, b = expr.a, expr.b
        table = ("fmadd", "fmsub") if isinstance(a, Binary) and a.op == "*" else None
        product, other = a, b
        if table is None and isinstance(b, Binary) and b.op == "*":
            product, other, table = b, a, ("fmadd", "fnmadd")
        if table is None or not isinstance(product, Binary) or self.shapes.of(product).uniform:
            return None
        name = f"_mm512_{table[expr.op == '-']}_{suffix(type_)}"
        args = [self.vector(e, ex) for e in (product.a, product.b, other)]
        return call(name, register(type_), *args)

    def _shift(self, expr: Binary, ex: Exec) -> Expr:
        type_ = scalar(expr)
        reg, value = register(type_), self.vector(expr.a, ex)
        kind = "sll" if expr.op == "<<" else "sra" if type_.is_signed else "srl"
        if isinstance(expr.b, Const):
            return call(f"_mm512_{kind}i_{suffix(type_)}", reg, value, i32(int(expr.b.value)))
        by = self.vector(Cast(type_, expr.b) if expr.b.type != type_ else expr.b, ex)
        return call(f"_mm512_{kind}v_{suffix(type_)}", reg, value, by)

    def _divide(self, expr: Binary, ex: Exec) -> Expr:
        type_ = scalar(expr)
        if type_.bits == 64:
            return self.one_by_one(
                lambda a: Binary(expr.op, a[0], a[1]), (expr.a, expr.b), type_, ex, True
            )
        kind = "epi32" if type_.is_signed else "epu32"
        name = f"xp_{'div' if expr.op == '/' else 'rem'}_{kind}"
        return call(name, register(type_), self.vector(expr.a, ex), self.vector(expr.b, ex))

    def _cast(self, expr: Cast, ex: Exec) -> Expr:
        from xpiler.backends.avx512.passes.functions import convert

        source = scalar(expr.a)
        if source == BOOL:
            one = const(1, register(expr.type).elem)
            name = f"_mm512_maskz_mov_{suffix(expr.type)}"
            return call(name, register(expr.type), self.mask(expr.a, ex), self.broadcast(one))
        return convert(self, self.vector(expr.a, ex), source, expr.type)

    # --- lane after lane -----------------------------------------------------------------------

    def one_by_one(
        self, function: OneLane, args: Sequence[Expr], result: Scalar, ex: Exec, traps: bool = False
    ) -> Expr:
        """`function` for one lane after the other; the lanes that are off too, unless it `traps`."""
        lane = self.names.fresh("lane")
        at = (Var(lane, I32),)
        loads = []
        for arg in args:
            name = self.spill(self.vector(arg, ex), "in")
            type_ = scalar(arg)
            loads.append(cast(type_, Load(name, at, register(type_).elem)))
        kept = register(result).elem
        target = self.names.fresh("each")
        self.out.append(Alloc(target, kept, (i32(LANES),)))
        body: tuple[Stmt, ...] = (Store(target, at, cast(kept, function(loads))),)
        if traps and ex.mask is not None:
            body = (If(self.bit(ex.mask, lane), body),)
        self.out.append(For(lane, I32, i32(0), i32(self.count), i32(1), body))
        address = AddressOf(target, (i32(0),), Pointer(kept, const=True))
        return call(f"_mm512_loadu_{suffix(result)}", register(result), address)

    def bit(self, mask: Var, lane: str) -> Expr:
        """Whether the lane is on."""
        bits = Binary(">>", call("_cvtmask16_u32", U32, mask), Var(lane, I32))
        return Binary("!=", Binary("&", bits, const(1, U32)), const(0, U32))

    def spill(self, value: Expr, stem: str) -> str:
        """The name of an array that holds the lanes of a register."""
        reg = value.type
        if not isinstance(reg, Vector):
            raise Refusal("only registers are spilled")
        name = self.names.fresh(stem)
        self.out.append(Alloc(name, reg.elem, (i32(64 * 8 // reg.elem.bits),)))
        address = AddressOf(name, (i32(0),), Pointer(reg.elem))
        self.out.append(Evaluate(call(f"_mm512_storeu_{suffix(reg.elem)}", VOID, address, value)))
        return name

    def load(self, expr: Load, ex: Exec) -> Expr:
        from xpiler.backends.avx512.passes.memory import load

        return load(self, expr, ex)


def _zero_elsewhere(value: Expr, mask: Expr) -> bool:
    """Whether a load leaves zero in the lanes outside of `mask`."""
    if not isinstance(value, Call):
        return False
    name = value.function
    if name.startswith("xp_every_"):
        return value.args[1] == mask
    gather = "_mask_i32gather_" in name and value.args[1] == mask
    return gather or ("_maskz_" in name and value.args[0] == mask)


def _is_zero(expr: Expr) -> bool:
    return isinstance(expr, Const) and repr(expr.value) in ("0", "0.0")


def touches_memory(expr: Expr) -> bool:
    """A load, or a division that would trap."""
    return any(
        isinstance(e, Load)
        or (
            isinstance(e, Binary)
            and e.op in ("/", "%")
            and isinstance(e.type, Scalar)
            and e.type.is_int
            and not (isinstance(e.b, Const) and e.b.value not in (0, -1))
        )
        for e in subexpressions(expr)
    )
