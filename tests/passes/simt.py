"""SIMT programs written as C, the passes on them, and what they compute."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent, indent

from tests.passes.differential import compare, reference
from tests.passes.random_kernels import Case
from xpiler.ir.check import check
from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_block
from xpiler.passes import detensorize, fold, inline, loop_recovery
from xpiler.passes.base import Applied, Context, NotApplicable, Pass, Unsupported

ALL = (inline.PASS, fold.PASS, detensorize.PASS, loop_recovery.PASS, fold.PASS)
RECOVER = (loop_recovery.PASS, fold.PASS)
PARAMS = "const i32 *a, const f32 *f, i32 *out, f32 *fout, i32 *hist, i32 n, i32 m"


def kernel_text(body: str, block: tuple[int, int, int] = (64, 1, 1), facts: bool = True) -> str:
    """A kernel over the parameters of the random ones."""
    known = ", ".join(f"blockDim.{a} = {s}" for a, s in zip("xyz", block, strict=True))
    head = f"launch_facts({known}, gridDim.y = 1, gridDim.z = 1)\n" if facts else ""
    return f"{head}__global__ void k({PARAMS}) {{\n{indent(dedent(body).strip(), '  ')}\n}}\n"


def after(passes: Sequence[Pass], module: Module) -> Module | Unsupported:
    for p in passes:
        result = p.rewrite(module, Context())
        if isinstance(result, Unsupported):
            return result
        if not isinstance(result, NotApplicable):
            assert isinstance(result, Applied)
            module = result.program
            assert check(module) == ()
    return module


def printed(module: Module | Unsupported) -> str:
    """The statements of the kernel's body."""
    assert isinstance(module, Module), module
    return print_block(module.kernels[0].body)


def recovered(body: str, block: tuple[int, int, int] = (64, 1, 1)) -> str:
    """The body after recovery and folding, checked to compute the same; without the loop over blocks."""
    program = parse_module(kernel_text(body, block))
    same(body, block)
    text = printed(after(RECOVER, program))
    inner = text.splitlines()[1:-1]
    return dedent("\n".join(inner)) + "\n"


def same(
    body: str, block: tuple[int, int, int] = (64, 1, 1), prelude: str = "", facts: bool = True
) -> None:
    """All passes keep what the kernel computes, which must be something."""
    case = Case(prelude + kernel_text(body, block, facts), (2, 1, 1), block)
    module = parse_module(case.text)
    assert check(module) == ()
    expected = reference(module, case)
    assert expected is not None, "the program has no meaning"
    assert repr(expected) != repr(case.arguments(0)), "the program does nothing"
    for passes in (RECOVER, ALL) if not prelude else (ALL,):
        difference = compare(module, case, passes, expected)
        assert difference is None, f"{difference.reason}\n{difference.program}"
