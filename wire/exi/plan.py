"""A regular type as the code generators see it: its productions numbered once, its states as ranges of numbers.

Attributes, then the options of each particle, then SE(*), EE and CH are numbered 0, 1, 2... in the order EXI gives
them. In a type that is a sequence every state allows a contiguous range of these numbers, so a state is (start, count)
and an event's code is its number minus start.
"""

from __future__ import annotations

from msgspec import Struct

from pncsim.wire.exi.bits import bits_for
from pncsim.wire.exi.declare import ComplexType
from pncsim.wire.exi.grammar import END, Grammars
from pncsim.wire.exi.schema import AttributeUse, Element, Group, Model, Particle, Value, Wild


class Item(Struct, frozen=True):
    """One position of a type: an attribute, the text, or a particle with its options; ``first`` numbers the first."""

    options: tuple[AttributeUse | Element | Value, ...]
    first: int
    low: int
    high: int | None

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that hold it: several if it is a choice of fields."""
        return tuple(dict.fromkeys("value" if isinstance(o, Value) else o.field for o in self.options))


class Range(Struct, frozen=True):
    """A state: the productions numbered from ``start`` on."""

    start: int
    count: int

    @property
    def width(self) -> int:
        """Bits of an event code: one more value is the escape to undeclared events."""
        return bits_for(self.count + 1)


class CoderPlan:
    """The items of a type and the number of its end; ``end`` is None if straight-line code cannot be made for it."""

    def __init__(self, model: Model, grammars: Grammars) -> None:
        self.model = model
        self.items: list[Item] = []
        number = 0
        for use in model.attributes:
            self.items.append(Item((use,), number, int(use.required), 1))
            number += 1
        self.tail = 1
        self.end: int | None = number
        if model.text is not None:
            self.items.append(Item((model.text,), number, 1, 1))
            self.tail, self.end = 0, number + 1
            return
        if not model.regular:
            self._only_empty(model, grammars, number)
            return
        wild = 0
        for part in model.content.parts:
            if isinstance(part, Wild):
                wild = 1
                if part.low:
                    self.end = None
                    return
                continue
            if part.low > 1:
                self.end = None
                return
            options = _options(part)
            self.items.append(Item(options, number, part.low, part.high))
            number += len(options)
        self.tail = wild + 1 + int(model.mixed)
        self.end = number + wild

    def _only_empty(self, model: Model, grammars: Grammars, number: int) -> None:
        """A type with an unruly content model: the generated code knows it only without content."""
        productions = grammars.start(model, len(model.attributes), first=not model.attributes).productions
        at = next((i for i, p in enumerate(productions) if p.event == END), None)
        self.tail = len(productions)
        self.end = None if at is None else number + at

    def state(self, index: int, count: int = 0) -> Range:
        """The state in which ``items[index]`` has occurred ``count`` times."""
        items = self.items
        if index < len(items):
            high = items[index].high
            if high is not None and count >= high:
                index, count = index + 1, 0
        start = items[index].first if index < len(items) else self._numbers()
        reach = start
        for i in range(index, len(items)):
            reach += len(items[i].options)
            if items[i].low > (count if i == index else 0):
                return Range(start, reach - start)
        return Range(start, reach - start + self.tail)

    def _numbers(self) -> int:
        return self.items[-1].first + len(self.items[-1].options) if self.items else 0

    @property
    def framed(self) -> tuple[type[ComplexType], ...]:
        """What stands in every message of this type, if that is required elements alone: a header and a body."""
        found: list[type[ComplexType]] = []
        for item in self.items:
            option = item.options[0]
            if (item.low, item.high) != (1, 1) or not isinstance(option, Element) or not isinstance(option.type, type):
                return ()
            found.append(option.type)
        return tuple(found)


def _options(part: Particle) -> tuple[Element, ...]:
    if isinstance(part, Element):
        return (part,)
    assert isinstance(part, Group)
    return tuple(p for p in part.parts if isinstance(p, Element))
