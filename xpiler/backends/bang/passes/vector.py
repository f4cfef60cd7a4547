"""One vector loop as instructions: each operation of its body over all iterations, operands in NRAM."""

from __future__ import annotations

from math import isnan
from typing import Final

from xpiler.backends.bang.composites import COMPOSITES
from xpiler.backends.bang.passes.conversions import convert, convertible, wide
from xpiler.backends.bang.passes.emission import RefusedError, typed
from xpiler.backends.bang.passes.forms import (
    cancels,
    extreme_of,
    in_float,
    power_of_two,
    stored_at_once,
    widened,
)
from xpiler.backends.bang.passes.integers import (
    compare,
    constant_shift,
    extreme,
    shifted_left,
    shifted_right,
)
from xpiler.backends.bang.passes.operands import (
    Operand,
    Refusal,
    Slice,
    Temporaries,
    Uniform,
    fill_type,
)
from xpiler.backends.bang.passes.reads import Reads
from xpiler.ir.build import cast, const
from xpiler.ir.nodes import (
    COMPARISONS,
    Assign,
    Binary,
    Block,
    Call,
    Cast,
    Const,
    Declare,
    Expr,
    If,
    Load,
    Select,
    Stmt,
    Store,
    Unary,
    Var,
)
from xpiler.ir.types import BOOL, F16, F32, I32, U32, Scalar
from xpiler.ir.walk import buffers_written, statements

__all__ = ["Refusal", "Temporaries", "Vectorizer"]

_ARITHMETIC: Final = {"+": "add", "-": "sub", "*": "mul"}
_BITWISE: Final = {"&": "band", "|": "bor", "^": "bxor"}
_COMPARE: Final = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
_SWAPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_FUNCTIONS: Final = {
    "sqrt": "__bang_sqrt",
    "rsqrt": "__bang_rsqrt",
    "fabs": "__bang_active_abs",
    "floor": "__bang_floor",
    "sin": "__bang_sin",
    "cos": "__bang_cos",
    "exp2": "__bang_pow2",
    "log": "__bang_log",
    "log2": "__bang_log2",
}
_COMPOSED: Final = {"exp": "xp_exp", "tanh": "xp_tanh", "erf": "xp_erf"}
_EXTREMES: Final = {"fmax": "max", "fmin": "min"}
_WIDE_INT: Final = (I32, U32)


class Vectorizer(Reads):
    """Translates the body of one counted loop."""

    def body(self, body: Block) -> list[Stmt] | Refusal:
        """The instructions, or why there are none."""
        self.written = buffers_written(body)
        self.changed = frozenset(s.name for s in statements(body) if isinstance(s, Assign))
        self._note_certain(body)
        try:
            self._block(body)
        except RefusedError as refused:
            return Refusal(str(refused))
        if not self.instructions:
            return Refusal("no operation of the loop has an instruction")
        return self.out

    # --- statements

    def _block(self, body: Block) -> None:
        for stmt in stored_at_once(body):
            match stmt:
                case Declare(name=name, type=Scalar() as type_, init=init):
                    self._declare(name, type_, init)
                case Assign(name=name, value=value):
                    self._assign(name, value)
                case Store(buffer=buffer, index=index, value=value):
                    self._store(buffer, index, value)
                case If(cond=cond, then=then, orelse=orelse):
                    self._if(cond, then, orelse)
                case _:
                    raise RefusedError(f"{type(stmt).__name__} in a vector loop")

    def _declare(self, name: str, type_: Scalar, init: Expr | None) -> None:
        if init is None:
            self.env[name] = self.temporary(F32 if type_ == BOOL else type_).kept()
            return
        if self._uniform(init) and name not in self.changed and self._guards(init):
            self._declare_guarded(name, type_, init)
            self.env[name] = Uniform(Var(name, type_))
            return
        value = self._value(init, None)
        if isinstance(value, Uniform) and name not in self.changed:
            self.out.append(Declare(name, type_, value.expr))
            self.env[name] = Uniform(Var(name, type_))
            return
        vector = self._vector(value, F32 if type_ == BOOL else type_)
        steady = name not in self.changed and vector.buffer not in self.written
        if not vector.owned and not steady:
            vector = self._copied(vector)
        self.env[name] = vector.kept()

    def _assign(self, name: str, value: Expr) -> None:
        old = self.env.get(name)
        if not isinstance(old, Slice):
            raise RefusedError(f"{name} is assigned in the loop and lives outside it")
        new = self._value(value, None)
        vector = self._vector(new, old.elem)
        if self.mask is not None:
            vector = self._chosen(old, vector, None)
        if (vector.buffer, vector.index) != (old.buffer, old.index):
            self.move(old, vector)
            self.temporaries.release(vector)

    def _store(self, buffer: str, index: tuple[Expr, ...], value: Expr) -> None:
        target = self._slice(buffer, index)
        if target is None:
            self._store_apart(buffer, index, value)
            return
        if self.mask is not None:
            self._certain(target)
            new = self._vector(self._value(value, None), fill_type(target.elem))
            self._chosen(target, new, target)
            return
        result = self._value(value, target)
        if isinstance(result, Slice) and target.elem == BOOL:
            result = convert(self, result, target.elem, target)
        if isinstance(result, Uniform) and target.elem == BOOL:
            convert(self, self._vector(Uniform(cast(F32, result.expr)), F32), BOOL, target)
        elif isinstance(result, Uniform):
            self.emit("__bang_write_value", target, typed(result.expr, target.elem))
        elif (result.buffer, result.index) != (target.buffer, target.index):
            self.move(target, result)
            self.temporaries.release(result)

    def _store_apart(self, buffer: str, index: tuple[Expr, ...], value: Expr) -> None:
        place = self._strided(buffer, index)
        if place is None or self.mask is not None or place[0].elem == BOOL:
            raise RefusedError(f"{buffer} is not written at consecutive places on the chip")
        target, distance = place
        new = self._vector(self._value(value, None), target.elem)
        self._apart(target, distance, new, 1)
        self.temporaries.release(new)

    def _chosen(self, old: Slice, new: Slice, target: Slice | None) -> Slice:
        """`new` where the condition holds, else `old`; narrow elements are chosen between in a 32-bit type."""
        assert self.mask is not None
        kind = wide(old.elem)
        if kind is None:
            raise RefusedError(f"a conditional value of {old.elem}")
        if kind == old.elem:
            return self.blend(self.mask, new, old, target)
        before = convert(self, old, kind, None)
        after = new if new.elem == kind else convert(self, new, kind, None)
        return convert(self, self.blend(self.mask, after, before, None), old.elem, target)

    def _if(self, cond: Expr, then: Block, orelse: Block) -> None:
        if self._uniform(cond):
            self._whole_if(cond, then, orelse)
            return
        mask = self._condition(cond)
        for block, inverted in ((then, False), (orelse, True)):
            if not block:
                continue
            last = not orelse or inverted
            with self._masked(self._part(mask, inverted, self.mask, last), True):
                self._block(block)
        self.temporaries.release(mask)

    def _whole_if(self, cond: Expr, then: Block, orelse: Block) -> None:
        """A condition that is the same for all iterations."""
        cond = self._outside(cond)
        with self._branch() as first:
            self._block(then)
        with self._branch() as second:
            self._block(orelse)
        self.out.append(If(cond, tuple(first), tuple(second)))

    # --- values

    def _value(self, expr: Expr, target: Slice | None) -> Operand:
        """`expr` for all iterations; into `target` where the last operation can write there."""
        if self._uniform(expr):
            return Uniform(self._outside(expr))
        match expr:
            case Var(name=name) if name in self.env:
                return self.env[name]
            case Var(name=self.var):
                return self._numbers()
            case Load():
                return self._load(expr, target)
            case Binary(op=op) if op in COMPARISONS or op in ("&&", "||"):
                return self._condition(expr)
            case Unary(op="!"):
                return self._condition(expr)
            case Binary():
                return self._binary(expr, target)
            case Unary(op="-", a=a) if expr.type in (F32, F16, *_WIDE_INT):
                return self._scaled(self._value(a, None), -1, target)
            case Unary() if (narrow := widened(expr)) is not None:
                return self._value(narrow, target)
            case Cast(type=type_, a=a):
                return self._cast(type_, a, expr, target)
            case Select(cond=cond, a=a, b=b):
                return self._select(cond, a, b, target)
            case Call():
                return self._call(expr, target)
            case _:
                return self._scalar_loop(expr, target)

    def _numbers(self) -> Slice:
        """The number of each iteration."""
        made = self.temporaries.numbers(self.longest)
        if made is None:
            raise RefusedError("NRAM is full")
        return made

    def _binary(self, expr: Binary, target: Slice | None) -> Operand:
        elem = expr.type
        narrow = widened(expr)
        if narrow is not None:
            return self._value(narrow, target)
        if expr.op in ("<<", ">>") and elem in _WIDE_INT and isinstance(elem, Scalar):
            return self._shift(expr, elem, target)
        if elem == F32 and expr.op == "/":
            return self._divide(expr, target)
        if expr.op in _BITWISE and elem in _WIDE_INT:
            return self._bits(expr, elem, target)
        if expr.op not in _ARITHMETIC or elem not in (F32, F16, *_WIDE_INT):
            return self._scalar_loop(expr, target)
        assert isinstance(elem, Scalar)
        a, b = self._value(expr.a, None), self._value(expr.b, None)
        name = f"__bang_{_ARITHMETIC[expr.op]}"
        if isinstance(a, Slice) and isinstance(b, Slice):
            dst = self.destination(elem, target, a, b)
            self.emit(name, dst, a, b)
            self.free(dst, a, b)
            return dst
        if isinstance(b, Uniform):
            vector = self._vector(a, elem)
            dst = self.destination(elem, target, vector)
            self.emit(f"{name}_scalar", dst, vector, typed(b.expr, elem))
            self.free(dst, vector)
            return dst
        assert isinstance(a, Uniform)
        if expr.op != "-":
            dst = self.destination(elem, target, b)
            self.emit(f"{name}_scalar", dst, b, typed(a.expr, elem))
            self.free(dst, b)
            return dst
        negative = self._scaled(b, -1, target)
        self.emit("__bang_add_scalar", negative, negative, typed(a.expr, elem))
        return negative

    def _shift(self, expr: Binary, elem: Scalar, target: Slice | None) -> Operand:
        amount = constant_shift(expr.b)
        if amount is None or self._uniform(expr.a):
            return self._scalar_loop(expr, target)
        x = self._vector(self._value(expr.a, None), elem)
        if expr.op == "<<":
            return shifted_left(self, x, amount, target)
        return shifted_right(self, x, amount, target) if amount else x

    def _bits(self, expr: Binary, elem: Scalar, target: Slice | None) -> Slice:
        a = self._vector(self._value(expr.a, None), elem)
        b = self._vector(self._value(expr.b, None), elem)
        dst = self.destination(elem, target, a, b)
        self.emit(f"__bang_{_BITWISE[expr.op]}", dst, a, b)
        self.free(dst, a, b)
        return dst

    def _scaled(self, value: Operand, factor: float, target: Slice | None) -> Slice:
        assert isinstance(value, Slice)
        dst = self.destination(value.elem, target, value)
        self.emit("__bang_mul_scalar", dst, value, const(factor, value.elem))
        self.free(dst, value)
        return dst

    def _divide(self, expr: Binary, target: Slice | None) -> Operand:
        a, b = self._value(expr.a, None), self._value(expr.b, None)
        if isinstance(b, Uniform) and isinstance(b.expr, Const) and power_of_two(b.expr.value):
            return self._scaled(a, 1.0 / float(b.expr.value), target)
        if isinstance(a, Uniform) and a.expr == const(1.0, F32) and isinstance(b, Slice):
            dst = self.destination(F32, target, b)
            self.emit("__bang_recip", dst, b)
            self.free(dst, b)
            return dst
        x, y = self._vector(a, F32), self._vector(b, F32)
        if self.arch == 322 or self.arch > 372:
            dst = self.destination(F32, target, x, y)
            self.emit("__bang_div", dst, x, y)
            self.free(dst, x, y)
            return dst
        return self._composite("xp_div", (x, y), target)

    def _call(self, expr: Call, target: Slice | None) -> Operand:
        name = expr.function
        narrow = widened(expr)
        if narrow is not None:
            return self._value(narrow, target)
        if expr.type == I32 and name in ("min", "max", "abs"):
            return self._extreme_of_words(expr, target)
        if expr.type != F32 or not all(a.type == F32 for a in expr.args):
            return self._scalar_loop(expr, target)
        if name in _FUNCTIONS:
            source = self._vector(self._value(expr.args[0], None), F32)
            dst = self.temporary(F32) if name == "floor" else self.destination(F32, target, source)
            self.emit(_FUNCTIONS[name], dst, source)
            self.free(dst, source)
            return dst
        if name in _COMPOSED:
            source = self._vector(self._value(expr.args[0], None), F32)
            return self._composite(_COMPOSED[name], (source,), target)
        if name in _EXTREMES:
            return self._extreme(_EXTREMES[name], expr.args[0], expr.args[1], target)
        if name == "fma":
            a, b, c = expr.args
            if cancels(a, b, c):
                sources = tuple(self._vector(self._value(x, None), F32) for x in expr.args)
                return self._composite("xp_fma", sources, target)
            return self._value(Binary("+", Binary("*", a, b), c), target)
        return self._scalar_loop(expr, target)

    def _composite(self, name: str, sources: tuple[Slice, ...], target: Slice | None) -> Slice:
        composite = COMPOSITES[name]
        apart = target is not None and all(s.buffer != target.buffer for s in sources)
        dst = target if target is not None and apart else self.temporary(F32)
        scratch = tuple(self.temporary(F32) for _ in range(composite.scratch))
        self.emit(name, dst, *sources, *scratch)
        self.free(dst, *sources, *scratch)
        return dst

    def _extreme(self, which: str, x: Expr, y: Expr, target: Slice | None) -> Operand:
        a, b = self._value(x, None), self._value(y, None)
        if isinstance(a, Uniform):
            a, b = b, a
        assert isinstance(a, Slice)
        if isinstance(b, Uniform):
            dst = self.destination(F32, target, a)
            self.emit(f"__bang_{which}eq_scalar", dst, a, b.expr)
            self.free(dst, a)
            return dst
        dst = self.destination(F32, target, a, b)
        self.emit(f"__bang_{which}equal", dst, a, b)
        self.free(dst, a, b)
        return dst

    def _extreme_of_words(self, expr: Call, target: Slice | None) -> Operand:
        """min, max or abs of i32, in float where that has every value."""
        if in_float(expr):
            in_floats = {"min": "fmin", "max": "fmax", "abs": "fabs"}[expr.function]
            wide = Call(in_floats, tuple(cast(F32, a) for a in expr.args), F32)
            return self._value(Cast(I32, wide), target)
        first = expr.args[0]
        x = self._vector(self._value(first, None), I32)
        if expr.function == "abs":
            other = self._scaled(x.kept(), -1, None)
            return extreme(self, "max", x, other)
        return extreme(self, expr.function, x, self._vector(self._value(expr.args[1], None), I32))

    def _extreme_with_nan(self, which: str, a: Const, b: Expr, target: Slice | None) -> Operand:
        """`b > a ? a : b` and its like, which is `b` where that is a NaN."""
        value, bound = self._vector(self._value(b, None), F32), self._vector(Uniform(a), F32)
        dst = self.destination(F32, target, value, bound)
        self.emit(f"__bang_nan_{which}imum", dst, value, bound)
        self.free(dst, value, bound)
        return dst

    def _cast(self, type_: Scalar, a: Expr, expr: Expr, target: Slice | None) -> Operand:
        source = a.type
        if type_ == BOOL:
            return self._condition(expr)
        if source == BOOL:
            mask = self._condition(a)
            if type_ == F32:
                return mask
            if convertible(F32, type_):
                return convert(self, mask, type_, target)
            return self._scalar_loop(expr, target)
        if not isinstance(source, Scalar) or not convertible(source, type_):
            return self._scalar_loop(expr, target)
        return convert(self, self._vector(self._value(a, None), source), type_, target)

    # --- conditions: 1.0f where they hold, else 0.0f

    def _condition(self, cond: Expr) -> Slice:
        if self._uniform(cond):
            return self._vector(Uniform(Cast(F32, self._outside(cond))), F32)
        match cond:
            case Var(name=name) if name in self.env:
                value = self.env[name]
                assert isinstance(value, Slice)
                return value
            case Binary(op="&&" | "||" as op, a=a, b=b):
                x = self._condition(a)
                with self._under(x, op == "||", b):
                    y = self._condition(b)
                dst = self.destination(F32, None, x, y)
                self.emit("__bang_and" if op == "&&" else "__bang_or", dst, x, y)
                self.free(dst, x, y)
                return dst
            case Unary(op="!", a=a):
                x = self._condition(a)
                dst = self.destination(F32, None, x)
                self.emit("__bang_not", dst, x)
                self.free(dst, x)
                return dst
            case Binary(op=op, a=a, b=b) if op in _COMPARE and in_float(a) and in_float(b):
                return self._compare(op, cast(F32, a), cast(F32, b))
            case Binary(op=op, a=a, b=b) if op in _COMPARE and a.type in _WIDE_INT:
                return self._compare_words(op, a, b)
            case Cast(a=a) if in_float(a) or a.type == I32:
                return self._compare("!=", cast(F32, a), const(0.0, F32))
            case Load():
                value = self._value(cond, None)
                assert isinstance(value, Slice)
                return value
            case Call(function="isnan", args=(a,)) if a.type == F32:
                return self._compare("!=", a, a)
            case _:
                one, zero = const(1.0, F32), const(0.0, F32)
                value = self._scalar_loop(Select(cond, one, zero), None)
                assert isinstance(value, Slice)
                return value

    def _compare(self, op: str, x: Expr, y: Expr) -> Slice:
        a, b = self._value(x, None), self._value(y, None)
        if isinstance(a, Uniform):
            a, b, op = b, a, _SWAPPED[op]
        assert isinstance(a, Slice)
        if isinstance(b, Uniform):
            dst = self.destination(F32, None, a)
            self.emit(f"__bang_{_COMPARE[op]}_scalar", dst, a, b.expr)
            self.free(dst, a)
            return dst
        dst = self.destination(F32, None, a, b)
        self.emit(f"__bang_{_COMPARE[op]}", dst, a, b)
        self.free(dst, a, b)
        return dst

    def _compare_words(self, op: str, a: Expr, b: Expr) -> Slice:
        elem = a.type
        assert isinstance(elem, Scalar)
        x = self._vector(self._value(a, None), elem)
        return compare(self, op, x, self._vector(self._value(b, None), elem))

    def _select(self, cond: Expr, a: Expr, b: Expr, target: Slice | None) -> Operand:
        elem = a.type
        narrow = widened(Select(cond, a, b))
        if narrow is not None:
            return self._value(narrow, target)
        if elem not in (F32, *_WIDE_INT):
            return self._scalar_loop(Select(cond, a, b), target)
        assert isinstance(elem, Scalar)
        if self._uniform(cond):
            return self._whole_choice(cond, (a, b), elem, target)
        which = extreme_of(cond, a, b) if elem == F32 else None
        if which is not None and (self._uniform(b) or not self._uniform(a)):
            return self._extreme(which, a, b, target)
        if which is not None and isinstance(a, Const) and not isnan(a.value):
            return self._extreme_with_nan(which, a, b, target)
        mask = self._condition(cond)
        with self._under(mask, False, a):
            x = self._vector(self._value(a, None), elem)
        with self._under(mask, True, b):
            y = self._vector(self._value(b, None), elem)
        fits = target is not None and target.elem == elem and target.over(mask, x, y)
        return self.blend(mask, x, y, target if fits else None)
