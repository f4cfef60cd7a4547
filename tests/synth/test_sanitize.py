"""Bounds, races, integers and barriers for all sizes: right kernels are shown, wrong ones refuted by name."""

from __future__ import annotations

from pathlib import Path

import pytest
import z3

from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import parse_module
from xpiler.synth.proofs.sanitize import sanitize
from xpiler.synth.proofs.verdicts import (
    Divergent,
    Fits,
    Free,
    Inside,
    KernelVerdict,
    MayWrap,
    NotShown,
    Outside,
    Race,
    Together,
    lines,
    problems,
    verdict_to_json,
)
from xpiler.synth.repair.solve import Query
from xpiler.verify.cases.case_file import read_cases

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FACTS = (
    "launch_facts(blockDim.x = 64, blockDim.y = 1, blockDim.z = 1, gridDim.y = 1, gridDim.z = 1)\n"
)
ROWS = """
[[case]]
kernel = "k"
grid = "n"
block = 64
[case.sizes]
n = [3, 1, 5]
m = [70, 1, 64]
[case.arguments.x]
type = "f32"
elements = "n * m"
role = "in"
[case.arguments.y]
type = "f32"
elements = "n * m"
role = "inout"
[case.arguments.n]
type = "i32"
value = "n"
[case.arguments.m]
type = "i32"
value = "m"
"""
LINE = ROWS.replace('grid = "n"', 'grid = "ceil_div(n * m, 64)"')


def kernel(body: str) -> Module:
    head = "__global__ void k(const f32 *x, f32 *y, i32 n, i32 m) {\n"
    return parse_module(FACTS + head + body + "}\n")


def found(body: str, cases: str = ROWS, tmp: Path = Path("/tmp")) -> KernelVerdict:
    path = tmp / "case.toml"
    path.write_text(cases, encoding="utf-8")
    read = read_cases(path)
    assert isinstance(read, tuple)
    return sanitize(kernel(body), read, 20.0)


ROW = """
  i32 row = (i32)blockIdx.x;
  for (i32 i = (i32)threadIdx.x; i < m; i += 64) {
    y[row * m + i] = x[row * m + i] * 2.0f;
  }
"""
TREE = """
  __shared__ f32 s[64];
  s[threadIdx.x] = x[0];
  __syncthreads();
  i32 d = 32;
  while (d > 0) {
    if ((i32)threadIdx.x < d) {
      s[threadIdx.x] += s[threadIdx.x + (u32)d];
    }
    __syncthreads();
    d >>= 1;
  }
  if (threadIdx.x == 0u) {
    y[(i32)blockIdx.x * m] = s[0];
  }
"""
TILES = """
  __shared__ f32 s[64];
  f32 sum = 0.0f;
  for (i32 t = 0; t < m; t += 64) {
    s[threadIdx.x] = t + (i32)threadIdx.x < m ? x[(i32)blockIdx.x * m + t + (i32)threadIdx.x] : 0.0f;
    __syncthreads();
    for (i32 j = 0; j < 64; j += 1) {
      sum += s[j];
    }
    __syncthreads();
  }
  if ((i32)threadIdx.x < m) {
    y[(i32)blockIdx.x * m + (i32)threadIdx.x] = sum;
  }
"""


@pytest.mark.parametrize("body", [ROW, TREE, TILES], ids=["rows", "tree", "tiles"])
def test_right_kernels_are_shown(body: str, tmp_path: Path) -> None:
    verdict = found(body, tmp=tmp_path)
    assert verdict.shown, lines(verdict)
    assert all(isinstance(a.verdict, Inside) for a in verdict.accesses)
    assert isinstance(verdict.races, Free)
    assert isinstance(verdict.barriers, Together)
    assert isinstance(verdict.overflow, Fits)
    assert problems(verdict) == ()
    assert "proved for all sizes" in lines(verdict)[0]
    assert verdict_to_json(verdict)["shown"] is True


@pytest.mark.parametrize(
    ("body", "old", "new"),
    [
        (ROW, "i < m", "i <= m"),
        (ROW, "y[row * m + i]", "y[row * m + i + 1]"),
        (ROW, "x[row * m + i]", "x[row * m + i - 1]"),
        (ROW, "x[row * m + i]", "x[row * n + i]"),
        (ROW, "x[row * m + i]", "x[i * m + row]"),
        (TREE, "i32 d = 32", "i32 d = 64"),
        (TREE, "< d)", "<= d)"),
        (TREE, "s[64]", "s[63]"),
        (TILES, "j < 64", "j < 65"),
        (TILES, "t + (i32)threadIdx.x < m ?", "t < m ?"),
        (TILES, "if ((i32)threadIdx.x < m)", "if ((i32)threadIdx.x <= m)"),
    ],
)
def test_what_leaves_its_array_is_refuted(body: str, old: str, new: str, tmp_path: Path) -> None:
    assert old in body
    verdict = found(body.replace(old, new, 1), tmp=tmp_path)
    wrong = [a.verdict for a in verdict.accesses if isinstance(a.verdict, Outside)]
    assert wrong, lines(verdict)
    assert not 0 <= wrong[0].index < wrong[0].extent
    assert "is out of bounds: thread" in lines(verdict)[0]


WAIT = "    __syncthreads();\n"


@pytest.mark.parametrize(
    ("body", "old", "new"),
    [
        (TREE, "  s[threadIdx.x] = x[0];\n  __syncthreads();\n", "  s[threadIdx.x] = x[0];\n"),
        (TREE, WAIT + "    d >>= 1;", "    d >>= 1;"),
        (TREE, "s[threadIdx.x] += s[threadIdx.x + (u32)d]", "s[threadIdx.x / 2u] += s[0]"),
        (TILES, WAIT + "    for", "    for"),
        (TILES, WAIT + "  }\n  if", "  }\n  if"),
        (TILES, "s[threadIdx.x] = t", "s[threadIdx.x / 2u] = t"),
        (ROW, "y[row * m + i]", "y[i]"),
        (ROW, "y[row * m + i]", "y[row]"),
        (ROW, "y[row * m + i]", "y[row * m]"),
    ],
)
def test_races_are_refuted(body: str, old: str, new: str, tmp_path: Path) -> None:
    assert old in body
    verdict = found(body.replace(old, new, 1), tmp=tmp_path)
    assert isinstance(verdict.races, Race), lines(verdict)
    assert "both touch" in verdict.races.sentence


def test_a_missing_barrier_is_told_as_a_person_would(tmp_path: Path) -> None:
    from xpiler.api import Settings, check
    from xpiler.driver.memory import Checked, diagnostics_of

    source = tmp_path / "k.cu"
    source.write_text(
        "__global__ void shift(const float *in, float *out) {\n"
        "  __shared__ float part[65];\n"
        "  part[threadIdx.x] = in[blockIdx.x * 64 + threadIdx.x];\n"
        "  out[blockIdx.x * 64 + threadIdx.x] = part[threadIdx.x + 1];\n"
        "}\n"
        "void run(float *in, float *out, int blocks) {\n"
        "  float *a, *b;\n"
        "  cudaMalloc(&a, blocks * 64 * sizeof(float));\n"
        "  cudaMalloc(&b, blocks * 64 * sizeof(float));\n"
        "  cudaMemcpy(a, in, blocks * 64 * sizeof(float), cudaMemcpyHostToDevice);\n"
        "  shift<<<blocks, 64>>>(a, b);\n"
        "  cudaMemcpy(out, b, blocks * 64 * sizeof(float), cudaMemcpyDeviceToHost);\n"
        "}\n",
        encoding="utf-8",
    )
    result = check(source, Settings())
    assert isinstance(result, tuple)
    (checked,) = result
    assert isinstance(checked, Checked)
    (race,) = diagnostics_of(checked)
    assert race.code == "XP4102"
    who = "threads 0 and 1 of a block both touch part[1] with no barrier between"
    assert race.message.startswith(f"{who}: one reads it in line 4, the other writes it in line 3")
    assert "__syncthreads()" in race.hint


def test_a_barrier_that_only_some_reach(tmp_path: Path) -> None:
    body = "  __shared__ f32 s[64];\n  if (threadIdx.x < 32u) {\n    __syncthreads();\n  }\n  s[threadIdx.x] = 0.0f;\n"
    verdict = found(body, tmp=tmp_path)
    assert isinstance(verdict.barriers, Divergent)
    assert isinstance(verdict.races, NotShown)
    uniform = body.replace("threadIdx.x < 32u", "blockIdx.x < 2u")
    assert isinstance(found(uniform, tmp=tmp_path).barriers, Together)


def test_threads_that_have_ended_are_not_waited_for(tmp_path: Path) -> None:
    body = "  if ((i32)threadIdx.x >= m) {\n    return;\n  }\n  __syncthreads();\n  y[threadIdx.x] = 1.0f;\n"
    assert isinstance(found(body, tmp=tmp_path).barriers, Together)


def test_a_barrier_of_a_warp_keeps_only_its_own_lanes_apart(tmp_path: Path) -> None:
    body = (
        "  __shared__ f32 s[64];\n  s[threadIdx.x] = x[0];\n  __syncwarp();\n"
        "  y[(i32)blockIdx.x * m] = s[PLACE];\n"
    )
    near = body.replace("y[(i32)blockIdx.x * m] =", "f32 v =")
    lane = near.replace("PLACE", "threadIdx.x ^ 1u")
    assert isinstance(found(lane, tmp=tmp_path).races, Free)
    assert isinstance(found(near.replace("PLACE", "63u - threadIdx.x"), tmp=tmp_path).races, Race)
    none = lane.replace("  __syncwarp();\n", "")
    assert isinstance(found(none, tmp=tmp_path).races, Race)


def test_atomics_do_not_race_but_what_reads_beside_them_does(tmp_path: Path) -> None:
    add = "  atomicAdd(&y[0], 1.0f);\n"
    assert isinstance(found(add, tmp=tmp_path).races, Free)
    assert isinstance(found(add + "  f32 v = y[0];\n", tmp=tmp_path).races, Race)


def test_stores_of_one_number_are_counted_apart(tmp_path: Path) -> None:
    verdict = found("  y[0] = 1.0f;\n", tmp=tmp_path)
    assert verdict.races == Free(1, 1)
    assert "store one and the same number" in lines(verdict)[1]
    assert isinstance(found("  y[0] = x[blockIdx.x];\n", tmp=tmp_path).races, Race)


def test_a_break_leaves_what_was_counted(tmp_path: Path) -> None:
    """What a loop leaves behind where it is left early is not what its iterations begin with."""
    body = (
        "  i32 k = 0;\n  for (i32 i = 0; i < m; i += 1) {\n    k = 1000000;\n"
        "    if (x[0] > 1.0f) {\n      break;\n    }\n    k = 0;\n  }\n  y[k] = 1.0f;\n"
    )
    assert not found(body, tmp=tmp_path).shown
    right = body.replace("1000000", "0")
    assert found(right, tmp=tmp_path).inside == len(found(right, tmp=tmp_path).accesses)


LEFT = """
  __shared__ f32 s[64];
  f32 v = 0.0f;
  for (i32 i = 0; i < m; i += 1) {
    s[threadIdx.x] = x[0];
    __syncthreads();
    v = s[63u - threadIdx.x];
    if (i == n) {
      break;
    }
    __syncthreads();
  }
  WAIT
  s[threadIdx.x] = v;
"""


def test_what_precedes_a_break_meets_what_follows_the_loop(tmp_path: Path) -> None:
    assert isinstance(found(LEFT.replace("WAIT", ""), tmp=tmp_path).races, Race)
    assert isinstance(found(LEFT.replace("WAIT", "__syncthreads();"), tmp=tmp_path).races, Free)


def test_a_barrier_that_an_iteration_may_pass_by(tmp_path: Path) -> None:
    body = LEFT.replace("break", "continue").replace("WAIT", "__syncthreads();")
    assert not isinstance(found(body, tmp=tmp_path).races, Free)


def test_unsigned_differences_wrap(tmp_path: Path) -> None:
    body = "  if (threadIdx.x - 1u > 5u) {\n    y[threadIdx.x - 1u] = 1.0f;\n  }\n"
    verdict = found(body, tmp=tmp_path)
    assert isinstance(verdict.accesses[0].verdict, Outside)
    guarded = "  if (threadIdx.x - 1u < (u32)m) {\n    y[threadIdx.x - 1u] = 1.0f;\n  }\n"
    assert isinstance(found(guarded, tmp=tmp_path).accesses[0].verdict, Inside)


def test_integers_that_wrap_are_a_question_of_their_own(tmp_path: Path) -> None:
    """`(m + 63) / 64` is past an int for the longest rows; the accesses are right as long as it is not."""
    body = ROW.replace("i < m", "i < (m + 63) / 64 * 64 && i < m").replace(
        "for (i32 i = (i32)threadIdx.x; i < (m + 63) / 64 * 64 && i < m; i += 64) {",
        "i32 end = (m + 63) / 64 * 64;\n  for (i32 i = (i32)threadIdx.x; i < min(end, m); i += 64) {",
    )
    verdict = found(body, tmp=tmp_path)
    assert verdict.inside == len(verdict.accesses)
    assert isinstance(verdict.overflow, Fits)
    assert verdict.overflow.bits == 30
    assert verdict.overflow.beyond is not None
    assert max(v for _, v in verdict.overflow.beyond.sizes) > 2**31 - 64
    assert "for all sizes below 2^30" in lines(verdict)[0]
    worse = found(body.replace("(m + 63)", "(4 * m + 63)"), tmp=tmp_path)
    assert isinstance(worse.overflow, MayWrap)
    assert not worse.shown
    assert "at which no integer wraps round" in lines(worse)[0]


def test_the_least_number_has_no_opposite(tmp_path: Path) -> None:
    body = "  __shared__ i32 s[64];\n  i32 j = abs(s[threadIdx.x]);\n  if (j < m) {\n    f32 v = x[j % m];\n  }\n"
    assert not isinstance(found(body, tmp=tmp_path).overflow, Fits)


def test_a_quotient_is_towards_zero(tmp_path: Path) -> None:
    """-5 / n is 0 for larger n: more than -5, which once was its bound."""
    body = "  i32 q = (-5 - (i32)threadIdx.x) / n;\n  __shared__ f32 s[70];\n  s[PLACE] = 1.0f;\n"
    right = found(body.replace("PLACE", "0 - q"), tmp=tmp_path)
    assert right.inside == 1, lines(right)
    wrong = found(body.replace("PLACE", "-1 - q"), tmp=tmp_path)
    assert isinstance(wrong.accesses[0].verdict, Outside), lines(wrong)


def test_positions_lie_where_the_case_draws_them(tmp_path: Path) -> None:
    cases = ROWS.replace('type = "f32"\nelements = "n * m"\nrole = "in"', "POSITIONS")
    text = 'type = "i32"\nelements = "n"\nrole = "in"\nvalues = "index(m)"'
    body = "  if (threadIdx.x == 0u) {\n    y[x[blockIdx.x]] = 1.0f;\n  }\n"
    path = tmp_path / "case.toml"
    path.write_text(cases.replace("POSITIONS", text), encoding="utf-8")
    read = read_cases(path)
    assert isinstance(read, tuple)
    head = "__global__ void k(const i32 *x, f32 *y, i32 n, i32 m) {\n"
    verdict = sanitize(parse_module(FACTS + head + body + "}\n"), read)
    assert verdict.inside == len(verdict.accesses) == 2
    assert any("values of x" in n for n in verdict.notes)


def test_sizes_that_the_case_does_not_have_are_no_error(tmp_path: Path) -> None:
    """Rows of the case are longer than 1: nothing says whether the host makes shorter ones."""
    cases = ROWS.replace("m = [70, 1, 64]", "m = [70, 5, 64]")
    body = "  if (threadIdx.x < 2u) {\n    y[(i32)blockIdx.x * m + (i32)threadIdx.x] = x[0];\n  }\n"
    (outside,) = [
        a.verdict for a in found(body, cases, tmp_path).accesses if isinstance(a.verdict, Outside)
    ]
    assert not outside.own
    told = verdict_to_json(found(body, cases, tmp_path))["bounds"]["accesses"]
    (wrong,) = [a for a in told if a["verdict"] == "outside"]
    assert (wrong["severity"], wrong["own"]) == ("warning", False)
    assert wrong["sizes"]["m"] == 1
    assert wrong["thread"].startswith("thread 1 of block")
    (worse,) = [
        a.verdict
        for a in found(body.replace("< 2u", "< 9u"), cases, tmp_path).accesses
        if isinstance(a.verdict, Outside)
    ]
    assert worse.own


def test_what_memory_holds_is_no_counterexample(tmp_path: Path) -> None:
    body = "  __shared__ i32 s[64];\n  y[s[threadIdx.x]] = 1.0f;\n"
    verdict = found(body, tmp=tmp_path)
    assert [a.verdict for a in verdict.accesses if a.text.startswith("y")] == [
        NotShown("it depends on values in memory")
    ]
    assert isinstance(verdict.races, Free)


def test_no_time_is_no_proof(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(ROWS, encoding="utf-8")
    read = read_cases(path)
    assert isinstance(read, tuple)
    verdict = sanitize(kernel(ROW), read, 0.0)
    assert not verdict.shown
    assert isinstance(verdict.races, NotShown)


def test_questions_can_be_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(ROWS, encoding="utf-8")
    read = read_cases(path)
    assert isinstance(read, tuple)
    asked: list[Query] = []
    sanitize(kernel(TILES), read, note=asked.append)
    assert len(asked) > 5
    for query in asked:
        solver = z3.Solver()
        solver.set("timeout", 4000)
        solver.from_string(query.smt)
        assert str(solver.check()) in (query.answer, "unknown")


def test_what_the_facts_say_is_possible(tmp_path: Path) -> None:
    """A proof from facts that contradict each other would show anything: each access is reached at some sizes."""
    from xpiler.synth.proofs.setting import setting
    from xpiler.synth.proofs.thread import run_thread
    from xpiler.synth.proofs.world import World

    path = tmp_path / "case.toml"
    path.write_text(ROWS, encoding="utf-8")
    read = read_cases(path)
    assert isinstance(read, tuple)
    for body in (ROW, TREE, TILES):
        world = World(lambda _: None, float(10**9))
        done = run_thread(kernel(body), setting(read[0], world), world)
        assert not isinstance(done, str)
        for site in {t.site for t in done.touches}:
            touches = [t for t in done.touches if t.site == site]
            assert any(world.example(t.path, {"n": 3, "m": 70}) is not None for t in touches)


SHOWN = {
    "block_reduce": 16,
    "matmul_tiled": 7,
    "softmax": 15,
    "transpose": 4,
}


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.cu")), ids=lambda p: p.stem)
def test_every_kernel_of_the_examples_is_shown(path: Path) -> None:
    whole_file_is_shown(path)


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_kernels_with_barriers_are_shown(name: str) -> None:
    assert whole_file_is_shown(EXAMPLES / f"{name}.cu") == SHOWN[name]


def whole_file_is_shown(path: Path) -> int:
    """The number of accesses of the file's kernels, all of them in bounds, none of them racing."""
    from xpiler.api import check
    from xpiler.driver.memory import Checked

    result = check(path)
    assert isinstance(result, tuple)
    count = 0
    for item in result:
        assert isinstance(item, Checked)
        assert item.verdict.shown, (item.name, lines(item.verdict))
        assert isinstance(item.verdict.barriers, Together)
        count += len(item.verdict.accesses)
    return count
