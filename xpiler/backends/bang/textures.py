"""Arrays and texture objects over an MLU's memory, which CNRT has no types for: what a kernel reads is a plain buffer."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from xpiler.backends.host_textures import HostPiece, texture_pieces

__all__ = ["texture_names", "texture_texts"]

_WORDS: Final = {
    "cudaError_t": "cnrtRet_t",
    "cudaSuccess": "cnrtSuccess",
    "cudaErrorInvalidValue": "cnrtErrorArgsInvalid",
    "cudaMemcpyKind": "cnrtMemTransDir_t",
    "cudaStream_t": "cnrtQueue_t",
}
_OWN: Final = {
    "xp_allocate": """\
static inline cnrtRet_t xp_allocate(void **p, size_t bytes) { return cnrtMalloc(p, bytes); }
""",
    "xp_release": "static inline void xp_release(void *p) { cnrtFree(p); }\n",
    "xp_move": """\
static inline cnrtRet_t xp_move(void *to, const void *from, size_t bytes, cnrtMemTransDir_t way) {
  return cnrtMemcpy(to, (void *)from, bytes, way);
}
""",
}


@cache
def _pieces() -> tuple[HostPiece, ...]:
    own = tuple(HostPiece(frozenset({name}), text) for name, text in _OWN.items())
    return (*own, *texture_pieces(_WORDS))


@cache
def texture_names() -> frozenset[str]:
    """The names of CUDA's that the pieces define."""
    return frozenset(name for p in _pieces() for name in p.names if name.startswith("cuda"))


def texture_texts(body: str) -> list[str]:
    """The pieces that a file's text needs, headers first, in an order that compiles."""
    wanted = set(re.findall(r"\b[A-Za-z_]\w*|\btexture<", body))
    chosen: dict[int, HostPiece] = {}
    if not wanted & texture_names():
        return []
    while True:
        new = {k: p for k, p in enumerate(_pieces()) if k not in chosen and p.names & wanted}
        if not new:
            break
        chosen |= new
        for p in new.values():
            wanted |= set(re.findall(r"\b[A-Za-z_]\w*", p.text))
    found = [chosen[k] for k in sorted(chosen)]
    headers = dict.fromkeys(h for p in found for h in p.needs)
    return ["".join(f"#include <{h}>\n" for h in headers), *(p.text for p in found)]
