"""The vectoriser: what becomes of typical loops, what is refused, and random programs end to end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.backends.avx512.fuzz import subjects_of, wrong
from tests.backends.avx512.support import tensorized, translate
from xpiler.backends.avx512.isa.manual import vocabulary
from xpiler.ir.check import check
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_module
from xpiler.passes.base import Applied, NotApplicable

LOOP = "parallel(thread.x) for (i32 t = 0; t < 64; t += 1)"


def after(body: str, params: str = "const f32 *a, const i32 *p, f32 *c, i32 n") -> str:
    outcome = tensorized(f"{LOOP} {{ {body} }}", params)
    assert isinstance(outcome, Applied), outcome
    assert check(outcome.program) == ()
    return print_module(outcome.program)


def why_not(text: str, params: str = "const f32 *a, f32 *c, i32 n") -> str:
    outcome = tensorized(text, params)
    assert isinstance(outcome, NotApplicable)
    return outcome.reason


def test_neighbours_are_one_piece_of_memory() -> None:
    text = after("c[t] = a[t + 3];")
    assert "_mm512_storeu_ps(&c[t], _mm512_loadu_ps(&a[t + 3]))" in text
    assert "mask16" not in text


def test_what_is_the_same_for_all_lanes_stays_scalar() -> None:
    assert "_mm512_set1_ps(a[n])" in after("c[t] = a[n];")


def test_strides_and_indices_gather() -> None:
    assert "_mm512_i32gather_ps(xp_ramp_epi32(0, 4), &a[t * 4], 4)" in after("c[t] = a[t * 4];")
    assert "_mm512_i32gather_ps(_mm512_loadu_epi32(&p[t]), &a[0], 4)" in after("c[t] = a[p[t]];")
    assert "_mm512_i32scatter_ps" in after("c[p[t]] = a[t];")


def test_branches_run_under_masks() -> None:
    text = after("if (a[t] > 0.0f) { c[t] = a[t]; } else { c[t] = 1.0f; }")
    assert text.count("_mm512_mask_storeu_ps") == 2
    assert "_kandn_mask16" in text or "_knot_mask16" in text


def test_a_guarded_load_touches_only_its_lanes() -> None:
    assert "_mm512_maskz_loadu_ps(chosen, &a[t])" in after("c[t] = t < n ? a[t] : 0.0f;")


def test_products_and_sums_are_fused() -> None:
    assert "_mm512_fmadd_ps(" in after("c[t] = a[t] * a[t] + c[t];")


def test_a_reduction_of_one_thread_is_not_reassociated() -> None:
    text = after(
        "f32 s = 0.0f; for (i32 k = 0; k < n; k += 1) { s = s + a[k * 64 + t]; } c[t] = s;"
    )
    assert "s = _mm512_add_ps(s, _mm512_loadu_ps(&a[k * 64 + t]))" in text
    assert "reduce_add" not in text


def test_tails_are_masked() -> None:
    outcome = tensorized(
        "parallel(thread.x) for (i32 t = 0; t < n; t += 1) { c[t] = 0.0f; }", "f32 *c, i32 n"
    )
    assert isinstance(outcome, Applied)
    assert "xp_first_16((i64)n - (i64)t)" in print_module(outcome.program)


def test_doubles_take_eight_lanes() -> None:
    outcome = tensorized(f"{LOOP} {{ c[t] = a[t] * 2.0; }}", "const f64 *a, f64 *c")
    assert isinstance(outcome, Applied)
    assert "t += 8" in print_module(outcome.program)


def test_signed_dot_products() -> None:
    text = after("d[t] = dp4a(p[t], p[t + 1], d[t]);", "const i32 *p, i32 *d")
    assert "xp_dp4a_epi32(" in text


def test_atomics_go_lane_by_lane() -> None:
    text = after("atomicAdd(&d[p[t]], 1);", "const i32 *p, i32 *d")
    assert re.search(r"for \(i32 lane = 0; lane < 16;", text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("for (i32 t = 0; t < n; t += 1) { c[t] = a[t]; }", "there is no parallel loop"),
        ("parallel(thread.x) for (i32 t = 0; t < 1; t += 1) { c[t] = a[t]; }", "runs once"),
        (f"{LOOP} {{ if (t == 0) {{ c[0] = a[0]; }} }}", "only one iteration"),
        (f"f32 s = 0.0f; {LOOP} {{ s = a[t]; }} c[0] = s;", "lives outside"),
        (f"{LOOP.replace('t += 1', 't += 2')} {{ c[t] = a[t]; }}", "does not step by 1"),
        (f"{LOOP} {{ __syncthreads(); c[t] = a[t]; }}", "Barrier cannot run on lanes"),
    ],
)
def test_refusals(text: str, reason: str) -> None:
    assert reason in why_not(text)


def test_a_simt_program_is_not_touched() -> None:
    module = parse_module("__global__ void k(f32 *c) { c[0] = 1.0f; }")
    from xpiler.backends.avx512.passes import loop_bind, tensorize
    from xpiler.passes.base import Context

    for pass_ in (tensorize.PASS, loop_bind.PASS):
        assert isinstance(pass_.rewrite(module, Context()), NotApplicable)


def test_programs_with_registers_print_and_parse() -> None:
    source = Path(__file__).parents[3] / "examples" / "softmax.cu"
    for run in translate(source.read_text())[1]:
        text = print_module(run.program)
        again = parse_module(text, instructions=vocabulary().instructions)
        assert print_module(again) == text


def test_random_kernels(tmp_path: Path) -> None:
    chosen = subjects_of(range(1000, 1008))
    assert len(chosen) >= 6
    assert [s.seed for s in wrong(chosen, tmp_path)] == []


def test_the_random_test_finds_a_wrong_kernel(tmp_path: Path) -> None:
    """A changed result is seen."""
    from dataclasses import replace

    subject = subjects_of([1000])[0]
    broken = replace(subject, expected={**subject.expected, "hist": [9] * 16})
    assert wrong([broken], tmp_path) == [broken]
