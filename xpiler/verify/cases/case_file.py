"""Case files: TOML read with errors that point at the key, and written back to an equal case."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from xpiler.ir.types import SCALARS, Scalar
from xpiler.records import dataclass
from xpiler.verify.cases.case import (
    ONE,
    ROLES,
    BufferArgument,
    Case,
    ScalarArgument,
    Triple,
)
from xpiler.verify.cases.distribution import Distribution, DistributionError, parse_distribution
from xpiler.verify.cases.formula import Formula, FormulaError, parse_formula

__all__ = ["CaseFileError", "parse_cases", "print_cases", "read_cases"]


@dataclass(frozen=True, slots=True)
class CaseFileError:
    """What is wrong with a case file: the file, the line where known (else 0), the key, the reason."""

    file: str
    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.reason}" if self.key else f"{place}: {self.reason}"


class _WrongError(Exception):
    """Carries (key, reason) out of the nested readers; never leaves this module."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key
        self.reason = reason


def read_cases(path: Path) -> tuple[Case, ...] | CaseFileError:
    """The cases of a file; a missing, unreadable or malformed file is a `CaseFileError`."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        return CaseFileError(str(path), 0, "", error.strerror or str(error))
    except UnicodeDecodeError:
        return CaseFileError(str(path), 0, "", "it is not UTF-8 text")
    return parse_cases(text, str(path))


def parse_cases(text: str, file: str = "<case>") -> tuple[Case, ...] | CaseFileError:
    """The cases of a TOML text."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        return CaseFileError(file, int(found.group(1)) if found else 0, "", str(error))
    try:
        tables = document.pop("case", None)
        if document:
            raise _WrongError(next(iter(document)), "unknown key (a case starts with [[case]])")
        if not isinstance(tables, list) or not tables:
            raise _WrongError("case", "there is no [[case]] in the file")
        return tuple(_case(table, f"case[{i}]") for i, table in enumerate(tables))
    except _WrongError as error:
        return CaseFileError(file, _line_of(text, error.key), error.key, error.reason)


def _line_of(text: str, key: str) -> int:
    """The line where a key like `case[1].arguments.x.role` is most likely written."""
    index = re.match(r"case\[(\d+)\]", key)
    starts = [m.start() for m in re.finditer(r"(?m)^\s*\[\[case\]\]", text)]
    if not index or int(index.group(1)) >= len(starts):
        return 0
    position = starts[int(index.group(1))]
    for part in re.findall(r'"[^"]*"|[^.\[\]"]+', key[index.end() :]):
        found = re.compile(rf"(?m)^\s*(\[.*[.\"])?{re.escape(part)}\b").search(text, position)
        position = found.end() if found else position
    return text.count("\n", 0, position) + 1


CASE_KEYS = {"kernel", "grid", "block", "shared", "sizes", "arguments", "note", "cooperative"}


def _case(table: object, key: str) -> Case:
    values = _table(table, key, CASE_KEYS)
    kernel = values.get("kernel")
    if not isinstance(kernel, str) or not kernel:
        raise _WrongError(f"{key}.kernel", "must name the kernel")
    sizes = _sizes(values.get("sizes", {}), f"{key}.sizes")
    known = {name for name, _ in sizes}
    arguments = values.get("arguments", {})
    if not isinstance(arguments, dict):
        raise _WrongError(f"{key}.arguments", "must be a table")
    return Case(
        kernel=kernel,
        grid=_launch(values.get("grid", 1), f"{key}.grid", known),
        block=_launch(values.get("block", 1), f"{key}.block", known),
        shared=_formula(values.get("shared", 0), f"{key}.shared", known),
        sizes=sizes,
        arguments=tuple(
            _argument(name, value, f"{key}.arguments.{name}", known)
            for name, value in arguments.items()
        ),
        note=str(values.get("note", "")),
        cooperative=values.get("cooperative", False) is True,
    )


def _table(table: object, key: str, allowed: Iterable[str]) -> dict[str, object]:
    if not isinstance(table, dict):
        raise _WrongError(key, "must be a table")
    for name in table:
        if name not in allowed:
            expected = ", ".join(sorted(allowed))
            raise _WrongError(f"{key}.{name}", f"unknown key (there are {expected})")
    return table


def _sizes(table: object, key: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    if not isinstance(table, dict):
        raise _WrongError(key, "must be a table")
    sizes: list[tuple[str, tuple[int, ...]]] = []
    for name, value in table.items():
        listed = value if isinstance(value, list) else [value]
        if not name.isidentifier():
            raise _WrongError(f"{key}.{name}", "a size is named by an identifier")
        if not listed or not all(type(v) is int for v in listed):
            raise _WrongError(f"{key}.{name}", "must be an integer or a list of integers")
        sizes.append((name, tuple(listed)))
    lengths = {len(values) for _, values in sizes} - {1}
    if len(lengths) > 1:
        listing = ", ".join(f"{n}: {len(v)}" for n, v in sizes)
        raise _WrongError(key, f"the lists differ in length ({listing})")
    return tuple(sizes)


def _formula(value: object, key: str, known: set[str]) -> Formula:
    if type(value) is not int and not isinstance(value, str):
        raise _WrongError(key, "must be an integer or a formula")
    formula = parse_formula(value)
    if isinstance(formula, FormulaError):
        raise _WrongError(key, formula.reason)
    for name in sorted(formula.names() - known):
        listing = ", ".join(sorted(known)) or "none"
        raise _WrongError(key, f"`{name}` is not a size (sizes: {listing})")
    return formula


def _launch(value: object, key: str, known: set[str]) -> Triple:
    parts = value if isinstance(value, list) else [value]
    if not 1 <= len(parts) <= 3:
        raise _WrongError(key, "has one to three components")
    formulas = [_formula(part, key, known) for part in parts]
    x, y, z = (*formulas, ONE, ONE)[:3]
    return x, y, z


def _scalar_type(values: Mapping[str, object], key: str) -> Scalar:
    name = values.get("type", "f32" if "elements" in values else "i32")
    if not isinstance(name, str) or name not in SCALARS or name == "void":
        listing = ", ".join(n for n in SCALARS if n != "void")
        raise _WrongError(f"{key}.type", f"unknown type `{name}` (there are {listing})")
    return SCALARS[name]


def _distribution(value: object, key: str, known: set[str]) -> Distribution:
    if not isinstance(value, str):
        raise _WrongError(key, "must be a string")
    values = parse_distribution(value)
    if isinstance(values, DistributionError):
        raise _WrongError(key, values.reason)
    for formula in values.arguments:
        _formula(formula.text, key, known)
    return values


def _argument(
    name: str, table: object, key: str, known: set[str]
) -> BufferArgument | ScalarArgument:
    if isinstance(table, dict) and "elements" in table:
        values = _table(table, key, {"type", "elements", "role", "values"})
        role = next((r for r in ROLES if r == values.get("role", "inout")), None)
        if role is None:
            raise _WrongError(f"{key}.role", f"must be one of {', '.join(ROLES)}")
        return BufferArgument(
            name,
            _scalar_type(values, key),
            _formula(values["elements"], f"{key}.elements", known),
            role,
            _distribution(values.get("values", "auto"), f"{key}.values", known),
        )
    values = _table(table, key, {"type", "value", "values"})
    type_ = _scalar_type(values, key)
    if "values" in values:
        drawn = _distribution(values["values"], f"{key}.values", known)
        return ScalarArgument(name, type_, drawn)
    value = values.get("value")
    if type(value) is float:
        if not type_.is_float:
            raise _WrongError(f"{key}.value", f"a real number for an argument of type {type_}")
        return ScalarArgument(name, type_, value)
    if value is None:
        raise _WrongError(key, "needs `elements` (a buffer), `value` or `values` (a scalar)")
    return ScalarArgument(name, type_, _formula(value, f"{key}.value", known))


# --- writing -----------------------------------------------------------------------------------


def print_cases(cases: Iterable[Case]) -> str:
    """The TOML text that reads back to equal cases."""
    return "\n".join(_print_case(case) for case in cases)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("\t", "\\t") + '"'


def _print_formula(formula: Formula) -> str:
    return formula.text if re.fullmatch(r"0|-?[1-9]\d*", formula.text) else _quote(formula.text)


def _print_triple(triple: Triple) -> str:
    parts = list(triple)
    while len(parts) > 1 and parts[-1] == ONE:
        parts.pop()
    if len(parts) == 1:
        return _print_formula(parts[0])
    return "[" + ", ".join(map(_print_formula, parts)) + "]"


def _print_case(case: Case) -> str:
    lines = ["[[case]]", f"kernel = {_quote(case.kernel)}"]
    if case.note:
        lines.append(f"note = {_quote(case.note)}")
    lines.append(f"grid = {_print_triple(case.grid)}")
    lines.append(f"block = {_print_triple(case.block)}")
    if case.cooperative:
        lines.append("cooperative = true")
    if case.shared != Formula("0"):
        lines.append(f"shared = {_print_formula(case.shared)}")
    if case.sizes:
        lines.append("[case.sizes]")
        lines += [f"{name} = [{', '.join(map(str, v))}]" for name, v in case.sizes]
    for argument in case.arguments:
        lines += _print_argument(argument)
    return "\n".join(lines) + "\n"


def _print_argument(argument: BufferArgument | ScalarArgument) -> list[str]:
    name = argument.name
    key = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quote(name)
    lines = [f"[case.arguments.{key}]"]
    if isinstance(argument, BufferArgument):
        lines.append(f'type = "{argument.elem}"')
        lines.append(f"elements = {_print_formula(argument.elements)}")
        lines.append(f'role = "{argument.role}"')
        if argument.values != Distribution():
            lines.append(f"values = {_quote(str(argument.values))}")
        return lines
    lines.append(f'type = "{argument.type}"')
    match argument.value:
        case Distribution() as values:
            lines.append(f"values = {_quote(str(values))}")
        case Formula() as formula:
            lines.append(f"value = {_print_formula(formula)}")
        case float() as number:
            lines.append(f"value = {number!r}")
    return lines
