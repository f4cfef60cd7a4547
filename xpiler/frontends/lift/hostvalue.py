"""Values in host code, symbolically: numbers over the function's parameters, device and host pointers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CArray, CPointer, CScalar, CStruct, CType, TypeTable
from xpiler.ir import build
from xpiler.ir.nodes import Call, Const, Expr, Var
from xpiler.ir.types import BOOL, I64, U32, U64
from xpiler.records import dataclass

__all__ = [
    "Dim",
    "Environment",
    "HostValue",
    "HostVector",
    "Memory",
    "Record",
    "host_value",
    "number",
    "path_of",
]

Path = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Dim:
    """A dim3."""

    x: Expr | None
    y: Expr | None
    z: Expr | None


@dataclass(frozen=True, slots=True)
class Memory:
    """A pointer: the variable that holds the start of the allocation, and bytes from there."""

    path: Path
    name: str
    bytes: Expr


@dataclass(frozen=True, slots=True)
class Record:
    """A struct value."""

    fields: tuple[tuple[str, HostValue], ...]

    def get(self, name: str) -> HostValue:
        return dict(self.fields).get(name)


@dataclass(frozen=True, slots=True)
class HostVector:
    """A std::vector of `count` elements of `size` bytes."""

    path: Path
    name: str
    count: Expr | None


HostValue = Expr | Dim | Memory | Record | HostVector | None


@dataclass(slots=True)
class Environment:
    """What the variables of a host function hold at one point of it."""

    types: TypeTable
    values: dict[Path, HostValue] = field(default_factory=dict)
    depth: int = 0

    def ctype(self, node: Node) -> CType:
        return self.types.of(node.type)


def path_of(node: Node) -> tuple[Path, str] | None:
    """The variable (or member of one) that an lvalue names, with its spelling."""
    while node.kind in ("PAREN_EXPR", "UNEXPOSED_EXPR", "CSTYLE_CAST_EXPR") and node.children:
        node = node.children[-1]
    if node.kind == "DECL_REF_EXPR" and node.ref is not None:
        return (node.ref.key, ""), node.spelling
    if node.kind == "MEMBER_REF_EXPR" and _own_member(node) and node.ref is not None:
        return (node.ref.key, ""), node.spelling
    if node.kind == "MEMBER_REF_EXPR" and node.children:
        base = path_of(node.children[-1])
        if base is not None:
            (key, path), name = base
            return (key, f"{path}.{node.spelling}"), f"{name}.{node.spelling}"
    if node.kind == "ARRAY_SUBSCRIPT_EXPR" and len(node.children) == 2:
        base = path_of(node.children[0])
        index = node.children[1].evaluate()
        if base is not None and index is not None:
            (key, path), name = base
            return (key, f"{path}[{index}]"), f"{name}[{index}]"
    return None


def _own_member(node: Node) -> bool:
    """`member` or `this->member` in a method."""
    return not node.children or node.children[-1].kind == "CXX_THIS_EXPR"


def number(env: Environment, node: Node) -> Expr | None:
    """The numeric value of an expression, None when it is not known."""
    found = host_value(env, node)
    return found if isinstance(found, Expr) else None


def host_value(env: Environment, node: Node) -> HostValue:
    """The value of a host expression."""
    ctype = env.ctype(node)
    if isinstance(ctype, CScalar) and ctype.type.kind != "void":
        constant = node.evaluate()
        if constant is not None:
            return build.const(constant, ctype.type)
    handler = _HANDLERS.get(node.kind)
    return handler(env, node) if handler is not None else None


def _converted(found: HostValue, ctype: CType) -> HostValue:
    if isinstance(found, Expr) and isinstance(ctype, CScalar) and ctype.type.kind != "void":
        return build.cast(ctype.type, found)
    if isinstance(found, Expr) and isinstance(ctype, CStruct) and ctype.name == "dim3":
        one = build.u32(1)
        return Dim(build.cast(U32, found), one, one)
    return found


def _wrapper(env: Environment, node: Node) -> HostValue:
    inner = [c for c in node.children if not c.kind.endswith("_REF")]
    if not inner:
        return None
    return _converted(host_value(env, inner[-1]), env.ctype(node))


def _name(env: Environment, node: Node) -> HostValue:
    found = path_of(node)
    if found is None:
        return None
    path, name = found
    if path in env.values:
        return env.values[path]
    ref = node.ref
    ctype = env.ctype(node)
    if ref is not None and ref.kind == "VAR_DECL" and isinstance(ctype, CScalar):
        local = ref.cursor.semantic_parent.kind.name == "FUNCTION_DECL"
        constant = ref.evaluate() if ref.type.is_const_qualified() or not local else None
        if constant is not None:
            return build.const(constant, ctype.type)
    if isinstance(ctype, CPointer):
        return Memory(path, name, build.i64(0))
    if isinstance(ctype, CScalar) and ctype.type.kind != "void":
        return Var(name, ctype.type)
    if isinstance(ctype, CStruct) and ctype.name != "dim3" and node.kind == "DECL_REF_EXPR":
        return _record(env, path, name, ctype)
    return None


def _record(env: Environment, path: Path, name: str, ctype: CStruct) -> Record:
    """A struct variable from what is known of its fields."""
    fields: list[tuple[str, HostValue]] = []
    for field_name, field_type in ctype.fields:
        inner = (path[0], f"{path[1]}.{field_name}")
        known = env.values.get(inner)
        if known is None and inner not in env.values:
            full = f"{name}.{field_name}"
            if isinstance(field_type, CPointer):
                known = Memory(inner, full, build.i64(0))
            elif isinstance(field_type, CScalar):
                known = Var(full, field_type.type)
            elif isinstance(field_type, CArray) and isinstance(field_type.elem, CScalar):
                known = _elements(env, inner, full, field_type.elem, field_type.count or 0)
        fields.append((field_name, known))
    return Record(tuple(fields))


def _elements(env: Environment, path: Path, name: str, elem: CScalar, count: int) -> Record:
    """The elements of an array in a struct."""
    found: list[tuple[str, HostValue]] = []
    for k in range(count):
        at = (path[0], f"{path[1]}[{k}]")
        found.append((str(k), env.values.get(at, Var(f"{name}[{k}]", elem.type))))
    return Record(tuple(found))


def _member(env: Environment, node: Node) -> HostValue:
    if not _own_member(node):
        base = host_value(env, node.children[-1])
        if isinstance(base, Dim) and node.spelling in "xyz":
            return {"x": base.x, "y": base.y, "z": base.z}[node.spelling]
        if isinstance(base, Record):
            return base.get(node.spelling)
    return _name(env, node)


def _binary(env: Environment, node: Node) -> HostValue:
    op = node.binary_operator
    left, right = node.children[0], node.children[-1]
    if op in ("=", ","):
        return host_value(env, right)
    if op.endswith("=") and op not in ("==", "!=", "<=", ">="):
        return None
    a, b = host_value(env, left), host_value(env, right)
    if op in ("+", "-") and isinstance(a, Memory) and isinstance(b, Expr):
        return _moved(env, a, b, left, op)
    if op == "+" and isinstance(b, Memory) and isinstance(a, Expr):
        return _moved(env, b, a, right, op)
    if not isinstance(a, Expr) or not isinstance(b, Expr):
        return None
    return arith.binary(op, a, b)


def _moved(env: Environment, start: Memory, by: Expr, node: Node, op: str) -> Memory:
    ctype = env.ctype(node)
    size = ctype.to.size if isinstance(ctype, CPointer) else 1
    step = arith.multiply(by, max(1, size))
    if op == "-":
        step = arith.unary("-", build.cast(I64, step))
    return Memory(start.path, start.name, arith.add(start.bytes, step))


def _unary(env: Environment, node: Node) -> HostValue:
    op = node.unary_operator
    inner = node.children[-1]
    if op == "&":
        if inner.kind == "ARRAY_SUBSCRIPT_EXPR":
            base, index = inner.children
            start, by = host_value(env, base), host_value(env, index)
            if isinstance(start, Memory) and isinstance(by, Expr):
                return _moved(env, start, by, base, "+")
            if isinstance(start, HostVector):
                return Memory(start.path, start.name, build.i64(0))
        return None
    found = host_value(env, inner)
    if isinstance(found, Expr) and op in ("-", "~", "!"):
        return arith.unary(op, found)
    if isinstance(found, Expr) and op in ("++", "--"):
        return arith.binary(op[0], found, build.i32(1))
    return found if op in ("+", "post++", "post--") else None


def _conditional(env: Environment, node: Node) -> HostValue:
    cond, then, orelse = node.children[-3:]
    test = number(env, cond)
    a, b = host_value(env, then), host_value(env, orelse)
    if isinstance(test, Const):
        return a if test.value else b
    if test is not None and isinstance(a, Expr) and isinstance(b, Expr):
        return arith.select(build.cast(BOOL, test), a, b)
    return None


_PURE: Final = {
    "min": "min", "max": "max", "ceil": "ceil", "ceilf": "ceil", "floor": "floor",
    "floorf": "floor", "sqrt": "sqrt", "sqrtf": "sqrt", "log2": "log2", "log2f": "log2",
    "pow": "pow", "powf": "pow", "fmin": "fmin", "fmax": "fmax", "fminf": "fmin",
    "fmaxf": "fmax", "abs": "abs", "fabs": "fabs",
}  # fmt: skip


def _call(env: Environment, node: Node) -> HostValue:
    ref = node.ref
    if ref is None:
        return None
    args = [Node(c, node.parsed) for c in node.cursor.get_arguments()]
    ctype = env.ctype(node)
    if ref.kind == "CONSTRUCTOR":
        return _construct(env, node, ctype, args)
    if ref.kind == "CXX_METHOD":
        return _method(env, node, ref.spelling, args)
    if ref.spelling in _PURE and not _user(ref):
        given = [number(env, a) for a in args]
        if any(g is None for g in given) or not isinstance(ctype, CScalar):
            return None
        exprs = tuple(g for g in given if g is not None)
        return Call(_PURE[ref.spelling], exprs, ctype.type)
    if _user(ref) and env.depth < 6:
        return _helper(env, node, ref, args)
    return None


def _user(ref: Node) -> bool:
    return not ref.in_headers and bool(ref.file) and not ref.file.startswith(("/usr/", "/opt/"))


def _construct(env: Environment, node: Node, ctype: CType, args: list[Node]) -> HostValue:
    if isinstance(ctype, CStruct) and ctype.name == "dim3":
        values: list[Expr | None] = []
        for a in args:
            if a.kind == "UNEXPOSED_EXPR" and not a.children:
                break
            if isinstance(env.ctype(a), CStruct):
                return host_value(env, a)
            found = number(env, a)
            values.append(None if found is None else build.cast(U32, found))
        values += [build.u32(1)] * (3 - len(values))
        return Dim(values[0], values[1], values[2])
    if len(args) == 1 and env.ctype(args[0]) == ctype:
        return host_value(env, args[0])
    if isinstance(ctype, CStruct) and node.ref is not None and _user(node.ref):
        return _initialised(env, node.ref, ctype, args)
    if "vector<" in str(node.type.get_canonical().spelling):
        count = number(env, args[0]) if args else build.i64(0)
        return HostVector((0, ""), "", count)
    return None


def _initialised(env: Environment, ref: Node, ctype: CStruct, args: list[Node]) -> HostValue:
    """What a constructor without statements leaves: its member initialisers over its arguments."""
    definition = ref.cursor.get_definition()
    if definition is None:
        return None
    children = Node(definition, ref.parsed).children
    if any(c.kind == "COMPOUND_STMT" and c.children for c in children):
        return None
    inner = Environment(env.types, dict(env.values), env.depth + 1)
    parameters = [c for c in children if c.kind == "PARM_DECL"]
    for parameter, argument in zip(parameters, args, strict=False):
        found = _converted(host_value(env, argument), env.ctype(parameter))
        inner.values[(parameter.key, "")] = found
    values: dict[str, HostValue] = {}
    member = ""
    for child in children:
        if child.kind == "MEMBER_REF":
            member = child.spelling
        elif member and child.kind not in ("COMPOUND_STMT", "PARM_DECL", "TYPE_REF"):
            values[member] = _converted(host_value(inner, child), ctype.field(member))
            member = ""
    return Record(tuple((name, values.get(name)) for name, _ in ctype.fields))


def _method(env: Environment, node: Node, name: str, args: list[Node]) -> HostValue:
    callee = node.children[0]
    base = host_value(env, callee.children[-1]) if callee.children else None
    if isinstance(base, HostVector):
        if name == "size":
            return None if base.count is None else build.cast(U64, base.count)
        if name in ("data", "begin"):
            return Memory(base.path, base.name, build.i64(0))
    if name == "get" and callee.children:
        found = path_of(callee.children[-1])
        if found is not None:
            return Memory(found[0], found[1], build.i64(0))
    ref = node.ref
    if ref is not None and _user(ref) and callee.children and not args:
        return _getter(env, node, ref, callee.children[-1])
    return None


def _getter(env: Environment, node: Node, ref: Node, owner: Node) -> HostValue:
    """`buffer.data()`: a method that gives a member back."""
    definition, object_ = ref.cursor.get_definition(), path_of(owner)
    body = Node(definition, node.parsed).children[-1:] if definition is not None else []
    if not body or len(body[0].children) != 1 or body[0].children[0].kind != "RETURN_STMT":
        return None
    returned = body[0].children[0].children
    member = returned[0] if returned else None
    while member is not None and member.kind == "UNEXPOSED_EXPR" and member.children:
        member = member.children[-1]
    if object_ is None or member is None or member.kind != "MEMBER_REF_EXPR":
        return None
    if not _own_member(member):
        return None
    (key, inside), name = object_
    path, name = (key, f"{inside}.{member.spelling}"), f"{name}.{member.spelling}"
    ctype = env.ctype(node)
    if path in env.values:
        return env.values[path]
    if isinstance(ctype, CPointer):
        return Memory(path, name, build.i64(0))
    return Var(name, ctype.type) if isinstance(ctype, CScalar) else None


def _helper(env: Environment, node: Node, ref: Node, args: list[Node]) -> HostValue:
    """`ceil_div(n, 256)`: a function that is one return statement."""
    definition = ref.cursor.get_definition()
    if definition is None:
        return None
    target = Node(definition, node.parsed)
    body = next((c for c in reversed(target.children) if c.kind == "COMPOUND_STMT"), None)
    if body is None or not body.children or body.children[-1].kind != "RETURN_STMT":
        return None
    inner = Environment(env.types, dict(env.values), env.depth + 1)
    parameters = [c for c in target.children if c.kind == "PARM_DECL"]
    for parameter, argument in zip(parameters, args, strict=False):
        found = _converted(host_value(env, argument), env.ctype(parameter))
        inner.values[(parameter.key, "")] = found
    for stmt in body.children[:-1]:
        if stmt.kind != "DECL_STMT":
            return None
        for variable in stmt.children:
            init = variable.initializer if variable.kind == "VAR_DECL" else None
            if init is not None:
                inner.values[(variable.key, "")] = _converted(
                    host_value(inner, init), env.ctype(variable)
                )
    returned = body.children[-1].children
    return _converted(host_value(inner, returned[0]), env.ctype(node)) if returned else None


def _list(env: Environment, node: Node) -> HostValue:
    ctype = env.ctype(node)
    if isinstance(ctype, CStruct) and ctype.name == "dim3":
        return _construct(env, node, ctype, list(node.children))
    if isinstance(ctype, CStruct):
        values = [host_value(env, c) for c in node.children]
        names = [name for name, _ in ctype.fields]
        return Record(tuple(zip(names, values, strict=False)))
    if len(node.children) == 1:
        return _converted(host_value(env, node.children[0]), ctype)
    return None


_HANDLERS: Final[dict[str, Callable[[Environment, Node], HostValue]]] = {
    "UNEXPOSED_EXPR": _wrapper,
    "PAREN_EXPR": _wrapper,
    "CSTYLE_CAST_EXPR": _wrapper,
    "CXX_STATIC_CAST_EXPR": _wrapper,
    "CXX_REINTERPRET_CAST_EXPR": _wrapper,
    "CXX_CONST_CAST_EXPR": _wrapper,
    "CXX_FUNCTIONAL_CAST_EXPR": _wrapper,
    "DECL_REF_EXPR": _name,
    "MEMBER_REF_EXPR": _member,
    "ARRAY_SUBSCRIPT_EXPR": _name,
    "BINARY_OPERATOR": _binary,
    "UNARY_OPERATOR": _unary,
    "CONDITIONAL_OPERATOR": _conditional,
    "CALL_EXPR": _call,
    "INIT_LIST_EXPR": _list,
}
