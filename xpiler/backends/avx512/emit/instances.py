"""Template kernels: a function template of the source's name that calls the instance for its arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xpiler.backends.avx512.emit.signature import LAUNCH_TYPES, launch_names, parameter_name
from xpiler.backends.base import TranslatedKernel
from xpiler.frontends.place import Function

__all__ = [
    "actual",
    "announced",
    "chosen_instance",
    "dispatch",
    "instance_name",
    "shown_parameters",
    "split_arguments",
]


def actual(source: Function | None, source_name: str) -> dict[str, str]:
    """What the template parameters of the kernel stand for in the instance."""
    if source is None or not source.template:
        return {}
    pairs = zip(source.template, _names(source), _arguments(source, source_name), strict=False)
    return {name: value for text, name, value in pairs if "..." not in text}


def instance_name(function: Function, source_name: str) -> str:
    """The instance as an expression: `reduce<float, 256>`."""
    return f"{function.name}<{', '.join(_arguments(function, source_name))}>"


def announced(function: Function) -> str:
    """The declaration of a template whose definition follows."""
    return f"template <{', '.join(function.template)}>\n{_head(function)};"


def dispatch(function: Function, kernels: Sequence[TranslatedKernel]) -> str:
    """A function of the source's name that calls the instance for its template arguments; an instance that no
    launch in the file names does not compile."""
    names = ", ".join([*_launch(function), *(_passed(p.text) for p in function.params)])
    if not function.template:
        return "".join(f"{_head(function)} {{\n  {k.entry.symbol}({names});\n}}\n" for k in kernels)
    bare = ", ".join(t.split("=")[0].strip() for t in function.template)
    packs = ("..." if "..." in t else "" for t in function.template)
    formal = ", ".join(name + pack for name, pack in zip(_names(function), packs, strict=True))
    lines = [f"template <{bare}> struct {function.name}_instance;\n"]
    chosen = {_arguments(function, k.entry.source_name): k for k in reversed(kernels)}
    lines += [chosen_instance(function, kernel) for kernel in reversed(chosen.values())]
    lines.append(f"template <{', '.join(function.template)}>\n{_head(function)} {{\n")
    lines.append(f"  {function.name}_instance<{formal}>::run({names});\n}}\n")
    return "".join(lines)


def _passed(parameter: str) -> str:
    return parameter_name(parameter) + ("..." if "..." in parameter else "")


def chosen_instance(function: Function, kernel: TranslatedKernel) -> str:
    """What `dispatch` finds for the arguments of the instance."""
    arguments = ", ".join(_arguments(function, kernel.entry.source_name))
    return (
        f"template <> struct {function.name}_instance<{arguments}> {{\n"
        f"  template <class... A> static void run(A... a) {{ {kernel.entry.symbol}(a...); }}\n}};\n"
    )


def _launch(function: Function) -> tuple[str, str, str]:
    return launch_names({parameter_name(p.text) for p in function.params})


def shown_parameters(function: Function) -> list[str]:
    """The parameters of a kernel as a function, in the source's words."""
    shown = [t + n for t, n in zip(LAUNCH_TYPES, _launch(function), strict=True)]
    return shown + [re.sub(r"\b__grid_constant__\b\s*", "", p.text) for p in function.params]


def _head(function: Function) -> str:
    return f"static inline void {function.name}({', '.join(shown_parameters(function))})"


def _names(function: Function) -> list[str]:
    return [re.findall(r"[A-Za-z_]\w*", t.split("=")[0])[-1] for t in function.template]


_NUMBERS = re.compile(
    r"(?:(?:const|unsigned|signed|int|long|short|char|bool|size_t|auto|u?int\d+_t|std::size_t|uint)\s*)+"
)


def _arguments(function: Function, source_name: str) -> tuple[str, ...]:
    """The arguments of an instance; a number that stands for a member of an enumeration is converted to it."""
    out = []
    values = split_arguments(source_name.partition("<")[2].rpartition(">")[0])
    for text, value in zip(function.template, values, strict=False):
        written = text.split("=")[0].strip()
        type_ = re.sub(r"\s*[A-Za-z_]\w*$", "", written)
        names_type = re.match(r"(?:typename|class|template)\b", written) or "..." in written
        number = re.fullmatch(r"-?\d+", value)
        plain = names_type or not number or _NUMBERS.fullmatch(type_.strip())
        out.append(value if plain else f"({type_.strip()}){value}")
    return tuple(out) + tuple(values[len(out) :])


def split_arguments(inner: str) -> list[str]:
    """The parts between the commas that stand in no brackets."""
    depth = 0
    parts = [""]
    for char in inner:
        depth += char in "<([{"
        depth -= char in ">)]}"
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [p.strip() for p in parts]
