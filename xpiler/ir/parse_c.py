"""Parse the C that `print_c` writes, and the near variants that people and models write.

Beyond the printed form it reads compound assignments, `++`/`--`, `<=` in loop heads, braceless bodies,
several declarators, and it makes C's implicit conversions explicit. `parse(print(p)) == p`.
"""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.ir.functions import BUILTINS
from xpiler.ir.lex import ParseError
from xpiler.ir.nodes import Const, Expr, Function, GlobalBuffer, Kernel, Level, Module, Param
from xpiler.ir.parse_expr import Expressions, Scope
from xpiler.ir.parse_stmt import Statements
from xpiler.ir.types import Pointer, Scalar, Space, Spaces, Type

__all__ = ["ParseError", "parse_expr", "parse_module"]

_SPACES = {s.keyword: s for s in (Spaces.CONSTANT, Spaces.SHARED, Spaces.TILE, Spaces.GLOBAL)}
_HEADS: dict[str, Level] = {"__global__": "simt", "__mlu_entry__": "task"}


def parse_module(
    text: str,
    *,
    instructions: Mapping[str, Type] | None = None,
    spaces: Mapping[str, Space] | None = None,
    file: str = "",
) -> Module:
    """Parse a whole program.

    `instructions` gives the result type of each declared instruction that may be called; `spaces` maps
    declaration keywords of the target's own memory spaces (`__nram__`). With `file`, nodes carry spans.
    Raises ParseError with line and column.
    """
    scope = Scope(instructions=dict(instructions or {}), spaces={**_SPACES, **(spaces or {})})
    return _Programs(text, scope, file).module()


def parse_expr(text: str, variables: Mapping[str, Scalar] | None = None) -> Expr:
    """Parse one expression over the given variables."""
    scope = Scope(variables=dict(variables or {}))
    parser = Expressions(text, scope, "")
    expr = parser.expression()
    parser.expect_end()
    return expr


class _Programs(Statements):
    """Top-level declarations."""

    def module(self) -> Module:
        kernels: list[Kernel] = []
        functions: list[Function] = []
        buffers: list[GlobalBuffer] = []
        while self.peek().kind != "end":
            item = self.top_level()
            if isinstance(item, Kernel):
                kernels.append(item)
            elif isinstance(item, Function):
                functions.append(item)
            else:
                buffers.append(item)
        return Module(tuple(kernels), tuple(functions), tuple(buffers))

    def top_level(self) -> Kernel | Function | GlobalBuffer:
        launch = self._launch_facts()
        word = self.peek()
        if word.text in _HEADS:
            self.take()
            return self._kernel(_HEADS[word.text], launch)
        if word.text == "void":
            return self._kernel("loops", launch)
        if word.text == "__device__":
            self.take()
            return self._device()
        if word.text in self.scope.spaces:
            self.take()
            return self._global(self.scope.spaces[word.text])
        raise self.error(f"expected a kernel, a device function or data, found {word.text!r}")

    def _launch_facts(self) -> tuple[tuple[str, int], ...]:
        if not self.accept("launch_facts"):
            return ()
        self.expect("(")
        facts: list[tuple[str, int]] = []
        while not self.accept(")"):
            name = self.take().text
            if name not in BUILTINS:
                raise self.error(f"{name!r} is no launch quantity", back=1)
            self.expect("=")
            facts.append((name, int(self.take().text)))
            self.accept(",")
        return tuple(facts)

    def _kernel(self, level: Level, launch: tuple[tuple[str, int], ...]) -> Kernel:
        start = self.peek()
        self.expect("void")
        name = self.name("a kernel's name")
        with self.scope.nested():
            params = self._params(skip_launch=level != "simt")
            body = self.block()
        return Kernel(
            name,
            params,
            body,
            level,
            launch,
            span=self.span_from(start),
        )

    def _params(self, skip_launch: bool) -> tuple[Param, ...]:
        self.expect("(")
        params: list[Param] = []
        while not self.accept(")"):
            if skip_launch and self._launch_param():
                continue
            params.append(self._param())
            if self.peek().text != ")":
                self.expect(",")
        return tuple(params)

    def _launch_param(self) -> bool:
        if self.peek().text == "dim3" or (
            self.peek().text == "u32" and self.peek(1).text == "sharedBytes"
        ):
            self.take()
            self.take()
        else:
            return False
        self.accept(",")
        return True

    def _param(self) -> Param:
        start = self.peek()
        space = Spaces.GLOBAL
        if self.peek().text in self.scope.spaces:
            space = self.scope.spaces[self.take().text]
        const = self.accept("const")
        elem = self.scalar_type()
        const = self.accept("const") or const
        if self.accept("*"):
            restrict = self.accept("__restrict__") or self.accept("__restrict")
            name = self.name("a parameter's name")
            self.scope.buffers[name] = (elem, 1)
            pointer = Pointer(elem, const)
            return Param(name, pointer, space, restrict, span=self.span_from(start))
        by_ref = self.accept("&")
        name = self.name("a parameter's name")
        self.scope.variables[name] = elem
        return Param(name, elem, by_ref=by_ref, span=self.span_from(start))

    def _device(self) -> Function | GlobalBuffer:
        start = self.peek()
        result = self.scalar_type()
        name = self.name("a name")
        if self.peek().text != "(":
            return self._global_rest(Spaces.GLOBAL, result, name)
        with self.scope.nested():
            params = self._params(skip_launch=False)
            self.scope.functions[name] = result
            body = self.block()
        self.scope.functions[name] = result
        return Function(name, params, result, body, span=self.span_from(start))

    def _global(self, space: Space) -> GlobalBuffer:
        return self._global_rest(space, self.scalar_type(), self.name("a name"))

    def _global_rest(self, space: Space, elem: Scalar, name: str) -> GlobalBuffer:
        start = self.peek()
        shape: list[int] = []
        while self.accept("["):
            size = self.expression()
            if not isinstance(size, Const) or not isinstance(size.value, int):
                raise self.error("data at file scope needs a constant size", back=1)
            shape.append(size.value)
            self.expect("]")
        init = self.initialiser(elem) if self.accept("=") else ()
        self.expect(";")
        self.scope.buffers[name] = (elem, len(shape))
        return GlobalBuffer(name, elem, tuple(shape), space, init, span=self.span_from(start))
