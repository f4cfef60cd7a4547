"""Launches as `xpiler.frontends.host` states them, assembled from what walking host functions noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from xpiler.frontends.host import (
    Argument,
    BufferArgument,
    DeviceBuffer,
    FreeVariable,
    HostFunction,
    HostParam,
    Launch,
    ScalarArgument,
    UnknownArgument,
)
from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import (
    CArray,
    COpaque,
    CPointer,
    CScalar,
    CStruct,
    CType,
    TypeTable,
)
from xpiler.frontends.lift.discover import Discovery
from xpiler.frontends.lift.hostknown import with_known
from xpiler.frontends.lift.hosttextures import textures_apart, with_textures
from xpiler.frontends.lift.hostvalue import Dim, HostValue, Memory, Path, Record
from xpiler.frontends.lift.hostwalk import LaunchRecord, Walk, walk_function
from xpiler.frontends.lift.instances import qualified_name
from xpiler.frontends.results import LiftedKernel
from xpiler.ir import build
from xpiler.ir.nodes import Const, Expr, Param
from xpiler.ir.types import Pointer, Scalar
from xpiler.ir.walk import subexpressions, variables
from xpiler.records import dataclass

__all__ = ["HostCode", "launch_facts", "launches", "read_host_code"]


@dataclass(frozen=True, slots=True)
class HostCode:
    """The walked host functions that launch something."""

    walks: tuple[Walk, ...]

    def records(self) -> Iterable[tuple[Walk, LaunchRecord]]:
        for walk in self.walks:
            for record in walk.launches:
                yield walk, record


def read_host_code(found: Discovery, types: TypeTable) -> HostCode:
    """Walk each function that holds a launch."""
    by_function: dict[int, list[int]] = {}
    for k, site in enumerate(found.launches):
        by_function.setdefault(site.function.cursor.hash, []).append(k)
    walks: list[Walk] = []
    for numbers in by_function.values():
        sites = [found.launches[k] for k in numbers]
        walks.append(walk_function(sites[0].function, sites, types))
    return HostCode(tuple(walks))


def launch_facts(host: HostCode, kernel: Node) -> tuple[tuple[str, int], ...]:
    """What all launches of the kernel agree on; nothing when there are none."""
    agreed: dict[str, int] | None = None
    for _, record in host.records():
        if record.site.kernel.key != kernel.key:
            continue
        here = _constants(record)
        agreed = here if agreed is None else {
            n: v for n, v in agreed.items() if here.get(n) == v
        }  # fmt: skip
    return tuple((agreed or {}).items())


def _constants(record: LaunchRecord) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, dim in (("blockDim", record.block), ("gridDim", record.grid)):
        for axis, value in (("x", dim.x), ("y", dim.y), ("z", dim.z)):
            if not isinstance(value, Const):
                continue
            # a grid's size is the problem's size, unless it says that an axis is unused
            if name == "blockDim" or (axis != "x" and value.value == 1):
                found[f"{name}.{axis}"] = int(value.value)
    return found


def launches(host: HostCode, symbols: Mapping[int, LiftedKernel]) -> tuple[Launch, ...]:
    """The launches of lifted kernels, in source order."""
    found: list[Launch] = []
    for walk, record in host.records():
        kernel = symbols.get(record.site.kernel.key)
        if kernel is not None:
            found.append(_launch(walk, record, kernel))
    return tuple(found)


def _launch(walk: Walk, record: LaunchRecord, kernel: LiftedKernel) -> Launch:
    params = kernel.program.kernels[0].params
    sampled, params = textures_apart(params)
    types = [walk.env.ctype(c) for c in record.site.kernel.children if c.kind == "PARM_DECL"]
    flat = _flattened(record.arguments, types)
    used: dict[Path, Scalar] = {}
    plain = [
        _argument(walk, p, flat[k] if k < len(flat) else None, used) for k, p in enumerate(params)
    ]
    arguments = with_textures(plain, sampled)
    function = _function(walk)
    shared = record.shared
    grid, block = _three(record.grid), _three(record.block)
    return Launch(
        symbol=kernel.symbol,
        source_name=kernel.source_name,
        function=function,
        grid=grid,
        block=block,
        shared=shared,
        arguments=arguments,
        buffers=tuple(_known(record, _buffer(walk, record, p, e)) for p, e in used.items()),
        free=_free(function, walk, record, grid + block + (shared,), arguments, used),
        cooperative=record.site.cooperative,
        span=record.site.call.span,
    )


def _known(record: LaunchRecord, buffer: DeviceBuffer) -> DeviceBuffer:
    size = with_known(buffer.bytes, dict(record.known))
    return replace(buffer, bytes=size if isinstance(size, Expr) else None)


def _three(dim: Dim) -> tuple[Expr | None, Expr | None, Expr | None]:
    return (dim.x, dim.y, dim.z)


def _flattened(values: Iterable[HostValue], types: Iterable[CType]) -> list[HostValue]:
    """One value per scalar or pointer of the parameters; None where a struct is not known."""
    flat: list[HostValue] = []
    for value, ctype in zip(values, types, strict=False):
        count = _leaves(ctype)
        parts = list(_parts(value))
        flat += parts if len(parts) == count else [None] * count
    return flat


def _parts(value: HostValue) -> Iterable[HostValue]:
    if isinstance(value, Record):
        for _, field in value.fields:
            yield from _parts(field)
    else:
        yield value


def _leaves(ctype: CType) -> int:
    match ctype:
        case CStruct(fields=fields):
            return sum(_leaves(t) for _, t in fields)
        case CArray(elem=elem, count=count):
            return (count or 0) * _leaves(elem)
        case COpaque():
            return 0
        case _:
            return 1


def _argument(walk: Walk, param: Param, value: HostValue, used: dict[Path, Scalar]) -> Argument:
    if isinstance(param.type, Pointer):
        if isinstance(value, Memory):
            used.setdefault(value.path, param.type.elem)
            offset = arith.divide(value.bytes, param.type.elem.size)
            return BufferArgument(param.name, _buffer_name(walk, value.path, value.name), offset)
        return UnknownArgument(param.name, "the pointer could not be followed to an allocation")
    if isinstance(value, Expr) and isinstance(value.type, Scalar):
        return ScalarArgument(param.name, build.cast(param.type, value))
    return UnknownArgument(param.name, "the value could not be followed")


def _buffer_name(walk: Walk, path: Path, name: str) -> str:
    del walk
    return name or path[1]


def _buffer(walk: Walk, record: LaunchRecord, path: Path, elem: Scalar) -> DeviceBuffer:
    name, size, source, sink, fill = "", None, "", "", None
    before = False
    for k, event in enumerate(walk.events):
        if event.kind == "launch" and k < record.position:
            before = before or _writes(walk, event.value, path)
        if event.path != path:
            continue
        name = event.name
        earlier = k < record.position
        if event.kind == "malloc" and earlier:
            size = event.bytes
        elif event.kind == "in" and earlier:
            source = event.other
        elif event.kind == "fill" and earlier:
            fill = event.value
        elif event.kind == "out" and not earlier and not sink:
            sink = event.other
    parameter = any(c.kind == "PARM_DECL" and c.key == path[0] for c in walk.function.children)
    if not name:
        name = _spelling(record, path)
    return DeviceBuffer(name, elem, size, parameter, source, sink, fill, before)


def _spelling(record: LaunchRecord, path: Path) -> str:
    for value in (part for argument in record.arguments for part in _parts(argument)):
        if isinstance(value, Memory) and value.path == path:
            return value.name
    return path[1]


def _writes(walk: Walk, index: int | None, path: Path) -> bool:
    if index is None:
        return False
    other = walk.launches[index]
    types = [p.type.get_canonical() for p in other.site.kernel.children if p.kind == "PARM_DECL"]
    for type_, value in zip(types, other.arguments, strict=False):
        if isinstance(value, Memory) and value.path == path and type_.kind.name == "POINTER":
            return not type_.get_pointee().is_const_qualified()
    return False


def _function(walk: Walk) -> HostFunction:
    params = []
    for child in walk.function.children:
        if child.kind == "PARM_DECL":
            ctype = walk.env.ctype(child)
            params.append(HostParam(child.spelling, _param_type(ctype), str(child.type.spelling)))
    return HostFunction(qualified_name(walk.function), tuple(params), walk.function.span)


def _param_type(ctype: object) -> Scalar | Pointer | None:
    if isinstance(ctype, CScalar):
        return ctype.type
    if isinstance(ctype, CPointer) and isinstance(ctype.to, CScalar):
        return Pointer(ctype.to.type, ctype.const)
    return None


def _free(
    function: HostFunction,
    walk: Walk,
    record: LaunchRecord,
    dims: tuple[Expr | None, ...],
    arguments: tuple[Argument, ...],
    used: Mapping[Path, Scalar],
) -> tuple[FreeVariable, ...]:
    """Variables of the launch's expressions that are no parameters."""
    exprs: list[Expr] = [d for d in dims if d is not None]
    for argument in arguments:
        if isinstance(argument, ScalarArgument):
            exprs.append(argument.value)
        elif isinstance(argument, BufferArgument):
            exprs.append(argument.offset)
    for path in used:
        exprs += [e.bytes for e in walk.events if e.path == path and e.bytes is not None]
    known = {p.name for p in function.params}
    noted = {f.name: f for f in record.free}
    found: dict[str, FreeVariable] = {}
    pending = list(exprs)
    while pending:
        expr = pending.pop(0)
        for name in sorted(variables(expr) - known - found.keys()):
            free = noted.get(name) or FreeVariable(name, _type_in(expr, name))
            found[name] = free
            pending += [e for e in (free.lo, free.hi, free.first) if e is not None]
    return tuple(found.values())


def _type_in(expr: Expr, name: str) -> Scalar:
    for sub in subexpressions(expr):
        if getattr(sub, "name", None) == name:
            return build.scalar_type(sub)
    raise KeyError(name)
