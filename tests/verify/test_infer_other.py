"""Further guesses at a launch: only for cases that nobody wrote, and taken when the source can serve under them."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path

import pytest

from tests.verify.programs import program
from xpiler.backends.base import KernelEntry
from xpiler.frontends.lift import LiftedFile, lift
from xpiler.ir.nodes import Module
from xpiler.verify.cases.bare_shapes import Asked, _halvings, _Trial
from xpiler.verify.cases.case import BufferArgument, Case
from xpiler.verify.cases.infer import infer_cases
from xpiler.verify.cases.infer_bare import infer_bare
from xpiler.verify.cases.infer_other import other_cases
from xpiler.verify.cases.roles import only_a_value
from xpiler.verify.check import Side, check
from xpiler.verify.evidence import Evidence, Tested, Unverified
from xpiler.verify.run.oracle import CudaRuntime

STENCIL = """
__global__ void stencil(const int *in, int *out) {
  __shared__ int temp[134];
  int g = threadIdx.x + blockIdx.x * blockDim.x + 3, l = threadIdx.x + 3;
  temp[l] = in[g];
  if (threadIdx.x < 3) { temp[l - 3] = in[g - 3]; temp[l + 128] = in[g + 128]; }
  __syncthreads();
  int sum = 0;
  for (int o = -3; o <= 3; o++) sum += temp[l + o];
  out[g] = sum;
}
"""
PATH = Path("case.cu")


def bare(name: str) -> Case:
    module = program(name)
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case)
    return case


def test_a_case_that_a_person_gave_is_never_replaced() -> None:
    case = replace(bare("softmax"), inferred=False)
    assert list(other_cases(program("softmax"), [case], "a data race")) == []


def test_flags_are_drawn_where_the_test_told_nothing() -> None:
    module = program("scan")
    case = bare("scan")
    first = next(iter(other_cases(module, [case], "the test tells nothing about x")))
    kinds = {
        a.name: a.values.kind for c in first for a in c.arguments if isinstance(a, BufferArgument)
    }
    before = {a.name: a.role for a in case.arguments if isinstance(a, BufferArgument)}
    assert set(kinds.values()) >= {"bits"}
    assert all(before[n] != "out" for n, k in kinds.items() if k == "bits")


def test_a_block_that_the_launches_of_the_file_fix_is_not_guessed_anew() -> None:
    module = _launched()
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case)
    assert list(other_cases(module, [case], "a data race")) == []


def _launched() -> Module:
    found = lift(STENCIL + "void f(int *a, int *b) { stencil<<<4, 128>>>(a, b); }", PATH)
    assert isinstance(found, LiftedFile)
    return found.lifted[0].program


def test_numbers_of_the_kernel_are_tried_as_its_block() -> None:
    found = lift(STENCIL, PATH)
    assert isinstance(found, LiftedFile)
    module = found.lifted[0].program
    cases = infer_cases(found.lifted[0], ())
    assert isinstance(cases, tuple)
    others = list(other_cases(module, cases, "a data race"))
    assert others[0][0].block[0].text == "128"


def judged(text: str, candidate: str, first: int = 0) -> dict[str, Evidence]:
    found = lift(text, PATH)
    assert isinstance(found, LiftedFile)
    kernels = found.lifted[first:]
    entries = [
        KernelEntry(i, k.program.kernels[0], k.source_name, k.symbol)
        for i, k in enumerate(kernels, first)
    ]
    return dict(
        check(
            Side(CudaRuntime(), text, PATH),
            Side(CudaRuntime(), candidate, PATH),
            entries,
            {k.symbol: infer_cases(k, found.launches) for k in kernels},
            {k.symbol: k.program for k in kernels},
        )
    )


def test_a_kernel_that_counts_on_its_block_is_tested_under_that_block() -> None:
    assert isinstance(judged(STENCIL, STENCIL)["stencil"], Tested)
    wrong = STENCIL.replace("l - 3] = in[g - 3]", "l - 3] = in[g - 2]")
    assert not isinstance(judged(STENCIL, wrong)["stencil"], Tested | Unverified)


def test_kernels_whose_numbers_do_not_start_at_zero() -> None:
    text = "__global__ void left_out(int *x) { x[0] = 1; }\n" + STENCIL
    assert isinstance(judged(text, text, 1)["stencil"], Tested)


LITERAL = "void f(int *e) { k<<<1, 32>>>(e, 2, 32); }"


def inferred(text: str) -> tuple[Module, tuple[Case, ...]]:
    found = lift(text, PATH)
    assert isinstance(found, LiftedFile)
    cases = infer_cases(found.lifted[0], found.launches)
    assert isinstance(cases, tuple)
    return found.lifted[0].program, cases


def test_a_literal_argument_that_is_no_size_is_varied() -> None:
    kernel = (
        "__global__ void k(int *e, int v, int n) { if (threadIdx.x < n) e[threadIdx.x] = v; }\n"
    )
    module, cases = inferred(kernel + LITERAL)
    why = "the test tells nothing: every output is the same constant"
    varied = {a.name: a for c in next(iter(other_cases(module, cases, why))) for a in c.arguments}
    before = {a.name: a for a in cases[0].arguments}
    assert varied["v"] != before["v"]
    assert varied["n"] == before["n"]


def test_what_a_number_steers_makes_it_a_size() -> None:
    text = "__global__ void k(int *e, int v, int n) { int j = v + 1; e[j] = n; e[n / 2] = v; }"
    module, _ = inferred(text)
    assert not only_a_value(module.kernels[0], "v")
    assert not only_a_value(module.kernels[0], "n")


def test_reals_are_drawn_as_probabilities_where_all_else_is_no_number() -> None:
    text = (
        "__global__ void k(const float *p, float *y) { y[threadIdx.x] = logf(1 - p[threadIdx.x]); }"
    )
    module, cases = inferred(text)
    others = list(other_cases(module, cases, "the test tells nothing: every output is NaN"))
    kinds = [a.values.kind for c in others[0] for a in c.arguments if isinstance(a, BufferArgument)]
    assert kinds == ["unit", "auto"]


@pytest.mark.slow
def test_small_shapes_at_which_the_order_matters_are_left_out_the_largest_never() -> None:
    case = bare("softmax")
    others = [
        others
        for others in other_cases(program("softmax"), [case], "depend on the order of threads")
        if len(others[0].shapes) < len(case.shapes)
    ]
    shapes = [prod(s.values()) for s in case.shapes]
    kept = [[prod(s.values()) for s in c.shapes] for (c,) in others[: len(shapes) - 1]]
    assert [len(k) for k in kept] == list(range(len(shapes) - 1, 0, -1))
    assert all(max(k) == max(shapes) for k in kept)


@pytest.mark.slow
def test_a_block_as_large_as_the_tile_is_tried() -> None:
    module, cases = inferred("""
__global__ void rim(const int *a, int *b, int n) {
  __shared__ int t[18][18];
  int x = blockIdx.x * 16 + threadIdx.x - 1, y = blockIdx.y * 16 + threadIdx.y - 1;
  t[threadIdx.y][threadIdx.x] = x >= 0 && y >= 0 && x < n && y < n ? a[y * n + x] : 0;
  __syncthreads();
  if (threadIdx.x > 0 && threadIdx.x < 17 && threadIdx.y > 0 && threadIdx.y < 17 && x < n && y < n)
    b[y * n + x] = t[threadIdx.y][threadIdx.x - 1] + t[threadIdx.y + 1][threadIdx.x];
}""")
    blocks = [tuple(f.text for f in c[0].block) for c in other_cases(module, cases, "a data race")]
    assert ("18", "18", "1") in blocks


def test_positions_that_threads_store_to_are_each_taken_once() -> None:
    module, cases = inferred("""
__global__ void scatter(const float *x, const int *to, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[to[i]] = x[i];
}""")
    first = next(iter(other_cases(module, cases, "depend on the order of threads")))
    arguments = {a.name: a for a in first[0].arguments if isinstance(a, BufferArgument)}
    assert str(arguments["to"].values) == "permutation"
    assert arguments["y"].elements == arguments["to"].elements


def test_a_buffer_of_unknown_size_is_guessed_and_a_counter_starts_at_zero() -> None:
    _, cases = inferred("""
__global__ void keep(const int *in, int *out, int *count, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && in[i] > 0) out[atomicAdd(count, 1)] = in[i];
}""")
    arguments = {a.name: a for a in cases[0].arguments if isinstance(a, BufferArgument)}
    assert arguments["out"].elements.text == "n"
    assert str(arguments["count"].values) == "zeros"
    assert "a guess" in cases[0].note


def test_a_kernel_that_numbers_its_threads_is_tried_in_one_line() -> None:
    module, cases = inferred("""
#include <cooperative_groups.h>
__global__ void keep(const int *in, int *out, int *count, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && in[i] > 0) {
    auto g = cooperative_groups::coalesced_threads();
    int at = 0;
    if (g.thread_rank() == 0) at = atomicAdd(count, g.size());
    out[g.shfl(at, 0) + g.thread_rank()] = in[i];
  }
}""")
    first = next(iter(other_cases(module, cases, "no shape can be tested")))
    assert [f.text for f in first[0].block] == ["128", "1", "1"]


def test_sizes_on_which_the_work_hardly_depends_are_not_halved_for_ever() -> None:
    """Every halving leaves nearly all of the work: by its growth a billion of them would be needed."""
    module, _ = inferred(
        "__global__ void k(float *y, int n) { if (threadIdx.x < n) y[threadIdx.x] = 1.f; }"
    )
    kernel = module.kernels[0]
    trial = _Trial(module, kernel, (32, 1, 1), {}, 0, Asked(), {})
    assert _halvings(1_000_000_001, 1_000_000_000) > 1_000_000
    assert trial.halved({"n": 1000}, 1_000_000_000) == trial.halved({"n": 1000}, 20)
