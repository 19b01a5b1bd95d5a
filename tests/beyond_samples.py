"""Every way in which one value of a message can be beyond its facets and still be written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pncsim.wire.exi.beyond import Unlisted, beyond
from pncsim.wire.exi.schema import SchemaSet, Type, Value, elements_in
from pncsim.wire.values import replace


def beyond_in(schema: SchemaSet, message: Any) -> Iterator[tuple[str, Any]]:
    """(path, copy of ``message`` with one value beyond its facets), for every value in it that can be so."""
    model = schema.model(type(message))
    parts: list[tuple[str, Type]] = [(use.field, use.type) for use in model.attributes]
    if model.text is not None:
        parts.append(("value", model.text))
    elif model.regular:
        parts += [(one.field, one.type) for one in elements_in(model.content)]
    for field, type_ in parts:
        held = getattr(message, field, None)
        if held is None or held == [] or (isinstance(type_, type) and not _is(held, type_)):
            continue
        one = held[0] if isinstance(held, list) else held
        for path, changed in _changed(schema, type_, one):
            given = [changed, *held[1:]] if isinstance(held, list) else changed
            yield f"{field}{path}", replace(message, **{field: given})


def _is(held: Any, type_: type) -> bool:
    return type(held[0] if isinstance(held, list) else held) is type_


def _changed(schema: SchemaSet, type_: Type, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(type_, Value):
        yield from ((f"/{path}", changed) for path, changed in beyond_in(schema, value))
        return
    yield from ((f"={changed!r:.20}", changed) for changed in _values(type_, value))


def _values(type_: Value, value: Any) -> Iterator[Any]:
    if type_.kind == "enumeration" and type_.members is not None:
        if len(type_.members) < 1 << type_.bits:
            yield Unlisted(len(type_.members))
    elif type_.kind in ("string", "binary"):
        unit: Any = "x" if type_.kind == "string" else b"x"
        if type_.min_length:
            yield beyond(value[: type_.min_length - 1])
        if type_.max_length is not None:
            yield beyond(value + unit * (type_.max_length + 1 - len(value)))
    elif type_.kind != "boolean":
        low, high = type_.room
        if type_.low is not None and type_.low > low:
            yield from (beyond(type_.low - 1), beyond(low))
        if type_.high is not None and type_.high < high:
            yield from (beyond(type_.high + 1), beyond(high))
