"""Statements of the IR's C."""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir import build
from xpiler.ir.functions import ATOMICS, FUNCTIONS, MASKLESS_WARP_OPS, WARP_OPS
from xpiler.ir.lex import Token
from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Assume,
    Atomic,
    Barrier,
    Block,
    Break,
    Const,
    Continue,
    Declare,
    Evaluate,
    Expr,
    For,
    If,
    Invoke,
    Ref,
    Return,
    Stmt,
    Store,
    Tile,
    TileOp,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.parse_expr import Expressions, type_named
from xpiler.ir.types import I32, U32, Mask, Scalar, Space, Spaces, Vector

__all__ = ["Statements"]

_WARP = {spelling: op for op, (spelling, _) in WARP_OPS.items()}
_ATOMIC = {spelling: op for op, spelling in ATOMICS.items()}
_BARRIERS = {"__syncthreads": "block", "__syncwarp": "warp", "__syncgrid": "grid"}
_TILE_OPS = frozenset({"tile_fill", "tile_load", "tile_store", "tile_mma"})
FULL_MASK = Const(0xFFFFFFFF, U32)


class Statements(Expressions):
    """The statement grammar, on top of the expression grammar."""

    def block(self) -> Block:
        """`{ ... }`, or a single statement."""
        if not self.accept("{"):
            return self.statement()
        out: list[Stmt] = []
        while not self.accept("}"):
            if self.peek().kind == "end":
                raise self.error("expected '}', found the end")
            out.extend(self.statement())
        return tuple(out)

    def statement(self) -> Block:
        """One statement of the text; several declarators or an empty one make several or none."""
        start = self.peek()
        stmts = self._statement(start)
        span = self.span_from(start)
        return stmts if span is None else tuple(replace(s, span=s.span or span) for s in stmts)

    def _statement(self, start: Token) -> Block:
        text = start.text
        if text == ";":
            self.take()
            return ()
        if text == "{":
            return self.block()
        keywords = {"if": self._if, "for": self._for, "while": self._while, "return": self._return}
        # these are words that a program may also use as names
        macros = {
            "parallel": self._for,
            "dynamic_shared": self._dynamic,
            "tile": self._tile,
            "assume": self._assume,
            "barrier": self._barrier,
        }
        handler = keywords.get(text) or (macros.get(text) if self.peek(1).text == "(" else None)
        if handler is not None:
            return (handler(),)
        if text in ("break", "continue"):
            self.take()
            self.expect(";")
            return (Break() if text == "break" else Continue(),)
        if text in self.scope.spaces:
            return (self._array(self.scope.spaces[self.take().text], self.scalar_type()),)
        if self.at_type() or text == "const":
            self.accept("const")
            return self._declaration()
        stmt = self._effect(None)
        self.expect(";")
        return (stmt,)

    # --- control

    def _if(self) -> Stmt:
        self.expect("if")
        self.expect("(")
        cond = self.as_bool(self.expression())
        self.expect(")")
        then = self.block()
        orelse = self.block() if self.accept("else") else ()
        return If(cond, then, orelse)

    def _while(self) -> Stmt:
        self.expect("while")
        self.expect("(")
        cond = self.as_bool(self.expression())
        self.expect(")")
        return While(cond, self.block())

    def _for(self) -> Stmt:
        axis = "serial"
        if self.accept("parallel"):
            self.expect("(")
            axis = self.take().text
            while self.accept("."):
                axis += "." + self.take().text
            self.expect(")")
        self.expect("for")
        self.expect("(")
        type_ = self.scalar_type()
        var = self.name("the loop variable")
        self.scope.variables[var] = type_
        self.expect("=")
        lo = build.cast(type_, self.expression())
        self.expect(";")
        hi = self._loop_end(var, type_)
        self.expect(";")
        step = self._loop_step(var, type_)
        self.expect(")")
        return For(var, type_, lo, hi, step, self.block(), axis)

    def _loop_end(self, var: str, type_: Scalar) -> Expr:
        if self.take().text != var:
            raise self.error(f"a loop's condition must compare its variable {var!r}", back=1)
        if self.accept("<="):
            return build.binary("+", build.cast(type_, self.expression()), build.const(1, type_))
        self.expect("<")
        return build.cast(type_, self.expression())

    def _loop_step(self, var: str, type_: Scalar) -> Expr:
        if self.accept("++"):
            self.expect(var)
            return build.const(1, type_)
        self.expect(var)
        if self.accept("++"):
            return build.const(1, type_)
        self.expect("+=")
        return build.cast(type_, self.expression())

    def _return(self) -> Stmt:
        self.expect("return")
        value = None if self.peek().text == ";" else self.expression()
        self.expect(";")
        return Return(value)

    def _assume(self) -> Stmt:
        self.expect("assume")
        self.expect("(")
        cond = self.as_bool(self.expression())
        self.expect(")")
        self.expect(";")
        return Assume(cond)

    def _barrier(self) -> Stmt:
        self.expect("barrier")
        self.expect("(")
        scope = self.name("a scope")
        self.expect(")")
        self.expect(";")
        return Barrier(scope)

    # --- declarations

    def _declaration(self) -> Block:
        found = type_named(self.peek().text)
        if isinstance(found, Vector | Mask):
            self.take()
            type_: Scalar | Vector | Mask = found
        else:
            type_ = self.scalar_type()
        out: list[Stmt] = []
        while True:
            out.append(self._declarator(type_))
            if self.accept(";"):
                return tuple(out)
            self.expect(",")

    def _declarator(self, type_: Scalar | Vector | Mask) -> Stmt:
        start = self.peek()
        if self.peek(1).text == "[" and isinstance(type_, Scalar):
            return self._array_rest(Spaces.LOCAL, type_)
        name = self.name("a variable's name")
        init: Expr | None = None
        if self.accept("="):
            init = self._converted(self.expression(), type_)
        self.scope.variables[name] = type_
        return Declare(name, type_, init, span=self.span_from(start))

    def _converted(self, value: Expr, type_: Scalar | Vector | Mask) -> Expr:
        if isinstance(type_, Scalar) and isinstance(value.type, Scalar):
            return build.cast(type_, value)
        if value.type != type_:
            raise self.error(f"a {value.type} does not convert to {type_}", back=1)
        return value

    def _array(self, space: Space, elem: Scalar) -> Stmt:
        stmt = self._array_rest(space, elem)
        self.expect(";")
        return stmt

    def _array_rest(self, space: Space, elem: Scalar) -> Alloc:
        name = self.name("an array's name")
        shape: list[Expr] = []
        while self.accept("["):
            shape.append(self.expression())
            self.expect("]")
        init = self.initialiser(elem) if self.accept("=") else ()
        self.scope.buffers[name] = (elem, len(shape))
        return Alloc(name, elem, tuple(shape), space, init)

    def initialiser(self, elem: Scalar) -> tuple[Const, ...]:
        """`{c, c, ...}` or a single literal, converted to `elem`."""
        if not self.accept("{"):
            return (self._literal_of(elem),)
        values: list[Const] = []
        while not self.accept("}"):
            values.append(self._literal_of(elem))
            if self.peek().text != "}":
                self.expect(",")
        return tuple(values)

    def _literal_of(self, elem: Scalar) -> Const:
        value = build.cast(elem, self.expression())
        if not isinstance(value, Const):
            raise self.error("an initialiser must be a literal", back=1)
        return value

    def _dynamic(self) -> Stmt:
        self.expect("dynamic_shared")
        self.expect("(")
        elem = self.scalar_type()
        self.expect(",")
        name = self.name("a name")
        self.expect(",")
        offset = self.expression()
        self.expect(")")
        self.expect(";")
        self.scope.buffers[name] = (elem, 1)
        at = None if offset == Const(0, I32) else offset
        return Alloc(name, elem, (), Spaces.SHARED, dynamic=True, offset=at)

    def _tile(self) -> Stmt:
        self.expect("tile")
        self.expect("(")
        role = self.name("a role")
        self.expect(",")
        layout = self.name("a layout")
        self.expect(",")
        elem = self.scalar_type()
        sizes: list[int] = []
        for _ in range(3):
            self.expect(",")
            sizes.append(int(self.take().text))
        self.expect(",")
        name = self.name("a name")
        self.expect(")")
        self.expect(";")
        self.scope.buffers[name] = (elem, 1)
        return Tile(name, role, sizes[0], sizes[1], sizes[2], elem, layout)

    # --- effects

    def _effect(self, result: str | None) -> Stmt:
        """An assignment, a store, or a call with an effect; `result` is the variable it goes to."""
        token = self.peek()
        if token.text in ("++", "--"):
            self.take()
            return self._step(self.name("a variable"), token.text)
        name = self.name("a statement")
        if self.peek().text == "(":
            return self._call_statement(token, result)
        if name in self.scope.variables:
            return self._assignment(name)
        if name in self.scope.buffers:
            return self._store(name)
        raise self.error(f"unknown name {name!r}", back=1)

    def _step(self, name: str, op: str) -> Stmt:
        type_ = self.scope.variables.get(name)
        if not isinstance(type_, Scalar):
            raise self.error(f"{name!r} is no scalar", back=1)
        value = build.binary(op[0], Var(name, type_), build.const(1, type_))
        return Assign(name, build.cast(type_, value))

    def _assignment(self, name: str) -> Stmt:
        type_ = self.scope.variables[name]
        op = self.take().text
        if op in ("++", "--"):
            return self._step(name, op)
        if op == "=" and self._is_effect_call():
            return self._call_statement(self.take(), name)
        value = self.expression()
        if op != "=":
            value = self._compound(op, Var(name, type_), value)
        return Assign(name, self._converted(value, type_))

    def _compound(self, op: str, target: Expr, value: Expr) -> Expr:
        if len(op) < 2 or not op.endswith("="):
            raise self.error(f"expected an assignment, found {op!r}", back=1)
        return build.binary(op[:-1], target, value)

    def _is_effect_call(self) -> bool:
        text = self.peek().text
        known = text in _WARP or text in _ATOMIC or text in self.scope.functions
        return known and self.peek(1).text == "("

    def _store(self, name: str) -> Stmt:
        elem, rank = self.scope.buffers[name]
        start = self.tokens[self.position - 1]
        index = self._index()
        if len(index) != rank:
            raise self.error(f"{name!r} takes {rank} indices, found {len(index)}", at=start)
        op = self.take().text
        old = build.load(name, elem, *index)
        if op in ("++", "--"):
            value: Expr = build.binary(op[0], old, build.const(1, elem))
        else:
            value = self.expression()
            if op != "=":
                value = self._compound(op, old, value)
        return Store(name, index, build.cast(elem, value))

    def _call_statement(self, name: Token, result: str | None) -> Stmt:
        text = name.text
        if text in _BARRIERS:
            self.expect("(")
            self.expect(")")
            return Barrier(_BARRIERS[text])
        if text in _WARP:
            return self._warp(_WARP[text], result)
        if text in _ATOMIC:
            return self._atomic(_ATOMIC[text], result)
        if text in _TILE_OPS:
            return self._tile_op(text.removeprefix("tile_"))
        if text in self.scope.functions:
            return Invoke(text, self._invoke_args(), result)
        if text in self.scope.instructions and text not in FUNCTIONS:
            return Evaluate(self.call(name))
        raise self.error(f"unknown function {text!r}", at=name)

    def _args(self) -> list[Expr]:
        self.expect("(")
        args: list[Expr] = []
        while not self.accept(")"):
            args.append(self.expression())
            if self.peek().text != ")":
                self.expect(",")
        return args

    def _warp(self, op: str, result: str | None) -> Stmt:
        args = self._args()
        mask: Expr = FULL_MASK
        if op not in MASKLESS_WARP_OPS:
            mask, args = args[0], args[1:]
        if op.startswith("shfl") and len(args) == 2:
            args.append(build.i32(32))
        if len(args) != WARP_OPS[op][1] or result is None:
            raise self.error(f"{WARP_OPS[op][0]}: wrong arguments or unused result", back=1)
        return WarpOp(op, result, mask, tuple(args))

    def _atomic(self, op: str, result: str | None) -> Stmt:
        args = self._args()
        if not args or not isinstance(args[0], AddressOf):
            raise self.error(f"{ATOMICS[op]}: expected the address of an element", back=1)
        place = args[0]
        elem = place.type.elem
        operands = tuple(build.cast(elem, a) for a in args[1:])
        if len(operands) != (2 if op == "cas" else 1):
            raise self.error(f"{ATOMICS[op]}: wrong number of arguments", back=1)
        return Atomic(op, place.buffer, place.index, operands, result)

    def _invoke_args(self) -> tuple[Expr | Ref, ...]:
        self.expect("(")
        args: list[Expr | Ref] = []
        while not self.accept(")"):
            if self.peek().text == "ref" and self.peek(1).text == "(":
                self.take()
                self.take()
                args.append(Ref(self.name("a variable")))
                self.expect(")")
            else:
                args.append(self.expression())
            if self.peek().text != ")":
                self.expect(",")
        return tuple(args)

    def _tile_op(self, op: str) -> Stmt:
        self.expect("(")
        count = 4 if op == "mma" else 1
        tiles: list[str] = []
        for n in range(count):
            tiles.append(self.name("a tile"))
            if n + 1 < count:
                self.expect(",")
        args: list[Expr] = []
        layout = "row"
        while not self.accept(")"):
            self.expect(",")
            if self.peek().text in ("row", "col"):
                layout = self.take().text
            else:
                args.append(self.expression())
        return TileOp(op, tuple(tiles), tuple(args), layout)
