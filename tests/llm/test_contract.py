"""The contract of replies rejects each short cut, with the reason."""

from __future__ import annotations

import pytest

from tests.llm.helpers import PROGRAM, SOURCE
from xpiler.backends.base import Target
from xpiler.backends.registry import load_target
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_module
from xpiler.llm.contract import DECLINED, Accepted, Rejected, read_reply


def reply(old: str, new: str) -> str:
    assert old in SOURCE
    return f"Here it is:\n```c\n{SOURCE.replace(old, new)}```\n"


def test_a_program_is_read_whatever_stands_round_it() -> None:
    found = read_reply(reply("2.0f", "2.0f"), PROGRAM)
    assert found == Accepted(PROGRAM)
    assert read_reply(SOURCE, PROGRAM) == Accepted(PROGRAM)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("no program here", "no-program"),
        (f"```c\n{SOURCE}```\n```c\n{SOURCE}```", "no-program"),
        (reply("n; i", "frob; i"), "parse"),
        (reply("x[i] * 2.0f", "system(1)"), "parse"),
        (reply("void scale", "void other"), "kernel"),
        (
            reply("i32 n)", "i64 n)").replace("i32 i = 0; i < n", "i32 i = 0; i < (i32)n"),
            "signature",
        ),
        (reply("y[i] = x[i] * 2.0f;", "f32 t = x[i];"), "dropped-store"),
        (reply("x[i] * 2.0f", "(f32)((f16)x[i]) * 2.0f"), "narrowed"),
        (reply("x[i] * 2.0f", "(f32)(i32)(x[i] * 2.0f)"), "narrowed"),
        (reply("i += 1) {", "i += 1) { if (n == 4096) { y[i] = 0.0f; }"), "shape-branch"),
        (reply("i += 1) {", "i += 1) { x[i] = 1.0f;"), "ill-formed"),
        ("```c\n" + SOURCE + "// " + "x" * 70000 + "\n```", "length"),
        (reply("y[i] = x[i] * 2.0f;", "y[i] = x[i] * 2.0f; " * 400), "length"),
    ],
)
def test_each_short_cut_is_rejected_with_its_rule(text: str, rule: str) -> None:
    found = read_reply(text, PROGRAM)
    assert isinstance(found, Rejected)
    assert found.rule == rule, found.reason


def test_scopes_may_repeat_names_as_in_c() -> None:
    twice = reply("y[i] = x[i] * 2.0f;", "f32 t = x[i]; { f32 n = t; y[i] = n * 2.0f; }")
    found = read_reply(twice.replace("{ f32 n", "if (i < n) { f32 n"), PROGRAM)
    assert isinstance(found, Accepted)
    assert "f32 n_1 = t;" in print_module(found.program)


def test_deep_nesting_is_rejected_and_no_crash() -> None:
    deep = reply("2.0f", "(" * 20000 + "2.0f" + ")" * 20000)
    assert isinstance(read_reply(deep, PROGRAM), Rejected)


def test_what_the_program_does_already_may_be_done() -> None:
    narrowing = parse_module(SOURCE.replace("x[i] * 2.0f", "(f32)((f16)x[i])"))
    text = f"```c\n{SOURCE.replace('x[i] * 2.0f', '(f32)((f16)x[i]) + 0.0f')}```"
    assert isinstance(read_reply(text, narrowing), Accepted)


def test_an_instruction_that_reads_an_array_does_not_write_it() -> None:
    """Right programs with copies were rejected: each address in an instruction was taken for a store."""
    target = load_target("bang")
    assert isinstance(target, Target)
    words = target.vocabulary()
    head = "__mlu_entry__ void k(dim3 gridDim, dim3 blockDim, u32 sharedBytes, f32 *x, f32 *y) {\n"
    before = parse_module(head + "  y[taskId] = x[taskId];\n}\n")
    copies = "  __nram__ f32 t[32];\n  __memcpy({0}, 4, GDRAM2NRAM());\n"
    copies += "  __memcpy(&y[taskId], &t[0], 4, NRAM2GDRAM());\n}}\n"
    reads = f"```c\n{head}{copies.format('&t[0], &x[taskId]')}```"
    found = read_reply(reads, before, words.instructions, words.spaces)
    assert isinstance(found, Accepted), found
    writes = f"```c\n{head}{copies.format('&x[taskId], &t[0]')}```"
    found = read_reply(writes, before, words.instructions, words.spaces)
    assert isinstance(found, Rejected)
    assert found.rule == "extra-store"


def test_declining_is_told_from_a_reply_without_a_program() -> None:
    for text in ("NO STEP", "**No step.**\n", "`NO STEP`"):
        assert read_reply(text, PROGRAM) == Rejected("declined", DECLINED)
    other = read_reply("There is NO STEP that I would take.", PROGRAM)
    assert isinstance(other, Rejected)
    assert other.rule == "no-program"
