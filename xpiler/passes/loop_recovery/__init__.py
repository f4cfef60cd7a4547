"""Loop recovery: a SIMT kernel becomes loops over its blocks and threads, split at each barrier.

before: __global__ void k(...) { a; __syncthreads(); b; }
after:  for block { for thread { a; }  for thread { b; } }

The steps, a module each: `jumps` turns early returns into nesting, `uniform` finds what is the same for all
threads, `converge` brings barriers into uniform control (the rest under predicates), `regions` splits there,
`storage` decides where values live that cross a split, `rewrite` puts them there, `exchange` expands warp
operations, `level` wraps the loops around. Blocks, threads and lanes are three levels of the same method.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xpiler.ir.build import i32, u32
from xpiler.ir.nodes import (
    Block,
    Builtin,
    Cast,
    Declare,
    Expr,
    Invoke,
    Kernel,
    Module,
    Stmt,
    Tile,
    TileOp,
    Var,
)
from xpiler.ir.types import Scalar
from xpiler.ir.walk import assigned, declared, map_block, statements
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass, Unsupported
from xpiler.passes.loop_recovery.divergence import provably_divergent
from xpiler.passes.loop_recovery.geometry import WARP, Geometry
from xpiler.passes.loop_recovery.jumps import without_returns
from xpiler.passes.loop_recovery.level import Recovery
from xpiler.passes.loop_recovery.refusal import Refused
from xpiler.passes.loop_recovery.uniform import single_definitions
from xpiler.passes.names import Names, renamed, reserved, unique_names

__all__ = ["PASS"]

_LOOP_NAMES = ("warp", "lane", "bx", "by", "bz")


def _rewrite(module: Module, context: Context) -> Outcome:
    del context
    (kernel,) = module.kernels
    if kernel.level != "simt":
        return NotApplicable("the program consists of loops already", kernel.span)
    earlier = _needs_earlier(kernel.body)
    if earlier is not None:
        return earlier
    geometry = Geometry.of(kernel)
    divergent = provably_divergent(kernel.body, geometry)
    if divergent is not None:
        return divergent
    outer = reserved(module, kernel)
    threads = _thread_names(kernel.body, outer)
    body = unique_names(kernel.body, {*outer, *_LOOP_NAMES, *threads.values()})
    names = Names({*outer, *declared(body), *_LOOP_NAMES, *threads.values()})
    body = _own_parameters(replace(kernel, body=body), names)
    body = map_block(body, lambda s: (s,), _constant_builtins(geometry))
    try:
        recovery = Recovery(geometry, names, threads)
        body = recovery.grid(without_returns(body, names))
    except Refused as refused:
        return refused.outcome
    recovered = replace(kernel, body=unique_names(body, outer), level="loops")
    return Applied(replace(module, kernels=(recovered,)), tuple(recovery.notes))


def _needs_earlier(body: Block) -> Unsupported | None:
    for stmt in statements(body):
        if isinstance(stmt, Invoke):
            reason = f"the call of '{stmt.function}' was not inlined"
            return Unsupported("XP2105", reason, stmt.span, "run the pass inline before")
        if isinstance(stmt, Tile | TileOp):
            reason = "a tensor fragment was not expanded"
            return Unsupported("XP2106", reason, stmt.span, "run the pass detensorize before")
    return None


def _thread_names(body: Block, outer: frozenset[str]) -> dict[str, str]:
    """The source's own names for threadIdx.x, y and z; tx, ty, tz where it has none."""
    names = {axis: f"t{axis}" for axis in "xyz"}
    for name, init in single_definitions(body).items():
        while isinstance(init, Cast):
            init = init.a
        if isinstance(init, Builtin) and init.name.startswith("threadIdx."):
            axis = init.name[-1]
            if names[axis] == f"t{axis}" and name not in names.values() and name not in _LOOP_NAMES:
                names[axis] = name
    free = Names({*outer, *_LOOP_NAMES})
    return {axis: free.fresh(name) for axis, name in names.items()}


def _own_parameters(kernel: Kernel, names: Names) -> Block:
    """Parameters that a thread changes become variables of its own."""
    changed = assigned(kernel.body)
    copies: list[Stmt] = []
    new: dict[str, str] = {}
    for p in kernel.params:
        if p.name in changed and isinstance(p.type, Scalar):
            new[p.name] = names.fresh(p.name)
            copies.append(Declare(new[p.name], p.type, Var(p.name, p.type), span=p.span))
    if not new:
        return kernel.body
    body = map_block(kernel.body, lambda s: (renamed(s, new),))
    return (*copies, *body)


def _constant_builtins(geometry: Geometry) -> Callable[[Expr], Expr]:
    """An index whose dimension has one element is 0; a warp has 32 lanes."""
    values: dict[str, Expr] = {"warpSize": i32(WARP)}
    for axis in "xyz":
        for size, index in (("blockDim", "threadIdx"), ("gridDim", "blockIdx")):
            if geometry.size(f"{size}.{axis}") == 1:
                values[f"{index}.{axis}"] = u32(0)
    return lambda e: values.get(e.name, e) if isinstance(e, Builtin) else e


PASS = Pass(
    name="loop_recovery",
    group="parallel",
    before="__global__ void k(float *y) { y[threadIdx.x] = 0.0f; }",
    after="parallel(block.x) for (i32 bx ...) parallel(thread.x) for (i32 tx ...) y[tx] = 0.0f;",
    rewrite=_rewrite,
    required=True,
    meta_prompt="loop_recovery",
)
