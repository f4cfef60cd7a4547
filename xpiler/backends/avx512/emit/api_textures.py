"""Arrays and texture objects over ordinary memory."""

from __future__ import annotations

from typing import Final

from xpiler.backends.avx512.emit.piece import Piece, piece
from xpiler.backends.host_textures import texture_pieces

__all__ = ["TEXTURES"]

TEXTURES: Final[tuple[Piece, ...]] = (
    piece("xp_move", """
static inline cudaError_t xp_move(void *to, const void *from, size_t bytes, cudaMemcpyKind) {
  memmove(to, from, bytes);
  return cudaSuccess;
}
""", "string.h"),
    piece("xp_release", "static inline void xp_release(void *p) { free(p); }", "stdlib.h"),
    *(Piece(p.names, p.text, p.needs) for p in texture_pieces({})),
)  # fmt: skip
