"""One parallel loop onto vector lanes: statements under masks, loops that lanes leave one by one, atomics."""

from __future__ import annotations

from dataclasses import field, replace
from itertools import product

from xpiler.backends.avx512.passes.columns import by_columns
from xpiler.backends.avx512.passes.guards import conjunction, conjuncts, structured
from xpiler.backends.avx512.passes.instructions import LANES, register, suffix
from xpiler.backends.avx512.passes.lanes import (
    MASK,
    Exec,
    Lanes,
    NeedsEight,
    Refusal,
    call,
    touches_memory,
)
from xpiler.backends.avx512.passes.memory import store
from xpiler.backends.avx512.passes.shape import VARYING, Shapes, analyse
from xpiler.backends.avx512.passes.versions import all_inside, copied, is_small, split
from xpiler.ir.build import boolean, cast, const, i32
from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Assume,
    Atomic,
    Binary,
    Block,
    Break,
    Call,
    Const,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Load,
    Return,
    Stmt,
    Store,
    Unary,
    Var,
    While,
)
from xpiler.ir.types import BOOL, I32, I64, Pointer, Scalar, Vector
from xpiler.ir.walk import assigned, blocks, declared, statements
from xpiler.passes.names import Names
from xpiler.records import dataclass

__all__ = ["Buffers", "vectorize"]

Buffers = dict[str, tuple[Scalar, tuple[Expr, ...]]]


def vectorize(
    loop: For,
    buffers: Buffers,
    names: Names,
    fuse: bool = True,
    carried: frozenset[str] = frozenset(),
    counters: frozenset[str] = frozenset(),
    *,
    inside: bool = False,
) -> Block:
    """The loop on sixteen lanes, or on eight where a lane holds 64-bit values; raises Refusal.

    `carried` are variables of the lanes that live from one round to the next, declared before the loop; `counters` those
    of loops around it that count up from zero; `inside`: all lanes of each round take part.
    """
    if loop.step != const(1, loop.type):
        raise Refusal(f"loop {loop.var!r} does not step by 1")
    outside = assigned(loop.body) - declared(loop.body) - carried
    if outside:
        raise Refusal(f"loop {loop.var!r} assigns {min(outside)!r}, which lives outside of it")
    loop = replace(loop, body=structured(loop.body))
    taken = set(names.taken)
    try:
        shapes = analyse(loop, carried, counters=counters)
        return _Body(loop, shapes, LANES, names, buffers, fuse).loop(inside)
    except NeedsEight:
        names.taken = taken
        shapes = analyse(loop, carried, 8, counters)
        return _Body(loop, shapes, 8, names, buffers, fuse).loop(inside=False)


@dataclass
class _Frame:
    """A loop that lanes leave one by one: what `break` and `continue` take lanes from."""

    live: Var | None
    masks: list[Var] = field(default_factory=list)
    scalar: bool = False
    """All lanes go together: `break` and `continue` stay what they are."""


class _Body:
    """Lowers the statements of one loop."""

    def __init__(
        self, loop: For, shapes: Shapes, count: int, names: Names, buffers: Buffers, fuse: bool
    ) -> None:
        self.source = loop
        self.lanes = Lanes(shapes, count, names, buffers, fuse)
        self.shapes = shapes
        self.count = count
        self.names = names
        self.home: dict[str, str | None] = {}
        self.whole = False
        """Within a loop that has been split already."""
        self.edge = False
        """In the version of such a loop for the lanes at its end."""
        self.own: tuple[Var, Expr] | None = None
        """The mask of the loop itself, and how many lanes it leaves."""
        self.frames: list[_Frame] = [_Frame(None)]

    # --- the loop itself

    def loop(self, inside: bool) -> Block:
        loop = self.source
        body: list[Stmt] = []
        ex = Exec(None)
        whole = inside or self._whole()
        if not whole or self.count < LANES or _jumps(loop.body):
            left = Binary("-", cast(I64, loop.hi), cast(I64, Var(loop.var, loop.type)))
            mask = self._variable("on", call(f"xp_first_{self.count}", MASK, left), body)
            self.frames[0].masks.append(mask)
            ex = Exec(mask)
            self.own = None if _jumps(loop.body) else (mask, left)
        body += self.block(loop.body, ex)
        step = const(self.count, loop.type)
        return (replace(loop, step=step, body=tuple(body), axis="vector"),)

    def _whole(self) -> bool:
        lo, hi = self.source.lo, self.source.hi
        if not (isinstance(lo, Const) and isinstance(hi, Const)):
            return False
        return (int(hi.value) - int(lo.value)) % self.count == 0

    # --- blocks

    def block(self, block: Block, ex: Exec) -> list[Stmt]:
        outer, self.lanes.out = self.lanes.out, []
        for number, stmt in enumerate(block):
            self._statement(stmt, ex)
            rest = block[number + 1 :]
            if rest and ex.mask is not None and _jumps((stmt,)):
                self._emit(If(self.lanes.any(ex.mask), tuple(self.block(rest, ex))))
                break
        done, self.lanes.out = self.lanes.out, outer
        return done

    def _emit(self, stmt: Stmt) -> None:
        self.lanes.out.append(stmt)

    def _variable(self, stem: str, value: Expr, out: list[Stmt]) -> Var:
        name = self.names.fresh(stem)
        out.append(Declare(name, MASK, value))
        return Var(name, MASK)

    def _statement(self, stmt: Stmt, ex: Exec) -> None:
        match stmt:
            case Declare():
                self._declare(stmt, ex)
            case Assign(name=name, value=value):
                self._assign(name, value, ex)
            case Alloc():
                self._alloc(stmt, ex)
            case Store():
                self._store(stmt, ex)
            case If():
                self._if(stmt, ex)
            case For():
                self._for(stmt, ex)
            case While():
                self._while(stmt, ex)
            case Atomic():
                self._atomic(stmt, ex)
            case Break() | Continue() | Return():
                self._leave(stmt, ex)
            case Assume():
                pass
            case _:
                raise Refusal(f"{type(stmt).__name__} cannot run on lanes")

    # --- variables

    def _varies(self, name: str) -> bool:
        return self.shapes.variables.get(name) == VARYING

    def _declare(self, stmt: Declare, ex: Exec) -> None:
        self.home[stmt.name] = None if ex.mask is None else ex.mask.name
        if not self._varies(stmt.name):
            self._emit(stmt)
            return
        if not isinstance(stmt.type, Scalar):
            raise Refusal(f"{stmt.name!r} is a register already")
        self.lanes.width(stmt.type)
        type_ = MASK if stmt.type == BOOL else register(stmt.type)
        init = None if stmt.init is None else self.lanes.vector(stmt.init, ex)
        self._emit(Declare(stmt.name, type_, init))

    def _assign(self, name: str, value: Expr, ex: Exec) -> None:
        if not self._varies(name):
            self._emit(Assign(name, value))
            return
        self._set(name, self.lanes.vector(value, ex), ex)

    def _set(self, name: str, value: Expr, ex: Exec) -> None:
        """A varying variable gets a value in the lanes that are on."""
        type_ = value.type
        if ex.mask is not None and self.home.get(name) != ex.mask.name:
            if not isinstance(type_, Vector):
                kept = self.lanes.minus(Var(name, MASK), ex.mask)
                value = call("_kor_mask16", MASK, kept, self.lanes.both(ex.mask, value))
            else:
                end = suffix(type_.elem)
                value = call(f"_mm512_mask_mov_{end}", type_, Var(name, type_), ex.mask, value)
        self._emit(Assign(name, value))

    def _store(self, stmt: Store, ex: Exec) -> None:
        even = all(self.shapes.of(e).uniform for e in (*stmt.index, stmt.value))
        if even and stmt.buffer not in self.shapes.private:
            self._emit(stmt)
            return
        self._emit(store(self.lanes, stmt.buffer, stmt.index, stmt.value, ex))

    def _alloc(self, stmt: Alloc, ex: Exec) -> None:
        if stmt.name not in self.shapes.private:
            self._emit(stmt)
            return
        if stmt.dynamic:
            raise Refusal(f"array {stmt.name!r} has no size of its own")
        self._emit(replace(stmt, shape=(*stmt.shape, i32(LANES)), init=()))
        sizes = [int(d.value) for d in stmt.shape if isinstance(d, Const)]
        for position, value in zip(product(*(range(n) for n in sizes)), stmt.init, strict=False):
            index = tuple(i32(i) for i in position)
            self._emit(store(self.lanes, stmt.name, index, value, ex))

    # --- control

    def _if(self, stmt: If, ex: Exec) -> None:
        if self.shapes.of(stmt.cond).uniform:
            then = tuple(self.block(stmt.then, ex))
            self._emit(If(stmt.cond, then, tuple(self.block(stmt.orelse, ex))))
            return
        out = self.lanes.out
        if not stmt.orelse:
            self._guarded(stmt, ex)
            return
        taken = self._variable("on", self.lanes.both(ex.mask, self.lanes.mask(stmt.cond, ex)), out)
        others = self._variable("off", self.lanes.minus(ex.mask, taken), out)
        self._branch(taken, stmt.then)
        self._branch(others, stmt.orelse)

    def _guarded(self, stmt: If, ex: Exec) -> None:
        """What of the condition is the same for all lanes is asked once, before a mask is made of the rest."""
        parts = conjuncts(stmt.cond)
        single = tuple(p for p in parts if self.shapes.only_first(p))
        alike = tuple(p for p in parts if self.shapes.of(p).uniform and not touches_memory(p))
        rest = conjunction(tuple(p for p in parts if p not in alike + single))
        outer, self.lanes.out = self.lanes.out, []
        if single:
            alike += single  # asked of lane 0
            self._first_alone(stmt.then, rest, ex)
        elif not self._counted(stmt.then, rest, ex):
            inner = len(self.frames) > 1 or ex.mask is None
            every = all_inside(self, stmt.then, rest) if inner else None
            whole = () if every is None else tuple(self.block(copied(self, stmt.then), ex))
            mask = self.lanes.both(ex.mask, self.lanes.mask(rest, ex))
            self._branch(self._variable("on", mask, self.lanes.out), stmt.then)
            if every is not None:
                self.lanes.out = [If(every, whole, tuple(self.lanes.out))]
        done, self.lanes.out = tuple(self.lanes.out), outer
        self.lanes.out += [If(conjunction(alike), done)] if alike else done

    def _first_alone(self, block: Block, rest: Expr, ex: Exec) -> None:
        """What lane 0 does where no other can."""
        first = call(f"xp_first_{self.count}", MASK, const(1, I64))
        plain = rest == boolean(True)
        mask = first if plain else self.lanes.both(first, self.lanes.mask(rest, ex))
        on = self._variable("on", self.lanes.both(ex.mask, mask), self.lanes.out)
        if plain and ex.mask is None:
            self.lanes.out += self.block(block, Exec(on, first=True))
        else:
            self._branch(on, block, first=True)

    def _counted(self, block: Block, cond: Expr, ex: Exec) -> bool:
        """A guard by a number of elements around little: all lanes without masks, or those that are left."""
        room = None if touches_memory(cond) else self.lanes.room(cond)
        alone = ex.mask is None or (self.own is not None and ex.mask == self.own[0])
        if room is None or not alone or len(self.frames) > 1 or self.count < LANES:
            return False
        if not is_small(block):
            return False
        if ex.mask is not None and self.own is not None:
            room = Call("min", (self.own[1], room), I64)
        left = Var(self.names.fresh("left"), I64)
        self._emit(Declare(left.name, I64, room))
        whole = tuple(self.block(block, Exec(None)))
        on = Var(self.names.fresh("on"), MASK)
        first = Declare(on.name, MASK, call(f"xp_first_{self.count}", MASK, left))
        part = (first, *self.block(copied(self, block), Exec(on)))
        some = If(Binary(">", left, const(0, I64)), part)
        self._emit(If(Binary(">=", left, const(self.count, I64)), whole, (some,)))
        return True

    def _branch(self, mask: Var, block: Block, *, first: bool = False) -> None:
        self.frames[-1].masks.append(mask)
        body = tuple(self.block(block, Exec(mask, first=first)))
        self.frames[-1].masks.pop()
        if body:
            self._emit(If(self.lanes.any(mask), body))

    def _leave(self, stmt: Break | Continue | Return, ex: Exec) -> None:
        frame = self.frames[-1]
        if frame.scalar and not isinstance(stmt, Return):
            self._emit(stmt)
            return
        if ex.mask is None:
            raise Refusal("all lanes leave the loop where none was switched off")
        frames = self.frames if isinstance(stmt, Return) else [frame]
        gone = self._variable("gone", ex.mask, self.lanes.out)
        for target in frames:
            masks = list(target.masks)
            if target.live is not None and not isinstance(stmt, Continue):
                masks.append(target.live)
            for mask in masks:
                self._emit(Assign(mask.name, call("_kandn_mask16", MASK, gone, mask)))

    def _for(self, loop: For, ex: Exec) -> None:
        if id(loop) not in self.shapes.diverging:
            self.frames.append(_Frame(None, scalar=True))
            if not by_columns(self, loop, ex):
                body = tuple(self.block(loop.body, ex))
                self._emit(replace(loop, body=body))
            self.frames.pop()
        elif all(self.shapes.of(e).uniform for e in (loop.lo, loop.hi, loop.step)):
            live = self._variable("live", self._all(ex), self.lanes.out)
            rounds = self._iteration(loop.body, live)
            stop = If(Unary("!", self.lanes.any(live)), (Break(),))
            self._emit(replace(loop, body=(*rounds, stop), axis="serial"))
        elif self.shapes.counting(loop) is not None:
            self._counting(loop, ex)
        else:
            self._ragged(loop, ex)

    def _counting(self, loop: For, ex: Exec) -> None:
        """Lanes start side by side and go in equal steps: lane 0's count decides, the others are masked."""
        leaves = _leaves(loop.body)
        if not leaves and split(self, loop, ex):
            return
        live = self._variable("live", self._all(ex), self.lanes.out) if leaves else ex.mask
        inside = Binary("<", Var(loop.var, loop.type), loop.hi)
        outer, self.lanes.out = self.lanes.out, []
        now = self._variable(
            "on", self.lanes.both(live, self.lanes.mask(inside, ex)), self.lanes.out
        )
        self.frames.append(_Frame(live if leaves else None, [now]))
        body = tuple(self.block(loop.body, Exec(now)))
        self.frames.pop()
        # the loop goes on as long as lane 0 does
        self.lanes.out += [If(self.lanes.any(now), body)] if live is not None else body
        if leaves and live is not None:
            self._emit(If(Unary("!", self.lanes.any(live)), (Break(),)))
        done, self.lanes.out = tuple(self.lanes.out), outer
        self._emit(replace(loop, body=done, axis="serial"))

    def _all(self, ex: Exec) -> Expr:
        return call("xp_all_lanes", MASK, boolean(True)) if ex.mask is None else ex.mask

    def _iteration(self, body: Block, live: Var) -> list[Stmt]:
        """One round of a loop for the lanes still in it."""
        out: list[Stmt] = []
        now = self._variable("on", live, out)
        self.frames.append(_Frame(live, [now]))
        out += self.block(body, Exec(now))
        self.frames.pop()
        return out

    def _ragged(self, loop: For, ex: Exec) -> None:
        """A counting loop whose bounds differ between lanes."""
        lanes, reg = self.lanes, register(loop.type)
        lanes.width(loop.type)
        self.home[loop.var] = None
        self._emit(Declare(loop.var, reg, lanes.vector(loop.lo, ex)))
        end = lanes.keep(lanes.vector(loop.hi, ex), f"{loop.var}_end")
        step = lanes.keep(lanes.vector(loop.step, ex), f"{loop.var}_step")
        kind = suffix(loop.type) if loop.type.is_signed else suffix(loop.type).replace("epi", "epu")
        index = Var(loop.var, reg)
        below = call(f"_mm512_cmplt_{kind}_mask", MASK, index, end)
        live = self._variable("live", lanes.both(ex.mask, below), lanes.out)
        body = self._iteration(loop.body, live)
        body.append(Assign(loop.var, call(f"_mm512_add_{suffix(loop.type)}", reg, index, step)))
        body.append(Assign(live.name, call("_kand_mask16", MASK, live, below)))
        self._emit(While(lanes.any(live), tuple(body)))

    def _while(self, loop: While, ex: Exec) -> None:
        if id(loop) not in self.shapes.diverging:
            self.frames.append(_Frame(None, scalar=True))
            body = tuple(self.block(loop.body, ex))
            self.frames.pop()
            self._emit(replace(loop, body=body))
            return
        lanes = self.lanes
        live = self._variable("live", lanes.both(ex.mask, lanes.mask(loop.cond, ex)), lanes.out)
        rounds = self._iteration(loop.body, live)
        outer, lanes.out = lanes.out, []
        again = lanes.mask(loop.cond, Exec(live, some=False))
        rounds += [*lanes.out, Assign(live.name, call("_kand_mask16", MASK, live, again))]
        lanes.out = outer
        self._emit(While(lanes.any(live), tuple(rounds)))

    # --- atomics: lane after lane

    def _atomic(self, stmt: Atomic, ex: Exec) -> None:
        lanes = self.lanes
        elem, _ = lanes.buffers[stmt.buffer]
        if stmt.buffer in self.shapes.private:
            raise Refusal(f"an atomic on {stmt.buffer!r}, which each lane has its own of")
        lane = self.names.fresh("lane")
        at = (Var(lane, I32),)

        def one(value: Expr) -> Expr:
            if self.shapes.of(value).uniform:
                return value
            type_ = value.type
            if not isinstance(type_, Scalar) or type_ == BOOL:
                raise Refusal("an atomic of a mask")
            name = lanes.spill(lanes.vector(value, ex), "each")
            return cast(type_, Load(name, at, register(type_).elem))

        index = tuple(one(i) for i in stmt.index)
        operands = tuple(one(o) for o in stmt.operands)
        result, back = None, ""
        body: list[Stmt] = []
        if stmt.result is not None:
            result, back = self.names.fresh("old"), self.names.fresh("olds")
            kept = register(elem).elem
            self._emit(Alloc(back, kept, (i32(64 * 8 // kept.bits),)))
            body.append(Declare(result, elem, const(0, elem)))
        body.append(replace(stmt, index=index, operands=operands, result=result))
        if result is not None:
            kept = register(elem).elem
            body.append(Store(back, at, cast(kept, Var(result, elem))))
        inner = tuple(body) if ex.mask is None else (If(lanes.bit(ex.mask, lane), tuple(body)),)
        self._emit(For(lane, I32, i32(0), i32(self.count), i32(1), inner))
        if stmt.result is not None:
            address = AddressOf(back, (i32(0),), Pointer(register(elem).elem, const=True))
            value = call(f"_mm512_loadu_{suffix(elem)}", register(elem), address)
            self._set(stmt.result, value, ex)


def _leaves(block: Block) -> bool:
    """Whether lanes may leave the loop whose body `block` is."""
    return any(isinstance(s, Break | Return) for s in statements(block))


def _jumps(block: Block) -> bool:
    """Whether lanes may be switched off for what follows the block."""
    for stmt in block:
        if isinstance(stmt, Return | Break | Continue):
            return True
        if isinstance(stmt, For | While):
            if any(isinstance(s, Return) for s in statements(stmt.body)):
                return True
        elif any(_jumps(b) for b in blocks(stmt)):
            return True
    return False
