"""Values and guards of the interval analysis: `evaluate` an expression, `refine` a state by a condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from xpiler.ir.nodes import (
    COMPARISONS,
    LOGICAL,
    AddressOf,
    Binary,
    Builtin,
    Call,
    Cast,
    Const,
    Expr,
    Load,
    Select,
    Unary,
    Var,
)
from xpiler.ir.types import Scalar
from xpiler.records import dataclass
from xpiler.verify.cases.bounds_env import Env
from xpiler.verify.cases.bounds_real import outward, real_range, truncated
from xpiler.verify.cases.interval import (
    ANY,
    BIT,
    HUGE,
    Interval,
    divided,
    of_type,
    product,
    remainder,
    wrapped,
)

_OPEN: Final = HUGE >> 2  # an end beyond this is not known

__all__ = ["QUIET", "Loads", "assigned_range", "evaluate", "refine", "truth"]


TOLD: Final = 0  # kinds of `Loads`: each is to be told of
QUIET: Final = 1  # none is, so that what was evaluated before need not be again
NOTHING: Final = 2  # nor is anything known of their values


@dataclass(frozen=True, slots=True)
class Loads:
    """What to do at a load: tell `seen` if `kind` says so, take the value's range from `values` by the `root` buffer."""

    seen: Callable[[Load | AddressOf, Env], None]
    values: Mapping[str, Interval]
    root: Callable[[str], str]
    kind: int = TOLD


def _ignore(_expr: Load | AddressOf, _env: Env) -> None:
    return None


SILENT = Loads(_ignore, {}, lambda name: name, NOTHING)


def evaluate(expr: Expr, env: Env, loads: Loads = SILENT) -> Interval:
    """The range of an integer expression; `ANY` for reals."""
    key = (id(expr), env.depth, loads.kind)
    if loads.kind:
        known = env.memo.get(key)
        if known is not None:
            return known[1]
    value = _evaluate(expr, env, loads)
    if env.facts and isinstance(expr, Binary | Load | Select | Call):
        fact = env.facts.get(env.notes.of(expr).number)
        value = value if fact is None else value.meet(fact[1])
    type_ = expr.type
    # an unknown end is left open, so that it is recognised as unknown
    if value.lo >= -_OPEN and value.hi <= _OPEN and isinstance(type_, Scalar) and type_.is_int:
        value = wrapped(value, type_)
    if loads.kind:
        env.memo[key] = (expr, value)
    return value


def _evaluate(expr: Expr, env: Env, loads: Loads) -> Interval:
    match expr:
        case Binary():
            return _binary(expr, env, loads)
        case Var():
            return _variable(expr, env)
        case Const(value=literal):
            return Interval(int(literal), int(literal)) if not isinstance(literal, float) else ANY
        case Builtin(name=name):
            return env.builtins.get(name, ANY)
        case Cast():
            return _cast(expr, env, loads)
        case Load(buffer=buffer, type=type_):
            _accessed(expr, env, loads)
            narrow = of_type(type_) if type_.bits <= 8 else ANY
            return loads.values.get(loads.root(buffer), narrow)
        case AddressOf():
            _accessed(expr, env, loads)
            return ANY
        case Unary(op=op, a=a):
            value = evaluate(a, env, loads)
            if op == "!":
                return BIT
            negative = Interval(-value.hi, -value.lo)
            return negative if op == "-" else negative - Interval(1, 1)
        case Select(cond=cond, a=a, b=b):
            return _select(cond, a, b, env, loads)
        case Call(function=name, args=args):
            values = [evaluate(arg, env, loads) for arg in args]
            return _call(name, values, args)


def _accessed(expr: Load | AddressOf, env: Env, loads: Loads) -> None:
    if loads.kind == TOLD:
        for part in expr.index:
            evaluate(part, env, loads)
        loads.seen(expr, env)


def _cast(expr: Cast, env: Env, loads: Loads) -> Interval:
    type_, a = expr.type, expr.a
    value = evaluate(a, env, loads)
    if type_.kind == "bool":
        return BIT
    if not type_.is_int:
        return ANY
    if _real(a):
        return truncated(real_range(a, env, evaluate, refine))
    exact = _unwrapped(a, type_, env)
    if not exact.within(of_type(type_)):
        return value
    return value.meet(exact) if value.within(of_type(type_)) else exact


def assigned_range(expr: Expr, env: Env, loads: Loads) -> Interval:
    """What a variable that is set to `expr` holds: an integer's range, or the integers round that of a real."""
    if not _real(expr):
        return evaluate(expr, env, loads)
    if loads.kind == TOLD:
        evaluate(expr, env, loads)
    return outward(real_range(expr, env, evaluate, refine)) if env.notes.reals else ANY


def _unwrapped(expr: Expr, type_: Scalar, env: Env) -> Interval:
    """`expr` as if its type had no ends, where it is as wide as `type_`: `(int)(threadIdx.x - 1)` is -1 at least."""
    same = isinstance(expr.type, Scalar) and expr.type.is_int and expr.type.bits == type_.bits
    match expr:
        case Binary(op=("+" | "-" | "*") as op, a=a, b=b) if same:
            return _integer(op, _unwrapped(a, type_, env), _unwrapped(b, type_, env))
        case Cast(a=a) if same and not _real(a):
            return _unwrapped(a, type_, env)
        case _:
            return evaluate(expr, env)


def _variable(var: Var, env: Env) -> Interval:
    """Its range, also by its definition: what that is made of may have been narrowed since."""
    value = env.values.get(var.name, ANY)
    definition = env.definitions.get(var.name)
    if definition is None or value.single or env.depth >= 4:
        return value
    env.depth += 1
    value = value.meet(evaluate(definition.expr, env))
    env.depth -= 1
    return value


def _real(expr: Expr) -> bool:
    return not isinstance(expr.type, Scalar) or expr.type.is_float


def _select(cond: Expr, a: Expr, b: Expr, env: Env, loads: Loads) -> Interval:
    if loads.kind == TOLD:
        evaluate(cond, env, loads)
    results = []
    for side, chosen in ((True, a), (False, b)):
        state = refine(env.copy(), cond, side)
        if state is not None and truth(env, cond, side):
            results.append(evaluate(chosen, state, loads))
    if not results:
        return ANY
    return results[0].join(results[-1])


def _call(name: str, values: list[Interval], args: tuple[Expr, ...]) -> Interval:
    if any(_real(arg) for arg in args):
        return ANY
    match name, values:
        case "min", [a, b]:
            return Interval(min(a.lo, b.lo), min(a.hi, b.hi))
        case "max", [a, b]:
            return Interval(max(a.lo, b.lo), max(a.hi, b.hi))
        case "abs", [a]:
            largest = max(abs(a.lo), abs(a.hi))
            return Interval(0 if a.lo <= 0 <= a.hi else min(abs(a.lo), abs(a.hi)), largest)
        case "popc" | "clz" | "ffs", _:
            return Interval(0, 64)
        case _:
            return ANY


def _binary(expr: Binary, env: Env, loads: Loads) -> Interval:
    op = expr.op
    if loads.kind != TOLD:
        if op in LOGICAL or op in COMPARISONS:
            return BIT
        if _real(expr.a):
            return ANY
    if op in LOGICAL:
        evaluate(expr.a, env, loads)
        state = refine(env.copy(), expr.a, op == "&&")
        if state is not None:
            evaluate(expr.b, state, loads)
        return BIT
    a, b = evaluate(expr.a, env, loads), evaluate(expr.b, env, loads)
    if op in COMPARISONS:
        return BIT
    if _real(expr.a):
        return ANY
    value = _integer(op, a, b)
    return value.meet(_by_facts(expr, env)) if op == "+" and env.facts else value


def _by_facts(expr: Binary, env: Env) -> Interval:
    """The range of a sum, part of which a guard has limited as a whole."""
    whole = env.notes.of(expr)
    best = ANY
    for fact, limit in env.facts.values():
        if not 1 < len(fact.terms) < len(whole.terms):
            continue
        rest = list(zip(whole.term_numbers, whole.terms, strict=True))
        for number in fact.term_numbers:
            position = next((i for i, (n, _) in enumerate(rest) if n == number), None)
            if position is None:
                break
            del rest[position]
        else:
            total = limit
            for _, term in rest:
                total = total + evaluate(term, env)
            best = best.meet(total)
    return best


def _integer(op: str, a: Interval, b: Interval) -> Interval:
    if a == ANY and op not in ("%", "&"):
        return ANY
    match op:
        case "+":
            return ANY if b == ANY else a + b
        case "-":
            return ANY if b == ANY else a - b
        case "*":
            return ANY if b == ANY else product(a, b)
        case "/":
            return divided(a, b)
        case "%":
            return remainder(a, b)
        case "<<" if b.lo >= 0 and b.hi < 63:
            return product(a, Interval(1 << b.lo, 1 << b.hi))
        case ">>" if b.lo >= 0 and b.hi < 64:
            corners = [x >> y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
            return Interval(min(corners), max(corners))
        case "&" if b.lo >= 0:
            return Interval(0, min(b.hi, a.hi) if a.lo >= 0 else b.hi)
        case "&" if a.lo >= 0:
            return Interval(0, a.hi)
        case "|" | "^" if a.lo >= 0 and b.lo >= 0 and max(a.hi, b.hi) < HUGE:
            top = (1 << max(a.hi, b.hi).bit_length()) - 1
            return Interval(max(a.lo, b.lo) if op == "|" else 0, top)
        case _:
            return ANY


# --- guards ------------------------------------------------------------------------------------

_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_SWAPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def truth(env: Env, cond: Expr, side: bool) -> bool:
    """Whether `cond` may be `side`."""
    match cond:
        case Const(value=literal):
            return bool(literal) == side
        case Unary(op="!", a=a):
            return truth(env, a, not side)
        case Binary(op="&&", a=a, b=b):
            both, either = truth(env, a, side) and truth(env, b, side), truth(env, a, side)
            return both if side else (either or truth(env, b, side))
        case Binary(op="||", a=a, b=b):
            either = truth(env, a, side) or truth(env, b, side)
            return either if side else truth(env, a, side) and truth(env, b, side)
        case Binary(op=op, a=a, b=b) if op in COMPARISONS and not _real(a):
            return _may(op if side else _NEGATED[op], evaluate(a, env), evaluate(b, env))
        case Cast(a=a) if not _real(a):
            value = evaluate(a, env)
            return not (value.single and value.lo == 0) if side else value.lo <= 0 <= value.hi
        case _:
            return True


def _may(op: str, a: Interval, b: Interval) -> bool:
    match op:
        case "<":
            return a.lo < b.hi
        case "<=":
            return a.lo <= b.hi
        case ">":
            return a.hi > b.lo
        case ">=":
            return a.hi >= b.lo
        case "==":
            return not a.meet(b).empty
        case _:
            return not (a.single and b.single and a.lo == b.lo)


def refine(env: Env, cond: Expr, side: bool) -> Env | None:
    """`env` (changed in place) where `cond` is `side`; None when it cannot be."""
    match cond:
        case Unary(op="!", a=a):
            return refine(env, a, not side)
        case Binary(op="&&", a=a, b=b) if side:
            first = refine(env, a, True)
            return None if first is None else refine(first, b, True)
        case Binary(op="||", a=a, b=b) if not side:
            first = refine(env, a, False)
            return None if first is None else refine(first, b, False)
        case Binary(op=("&&" | "||"), a=a, b=b):
            return _either(env, a, b, side)
        case Binary(op=op, a=a, b=b) if op in COMPARISONS and not _real(a):
            return _compare(env, op if side else _NEGATED[op], a, b)
        case Binary(op=op, a=a, b=b) if op in COMPARISONS:
            return _compare_reals(env, op if side else _NEGATED[op], a, b)
        case _:
            return env if truth(env, cond, side) else None


def _either(env: Env, a: Expr, b: Expr, side: bool) -> Env | None:
    """`a` is `side`, or it is not and `b` is."""
    one = refine(env.copy(), a, side)
    rest = refine(env.copy(), a, not side)
    two = None if rest is None else refine(rest, b, side)
    if one is None or two is None:
        return one or two
    return one.join(two)


def _compare(env: Env, op: str, a: Expr, b: Expr) -> Env | None:
    left, right = evaluate(a, env), evaluate(b, env)
    if not _may(op, left, right):
        return None
    _narrow(env, a, _limit(op, right), 0)
    _narrow(env, b, _limit(_SWAPPED[op], left), 0)
    if op in (">", ">="):
        env.fact(env.notes.difference(a, b), Interval(int(op == ">"), HUGE))
    if op in ("<", "<="):
        env.fact(env.notes.difference(b, a), Interval(int(op == "<"), HUGE))
    return env


def _compare_reals(env: Env, op: str, a: Expr, b: Expr) -> Env:
    """Variables lie on their side of what they are compared with (a NaN is no position)."""
    if not env.notes.reals:
        return env
    left, right = (real_range(e, env, evaluate, refine) for e in (a, b))
    for this, that, how in ((a, right, op), (b, left, _SWAPPED[op])):
        if isinstance(this, Var) and how != "!=":
            limit = outward(that)
            lo = limit.lo if how in (">", ">=", "==") else -HUGE
            hi = limit.hi if how in ("<", "<=", "==") else HUGE
            env.limit(this.name, Interval(lo, hi))
    return env


def _limit(op: str, other: Interval) -> Interval:
    match op:
        case "<":
            return Interval(-HUGE, other.hi - 1)
        case "<=":
            return Interval(-HUGE, other.hi)
        case ">":
            return Interval(other.lo + 1, HUGE)
        case ">=":
            return Interval(other.lo, HUGE)
        case "==":
            return other
        case _:
            return ANY


def _narrow(env: Env, expr: Expr, limit: Interval, depth: int) -> None:
    """`expr` is known to lie in `limit`: so are, with due changes, the things it is made of."""
    if limit == ANY or depth > 8:
        return
    match expr:
        case Var(name=name):
            env.limit(name, limit)
            if name in env.definitions:
                _narrow(env, env.definitions[name].expr, limit, depth + 1)
        case Builtin(name=name):
            env.limit_builtin(name, limit)
        case Const():
            return
        case Cast(type=type_, a=a) if type_.is_int and not _real(a):
            if evaluate(a, env).within(of_type(type_)):
                _narrow(env, a, limit, depth + 1)
        case Binary():
            env.fact(expr, limit)
            _narrow_binary(env, expr, limit, depth + 1)
        case _:
            env.fact(expr, limit)


def _narrow_binary(env: Env, expr: Binary, limit: Interval, depth: int) -> None:
    a, b = evaluate(expr.a, env), evaluate(expr.b, env)
    whole = of_type(expr.type) if isinstance(expr.type, Scalar) else ANY
    if not _integer(expr.op, a, b).within(whole):
        return  # it may have wrapped
    match expr.op:
        case "+":
            _narrow(env, expr.a, limit - b, depth)
            _narrow(env, expr.b, limit - a, depth)
        case "-":
            _narrow(env, expr.a, limit + b, depth)
            _narrow(env, expr.b, a - limit, depth)
        case "*":
            for this, other in ((expr.a, b), (expr.b, a)):
                if other.single and other.lo > 0:
                    c = other.lo
                    _narrow(env, this, Interval(-(-limit.lo // c), limit.hi // c), depth)
        case "/" if b.single and b.lo > 0 and a.lo >= 0:
            c = b.lo
            _narrow(env, expr.a, Interval(max(0, limit.lo) * c, limit.hi * c + c - 1), depth)
        case _:
            return
