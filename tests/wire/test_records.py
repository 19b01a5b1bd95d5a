"""The cheap ``dataclass`` behaves like the standard library's."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any, ClassVar

import pytest

from wire import records


def declare(dataclass: Callable[..., Any]) -> dict[str, Any]:
    """The same classes with either decorator."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Event:
        time: float
        actor: str = "EV"

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Sent(Event):
        data: bytes
        tags: list[str] = field(default_factory=list)
        secret: str = field(default="none", repr=False, compare=False)

    @dataclass(slots=True)
    class Box:
        count: ClassVar[int] = 0
        width: int
        height: int = 2
        area: int = field(default=0, init=False)
        notes: list[str] = field(default_factory=list, init=False)

        def __post_init__(self) -> None:
            self.area = self.width * self.height

    @dataclass(eq=False)
    class Thing:
        name: str

        def __repr__(self) -> str:
            return self.name

    @dataclass(frozen=True)
    class Empty:
        pass

    @dataclass(frozen=True)
    class One:
        it: Any

    return {"Event": Event, "Sent": Sent, "Box": Box, "Thing": Thing, "Empty": Empty, "One": One}


OURS, THEIRS = declare(records.dataclass), declare(dataclasses.dataclass)

MAKE: list[Callable[[dict[str, Any]], Any]] = [
    lambda c: c["Event"](time=1.0),
    lambda c: c["Sent"](time=1.0, data=b"x", secret="s"),
    lambda c: c["Sent"](time=1.0, actor="CS", data=b"x", tags=["a"]),
    lambda c: c["Box"](3),
    lambda c: c["Box"](width=3, height=4),
    lambda c: c["Thing"]("t"),
    lambda c: c["Empty"](),
    lambda c: c["One"](float("nan")),
]


@pytest.mark.parametrize("make", MAKE)
def test_an_instance_shows_itself_and_is_taken_apart_as_by_the_library(make: Callable[[dict[str, Any]], Any]) -> None:
    ours, theirs = make(OURS), make(THEIRS)
    assert repr(ours) == repr(theirs)
    assert repr(dataclasses.asdict(ours)) == repr(dataclasses.asdict(theirs))
    assert type(ours).__match_args__ == type(theirs).__match_args__
    assert getattr(type(ours), "__slots__", None) == getattr(type(theirs), "__slots__", None)
    assert (ours == make(OURS)) == (theirs == make(THEIRS))
    assert (type(ours).__hash__ is None) == (type(theirs).__hash__ is None)
    assert repr(copy.copy(ours)) == repr(theirs)


@pytest.mark.parametrize(
    "make",
    [
        lambda c: c["Event"](),
        lambda c: c["Event"](1.0),
        lambda c: c["Sent"](time=1.0, data=b"", more=1),
        lambda c: c["Box"](1, 2, 3),
        lambda c: c["Box"](1, area=3),
        lambda c: c["Empty"](1),
    ],
)
def test_wrong_arguments_are_refused(make: Callable[[dict[str, Any]], Any]) -> None:
    for classes in (OURS, THEIRS):
        with pytest.raises(TypeError, match="__init__"):
            make(classes)


def test_equality_and_hash_leave_out_what_is_not_compared() -> None:
    for classes in (OURS, THEIRS):
        first, second = (classes["Sent"](time=1.0, data=b"x", tags=(), secret=s) for s in "ab")
        assert first == second
        assert hash(first) == hash(second)
        assert first != classes["Sent"](time=2.0, data=b"x")
        assert first != classes["Event"](time=1.0)


def test_a_frozen_instance_stays_as_it_is() -> None:
    for classes in (OURS, THEIRS):
        sent = classes["Sent"](time=1.0, data=b"x")
        for name in ("time", "data"):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(sent, name, None)
            with pytest.raises(dataclasses.FrozenInstanceError):
                delattr(sent, name)
        assert dataclasses.replace(sent, time=2.0).time == 2.0


def test_a_plain_subclass_may_have_attributes_of_its_own() -> None:
    class Named(OURS["One"]):  # type: ignore[misc]
        def __init__(self, it: Any, name: str) -> None:
            super().__init__(it)
            self.name = name

    named = Named(1, "n")
    assert (named.it, named.name) == (1, "n")
    with pytest.raises(dataclasses.FrozenInstanceError):
        named.it = 2
    assert OURS["One"](1) == OURS["One"](1)


def test_each_instance_gets_lists_of_its_own() -> None:
    one, other = (OURS["Sent"](time=1.0, data=b"") for _ in range(2))
    one.tags.append("a")
    assert other.tags == []
    assert OURS["Box"](1).notes is not OURS["Box"](1).notes


@records.dataclass(frozen=True, slots=True)
class Kept:
    """At module level, where pickle finds it."""

    number: int


def test_a_frozen_instance_can_be_copied_and_pickled() -> None:
    assert pickle.loads(pickle.dumps(Kept(3))) == copy.deepcopy(Kept(3)) == Kept(3)
