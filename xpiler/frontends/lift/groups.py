"""Cooperative groups: blocks, grids, tiles of a warp, coalesced threads."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CScalar, CStruct
from xpiler.frontends.lift.dispatch import scalar, value
from xpiler.frontends.lift.intrinsics import INTRINSICS, VOID
from xpiler.frontends.lift.memory import convert, dereference, read, snapshot, write
from xpiler.frontends.lift.pointers import advance
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import OpaqueValue, PointerValue, StructValue, Value
from xpiler.frontends.lift.warp import FULL, shuffle, warp_op
from xpiler.ir import build
from xpiler.ir.nodes import Assign, Barrier, Const, Expr, For, If, Var
from xpiler.ir.types import BOOL, I32, I64, U32, U64
from xpiler.records import dataclass

__all__ = ["method"]


@dataclass(frozen=True, slots=True)
class Group:
    """`kind`: block, grid, tile (of `size` lanes), coalesced (the lanes of `mask`)."""

    kind: str
    size: int = 0
    mask: Expr | None = None


def _group(lf: Lifter, node: Node) -> Group:
    found = value(lf, node)
    if isinstance(found, OpaqueValue) and found.data and isinstance(found.data[0], Group):
        return found.data[0]
    raise lf.refuse("XP1111", "a cooperative group that is not known here", node)


def _opaque(group: Group) -> OpaqueValue:
    return OpaqueValue("group", (group,))


# --- ranks and sizes ---------------------------------------------------------------------------


def _size_of(lf: Lifter, axis: str) -> Expr:
    """A block dimension; a number where the file's launches agree on it."""
    known = lf.launch.get(f"blockDim.{axis}")
    return build.builtin(f"blockDim.{axis}") if known is None else build.u32(known)


def thread_rank(lf: Lifter) -> Expr:
    """The linear number of a thread in its block."""
    x = build.builtin("threadIdx.x")
    if lf.launch.get("blockDim.y") == 1 and lf.launch.get("blockDim.z") == 1:
        return x
    plane = arith.binary("*", build.builtin("threadIdx.z"), _size_of(lf, "y"))
    row = arith.binary("+", build.builtin("threadIdx.y"), plane)
    return arith.binary("+", x, arith.binary("*", row, _size_of(lf, "x")))


def _block_size(lf: Lifter) -> Expr:
    total = arith.binary("*", _size_of(lf, "x"), _size_of(lf, "y"))
    return arith.binary("*", total, _size_of(lf, "z"))


def _lane(lf: Lifter) -> Expr:
    return arith.binary("%", thread_rank(lf), build.u32(32))


def _rank(lf: Lifter, group: Group) -> Expr:
    if group.kind == "block":
        return thread_rank(lf)
    if group.kind == "tile":
        return arith.binary("%", thread_rank(lf), build.u32(group.size))
    if group.kind == "coalesced":
        assert group.mask is not None
        below = arith.binary("-", arith.binary("<<", build.u32(1), _lane(lf)), build.u32(1))
        return build.cast(U32, build.call("popc", arith.binary("&", group.mask, below)))
    block: Expr = build.builtin("blockIdx.z")
    for axis in "yx":
        scaled = arith.binary("*", block, build.builtin(f"gridDim.{axis}"))
        block_axis = build.builtin(f"blockIdx.{axis}")
        block = arith.binary("+", scaled, block_axis)
    first = arith.binary("*", build.cast(U64, block), build.cast(U64, _block_size(lf)))
    return arith.binary("+", first, build.cast(U64, thread_rank(lf)))


def _size(lf: Lifter, group: Group) -> Expr:
    if group.kind == "block":
        return _block_size(lf)
    if group.kind == "tile":
        return build.u32(group.size)
    if group.kind == "coalesced":
        assert group.mask is not None
        return build.cast(U32, build.call("popc", group.mask))
    blocks: Expr = build.cast(U64, build.builtin("gridDim.x"))
    for axis in "yz":
        blocks = arith.binary("*", blocks, build.cast(U64, build.builtin(f"gridDim.{axis}")))
    return arith.binary("*", blocks, build.cast(U64, _block_size(lf)))


def _shift(lf: Lifter, group: Group) -> Expr:
    """The first lane of this thread's tile."""
    size = build.u32(group.size)
    return arith.binary("*", arith.binary("/", _lane(lf), size), size)


def _mask(lf: Lifter, group: Group) -> Expr:
    if group.kind == "coalesced":
        assert group.mask is not None
        return group.mask
    if group.size == 32:
        return FULL
    lanes = build.u32((1 << group.size) - 1)
    return arith.binary("<<", lanes, _shift(lf, group))


def _warp_wide(lf: Lifter, group: Group, node: Node) -> None:
    if group.kind == "coalesced" or (group.kind == "tile" and group.size <= 32):
        return
    raise lf.refuse("XP1111", "a warp operation on a group larger than a warp", node)


# --- methods -----------------------------------------------------------------------------------


def method(lf: Lifter, node: Node, ref: Node, target: Node, args: tuple[Node, ...]) -> Value:
    """A member function of a group."""
    group = _group(lf, target)
    name = ref.spelling
    if name == "sync":
        return _sync(lf, node, group)
    if name in ("shfl", "shfl_up", "shfl_down", "shfl_xor"):
        return _shuffled(lf, node, group, name, args)
    if name in ("any", "all", "ballot"):
        return _vote(lf, node, group, name, args)
    handler = _METHODS.get(name)
    if handler is None:
        raise lf.refuse("XP1112", f"{name} of a cooperative group is not supported", node)
    return convert(lf, handler(lf, group, node), lf.ctype(node), node)


def _three(prefix: str) -> Callable[[Lifter, Group, Node], Value]:
    def handler(lf: Lifter, group: Group, node: Node) -> Value:
        ctype = lf.ctype(node)
        assert isinstance(ctype, CStruct)
        return StructValue(ctype, tuple((c, build.builtin(f"{prefix}.{c}")) for c in "xyz"))

    return handler


def _meta_rank(lf: Lifter, group: Group, node: Node) -> Value:
    return arith.binary("/", thread_rank(lf), build.u32(max(1, group.size)))


def _meta_size(lf: Lifter, group: Group, node: Node) -> Value:
    size = build.u32(max(1, group.size))
    padded = arith.binary("+", _block_size(lf), arith.binary("-", size, build.u32(1)))
    return arith.binary("/", padded, size)


_METHODS: Final[dict[str, Callable[[Lifter, Group, Node], Value]]] = {
    "thread_rank": lambda lf, group, _: _rank(lf, group),
    "size": lambda lf, group, _: _size(lf, group),
    "num_threads": lambda lf, group, _: _size(lf, group),
    "meta_group_rank": _meta_rank,
    "meta_group_size": _meta_size,
    "group_index": _three("blockIdx"),
    "block_index": _three("blockIdx"),
    "thread_index": _three("threadIdx"),
    "dim_threads": _three("blockDim"),
    "dim_blocks": _three("gridDim"),
    "group_dim": lambda lf, group, node: _three("gridDim" if group.kind == "grid" else "blockDim")(
        lf, group, node
    ),
    "is_valid": lambda *_: build.boolean(True),
}


def _sync(lf: Lifter, node: Node, group: Group) -> Value:
    scope = {"block": "block", "grid": "grid"}.get(group.kind, "warp")
    if group.kind == "tile" and group.size > 32:
        scope = "block"
    lf.emit(Barrier(scope, span=node.span))
    return VOID


def _shuffled(lf: Lifter, node: Node, group: Group, name: str, args: tuple[Node, ...]) -> Value:
    _warp_wide(lf, group, node)
    given = value(lf, args[0])
    lane = scalar(lf, args[1])
    width: Expr = build.i32(32)
    if group.kind == "tile":
        width = build.i32(group.size)
    elif name == "shfl" and isinstance(lane, Const) and lane.value == 0:
        lane = arith.binary("-", build.call("ffs", _mask(lf, group)), build.i32(1))
    else:
        lane = _lane_of(lf, group, _rank_meant(lf, group, name, build.cast(I32, lane), node))
        name = "shfl"
    found = shuffle(lf, name, _mask(lf, group), given, lane, width, node)
    return convert(lf, found, lf.ctype(node), node)


def _rank_meant(lf: Lifter, group: Group, name: str, by: Expr, node: Node) -> Expr:
    """The rank from which a thread of a coalesced group reads; out of range: its own."""
    if name not in ("shfl", "shfl_up", "shfl_down"):
        raise lf.refuse("XP1112", f"{name} of coalesced threads", node)
    if name == "shfl":
        return by
    own = build.cast(I32, _rank(lf, group))
    rank = lf.temporary(arith.binary("-" if name == "shfl_up" else "+", own, by), "from")
    size = build.cast(I32, _size(lf, group))
    below, above = arith.binary("<", rank, build.i32(0)), arith.binary(">=", rank, size)
    return arith.select(arith.binary("||", below, above), own, rank)


def _lane_of(lf: Lifter, group: Group, rank: Expr) -> Expr:
    """The lane of a rank in a coalesced group: the set bit of the mask of that number."""
    mask = _mask(lf, group)
    lane = lf.variable("lane", I32, build.i32(0))
    left = lf.variable("left", I32, build.cast(I32, rank))
    name = lf.fresh("bit")
    lf.constants.add(name)
    here = arith.binary("!=", _bit(mask, Var(name, I32)), build.u32(0))
    found = arith.binary("&&", here, arith.binary("==", left, build.i32(0)))
    fewer = arith.select(here, arith.binary("-", left, build.i32(1)), left)
    body = (
        Assign(lane.name, arith.select(found, Var(name, I32), lane)),
        Assign(left.name, fewer),
    )
    lf.emit(For(name, I32, build.i32(0), build.i32(32), build.i32(1), body, span=lf.span))
    return lane


def _bit(mask: Expr, number: Expr) -> Expr:
    return arith.binary("&", arith.binary(">>", mask, build.cast(U32, number)), build.u32(1))


def _vote(lf: Lifter, node: Node, group: Group, name: str, args: tuple[Node, ...]) -> Value:
    _warp_wide(lf, group, node)
    predicate = build.cast(I32, scalar(lf, args[0]))
    type_ = U32 if name == "ballot" else I32
    result: Expr = warp_op(lf, name, _mask(lf, group), (predicate,), type_, node)
    if name == "ballot" and group.kind == "tile" and group.size < 32:
        result = arith.binary(">>", result, _shift(lf, group))
    return convert(lf, result, lf.ctype(node), node)


# --- functions ---------------------------------------------------------------------------------


def _this_block(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    return _opaque(Group("block"))


def _this_grid(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    return _opaque(Group("grid"))


def _coalesced(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    mask = warp_op(lf, "activemask", FULL, (), U32, node)
    return _opaque(Group("coalesced", 0, mask))


def _partition(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    found = re.search(r"thread_block_tile<(\d+)", str(node.type.get_canonical().spelling))
    size = int(found[1]) if found else 0
    if not size and len(args) > 1:
        given = scalar(lf, args[1])
        size = int(given.value) if isinstance(given, Const) else 0
    if size not in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512):
        raise lf.refuse("XP1111", "a partition whose size is not known", node)
    return _opaque(Group("tile", size))


_OPERATORS: Final = {"plus": "+", "bit_and": "&", "bit_or": "|", "bit_xor": "^"}


def _combine(lf: Lifter, node: Node, name: str, a: Expr, b: Expr) -> Expr:
    if name in _OPERATORS:
        return arith.binary(_OPERATORS[name], a, b, node.span)
    if name in ("less", "greater"):
        smaller = name == "less"
        floating = build.scalar_type(a).is_float
        function = ("fmin" if smaller else "fmax") if floating else ("min" if smaller else "max")
        return build.call(function, a, b, span=node.span)
    raise lf.refuse("XP1112", f"a reduction by {name} is not supported", node)


def _reduce(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """A butterfly of exclusive-or shuffles over the tile."""
    group = _group(lf, args[0])
    if group.kind == "coalesced":
        return _fold(lf, node, group, args, build.boolean(True))
    if group.kind != "tile" or group.size > 32:
        raise lf.refuse("XP1112", "a reduction over a group that is no tile of a warp", node)
    combiner = value(lf, args[2])
    if isinstance(combiner, OpaqueValue) and combiner.kind == "function":
        return _reduce_by(lf, node, group, value(lf, args[1]), combiner)
    operator = re.search(r"(\w+)<", str(args[2].type.get_canonical().spelling))
    name = operator[1] if operator else "this function"
    ctype = lf.ctype(node)
    if not isinstance(ctype, CScalar):
        raise lf.refuse("XP1112", f"a reduction of structs by {name}", node)
    total = lf.variable("total", ctype.type, build.cast(ctype.type, scalar(lf, args[1])))
    offset = group.size // 2
    while offset:
        width = build.i32(group.size)
        other = shuffle(lf, "shfl_xor", _mask(lf, group), total, build.i32(offset), width, node)
        assert isinstance(other, Expr)
        combined = build.cast(ctype.type, _combine(lf, node, name, total, other))
        lf.emit(Assign(total.name, combined, span=node.span))
        offset //= 2
    return total


def _fold(
    lf: Lifter, node: Node, group: Group, args: tuple[Node, ...], counts: Expr, name: str = ""
) -> Value:
    """The values of a group's lanes combined in the order of the lanes, those of which `counts` holds: it may name the
    variable `name`, the number of the lane. 0 where none counts."""
    ctype = lf.ctype(node)
    if not isinstance(ctype, CScalar):
        raise lf.refuse("XP1112", "a reduction of structs over coalesced threads", node)
    given = lf.temporary(build.cast(ctype.type, scalar(lf, args[1])), "given")
    total = lf.variable("total", ctype.type, build.const(0, ctype.type))
    begun = lf.variable("begun", BOOL, build.boolean(False))
    name = name or lf.fresh("lane")
    lf.constants.add(name)
    mask, lane = _mask(lf, group), Var(name, I32)
    there = arith.binary("!=", _bit(mask, lane), build.u32(0))
    with lf.block() as body:
        source = arith.select(there, lane, build.cast(I32, _lane(lf)))
        other = shuffle(lf, "shfl", mask, given, source, build.i32(32), node)
        assert isinstance(other, Expr)
        operator = _operator(lf, args[2]) if len(args) > 2 else "plus"
        both = build.cast(ctype.type, _combine(lf, node, operator, total, other))
        taken = (
            Assign(total.name, arith.select(begun, both, other)),
            Assign(begun.name, build.boolean(True)),
        )
        lf.emit(If(arith.binary("&&", there, counts), taken, span=node.span))
    lf.emit(For(name, I32, build.i32(0), build.i32(32), build.i32(1), tuple(body), span=node.span))
    return total


def _operator(lf: Lifter, node: Node) -> str:
    value(lf, node)
    found = re.search(r"(\w+)<", str(node.type.get_canonical().spelling))
    return found[1] if found else "this function"


def _scan(inclusive: bool) -> Callable[[Lifter, Node, tuple[Node, ...]], Value]:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        """Each lane combines those before it in its tile or among the coalesced threads."""
        group = _group(lf, args[0])
        _warp_wide(lf, group, node)
        if group.kind == "coalesced":
            name = lf.fresh("lane")
            own = build.cast(I32, _lane(lf))
            counts = arith.binary("<=" if inclusive else "<", Var(name, I32), own)
            return _fold(lf, node, group, args, counts, name)
        return _tile_scan(lf, node, group, args, inclusive)

    return handler


def _tile_scan(
    lf: Lifter, node: Node, group: Group, args: tuple[Node, ...], inclusive: bool
) -> Value:
    ctype = lf.ctype(node)
    if not isinstance(ctype, CScalar):
        raise lf.refuse("XP1112", "a scan of structs", node)
    operator = _operator(lf, args[2]) if len(args) > 2 else "plus"
    total = lf.variable("total", ctype.type, build.cast(ctype.type, scalar(lf, args[1])))
    rank, width = build.cast(I32, _rank(lf, group)), build.i32(group.size)
    offset = 1
    while offset < group.size:
        step = build.i32(offset)
        other = shuffle(lf, "shfl_up", _mask(lf, group), total, step, width, node)
        assert isinstance(other, Expr)
        both = build.cast(ctype.type, _combine(lf, node, operator, other, total))
        combined = arith.select(arith.binary(">=", rank, step), both, total)
        lf.emit(Assign(total.name, combined, span=node.span))
        offset *= 2
    if inclusive:
        return total
    before = shuffle(lf, "shfl_up", _mask(lf, group), total, build.i32(1), width, node)
    assert isinstance(before, Expr)
    first = arith.binary("==", rank, build.i32(0))
    return arith.select(first, build.const(0, ctype.type), before)


def _labelled(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """The threads of a group, those with the same label together."""
    group = _group(lf, args[0])
    _warp_wide(lf, group, node)
    label = scalar(lf, args[1])
    kept = build.cast(U32 if build.scalar_type(label).bits <= 32 else U64, label)
    return _opaque(
        Group("coalesced", 0, warp_op(lf, "match_any", _mask(lf, group), (kept,), U32, node))
    )


def _halved(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """The threads of a group, those for which a condition holds and the others."""
    group = _group(lf, args[0])
    _warp_wide(lf, group, node)
    holds = lf.temporary(build.cast(BOOL, scalar(lf, args[1])), "holds")
    mask = _mask(lf, group)
    yes = warp_op(lf, "ballot", mask, (build.cast(I32, holds),), U32, node)
    others = arith.binary("&", mask, arith.unary("~", yes))
    return _opaque(Group("coalesced", 0, lf.temporary(arith.select(holds, yes, others), "part")))


def _reduce_by(lf: Lifter, node: Node, group: Group, given: Value, function: OpaqueValue) -> Value:
    """A reduction by a device function of the user's."""
    from xpiler.frontends.lift.calls import applied

    ref = function.data[0]
    assert isinstance(ref, Node)
    total = snapshot(lf, given)
    offset = group.size // 2
    while offset:
        width = build.i32(group.size)
        other = shuffle(lf, "shfl_xor", _mask(lf, group), total, build.i32(offset), width, node)
        total = snapshot(lf, applied(lf, node, ref, [total, other]))
        offset //= 2
    return total


def _copy(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """`memcpy_async(group, to, from, bytes)`: the group's threads copy in turn; `wait` is where they meet."""
    group = _group(lf, args[0])
    to, source = value(lf, args[1]), value(lf, args[2])
    if not isinstance(to, PointerValue) or not isinstance(source, PointerValue) or not to.to.size:
        raise lf.refuse("XP1112", "memcpy_async of these pointers", node)
    count = arith.divide(build.cast(I64, scalar(lf, args[3])), to.to.size)
    first, step = build.cast(I64, _rank(lf, group)), build.cast(I64, _size(lf, group))
    bound = lf.temporary(count, "count")
    name = lf.fresh("copied")
    lf.constants.add(name)
    at = Var(name, I64)
    with lf.block() as body:
        found = read(lf, dereference(lf, advance(lf, source, at, node), node))
        write(lf, dereference(lf, advance(lf, to, at, node), node), found, node)
    lf.emit(For(name, I64, first, bound, step, tuple(body), span=node.span))
    return VOID


def _sync_function(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    return _sync(lf, node, _group(lf, args[0]))


INTRINSICS["this_thread_block"] = _this_block
INTRINSICS["this_grid"] = _this_grid
INTRINSICS["coalesced_threads"] = _coalesced
INTRINSICS["tiled_partition"] = _partition
INTRINSICS["reduce"] = _reduce
INTRINSICS["inclusive_scan"], INTRINSICS["exclusive_scan"] = _scan(True), _scan(False)
INTRINSICS["labeled_partition"], INTRINSICS["binary_partition"] = _labelled, _halved
INTRINSICS["sync"] = INTRINSICS["wait"] = _sync_function
INTRINSICS["memcpy_async"] = _copy
