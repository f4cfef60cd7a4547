"""The well-formedness check rejects each broken rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xpiler.ir import build
from xpiler.ir.check import check
from xpiler.ir.nodes import (
    AddressOf,
    Assign,
    Binary,
    Block,
    Break,
    Call,
    Cast,
    Const,
    Declare,
    Evaluate,
    For,
    If,
    Kernel,
    Load,
    Module,
    Param,
    Return,
    Select,
    Store,
    Unary,
    Var,
    WarpOp,
)
from xpiler.ir.types import BOOL, F32, I8, I32, U32, Pointer

PARAMS = (Param("x", Pointer(F32, const=True)), Param("y", Pointer(F32)), Param("n", I32))
N = Var("n", I32)
ZERO = build.i32(0)


def rules(body: Block) -> set[str]:
    return {v.rule for v in check(Module((Kernel("k", PARAMS, body),)))}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ((Declare("n", I32),), "unique-name"),
        ((Declare("i", I32), If(build.boolean(True), (Declare("i", I32),))), "unique-name"),
        ((Assign("m", ZERO),), "name"),
        ((Store("z", (ZERO,), build.f32(1)),), "name"),
        ((Store("x", (ZERO,), build.f32(1)),), "const"),
        ((Store("y", (ZERO, ZERO), build.f32(1)),), "rank"),
        ((Store("y", (ZERO,), ZERO),), "type"),
        ((Store("y", (build.f32(0),), build.f32(1)),), "type"),
        ((Assign("n", Binary("+", N, build.u32(1))),), "type"),
        ((Assign("n", Cast(I32, Binary("+", build.const(1, I8), build.const(1, I8)))),), "type"),
        ((If(N, ()),), "type"),
        ((Assign("n", Select(N, N, N)),), "type"),
        ((Declare("b", BOOL, Unary("!", N)),), "type"),
        ((Declare("f", F32, Load("x", (ZERO,), I32)),), "type"),
        ((Declare("c", I8, Const(300, I8)),), "const-value"),
        ((Declare("f", F32, Const(1, F32)),), "const-value"),
        ((For("i", I32, ZERO, N, ZERO, ()),), "loop-step"),
        ((For("i", I32, ZERO, N, build.i32(1), (Assign("i", ZERO),)),), "loop-variable"),
        ((For("i", I32, ZERO, N, build.i32(1), (Assign("n", ZERO),)),), "loop-bound"),
        ((For("i", U32, ZERO, N, build.i32(1), ()),), "type"),
        ((Break(),), "loop-exit"),
        ((Return(N),), "return"),
        ((Declare("f", F32, Call("sqrt", (), F32)),), "call"),
        ((Declare("f", F32, Call("sqrt", (N,), F32)),), "type"),
        ((Evaluate(Call("sqrt", (build.f32(1),), F32)),), "effect"),
        ((Assign("n", Cast(I32, AddressOf("y", (ZERO,), Pointer(F32)))),), "address"),
        ((WarpOp("shfl", "n", build.u32(0), (N,)),), "warp-op"),
        ((WarpOp("ballot", "m", build.u32(0), (N,)),), "name"),
    ],
)
def test_each_rule_is_enforced(body: Block, rule: str) -> None:
    assert rule in rules(body)


def test_a_variable_is_unknown_outside_its_block() -> None:
    inner = If(build.boolean(True), (Declare("i", I32, ZERO),))
    assert rules((inner, Assign("n", Var("i", I32)))) == {"name"}


def test_two_kernels_of_one_name() -> None:
    kernel = Kernel("k", PARAMS, ())
    assert [v.rule for v in check(Module((kernel, replace(kernel))))] == ["unique-name"]


def test_undeclared_instructions_are_found_when_the_target_is_known() -> None:
    body = (Declare("f", F32, Call("_mm_frob", (N,), F32)),)
    module = Module((Kernel("k", PARAMS, body),))
    assert check(module) == ()
    assert [v.rule for v in check(module, instructions={})] == ["name"]
