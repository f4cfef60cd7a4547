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
