"""What build files have in common: findings, sources that change their suffix, nvcc's flags as hipcc takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from xpiler.backends.base import Diagnostic
from xpiler.backends.hip.catalog import entry
from xpiler.ir.nodes import Span
from xpiler.records import dataclass

__all__ = ["BuildEdit", "Built", "port_flags", "rename_sources"]


@dataclass(frozen=True, slots=True)
class Built:
    """A build file after its edits."""

    text: bytes
    diagnostics: tuple[Diagnostic, ...]
    converted: Mapping[str, int]


@dataclass(slots=True)
class BuildEdit:
    """Text under edit, line by line, with what was found."""

    file: str
    diagnostics: list[Diagnostic] = field(default_factory=list)
    converted: dict[str, int] = field(default_factory=dict)
    packages: dict[str, None] = field(default_factory=dict)
    own: frozenset[str] = frozenset()

    def report(self, code: str, line: int, hint: str = "", **values: object) -> None:
        known = entry(code)
        message = known.message.format(**values)
        span = Span(self.file, line, 1, line, 1)
        self.diagnostics.append(Diagnostic(code, known.severity, message, span, hint or known.hint))

    def count(self, name: str) -> None:
        self.converted[name] = self.converted.get(name, 0) + 1


def rename_sources(text: str, renamed: Mapping[str, str], edit: BuildEdit) -> str:
    """Paths and globs of `.cu` files, for those that the tree renames."""
    names = {path.rsplit("/", 1)[-1] for path in renamed}

    def swap(match: re.Match[str]) -> str:
        base = match[0].rsplit("/", 1)[-1]
        if "*" in base or "$" in base or "%" in base or base in names:
            edit.count("sources")
            return match[0][:-3] + ".hip"
        return match[0]

    text = re.sub(r"(\$[({]\w+:)(%?)\.cu=", r"\1\2.hip=", text) if renamed else text
    return re.sub(r"[\w./*${}%()-]*[\w*})%]\.cu\b(?!\.)", swap, text)


_NVCC_FLAGS = (
    r"--expt-relaxed-constexpr",
    r"--expt-extended-lambda",
    r"--extended-lambda",
    r"-expt-relaxed-constexpr",
    r"-expt-extended-lambda",
    r"-lineinfo",
    r"--generate-line-info",
    r"(?:-rdc|--relocatable-device-code)[= ]false",
    r"-Xptxas[= ]?\"?[\w,=-]+\"?",
    r"--ptxas-options=[^\s>;\"')]+",
    r"-maxrregcount[= ]\d+",
    r"--default-stream[= ][\w-]+",
    r"-Xfatbin[= ][^\s>;\"')]+",
    r"--threads[= ]\d+",
    r"-t=?\d+",
    r"-Xcudafe[= ]\"?(?:--?)?[^\s>;\"')]+\"?",
    r"-Xnvlink[= ][^\s>;\"')]+",
    r"--?diag[-_](?:suppress|warn|error)[= ][\w,]+",
    r"--?Werror[= ](?:cross-execution-space-call|all-warnings|reorder)\b",
    r"-Wno-deprecated-gpu-targets",
    r"-allow-unsupported-compiler",
    r"--source-in-ptx",
    r"(?:-ccbin|--compiler-bindir)[= ](?:\$\(\w+\)|[^\s>;\"')]+)",
    r"-cudart[= ]\w+",
    r"--cudart[= ]\w+",
    r"--resource-usage",
    r"-res-usage",
    r"--keep(?:-dir[= ]\S+)?",
    r"-forward-unknown-to-host-compiler",
)
_DROP = re.compile(r"(?<![\w-])(?:" + "|".join(_NVCC_FLAGS) + r")(?![\w-])")
# A capability in a flag: `80`, `90a`, or a variable of make, CMake or a shell.
_SM = r"(?:sm|compute|lto)_(?:\$[({]?\w+[)}]?|\w+)"
_GENCODE = re.compile(
    rf"(?<![\w-])(?:--?gen(?:erate-)?code[= ]?\s*(?P<q>\\?\")?arch=(?P<i>\\?\")?{_SM}(?:(?P=i))?,\s*(?P<c>\\?\")?"
    rf"code=(?P<o>\\?\")?\[?{_SM}(?:,{_SM})*\]?(?(o)(?P=o))(?(c)(?P=c))(?(q)(?P=q))"
    rf"|(?:-arch|--gpu-architecture|-code|--gpu-code)[= ]{_SM}|-arch=native|-arch=all(?:-major)?)"
)
_RDC = re.compile(
    r"(?<![\w-])(?:(?:-rdc|--relocatable-device-code)[= ]true|-dc\b|--device-c\b)(?![\w-])"
)
# Lines of a Makefile where `-dc` is nvcc's: other programs have an option of this name.
_COMPILES = re.compile(r"nvcc|hipcc|NVCC|HIPCC|CUDA|--offload-arch|rdc")
_DLINK = re.compile(r"(?<![\w-])(?:-dlink|--device-link)(?![\w-])")
_XCOMPILER = re.compile(
    r"(?:-Xcompiler|--compiler-options)(?:=|\s+)(?:\"([^\"]*)\"|'([^']*)'|([^\s\"')>]+))"
)


def port_flags(text: str, line: int, edit: BuildEdit, arch: str) -> str:
    """Flags of nvcc as hipcc takes them; `arch` non-empty puts `--offload-arch` where `-arch` stood."""

    def dropped(match: re.Match[str]) -> str:
        edit.report("XP5501", line, flag=match[0].strip(), reason="")
        edit.count(match[0].split("=")[0].split(" ")[0])
        return _GONE

    first = True

    def gencode(_: re.Match[str]) -> str:
        nonlocal first
        edit.count("-arch")
        if first and arch:
            edit.report("XP5504", line, arch=arch)
            first = False
            return f"--offload-arch={arch}"
        return _GONE

    def separate(match: re.Match[str]) -> str:
        edit.count("-rdc")
        edit.report("XP5507", line, text=match[0])
        compiles = arch and match[0] in ("-dc", "--device-c")
        return "-fgpu-rdc -c" if compiles else "-fgpu-rdc"

    result = _GENCODE.sub(gencode, text)
    if not arch or _COMPILES.search(text):
        result = _RDC.sub(separate, result)
    if _DLINK.search(result):
        edit.report("XP5503", line, hint=_DEVICE_LINK, text=" ".join(result.split())[:70])
    result = _DROP.sub(dropped, result)
    result = _XCOMPILER.sub(lambda m: (m[1] or m[2] or m[3] or "").replace(",", " "), result)
    result = re.sub(r"(?<![\w-])(?:--use_fast_math|-use_fast_math)\b", "-ffast-math", result)
    result = re.sub(r"(?<![\w-])-G\b(?!\w)", "-g -O0", result)
    return _tidied(result, text, separators=not arch)


_DEVICE_LINK = (
    "hipcc links device code in the final link: drop this step, and link with -fgpu-rdc --hip-link"
)


# Stands where a flag was, until the blanks around it are looked at; no build file holds it.
_GONE = "\0"


def _tidied(result: str, text: str, separators: bool) -> str:
    """The text without the marks of dropped flags, and without the blanks and semicolons that they leave."""
    if result == text:
        return text

    def closed(match: re.Match[str]) -> str:
        before, after = result[: match.start()], result[match.end() :]
        if not before or before.endswith("\n"):
            return match[1]
        return " " if match[1] and after and after[0] not in "\n\"')>;" else ""

    result = re.sub(rf"([ \t]*)(?:{_GONE}[ \t]*)+", closed, result)
    if separators:
        result = re.sub(r";{2,}(?=[^;\s])", ";", result)
        result = re.sub(r"(?<=>:)[ \t;]+(?=[^\s;])|(?<=[\w-])[ \t;]+(?=>)", "", result)
    return result
