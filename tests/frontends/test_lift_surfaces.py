"""Surface objects: what they lift to, that accesses do what the runtime does, and what is refused and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.frontends.lifting import programs, refusal, shown
from tests.frontends.test_lift_textures import checked
from xpiler.ir.nodes import Const, Expr, Store
from xpiler.ir.textures import surface_side
from xpiler.ir.walk import map_block, statements
from xpiler.verify.evidence import is_verified

FILE = Path(__file__).parents[1] / "backends" / "avx512" / "host_files" / "surfaces.cu"
KERNEL = "__global__ void k(cudaSurfaceObject_t s, float *y) {{ int x = threadIdx.x; {body} }}\n"


def kernel(body: str) -> str:
    return KERNEL.format(body=body)


def test_bytes_along_x_are_elements() -> None:
    text = shown(kernel("surf2Dwrite(y[x], s, x * 4, 3);"))
    assert "k(f32 *s_texels, i32 s_stride, f32 *y)" in text
    assert "s_texels[texel_at] = y[x];" in text
    assert "/" not in text


def test_what_is_only_read_is_constant_and_says_how_large_its_texels_are() -> None:
    (program,) = programs(kernel("y[x] = surf3Dread<float4>(s, x * 16, 1, 2).y;"))
    params = program.kernels[0].params
    assert [p.origin for p in params[:3]] == ["s.surface<16>()", "s.stride", "s.height"]
    assert params[0].type.const  # type: ignore[union-attr]
    assert [surface_side(p, params) > 0 for p in params] == [False, True, True, False]


def test_outside_there_is_zero_or_the_edge_or_nothing_is_written() -> None:
    zero = shown(kernel("y[x] = surf1Dread<float>(s, x * 4 - 4, cudaBoundaryModeZero);"))
    assert "? s_texels[texel_at] : 0.0f" in zero
    clamp = shown(kernel("y[x] = surf1Dread<float>(s, x * 4 - 4, cudaBoundaryModeClamp);"))
    assert "min(max(texel_x, 0), s_stride" in clamp
    (program,) = programs(kernel("surf1Dwrite(y[x], s, x * 4, cudaBoundaryModeZero);"))
    assert not any(isinstance(s, Store) for s in program.kernels[0].body)  # it stands in an `if`
    assert any(isinstance(s, Store) for s in statements(program.kernels[0].body))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (kernel("surf1Dwrite(1.0f, s, 0); surf1Dwrite(1, s, 4);"), "accessed as two types of texel"),
        (kernel("surf1Dwrite(1.0f, s, 0, (cudaSurfaceBoundaryMode)x);"), "a boundary mode that is no constant"),
        ("struct S { cudaSurfaceObject_t s; };\n"
         "__global__ void k(S p) { surf1Dwrite(1.0f, p.s, 0); }\n", "no parameter of the kernel itself"),
    ],
)  # fmt: skip
def test_what_is_not_read_says_why(source: str, why: str) -> None:
    found = refusal(source).diagnostic
    assert (found.code, why in found.message) == ("XP1107", True), found.message


@pytest.mark.slow
def test_accesses_are_those_of_the_runtime() -> None:
    found = checked(FILE.read_text())
    assert sorted(found) == ["edge", "fill", "swap"]
    for symbol, result in found.items():
        assert is_verified(result), (symbol, result)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "old", "new"), [("swap", 3, 2), ("edge", 0, 1), ("edge", 2, 1)])
def test_accesses_that_are_a_little_wrong_are_refuted(name: str, old: int, new: int) -> None:
    source = FILE.read_text()
    (program,) = (p for p in programs(source) if p.kernels[0].name == name)

    def other(expr: Expr) -> Expr:
        return replace(expr, value=new) if isinstance(expr, Const) and expr.value == old else expr

    whole = program.kernels[0]
    changed = replace(whole, body=map_block(whole.body, lambda s: (s,), other))
    assert changed != whole
    (result,) = checked(source, {name: replace(program, kernels=(changed,))}).values()
    assert not is_verified(result)
