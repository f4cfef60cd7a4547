"""Case files: what is written reads back equal; errors name the file, the line and the key."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xpiler.ir.types import F32, I32, SCALARS
from xpiler.verify.cases.case import (
    BufferArgument,
    Case,
    Concrete,
    Impossible,
    ScalarArgument,
    concrete,
)
from xpiler.verify.cases.case_file import CaseFileError, parse_cases, print_cases, read_cases
from xpiler.verify.cases.distribution import Distribution
from xpiler.verify.cases.formula import Formula

TEXT = """
[[case]]
kernel = "saxpy<float, 4>"
grid = ["ceil_div(n, 256)", 2]
block = 256
shared = "256 * 4"
[case.sizes]
n = [1000, 1, 257]
rows = 3
[case.arguments.n]
value = "n"
[case.arguments.alpha]
type = "f32"
value = 0.5
[case.arguments.x]
elements = "n * rows"
role = "in"
values = "index(max(n, rows))"
[case.arguments.y]
type = "f16"
elements = "n"
role = "inout"
"""


def read(text: str) -> Case:
    cases = parse_cases(text)
    assert isinstance(cases, tuple), cases
    return cases[0]


def test_read() -> None:
    case = read(TEXT)
    assert case.kernel == "saxpy<float, 4>"
    assert case.shapes == ({"n": 1000, "rows": 3}, {"n": 1, "rows": 3}, {"n": 257, "rows": 3})
    first = concrete(case, case.shapes[0])
    assert isinstance(first, Concrete)
    assert (first.grid, first.block, first.shared) == ((4, 2, 1), (256, 1, 1), 1024)
    x = first.buffers[0]
    assert (x.elements, x.kind, x.bounds) == (3000, "index", (1000,))
    assert case.arguments[1] == ScalarArgument("alpha", F32, 0.5)


def test_round_trip_of_a_file(tmp_path: Path) -> None:
    case = read(TEXT)
    path = tmp_path / "case.toml"
    path.write_text(print_cases([case, case]), "utf-8")
    assert read_cases(path) == (case, case)


names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
formulas = st.sampled_from(["n", "7", "ceil_div(n, 32)", "n * 2 + 1", "-3"]).map(Formula)
distributions = st.sampled_from(
    [
        Distribution(),
        Distribution("bits"),
        Distribution("index", (Formula("n"),)),
        Distribution("uniform", (Formula("-1"), Formula("max(n, 2)"))),
    ]
)
scalars = st.sampled_from([t for n, t in SCALARS.items() if n != "void"])
buffer_arguments = st.builds(
    BufferArgument,
    names,
    scalars,
    formulas,
    st.sampled_from(["in", "out", "inout", "scratch"]),
    distributions,
)
reals = st.floats(allow_nan=False, allow_infinity=False, width=32)
scalar_arguments = st.one_of(
    st.builds(ScalarArgument, names, st.just(I32), formulas | distributions),
    st.builds(ScalarArgument, names, st.just(F32), reals),
)
cases = st.builds(
    Case,
    kernel=st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1),
    grid=st.tuples(formulas, formulas, formulas),
    block=st.tuples(formulas, formulas, formulas),
    shared=formulas,
    sizes=st.just((("n", (5, 6)), ("m", (1,)))),
    arguments=st.lists(
        buffer_arguments | scalar_arguments, max_size=4, unique_by=lambda a: a.name
    ).map(tuple),
    note=st.sampled_from(["", 'a "note"\n']),
)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(cases, min_size=1, max_size=2).map(tuple))
def test_round_trip(given_cases: tuple[Case, ...]) -> None:
    assert parse_cases(print_cases(given_cases)) == given_cases


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "reason"),
    [
        ('role = "in"\n', 'role = "input"\n', 17, "arguments.x.role", "must be one of"),
        (
            'elements = "n * rows"',
            'elements = "n * cols"',
            16,
            "arguments.x.elements",
            "not a size",
        ),
        ("n = [1000, 1, 257]", "n = [1000, 1.5]", 8, "sizes.n", "list of integers"),
        ("rows = 3", "rows = [3, 4]", 7, "sizes", "differ in length (n: 3, rows: 2)"),
        ("block = 256", 'block = "256 +"', 5, "block", "not a formula"),
        ("block = 256", "block = [1, 2, 3, 4]", 5, "block", "one to three"),
        ('type = "f32"', 'type = "float"', 13, "arguments.alpha.type", "unknown type"),
        ("shared =", "shard =", 6, "shard", "unknown key"),
        ("index(max(n, rows))", "index()", 18, "arguments.x.values", "takes 1 argument"),
        ("index(max(n, rows))", "indices(3)", 18, "arguments.x.values", "unknown distribution"),
        ("value = 0.5", "", 12, "arguments.alpha", "needs `elements`"),
        ('"saxpy<float, 4>"', "3", 3, "kernel", "must name the kernel"),
    ],
)
def test_errors_point_at_the_key(old: str, new: str, line: int, key: str, reason: str) -> None:
    assert old in TEXT
    error = parse_cases(TEXT.replace(old, new, 1), "saxpy.toml")
    assert isinstance(error, CaseFileError)
    assert error.key == f"case[0].{key}"
    assert reason in error.reason
    assert str(error).startswith(f"saxpy.toml:{line}: ")


def test_error_in_the_toml_itself() -> None:
    error = parse_cases("[[case]]\nkernel = \n", "a.toml")
    assert isinstance(error, CaseFileError)
    assert error.line == 2


@pytest.mark.parametrize("text", ["", "x = 1", "case = 3", "[case]\nkernel = 'k'"])
def test_no_case(text: str) -> None:
    assert isinstance(parse_cases(text), CaseFileError)


def test_missing_file(tmp_path: Path) -> None:
    error = read_cases(tmp_path / "no.toml")
    assert isinstance(error, CaseFileError)
    assert "no.toml" in str(error)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("block = 256", "block = 2048", "more than 1024 threads"),
        ("ceil_div(n, 256)", "n / 100000", "grid.x is 0"),
        ('"n * rows"', '"n - 2000"', "elements of x is -1000"),
        ('"n * rows"', '"n * n * n"', "would have 1000000000 elements"),
    ],
)
def test_impossible_launches(old: str, new: str, reason: str) -> None:
    case = read(TEXT.replace(old, new, 1))
    found = concrete(case, case.shapes[0])
    assert isinstance(found, Impossible)
    assert reason in found.reason
