"""The table of cases: complete, within its cost cap, its sources renderable and callable."""

from __future__ import annotations

import re

import pytest

from benchmarks.cases import SUITE, all_cases, ci_cases, ci_work, source
from benchmarks.model import FULL_CAP, Case
from benchmarks.operators import ALL
from benchmarks.signature import read_signature

CASES = all_cases()


def test_thirty_six_operators_of_eight_shapes() -> None:
    assert len(ALL) == 36
    assert len({operator.name for operator in ALL}) == 36
    assert all(len(operator.shapes) == 8 for operator in ALL)
    assert len(CASES) == 288


def test_twenty_one_operators_have_published_shapes() -> None:
    assert sum(operator.kind != "further" for operator in ALL) == 21
    gemm = next(operator for operator in ALL if operator.name == "gemm")
    assert gemm.shapes[1].label == "1024x128x4096"
    assert gemm.shapes[1].dims == {"m": 1024, "k": 128, "n": 4096}


def test_every_operator_has_several_styles_and_each_meets_a_shape() -> None:
    for operator in ALL:
        assert len(operator.styles) >= 2
        files = {path.stem for path in (SUITE / operator.name).glob("*.cu")}
        assert files == {style.name for style in operator.styles}
    assert {case.style for case in ci_cases()} <= {case.style for case in CASES}


def test_ci_meets_each_operator_on_each_target_and_each_style() -> None:
    work = ci_work(ALL, ("hip", "avx512", "bang"))
    assert len({(case.operator.name, target) for case, target in work}) == 3 * 36
    assert {(case.operator.name, case.style.name) for case, _ in work} == {
        (operator.name, style.name) for operator in ALL for style in operator.styles
    }


def test_element_types_and_hardware_features_are_covered() -> None:
    text = "".join(path.read_text() for path in SUITE.rglob("*.cu"))
    for word in (
        "half",
        "__nv_bfloat16",
        "int8_t",
        "wmma::",
        "__dp4a",
        "__shfl_xor_sync",
        "float4",
    ):
        assert word in text
    for word in ("half2", "extern __shared__", "atomicAdd", "__constant__", "__syncwarp"):
        assert word in text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case_renders_and_its_signature_names_its_tensors(case: Case) -> None:
    text = source(case)
    assert "${" not in text
    parameters = read_signature(text, case.symbol).parameters
    read = [p.name for p in parameters if p.pointer and p.const]
    assert read == [t.name for t in case.operator.tensors(case.dims, case.style)]
    assert sum(p.pointer and not p.const for p in parameters) == 1
    sizes = {p.name for p in parameters if not p.pointer}
    assert sizes <= {*case.dims, "eps"}


def test_costs_stay_under_the_cap_unless_the_floor_is_reached() -> None:
    for case in CASES:
        at_floor = all(
            case.dims[floor.dim] <= max(floor.full, 0) or floor.full >= case.shape.dims[floor.dim]
            for floor in case.operator.floors
        )
        assert case.operator.work(case.dims) <= FULL_CAP or at_floor, case.name


def test_reductions_are_recorded() -> None:
    case = next(c for c in CASES if c.operator.name == "self_attention")
    assert re.fullmatch(r"planes 6 -> 2, queries 2048 -> \d+", case.reduction)
    assert case.dims["seq"] == 2048


def test_a_host_function_without_the_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="no extern"):
        read_signature("int main() {}", "gemm_baked")
