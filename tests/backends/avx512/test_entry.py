"""How the harness finds the kernels of an emitted file."""

from __future__ import annotations

from xpiler.backends.avx512.emit.entry import callable_text, entry_unit
from xpiler.backends.base import KernelEntry
from xpiler.ir.nodes import Kernel, Param
from xpiler.ir.types import I32, Pointer, Scalar

X = Param("x", Pointer(Scalar("f32", "float", 32)))
N = Param("n", I32)
ENTRY = KernelEntry(0, Kernel("k", (X, N), ()), "k", "k")
HEAD = "void k(xp_dim3 grid, xp_dim3 block, size_t shared_bytes, float *x, int32_t n) {"


def test_a_kernel_may_stand_behind_other_code_on_its_line() -> None:
    for before in ("", "struct P { int a; }; ", "/* k */ ", "int f() { return 1; }"):
        text = f'{before}extern "C" {HEAD}\n}}\n'
        unit = entry_unit(text, [ENTRY])
        assert "  k({l->grid[0]" in unit, before
        assert 'extern "C" void k(xp_dim3, xp_dim3, size_t, void *, int32_t);' in unit
        assert callable_text(text, cpp=True).count('extern "C"') == 1


def test_kernels_of_one_file_become_callable() -> None:
    text = f"[[maybe_unused]] static {HEAD}\n}}\n"
    assert callable_text(text, cpp=True).startswith(f'extern "C" {HEAD}')
    assert callable_text(text, cpp=False).startswith(HEAD)


def test_short_vectors_in_objects_have_their_alignment() -> None:
    """Where the file says that a member is one: an object of two floats of the user's own is not aligned."""
    f32, i32 = Scalar("f32", "float", 32), I32
    paths = [
        ("p.n", i32),
        *((f"p.scale.{m}", f32) for m in "xyzw"),
        *((f"p.at.{m}", f32) for m in "xy"),
    ]
    params = tuple(Param(path.replace(".", "_"), type_, origin=path) for path, type_ in paths)
    entry = KernelEntry(0, Kernel("k", params, ()), "k", "k")
    text = (
        "struct Point { float x, y; };\nstruct P { int n; float4 scale; Point at; };\n"
        "void k(xp_dim3 grid, xp_dim3 block, size_t shared_bytes, P p) {\n}\n"
    )
    unit = entry_unit(text, [entry])
    four = "struct alignas(4 * sizeof(float) < 16 ? 4 * sizeof(float) : 16) { float x; float y;"
    assert four in unit
    assert "struct { float x; float y; } at;" in unit
