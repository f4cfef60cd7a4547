"""Whole checks: real builds, real runs, on files and on programs of the IR."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.verify.mutants import mutants
from tests.verify.programs import program
from xpiler.backends.base import KernelEntry
from xpiler.driver.pair import verify_files
from xpiler.driver.report import InputError
from xpiler.ir.nodes import Assign, Binary, Cast, Declare, For, Kernel, Module, Store
from xpiler.ir.types import F16, F32
from xpiler.ir.walk import map_block
from xpiler.verify.cases.case import Case
from xpiler.verify.cases.infer_bare import infer_bare
from xpiler.verify.check import Side, check, check_program, check_programs, program_runner
from xpiler.verify.evidence import Evidence, Refuted, Unverified
from xpiler.verify.evidence import Tested as Passed
from xpiler.verify.observe import Observed, Settings, observe
from xpiler.verify.plan import KernelCheck
from xpiler.verify.run.executors import NoExecutor, executor_of_file
from xpiler.verify.run.oracle import CudaRuntime

SOURCE = """
__constant__ float weights[4];
__global__ void scale(const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = x[i] * weights[i % 4];
}
__global__ void total(const float *x, float *sum, int n) {
  float part = 0.0f;
  for (int i = threadIdx.x; i < n; i += blockDim.x) part += x[i] * 0.1f;
  atomicAdd(sum, part);
}
void run(const float *x, const float *w, float *y, float *s, int n) {
  float *dx, *dy, *ds;
  cudaMalloc(&dx, n * sizeof(float));
  cudaMalloc(&dy, n * sizeof(float));
  cudaMalloc(&ds, sizeof(float));
  cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpyToSymbol(weights, w, 4 * sizeof(float));
  cudaMemset(ds, 0, sizeof(float));
  scale<<<(n + 63) / 64, 64>>>(dx, dy, n);
  total<<<1, 64>>>(dx, ds, n);
  cudaMemcpy(y, dy, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaMemcpy(s, ds, sizeof(float), cudaMemcpyDeviceToHost);
}
"""


def case_of(module: Module) -> Case:
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case), case
    return case


def files(folder: Path, changed: str) -> dict[str, Evidence]:
    first, second = folder / "a.cu", folder / "b.cu"
    first.write_text(SOURCE)
    second.write_text(changed)
    found = verify_files(first, second)
    assert not isinstance(found, InputError), found
    return dict(found)


def test_two_files_of_which_one_is_edited(tmp_path: Path) -> None:
    """Another order of the sum is accepted, a wrong weight is not, a missing kernel is unverified."""
    other = SOURCE.replace("i += blockDim.x) part", "i += blockDim.x) part").replace(
        "float part = 0.0f;\n  for (int i = threadIdx.x; i < n; i += blockDim.x)",
        "float part = 0.0f;\n  for (int i = n - 1 - threadIdx.x; i >= 0; i -= blockDim.x)",
    )
    found = files(tmp_path, other)
    assert isinstance(found["scale"], Passed)
    assert isinstance(found["total"], Passed)
    assert found["total"].worst_error is not None
    wrong = files(tmp_path, SOURCE.replace("i % 4", "i % 3").replace("0.1f", "0.11f"))
    assert isinstance(wrong["scale"], Refuted)
    assert wrong["scale"].difference.buffer == "y"
    assert isinstance(wrong["total"], Refuted)


@pytest.mark.slow
def test_a_file_that_does_not_compile_or_lacks_a_kernel(tmp_path: Path) -> None:
    found = files(tmp_path, SOURCE.replace("* weights[i % 4]", "* weigths[i % 4]"))
    assert isinstance(found["scale"], Refuted)
    assert "does not build" in found["scale"].difference.reason
    assert not found["scale"].difference.built
    assert str(found["scale"].difference).startswith("does not build: ")
    assert isinstance(found["total"], Passed)
    start, stop = SOURCE.index("__global__ void total"), SOURCE.index("void run")
    found = files(
        tmp_path, SOURCE[:start] + SOURCE[stop:].replace("  total<<<1, 64>>>(dx, ds, n);\n", "")
    )
    assert isinstance(found["scale"], Passed)
    assert found["total"] == Unverified("b.cu has no such kernel")


@pytest.mark.slow
def test_a_kernel_of_the_source_that_does_not_compile_says_nothing_of_the_others() -> None:
    good = """
__global__ void vector_add(const float *a, const float *b, float *c, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) c[i] = a[i] + b[i];
}
"""
    broken = good + "__global__ void bad(float *x) { x[0] = nowhere(1); }\n"
    wrong = good.replace("+ b[i]", "- b[i]")
    module = program("vector_add")
    entry = KernelEntry(0, module.kernels[0], "vector_add", "vector_add")
    cases, programs = {"vector_add": (case_of(module),)}, {"vector_add": module}
    source, same, other = (
        Side(CudaRuntime(), text, Path("a.cu")) for text in (broken, good, wrong)
    )
    assert isinstance(check(source, same, [entry], cases, programs)["vector_add"], Passed)
    assert isinstance(check(source, other, [entry], cases, programs)["vector_add"], Refuted)


def test_out_of_bounds_in_the_candidate(tmp_path: Path) -> None:
    found = files(tmp_path, SOURCE.replace("if (i < n) y[i]", "if (i <= n) y[i]"))
    assert isinstance(found["scale"], Refuted)
    assert "out of bounds" in found["scale"].difference.reason or "past" in str(found["scale"])


def test_executors_by_suffix() -> None:
    for name in ("a.cu", "a.hip", "a.mlu", "a.c"):
        assert not isinstance(executor_of_file(Path(name)), NoExecutor)
    found = executor_of_file(Path("a.txt"))
    assert isinstance(found, NoExecutor)
    assert ".hip" in found.reason


def test_bad_files(tmp_path: Path) -> None:
    missing = verify_files(tmp_path / "no.cu", tmp_path / "no.hip")
    assert isinstance(missing, InputError)
    (tmp_path / "a.cu").write_text(SOURCE)
    (tmp_path / "b.txt").write_text("x")
    assert isinstance(verify_files(tmp_path / "a.cu", tmp_path / "b.txt"), InputError)
    (tmp_path / "c.toml").write_text("[[case]]\nkernel = 3\n")
    found = verify_files(tmp_path / "a.cu", tmp_path / "a.cu", case=tmp_path / "c.toml")
    assert isinstance(found, InputError)
    assert "c.toml:2" in found.diagnostics[0].message


def test_a_kernel_without_a_case_is_unverified() -> None:
    module = program("vector_add")
    entry = KernelEntry(0, module.kernels[0], "vector_add", "vector_add")
    side = Side(CudaRuntime(), "", Path("a.cu"))
    found = check(side, side, [entry], {}, {"vector_add": module})
    assert found == {"vector_add": Unverified("there is no case for it")}


def test_stages_and_blame() -> None:
    module = program("vector_add")
    wrong = next(m.program for m in mutants(module) if m.kind == "guard")
    case = case_of(module)
    assert check_programs([module, module, module], (case,)) == 0
    assert check_programs([module, module, wrong, module], (case,)) == 2


def test_observations_are_reused() -> None:
    module = program("vector_add")
    memory: dict[int, Observed] = {}
    case = case_of(module)
    assert isinstance(check_program(module, module, (case,), observed=memory), Passed)
    seen = memory[0]
    wrong = next(m.program for m in mutants(module) if m.kind == "operator")
    assert isinstance(check_program(module, wrong, (case,), observed=memory), Refuted)
    assert memory[0] is seen


def narrowed_sum(module: Module) -> Module:
    """The accumulator rounded to half after every addition."""
    kernel = module.kernels[0]

    def one(stmt: object) -> tuple[object, ...]:
        if isinstance(stmt, Assign) and stmt.name == "acc":
            return (replace(stmt, value=Cast(F32, Cast(F16, stmt.value))),)
        return (stmt,)

    body = map_block(kernel.body, one)  # type: ignore[arg-type]
    return replace(module, kernels=(replace(kernel, body=body),))


@pytest.mark.slow
def test_a_narrowed_accumulator_is_refuted() -> None:
    module = program("matmul")
    found = check_program(module, narrowed_sum(module), (case_of(module),))
    assert isinstance(found, Refuted)


@pytest.mark.slow
def test_another_order_of_a_sum_is_accepted() -> None:
    """Two accumulators instead of one: other bits, no less accurate."""
    module = program("matmul")
    kernel = module.kernels[0]
    found = check_program(
        module, replace(module, kernels=(reassociated(kernel),)), (case_of(module),)
    )
    assert isinstance(found, Passed), found
    assert found.worst_error is not None


def reassociated(kernel: Kernel) -> Kernel:
    """`acc = acc + a * b` becomes `acc = (a * b) * 0.5 + acc + (a * b) * 0.5`: exact halves, other rounding."""

    def one(stmt: object) -> tuple[object, ...]:
        if isinstance(stmt, Assign) and stmt.name == "acc" and isinstance(stmt.value, Binary):
            from xpiler.ir.build import const

            half = Binary("*", stmt.value.b, const(0.5, F32))
            return (replace(stmt, value=Binary("+", Binary("+", half, stmt.value.a), half)),)
        return (stmt,)

    return replace(kernel, body=map_block(kernel.body, one))  # type: ignore[arg-type]


def test_a_racy_source_is_no_oracle() -> None:
    """Without its first barrier the block reads what a neighbour may not have written yet."""
    module = program("stencil")
    racy = next(m.program for m in mutants(module) if m.kind == "barrier")
    runner = program_runner((racy,))
    check_ = KernelCheck(runner.entries[0], racy, (case_of(module),))
    seen = observe(runner, check_, Settings())
    assert "order of threads" in seen.unusable or "at fault" in seen.unusable


def test_the_programs_here_hold_what_the_tests_change() -> None:
    body = program("matmul").kernels[0].body
    assert any(isinstance(s, Declare) and s.name == "acc" for s in body)
    assert any(isinstance(s, For) for s in body)
    assert any(isinstance(s, Store) for s in program("vector_add").kernels[0].body[1].then)  # type: ignore[union-attr]
