"""Dataclasses whose methods are compiled when they are first called.

The standard decorator compiles up to six methods for each class as its module is imported: 0.8 ms a class, 0.2 s for
the 220 classes that a translation imports, most of which are never compared, hashed or printed. Here fields, defaults,
slots and `__match_args__` are the standard decorator's (so `dataclasses.fields`, `replace` and `asdict` work), and
`__init__`, `__eq__`, `__hash__` and `__repr__` are compiled by their first call, which puts them into the class.
Type checkers see the standard decorator. Not offered: `InitVar`, `order`, `unsafe_hash`, `weakref_slot`.
"""

from __future__ import annotations

import dataclasses
import inspect
import reprlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

Fields = tuple["dataclasses.Field[Any]", ...]
Text = Callable[[type, Fields, dict[str, Any]], str]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True):
        """`dataclasses.dataclass` with these of its options, and with methods compiled by their first call."""

        def made(cls):
            return _made(cls, frozen, slots, eq)

        return made if cls is None else made(cls)


def _made(cls: Any, frozen: bool, slots: bool, eq: bool) -> Any:
    own = cls.__dict__
    hashed = own.get("__hash__") is not None
    if own.get("__doc__") is None:
        cls.__doc__ = cls.__name__  # the standard decorator would ask for the signature
    if any("InitVar" in str(a) for a in own.get("__annotations__", {}).values()):
        raise TypeError(f"{cls.__name__}: InitVar is not for this decorator")
    cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    wanted: dict[str, Text] = {"__init__": _init, "__repr__": _repr}
    if eq:
        wanted["__eq__"] = _eq
        if frozen and not hashed:
            wanted["__hash__"] = _hash
        elif not hashed:
            cls.__hash__ = None
    own = cls.__dict__
    if "__init__" not in own:
        cls.__signature__ = _Signature(cls)
    for name, text in wanted.items():
        if name == "__hash__" or name not in own:
            setattr(cls, name, _late(cls, name, text))
    if frozen:
        _freeze(cls, slots)
    return cls


def _late(cls: Any, name: str, text: Text) -> Callable[..., Any]:
    """A method that compiles the one which takes its place."""

    def first(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _compiled(cls, name, text)(self, *args, **kwargs)

    first.__name__ = name
    first.__qualname__ = f"{cls.__qualname__}.{name}"
    first.__module__ = cls.__module__
    return first


def _compiled(cls: Any, name: str, text: Text) -> Callable[..., Any]:
    scope: dict[str, Any] = {"__name__": cls.__module__}
    exec(text(cls, dataclasses.fields(cls), scope), scope)
    method = scope[name]
    method.__qualname__ = f"{cls.__qualname__}.{name}"
    if name == "__init__":
        types = {f.name: f.type for f in dataclasses.fields(cls) if f.init}
        method.__annotations__ = {**types, "return": None}
    if name == "__repr__":
        method = reprlib.recursive_repr()(method)
    setattr(cls, name, method)
    return method  # type: ignore[no-any-return]  # what exec defined


def _init(cls: Any, fields: Fields, scope: dict[str, Any]) -> str:
    """The text of `__init__`; what it needs from outside goes into `scope`."""
    positional, body = ["self"], list[str]()
    keyword: list[str] = []
    slotted = "__slots__" in cls.__dict__
    frozen = cls.__setattr__ is not object.__setattr__
    missing, absent = dataclasses.MISSING, _Absent()
    for f in fields:
        n, value = f.name, f.name
        if f.default is not missing:
            scope[f"_{n}_default"] = f.default
        if f.default_factory is not missing:
            scope[f"_{n}_factory"] = f.default_factory
            value = f"_{n}_factory()" + (f" if {n} is _absent else {n}" if f.init else "")
        elif not f.init:
            if f.default is missing or not slotted:
                continue
            value = f"_{n}_default"
        if f.init:
            default = f"=_{n}_default" if f.default is not missing else ""
            default = "=_absent" if f.default_factory is not missing else default
            (keyword if f.kw_only else positional).append(n + default)
        if frozen and slotted:
            scope[f"_set_{n}"] = getattr(cls, n).__set__
            body.append(f"_set_{n}(self, {value})")
        else:
            body.append(f"_set(self, {n!r}, {value})" if frozen else f"self.{n} = {value}")
    scope["_absent"], scope["_set"] = absent, object.__setattr__
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ", ".join([*positional, *(["*", *keyword] if keyword else [])])
    return f"def __init__({parameters}):\n " + "\n ".join(body or ["pass"])


def _repr(cls: Any, fields: Fields, scope: dict[str, Any]) -> str:
    shown = ", ".join(f"{f.name}={{self.{f.name}!r}}" for f in fields if f.repr)
    return f"def __repr__(self):\n return self.__class__.__qualname__ + f'({shown})'"


def _tuple(of: str, fields: Fields) -> str:
    return "(" + "".join(f"{of}.{f.name}," for f in fields if f.compare) + ")"


def _eq(cls: Any, fields: Fields, scope: dict[str, Any]) -> str:
    return (
        "def __eq__(self, other):\n"
        " if other.__class__ is self.__class__:\n"
        f"  return {_tuple('self', fields)} == {_tuple('other', fields)}\n"
        " return NotImplemented"
    )


def _hash(cls: Any, fields: Fields, scope: dict[str, Any]) -> str:
    return f"def __hash__(self):\n return hash({_tuple('self', fields)})"


class _Absent:
    """Stands for an argument that a factory makes, under the name that the standard decorator gives it."""

    def __repr__(self) -> str:
        return "<factory>"


class _Signature:
    """What `inspect.signature` says of a class: its `__init__`'s own, compiled when it is asked for."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls

    def __get__(self, instance: object, owner: Any) -> inspect.Signature:
        if instance is not None or owner.__init__ is not self.cls.__init__:
            raise AttributeError("__signature__")
        whole = inspect.signature(_compiled(self.cls, "__init__", _init))
        return whole.replace(parameters=tuple(whole.parameters.values())[1:])


def _freeze(cls: Any, slots: bool) -> None:
    names = frozenset(f.name for f in dataclasses.fields(cls))

    def setattr_(self: Any, name: str, value: object) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def delattr_(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    cls.__setattr__, cls.__delattr__ = setattr_, delattr_
    if slots:
        if "__getstate__" not in cls.__dict__:
            cls.__getstate__ = _state
        if "__setstate__" not in cls.__dict__:
            cls.__setstate__ = _set_state


def _state(self: Any) -> list[Any]:
    return [getattr(self, f.name) for f in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for f, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, f.name, value)
