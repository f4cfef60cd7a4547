"""Statements by their place, and programs with one statement changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xpiler.ir.nodes import Block, Module, Stmt
from xpiler.ir.walk import blocks, with_blocks
from xpiler.synth.locate.trace import Place

__all__ = ["at", "block_of", "enclosing", "insert", "places", "remove", "replace_at"]


def places(block: Block, path: Place = ()) -> Iterator[tuple[Place, Stmt]]:
    """Every statement with its place, outermost first."""
    for n, stmt in enumerate(block):
        yield (*path, n), stmt
        for k, inner in enumerate(blocks(stmt)):
            yield from places(inner, (*path, n, k))


def at(program: Module, path: Place) -> Stmt:
    """The statement at `path`; IndexError if there is none."""
    block = program.kernels[0].body
    stmt = block[path[0]]
    for k, n in zip(path[1::2], path[2::2], strict=True):
        stmt = blocks(stmt)[k][n]
    return stmt


def block_of(program: Module, path: Place) -> Block:
    """The block in which the statement at `path` stands."""
    if len(path) == 1:
        return program.kernels[0].body
    return blocks(at(program, path[:-2]))[path[-2]]


def enclosing(path: Place) -> tuple[Place, ...]:
    """Places of the compound statements around `path`, innermost first."""
    return tuple(path[:n] for n in range(len(path) - 2, 0, -2))


def _edit(block: Block, path: Place, new: tuple[Stmt, ...]) -> Block:
    n = path[0]
    if len(path) == 1:
        return (*block[:n], *new, *block[n + 1 :])
    stmt = block[n]
    nested = list(blocks(stmt))
    nested[path[1]] = _edit(nested[path[1]], path[2:], new)
    return (*block[:n], with_blocks(stmt, tuple(nested)), *block[n + 1 :])


def replace_at(program: Module, path: Place, *new: Stmt) -> Module:
    """`program` with the statement at `path` replaced."""
    kernel = program.kernels[0]
    body = _edit(kernel.body, path, new)
    return replace(program, kernels=(replace(kernel, body=body),))


def remove(program: Module, path: Place) -> Module:
    return replace_at(program, path)


def insert(program: Module, path: Place, stmt: Stmt) -> Module:
    """`stmt` before the statement at `path`."""
    return replace_at(program, path, stmt, at(program, path))
