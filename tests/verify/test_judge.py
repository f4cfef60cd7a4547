"""The orchestration of a check, on runners that are Python functions: what becomes of every kind of run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.verify.programs import program
from xpiler.backends.base import KernelEntry
from xpiler.verify.cases.case import Case
from xpiler.verify.cases.infer_bare import infer_bare
from xpiler.verify.evidence import (
    Evidence,
    Refuted,
    Unverified,
    evidence_from_json,
    evidence_to_json,
    is_verified,
    summary,
)
from xpiler.verify.evidence import Tested as Passed
from xpiler.verify.judge import check_runners
from xpiler.verify.observe import INDEX, Observed, Settings
from xpiler.verify.plan import KernelCheck
from xpiler.verify.run.dtypes import Array
from xpiler.verify.run.runner import BuildError, Failed, Finished, Job, Outcome, Runner

Body = Callable[[dict[str, Array], Job], None]


@dataclass
class Python:
    """A runner whose kernel is a function on the arrays by name, which it changes in place."""

    body: Body
    error: BuildError | None = None
    jobs: list[Job] = field(default_factory=list)
    name: str = "python"

    def prepare(self) -> BuildError | None:
        return self.error

    def run(self, jobs: Sequence[Job]) -> tuple[Outcome, ...]:
        return tuple(self.one(job) for job in jobs)

    def one(self, job: Job) -> Outcome:
        self.jobs.append(job)
        arrays = {a.name: x.copy() for a, x in zip(job.arguments, job.arrays, strict=True)}
        try:
            self.body(arrays, job)
        except ArrayIndexError as error:
            return Failed(str(error), INDEX, "x.cu:3")
        except IndexError as error:
            return Failed(str(error), "out_of_bounds", "x.cu:3")
        return Finished(tuple(arrays[a.name] for a in job.arguments if hasattr(a, "elements")))


def subject(name: str) -> KernelCheck:
    module = program(name)
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case)
    return KernelCheck(KernelEntry(0, module.kernels[0], name, name), module, (case,))


def evidence(source: Body, candidate: Body, name: str = "saxpy") -> Evidence:
    (found,) = check_runners(Python(source), Python(candidate), [subject(name)])
    assert evidence_from_json(evidence_to_json(found)) == found
    assert summary(found)
    return found


def saxpy(a: dict[str, Array], _job: Job) -> None:
    a["y"] += a["alpha"] * a["x"]


def refuted(candidate: Body, reason: str, source: Body = saxpy, name: str = "saxpy") -> Refuted:
    found = evidence(source, candidate, name)
    assert isinstance(found, Refuted), found
    assert reason in found.difference.reason
    return found


def test_equal_programs() -> None:
    found = evidence(saxpy, saxpy)
    assert isinstance(found, Passed)
    assert [s.split(",")[0] for s in found.shapes] == ["n=1000", "n=1", "n=257", "n=512"]
    assert (found.seeds, found.runs, found.worst_error) == (3, 16, None)
    assert is_verified(found)


def test_rounding_differs() -> None:
    def fused(a: dict[str, Array], _job: Job) -> None:
        exact = a["y"].astype(float) + float(a["alpha"][0]) * a["x"].astype(float)
        a["y"][:] = exact.astype(np.float32)

    found = evidence(saxpy, fused)
    assert isinstance(found, Passed)
    assert found.worst_error is not None
    assert 0 < found.worst_error.allowed <= 1


def test_dropped_tail() -> None:
    def dropped(a: dict[str, Array], _job: Job) -> None:
        n = len(a["y"]) // 4 * 4
        a["y"][:n] += a["alpha"] * a["x"][:n]

    found = refuted(dropped, "")
    assert found.difference.index in (0, 256)
    assert "n=" in found.difference.case


def test_ignored_scalar() -> None:
    def ignored(a: dict[str, Array], _job: Job) -> None:
        a["y"] += np.float32(2) * a["x"]

    refuted(ignored, "")


def test_modified_input() -> None:
    def modified(a: dict[str, Array], job: Job) -> None:
        saxpy(a, job)
        a["x"][-1] = 0

    assert refuted(modified, "an input was modified").difference.buffer == "x"


def test_unwritten_output() -> None:
    def add(a: dict[str, Array], _job: Job) -> None:
        a["c"][:] = a["a"] + a["b"]

    def partly(a: dict[str, Array], _job: Job) -> None:
        a["c"][1:] = (a["a"] + a["b"])[1:]

    found = refuted(partly, "", add, "vector_add")
    assert found.difference.index == 0
    assert isinstance(evidence(add, add, "vector_add"), Passed)


def test_poison_left_where_the_value_equals_it() -> None:
    """A candidate that does nothing is found though one poison equals the value: there are two."""

    def store(a: dict[str, Array], _job: Job) -> None:
        a["c"][:] = a["a"] + a["b"]
        a["c"].view("u4")[0] = 0x6D6D6D6D

    def lazy(a: dict[str, Array], _job: Job) -> None:
        a["c"][1:] = (a["a"] + a["b"])[1:]

    refuted(lazy, "", store, "vector_add")


def test_failing_candidate() -> None:
    def fails(_a: dict[str, Array], _job: Job) -> None:
        raise IndexError("read past the end of x")

    found = refuted(fails, "read past the end of x at x.cu:3")
    assert found.difference.buffer == ""


def test_a_run_that_says_nothing_about_the_program() -> None:
    class Unable(Python):
        def one(self, job: Job) -> Outcome:
            assert job.arguments
            return Failed("dynamic parallelism", "unsupported")

    (found,) = check_runners(Python(saxpy), Unable(saxpy), [subject("saxpy")])
    assert found == Unverified("it could not be run: dynamic parallelism")


def test_wrong_only_in_another_thread_order() -> None:
    def racy(a: dict[str, Array], job: Job) -> None:
        saxpy(a, job)
        if job.order:
            a["y"][0] += 1

    refuted(racy, "")


def test_special_branch_for_one_size() -> None:
    def special(a: dict[str, Array], job: Job) -> None:
        if len(a["y"]) == 1000:
            saxpy(a, job)

    refuted(special, "")


def test_source_fails_at_some_shapes() -> None:
    def picky(a: dict[str, Array], job: Job) -> None:
        if len(a["y"]) != 1000:
            raise IndexError("past the end")
        saxpy(a, job)

    found = evidence(picky, saxpy)
    assert isinstance(found, Passed)
    assert found.shapes == ("n=1000, threads_x=256",)
    assert any("n=257, threads_x=64: the source itself fails" in n for n in found.notes)


def test_one_constant_at_some_places_is_evidence() -> None:
    def masks(a: dict[str, Array], _job: Job) -> None:
        a["y"][1::3] = -1e9

    def everywhere(a: dict[str, Array], _job: Job) -> None:
        a["y"][...] = -1e9

    found = evidence(masks, masks)
    assert isinstance(found, Unverified)
    assert "tells nothing about" in found.reason  # of the inputs; the places tell something
    assert isinstance(evidence(masks, everywhere), Refuted)


class ArrayIndexError(IndexError):
    """An index beyond an array of a known size, which only a run with checks notices."""


@pytest.mark.parametrize("always", [False, True])
def test_an_index_that_leaves_an_array_at_some_shapes_is_a_fault_of_the_source(
    always: bool,
) -> None:
    def small_table(a: dict[str, Array], job: Job) -> None:
        saxpy(a, job)
        if always or len(a["y"]) == 1000:
            if not job.unchecked:
                raise ArrayIndexError("index 128 of an array of type float [128]")
            a["y"] += 0 if always else np.float32(len(job.arrays))  # whatever lies behind the array

    found = evidence(small_table, saxpy)
    assert isinstance(found, Passed)
    assert ("n=1000, threads_x=256" in found.shapes) == always
    assert any("1000" in n and "the source itself fails" in n for n in found.notes) != always
    assert any("array indices are not checked" in n for n in found.notes) == always


def unverified(source: Body, candidate: Body, reason: str, name: str = "saxpy") -> None:
    found = evidence(source, candidate, name)
    assert isinstance(found, Unverified), found
    assert reason in found.reason


def test_source_fails_always() -> None:
    def broken(_a: dict[str, Array], _job: Job) -> None:
        raise IndexError("past the end")

    unverified(broken, saxpy, "no shape can be tested")


def test_racy_source() -> None:
    def racy(a: dict[str, Array], job: Job) -> None:
        saxpy(a, job)
        a["y"][3 % len(a["y"])] += job.order

    unverified(racy, racy, "depend on the order of threads")


def test_order_of_float_sums_is_no_race() -> None:
    def total(a: dict[str, Array], job: Job) -> None:
        order = np.random.default_rng(job.order).permutation(len(a["in"]))
        part = np.float32(0)
        for value in a["in"][order]:
            part += value
        a["out"][:] = part

    assert isinstance(evidence(total, total, "block_sum"), Passed)


def nothing(_a: dict[str, Array], _job: Job) -> None:
    return None


def zeros(a: dict[str, Array], _job: Job) -> None:
    a["c"][:] = 0


def sevens(a: dict[str, Array], _job: Job) -> None:
    a["c"][:] = 7


def nans(a: dict[str, Array], _job: Job) -> None:
    a["c"][:] = np.nan


def only_a(a: dict[str, Array], _job: Job) -> None:
    a["c"][:] = a["a"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (nothing, "writes nothing"),
        (zeros, "writes zeros would pass"),
        (sevens, "the same constant"),
        (nans, "every output is NaN"),
        (only_a, "tells nothing about b"),
    ],
)
def test_non_discriminating(body: Body, reason: str) -> None:
    unverified(body, body, reason, "vector_add")


def test_an_identity_is_no_evidence_for_an_update() -> None:
    def same(a: dict[str, Array], _job: Job) -> None:
        a["y"] *= 1

    unverified(same, same, "writes nothing")


def test_refuted_even_where_the_test_is_weak() -> None:
    assert isinstance(evidence(zeros, sevens, "vector_add"), Refuted)


def test_builds() -> None:
    broken = BuildError("expected ';'")
    (found,) = check_runners(Python(saxpy), Python(saxpy, broken), [subject("saxpy")])
    assert isinstance(found, Refuted)
    absent = BuildError("no AVX-512 here", absent=True)
    (found,) = check_runners(Python(saxpy), Python(saxpy, absent), [subject("saxpy")])
    assert found == Unverified("no AVX-512 here")
    (found,) = check_runners(Python(saxpy, broken), Python(saxpy), [subject("saxpy")])
    assert found == Unverified("the source does not build: expected ';'")


def test_the_source_is_run_once_for_several_candidates() -> None:
    source, memory = Python(saxpy), dict[int, Observed]()
    for _ in range(2):
        check_runners(source, Python(saxpy), [subject("saxpy")], observed=memory)
        count = len(source.jobs)
    check_runners(source, Python(saxpy), [subject("saxpy")], observed=memory)
    assert len(source.jobs) == count


def test_another_salt_gives_other_inputs() -> None:
    jobs: list[Job] = []
    for salt in (0, 1):
        source = Python(saxpy)
        check_runners(source, Python(saxpy), [subject("saxpy")], Settings(salt=salt))
        jobs.append(source.jobs[0])
    first, second = (job.arrays[2] for job in jobs)
    assert first.shape == second.shape
    assert first.tobytes() != second.tobytes()


def test_the_reference_is_asked_for_only_when_bits_differ() -> None:
    asked: list[str] = []

    def double(a: dict[str, Array], _job: Job) -> None:
        a["y"][:] = a["y"] + a["alpha"] * a["x"]

    def reference(check: KernelCheck) -> Runner:
        asked.append(check.entry.source_name)
        return Wide(double)

    def inexact(a: dict[str, Array], job: Job) -> None:
        saxpy(a, job)
        a["y"] *= np.float32(1 + 2e-6)

    check_runners(Python(saxpy), Python(saxpy), [subject("saxpy")], references=reference)
    assert not asked
    (found,) = check_runners(
        Python(saxpy), Python(inexact), [subject("saxpy")], references=reference
    )
    assert asked == ["saxpy"]
    assert isinstance(found, Refuted)


class Wide(Python):
    """The same in double."""

    def one(self, job: Job) -> Outcome:
        wide = tuple(x.astype(np.float64) if x.dtype.kind == "f" else x for x in job.arrays)
        arrays = dict(zip((a.name for a in job.arguments), wide, strict=True))
        self.body(arrays, job)
        return Finished(tuple(arrays[a.name] for a in job.arguments if hasattr(a, "elements")))


def test_where_a_flag_is_set_is_evidence() -> None:
    def marks(a: dict[str, Array], _job: Job) -> None:
        a["c"][(a["a"] > 0) & (a["b"] > 0)] = 1

    def all_marks(a: dict[str, Array], _job: Job) -> None:
        a["c"][:] = 1

    assert isinstance(evidence(marks, marks, "vector_add"), Passed)
    assert isinstance(evidence(marks, all_marks, "vector_add"), Refuted)
    assert isinstance(evidence(marks, nothing, "vector_add"), Refuted)
