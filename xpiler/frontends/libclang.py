"""libclang: parse a CUDA file without a CUDA installation, and read its tree quickly.

The bundled bindings hide operator kinds and are slow per property; `Node` keeps what is asked twice, as where a loop
is unrolled and its body lifted again.
"""

from __future__ import annotations

import contextlib
import ctypes
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import clang.cindex as ci

from xpiler.backends.base import Diagnostic
from xpiler.frontends.precompiled import precompiled, standard_includes
from xpiler.frontends.results import ParseFailed
from xpiler.frontends.spellings import alignment_first
from xpiler.ir.nodes import Span
from xpiler.records import dataclass

__all__ = ["Node", "Parsed", "parse"]

HEADERS: Final = Path(__file__).parent / "include"
RUNTIME_HEADERS: Final = Path(__file__).parent.parent / "runtime" / "include"

_ARGUMENTS: Final = (
    "-x",
    "cuda",
    "--cuda-host-only",
    "-nocudainc",
    "-nocudalib",
    "--cuda-path=/nonexistent",
    "-nostdinc",
    "-nostdinc++",
    "-std=c++17",
    "-w",
    "-ferror-limit=0",
    "-Wno-reserved-user-defined-literal",
    "-Xclang",
    "-fcuda-allow-variadic-functions",
    "-ftemplate-depth=256",
)

BINARY_OPERATORS: Final = (
    "? .* ->* * / % + - << >> <=> < > <= >= == != & ^ | && || = *= /= %= += -= <<= >>= &= ^= |= ,"
).split(" ")
UNARY_OPERATORS: Final = (
    "? post++ post-- ++ -- & * + - ~ ! __real __imag __extension__ co_await"
).split(" ")


@cache
def _library() -> Any:
    lib = ci.conf.lib
    for name in ("clang_getCursorBinaryOperatorKind", "clang_getCursorUnaryOperatorKind"):
        function = getattr(lib, name)
        function.argtypes = [ci.Cursor]
        function.restype = ctypes.c_int
    lib.clang_Cursor_Evaluate.argtypes = [ci.Cursor]
    lib.clang_Cursor_Evaluate.restype = ctypes.c_void_p
    for name, result in (
        ("clang_EvalResult_getKind", ctypes.c_int),
        ("clang_EvalResult_getAsLongLong", ctypes.c_longlong),
        ("clang_EvalResult_getAsUnsigned", ctypes.c_ulonglong),
        ("clang_EvalResult_isUnsignedInt", ctypes.c_uint),
        ("clang_EvalResult_getAsDouble", ctypes.c_double),
        ("clang_EvalResult_dispose", None),
    ):
        function = getattr(lib, name)
        function.argtypes = [ctypes.c_void_p]
        function.restype = result
    lib.clang_Location_isInSystemHeader.argtypes = [ci.SourceLocation]
    lib.clang_Location_isInSystemHeader.restype = ctypes.c_int
    lib.clang_Cursor_getVarDeclInitializer.argtypes = [ci.Cursor]
    lib.clang_Cursor_getVarDeclInitializer.restype = ci.Cursor
    return lib


@cache
def _kind_names() -> dict[int, str]:
    return {kind.value: kind.name for kind in ci.CursorKind.get_all_kinds()}


@cache
def system_includes() -> tuple[str, ...]:
    """Where g++ looks for headers, its own directory included; empty without g++."""
    command = ["g++", "-E", "-v", "-x", "c++", "/dev/null"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(
        r"#include <\.\.\.> search starts here:\n(.*?)End of search", done.stderr, re.S
    )
    return tuple(line.strip() for line in found[1].splitlines()) if found else ()


_VENDOR: Final = re.compile(
    r"""^[ \t]*\#[ \t]*include[ \t]*[<"]
    ((?:cublas|curand|cufft|cusparse|cusolver|cudnn|nccl|nvtx|nvToolsExt|nvml|npp|nvrtc|cuda_gl_interop
    |cub/|thrust/|cuda/|cutlass/|cute/|torch/|ATen/|c10/|mpi\.h|omp\.h|GL/|helper_gl|cudaGL
    |cuda_pipeline|cuda_fp8|cuda_egl|cudaProfiler|nvjpeg)[^>"]*)[>"]""",
    re.M | re.X,
)


def vendor_headers(text: str) -> tuple[str, ...]:
    """Headers of libraries that only host code uses: they parse as empty, and host names stay unknown."""
    named = dict.fromkeys(found[1] for found in _VENDOR.finditer(text))
    return tuple(header for header in named if header not in device_libraries())


_LIBRARIES: Final = ("cub/**/*", "cuda/**/*", "curand*.h", "cuda_pipeline*.h", "cuComplex.h")


@cache
def device_libraries() -> frozenset[str]:
    """The runtime's headers whose functions are plain device code, so that kernels that call them lift."""
    found = (p for pattern in _LIBRARIES for p in RUNTIME_HEADERS.glob(pattern) if p.is_file())
    return frozenset(p.relative_to(RUNTIME_HEADERS).as_posix() for p in found)


def _library_headers() -> list[tuple[str, str]]:
    """The device libraries, each found beside the stand-in headers."""
    return [
        (str(HEADERS / header), f'#include "{RUNTIME_HEADERS / header}"\n')
        for header in sorted(device_libraries())
    ]


_STANDARD: Final = (
    "algorithm array bitset cassert cctype cerrno cfloat chrono climits cmath complex cstdarg"
    " cstdint cstdio cstdlib cstring ctime deque fstream functional initializer_list iomanip"
    " ios iostream istream iterator limits list map memory mutex numeric optional ostream queue random"
    " ratio set sstream stack stdexcept streambuf string string_view thread tuple type_traits"
    " unordered_map unordered_set utility valarray variant vector atomic filesystem any bit"
    " math.h stdio.h stdlib.h string.h strings.h time.h memory.h malloc.h sys/time.h unistd.h"
).split()


def _wrapped_standard_headers() -> list[tuple[str, str]]:
    """Standard headers whose functions device code may name too, as nvcc lets it."""
    begin, end = (f"#pragma clang force_cuda_host_device {w}" for w in ("begin", "end"))
    return [
        (str(HEADERS / "std" / header), f"{begin}\n#include_next <{header}>\n{end}\n")
        for header in _STANDARD
    ]


class Node:
    """A cursor; what it tells is found out once."""

    def __init__(self, cursor: Any, parsed: Parsed) -> None:
        self.cursor = cursor
        self.parsed = parsed
        self.kind: str = _kind_names().get(cursor._kind_id, "UNKNOWN")

    @cached_property
    def children(self) -> tuple[Node, ...]:
        return tuple(Node(c, self.parsed) for c in self.cursor.get_children())

    def keep(self, wanted: Callable[[Node], bool]) -> None:
        """Forgets the other children."""
        self.children = tuple(child for child in self.children if wanted(child))

    @property
    def members(self) -> tuple[Node, ...]:
        """What a class declares: an instance that the compiler made shows it in its template only."""
        if self.children:
            return self.children
        template = ci.conf.lib.clang_getSpecializedCursorTemplate(self.cursor)
        if template is None or template.kind.is_invalid():
            return ()
        return Node(template, self.parsed).children

    @property
    def is_instance(self) -> bool:
        """A template's instance made by the compiler: it stands where the template stands."""
        template = ci.conf.lib.clang_getSpecializedCursorTemplate(self.cursor)
        return template is not None and bool(template.location == self.cursor.location)

    @cached_property
    def spelling(self) -> str:
        return str(self.cursor.spelling)

    @cached_property
    def type(self) -> Any:
        return self.cursor.type

    @cached_property
    def ref(self) -> Node | None:
        """The declaration that this refers to."""
        target = self.cursor.referenced
        return None if target is None else Node(target, self.parsed)

    @cached_property
    def key(self) -> int:
        """Identifies a declaration within one parse."""
        return int(self.cursor.canonical.hash)

    @cached_property
    def file(self) -> str:
        place = self.cursor.location.file
        return "" if place is None else str(place.name)

    @property
    def in_headers(self) -> bool:
        """Declared by our stand-in headers, not by the user."""
        return self.file.startswith(str(HEADERS))

    @property
    def in_device_library(self) -> bool:
        """Declared by a library whose functions have bodies here, which are lifted as the user's are."""
        return self.file.startswith(str(RUNTIME_HEADERS))

    @property
    def in_system_header(self) -> bool:
        """Declared by a stand-in header or the system's."""
        return bool(_library().clang_Location_isInSystemHeader(self.cursor.location))

    @cached_property
    def span(self) -> Span | None:
        extent = self.cursor.extent
        start, end = extent.start, extent.end
        if start.file is None:
            return None
        return Span(str(start.file.name), start.line, start.column, end.line, end.column)

    @property
    def offsets(self) -> tuple[int, int]:
        extent = self.cursor.extent
        return extent.start.offset, extent.end.offset

    @property
    def text(self) -> str:
        """The source text, as far as it stands in the main file."""
        if self.file != self.parsed.name:
            return ""
        start, end = self.offsets
        return self.parsed.data[start:end].decode(errors="replace")

    @cached_property
    def binary_operator(self) -> str:
        return BINARY_OPERATORS[int(_library().clang_getCursorBinaryOperatorKind(self.cursor))]

    @property
    def unary_operator(self) -> str:
        return UNARY_OPERATORS[int(_library().clang_getCursorUnaryOperatorKind(self.cursor))]

    @cached_property
    def initializer(self) -> Node | None:
        """The initialiser of a variable."""
        cursor = _library().clang_Cursor_getVarDeclInitializer(self.cursor)
        if cursor._kind_id == 36 or cursor.kind.is_invalid():
            return None
        cursor._tu = self.cursor._tu
        return Node(cursor, self.parsed)

    def evaluate(self) -> int | float | None:
        """The value of a constant expression, or of a constant's initialiser."""
        lib = _library()
        result = lib.clang_Cursor_Evaluate(self.cursor)
        if not result:
            return None
        try:
            match lib.clang_EvalResult_getKind(result):
                case 1:
                    if lib.clang_EvalResult_isUnsignedInt(result):
                        return int(lib.clang_EvalResult_getAsUnsigned(result))
                    return int(lib.clang_EvalResult_getAsLongLong(result))
                case 2:
                    return float(lib.clang_EvalResult_getAsDouble(result))
                case _:
                    return None
        finally:
            lib.clang_EvalResult_dispose(result)

    def walk(self) -> Iterator[Node]:
        """This node and all below, in source order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed file. `errors` are those which leave the kernels intact (unknown names in host code)."""

    unit: Any
    name: str
    data: bytes
    errors: tuple[Diagnostic, ...] = ()

    @property
    def root(self) -> Node:
        """The file; instances of templates, which some parses list beside their template, left out."""
        node = Node(self.unit.cursor, self)
        node.keep(lambda child: not child.is_instance)
        return node


EXPLICIT: Final = "xp_explicit_instance_"
_EXPLICIT: Final = re.compile(
    r"^[ \t]*template\s+(?:__global__\s+)?void\s+(?:__launch_bounds__\s*\([^)]*\)\s*)?"
    r"(?:__global__\s+)?([\w:]+\s*<[^;{}]*?>)\s*\(",
    re.M,
)


def _explicit_instances(text: str, wanted: Sequence[str]) -> str:
    """Functions that name instances: those explicit in the file, which libclang does not show itself, and `wanted`."""
    named = [found[1] for found in _EXPLICIT.finditer(text)]
    return "".join(
        f"\nstatic void {EXPLICIT}{k}() {{ auto instance = &{name}; (void)instance; }}"
        for k, name in enumerate((*named, *wanted))
    )


def _users(error: Diagnostic, name: str, lines: int) -> bool:
    """Whether the error is in the user's own text, not in a system header nor behind the end."""
    span = error.span
    if span is None:
        return True
    return not span.file.startswith("/usr/") and not (span.file == name and span.line > lines)


def _failed(code: str, message: str, path: Path, hint: str = "") -> ParseFailed:
    return ParseFailed((Diagnostic(code, "error", message, Span(str(path), 1, 1, 1, 1), hint),))


def parse(
    text: str,
    path: Path,
    include_dirs: Sequence[Path] = (),
    defines: Sequence[str] = (),
    instances: Sequence[str] = (),
) -> Parsed | ParseFailed:
    """Parse `text` as the file `path`. `defines` are `NAME` or `NAME=VALUE`, `instances` of templates (`k<float>`)
    are made beside the file's own."""
    if "\0" in text:
        return _failed("XP1001", "this is not a text file", path)
    if not text.strip():
        return _failed("XP1001", "the file is empty", path)
    name = str(path)
    arguments = [*_ARGUMENTS]
    arguments += ["-isystem", str(HEADERS), "-isystem", str(HEADERS / "std")]
    for directory in include_dirs:
        arguments += ["-I", str(directory)]
    for system in system_includes():
        arguments += ["-isystem", system]
    arguments += [f"-D{define}" for define in defines]
    wrapped = [*_wrapped_standard_headers(), *_library_headers()]
    lines = text.count("\n") + 1
    text = alignment_first(text)
    text = text + _explicit_instances(text, instances)
    empty = list(vendor_headers(text))
    absent: list[Diagnostic] = []
    while True:
        files = [(name, text), *wrapped, *((str(HEADERS / header), "") for header in empty)]
        unit = _unit(name, text, arguments, files)
        if unit is None:
            return _failed("XP1002", "libclang could not read the file", path)
        errors = [_diagnostic(d, name) for d in unit.diagnostics if d.severity >= 3]
        errors = [e for e in errors if _users(e, name, lines)]
        missing = _missing_header(errors, empty)
        if missing is None:
            break
        header, error = missing
        empty.append(header)
        if not vendor_headers(f"#include <{header}>"):
            absent.append(error)
    parsed = Parsed(unit, name, text.encode(), ())
    fatal = _fatal(errors, parsed, lenient=bool(empty))
    if fatal:
        return ParseFailed((*absent, *fatal) if absent else tuple(fatal))
    return Parsed(unit, name, text.encode(), (*absent, *errors))


def _unit(
    name: str,
    text: str,
    arguments: list[str],
    files: list[tuple[str, str]],
) -> Any:
    """The translation unit, its standard headers precompiled if that can be had; None on failure."""
    forced = ["-include", "xp_parse.h"]
    headers = standard_includes(text, _known_headers())
    header = precompiled(headers, [*arguments, *forced], files[1:])
    if header is not None:
        with contextlib.suppress(ci.TranslationUnitLoadError):
            # Without the header's declarations among the file's own, which would take as long to list.
            unit = ci.Index.create(excludeDecls=True).parse(
                name, args=[*arguments, "-include-pch", str(header)], unsaved_files=files
            )
            if not any(d.severity >= 4 for d in unit.diagnostics):
                return unit
    try:
        return ci.Index.create().parse(name, args=[*arguments, *forced], unsaved_files=files)
    except ci.TranslationUnitLoadError:
        return None


@cache
def _known_headers() -> frozenset[str]:
    """The headers that mean the same in every file: the standard library's and the stand-ins."""
    own = (p.relative_to(HEADERS).as_posix() for p in HEADERS.rglob("*.h"))
    return frozenset((*_STANDARD, *own))


def _diagnostic(found: Any, name: str) -> Diagnostic:
    where = found.location
    file = name if where.file is None else str(where.file.name)
    line, column = max(1, where.line), max(1, where.column)
    code, hint = "XP1002", ""
    message = str(found.spelling)
    if "file not found" in message:
        code = "XP1003"
        hint = "give the directory of the header with -I"
    return Diagnostic(code, "error", message, Span(file, line, column, line, column), hint)


def _missing_header(
    errors: Sequence[Diagnostic], known: Sequence[str]
) -> tuple[str, Diagnostic] | None:
    """A header that is nowhere: it parses as empty, and what needs it is refused for itself."""
    for error in errors:
        if error.code == "XP1003":
            header = error.message.split("'")[1]
            if header not in known:
                return header, error
    return None


_SYNTAX: Final = re.compile(
    r"^expected |unterminated|extraneous|missing terminating"
    r"|unbalanced|invalid preprocessing|#error|^unexpected|too many errors|requires a type specifier"
)
_UNKNOWN: Final = re.compile(r"unknown type name|undeclared identifier|no member named|no template")


def _fatal(errors: Sequence[Diagnostic], parsed: Parsed, lenient: bool) -> list[Diagnostic]:
    """Errors after which nothing of the file can be trusted.

    Errors in every kernel, or syntax errors outside device code, unless they follow from a name that is not known
    here. `lenient`: a header is empty here, so errors in host code say nothing.
    """
    if not errors:
        return []
    kernels = _extents(parsed, ("CUDAGLOBAL_ATTR",))
    if not kernels or all(any(_inside(e, [k]) for e in errors) for k in kernels):
        first = [e for e in errors if _inside(e, kernels)]
        return [*first, *(e for e in errors if e not in first)]
    if lenient:
        return []
    device = _extents(parsed, ("CUDAGLOBAL_ATTR", "CUDADEVICE_ATTR"))
    outside = [e for e in errors if not _inside(e, device)]
    syntax = [e for e in outside if _SYNTAX.search(e.message)]
    unknown = next((n for n, e in enumerate(outside) if _UNKNOWN.search(e.message)), len(outside))
    if not any(e in syntax for e in outside[:unknown]):
        return []
    return [*syntax, *(e for e in errors if e not in syntax)]


def _inside(error: Diagnostic, extents: Sequence[tuple[str, int, int]]) -> bool:
    span = error.span
    return span is not None and any(
        file == span.file and first <= span.line <= last for file, first, last in extents
    )


def _extents(parsed: Parsed, attributes: Sequence[str]) -> list[tuple[str, int, int]]:
    """Files and lines of the functions that have one of the attributes."""
    found: list[tuple[str, int, int]] = []

    def visit(node: Node) -> None:
        for child in node.children:
            if child.in_system_header:
                continue
            if child.kind in ("NAMESPACE", "LINKAGE_SPEC", "UNEXPOSED_DECL"):
                visit(child)
            elif child.kind in ("FUNCTION_DECL", "FUNCTION_TEMPLATE") and any(
                c.kind in attributes for c in child.children
            ):
                span = child.span
                if span is not None:
                    found.append((span.file, span.line, span.end_line))

    visit(parsed.root)
    return found
