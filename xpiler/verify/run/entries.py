"""How an entry calls its kernel: which function of the text it is, and where each of its parameters comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from xpiler.backends.base import KernelEntry
from xpiler.frontends.place import Function
from xpiler.ir.nodes import Param
from xpiler.ir.textures import references, texture_part
from xpiler.ir.types import Pointer

__all__ = ["Steps", "argument_steps", "overloads", "pointer_type", "reference_steps"]

Steps = list[list[tuple[str, int]]]
"""For each parameter of the source its parts (a path into it, the number of an IR parameter)."""

_CPP: Final = {
    "bool": "bool", "i8": "signed char", "u8": "unsigned char", "i16": "short", "u16": "unsigned short",
    "i32": "int", "u32": "unsigned int", "i64": "long long", "u64": "unsigned long long",
    "f16": "__half", "bf16": "__nv_bfloat16", "f32": "float", "f64": "double",
}  # fmt: skip


def overloads(entry: KernelEntry, functions: Iterable[Function]) -> tuple[Function, ...]:
    """The kernels of the text that the entry may be, those whose parameters have its names first.

    All but the first are overloads that only types tell from it: they take the same parts in the same places.
    """
    name = re.sub(r"<.*", "", entry.source_name, flags=re.S).strip()
    plain = name.split("::")[-1]
    found = [f for f in functions if f.kernel and f.name == plain]
    found.sort(key=lambda f: f.body is None)
    found = [f for f in found if f.qualified == name] or found
    if len(found) < 2:
        return tuple(found)
    found.sort(key=lambda f: -_placed(entry, f))
    steps = argument_steps(entry, found[0])
    by_type = {_function_type(f): f for f in reversed(found) if argument_steps(entry, f) == steps}
    others = [f for f in by_type.values() if f.scope == found[0].scope and f is not found[0]]
    return (found[0], *reversed(others))


def _placed(entry: KernelEntry, function: Function) -> int:
    """How many of the entry's parameters find a parameter of their name, less those that find none."""
    names = [_parameter_name(p.text) for p in function.params]
    there = sum(any(_part(p, n) is not None for n in names) for p in entry.kernel.params)
    steps = _arguments(entry.kernel.params, names)
    left = len(entry.kernel.params) - sum(map(len, steps))
    return there - left - sum(not step for step in steps)


def argument_steps(entry: KernelEntry, function: Function | None) -> Steps:
    """Where the parameters of the source's function come from; by position where the function is not known."""
    params = entry.kernel.params
    names: list[str] = []
    for parameter in function.params if function else ():
        name = _parameter_name(parameter.text)
        pack = "..." in parameter.text  # as many parameters as the instance has of its name
        names += [name] * (sum(_part(p, name) == "" for p in params) if pack else 1)
    bound = sum(map(len, references(params, names).values()))
    return _arguments(params[: len(params) - bound], names)


def reference_steps(
    entry: KernelEntry, function: Function | None
) -> dict[str, list[tuple[str, int]]]:
    """Where the parts of the file's texture references come from, by their names."""
    names = [_parameter_name(p.text) for p in function.params] if function else []
    return references(entry.kernel.params, names) if function else {}


def pointer_type(
    entry: KernelEntry, candidates: Sequence[Function], functions: Iterable[Function], name: str
) -> str:
    """The type of a pointer to the kernel; of several overloads, to the one that takes the entry's types best.

    Templates are left to their arguments.
    """
    plain = [f for f in candidates if not f.template]
    of_the_name = {
        _function_type(f)
        for f in functions
        if f.kernel and candidates and f.qualified == candidates[0].qualified
    }
    if len(of_the_name) < 2 or not plain or "<" in entry.source_name:
        return f"decltype(&{name})"
    types = ", ".join(_function_type(f) for f in plain)
    given = ", ".join(_given(entry, step) for step in argument_steps(entry, plain[0]))
    return f"::xpiler::Chosen<::xpiler::Given<{given}>, {types}>::type *"


def _given(entry: KernelEntry, step: Sequence[tuple[str, int]]) -> str:
    if any(texture_part(path) is not None for path, _ in step):
        return _CPP["u64"]
    if len(step) != 1 or step[0][0]:
        return "::xpiler::Parts"
    type_ = entry.kernel.params[step[0][1]].type
    if isinstance(type_, Pointer):
        return f"{_CPP.get(type_.elem.name, '::xpiler::Parts')} *"
    return _CPP.get(str(type_), "::xpiler::Parts")


def _function_type(function: Function) -> str:
    """`void(float *x, int n)`: names may stay, defaults may not."""
    params = ", ".join(p.text.split("=")[0].strip() for p in function.params)
    return f"void({params})"


def _parameter_name(text: str) -> str:
    """The name in a parameter's text: `const float *__restrict__ x`, `float a[4]`, `float4 v = {}`."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)
    text = text.split("=")[0]
    function_pointer = re.search(r"\(\s*[*&]\s*(\w+)\s*\)", text)
    if function_pointer:
        return function_pointer[1]
    text = re.sub(r"\[[^\]]*\]\s*$", "", text.strip())
    while text.rstrip().endswith("]"):
        text = re.sub(r"\[[^\]]*\]\s*$", "", text.rstrip())
    match = re.search(r"(\w+)\s*$", text)
    return match[1] if match else ""


def _arguments(params: Sequence[Param], names: Sequence[str]) -> Steps:
    """For each source parameter, where its parts (`.x`, `.dims[0]`, or all: empty) come from.

    Both lists have the same order. A source parameter without any IR parameter is an object without
    state (a functor) and stays zero.
    """
    if not names:
        return [[("", j)] for j in range(len(params))]
    steps: Steps = []
    j = 0
    for i, name in enumerate(names):
        step: list[tuple[str, int]] = []
        while j < len(params):
            path = _part(params[j], name)
            if path is None:
                break
            step.append((path, j))
            j += 1
            if path == "":
                break
        left = len(names) - i - 1
        if not step and len(params) - j > left and j < len(params):
            step.append(("", j))  # renamed: position decides
            j += 1
        steps.append(step)
    return steps


def _part(param: Param, name: str) -> str | None:
    """The part of source parameter `name` that `param` is, None if it belongs to another."""
    origin = param.origin
    if re.match(rf"{re.escape(name)}[.\[]", origin) and name:
        return origin[len(name) :]
    if re.match(r"\w+[.\[]", origin):
        return None
    return "" if re.fullmatch(rf"{re.escape(name)}(_?\d+|_)?", param.name) else None
