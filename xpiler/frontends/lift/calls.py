"""Calls: intrinsics by name, constructors and conversions, device functions lifted in place."""

from __future__ import annotations

from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CArray, COpaque, CPointer, CScalar, CStruct, CType
from xpiler.frontends.lift.decl import (
    aliased,
    declare_value,
    fresh_place,
    in_memory,
    note_owner,
)
from xpiler.frontends.lift.defaults import field_initialisers, is_implicit, member_defaults
from xpiler.frontends.lift.dispatch import PLACES, REFERENCES, VALUES, place, value
from xpiler.frontends.lift.halves import half_operator
from xpiler.frontends.lift.intrinsics import INTRINSICS
from xpiler.frontends.lift.memory import convert, dereference, read, require_base, snapshot, write
from xpiler.frontends.lift.pointers import all_stable, stable
from xpiler.frontends.lift.returns import without_returns
from xpiler.frontends.lift.scan import count_modifications
from xpiler.frontends.lift.state import Frame, Lifter
from xpiler.frontends.lift.stmt import statement
from xpiler.frontends.lift.structs import initialised
from xpiler.frontends.lift.values import (
    OpaqueValue,
    Place,
    PointerValue,
    StructPlace,
    StructValue,
    Value,
    ValuePlace,
)
from xpiler.ir import build
from xpiler.ir.nodes import Expr, If, Stmt

__all__ = ["applied", "call", "call_place"]

_ALLOCATION: Final = frozenset({"malloc", "free", "operator new", "operator delete", "realloc"})
_ARRAYS: Final = frozenset({"array", "__array_traits"})
"""Classes of the standard library whose functions are as simple as the user's own."""
_OUTPUT: Final = frozenset({"printf", "fprintf", "puts", "putchar", "vprintf"})


def call(lf: Lifter, node: Node) -> Value:
    """The value of a call (an opaque one for `void`)."""
    return read(lf, call_place(lf, node))


def call_place(lf: Lifter, node: Node) -> Place:
    """A call; functions that return a reference give its place."""
    ref = node.ref
    if ref is None:
        return _indirect(lf, node)
    name = ref.spelling
    if ref.kind == "CONSTRUCTOR":
        return _construct(lf, node, ref)
    if ref.kind == "CONVERSION_FUNCTION" and ref.in_headers:
        return ValuePlace(convert(lf, value(lf, _object_node(node)), lf.ctype(node), node))
    if ref.in_headers and ref.kind == "CXX_METHOD" and not name.startswith("operator"):
        from xpiler.frontends.lift.groups import method

        return ValuePlace(method(lf, node, ref, _object_node(node), arguments(node)))
    if not _user_code(ref):
        return _library(lf, node, name)
    if ref.kind in ("VAR_DECL", "PARM_DECL", "FIELD_DECL"):
        return _indirect(lf, node)
    if ref.kind == "CXX_METHOD" and name == "operator=" and "operator" not in ref.text:
        target = place(lf, arguments(node)[0])
        write(lf, target, value(lf, arguments(node)[1]), node)
        return target
    return inlined(lf, node, ref)


def arguments(node: Node) -> tuple[Node, ...]:
    """The arguments, defaulted ones included."""
    return tuple(Node(c, node.parsed) for c in node.cursor.get_arguments())


def _user_code(ref: Node) -> bool:
    """Written by the user, or a library template whose instance has a body of its own."""
    if ref.in_headers or ref.spelling.startswith("__builtin_"):
        return False
    if ref.in_device_library:
        return True
    file = ref.file
    parent = ref.cursor.semantic_parent
    if parent is not None and parent.spelling in _ARRAYS:
        return True
    return bool(file) and not file.startswith(("/usr/", "/opt/"))


def _callee(node: Node) -> Node:
    callee = node.children[0]
    while callee.kind in ("UNEXPOSED_EXPR", "PAREN_EXPR") and len(callee.children) == 1:
        callee = callee.children[0]
    return callee


def _object_node(node: Node) -> Node:
    callee = _callee(node)
    inner = [c for c in callee.children if c.kind not in REFERENCES]
    return inner[0] if callee.kind == "MEMBER_REF_EXPR" and inner else callee


def _library(lf: Lifter, node: Node, name: str) -> Place:
    if name in _ALLOCATION:
        raise lf.refuse("XP1105", f"{name} in device code", node, "allocate on the host")
    args = arguments(node)
    if name in _OUTPUT:
        return _output(lf, node, name, args)
    if name.startswith("operator"):
        done = half_operator(lf, node, name.removeprefix("operator"), args)
        if done is not None:
            return done
    handler = INTRINSICS.get(name)
    if handler is None:
        if name.startswith(("tex", "surf")):
            hint = "read the data through a pointer, or a texture object of one to three dimensions"
            raise lf.refuse("XP1107", f"{name} is not among the texture functions read", node, hint)
        raise lf.refuse("XP1112", f"{name} is not supported in device code", node)
    return ValuePlace(handler(lf, node, args))


def _output(lf: Lifter, node: Node, name: str, args: tuple[Node, ...]) -> Place:
    """Text that a kernel writes is no result of it: arguments are evaluated, nothing is written."""
    for argument in args:
        if _acts(argument):
            value(lf, argument)
    message = f"what {name} writes in device code is left out where the kernel is written anew"
    lf.note("XP1108", message, node)
    return ValuePlace(build.i32(0))


def _acts(node: Node) -> bool:
    """Whether evaluating an expression may do something."""
    return any(
        n.kind in ("CALL_EXPR", "COMPOUND_ASSIGNMENT_OPERATOR", "UNARY_OPERATOR")
        or (n.kind == "BINARY_OPERATOR" and n.binary_operator == "=")
        for n in node.walk()
    )


def _indirect(lf: Lifter, node: Node) -> Place:
    """A call through a function pointer that is known here, or of a closure."""
    found = value(lf, node.children[0])
    if isinstance(found, OpaqueValue) and found.kind == "function":
        target = found.data[0]
        assert isinstance(target, Node)
        if _user_code(target):
            return inlined(lf, node, target)
        return _library(lf, node, target.spelling)
    if isinstance(found, OpaqueValue) and found.kind == "chosen function":
        which, *functions = found.data
        assert isinstance(which, Expr)
        known = [f for f in functions if isinstance(f, Node) and _user_code(f)]
        if len(known) == len(functions):
            return _of_table(lf, node, which, known)
    raise lf.refuse("XP1106", "a call through a pointer that is not known here", node)


def _of_table(lf: Lifter, node: Node, which: Expr, functions: list[Node]) -> Place:
    """A call of the function of that number: a chain of tests, the last function where none holds."""
    given = [snapshot(lf, value(lf, argument)) for argument in arguments(node)]
    ctype = lf.ctype(node)
    void = isinstance(ctype, CScalar) and ctype.type.kind == "void"
    result = None if void else fresh_place(lf, "called", ctype, node)
    chain: tuple[Stmt, ...] = ()
    for number in reversed(range(len(functions))):
        with lf.block() as body:
            found = applied(lf, node, functions[number], given)
            if result is not None:
                write(lf, result, convert(lf, found, ctype, node), node)
        test = arith.binary("==", which, build.const(number, build.scalar_type(which)))
        last = number == len(functions) - 1
        chain = tuple(body) if last else (If(test, tuple(body), chain, span=node.span),)
    for stmt in chain:
        lf.emit(stmt)
    return result if result is not None else ValuePlace(OpaqueValue("void"))


# --- constructors ------------------------------------------------------------------------------


def _construct(lf: Lifter, node: Node, ref: Node) -> Place:
    ctype = lf.ctype(node)
    args = list(arguments(node))
    if isinstance(ctype, CScalar):
        if not args:
            return ValuePlace(build.const(0, ctype.type))
        return ValuePlace(convert(lf, value(lf, args[0]), ctype, node))
    if isinstance(ctype, COpaque):
        return ValuePlace(value(lf, args[0]) if args else OpaqueValue("object", (ctype.name,)))
    assert isinstance(ctype, CStruct)
    if len(args) == 1 and lf.ctype(args[0]) == ctype:
        return place(lf, args[0])
    if is_implicit(ref):
        found = member_defaults(lf, ctype, ref, node)
        if len(found.fields) < len(ctype.fields):
            return declare_value(lf, "object", ctype, found, False, node)
        return ValuePlace(found)
    body = function_body(ref)
    if body is not None and not ref.in_headers:
        return _run_constructor(lf, node, ref, ctype, args)
    if not args:
        return ValuePlace(initialised(lf, ctype, None, node))
    values = [value(lf, a) for a in args]
    fields = tuple(
        (n, convert(lf, v, t, node)) for (n, t), v in zip(ctype.fields, values, strict=False)
    )
    return ValuePlace(StructValue(ctype, fields))


def _run_constructor(lf: Lifter, node: Node, ref: Node, ctype: CStruct, args: list[Node]) -> Place:
    target = fresh_place(lf, "object", ctype, node)
    assert isinstance(target, StructPlace)
    definition = Node(ref.cursor.get_definition(), ref.parsed)
    bind_parameters(lf, definition, args)
    _initialise(lf, definition, target, node)
    return target


def _initialise(lf: Lifter, definition: Node, target: StructPlace, node: Node) -> None:
    """Run a constructor, whose parameters are bound, on its object."""
    lf.this.append(target)
    declared = field_initialisers(Node(definition.cursor.semantic_parent, definition.parsed))
    named = {c.spelling for c in definition.children if c.kind == "MEMBER_REF"}
    for name, init in declared.items():
        if name in dict(target.fields) and name not in named:
            field = target.ctype.field(name)
            lists = init.kind == "INIT_LIST_EXPR" or isinstance(field, CArray)
            found = initialised(lf, field, init, node) if lists else value(lf, init)
            write(lf, target.get(name), convert(lf, found, field, node), node)
    _member_initialisers(lf, definition, target)
    run_body(lf, definition, None, None, node)
    lf.this.pop()


def _base_initialiser(lf: Lifter, call: Node, target: StructPlace) -> None:
    """`D() : Base(x) {}`: the base's constructor runs on the base's part of the object."""
    ref, ctype = call.ref, lf.ctype(call)
    if ref is None or not isinstance(ctype, CStruct) or is_implicit(ref):
        return
    if not dict(ctype.fields).keys() <= dict(target.fields).keys():
        require_base(lf, target.ctype, call)
    body = ref.cursor.get_definition()
    if body is None:
        raise lf.refuse("XP1112", f"{ref.spelling} is declared but not defined", call)
    definition = Node(body, ref.parsed)
    bind_parameters(lf, definition, list(arguments(call)))
    part = StructPlace(ctype, tuple((n, target.get(n)) for n, _ in ctype.fields))
    _initialise(lf, definition, part, call)


def _member_initialisers(lf: Lifter, definition: Node, target: StructPlace) -> None:
    children = [c for c in definition.children if c.kind not in ("PARM_DECL", "TYPE_REF")]
    member: str | None = None
    for child in children:
        if child.kind == "MEMBER_REF":
            member = child.spelling
        elif member is not None and child.kind != "COMPOUND_STMT":
            found = convert(lf, value(lf, child), target.ctype.field(member), child)
            write(lf, target.get(member), found, child)
            member = None
        elif (
            child.kind == "CALL_EXPR" and child.ref is not None and child.ref.kind == "CONSTRUCTOR"
        ):
            _base_initialiser(lf, child, target)


# --- device functions --------------------------------------------------------------------------


def function_body(ref: Node) -> Node | None:
    """The body of a function's definition."""
    definition = ref.cursor.get_definition()
    if definition is None:
        return None
    for child in reversed(Node(definition, ref.parsed).children):
        if child.kind == "COMPOUND_STMT":
            return child
    return None


def inlined(lf: Lifter, node: Node, ref: Node) -> Place:
    """Lift the body of a device function where it is called."""
    definition_cursor = ref.cursor.get_definition()
    if definition_cursor is None:
        raise lf.refuse("XP1112", f"{ref.spelling} is declared but not defined", node)
    if ref.cursor.is_virtual_method():
        raise lf.refuse("XP1106", f"{ref.spelling} is virtual", node)
    definition = Node(definition_cursor, ref.parsed)
    if definition.key in lf.stack:
        raise lf.refuse(
            "XP1102", f"{ref.spelling} is recursive", node, "rewrite the recursion as a loop"
        )
    args = list(arguments(node))
    target = _object(lf, node, ref, args)
    bind_parameters(
        lf, definition, args
    )  # arguments may call the same function, and name the caller's members
    if target is not None:
        lf.this.append(target)
    lf.stack.append(definition.key)
    result_type = lf.file.types.of(definition.cursor.result_type)
    result = run_body(lf, definition, result_type, _reference_result(definition), node)
    lf.stack.pop()
    if target is not None:
        lf.this.pop()
    return result


def applied(lf: Lifter, node: Node, ref: Node, values: list[Value]) -> Value:
    """The value of a device function for arguments that are values already."""
    cursor = ref.cursor.get_definition()
    if cursor is None:
        raise lf.refuse("XP1112", f"{ref.spelling} is declared but not defined", node)
    definition = Node(cursor, ref.parsed)
    count_modifications(lf, definition)
    parameters = [c for c in definition.children if c.kind == "PARM_DECL"]
    for parameter, found in zip(parameters, values, strict=True):
        ctype = lf.ctype(parameter)
        constant = parameter.key not in lf.modified
        given = convert(lf, found, ctype, node)
        target = declare_value(lf, parameter.spelling, ctype, given, constant, parameter)
        lf.places[parameter.key] = target
        note_owner(lf, target, parameter.key)
    lf.stack.append(definition.key)
    result_type = lf.file.types.of(definition.cursor.result_type)
    result = run_body(lf, definition, result_type, _reference_result(definition), node)
    lf.stack.pop()
    return read(lf, result)


def _object(lf: Lifter, node: Node, ref: Node, args: list[Node]) -> Place | None:
    """The object of a member call, taken off its arguments; None where there is no other than the caller's."""
    if ref.kind not in ("CXX_METHOD", "CONVERSION_FUNCTION"):
        return None
    if ref.kind == "CXX_METHOD" and ref.cursor.is_static_method():
        return None
    if (
        ref.spelling.startswith("operator")
        and ref.kind == "CXX_METHOD"
        and len(args) > len(list(ref.cursor.get_arguments()))
    ):
        target = args.pop(0)
    else:
        callee = _callee(node)
        target = _object_node(node)
        if target is callee or target is node.children[0]:
            return None  # a member function calls another one of the same object
    found = place(lf, target)
    ctype = lf.ctype(target)
    if isinstance(ctype, CPointer):
        pointer = read(lf, found)
        if isinstance(pointer, PointerValue):
            found = dereference(lf, pointer, node)
        elif isinstance(pointer, OpaqueValue) and pointer.kind == "address_of_variable":
            inner = pointer.data[0]
            assert isinstance(inner, StructPlace)
            found = inner
    return found


def _reference_result(definition: Node) -> bool:
    return bool(definition.cursor.result_type.get_canonical().kind.name == "LVALUEREFERENCE")


def bind_parameters(lf: Lifter, definition: Node, args: list[Node]) -> None:
    """Give each parameter the place of its argument, or a copy of its value."""
    count_modifications(lf, definition)
    parameters = [c for c in definition.children if c.kind == "PARM_DECL"]
    bound: list[tuple[Node, Place]] = []
    for k, parameter in enumerate(parameters):
        argument = args[k] if k < len(args) else None
        bound.append((parameter, _bound(lf, parameter, argument)))
    for parameter, target in bound:
        lf.places[parameter.key] = target


def _bound(lf: Lifter, parameter: Node, argument: Node | None) -> Place:
    ctype = lf.ctype(parameter)
    canonical = parameter.type.get_canonical()
    if argument is None or (argument.kind == "UNEXPOSED_EXPR" and not argument.children):
        return ValuePlace(_default(lf, parameter, ctype))
    if canonical.kind.name in ("LVALUEREFERENCE", "RVALUEREFERENCE"):
        found = place(lf, argument)
        if isinstance(found, ValuePlace) and _holds_array(found.value):
            # a temporary whose elements may be chosen by an index: memory
            return declare_value(lf, parameter.spelling, ctype, found.value, False, parameter)
        if canonical.get_pointee().is_const_qualified() and isinstance(found, ValuePlace):
            return ValuePlace(_steady(lf, parameter.spelling, found.value))
        return aliased(lf, found)
    found_value = convert(lf, value(lf, argument), ctype, argument)
    if parameter.key in lf.in_memory:
        return in_memory(lf, parameter, ctype, found_value)
    constant = parameter.key not in lf.modified
    if constant and _stays(lf, found_value):
        return ValuePlace(found_value)
    target = declare_value(lf, parameter.spelling, ctype, found_value, constant, parameter)
    note_owner(lf, target, parameter.key)
    return target


def _holds_array(found: Value) -> bool:
    return isinstance(found, StructValue) and any(
        _holds_array(part) or (isinstance(part, OpaqueValue) and part.kind == "array")
        for _, part in found.fields
    )


def _stays(lf: Lifter, found: Value) -> bool:
    """Whether the value may stand for the parameter itself."""
    if isinstance(found, Expr):
        return stable(lf, found)
    if isinstance(found, PointerValue):
        return all_stable(lf, found)
    return isinstance(found, OpaqueValue)


def _steady(lf: Lifter, stem: str, found: Value) -> Value:
    if isinstance(found, Expr):
        return found if stable(lf, found) else lf.temporary(found, stem)
    if isinstance(found, StructValue):
        fields = tuple((n, _steady(lf, f"{stem}_{n}", v)) for n, v in found.fields)
        return StructValue(found.ctype, fields)
    return found


def _default(lf: Lifter, parameter: Node, ctype: CType) -> Value:
    initial = [c for c in parameter.children if c.kind not in REFERENCES]
    if not initial:
        raise lf.refuse("XP1111", f"parameter {parameter.spelling} has no value", parameter)
    return convert(lf, value(lf, initial[-1]), ctype, parameter)


def run_body(
    lf: Lifter, definition: Node, result_type: CType | None, by_reference: bool | None, node: Node
) -> Place:
    """Lift a function's body in place; gives where its result is."""
    body = next((c for c in reversed(definition.children) if c.kind == "COMPOUND_STMT"), None)
    if body is None:
        raise lf.refuse("XP1112", f"{definition.spelling} has no body", node)
    void = result_type is None or (
        isinstance(result_type, CScalar) and result_type.type.kind == "void"
    )
    statements = body.children
    ends = bool(statements) and statements[-1].kind == "RETURN_STMT" and not void
    if ends and not any(_returns(s) for s in statements[:-1]):
        before = len(lf.out)
        for inner in statements[:-1]:
            statement(lf, inner)
        returned = statements[-1].children[0]
        if by_reference:
            return aliased(lf, place(lf, returned))
        assert result_type is not None
        found = convert(lf, value(lf, returned), result_type, returned)
        # a later call in the same expression may change what this value reads
        return ValuePlace(snapshot(lf, found) if len(lf.out) > before else found)
    result = None
    if not void:
        assert result_type is not None
        result = fresh_place(lf, definition.spelling, result_type, node)
    lf.frames.append(Frame(definition.key, result, None if void else result_type))
    with lf.block() as lifted:
        statement(lf, body)
    lf.frames.pop()
    lf.out.extend(without_returns(tuple(lifted), lf.fresh))
    return result if result is not None else ValuePlace(OpaqueValue("void"))


def _returns(node: Node) -> bool:
    if node.kind == "RETURN_STMT":
        return True
    if node.kind == "LAMBDA_EXPR":
        return False
    return any(_returns(c) for c in node.children)


VALUES["CALL_EXPR"] = call
PLACES["CALL_EXPR"] = call_place
