"""Values that a facet of the schema forbids and the bits of EXI allow, such as a text that is too long.

The careful decoder gives what it reads of that kind as one of these, and the careful encoder writes these without
asking the schema, as far as the bits go. So what a peer has sent can be echoed and hashed as it came, and a vehicle or
a station can be made to send what no valid message holds: ``replace(request, eMAID=beyond("DE-PNC-C00000001-X"))``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from pncsim.wire.errors import LocalError
from pncsim.wire.exi.declare import ComplexType
from pncsim.wire.values import replace


class BeyondNumber(int):
    """A number outside its range."""

    __slots__ = ()


class BeyondText(str):
    """Text shorter or longer than allowed."""

    __slots__ = ()


class BeyondOctets(bytes):
    """Octets fewer or more than allowed."""

    __slots__ = ()


class Unlisted(str):
    """A value an enumeration does not have: the one at ``place``, counted from 0, past its last; reads ``#31``.

    One that came as ``text``, in untyped form, has no place and cannot be written.
    """

    __slots__ = ("place",)

    place: int

    def __new__(cls, place: int, text: str = "") -> Unlisted:
        made = str.__new__(cls, text or f"#{place}")
        made.place = place
        return made

    def __getnewargs__(self) -> tuple[int, str]:  # type: ignore[override]  # a text has one argument
        return self.place, str(self)


def as_given(value: Any) -> Any:
    """A message, or a part of one, with every number, text and octets in it as they are, beyond their facets or not."""
    if isinstance(value, ComplexType):
        held = {name: getattr(value, name, None) for name in type(value).__hints__}
        return replace(value, **{name: as_given(one) for name, one in held.items() if one is not None})
    if isinstance(value, list):
        return [as_given(one) for one in value]
    if isinstance(value, tuple):
        return value[0], as_given(value[1])
    plain = value is None or isinstance(value, bool | StrEnum | Unlisted)
    return value if plain else beyond(value)


V = TypeVar("V", bound=int | str | bytes)


def beyond(value: V) -> V:
    """``value`` as it is to be sent, whatever the schema says of its range or length. Raises LocalError."""
    if isinstance(value, bool) or not isinstance(value, int | str | bytes):
        raise LocalError(f"{value!r} has no range and no length that the schema could limit.")
    marked = BeyondNumber if isinstance(value, int) else BeyondText if isinstance(value, str) else BeyondOctets
    return marked(value)  # type: ignore[return-value, arg-type]  # each is a kind of what it marks
