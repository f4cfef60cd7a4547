"""The shape of a block as far as it is known, and where a thread stands in it."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.ir.build import builtin, i32, u32
from xpiler.ir.nodes import Binary, Call, Cast, Const, Expr, Kernel
from xpiler.ir.types import I32, U32
from xpiler.passes.simplify import simplify
from xpiler.records import dataclass

__all__ = ["MAX_THREADS", "WARP", "Geometry"]

WARP = 32
MAX_THREADS = 1024
"""The most threads of a block (CUDA C++ Programming Guide, compute capability 2.0 and later)."""

_RANGES = {"warp": (0, MAX_THREADS // WARP - 1), "lane": (0, WARP - 1)}


@dataclass(frozen=True, slots=True)
class Geometry:
    """Known block and grid sizes by builtin name (`blockDim.x`: 256)."""

    facts: Mapping[str, int]

    @staticmethod
    def of(kernel: Kernel) -> Geometry:
        return Geometry(dict(kernel.launch))

    def size(self, name: str) -> int | None:
        return self.facts.get(name)

    def extent(self, name: str) -> Expr:
        """`blockDim.y` and its like as i32: a literal if known."""
        known = self.size(name)
        return i32(known) if known is not None else Cast(I32, builtin(name))

    @property
    def flat(self) -> bool:
        return self.size("blockDim.y") == 1 and self.size("blockDim.z") == 1

    @property
    def block_size(self) -> int | None:
        sizes = [self.size(f"blockDim.{a}") for a in "xyz"]
        known = [s for s in sizes if s is not None]
        return known[0] * known[1] * known[2] if len(known) == 3 else None

    @property
    def capacity(self) -> int:
        """The most threads that a block can have."""
        return self.block_size or self.size("maxThreadsPerBlock") or MAX_THREADS

    @property
    def full_warps(self) -> bool:
        return self.block_size is not None and self.block_size % WARP == 0

    def block_threads(self) -> Expr:
        """The number of threads of a block, i32."""
        return self._product([self.extent(f"blockDim.{a}") for a in "xyz"])

    def grid_blocks(self) -> Expr:
        return self._product([self.extent(f"gridDim.{a}") for a in "xyz"])

    @staticmethod
    def _product(factors: list[Expr]) -> Expr:
        product = factors[0]
        for factor in factors[1:]:
            product = Binary("*", product, factor)
        return simplify(product)

    def linear(self, what: str) -> Expr:
        """The linear number of the thread in its block (`thread`) or of the block in its grid (`block`), i32."""
        prefix = "blockDim" if what == "thread" else "gridDim"
        number: Expr | None = None
        for axis in "zyx":
            extent = self.extent(f"{prefix}.{axis}")
            mine: Expr = Cast(I32, builtin(f"{what}Idx.{axis}"))
            if extent == i32(1):
                mine = i32(0)
            number = mine if number is None else Binary("+", Binary("*", number, extent), mine)
        assert number is not None
        return simplify(number)

    def warps(self) -> Expr:
        """The number of warps of a block, i32; the last one may be partial."""
        return simplify(Binary("/", Binary("+", self.block_threads(), i32(WARP - 1)), i32(WARP)))

    def lanes(self, warp: Expr) -> Expr:
        """The number of lanes that exist in `warp`, i32."""
        if self.full_warps:
            return i32(WARP)
        left = simplify(Binary("-", self.block_threads(), Binary("*", warp, i32(WARP))))
        return Call("min", (i32(WARP), left), I32)

    def thread_of_lane(self, warp: Expr, lane: Expr) -> dict[str, Expr]:
        """threadIdx.x, y, z (u32) of a lane of a warp; CUDA numbers threads with x fastest."""
        linear = Binary("+", Binary("*", warp, i32(WARP)), lane)
        dx = self.size("blockDim.x")
        x: Expr
        if self.flat:
            x, rows = linear, i32(0)
        elif dx is not None and dx % WARP == 0:
            per_row = i32(dx // WARP)
            x = Binary("+", Binary("*", Binary("%", warp, per_row), i32(WARP)), lane)
            rows_e: Expr = Binary("/", warp, per_row)
            return self._thread(x, rows_e)
        elif dx is not None and WARP % dx == 0:
            x = Binary("%", lane, i32(dx))
            in_warp = Binary("/", lane, i32(dx))
            return self._thread(x, Binary("+", Binary("*", warp, i32(WARP // dx)), in_warp))
        else:
            extent = self.extent("blockDim.x")
            return self._thread(Binary("%", linear, extent), Binary("/", linear, extent))
        return self._thread(x, rows)

    def _thread(self, x: Expr, rows: Expr) -> dict[str, Expr]:
        y: Expr = rows
        z: Expr = i32(0)
        if self.size("blockDim.y") == 1:
            y, z = i32(0), rows
        elif self.size("blockDim.z") != 1:
            extent = self.extent("blockDim.y")
            y, z = Binary("%", rows, extent), Binary("/", rows, extent)
        if self.size("blockDim.z") == 1:
            z = i32(0)
        values = {"threadIdx.x": x, "threadIdx.y": y, "threadIdx.z": z}
        return {name: _unsigned(simplify(value, _RANGES)) for name, value in values.items()}


def _unsigned(value: Expr) -> Expr:
    return u32(int(value.value)) if isinstance(value, Const) else Cast(U32, value)
