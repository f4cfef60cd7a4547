"""Expressions of the IR's C: a precedence climber that types as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field

from xpiler.ir import build
from xpiler.ir.functions import BUILTINS, FUNCTIONS, given_name
from xpiler.ir.lex import ParseError, Token, tokenize
from xpiler.ir.nodes import (
    COMPARISONS,
    LOGICAL,
    SHIFTS,
    AddressOf,
    Binary,
    Builtin,
    Call,
    Cast,
    Const,
    Expr,
    Load,
    Select,
    Span,
    Unary,
    Var,
)
from xpiler.ir.print_c import PRECEDENCE
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
    SCALARS,
    U8,
    U16,
    U32,
    U64,
    Mask,
    Pointer,
    Scalar,
    Space,
    Type,
    Vector,
)
from xpiler.records import dataclass

__all__ = ["Expressions", "Scope", "type_named"]

_NARROW = frozenset({I8, I16, U8, U16, F16, BF16})

_ALIASES = {
    "int": I32,
    "float": F32,
    "double": F64,
    "char": I8,
    "short": I16,
    "half": F16,
    "__half": F16,
    "size_t": U64,
    "int8_t": I8,
    "int16_t": I16,
    "int32_t": I32,
    "int64_t": I64,
    "uint8_t": U8,
    "uint16_t": U16,
    "uint32_t": U32,
    "uint64_t": U64,
}


def type_named(name: str) -> Scalar | Vector | Mask | None:
    """`f32`, `float`, `f32x16`, `mask16`; None if it is no type."""
    if name in SCALARS:
        return SCALARS[name]
    if name in _ALIASES:
        return _ALIASES[name]
    if name.startswith("mask") and name[4:].isdigit():
        return Mask(int(name[4:]))
    elem, _, lanes = name.partition("x")
    if elem in SCALARS and lanes.isdigit():
        return Vector(SCALARS[elem], int(lanes))
    return None


@dataclass
class Scope:
    """What names mean. Kernels and functions nest; blocks don't, since names are unique."""

    variables: dict[str, Scalar | Vector | Mask] = field(default_factory=dict)
    buffers: dict[str, tuple[Scalar, int]] = field(default_factory=dict)  # element, rank
    functions: dict[str, Scalar] = field(default_factory=dict)
    instructions: dict[str, Type] = field(default_factory=dict)
    spaces: dict[str, Space] = field(default_factory=dict)

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Forget variables and buffers declared inside."""
        variables, buffers = dict(self.variables), dict(self.buffers)
        try:
            yield
        finally:
            self.variables, self.buffers = variables, buffers


class Expressions:
    """A cursor over tokens, and the expression grammar."""

    def __init__(self, text: str, scope: Scope, file: str) -> None:
        self.lines = text.splitlines()
        self.tokens = tokenize(text)
        self.position = 0
        self.scope = scope
        self.file = file

    # --- the cursor

    def peek(self, ahead: int = 0) -> Token:
        return self.tokens[min(self.position + ahead, len(self.tokens) - 1)]

    def take(self) -> Token:
        token = self.peek()
        self.position += 1
        return token

    def accept(self, text: str) -> bool:
        if self.peek().text == text and self.peek().kind != "end":
            self.position += 1
            return True
        return False

    def expect(self, text: str) -> Token:
        if self.peek().text != text:
            found = self.peek().text or "the end"
            raise self.error(f"expected {text!r}, found {found!r}")
        return self.take()

    def expect_end(self) -> None:
        if self.peek().kind != "end":
            raise self.error(f"unexpected {self.peek().text!r}")

    def name(self, what: str) -> str:
        if self.peek().kind != "name":
            raise self.error(f"expected {what}, found {self.peek().text!r}")
        return self.take().text

    def error(self, message: str, back: int = 0, at: Token | None = None) -> ParseError:
        """The error at token `at`, or at the one `back` tokens before the cursor."""
        token = at or self.tokens[max(0, min(self.position - back, len(self.tokens) - 1))]
        line = self.lines[token.line - 1] if token.line <= len(self.lines) else ""
        return ParseError(message, token.line, token.column, line)

    def span_from(self, start: Token) -> Span | None:
        if not self.file:
            return None
        end = self.tokens[max(0, self.position - 1)]
        return Span(self.file, start.line, start.column, end.line, end.column + len(end.text))

    def scalar_type(self) -> Scalar:
        word = self.peek().text
        if word == "unsigned":
            self.take()
            wider = {"char": U8, "short": U16, "int": U32}.get(self.peek().text)
            if wider is not None:
                self.take()
            return wider or U32
        found = type_named(word)
        if not isinstance(found, Scalar):
            raise self.error(f"expected a type, found {word!r}")
        self.take()
        return found

    def at_type(self, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token.kind == "name" and (
            token.text == "unsigned" or type_named(token.text) is not None
        )

    # --- the grammar

    def expression(self) -> Expr:
        """A conditional expression."""
        start = self.peek()
        cond = self._binary(1)
        if not self.accept("?"):
            return cond
        a = self.expression()
        self.expect(":")
        b = self.expression()
        if a.type == b.type:
            return Select(self.as_bool(cond), a, b, span=self.span_from(start))
        return build.select(cond, a, b, span=self.span_from(start))

    def as_bool(self, expr: Expr) -> Expr:
        return build.cast(BOOL, expr)

    def _binary(self, least: int) -> Expr:
        start = self.peek()
        left = self._unary()
        while self.peek().kind == "op" and PRECEDENCE.get(self.peek().text, 0) >= least:
            op = self.take().text
            right = self._binary(PRECEDENCE[op] + 1)
            left = self._combine(op, left, right, self.span_from(start))
        return left

    def _combine(self, op: str, a: Expr, b: Expr, span: Span | None) -> Expr:
        if a.type == b.type and (op in COMPARISONS or a.type not in (BOOL, *_NARROW - {F16, BF16})):
            return (
                Binary(op, a, b, span=span) if op not in LOGICAL else build.binary(op, a, b, span)
            )
        if not isinstance(a.type, Scalar) or not isinstance(b.type, Scalar):
            raise self.error(f"{a.type} {op} {b.type} is no scalar arithmetic", back=1)
        if op in SHIFTS and a.type not in (BOOL, *_NARROW):
            return Binary(op, a, b, span=span)
        return build.binary(op, a, b, span)

    def _unary(self) -> Expr:
        start = self.peek()
        if self.accept("-"):
            if self.peek().kind in ("int", "float") or self.peek().text in ("INF", "INFf"):
                return self._literal(negative=True)
            return self._negate(self._unary(), start)
        if self.accept("+"):
            return self._unary()
        if self.accept("!"):
            return Unary("!", self.as_bool(self._unary()), span=self.span_from(start))
        if self.accept("~"):
            return build.unary("~", self._unary(), self.span_from(start))
        if self.peek().text == "&":
            return self._address()
        if self.peek().text == "(" and self.at_type(1):
            return self._cast()
        return self._primary()

    def _negate(self, operand: Expr, start: Token) -> Expr:
        span = self.span_from(start)
        if isinstance(operand.type, Scalar) and operand.type not in _NARROW - {F16, BF16} | {BOOL}:
            return Unary("-", operand, span=span)
        return build.unary("-", operand, span)

    def _cast(self) -> Expr:
        start = self.expect("(")
        target = self.scalar_type()
        self.expect(")")
        literal_next = self.peek().kind in ("int", "float") or self.peek().text in _SPECIAL
        negative_next = self.peek().text == "-" and (
            self.peek(1).kind in ("int", "float") or self.peek(1).text in _SPECIAL
        )
        if target in _NARROW and (literal_next or negative_next):
            negative = self.accept("-")
            literal = self._literal(negative)
            return build.const(literal.value, target, self.span_from(start))
        operand = self._unary()
        return Cast(target, operand, span=self.span_from(start))

    def _literal(self, negative: bool) -> Const:
        token = self.take()
        if token.text in _SPECIAL:
            value, type_ = _SPECIAL[token.text]
            return Const(-value if negative else value, type_, span=self.span_from(token))
        if token.kind == "float":
            single = token.text[-1] in "fF"
            number = float(token.text.rstrip("fF"))
            type_ = F32 if single else F64
            return build.const(-number if negative else number, type_, self.span_from(token))
        digits = token.text.rstrip("uUlL")
        suffix = token.text[len(digits) :].lower()
        whole = int(digits, 0) if digits.lower().startswith("0x") else int(digits)
        value = -whole if negative else whole
        type_ = _int_type(value, suffix, digits.lower().startswith("0x"))
        return build.const(value, type_, self.span_from(token))

    def _address(self) -> AddressOf:
        start = self.expect("&")
        name = self.name("a buffer")
        if name not in self.scope.buffers:
            raise self.error(f"{name!r} is no buffer", back=1)
        elem, _ = self.scope.buffers[name]
        return AddressOf(name, self._index(), Pointer(elem), span=self.span_from(start))

    def _index(self) -> tuple[Expr, ...]:
        index: list[Expr] = []
        while self.accept("["):
            index.append(self.expression())
            self.expect("]")
        return tuple(index)

    def _primary(self) -> Expr:
        token = self.peek()
        if token.kind in ("int", "float") or token.text in _SPECIAL:
            return self._literal(negative=False)
        if self.accept("("):
            inner = self.expression()
            self.expect(")")
            return inner
        if token.kind != "name":
            raise self.error(f"expected an expression, found {token.text or 'the end'!r}")
        self.take()
        if token.text in ("true", "false"):
            return Const(token.text == "true", BOOL, span=self.span_from(token))
        if token.text in BUILTINS:
            return Builtin(token.text, BUILTINS[token.text], span=self.span_from(token))
        if self.peek().text == "(":
            return self._given(token) if token.text == "given" else self.call(token)
        return self._named(token)

    def _given(self, token: Token) -> Builtin:
        self.expect("(")
        buffer = self.name("a pointer parameter")
        self.expect(")")
        return Builtin(given_name(buffer), BOOL, span=self.span_from(token))

    def _named(self, token: Token) -> Expr:
        if token.text in self.scope.variables:
            return Var(token.text, self.scope.variables[token.text], span=self.span_from(token))
        if token.text in self.scope.buffers:
            elem, rank = self.scope.buffers[token.text]
            index = self._index()
            if len(index) == rank:
                return Load(token.text, index, elem, span=self.span_from(token))
            if not index and rank == 1:
                return AddressOf(token.text, (Const(0, I32),), Pointer(elem))
            raise self.error(f"{token.text!r} takes {rank} indices, found {len(index)}", back=1)
        raise self.error(f"unknown name {token.text!r}", back=1)

    def call(self, name: Token) -> Call:
        """`name(` was seen up to the parenthesis: a pure function or an instruction."""
        self.expect("(")
        args: list[Expr] = []
        while not self.accept(")"):
            args.append(self.expression())
            if self.peek().text != ")":
                self.expect(",")
        span = self.span_from(name)
        if name.text in self.scope.instructions:
            return Call(name.text, tuple(args), self.scope.instructions[name.text], span=span)
        function = name.text
        if function not in FUNCTIONS and function.endswith("f") and function[:-1] in FUNCTIONS:
            function = function[:-1]
        if function not in FUNCTIONS:
            raise self.error(f"unknown function {name.text!r}", at=name)
        info = FUNCTIONS[function]
        if len(args) != info.arity:
            raise self.error(f"{function} takes {info.arity} arguments, found {len(args)}", at=name)
        return build.call(function, *args, span=span)


_SPECIAL: dict[str, tuple[float, Scalar]] = {
    "INF": (float("inf"), F64),
    "INFf": (float("inf"), F32),
    "NAN": (float("nan"), F64),
    "NANf": (float("nan"), F32),
}


def _int_type(value: int, suffix: str, hexadecimal: bool) -> Scalar:
    unsigned, long = "u" in suffix, "l" in suffix
    if unsigned:
        return U64 if long or value > 0xFFFFFFFF else U32
    if long or not -(2**31) <= value < 2**31:
        if hexadecimal and not long and 0 <= value <= 0xFFFFFFFF:
            return U32
        return I64 if value < 2**63 else U64
    return I32
