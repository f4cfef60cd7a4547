"""Dataclasses with late methods behave as the standard ones."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from xpiler import records

KINDS = [
    {"frozen": True, "slots": True},
    {"frozen": True},
    {"slots": True},
    {},
    {"slots": True, "eq": False},
]


def point(decorate: Callable[[type], type]) -> Any:
    class Point:
        """A place."""

        kind: ClassVar[str] = "point"
        x: int
        y: int = 2
        tags: list[str] = dataclasses.field(default_factory=list)
        place: str | None = dataclasses.field(default=None, compare=False, kw_only=True, repr=False)
        norm: int = dataclasses.field(init=False, default=7)

        def doubled(self) -> int:
            return self.x * 2

    return decorate(Point)


def outcome(act: Callable[[], object]) -> object:
    """What an action gives: its value, or its error in words."""
    try:
        return act()
    except Exception as error:
        return type(error).__name__, str(error)


ACTIONS: list[Callable[[Any], object]] = [
    lambda c: repr(c(1)),
    lambda c: repr(c(1, 3, ["a"], place="here")),
    lambda c: c(1) == c(1),
    lambda c: c(1) != c(2),
    lambda c: c(1, place="a") == c(1, place="b"),
    lambda c: c(1) == 1,
    lambda c: c(1).__eq__(1),
    lambda c: len({hash(v) for v in [c(1, 2, ()), c(1, 2, ())]}),
    lambda c: hash(c(1, 2, ())) == hash((1, 2, (), 7)),
    lambda c: type(hash(c(1))),
    lambda c: c(),
    lambda c: c(1, 2, [], None, 5),
    lambda c: c(1, x=2),
    lambda c: c(1, wrong=2),
    lambda c: c(1).tags is c(1).tags,
    lambda c: repr(dataclasses.replace(c(1), y=9, place="there")),
    lambda c: dataclasses.replace(c(1), norm=9),
    lambda c: dataclasses.asdict(c(1)),
    lambda c: [f.name for f in dataclasses.fields(c)],
    lambda c: c.__match_args__,
    lambda c: setattr(c(1), "x", 2),
    lambda c: setattr(c(1), "other", 2) if not hasattr(c, "__slots__") else None,
    lambda c: delattr(c(1), "x"),
    lambda c: str(inspect.signature(c)),
    lambda c: c.__doc__,
    lambda c: repr(copy.copy(c(4, place="p"))),
    lambda c: copy.deepcopy(c(4, place="p")).place,
    lambda c: hasattr(c(1), "__dict__"),
    lambda c: c(3).doubled(),
    lambda c: c.kind,
    lambda c: c(1).norm,
    lambda c: dataclasses.is_dataclass(c),
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_action_gives_what_the_standard_decorator_gives(kind: dict[str, bool]) -> None:
    for act in ACTIONS:
        ours, standard = point(records.dataclass(**kind)), point(dataclasses.dataclass(**kind))
        expected = outcome(lambda: act(standard))  # noqa: B023
        assert outcome(lambda: act(ours)) == expected, inspect.getsource(act)  # noqa: B023
        assert outcome(lambda: act(ours)) == expected  # noqa: B023


def test_methods_of_the_class_stay() -> None:
    @records.dataclass(frozen=True, slots=True)
    class Own:
        x: int

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 5

        def __repr__(self) -> str:
            return "own"

    assert (Own(1) == 2, hash(Own(1)), repr(Own(1))) == (True, 5, "own")


def test_an_own_equality_gets_a_hash_of_the_fields() -> None:
    for decorate in (records.dataclass, dataclasses.dataclass):

        @decorate(frozen=True)
        class Own:
            x: int

            def __eq__(self, other: object) -> bool:
                return True

        assert hash(Own(3)) == hash((3,))


def test_what_follows_the_fields_is_run_and_may_set_nothing() -> None:
    @records.dataclass(frozen=True, slots=True)
    class Checked:
        x: int

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError("negative")

    assert Checked(1).x == 1
    with pytest.raises(ValueError, match="negative"):
        Checked(-1)


def test_derived_classes() -> None:
    made = []
    for decorate in (records.dataclass, dataclasses.dataclass):

        @decorate(frozen=True, slots=True)
        class Base:
            x: int

        @decorate(frozen=True, slots=True)
        class Derived(Base):
            y: int = 4

        class Plain(Derived):
            pass

        assert Base(1) != Derived(1)
        assert Derived(1) == Derived(1, 4)
        assert str(inspect.signature(Plain)) == "(x: 'int', y: 'int' = 4) -> None"
        with pytest.raises(dataclasses.FrozenInstanceError):
            Plain(1).x = 2
        made.append([repr(Base(1)), repr(Derived(1)), repr(Plain(2)), hash(Derived(1))])
    assert made[0] == made[1]


@records.dataclass(frozen=True, slots=True)
class Kept:
    """A class that pickle can find."""

    x: int
    next: Kept | None = None


def test_pickle() -> None:
    value = Kept(1, Kept(2))
    assert pickle.loads(pickle.dumps(value)) == value


def test_what_holds_itself_is_shown() -> None:
    @records.dataclass
    class Node:
        next: object = None

    node = Node()
    node.next = node
    assert repr(node).endswith("Node(next=...)")


def test_what_is_not_offered_is_refused() -> None:
    with pytest.raises(TypeError, match="InitVar"):

        @records.dataclass
        class Late:
            x: dataclasses.InitVar[int]
