"""Parameters that only choose: each of their values meets a shape that is not tiny."""

from __future__ import annotations

import pytest

from tests.frontends.lifting import lift_text
from xpiler.verify.cases.case import Case, Formula, ScalarArgument
from xpiler.verify.cases.decisions import decided, decisions
from xpiler.verify.cases.infer import infer_cases
from xpiler.verify.cases.modes import Mode, combinations, modes
from xpiler.verify.cases.roles import scalar_use

HEAD = "__global__ void k(const float *x, float *y, int n, {P}) {{\n"
BODY = "  int i = blockIdx.x * blockDim.x + threadIdx.x;\n  if (i >= n) return;\n  float v = x[i];\n  {B}\n  y[i] = v;\n}}\n"


def text(parameters: str, body: str) -> str:
    return (HEAD + BODY).format(P=parameters, B=body)


def found(parameters: str, body: str) -> dict[str, Mode]:
    (kernel,) = lift_text(text(parameters, body)).lifted
    return modes(kernel.program)


def shapes(source: str) -> list[dict[str, int]]:
    """Sizes and arguments at the shapes of the only kernel's first case."""
    lifted = lift_text(source)
    cases = infer_cases(lifted.lifted[0], lifted.launches)
    assert isinstance(cases, tuple), cases
    return [arguments(case, sizes) for case in cases for sizes in case.shapes]


def arguments(case: Case, sizes: dict[str, int]) -> dict[str, int]:
    values = {
        a.name: a.value.value(sizes)
        for a in case.arguments
        if isinstance(a, ScalarArgument) and isinstance(a.value, Formula)
    }
    return {name: v for name, v in values.items() if isinstance(v, int)}


@pytest.mark.parametrize(
    ("parameters", "body", "values"),
    [
        ("int m", "if (m) v = -v;", {0, 1}),
        ("bool m", "if (m) v = -v;", {0, 1}),
        ("bool m", "v += m;", {0, 1}),
        ("int m", "switch (m) { case 1: v = 1; break; case 4: v += 2; break; default: v = 3; }", {0, 1, 4}),
        ("int m", "if (m < 2) v = 1; else if (m <= 5) v = 2;", {0, 2, 6}),
        ("int m", "if (m & 1) v = -v; if (m & 4) v *= 2;", {0, 1, 4, 5}),
        ("unsigned m", "bool odd = (m >> 2) & 1; v = odd ? v : -v;", {4}),
        ("unsigned m", "if ((m >> 9) & 1) v = -v;", {512}),
        ("int m", "float w[3] = {1, 2, 4}; v *= w[m];", {0, 1, 2}),
        ("int m", "if (m == 3) v = m * v;", {0, 3}),
        ("int m", "v = i < (m == 7 ? n / 2 : n) ? v : 0;", {0, 7}),
        ("unsigned char m", "if (m == 255) v = 0;", {0, 255}),
    ],
)  # fmt: skip
def test_what_a_kernel_asks_of_a_mode_tells_its_values(
    parameters: str, body: str, values: set[int]
) -> None:
    mode = found(parameters, body)["m"]
    assert values <= {*mode.values, *mode.beside}


@pytest.mark.parametrize(
    "body",
    [
        "if (i < m) v = -v;",
        "for (int j = 0; j < m; ++j) v *= 2;",
        "v += x[i % m];",
        "if (m > 4096) v = x[(i + m) % n];",
        "int j = i / m; v += j;",
    ],
)
def test_sizes_limits_and_pitches_are_no_modes(body: str) -> None:
    assert found("int m", body) == {}


def test_values_beside_an_edge_are_tested_as_well() -> None:
    mode = found("int m", "if (m == 3) v = 0;")["m"]
    assert {2, 3, 4} <= {*mode.values, *mode.beside}


def test_device_functions_are_looked_into() -> None:
    source = "__device__ float f(float v, int how) { return how == 5 ? v : -v; }\n"
    (kernel,) = lift_text(source + text("int m", "v = f(v, m);")).lifted
    assert 5 in modes(kernel.program)["m"].values


def test_modes_meet_one_another_or_at_least_in_pairs() -> None:
    few = {"a": Mode((0, 1)), "b": Mode((0, 1, 2), (9,))}
    rows = combinations(few)
    assert {(r["a"], r["b"]) for r in rows} >= {(a, b) for a in (0, 1) for b in (0, 1, 2)}
    assert 9 in {r["b"] for r in rows}
    many = {name: Mode((0, 1, 2, 3)) for name in "abcd"}
    rows = combinations(many)
    assert len(rows) <= 30
    for first, second in (("a", "b"), ("a", "d"), ("c", "d")):
        assert len({(r[first], r[second]) for r in rows}) == 16


def test_each_way_is_taken_at_a_shape_with_many_elements() -> None:
    source = text("int m, bool b", "if (m == 2) v = 1; else if (m == 3) v = 2; if (b) v = -v;")
    ample = [s for s in shapes(source) if s["n"] > 100]
    assert {(s["m"], s["b"]) for s in ample} >= {(m, b) for m in (0, 2, 3) for b in (0, 1)}


def test_what_sizes_decide_is_taken_both_ways() -> None:
    source = text("int stride", "if (stride == 1) v = x[i]; else v = x[i * stride];")
    assert {s["stride"] == 1 for s in shapes(source) if s["n"] > 100} == {False, True}
    source = text("int q", "if (n % 8 == 0 && q % 4 == 0) v = x[i + q]; else v = x[i] + x[q];")
    taken = [(s["n"] % 8 == 0, s["q"] % 4 == 0) for s in shapes(source)]
    assert (True, True) in taken


def test_conditions_under_conditions_are_met() -> None:
    (kernel,) = lift_text(
        text("int k", "if (n > 600) { if (n % 2) v = x[i] + k; else v = x[k]; }")
    ).lifted
    rows = decided(decisions(kernel.program), [{"n": 1000, "k": 3}, {"n": 257, "k": 2}], {})
    assert any(row["n"] > 600 and row["n"] % 2 for row in rows)


LAUNCH = "void run(float *x, float *y, int n{P}) {{ {B} }}\n"


def launched(launch: str, parameters: str = "", mode: str = "int m") -> list[dict[str, int]]:
    kernel = text(mode, "if (m == 1) v = 1; else if (m == 2) v = -v;")
    return shapes(kernel + LAUNCH.format(P=parameters, B=launch))


@pytest.mark.parametrize(
    ("launch", "parameters"),
    [
        ("k<<<(n + 255) / 256, 256>>>(x, y, n, mode);", ", int mode"),
        ("k<<<(n + 255) / 256, 256>>>(x, y, n, mode - 4);", ", int mode"),
        ("k<<<(n + 255) / 256, 256>>>(x, y, n, flags & 3);", ", unsigned flags"),
        ("for (int m = 0; m < 3; ++m) k<<<(n + 255) / 256, 256>>>(x, y, n, m);", ""),
        ("k<<<(n + 255) / 256, 256>>>(x, y, n, atoi(s));", ", const char *s"),
    ],
)
def test_the_hosts_variable_brings_all_modes_about(launch: str, parameters: str) -> None:
    ample = [s for s in launched(launch, parameters) if s["n"] > 100]
    assert {s["m"] for s in ample} >= {0, 1, 2}


def test_a_boolean_of_the_host_is_both() -> None:
    kernel = text("bool m", "if (m) v = -v;")
    launch = LAUNCH.format(P=", bool b", B="k<<<(n + 255) / 256, 256>>>(x, y, n, !b);")
    assert {s["m"] for s in shapes(kernel + launch) if s["n"] > 100} == {0, 1}


def test_a_size_that_guards_a_return_is_no_position() -> None:
    """`x[n - 1 - i]` under `if (i >= n) return` took `n` for where threads start: three elements."""
    source = (
        "__global__ void k(const float *x, float *y, int n) {\n"
        "  int i = threadIdx.x; if ({C}) return; y[i] = x[n - 1 - i]; }"
    )
    for condition in ("i >= n", "n <= i", "!(i < n)", "i >= n || i > 40"):
        (kernel,) = lift_text(source.replace("{C}", condition)).lifted
        assert scalar_use(kernel.program.kernels[0], "n") == "size", condition
    (kernel,) = lift_text(
        "__global__ void k(float *a, int n, int p) { int i = threadIdx.x; if (i <= p) return; a[i * n + p] = 0; }"
    ).lifted
    assert scalar_use(kernel.program.kernels[0], "p") == "offset"
