"""Walk a host function in order and note what happens to device memory and what is launched."""

from __future__ import annotations

from dataclasses import field
from typing import Final

from xpiler.frontends.host import FreeVariable
from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CPointer, CScalar, CStruct, TypeTable
from xpiler.frontends.lift.discover import LaunchSite
from xpiler.frontends.lift.hostknown import Known, equalities, equality, with_known
from xpiler.frontends.lift.hostvalue import (
    Dim,
    Environment,
    HostValue,
    HostVector,
    Memory,
    Path,
    Record,
    host_value,
    number,
    path_of,
)
from xpiler.ir import build
from xpiler.ir.nodes import Const, Expr, Var
from xpiler.ir.types import I32, U32, U64, Scalar
from xpiler.records import dataclass

__all__ = ["Event", "LaunchRecord", "Walk", "walk_function"]


@dataclass(frozen=True, slots=True)
class Event:
    """`malloc`, `in` (host to device), `out`, `fill`: on the memory that `path` names."""

    kind: str
    path: Path
    name: str
    bytes: Expr | None = None
    other: str = ""
    value: int | None = None


@dataclass(frozen=True, slots=True)
class LaunchRecord:
    """A launch with its configuration and arguments evaluated where it stands; `known` there of variables."""

    site: LaunchSite
    grid: Dim
    block: Dim
    shared: Expr | None
    arguments: tuple[HostValue, ...]
    free: tuple[FreeVariable, ...]
    position: int
    known: tuple[tuple[str, Const], ...] = ()


@dataclass(slots=True)
class Walk:
    """The events and launches of one host function, in order."""

    function: Node
    env: Environment
    sites: dict[int, LaunchSite]
    events: list[Event] = field(default_factory=list)
    launches: list[LaunchRecord] = field(default_factory=list)
    free: dict[str, FreeVariable] = field(default_factory=dict)
    known: dict[str, Const] = field(default_factory=dict)


_MALLOC: Final = frozenset(
    {"cudaMalloc", "cudaMallocManaged", "cudaMallocAsync", "cudaMallocHost", "cudaHostAlloc"}
)
_COPY: Final = frozenset({"cudaMemcpy", "cudaMemcpyAsync"})
_FILL: Final = frozenset({"cudaMemset", "cudaMemsetAsync"})
_NOWHERE: Final = Dim(None, None, None)


def walk_function(function: Node, sites: list[LaunchSite], types: TypeTable) -> Walk:
    """Interpret `function` once, in source order."""
    env = Environment(types)
    walk = Walk(function, env, {s.call.cursor.hash: s for s in sites})
    for child in function.children:
        if child.kind == "PARM_DECL":
            ctype = env.ctype(child)
            if isinstance(ctype, CScalar):
                env.values[(child.key, "")] = Var(child.spelling, ctype.type)
            if function.spelling == "main" and child.spelling == "argc":
                env.values[(child.key, "")] = build.const(1, I32)
    body = next((c for c in reversed(function.children) if c.kind == "COMPOUND_STMT"), None)
    if body is not None:
        _statement(walk, body)
    return walk


def _statement(walk: Walk, node: Node) -> None:
    kind = node.kind
    if kind == "COMPOUND_STMT":
        for child in node.children:
            _statement(walk, child)
    elif kind == "DECL_STMT":
        for child in node.children:
            if child.kind == "VAR_DECL":
                _declaration(walk, child)
    elif kind == "IF_STMT":
        _branch(walk, node)
    elif kind in ("FOR_STMT", "WHILE_STMT", "DO_STMT", "CXX_FOR_RANGE_STMT"):
        _loop(walk, node)
    elif kind == "SWITCH_STMT":
        _switch(walk, node)
    else:
        _expression(walk, node)


def _declaration(walk: Walk, node: Node) -> None:
    init = node.initializer
    if init is None:
        return
    _expression(walk, init)
    ctype = walk.env.ctype(node)
    found = host_value(walk.env, init)
    path = (node.key, "")
    if isinstance(found, HostVector):
        found = HostVector(path, node.spelling, found.count)
    if isinstance(found, Record):
        _set_record(walk, path, found)
        return
    if isinstance(ctype, CScalar):
        if isinstance(found, Expr):
            walk.env.values[path] = build.cast(ctype.type, found)
        else:
            walk.env.values[path] = Var(node.spelling, ctype.type)
    elif isinstance(ctype, CPointer):
        walk.env.values[path] = (
            found if isinstance(found, Memory) else Memory(path, node.spelling, build.i64(0))
        )
    elif found is not None or not isinstance(ctype, CStruct):
        walk.env.values[path] = found


def _set_record(walk: Walk, path: Path, record: Record) -> None:
    for name, value in record.fields:
        walk.env.values[(path[0], f"{path[1]}.{name}")] = value


def _branch(walk: Walk, node: Node) -> None:
    children = list(node.children)
    while children and children[0].kind in ("DECL_STMT", "VAR_DECL"):
        _statement(walk, children.pop(0))
    if not children:
        return
    _expression(walk, children[0])
    test = number(walk.env, children[0])
    branches = children[1:]
    if isinstance(test, Const):
        for branch in branches[:1] if test.value else branches[1:2]:
            _statement(walk, branch)
        return
    before = dict(walk.env.values)
    outcomes: list[dict[Path, HostValue]] = []
    holds = equalities(walk.env, children[0])
    for k, branch in enumerate(branches):
        walk.env.values = dict(before)
        _knowing(walk, holds if k == 0 else {}, branch)
        if not _leaves(branch):
            outcomes.append(walk.env.values)
    if len(branches) == 1:
        outcomes.append(before)
    walk.env.values = _merged(test, outcomes, before)


def _knowing(walk: Walk, known: Known, node: Node) -> None:
    before = walk.known
    walk.known = before | dict(known)
    _statement(walk, node)
    walk.known = before


def _switch(walk: Walk, node: Node) -> None:
    """The statements in order; those behind a `case` know what its label says."""
    _expression(walk, node.children[0])
    chosen = number(walk.env, node.children[0])
    before = walk.known
    body = node.children[-1]
    for child in body.children if body.kind == "COMPOUND_STMT" else [body]:
        inner = child
        while inner.kind in ("CASE_STMT", "DEFAULT_STMT") and inner.children:
            label = number(walk.env, inner.children[0]) if inner.kind == "CASE_STMT" else None
            walk.known = before | equality(chosen, label)
            inner = inner.children[-1]
        _statement(walk, inner)
    walk.known = before


def _leaves(node: Node) -> bool:
    """Whether a branch ends the function (an error path)."""
    last = node.children[-1] if node.kind == "COMPOUND_STMT" and node.children else node
    return last.kind == "RETURN_STMT" or (
        last.kind == "CALL_EXPR" and last.spelling in ("exit", "abort")
    )


def _merged(
    test: Expr | None,
    outcomes: list[dict[Path, HostValue]],
    before: dict[Path, HostValue],
) -> dict[Path, HostValue]:
    if not outcomes:
        return before
    merged = dict(outcomes[0])
    for other in outcomes[1:]:
        for path in set(merged) | set(other):
            a, b = merged.get(path), other.get(path)
            if a == b:
                continue
            if (
                test is not None
                and isinstance(a, Expr)
                and isinstance(b, Expr)
                and a.type == b.type
            ):
                merged[path] = arith.select(test, a, b)
            else:
                merged[path] = a if b is None else b if a is None else None
    return merged


def _loop(walk: Walk, node: Node) -> None:
    parts = node.children
    for part in parts[:-1]:
        if part.kind == "DECL_STMT":
            _statement(walk, part)
        elif part.kind == "BINARY_OPERATOR" and part.binary_operator == "=":
            _expression(walk, part)
    changed = _changed(node)
    bounds = _bounds(walk, node)
    for path, (name, ctype) in changed.items():
        old = walk.env.values.get(path)
        if isinstance(ctype, Scalar):
            lo, hi = bounds.get(path, (None, None))
            first = old if isinstance(old, Expr) else None
            walk.free[name] = FreeVariable(name, ctype, lo, hi, first)
            walk.env.values[path] = Var(name, ctype)
    for part in parts[-1:] if node.kind != "DO_STMT" else parts[:1]:
        _statement(walk, part)
    for path, (name, ctype) in changed.items():
        if isinstance(ctype, Scalar):
            walk.env.values[path] = Var(name, ctype)


def _changed(node: Node) -> dict[Path, tuple[str, Scalar | None]]:
    """Scalar variables that the loop assigns."""
    found: dict[Path, tuple[str, Scalar | None]] = {}
    table = TypeTable()
    for below in node.walk():
        target: Node | None = None
        if below.kind == "UNARY_OPERATOR" and below.unary_operator.endswith(("++", "--")):
            target = below.children[-1]
        elif below.kind == "COMPOUND_ASSIGNMENT_OPERATOR" or (
            below.kind == "BINARY_OPERATOR" and below.binary_operator == "="
        ):
            target = below.children[0]
        if target is None:
            continue
        named = path_of(target)
        if named is not None:
            ctype = table.of(target.type)
            scalar = ctype.type if isinstance(ctype, CScalar) else None
            found[named[0]] = (named[1], scalar)
    return found


def _bounds(walk: Walk, node: Node) -> dict[Path, tuple[Expr | None, Expr | None]]:
    """`lo` and exclusive `hi` of a loop that counts by one."""
    parts = node.children
    if node.kind != "FOR_STMT" or len(parts) != 4:
        return {}
    cond, step = parts[1], parts[2]
    if step.kind != "UNARY_OPERATOR" or not step.unary_operator.endswith("++"):
        return {}
    named = path_of(step.children[-1])
    if named is None or cond.kind != "BINARY_OPERATOR":
        return {}
    lo = walk.env.values.get(named[0])
    hi = number(walk.env, cond.children[-1])
    op = cond.binary_operator
    if op == "<=" and hi is not None:
        hi = arith.binary("+", hi, build.i32(1))
    elif op not in ("<", "!="):
        hi = None
    return {named[0]: (lo if isinstance(lo, Expr) else None, hi)}


# --- expressions -------------------------------------------------------------------------------


def _expression(walk: Walk, node: Node) -> None:
    """Note assignments, API calls and launches inside an expression, in order."""
    if node.kind == "LAMBDA_EXPR":
        return
    if node.cursor.hash in walk.sites and node.kind == "CALL_EXPR":
        _launch(walk, walk.sites[node.cursor.hash])
        return
    if node.kind == "CALL_EXPR" and node.ref is not None:
        for child in node.children:
            _expression(walk, child)
        _api(walk, node, node.ref.spelling)
        return
    for child in node.children:
        if child.kind in (
            "COMPOUND_STMT",
            "DECL_STMT",
            "IF_STMT",
            "FOR_STMT",
            "WHILE_STMT",
            "DO_STMT",
        ):
            _statement(walk, child)
        else:
            _expression(walk, child)
    if node.kind == "BINARY_OPERATOR" and node.binary_operator == "=":
        _assign(walk, node.children[0], host_value(walk.env, node.children[1]))
    elif node.kind == "COMPOUND_ASSIGNMENT_OPERATOR":
        old, by = number(walk.env, node.children[0]), number(walk.env, node.children[1])
        new: HostValue = None
        if old is not None and by is not None:
            new = build.cast(
                build.scalar_type(old), arith.binary(node.binary_operator[:-1], old, by)
            )
        _assign(walk, node.children[0], new)
    elif node.kind == "UNARY_OPERATOR" and node.unary_operator.endswith(("++", "--")):
        old = number(walk.env, node.children[-1])
        one = build.i32(1 if node.unary_operator.endswith("++") else -1)
        _assign(walk, node.children[-1], None if old is None else arith.binary("+", old, one))


def _assign(walk: Walk, target: Node, value: HostValue) -> None:
    named = path_of(target)
    if named is None:
        return
    path, name = named
    ctype = walk.env.ctype(target)
    if _set_axis(walk, path, value):
        return
    if isinstance(value, Record):
        _set_record(walk, path, value)
    elif isinstance(ctype, CScalar) and ctype.type.kind != "void":
        if isinstance(value, Expr):
            walk.env.values[path] = build.cast(ctype.type, value)
        else:
            walk.env.values[path] = Var(name, ctype.type)
            walk.known = {n: v for n, v in walk.known.items() if n != name}
    elif isinstance(ctype, CPointer):
        known = isinstance(value, Memory)
        walk.env.values[path] = value if known else Memory(path, name, build.i64(0))
    elif isinstance(ctype, CStruct):
        walk.env.values[path] = value


def _set_axis(walk: Walk, path: Path, value: HostValue) -> bool:
    """`grid.y = ...` for a dim3: the other axes stay."""
    key, member = path
    stem, _, axis = member.rpartition(".")
    whole = walk.env.values.get((key, stem))
    if axis not in ("x", "y", "z") or not isinstance(whole, Dim):
        return False
    new = build.cast(U32, value) if isinstance(value, Expr) else None
    axes = {"x": whole.x, "y": whole.y, "z": whole.z, axis: new}
    walk.env.values[key, stem] = Dim(axes["x"], axes["y"], axes["z"])
    return True


def _arguments(node: Node) -> list[Node]:
    return [Node(c, node.parsed) for c in node.cursor.get_arguments()]


def _api(walk: Walk, node: Node, name: str) -> None:
    args = _arguments(node)
    if name in _MALLOC and len(args) >= 2:
        target = _pointed(args[0])
        if target is not None:
            path, spelled = target
            size = number(walk.env, args[1])
            walk.env.values[path] = Memory(path, spelled, build.i64(0))
            walk.events.append(Event("malloc", path, spelled, size))
    elif name == "cudaMallocPitch" and len(args) >= 4:
        _pitched(walk, args)
    elif name in _COPY and len(args) >= 4:
        _copy(walk, args)
    elif name in _FILL and len(args) >= 3:
        found = host_value(walk.env, args[0])
        byte = number(walk.env, args[1])
        if isinstance(found, Memory):
            value = int(byte.value) if isinstance(byte, Const) else None
            walk.events.append(Event("fill", found.path, found.name, value=value))


_PITCH: Final = 512  # to what rows of cudaMallocPitch are rounded up


def _pitched(walk: Walk, args: list[Node]) -> None:
    """`cudaMallocPitch(&p, &pitch, width, height)`."""
    target, row = _pointed(args[0]), _pointed(args[1]) or path_of(args[1])
    width, height = number(walk.env, args[2]), number(walk.env, args[3])
    if target is None:
        return
    path, spelled = target
    size: Expr | None = None
    if width is not None and height is not None:
        rows = arith.binary(
            "/", arith.binary("+", width, build.const(_PITCH - 1, U64)), build.const(_PITCH, U64)
        )
        pitch = arith.binary("*", rows, build.const(_PITCH, U64))
        size = arith.binary("*", pitch, height)
        if row is not None:
            walk.env.values[row[0]] = pitch
    walk.env.values[path] = Memory(path, spelled, build.i64(0))
    walk.events.append(Event("malloc", path, spelled, size))


def _pointed(node: Node) -> tuple[Path, str] | None:
    """The variable behind `(void **)&p`."""
    for below in node.walk():
        if below.kind == "UNARY_OPERATOR" and below.unary_operator == "&":
            return path_of(below.children[-1])
    return None


def _copy(walk: Walk, args: list[Node]) -> None:
    target, source = host_value(walk.env, args[0]), host_value(walk.env, args[1])
    kind = args[3].evaluate()
    if isinstance(target, Memory) and kind == 1:
        other = source.name if isinstance(source, Memory) else args[1].text
        walk.events.append(Event("in", target.path, target.name, other=other))
    elif isinstance(source, Memory) and kind == 2:
        other = target.name if isinstance(target, Memory) else args[0].text
        walk.events.append(Event("out", source.path, source.name, other=other))


# --- launches ----------------------------------------------------------------------------------


def _launch(walk: Walk, site: LaunchSite) -> None:
    call_args = _arguments(site.call)
    if site.config is not None:
        config = _arguments(site.config)
        arguments = [host_value(walk.env, a) for a in call_args]
    else:
        config = [call_args[1], call_args[2], *call_args[4:5]]
        arguments = _packed(walk, call_args[3])
    known = walk.known
    shared: Expr | None = build.i64(0)
    if len(config) > 2 and (config[2].children or config[2].kind != "UNEXPOSED_EXPR"):
        found = with_known(number(walk.env, config[2]), known)
        shared = found if isinstance(found, Expr) else None
    walk.launches.append(
        LaunchRecord(
            site,
            _dim(walk.env, config[0], known),
            _dim(walk.env, config[1], known),
            shared,
            tuple(with_known(a, known) for a in arguments),
            tuple(f for f in walk.free.values() if f.name not in known),
            len(walk.events),
            tuple(known.items()),
        )
    )
    walk.events.append(Event("launch", (0, ""), "", value=len(walk.launches) - 1))


def _dim(env: Environment, node: Node, known: Known) -> Dim:
    found = with_known(host_value(env, node), known)
    if isinstance(found, Dim):
        return found
    if isinstance(found, Expr):
        one = build.u32(1)
        return Dim(build.cast(build.scalar_type(one), found), one, one)
    return _NOWHERE


def _packed(walk: Walk, node: Node) -> list[HostValue]:
    """The arguments behind `void *args[] = {&a, &b}`."""
    for below in node.walk():
        ref = below.ref if below.kind == "DECL_REF_EXPR" else None
        init = ref.initializer if ref is not None and ref.kind == "VAR_DECL" else None
        if init is None:
            continue
        found: list[HostValue] = []
        for item in init.children:
            target = next((b for b in item.walk() if b.kind == "UNARY_OPERATOR"), None)
            found.append(None if target is None else host_value(walk.env, target.children[-1]))
        return found
    return []
