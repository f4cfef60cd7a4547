"""The emitted text put together: banner, headers, helpers, the host API's part, the body."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from xpiler.backends.avx512.emit.helpers import headers, needed
from xpiler.backends.avx512.emit.prelude import DIM3_C, DIM3_CPP, prelude

__all__ = ["assemble"]

_QUIET: Final = """\
#if defined(__GNUC__) && !defined(__clang__)
/* the undefined registers in gcc 12's own immintrin.h set off this warning (GCC PR 105593) */
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
/* the address of a first lane that is switched off may lie before an array */
#pragma GCC diagnostic ignored "-Warray-bounds"
#elif defined(__clang__)
/* constants of the source that only its kernels used stand in their code as numbers now */
#pragma clang diagnostic ignored "-Wunused-const-variable"
#endif
"""
_BUILD: Final = "-O3 -march=icelake-server -fopenmp"
# what cuda_runtime.h brings with it, which a .cu file need not include
_IMPLICIT: Final = (
    ("cstdlib", r"\b(?:exit|abort|malloc|calloc|realloc|free|atoi|atof|rand|srand|getenv|EXIT_\w+)\b"),
    ("cstring", r"\b(?:mem(?:cpy|set|cmp|move)|str(?:cmp|ncmp|len|cpy|cat|chr|str))\b"),
    ("cstdio", r"\b(?:f?printf|puts|stderr|stdout|fopen)\b"),
    ("cmath", r"\b(?:std::)?(?:sqrt|fabs|exp|log|pow|sin|cos|tanh?|floor|ceil|fmax|fmin|abs)f?\("),
    ("cassert", r"\bassert\("),
    ("climits", r"\bU?(?:CHAR|SHRT|INT|LONG|LLONG)_M(?:AX|IN)\b"),
    ("ctime", r"\b(?:clock|time)\(|\bCLOCKS_PER_SEC\b"),
)  # fmt: skip


def assemble(body: str, host: str, source: str, suffix: str) -> str:
    """The file; `host` is what the user wrote of `body`, `suffix` is `.c`, `.cpp`, or `.hpp` for a header."""
    is_c = suffix == ".c"
    header = suffix == ".hpp"
    pieces = () if is_c else prelude(body, host)
    api = "".join(p.text for p in pieces)
    found = needed(body + api)
    dim3 = DIM3_C if is_c else DIM3_CPP
    if header:
        body = re.sub(r"^[ \t]*#[ \t]*pragma[ \t]+once\b[^\n]*\n", "", body, count=1, flags=re.M)
        parts = [("dim3", dim3), *found.items(), *((min(p.names), p.text) for p in pieces)]
        code = "\n".join(_once(name, text) for name, text in parts)
    else:
        code = "\n".join(filter(None, (dim3, "\n".join(found.values()), api)))
    included = dict.fromkeys((*headers(code + body, is_c), *(h for p in pieces for h in p.needs)))
    if is_c and not re.search(r"\bsize_t\b", body):
        included.pop("stddef.h", None)
    if not is_c:
        included |= dict.fromkeys(_implicit(host, included))
    includes = "".join(f"#include <{name}>\n" for name in included)
    compiler = "gcc" if is_c else "g++"
    build = f"{compiler} {_BUILD} FILE{suffix}{' -lm' if is_c else ''}"
    how = f"Include it where you build with {_BUILD}." if header else f"Build: {build}"
    banner = f"/* {source} for x86-64 CPUs with AVX-512. {how} */\n"
    if header:
        banner += "#pragma once\n"
    if "immintrin.h" in included:
        includes = _QUIET + includes
    return f"{banner}{includes}\n{code}\n{body.lstrip(chr(10))}"


def _implicit(host: str, included: Iterable[str]) -> list[str]:
    """Headers that the host part counts on without naming them."""
    there = set(re.findall(r"#\s*include\s*[<\"]([^>\"]+)[>\"]", host)) | set(included)
    wanted = [n for n, pattern in _IMPLICIT if re.search(pattern, host)]
    return [n for n in wanted if n not in there and f"{n[1:]}.h" not in there]


def _once(name: str, text: str) -> str:
    """A definition that several headers of this kind may bring."""
    mark = "XP_HAS_" + re.sub(r"\W", "_", name)
    return f"#ifndef {mark}\n#define {mark}\n{text}#endif\n"
