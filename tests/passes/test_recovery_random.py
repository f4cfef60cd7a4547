"""Random kernels through the passes, within a fixed budget. Longer: python -m tests.passes.fuzz --minutes 10."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.passes.differential import compare, reference
from tests.passes.fuzz import failure
from tests.passes.random_kernels import Case, from_seed, generate
from xpiler.ir.nodes import Barrier, Module
from xpiler.ir.parse_c import parse_module
from xpiler.ir.walk import map_block
from xpiler.passes import fold, inline, loop_recovery
from xpiler.passes.base import Applied, Context, Outcome, Pass


@st.composite
def kernels(draw: st.DrawFn) -> Case:
    return generate(lambda n: draw(st.integers(0, n - 1)))


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
@given(kernels())
def test_what_a_kernel_computes_is_kept(case: Case) -> None:
    difference = failure(parse_module(case.text), case)
    assert difference is None, f"{difference.reason}\n{case.text}\n{difference.program}"


def test_a_wrong_pass_is_noticed() -> None:
    """The comparison can fail: dropping all barriers from the source is seen."""
    found = 0
    for seed in range(16):
        case = from_seed(seed)
        if "s[" not in case.text.split("__syncthreads();\n", 1)[1]:
            continue
        found += _breaks(case)
    assert found


def _breaks(case: Case) -> bool:
    def drop(module: Module, context: Context) -> Outcome:
        del context
        kernel = module.kernels[0]
        body = map_block(kernel.body, lambda s: () if isinstance(s, Barrier) else (s,))
        return Applied(replace(module, kernels=(replace(kernel, body=body),)))

    module = parse_module(case.text)
    expected = reference(module, case)
    if expected is None:
        return False
    wrong = Pass("drop", "scalar", "", "", drop)
    return (
        compare(module, case, (wrong, inline.PASS, loop_recovery.PASS, fold.PASS), expected)
        is not None
    )
