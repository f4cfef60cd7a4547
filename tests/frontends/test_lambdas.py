"""Lambdas that kernels take become named function objects; what today's C++ has is translated and verified."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from xpiler.api import Settings, translate, verify_pair
from xpiler.driver.report import InputError
from xpiler.driver.source import Source, lift_whole, read_source
from xpiler.frontends.lambdas import closures, hoisted
from xpiler.frontends.lift import LiftedFile, lift
from xpiler.verify.evidence import Refuted, is_verified, summary

MODERN = Path(__file__).parent / "modern.cu"
KERNEL = (
    "template <class F> __global__ void each(int n, F f) { if (threadIdx.x < n) f(threadIdx.x); }\n"
)


def whole(text: str, folder: Path) -> tuple[Source, LiftedFile]:
    path = folder / "a.cu"
    path.write_text(text)
    source = read_source(path)
    assert isinstance(source, Source)
    found = lift_whole(source)
    assert not isinstance(found, InputError)
    return found


def test_what_is_captured_becomes_fields(tmp_path: Path) -> None:
    launch = "void go(float *y, const float a) { each<<<1, 32>>>(32, [=] __device__ (int i) { y[i] *= a; }); }"
    source, lifted = whole(KERNEL + launch, tmp_path)
    assert "struct go_lambda {\n  float *y;\n  float a;\n" in source.text
    assert "each<<<1, 32>>>(32, go_lambda{y, a});" in source.text
    (kernel,) = lifted.lifted
    assert kernel.source_name == "each<go_lambda>"
    assert [p.origin for p in kernel.program.kernels[0].params] == ["", "f.y", "f.a"]


@pytest.mark.parametrize(
    ("lambda_", "struct"),
    [
        ("[=] __device__ (auto i) mutable { y[i] *= a; }", "auto operator()(Arg0 i) {"),
        ("[=] __device__ (int i) -> float { return y[i] *= a; }", "const -> float {"),
        ("[y, b = a * 2] __device__ (int i) { y[i] = b; }", "  float b;\n"),
        ("[=] __device__ (int i) { y[i] = K; }", "{ constexpr int K = 3; y[i] = K; }"),
        ("[=] __device__ (int i) { y[i] = T(a); }", "{ using T = float; y[i] = T(a); }"),
    ],
)
def test_forms_of_lambdas(lambda_: str, struct: str, tmp_path: Path) -> None:
    before = "const int K = 3; using T = float;"
    launch = f"void go(float *y, float a) {{ {before} each<<<1, 32>>>(32, {lambda_}); }}"
    source, lifted = whole(KERNEL + launch, tmp_path)
    assert struct in source.text
    assert not lifted.refused


@pytest.mark.parametrize(
    "lambda_",
    [
        "[&r] __device__ (int i) { y[i] = r; }",
        "[=] __device__ (int i) { y[i] = w[i & 3]; }",
        "[=] __device__ (int i) { L l{a}; y[i] = l.v; }",
    ],
)
def test_a_lambda_that_no_object_can_stand_for_stays(lambda_: str, tmp_path: Path) -> None:
    body = f"float w[4] = {{a}}; float &r = a; struct L {{ float v; }}; each<<<1, 32>>>(32, {lambda_});"
    source, lifted = whole(f"{KERNEL}float *y;\nvoid go(float a) {{ {body} }}", tmp_path)
    assert lambda_ in source.text
    assert len(lifted.refused) == 1


FIELD = """struct Field {
  float *p; int n; float s;
  int size() const { return n; }
  void go() { each<<<1, 32>>>(n, LAMBDA); }
  void other() { float *q = p; each<<<1, 32>>>(n, [=] __device__ (int i) { q[i] = 1; }); }
};
int main() { Field f; f.n = 20; f.s = 2; cudaMalloc(&f.p, 80); f.go(); f.other(); }
"""


def field(lambda_: str) -> str:
    return KERNEL + FIELD.replace("LAMBDA", lambda_)


@pytest.mark.parametrize("read", ["p[i] *= s", "this->p[i] *= this->s"])
def test_members_of_a_copied_object_become_fields(read: str, tmp_path: Path) -> None:
    source, lifted = whole(field(f"[*this] __device__ (int i) {{ {read}; }}"), tmp_path)
    if "this->" not in read:
        assert "go_lambda{p, s}" in source.text
    assert "float *p;\n  float s;" in source.text
    assert not lifted.refused
    assert {k.source_name for k in lifted.lifted} == {"each<go_lambda>", "each<other_lambda>"}


@pytest.mark.parametrize("captures", ["=", "this"])
def test_members_of_the_hosts_object_are_refused_alone(captures: str, tmp_path: Path) -> None:
    source, lifted = whole(field(f"[{captures}] __device__ (int i) {{ p[i] *= s; }}"), tmp_path)
    assert f"[{captures}] __device__" in source.text
    (refused,) = lifted.refused
    assert "of the object that launches it" in refused.diagnostic.message
    assert refused.diagnostic.hint == "capture [*this], or a local copy of the member"
    assert [k.source_name for k in lifted.lifted] == ["each<other_lambda>"]


def test_a_lambda_that_calls_members_stays(tmp_path: Path) -> None:
    source, _ = whole(field("[*this] __device__ (int i) { p[i] = size(); }"), tmp_path)
    assert "[*this] __device__" in source.text


@pytest.mark.parametrize("target", ["avx512", "bang"])
def test_a_launch_with_a_lambda_that_stays_says_so(target: str, tmp_path: Path) -> None:
    path = tmp_path / "a.cu"
    path.write_text(field("[=] __device__ (int i) { p[i] *= s; }"))
    report = translate(path, target, Settings(out=tmp_path / "out", verify=False))
    assert not isinstance(report, InputError)
    assert "] __device__" not in (report.text or "")
    assert "each" in (report.text or "")


def test_lines_are_those_of_the_file_as_it_stands(tmp_path: Path) -> None:
    launch = "void go(float *y) {\n  each<<<1, 32>>>(32, [=] __device__ (int i) {\n    y[i] = *new float;\n  });\n}\n"
    source, lifted = whole(KERNEL + launch, tmp_path)
    assert "go_lambda" in source.text
    (refused,) = lifted.refused
    assert refused.span is not None
    assert refused.span.line == 4


def test_every_line_of_the_new_text_comes_from_one_of_the_old() -> None:
    text = MODERN.read_text()
    found = lift(text, MODERN)
    assert isinstance(found, LiftedFile)
    names = [getattr(k, "source_name", k.name) for k in found.kernels]
    new = hoisted(text, MODERN, closures(names, MODERN))
    old, lines = text.splitlines(), new.text.splitlines()
    assert len(new.lines) >= len(lines)
    for k, line in enumerate(lines):
        if old.count(line) == 1 and lines.count(line) == 1:
            assert old[new.lines[k] - 1] == line


@pytest.mark.slow
@pytest.mark.parametrize("target", ["avx512", "bang", "hip"])
def test_kernels_that_take_functions_are_verified(target: str, tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    report = translate(MODERN, target, Settings(out=out))
    assert not isinstance(report, InputError)
    assert len(report.kernels) == 16
    for kernel in report.kernels:
        assert is_verified(kernel.evidence), f"{kernel.name}: {summary(kernel.evidence)}"
    text = out.read_text()
    if target == "hip":  # which has lambdas itself: the file keeps them
        assert len(re.findall(r"\] __device__\(", text)) == 4
    else:
        assert "] __device__" not in text
    if target == "avx512":
        command = ["g++", "-std=c++17", "-fopenmp", "-fsyntax-only"]
        command += ["-march=icelake-server", "-x", "c++", str(out)]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr


@pytest.mark.slow
def test_a_file_that_keeps_its_lambdas_is_compared(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("a.cu", "b.hip", "c.hip"))
    body = "void go(int n, float a, float *y) { each<<<1, 32>>>(n, [=] __device__ (int i) { y[i] *= a; }); }"
    first.write_text(KERNEL + body)
    report = translate(first, "hip", Settings(out=second, verify=False))
    assert not isinstance(report, InputError)
    third.write_text(second.read_text().replace("y[i] *= a", "y[i] += a"))
    same, other = verify_pair(first, second), verify_pair(first, third)
    assert not isinstance(same, InputError)
    assert not isinstance(other, InputError)
    assert is_verified(same["each<go_lambda>"])
    assert isinstance(other["each<go_lambda>"], Refuted)


def test_the_first_parameter_follows_a_name_of_any_length(tmp_path: Path) -> None:
    """What calls a kernel for the harness looks for it there."""
    path = tmp_path / "a.cu"
    name = "a_name_" * 15 + "k"
    path.write_text(
        f"template <class T> __global__ void {name}(T *x) {{ x[threadIdx.x] = 1; }}\n"
        f"void go(float *x) {{ {name}<float><<<1, 32>>>(x); }}\n"
    )
    report = translate(path, "avx512", Settings(out=tmp_path / "a.cpp", verify=False))
    assert not isinstance(report, InputError)
    assert f"void {name}_float(xp_dim3 grid," in (tmp_path / "a.cpp").read_text()
