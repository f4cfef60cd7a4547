"""Declared instructions in the reference interpreter: the target's own header, compiled once, called one by one.

A program that calls instructions keeps its arrays in memory that the library can reach, each between pages that
nothing may touch. What an instruction refuses, and what it touches outside its arrays, stops the program with
`Fault`, as an index out of bounds does.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from difflib import get_close_matches
from math import prod
from typing import Any

import numpy as np

from xpiler.backends.base import Meaning, TranslationUnit
from xpiler.ir.interpret import Fault, instructions
from xpiler.ir.interpret.arithmetic import poison
from xpiler.ir.nodes import Module
from xpiler.ir.types import BF16, F16, SCALARS, Scalar
from xpiler.records import dataclass
from xpiler.synth.locate.halves import Halves
from xpiler.verify.run.build import Built, build_library

__all__ = ["Effect", "Machine", "machine_for"]

PAGE = 4096
GUARD = 1 << 35  # bytes on both sides: further than a 32-bit index of eight-byte elements reaches
REACH = 1 << 33  # bytes that a call may ask for from an array's start, or by a stride
HEADER = __file__.rpartition("/")[0] + "/native"
_C_TYPES: dict[str, Any] = {
    "i8": ctypes.c_int8,
    "u8": ctypes.c_uint8,
    "i16": ctypes.c_int16,
    "u16": ctypes.c_uint16,
    "i32": ctypes.c_int32,
    "u32": ctypes.c_uint32,
    "i64": ctypes.c_int64,
    "u64": ctypes.c_uint64,
    "f32": ctypes.c_float,
    "f64": ctypes.c_double,
    "bool": ctypes.c_bool,
    "enum": ctypes.c_int64,
}
_NAMES = {
    "i8": "signed char", "i16": "short", "i32": "int", "i64": "long long",
    "u8": "unsigned char", "u16": "unsigned short", "u32": "unsigned int", "u64": "unsigned long long",
    "f32": "float", "f64": "double", "bool": "bool", "f16": "unsigned short", "bf16": "unsigned short",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Effect:
    """An element that an instruction changed."""

    buffer: str
    index: tuple[int, ...]
    value: float


@dataclass(slots=True)
class _Array:
    """An array of the running program: `data` for the interpreter, `whole` the same bytes for comparison."""

    name: str
    shape: tuple[int, ...]
    address: int
    size: int
    data: Any
    whole: Any
    on_chip: bool


@dataclass
class Machine:
    """The instructions of one target. One program runs at a time; `observer` sees what instructions change."""

    meaning: Meaning
    observer: Callable[[Effect], None] | None = None
    _keys: set[str] = field(default_factory=set)
    _unknown: set[str] = field(default_factory=set)
    _others: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _library: Any = None
    _calls: dict[str, Callable[..., Any]] = field(default_factory=dict)
    _rooms: dict[int, list[int]] = field(default_factory=dict)
    _arrays: dict[str, _Array] = field(default_factory=dict)
    _taken: list[tuple[int, int]] = field(default_factory=list)
    _at: dict[int, _Array] = field(default_factory=dict)

    def prepare(self, keys: Iterable[str]) -> None:
        """Make these instructions callable; all at once saves compilations. Raises Fault for what does not exist."""
        wanted = set(keys)
        self._unknown |= {key for key in wanted if key.partition("|")[0] in self.meaning.far}
        if wanted - self._keys - self._unknown:
            self._build(sorted(self._keys | wanted - self._unknown))
        for key in sorted(wanted & self._unknown):
            raise Fault(f"no such instruction: {key.partition('|')[0]}")

    def _build(self, keys: list[str]) -> None:
        """A library of these instructions; without those that the compiler refuses."""
        while True:
            text, first = _source(self.meaning, keys)
            unit = TranslationUnit("instructions.cpp", text, "g++", self._flags())
            built = build_library((unit,), runtime=False, opt="-O1")
            if isinstance(built, Built):
                self._load(str(built.path), keys)
                return
            lines = re.findall(r"instructions\.cpp:(\d+):", built.stderr)
            bad = {int(line) - first for line in lines} & set(range(len(keys)))
            if not bad:
                raise Fault(f"the instructions do not compile: {built.summary}")
            self._unknown |= {keys[n] for n in bad}
            keys = [key for n, key in enumerate(keys) if n not in bad]

    def knows(self, program: Module) -> None:
        """Make ready what the program calls, and what could stand in its place: one compilation for a whole search."""
        wanted = set()
        for key in instructions(program):
            name, _, kinds = key.partition("|")
            wanted |= {f"{other}|{kinds}" for other in (name, *self.instead_of(name))}
        if wanted - self._keys - self._unknown:
            self._build(sorted(self._keys | wanted - self._unknown))

    def instead_of(self, name: str, most: int = 8) -> tuple[str, ...]:
        """Other instructions that take and give the same, those with the most alike names first."""
        if name not in self._others:
            shape = self.meaning.shapes.get(name)
            same = [n for n, s in self.meaning.shapes.items() if s == shape and n != name]
            # a word is one of few
            count = len(same) + 1 if name[0].isalpha() else most
            self._others[name] = tuple(get_close_matches(name, same, count, 0.0)) if shape else ()
        return self._others[name]

    def _flags(self) -> tuple[str, ...]:
        return (f"-I{HEADER}", "-std=c++17", "-w", *self.meaning.flags)

    def _load(self, path: str, keys: Sequence[str]) -> None:
        library = ctypes.CDLL(path)
        library.xp_last_message.restype = ctypes.c_char_p
        library.xp_room.restype = ctypes.c_void_p
        library.xp_room.argtypes = (ctypes.c_size_t, ctypes.c_size_t)
        library.xp_on_chip.restype = ctypes.c_void_p
        library.xp_on_chip.argtypes = (ctypes.c_char_p, ctypes.c_size_t)
        self._library, self._keys = library, set(keys)
        self._calls = {key: self._callable(n, key) for n, key in enumerate(keys)}

    # --- a run

    def enter(self) -> None:
        self._library.xp_enter()
        self._arrays.clear()
        self._at.clear()

    def leave(self) -> None:
        self._library.xp_leave()
        for pages, start in self._taken:
            self._rooms[pages].append(start)
        self._taken.clear()

    def begin(self, task: int) -> None:
        """A task starts: nothing on the chip."""
        for name in [n for n, a in self._arrays.items() if n.startswith("on chip ")]:
            del self._at[self._arrays.pop(name).address]
        self._library.xp_begin(task)

    def end(self) -> None:
        if self._library.xp_end():
            raise Fault(self._message())

    def array(self, name: str, elem: Scalar, shape: tuple[int, ...], space: str = "") -> Any:
        """Memory for an array, poisoned; the same place for the same name, task by task."""
        count = prod(shape)
        size = count * elem.size
        found = self._arrays.get(f"on chip {name}") or self._arrays.get(name)
        if found is None or found.size != size:
            found = self._new(name, elem, shape, size, space)
        view = (
            found.data.view if isinstance(found.data, Halves) else np.ctypeslib.as_array(found.data)
        )
        if count:
            view[:] = poison(elem)
        return found.data

    def _new(
        self, name: str, elem: Scalar, shape: tuple[int, ...], size: int, space: str
    ) -> _Array:
        address = self._library.xp_on_chip(space.encode(), size) if space else None
        key = f"on chip {name}" if address else name
        if not address:
            address = self._room(size)
        whole = (ctypes.c_uint8 * max(size, 1)).from_address(address)
        data = _elements(address, elem, prod(shape))
        found = _Array(name, shape, address, size, data, whole, key != name)
        self._arrays[key] = found
        self._at[address] = found
        return found

    def _room(self, size: int) -> int:
        """An address such that the array ends where a forbidden page begins."""
        pages = max(1, -(-size // PAGE))
        free = self._rooms.setdefault(pages, [])
        start = free.pop() if free else self._library.xp_room(pages * PAGE, GUARD)
        if not start:
            raise Fault("no room for an array")
        self._taken.append((pages, start))
        return int(start + pages * PAGE - size)

    def instruction(self, key: str) -> Callable[..., Any]:
        return self._calls[key]

    def _message(self) -> str:
        text = self._library.xp_last_message().decode(errors="replace").strip()
        # the instruction and its complaint, without the place
        return ": ".join(text.split(": ")[-2:])

    # --- calls

    def _callable(self, number: int, key: str) -> Callable[..., Any]:
        """A Python function for an instruction: registers are bytes, arrays `(array, first element)`."""
        name, result, *kinds = key.split("|")
        function = getattr(self._library, f"xp_f{number}")
        function.argtypes = (ctypes.c_void_p, *(_argument_type(k) for k in kinds))
        out = (ctypes.c_uint8 * 64)()
        where = ctypes.addressof(out)
        pointers = tuple(n for n, k in enumerate(kinds) if k.endswith("*"))
        values = _values(self.meaning.shapes.get(name, ""))
        numbers = tuple(
            n for n, k in enumerate(kinds) if k in ("i32", "u32", "i64", "u64") and n not in values
        )
        read = _reader(result, out)

        def plain(*args: Any) -> Any:
            if function(where, *args):
                raise Fault(self._message())
            return read()

        def with_memory(*args: Any) -> Any:
            given = list(args)
            touched: list[_Array] = []
            large = sorted(abs(args[n]) for n in numbers)[-2:]
            if len(large) > 1 and large[0] * large[1] > REACH:
                raise Fault(f"{name} is to reach too far")
            for n in pointers:
                array, first = args[n]
                found = self._at[_address(array)]
                each = found.size // max(1, len(array))
                # on the chip arrays have neighbours; elsewhere a masked access may begin before its array
                if abs(first) * each > REACH or (found.on_chip and not 0 <= first < len(array)):
                    raise Fault(f"element {first} of {found.name} is outside")
                given[n] = found.address + first * each
                touched.append(found)
            if self.observer is None:
                return plain(*given)
            return self._observed(plain, given, touched)

        if pointers:
            return with_memory
        if result == "void":
            return lambda *args: self._observed(plain, args, list(self._arrays.values()))
        return plain

    def _observed(self, plain: Callable[..., Any], args: Any, touched: list[_Array]) -> Any:
        """Call, and tell the observer which elements are different afterwards."""
        if self.observer is None:
            return plain(*args)
        unique = {a.address: a for a in touched}.values()
        before = [bytes(a.whole) for a in unique]
        result = plain(*args)
        for array, old in zip(unique, before, strict=True):
            new = bytes(array.whole)
            if new != old:
                self._tell(array, old, new)
        return result

    def _tell(self, array: _Array, old: bytes, new: bytes) -> None:
        assert self.observer is not None
        each = max(1, array.size // max(1, len(array.data)))
        a = np.frombuffer(old, np.uint8)[: array.size].reshape(-1, each)
        b = np.frombuffer(new, np.uint8)[: array.size].reshape(-1, each)
        for flat in np.nonzero((a != b).any(axis=1))[0].tolist():
            index = tuple(int(i) for i in np.unravel_index(flat, array.shape))
            self.observer(Effect(array.name, index, float(array.data[flat])))


def machine_for(meaning: Meaning | None) -> Machine | None:
    """A machine, if the target has instructions."""
    return None if meaning is None else Machine(meaning)


def _elements(address: int, elem: Scalar, count: int) -> Any:
    if elem in (F16, BF16):
        return Halves(address, count, elem)
    return (_C_TYPES[elem.name] * count).from_address(address)


def _address(array: Any) -> int:
    return array.address if isinstance(array, Halves) else ctypes.addressof(array)


def _values(shape: str) -> frozenset[int]:
    """The arguments that are values of an array's elements (`T value`): however large, nothing is addressed by them."""
    _, _, taken = shape.rpartition("(")
    given = taken.rstrip(")").split(",")
    return frozenset(
        n for n, one in enumerate(given) if one.split()[:1] == ["T"] and "*" not in one
    )


def _argument_type(kind: str) -> Any:
    if kind.endswith("*"):
        return ctypes.c_void_p
    if kind.startswith("mask"):
        return ctypes.c_uint64
    if kind in ("f16", "bf16"):
        return ctypes.c_float
    return _C_TYPES.get(kind, ctypes.c_char_p)


def _reader(result: str, out: Any) -> Callable[[], Any]:
    where = ctypes.addressof(out)
    if result == "void":
        return lambda: None
    if result.startswith("mask"):
        kind = {"mask8": ctypes.c_uint8, "mask16": ctypes.c_uint16, "mask32": ctypes.c_uint32}
        mask = kind.get(result, ctypes.c_uint64).from_buffer(out)
        return lambda: mask.value
    if result in _C_TYPES:
        value = _C_TYPES[result].from_buffer(out)
        return lambda: value.value
    elem, _, lanes = result.partition("x")
    size = SCALARS[elem].size * int(lanes or 1)
    if not lanes:
        half = Halves(where, 1, SCALARS[elem])
        return lambda: half[0] if out else None
    return lambda: bytes(out[:size])


def _register(kind: str) -> str:
    """The name of a register's type; truth values are kept in bytes."""
    return kind.replace("bool", "i8")


def _source(meaning: Meaning, keys: Sequence[str]) -> tuple[str, int]:
    """The library's text, one line an instruction, and the number of the first such line."""
    head = f'#include "machine.h"\n{meaning.text}\n'
    wrappers = "\n".join(_wrapper(meaning, n, key) for n, key in enumerate(keys))
    return f"{head}{wrappers}\n", head.count("\n") + 1


def _wrapper(meaning: Meaning, number: int, key: str) -> str:
    name, result, *kinds = key.split("|")
    given, passed = [], []
    for n, kind in enumerate(kinds):
        c, use = _parameter(meaning, kind, f"a{n}")
        given.append(f"{c} a{n}")
        passed.append(use)
    call = f"{name}({', '.join(passed)})" if kinds or result not in _C_TYPES else f"xp_word({name})"
    if result != "void":
        call = f"{_c_name(meaning, result)} r = ({_c_name(meaning, result)}){call}; std::memcpy(out, &r, sizeof r)"
    head = ", ".join(["void *out", *given])
    return f'extern "C" int xp_f{number}({head}) {{ (void)out; XP_CALLED({{ {call}; }}); }}'


def _parameter(meaning: Meaning, kind: str, name: str) -> tuple[str, str]:
    """The C type of a wrapper's parameter, and what it passes on."""
    if kind.endswith("*"):
        return "void *", f"({_c_name(meaning, kind[:-1])} *){name}"
    if kind == "enum":
        return "long long", f"xp_number{{{name}}}"
    if kind in _NAMES:
        c = "float" if kind in ("f16", "bf16") else _NAMES[kind]
        return c, f"({_c_name(meaning, kind)}){name}"
    if kind.startswith("mask"):
        return "unsigned long long", f"(__m{kind}){name}"
    return "const void *", f"xp_read<{_register(kind)}>({name})"


def _c_name(meaning: Meaning, kind: str) -> str:
    if kind in SCALARS:
        return meaning.types.get(SCALARS[kind], _NAMES.get(kind, kind))
    return f"__m{kind}" if kind.startswith("mask") else _register(kind)
