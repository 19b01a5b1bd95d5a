"""Text elements in the relaxed grammar, without resolving the schema: the quick way for eMAID in a signature.

An element that is declared with several types is written in a fragment by the relaxed grammar (W3C EXI 8.5.3): an event
code, one more than the attributes and elements of the whole set in number, before each item. :mod:`careful_encode`
knows every case of it and explains refusals; this knows the ordinary one.
"""

from __future__ import annotations

from typing import Any

from pncsim.wire.exi.bits import bits_for
from pncsim.wire.exi.declare import ComplexType
from pncsim.wire.exi.members import QName
from pncsim.wire.exi.runtime import Rare

_LONGEST = 125
"""Characters whose number, plus two, still fits one 7-bit group."""


def write_relaxed(x: int, value: object, types: tuple[str, ...], attributes: tuple[QName, ...], elements: int) -> int:
    """Append the content of an element of one of ``types`` and its end; raises one of STUMBLES for rare content."""
    first = len(attributes) + elements + 4
    width = bits_for(first + 1)
    text: Any = value
    if isinstance(value, ComplexType):
        cls: Any = type(value)
        if cls.__name__ not in types or tuple(cls.__hints__) != ("Id", "value"):
            raise Rare
        held: Any = value
        text = held.value
        if held.Id is not None:
            space = cls.__owners__["Id"].__namespace__
            code = attributes.index(("Id", space.uri if space.attributes_qualified else ""))
            x = _text(x << width | code, held.Id)
    x = _text(x << width | first - 1, text)
    return x << bits_for(elements + 4) | elements + 1


def _text(x: int, text: str) -> int:
    octets = text.encode("ascii")
    if len(octets) > _LONGEST:
        raise Rare
    return (x << 8 | len(octets) + 2) << 8 * len(octets) | int.from_bytes(octets, "big")
