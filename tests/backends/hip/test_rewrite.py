"""The HIP rewriting: pairs, properties, and what must never change."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backends.hip.pairs import PAIRS as GENERAL_PAIRS
from tests.backends.hip.pairs import Pair
from tests.backends.hip.tree_pairs import TREE_PAIRS
from xpiler.backends.hip.catalog import codes
from xpiler.backends.hip.names import find_header, find_name, looks_like_cuda
from xpiler.backends.hip.options import HipOptions, UserRule
from xpiler.backends.hip.rewrite import rewrite
from xpiler.frontends.tokens import tokenize

OPTIONS = HipOptions()
PAIRS = (*GENERAL_PAIRS, *TREE_PAIRS)


def port(text: str, options: HipOptions = OPTIONS) -> str:
    return rewrite(text.encode(), "t.cu", options).text.decode()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: p.name)
def test_pair(pair: Pair) -> None:
    result = rewrite(pair.before.encode(), "t.cu", OPTIONS)
    assert pair.after in result.text.decode()
    assert tuple(sorted({d.code for d in result.diagnostics})) == pair.codes
    assert tuple(sorted(result.helpers)) == pair.helpers


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: p.name)
def test_second_run_changes_nothing(pair: Pair) -> None:
    once = rewrite(pair.before.encode(), "t.cu", OPTIONS).text
    again = rewrite(once, "t.cu", OPTIONS)
    assert again.text == once


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: p.name)
def test_every_use_left_is_reported(pair: Pair) -> None:
    result = rewrite(pair.before.encode(), "t.cu", OPTIONS)
    reported = {d.code for d in result.diagnostics}
    if result.left:
        assert reported & {
            "XP5101",
            "XP5102",
            "XP5103",
            "XP5301",
            "XP5304",
            "XP5306",
            "XP5307",
            "XP5403",
            "XP5406",
        }


def test_diagnostics_point_at_the_source() -> None:
    result = rewrite(b"int a;\n  int f() { return cudaLibraryUnload(0); }\n", "dir/t.cu", OPTIONS)
    (found,) = result.diagnostics
    assert found.span is not None
    assert (found.span.file, found.span.line, found.span.column) == ("dir/t.cu", 2, 20)
    assert found.hint


def test_crlf_and_latin_1_stay() -> None:
    source = b"// caf\xe9\r\n__device__ int f(int p) {\r\n  return __any_sync(~0u, p);\r\n}\r\n"
    result = rewrite(source, "t.cu", OPTIONS).text
    assert b"// caf\xe9\r\n" in result
    assert result.count(b"\n") == result.count(b"\r\n")


def test_no_cuda_is_untouched() -> None:
    source = b"#include <vector>\nint main() { return 0; } // nothing\n"
    assert rewrite(source, "t.cpp", OPTIONS).text == source


def test_include_goes_before_the_first_one_inside_the_guard() -> None:
    text = port("#ifndef A_H\n#define A_H\n#include <vector>\n__device__ int f();\n#endif\n")
    assert text.startswith(
        "#ifndef A_H\n#define A_H\n#include <hip/hip_runtime.h>\n#include <vector>\n"
    )


def test_conditional_include_is_no_place_for_others() -> None:
    text = port("// c\n#ifdef WIN\n#include <windows.h>\n#endif\n__global__ void k() {}\n")
    assert text.startswith("// c\n#include <hip/hip_runtime.h>\n#ifdef WIN\n")


def test_local_header_of_that_name_stays() -> None:
    options = HipOptions(local_headers=frozenset({"cuda_fp16.h"}))
    assert '#include "cuda_fp16.h"' in port('#include "cuda_fp16.h"\ncudaError_t e;', options)


def test_own_names_of_the_tree_stay() -> None:
    options = HipOptions(own=frozenset({"cudaFree"}))
    assert "cudaFree(hipSuccess)" in port("int a = cudaFree(cudaSuccess);", options)


def test_rules_come_before_the_tables() -> None:
    rules = (
        UserRule("name", "cudaFree", "poolFree"),
        UserRule("header", "my_cuda.h", "my_hip.h"),
        UserRule("call", "MY_CHECK", "check($2, $1)"),
        UserRule("name", "cudaMalloc", "low", 0),
        UserRule("name", "cudaMalloc", "high", 5),
    )
    text = port(
        "#include <my_cuda.h>\nvoid f() { MY_CHECK(cudaFree, b); cudaFree(0); cudaMalloc(0); }",
        HipOptions(rules=rules),
    )
    assert "#include <my_hip.h>" in text
    assert "check(b, cudaFree); poolFree(0); high(0);" in text


def test_annotations_stand_above_and_only_once() -> None:
    options = HipOptions(annotate=True)
    source = "int a;\nint b = cudaLibraryUnload(cudaFrobnicateIt());\n"
    once = port(source, options)
    assert "int a;\n// XP5101: cudaLibraryUnload" in once
    assert port(once, options) == once


def test_annotations_stay_out_of_macros() -> None:
    text = port("#define A(x) \\\n  f(x); \\\n  cudaLibraryUnload(x)\n", HipOptions(annotate=True))
    assert text.index("// XP5101") < text.index("#define A")


def test_tables_and_catalogue_are_sound() -> None:
    assert find_name("cudaMalloc") is not None
    assert find_name("cublasSgemm_v2") is not None
    assert find_name("hipMalloc") is None
    assert find_header("cuda/std/atomic") is not None
    assert find_header("vector") is None
    assert looks_like_cuda("cudaAnything")
    assert not looks_like_cuda("cudagraph")
    assert not looks_like_cuda("current")
    assert all(re.fullmatch(r"XP5\d{3}", code) for code in codes())


WORDS = st.sampled_from(
    [
        "cudaMalloc",
        "cudaFree",
        "__shfl_sync",
        "__ballot_sync",
        "warpSize",
        "nvcuda",
        "cub::",
        "x",
        "(",
        ")",
        ",",
        ";",
        "{",
        "}",
        "<",
        ">",
        "<<<",
        ">>>",
        "#",
        "\\\n",
        '"',
        "'",
        "/*",
        "*/",
        "//",
        "\n",
        "__launch_bounds__",
        "asm",
        "volatile",
        "define",
        "include",
        "<cuda.h>",
        "##",
        ":",
        "0xffffffff",
        "__global__",
        "\r\n",
        'R"(',
        ')"',
        "é",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=40))
def test_any_text_has_a_port_that_is_its_own_port(words: list[str]) -> None:
    source = " ".join(words).encode("latin-1")
    once = rewrite(source, "t.cu", OPTIONS).text
    assert rewrite(once, "t.cu", OPTIONS).text == once


TEXT = st.text(st.characters(codec="utf-8", exclude_characters='\0\n\r\\"*/'), max_size=30)


@settings(max_examples=60, deadline=None)
@given(TEXT, TEXT, st.sampled_from([p.before for p in PAIRS]))
def test_comments_and_strings_are_untouched(comment: str, string: str, code: str) -> None:
    source = f'/*{comment}cudaMalloc*/ const char *s0 = "{string}cudaFree";\n{code}\n// {comment}\n'.encode()
    result = rewrite(source, "t.cu", OPTIONS).text
    before, after = tokenize(source), tokenize(result)
    kept = [after.source[a:b] for a, b in after.comments]
    for start, end in before.comments:
        assert source[start:end] in kept
    assert f'"{string}cudaFree"'.encode() in result


def test_advice_is_given_for_what_hip_lacks() -> None:
    text = b"void f() { cudaCtxResetPersistingL2Cache(); cublasGetVersion(0, 0); cudaArrayGetPlane(0); }"
    hints = [d.hint for d in rewrite(text, "t.cu", OPTIONS).diagnostics]
    assert "drop it" in hints[0]
    assert "HIPBLAS_VERSION_MAJOR" in hints[1]
    assert "XP5101" in hints[2]
