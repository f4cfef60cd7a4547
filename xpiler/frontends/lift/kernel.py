"""A kernel instance: parameters, body, what it uses; lifted again when a decision proves wrong."""

from __future__ import annotations

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.cleanup import tidy
from xpiler.frontends.lift.ctype import (
    SURFACE_OBJECT,
    TEXTURE_OBJECT,
    CArray,
    COpaque,
    CPointer,
    CScalar,
    CStruct,
    CType,
)
from xpiler.frontends.lift.decl import declare_value, in_memory, note_owner
from xpiler.frontends.lift.memory import read
from xpiler.frontends.lift.names import element_type
from xpiler.frontends.lift.scan import count_modifications
from xpiler.frontends.lift.state import FileState, Frame, Lifter
from xpiler.frontends.lift.stmt import statement
from xpiler.frontends.lift.surfaces import surface_parameter
from xpiler.frontends.lift.textures import texture_parameter, texture_params
from xpiler.frontends.lift.untyped import innermost, untyped_element
from xpiler.frontends.lift.values import (
    BufferInfo,
    Flatten,
    NeedsBase,
    NeedsChoice,
    NeedsMemory,
    OpaqueValue,
    Place,
    PointerPlace,
    PointerValue,
    PointerVariable,
    RefusedConstruct,
    StructPlace,
    ValuePlace,
    VarPlace,
)
from xpiler.ir import build
from xpiler.ir.nodes import Alloc, Block, Declare, Kernel, Module, Param, Stmt, Var
from xpiler.ir.types import I64, VOID, Pointer, Spaces
from xpiler.records import dataclass

__all__ = ["lift_kernel"]

_ATTEMPTS = 40


def lift_kernel(
    file: FileState,
    definition: Node,
    symbol: str,
    instance: str,
    launch: tuple[tuple[str, int], ...],
) -> Module | RefusedConstruct:
    """The kernel whose definition (or instance) `definition` is, as a module."""
    flat: frozenset[int] = frozenset()
    in_memory: frozenset[int] = frozenset()
    choices: dict[int, tuple[str, ...]] = {}
    for _ in range(_ATTEMPTS):
        lf = Lifter(file, flat, in_memory)
        lf.choices = dict(choices)
        try:
            return _attempt(lf, definition, symbol, instance, launch)
        except Flatten as wish:
            if wish.key in flat or not wish.key:
                break
            flat |= {wish.key}
        except NeedsBase:
            continue
        except NeedsMemory as wish:
            if wish.key in in_memory:
                break
            in_memory |= {wish.key}
        except NeedsChoice as wish:
            known = choices.get(wish.key, ())
            merged = tuple(dict.fromkeys((*known, *wish.buffers)))
            if not wish.key or merged == known or len(merged) > 8:
                return RefusedConstruct(
                    "XP1109", "a pointer that may point into many buffers", definition.span
                )
            choices[wish.key] = merged
        except RefusedConstruct as refused:
            return refused
        except (AssertionError, LookupError, TypeError, ValueError, AttributeError) as bug:
            # one kernel that lifting itself cannot cope with must not stop the others
            what = f"lifting failed here ({type(bug).__name__}: {bug})"
            hint = "this is a defect of xpiler; please report it with the kernel"
            return RefusedConstruct("XP1199", what, lf.span, hint)
    return RefusedConstruct(
        "XP1113", "pointers to rows and to elements of one array are mixed", definition.span
    )


def _attempt(
    lf: Lifter, definition: Node, symbol: str, instance: str, launch: tuple[tuple[str, int], ...]
) -> Module:
    lf.names.add(symbol)
    lf.launch = dict(launch)
    lf.span = definition.span
    lf.kernel_key = definition.key
    count_modifications(lf, definition)
    params: list[Param] = []
    with lf.block() as prologue:
        for node in definition.children:
            if node.kind == "PARM_DECL":
                _parameter(lf, node, params)
    body = next(c for c in reversed(definition.children) if c.kind == "COMPOUND_STMT")
    lf.frames.append(Frame(definition.key, None))
    lf.stack.append(definition.key)
    with lf.block() as lifted:
        statement(lf, body)
    views: list[Stmt] = [*lf.dynamic.values(), *lf.shared.values()]
    block: Block = tidy((*views, *prologue, *lifted))
    kernel = Kernel(
        symbol, texture_params(lf, params), block, "simt", launch, instance=instance,
        span=definition.span,
    )  # fmt: skip
    return Module((kernel,), (), tuple(lf.globals.values()))


# --- parameters --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """Where a parameter comes from in the source: `origin` as its ABI names it."""

    stem: str
    origin: str
    node: Node


def _parameter(lf: Lifter, node: Node, params: list[Param]) -> None:
    ctype = lf.ctype(node)
    name = node.spelling or f"arg{len(params)}"
    constant = node.key not in lf.modified
    source = Source(name, "", node)
    found = _place(lf, source, ctype, params, constant)
    lf.places[node.key] = found
    if node.key in lf.in_memory:
        in_memory(lf, node, ctype, read(lf, found))
    else:
        note_owner(lf, found, node.key)


def _place(lf: Lifter, source: Source, ctype: CType, params: list[Param], constant: bool) -> Place:
    if isinstance(ctype, CScalar):
        name = lf.fresh(source.stem)
        if constant:
            lf.constants.add(name)
        params.append(Param(name, ctype.type, origin=source.origin, span=source.node.span))
        return VarPlace(name, ctype.type)
    if isinstance(ctype, CPointer):
        return _pointer(lf, source, ctype, params, constant)
    if isinstance(ctype, CStruct) and ctype.overlaps:
        raise lf.refuse("XP1110", "a union is passed by value to a kernel", source.node)
    if isinstance(ctype, CStruct) and "..." in source.node.text:
        raise lf.refuse("XP1110", "a pack of objects as a kernel's parameters", source.node)
    if isinstance(ctype, CStruct):
        fields = tuple(
            (name, _field(lf, source, name, field, params, constant))
            for name, field in ctype.fields
        )
        return StructPlace(ctype, fields)
    if isinstance(ctype, COpaque) and ctype.name == TEXTURE_OBJECT and not source.origin:
        return ValuePlace(texture_parameter(lf, source.node, source.stem, len(params)))
    if isinstance(ctype, COpaque) and ctype.name == SURFACE_OBJECT and not source.origin:
        return ValuePlace(surface_parameter(lf, source.node, len(params)))
    if isinstance(ctype, COpaque):
        return ValuePlace(OpaqueValue("object", (ctype.name,)))
    raise lf.refuse("XP1110", "a parameter of this type", source.node)


def _field(
    lf: Lifter, source: Source, name: str, ctype: CType, params: list[Param], constant: bool
) -> Place:
    base = source.origin or source.node.spelling
    inner = Source(f"{source.stem}_{name}", f"{base}.{name}", source.node)
    if isinstance(ctype, CArray) and isinstance(innermost(ctype), CPointer):
        return _pointer_fields(lf, inner, ctype, params)
    if isinstance(ctype, CArray):
        return _field_array(lf, inner, ctype, params)
    return _place(lf, inner, ctype, params, constant)


def _pointer_fields(lf: Lifter, source: Source, ctype: CArray, params: list[Param]) -> Place:
    """An array of pointers in a struct parameter, of any dimensions: one parameter for each."""
    places: list[Place] = []
    for k in range(ctype.count or 0):
        part = Source(f"{source.stem}_{k}", f"{source.origin}[{k}]", source.node)
        if isinstance(ctype.elem, CArray):
            places.append(_pointer_fields(lf, part, ctype.elem, params))
        else:
            assert isinstance(ctype.elem, CPointer)
            places.append(_pointer(lf, part, ctype.elem, params, True))
    return ValuePlace(OpaqueValue("pointers", tuple(places)))


def _field_array(lf: Lifter, source: Source, ctype: CArray, params: list[Param]) -> Place:
    """An array in a struct parameter: one parameter per element, gathered in a local array."""
    from xpiler.frontends.lift.names import array_place, shape_of
    from xpiler.ir.nodes import Store

    elem = element_type(lf, ctype, source.node)
    shape, inner = shape_of(ctype, elem, True)
    name = lf.fresh(source.stem)
    lf.emit(Alloc(name, elem, (build.i32(shape[0]),), span=source.node.span))
    lf.buffers[name] = BufferInfo(name, elem, 1, Spaces.LOCAL)
    for k in range(shape[0]):
        part = lf.fresh(f"{source.stem}_{k}")
        params.append(Param(part, elem, origin=f"{source.origin}[{k}]", span=source.node.span))
        lf.emit(Store(name, (build.i32(k),), Var(part, elem)))
    return array_place(lf, name, ctype, 1, inner)


def _pointer(
    lf: Lifter, source: Source, ctype: CPointer, params: list[Param], constant: bool
) -> Place:
    if isinstance(ctype.to, CPointer | COpaque):
        message = f"parameter {source.stem} is a pointer to pointers"
        hint = "pass one buffer that holds what they point to, and where each begins in it"
        raise lf.refuse("XP1110", message, source.node, hint)
    if ctype.to == CScalar(VOID):
        elem = untyped_element(lf, source.node)
    else:
        elem = element_type(lf, ctype.to, source.node)
    name = lf.fresh(source.stem)
    text = source.node.type.spelling
    restrict = "restrict" in text
    origin = source.origin
    if not origin and not (isinstance(ctype.to, CScalar) and ctype.to.type == elem):
        origin = str(text)
    params.append(
        Param(name, Pointer(elem, ctype.const), restrict=restrict, origin=origin,
              span=source.node.span)
    )  # fmt: skip
    lf.buffers[name] = BufferInfo(
        name, elem, 1, Spaces.GLOBAL, ctype.const, ctype.volatile, source.node.key, True
    )
    start = PointerValue(name, (), build.i32(0), ctype.to, ctype.volatile)
    if constant:
        return ValuePlace(start)
    if source.node.key in lf.choices:
        return declare_value(lf, f"{source.stem}_at", ctype, start, False, source.node)
    offset = lf.fresh(f"{source.stem}_at")
    lf.emit(Declare(offset, I64, build.i64(0), span=source.node.span))
    moving = PointerValue(name, (), Var(offset, I64), ctype.to, ctype.volatile)
    return PointerPlace(PointerVariable(name, ctype, moving, offset, source.node.key))
