"""What a program may do when it runs in the sandbox, and what the cache promises."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from xpiler.backends.base import TranslationUnit
from xpiler.store import Cache, digest
from xpiler.verify.run import sandbox
from xpiler.verify.run.build import Built, build_object, build_program
from xpiler.verify.run.sandbox import Finished, Limits, NotStarted, TimedOut, probe, run

SH = "/bin/sh"


def shell(script, work, **limits):
    return run((SH, "-c", script), work, Limits(**limits))


def test_output_status_and_folder(tmp_path):
    done = shell("pwd; echo oops >&2; exit 7", tmp_path)
    assert isinstance(done, Finished)
    assert (done.code, done.stdout.strip(), done.stderr.strip()) == (7, str(tmp_path), "oops")
    assert "wall-clock time" in done.sandbox.enforced


def test_what_is_not_enforced_is_said():
    state = probe()
    assert set(state.enforced).isdisjoint(state.missing)
    assert {"no network", "read-only files", "memory"} <= {*state.enforced, *state.missing}


def test_only_the_work_folder_can_be_written(tmp_path):
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    done = shell(f"echo x > {outside}/a; echo x > b; cat b", inside)
    assert isinstance(done, Finished)
    assert done.stdout == "x\n"
    if "read-only files" in done.sandbox.enforced:
        assert not (outside / "a").exists()


def test_there_is_no_network(tmp_path):
    done = run(
        (sys.executable, "-c", "print(open('/proc/self/net/dev').read().count(':'))"), tmp_path
    )
    assert isinstance(done, Finished)
    if "no network" in done.sandbox.enforced:
        assert int(done.stdout) <= 1  # the loopback device


def test_secrets_of_the_environment_stay_outside(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k-4711")
    done = shell("env", tmp_path)
    assert isinstance(done, Finished)
    assert "k-4711" not in done.stdout


def test_time_out_kills_everything_that_was_started(tmp_path):
    start = time.monotonic()
    done = shell("(sleep 30; touch late) & echo started; sleep 30", tmp_path, seconds=0.5)
    assert isinstance(done, TimedOut)
    assert done.stdout == "started\n"
    assert time.monotonic() - start < 10


def test_memory_and_file_limits(tmp_path):
    code = "b = bytearray(1 << 30); print('had it')"
    done = run((sys.executable, "-c", code), tmp_path, Limits(memory_bytes=512 << 20))
    assert isinstance(done, Finished)
    if "memory" in done.sandbox.enforced:
        assert "had it" not in done.stdout
    done = shell(
        "dd if=/dev/zero of=big bs=1000 count=100 2>/dev/null; echo end",
        tmp_path,
        file_bytes=10_000,
    )
    if "file size" in done.sandbox.enforced:
        assert (tmp_path / "big").stat().st_size <= 10_000


def test_a_missing_program_is_a_value(tmp_path):
    assert isinstance(run(("/no/such/program",), tmp_path), NotStarted)


def test_without_the_helper_programs_still_run_and_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "build_sandbox", lambda: None)
    done = shell("echo here", tmp_path)
    assert isinstance(done, Finished)
    assert done.stdout == "here\n"
    assert "no network" in done.sandbox.missing


# --- the cache ---------------------------------------------------------------------------------


def test_keys_depend_on_every_part():
    assert len({digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("abc", "")}) == 4


def put(cache, key, data):
    made = cache.scratch(key, ".o")
    made.write_bytes(data)
    return cache.put(key, ".o", made)


def test_the_store_removes_what_was_used_longest_ago(tmp_path):
    cache = Cache(tmp_path, limit=2500)
    now = time.time()
    keys = [digest(str(i)) for i in range(4)]
    for i, key in enumerate(keys):
        os.utime(put(cache, key, bytes(1000)), (now - 1000 + i, now - 1000 + i))
    assert cache.get(keys[0], ".o") is not None  # used again: the youngest now
    cache.prune()
    assert [cache.get(k, ".o") is not None for k in keys] == [True, False, False, True]


def test_what_it_was_made_from_counts(tmp_path):
    source = tmp_path / "a.h"
    source.write_text("1")
    cache = Cache(tmp_path / "cache")
    key = digest("k")
    made = cache.scratch(key, ".o")
    made.write_bytes(b"x")
    cache.put(key, ".o", made, [source])
    assert cache.get(key, ".o") is not None
    source.write_text("2")
    assert cache.get(key, ".o") is None


def test_two_processes_may_build_the_same(tmp_path):
    unit = TranslationUnit("m.c", "int main(void) { return 4; }\n", "gcc")
    cache = Cache(tmp_path)
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(build_object(unit, cache=cache)))
        for _ in range(3)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len({r.path for r in results if isinstance(r, Built)}) == 1
    assert not [p for p in tmp_path.rglob("*.o") if "-" in p.name]


@pytest.mark.slow
def test_a_first_build_from_nothing(tmp_path):
    unit = TranslationUnit("m.c", "int main(void) { return 4; }\n", "gcc")
    first = build_program((unit,), cache=Cache(tmp_path))
    assert isinstance(first, Built)
    assert not first.cached
    assert build_program((unit,), cache=Cache(tmp_path)) == Built(first.path, True)
    assert subprocess.run([first.path], check=False).returncode == 4
    assert Path(first.path).is_relative_to(tmp_path)
