"""The command line as a user meets it: what is wrong is said, and the exit status says it too."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from xpiler.cli.main import app

SAXPY = """\
__global__ void saxpy(int n, float a, const float *x, float *y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a * x[i] + y[i];
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with a CUDA file, and a terminal wide enough for every message."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    Path("saxpy.cu").write_text(SAXPY)
    return tmp_path


def xpiler(*arguments: str) -> tuple[int, str]:
    """Exit status and all that was said."""
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("translate no.cu -t hip", "there is no file no.cu"),
        ("translate . -t hip", "xpiler port . -o OUT"),
        ("translate saxpy.cu -t hpi", "did you mean hip?"),
        ("translate saxpy.cu -t avx512 --arch x", "avx512 has no option 'arch'"),
        ("translate saxpy.cu -t hip --arch gfx1", "arch is one of"),
        ("translate saxpy.cu -t hip --set arch", "name=value"),
        ("translate saxpy.cu -t hip --rocm new", "a release like 5.7"),
        ("translate saxpy.cu -t hip --engine x", "symbolic, llm and auto"),
        ("translate saxpy.cu -t hip --jobs 0", "x>=1"),
        ("translate saxpy.cu -t hip -o no/x.hip", "there is no directory no"),
        ("translate saxpy.cu -t hip --case no.toml", "no.toml: No such file"),
        ("translate saxpy.cu saxpy.cu -t hip -o x.hip", "a folder for several files"),
        ("translate saxpy.cu saxpy.cu -t hip --report r.json", "--report is for one file"),
        ("translate saxpy.cu -t bang --knob x", "pass.knob=value"),
        ("translate saxpy.cu -t bang --knob fold.x=1", "fold has no knob 'x'"),
        ("translate saxpy.cu -t bang --knob loop_bind.tile=3", "256, 512"),
        ("translate saxpy.cu -t bang --knob loop_bind.tile=true", "not True"),
        ("passes saxpy.cu -t bang -k other", "there are saxpy"),
        ("passes saxpy.cu -t bang --show other", "loop_recovery"),
        ("prompt saxpy.cu -t bang -p tensorise", "tensorize"),
        ("prompt saxpy.cu -t bang -p tensorize -k other", "there are saxpy"),
        ("verify saxpy.cu no.hip", "there is no file no.hip"),
        ("verify saxpy.cu saxpy.txt", "saxpy.txt"),
        ("trace .", "holds no trace"),
        ("cases no.cu", "there is no file no.cu"),
    ],
)
def test_wrong_input_is_said_and_ends_with_status_2(arguments: str, said: str) -> None:
    status, output = xpiler(*arguments.split())
    assert status == 2, output
    assert said in output
    assert [p.name for p in Path().iterdir()] == ["saxpy.cu"]


def test_a_file_that_would_be_overwritten_is_found_before_the_work() -> None:
    Path("saxpy.hip").write_text("mine")
    start = time.perf_counter()
    status, output = xpiler("translate", "saxpy.cu", "-t", "hip")
    assert (status, "--force" in output) == (2, True)
    assert "verified" not in output
    assert time.perf_counter() - start < 30
    assert Path("saxpy.hip").read_text() == "mine"


def test_a_free_name_among_those_of_the_target_is_no_reason_to_stop() -> None:
    Path("saxpy.cpp").write_text("mine")  # the result of this file is C
    status, _ = xpiler("translate", "saxpy.cu", "-t", "avx512", "--no-verify")
    assert status == 1
    assert Path("saxpy.c").is_file()


def test_cases_that_were_edited_are_not_overwritten() -> None:
    assert xpiler("cases", "saxpy.cu", "-o", "c.toml")[0] == 0
    inferred = Path("c.toml").read_text()
    Path("c.toml").write_text("mine")
    assert xpiler("cases", "saxpy.cu", "-o", "c.toml")[0] == 2
    assert Path("c.toml").read_text() == "mine"
    assert xpiler("cases", "saxpy.cu", "-o", "c.toml", "--force")[0] == 0
    assert Path("c.toml").read_text() == inferred


def test_a_case_file_for_another_kernel_is_wrong_input() -> None:
    Path("c.toml").write_text('[[case]]\nkernel = "other"\n')
    status, output = xpiler("translate", "saxpy.cu", "-t", "hip", "--case", "c.toml")
    assert status == 2
    assert "there is no kernel 'other'; there are saxpy" in output


def test_unverified_is_said_once_and_quiet_says_it_too() -> None:
    for flags in ((), ("-q",)):
        status, output = xpiler(
            "translate", "saxpy.cu", "-t", "hip", "--no-verify", "-o", "-", *flags
        )
        assert status == 1
        assert "saxpy: unverified  verification was not asked for" in output


@pytest.mark.parametrize(("name", "warned"), [("out.c", True), ("out.cpp", False), ("x", False)])
def test_a_name_that_means_another_language_is_warned_of(name: str, warned: bool) -> None:
    Path("host.cu").write_text(SAXPY + "#include <vector>\nstd::vector<int> v;\n")
    _, output = xpiler("translate", "host.cu", "-t", "avx512", "--no-verify", "-o", name)
    assert Path(name).exists()
    assert ("XP0022" in output) == warned
    assert ("name it out.cpp" in output) == warned


def test_a_knob_changes_the_plan() -> None:
    def tile(*flags: str) -> str:
        status, output = xpiler("passes", "saxpy.cu", "-t", "bang", "--show", "cache", *flags)
        assert status == 0
        return output

    assert "tile=2048" in tile()
    assert "tile=256" in tile("--knob", "loop_bind.tile=256")
    assert "256" in tile("--knob", "loop_bind.tile=256").split("// after cache")[1]
    assert "tile=2048" not in tile("--knob", "loop_bind.tile=256")


def test_hip_has_no_passes_and_says_so() -> None:
    status, output = xpiler("passes", "saxpy.cu", "-t", "hip")
    assert (status, "hip edits the source" in output) == (0, True)


@pytest.mark.parametrize("target", ["hip", "avx512", "bang"])
def test_headers_and_definitions_of_the_command_line_reach_what_is_run(target: str) -> None:
    Path("inc").mkdir()
    Path("inc/scale.h").write_text("#pragma once\n#define SCALE (TIMES * 3.0f)\n")
    Path("scaled.cu").write_text(
        '#include "scale.h"\n' + SAXPY.replace("a * x[i]", "SCALE * a * x[i]")
    )
    flags = ("-I", "inc", "-D", "TIMES=2.0f")
    status, output = xpiler("translate", "scaled.cu", "-t", target, "-o", f"out.{target}", *flags)
    assert status == 0, output
    assert "verified" in output


def test_two_files_are_compared_with_the_headers_that_both_need() -> None:
    Path("inc").mkdir()
    Path("inc/scale.h").write_text("#define SCALE 3.0f\n")
    text = '#include "scale.h"\n' + SAXPY.replace("a * x[i]", "SCALE * x[i]")
    Path("a.cu").write_text(text)
    Path("b.cu").write_text(text.replace("SCALE", "4.0f"))
    assert xpiler("verify", "a.cu", "a.cu", "-I", "inc")[0] == 0
    status, output = xpiler("verify", "a.cu", "b.cu", "-I", "inc", "--report", "r.json")
    assert status == 1
    assert "refuted" in output
    assert json.loads(Path("r.json").read_text())["saxpy"]["kind"] == "refuted"


def test_doctor_lists_what_is_needed_and_says_what_is_set() -> None:
    Path("xpiler.toml").write_text('[llm]\nmodel = "m"\nbase_url = "http://127.0.0.1:1/v1"\n')
    status, output = xpiler("doctor", "--json")
    found = {row["name"]: row for row in json.loads(output)}
    assert status == 0
    assert all(row["found"] for row in found.values() if row["needed"])
    assert found["language model"]["found"]
    assert "HIP compiler" in found
    Path("xpiler.toml").unlink()
    assert "[llm] in xpiler.toml" in xpiler("doctor")[1]


def test_an_interrupt_leaves_nothing_and_says_so() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "xpiler", "translate", "saxpy.cu", "-t", "bang"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(1.5)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    if process.returncode != 0:  # else it was done before
        # a shell shows 130 for both: Python ends by the signal itself where it came amid an exec
        assert process.returncode in (130, -signal.SIGINT), said
        assert "interrupted" in said
        assert [p.name for p in Path().iterdir()] == ["saxpy.cu"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("", "give -o OUT, or --in-place"),
        ("-o out --arch gfx1", "unknown architecture gfx1"),
        ("-o out --matrix x", "unknown --matrix x"),
        ("-o out --rocm new", "is no release"),
        ("-o out --target cuda", "there is no target 'cuda'"),
        ("-o out --suppress XP9", "--suppress XP9: there is no such code"),
        ("-o out --suppress XP52,,XP53", "--suppress nothing"),
        ("-o out --rules no.toml", "no.toml: No such file"),
    ],
)
def test_what_is_wrong_with_a_port_is_said(flags: str, said: str) -> None:
    Path("tree").mkdir()
    Path("tree/k.cu").write_text(SAXPY)
    status, output = xpiler("port", "tree", *flags.split())
    assert status == 2, output
    assert said in output
    assert not Path("out").exists()


@pytest.mark.slow
def test_bench_knows_its_targets_and_keeps_an_earlier_log() -> None:
    status, output = xpiler("bench", "--ops", "relu", "-t", "hpi")
    assert (status, "there are avx512, bang, hip" in output) == (2, True)
    Path("bench.jsonl").write_text("")
    status, output = xpiler("bench", "--ops", "relu", "--subset", "ci", "-t", "hip", "--json", "r")
    assert status == 0, output
    assert Path("bench.jsonl~").is_file()
    assert all(row["computes"] for row in json.loads(Path("r").read_text()))


def test_several_files_go_into_a_folder_and_a_wrong_one_stops_none(folder: Path) -> None:
    Path("none.cu").write_text("int main() { return 0; }\n")
    Path("last.cu").write_text(SAXPY)
    Path("out").mkdir()
    status, said = xpiler(
        "translate", "saxpy.cu", "none.cu", "last.cu", "-t", "hip", "--no-verify", "-o", "out"
    )
    assert status == 2
    assert sorted(p.name for p in Path("out").iterdir()) == ["last.hip", "saxpy.hip"]
    assert "none.cu holds no kernel" in said


def test_standard_input_goes_to_standard_output(folder: Path) -> None:
    done = CliRunner().invoke(app, "translate - -t hip --no-verify".split(), input=SAXPY)
    assert done.exit_code == 1
    assert "#include <hip/hip_runtime.h>" in done.output
    assert [p.name for p in folder.iterdir()] == ["saxpy.cu"]


def test_what_a_kernel_says_is_not_said_again_for_the_file(folder: Path) -> None:
    Path("bad.cu").write_text(SAXPY + "__global__ void bad(float *x) { x[0] = f(1; }\n")
    _, said = xpiler("translate", "bad.cu", "-t", "avx512", "--no-verify")
    assert said.count("expected ')' [XP1002]") == 1


def test_a_name_that_is_misspelt(folder: Path) -> None:
    assert "did you mean cudaMallocAsync?" in xpiler("api", "cudaMallocAsnyc")[1]
