"""A message taken apart: its elements with where each stands in the EXI stream, in the XML-like text and in the JSON.

The tree comes from the careful decoder as it walks the octets, so that what it says of a bit is what was read there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from pncsim.simulator.dashboard.form import read_value
from pncsim.simulator.evidence.story import printable
from pncsim.wire.errors import PncError
from pncsim.wire.exi.careful_decode import CarefulDecoder
from pncsim.wire.exi.schema import Value
from pncsim.wire.exi.views.common import text_of
from pncsim.wire.trace import Event, OcppFrame, V2gMessage

DEEPEST = 64


class MessagePart(Struct):
    """An element or attribute. ``begins`` and ``ends`` are bits of the stream; both 0 where there is no stream.

    ``text`` is the value of what has no parts, as XML writes it; ``said`` the decoded value.
    """

    name: str
    depth: int = 0
    begins: int = 0
    ends: int = 0
    text: str = ""
    parts: list[MessagePart] = field(default_factory=list)
    said: Any = None
    number: int = -1

    def walk(self) -> Iterator[MessagePart]:
        """This part and all below it, in the order of the stream."""
        yield self
        for part in self.parts:
            yield from part.walk()


class TextLine(Struct, frozen=True):
    """A line of a view, and which part it belongs to (its number in :attr:`Anatomy.parts`)."""

    text: str
    part: int


class Anatomy(Struct, frozen=True):
    """A message in every form. ``parts`` are numbered in the order they are read; ``octets`` is what travelled."""

    parts: tuple[MessagePart, ...]
    octets: bytes
    xml: tuple[TextLine, ...]
    json: tuple[TextLine, ...]

    def within(self, part: int) -> frozenset[int]:
        """A part and all below it, by number."""
        return frozenset(one.number for one in self.parts[part].walk())

    def part_at(self, octet: int) -> int:
        """The innermost part an octet of the stream belongs to."""
        bit = 8 * octet + 7
        found = [one for one in self.parts if one.begins <= bit and 8 * octet < one.ends]
        return max(found, key=lambda one: one.depth).number if found else 0


class _Located(CarefulDecoder):
    """Reads a document and remembers where everything stood."""

    root: MessagePart | None = None
    open: list[MessagePart]

    def element(self, qname: Any, type_: Any) -> Any:
        part = MessagePart(qname[0], len(self.open), self.start)
        (self.open[-1].parts.append if self.open else self._begin)(part)
        self.open.append(part)
        value = super().element(qname, type_)
        self.open.pop()
        part.ends, part.said = self.bits.position, value
        if isinstance(type_, Value) and not part.text:
            part.text = text_of(type_, value)
        return value

    def _begin(self, part: MessagePart) -> None:
        self.root = part

    def _value(self, type_: Value, qname: Any) -> Any:
        here = self.bits.position
        value = super()._value(type_, qname)
        if self.path[-1].startswith("@"):
            text = text_of(type_, value)
            self.open[-1].parts.append(
                MessagePart(self.path[-1], len(self.open), here, self.bits.position, text, said=value)
            )
        else:
            self.open[-1].text = text_of(type_, value)
        return value


def anatomy_of(event: Event) -> Anatomy | None:
    """The message in all forms; None for events that carry none, and for octets that say nothing."""
    if isinstance(event, V2gMessage):
        return _of_message(event)
    if isinstance(event, OcppFrame):
        return _of_frame(event)
    return None


def _of_message(event: V2gMessage) -> Anatomy | None:
    if not isinstance(event.value, str):
        return None
    from pncsim.wire.exi.views import to_json
    from pncsim.wire.v2g.registry import codec

    coder = codec(event.value)
    reader = _Located(coder.schema, coder.grammars, event.payload, [])
    reader.open = []
    try:
        reader.document()
        shown = to_json(coder, read_value(event).value)
    except (PncError, AttributeError, TypeError):
        return None
    assert reader.root is not None
    return _assembled(reader.root, event.payload, shown)


def _of_frame(event: OcppFrame) -> Anatomy | None:
    try:
        told = json.loads(event.frame)
    except ValueError:
        return None
    names = {2: ("type", "id", "action", "payload"), 3: ("type", "id", "payload")}
    if isinstance(told, list) and told and told[0] in names and len(told) == len(names[told[0]]):
        told = dict(zip(names[told[0]], told, strict=True))
    elif isinstance(told, list):
        told = dict(zip(("type", "id", "code", "description", "details"), told, strict=False))
    shown = {event.action or "frame": told}
    root = _of_json(event.action or "frame", told, 0)
    return _assembled(root, event.frame.encode(errors="replace"), shown)


def _of_json(name: str, told: Any, depth: int) -> MessagePart:
    part = MessagePart(name, depth, said=told)
    if depth > DEEPEST:
        part.text = "…"
    elif isinstance(told, dict):
        part.parts = [
            _of_json(key, one, depth + 1)
            for key, value in told.items()
            for one in (value if isinstance(value, list) else [value])
        ]
    elif isinstance(told, list):
        part.parts = [_of_json(name, one, depth + 1) for one in told]
    else:
        part.text = told if isinstance(told, str) else json.dumps(told)
    return part


def _assembled(root: MessagePart, octets: bytes, shown: Any) -> Anatomy:
    parts = tuple(root.walk())
    for number, part in enumerate(parts):
        part.number = number
    xml = tuple(_xml(root))
    [(_, inside)] = shown.items()
    return Anatomy(parts, octets, xml, tuple(_json(root, inside, "", last=True, name=root.name)))


def _escaped(text: str) -> str:
    return printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _xml(part: MessagePart) -> Iterator[TextLine]:
    """The part as XML has it, without namespaces; a line for each element that has none below it."""
    indent = "  " * part.depth
    attributes = "".join(f' {one.name[1:]}="{_escaped(one.text)}"' for one in part.parts if one.name.startswith("@"))
    below = [one for one in part.parts if not one.name.startswith("@")]
    if not below:
        inside = _escaped(part.text)
        whole = f"<{part.name}{attributes}>{inside}</{part.name}>" if inside else f"<{part.name}{attributes}/>"
        yield TextLine(indent + whole, part.number)
        return
    yield TextLine(f"{indent}<{part.name}{attributes}>", part.number)
    for one in below:
        yield from _xml(one)
    yield TextLine(f"{indent}</{part.name}>", part.number)


def _json(part: MessagePart, shown: Any, indent: str, *, last: bool, name: str = "") -> Iterator[TextLine]:
    """``shown``, the JSON view of the part, in lines that know which part they show."""
    lead = f"{indent}{json.dumps(name)}: " if name else indent
    end = "" if last else ","
    if not isinstance(shown, dict) or not shown:
        yield TextLine(printable(f"{lead}{json.dumps(shown, ensure_ascii=False)}{end}"), part.number)
        return
    yield TextLine(f"{lead}{{", part.number)
    left = list(part.parts)
    items = list(shown.items())
    for at, (key, value) in enumerate(items):
        final = at == len(items) - 1
        if isinstance(value, list):
            yield TextLine(f"{indent}  {json.dumps(key)}: [", part.number)
            for place, one in enumerate(value):
                below, one = _taken(left, key, one, part)
                yield from _json(below, one, f"{indent}    ", last=place == len(value) - 1)
            yield TextLine(f"{indent}  ]{'' if final else ','}", part.number)
        else:
            below, value = _taken(left, key, value, part)
            yield from _json(below, value, f"{indent}  ", last=final, name=key)
    yield TextLine(f"{indent}}}{end}", part.number)


def _taken(left: list[MessagePart], key: str, shown: Any, otherwise: MessagePart) -> tuple[MessagePart, Any]:
    """The next part of that name, which is then used up."""
    found = next((one for one in left if one.name in (key, f"@{key}")), None)
    if found is None:
        return otherwise, shown
    left.remove(found)
    return found, shown
