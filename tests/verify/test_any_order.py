"""What threads put where they happen to come: judged by which elements there are, and not more loosely than that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.verify.test_infer_other import judged
from xpiler.frontends.lift import LiftedFile, lift
from xpiler.ir.nodes import Module
from xpiler.ir.types import F32, I32
from xpiler.verify.any_order import in_an_order_of_its_own, taken_places
from xpiler.verify.compare import Expected, Match, Mismatch, compare
from xpiler.verify.evidence import Refuted, Tested
from xpiler.verify.run.dtypes import Array

COMPACT = """
__device__ int taken(int *count) { return atomicAdd(count, 1); }
__global__ void direct(const int *in, int *out, int *at, int *count, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && in[i] > 0) { int p = taken(count); out[p] = in[i]; at[p] = i; }
}
"""
BY_BLOCK = """
__global__ void by_block(const int *in, int *out, int *count, int n) {
  __shared__ int start;
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (threadIdx.x == 0) start = atomicAdd(count, blockDim.x);
  __syncthreads();
  if (i < n) out[start + threadIdx.x] = in[i];
}
"""
TABLE = """
__global__ void insert(const unsigned *keys, unsigned *table, unsigned *hits, int n) {
  int i = threadIdx.x;
  if (i >= n) return;
  unsigned slot = keys[i] % 64u;
  while (atomicCAS(&table[slot], 0u, keys[i] | 1u) != 0u) slot = (slot + 1u) % 64u;
  atomicAdd(&hits[slot], i);
}
"""
HISTOGRAM = """
__global__ void histogram(const int *in, int *bins, int *total, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) { atomicAdd(&bins[in[i] & 7], 1); int old = atomicAdd(total, 1); if (old > n) bins[0] = 0; }
}
"""


def program(text: str) -> Module:
    found = lift(text, Path("k.cu"))
    assert isinstance(found, LiftedFile)
    return found.lifted[0].program


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (COMPACT, {"out", "at"}),
        (BY_BLOCK, {"out"}),
        (TABLE, {"table", "hits"}),
        (HISTOGRAM, set()),
    ],
)
def test_whose_places_are_taken(text: str, places: set[str]) -> None:
    assert taken_places(program(text)) == places


def expected(name: str, values: list[int]) -> Expected:
    oracle = np.array(values, np.int32)
    return Expected(name, I32, "out", np.full(len(values), -1, np.int32), oracle)


def wrong(got: dict[str, list[int]]) -> list[bool]:
    wanted = [expected("key", [3, 1, 2, -1]), expected("value", [30, 10, 20, -1])]
    arrays: list[Array] = [np.array(got[e.name], np.int32) for e in wanted]
    sides = in_an_order_of_its_own(wanted, arrays, {"key", "value"})
    return [isinstance(compare(e, g).verdict(), Mismatch) for e, g in zip(*sides, strict=True)]


def test_another_order_is_the_same_set_and_nothing_else_is() -> None:
    assert not any(wrong({"key": [1, 2, 3, -1], "value": [10, 20, 30, -1]}))
    assert any(wrong({"key": [1, 2, 3, -1], "value": [20, 10, 30, -1]}))  # pairs torn apart
    assert any(wrong({"key": [1, 2, 2, -1], "value": [10, 20, 20, -1]}))
    assert any(wrong({"key": [1, 2, -1, -1], "value": [10, 20, -1, -1]}))
    assert any(wrong({"key": [1, 2, 3, 4], "value": [10, 20, 30, 40]}))


def test_a_buffer_that_is_not_named_keeps_its_order() -> None:
    wanted = [expected("x", [1, 2])]
    sides = in_an_order_of_its_own(wanted, [np.array([2, 1], np.int32)], {"y"})
    assert isinstance(compare(sides[0][0], sides[1][0]).verdict(), Mismatch)


def test_a_sum_in_another_order_need_not_have_the_luck_of_the_source() -> None:
    exact = np.full(64, 100.1)
    oracle = exact.astype(np.float32)
    oracle[0] = np.nextafter(oracle[0], np.float32(0))
    got = np.nextafter(oracle, np.float32(200))  # one step beside it, as another order leaves it
    got[::2] = np.nextafter(got[::2], np.float32(200))
    zeros = np.zeros(64, np.float32)
    plain = Expected("y", F32, "inout", zeros, oracle, oracle.astype(np.float64), 1000)
    assert isinstance(compare(plain, got).verdict(), Mismatch)
    assert isinstance(compare(replace(plain, atomic=True), got).verdict(), Match)
    assert isinstance(compare(replace(plain, atomic=True), got * 1.001).verdict(), Mismatch)


@pytest.mark.slow
def test_a_compaction_is_tested_and_a_wrong_one_refuted() -> None:
    right = judged(COMPACT, COMPACT)["direct"]
    assert isinstance(right, Tested)
    assert len(right.shapes) >= 3
    assert any("as a set" in note for note in right.notes)
    torn = COMPACT.replace("at[p] = i", "at[p] = i ^ 1")
    assert isinstance(judged(COMPACT, torn)["direct"], Refuted)
    lost = COMPACT.replace("in[i] > 0", "in[i] > 1")
    assert isinstance(judged(COMPACT, lost)["direct"], Refuted)
