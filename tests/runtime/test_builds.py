"""What is compiled once: headers before a text, and what several builds need at the same time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from xpiler.backends.base import TranslationUnit
from xpiler.store import Cache
from xpiler.verify.run.build import BuildFailed, Built, build_object


def unit(folder: Path, text: str = "int f() { return VALUE + inner(); }\n") -> TranslationUnit:
    (folder / "outer.h").write_text('#pragma once\n#include "deep/inner.h"\n#define VALUE 1\n')
    (folder / "deep").mkdir(exist_ok=True)
    inner = folder / "deep" / "inner.h"
    if not inner.exists():
        inner.write_text("#pragma once\ninline int inner() { return 1; }\n")
    return TranslationUnit("a.cpp", text, "g++", (), (folder / "outer.h",))


def built(of: TranslationUnit, cache: Cache) -> Built:
    done = build_object(of, cache=cache)
    assert isinstance(done, Built), done
    return done


def test_headers_stand_before_the_text_and_are_compiled_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    again = '#include "outer.h"\n' + unit(tmp_path).text  # guarded: as if it were not there
    with_include = TranslationUnit("b.cpp", again, "g++", (f"-I{tmp_path}",), unit(tmp_path).before)
    assert not built(unit(tmp_path), cache).cached
    assert not built(with_include, cache).cached
    assert built(unit(tmp_path), cache).cached
    assert len(list(cache.root.rglob("*.gch"))) == 1


def test_a_header_that_changes_is_compiled_again_and_so_is_what_includes_it(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    first = built(unit(tmp_path), cache).path.read_bytes()
    (tmp_path / "deep" / "inner.h").write_text("#pragma once\ninline int inner() { return 7; }\n")
    second = built(unit(tmp_path), cache)
    assert not second.cached
    assert second.path.read_bytes() != first


def test_a_header_that_does_not_compile_is_the_build_s_failure(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "inner.h").write_text("#pragma once\nint inner( {}\n")
    cache = Cache(tmp_path / "cache")
    failed = build_object(unit(tmp_path), cache=cache)
    assert isinstance(failed, BuildFailed)
    assert "inner.h" in failed.summary
    assert not [p for p in cache.root.rglob("*") if p.suffix in (".gch", ".o", ".d")]


def test_what_two_ask_for_at_a_time_is_made_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: built(unit(tmp_path), cache), range(2)))
    assert sorted(b.cached for b in both) == [False, True]
    assert both[0].path == both[1].path


def test_a_key_is_made_by_one_at_a_time(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    inside: list[int] = []

    def make(_: int) -> int:
        with cache.making("abc"):
            inside.append(1)
            time.sleep(0.02)
            among = len(inside)
            inside.pop()
        return among

    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(make, range(3))) == {1}


def test_a_cache_that_cannot_be_locked_is_used_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file where the folder should be")
    with Cache(tmp_path).making("abc"):
        pass
