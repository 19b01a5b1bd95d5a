"""Valid values of any declared type, drawn from a random source: for vectors, round trips and comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from pncsim.wire.exi.declare import ComplexType
from pncsim.wire.exi.grammar import END, enter
from pncsim.wire.exi.schema import Element, Group, Model, Particle, Type, Value, Wild
from pncsim.wire.v2g.registry import codec

PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-_.:/#"
WIDE = PLAIN + "äß€漢\U0001f50c"

BODY_MESSAGES = [
    name
    for name, cls in codec("iso2").schema.classes.items()
    if cls.__element__ == name and name.endswith(("Req", "Res")) and name != "BodyElement"
]


@dataclass
class Sampler:
    """``optional``: chance of an optional part; ``full``: longest values and lists; ``empty``: allow length 0."""

    random: Random
    set_name: str = "iso2"
    optional: float = 0.5
    full: bool = False
    empty: bool = False
    longest_list: int = 4
    letters: str = PLAIN

    def message(self, name: str) -> Any:
        """A V2G_Message around a body message."""
        from pncsim.wire.v2g import iso2

        return iso2.V2G_Message(
            Header=self.make(iso2.MessageHeaderType), Body=iso2.BodyType(BodyElement=self.make(getattr(iso2, name)))
        )

    def make(self, type_: Type) -> Any:
        """A value of this type."""
        return self._simple(type_) if isinstance(type_, Value) else self._complex(type_)

    def _here(self) -> bool:
        return self.random.random() < self.optional

    def _complex(self, cls: type[ComplexType]) -> Any:
        model = codec(self.set_name).schema.model(cls)
        made: dict[str, Any] = {}
        for use in model.attributes:
            if use.required or self._here():
                made[use.field] = self._simple(use.type)
        if model.text is not None:
            made["value"] = self._simple(model.text)
        elif not model.regular:
            made["items"] = self._items(model)
        else:
            for part in model.content.parts:
                self._particle(part, made)
        return cls(**made)

    def _particle(self, part: Particle, made: dict[str, Any]) -> None:
        if isinstance(part, Wild):
            return
        if part.high != 1:
            top = self.longest_list if part.high is None else min(part.high, max(part.low, self.longest_list))
            count = top if self.full else self.random.randint(part.low, top) if self._here() else part.low
            field = part.field if isinstance(part, Element) else part.parts[0].field  # type: ignore[union-attr]
            made[field] = [self.make(self._option(part).type) for _ in range(count)]
        elif part.low or self._here():
            option = self._option(part)
            made[option.field] = self.make(option.type)

    def _option(self, part: Particle) -> Element:
        if isinstance(part, Element):
            return part
        assert isinstance(part, Group)
        options = [
            e for e in part.parts if isinstance(e, Element) and not (isinstance(e.type, type) and e.type.__abstract__)
        ]
        return self.random.choice(options)

    def _items(self, model: Model) -> list[tuple[str, Any]]:
        state = codec(self.set_name).grammars.start(model, len(model.attributes), first=not model.attributes)
        items: list[tuple[str, Any]] = []
        while True:
            elements = [p for p in state.productions if isinstance(p.event, Element)]
            may_end = any(p.event == END for p in state.productions)
            if not elements or (may_end and (len(items) >= self.longest_list or not self._here())):
                return items
            chosen = self.random.choice(elements)
            assert isinstance(chosen.event, Element)
            items.append((chosen.event.qname[0], self.make(chosen.event.type)))
            state = enter(chosen.next)

    def _simple(self, type_: Value) -> Any:
        if type_.kind == "boolean":
            return self.random.random() < 0.5
        if type_.kind == "enumeration":
            return self.random.choice(list(type_.members or ()))
        if type_.kind in ("string", "binary"):
            low = max(type_.min_length, 0 if self.empty else 1)
            high = 30 if type_.max_length is None else type_.max_length
            count = high if self.full else self.random.randint(low, max(low, min(high, 40)))
            if type_.kind == "binary":
                return bytes(self.random.randrange(256) for _ in range(count))
            return "".join(self.random.choice(self.letters) for _ in range(count))
        low_, high_ = type_.low, type_.high
        if low_ is None or high_ is None:
            low_, high_ = -(1 << 159), 1 << 159
        edge = self.random.random()
        if edge < 0.15:
            return self.random.choice((low_, high_))
        near = [n for n in (0, 1, -1, 127, 128, -128, -129, 16383, 16384, 255) if low_ <= n <= high_]
        if edge < 0.35 and near:
            return self.random.choice(near)
        size = self.random.randint(1, max(1, max(abs(low_), abs(high_)).bit_length()))
        return min(max(self.random.randint(-(1 << size), 1 << size), low_), high_)
