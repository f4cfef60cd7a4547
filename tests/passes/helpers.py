"""Apply a pass to a program written as C, and show the body of the result."""

from __future__ import annotations

from textwrap import dedent, indent

from xpiler.ir.check import check
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_module
from xpiler.passes.base import Applied, Context, KnobValue, NotApplicable, Pass

HEAD = "void k(dim3 gridDim, dim3 blockDim, u32 sharedBytes, const f32 *x, f32 *y, f32 *z, i32 n, i32 m)"


def program_of(body: str) -> str:
    """A loops-level kernel over x, y, z, n, m with this body."""
    return f"{HEAD} {{\n{indent(dedent(body).strip(), '  ')}\n}}\n"


def transformed(pass_: Pass, body: str, **knobs: KnobValue) -> str:
    """The body after the pass, which must apply and give a well-formed program."""
    outcome = pass_.rewrite(parse_module(program_of(body)), Context(knobs=knobs))
    assert isinstance(outcome, Applied), outcome
    assert check(outcome.program) == ()
    text = print_module(outcome.program)
    return dedent("\n".join(text.splitlines()[1:-1])) + "\n"


def refusal(pass_: Pass, body: str, **knobs: KnobValue) -> str:
    """The reason why the pass does not apply."""
    outcome = pass_.rewrite(parse_module(program_of(body)), Context(knobs=knobs))
    assert isinstance(outcome, NotApplicable), outcome
    return outcome.reason
