"""The JSON view: ``{"V2G_Message": {"Header": {...}, "Body": {"SessionSetupReq": {...}}}}``.

Keys are element and attribute names, in schema order; a member of a substitution group goes by its own name.
hexBinary is hexadecimal, base64Binary base64, integers and booleans are JSON's. Text beside attributes is ``value``;
the free content of some XML signature types is ``items``, a list of one-key objects. Absent elements are left out.
"""

from __future__ import annotations

from typing import Any

from pncsim.wire.exi.coder import Codec
from pncsim.wire.exi.declare import ComplexType
from pncsim.wire.exi.schema import AttributeUse, Element, Group, Model, SchemaSet, Type, Value, elements_in
from pncsim.wire.exi.views.common import ViewError, fragment_of, member_of, octets_from, root_of, text_of


def to_json(coder: Codec, value: Any, name: str | None = None) -> dict[str, Any]:
    """``{element name: content}``, ready for :func:`json.dumps`.

    ``name`` is needed for a fragment whose type is no root element's (``eMAID``).
    """
    schema = coder.schema
    if name is None:
        name = type(value).__element__ if isinstance(value, ComplexType) else None
        if name is None:
            raise ViewError("", f"a {type(value).__name__} has no element of its own; say which element it is")
    type_: Type = type(value) if isinstance(value, ComplexType) else fragment_of(schema, name, has_children=False)
    return {name: _out(schema, type_, value)}


def from_json(coder: Codec, data: Any) -> Any:
    """The message a JSON view stands for. Raises ViewError naming the key that is wrong."""
    schema = coder.schema
    name, content = _single(data)
    return _in(schema, root_of(schema, name), content, name)


def fragment_from_json(coder: Codec, data: Any) -> tuple[str, Any]:
    """Element name and value of a fragment's JSON view."""
    schema = coder.schema
    name, content = _single(data)
    return name, _in(schema, fragment_of(schema, name, isinstance(content, dict)), content, name)


def _out(schema: SchemaSet, type_: Type, value: Any) -> Any:
    if isinstance(type_, Value):
        if type_.kind == "binary":
            return value.hex() if type_.form == "hex" else text_of(type_, value)
        return str(value) if type_.kind in ("enumeration", "string") else value
    shown: dict[str, Any] = {}
    model = schema.model(type_)
    for use in model.attributes:
        if (held := getattr(value, use.field, None)) is not None:
            shown[use.field] = _out(schema, use.type, held)
    if model.text is not None:
        shown["value"] = _out(schema, model.text, value.value)
        return shown
    if not model.regular:
        by_name = {e.qname[0]: e.type for e in elements_in(model.content)}
        if value.items:
            shown["items"] = [{name: _out(schema, by_name[name], held)} for name, held in value.items]
        return shown
    for element in elements_in(model.content):
        held = getattr(value, element.field, None)
        if held is None or held == [] or element.field in shown:
            continue
        if isinstance(held, list):
            shown[element.qname[0]] = [_out(schema, element.type, one) for one in held]
        elif not isinstance(element.type, type) or element.type is type(held):
            shown[element.qname[0]] = _out(schema, element.type, held)
    return shown


def _single(data: Any) -> tuple[str, Any]:
    if not isinstance(data, dict) or len(data) != 1:
        raise ViewError("", "an object with one key, the root element's name, is wanted")
    return next(iter(data.items()))


def _in(schema: SchemaSet, type_: Type, data: Any, path: str) -> Any:
    if isinstance(type_, Value):
        return _simple(type_, data, path)
    if type_.__abstract__:
        raise ViewError(path, "this element is abstract, one of its substitutes is wanted")
    if not isinstance(data, dict):
        raise ViewError(path, f"an object is wanted, not {data!r:.60}")
    model = schema.model(type_)
    slots = _slots(model)
    made: dict[str, Any] = {}
    for key, content in data.items():
        if key not in slots:
            raise ViewError(path, f"{key!r} is unknown here; there are {', '.join(slots) or 'no elements'}")
        field, inner, repeated = slots[key]
        if made.get(field) is not None:
            raise ViewError(path, f"{key!r} and another element exclude each other")
        where = f"{path}/{key}"
        if field == "items":
            made[field] = _items(schema, model, content, where)
        elif repeated:
            if not isinstance(content, list):
                raise ViewError(where, "a list is wanted")
            made[field] = [_in(schema, inner, one, f"{where}[{i}]") for i, one in enumerate(content)]
        else:
            made[field] = _in(schema, inner, content, where)
    optional = {name for name, default in type_.__defaults__.items() if default is None or default is list}
    missing = [name for name in type_.__defaults__ if name not in made and name not in optional]
    if missing:
        raise ViewError(path, f"{', '.join(missing)} is missing")
    return type_(**made)


def _slots(model: Model) -> dict[str, tuple[str, Type, bool]]:
    """What a key stands for: field, type, whether it repeats."""
    slots: dict[str, tuple[str, Type, bool]] = {}
    uses: list[AttributeUse] = list(model.attributes)
    for use in uses:
        slots[use.field] = (use.field, use.type, False)
    if model.text is not None:
        slots["value"] = ("value", model.text, False)
    elif not model.regular:
        slots["items"] = ("items", model.cls, True)
    else:
        for part in model.content.parts:
            options = part.parts if isinstance(part, Group) else (part,)
            for element in options:
                if isinstance(element, Element):
                    slots[element.qname[0]] = (element.field, element.type, part.high != 1)
    return slots


def _items(schema: SchemaSet, model: Model, data: Any, path: str) -> list[tuple[str, Any]]:
    by_name = {e.qname[0]: e.type for e in elements_in(model.content)}
    if not isinstance(data, list):
        raise ViewError(path, "a list of one-key objects is wanted")
    made = []
    for i, item in enumerate(data):
        name, content = _single(item)
        if name not in by_name:
            raise ViewError(f"{path}[{i}]", f"{name!r} is unknown here; there are {', '.join(by_name)}")
        made.append((name, _in(schema, by_name[name], content, f"{path}[{i}]/{name}")))
    return made


def _simple(type_: Value, data: Any, path: str) -> Any:
    kind = type_.kind
    if kind in ("string", "binary", "enumeration"):
        if not isinstance(data, str):
            raise ViewError(path, f"text is wanted, not {data!r:.60}")
        if kind == "binary":
            return octets_from(type_, data, path)
        return member_of(type_, data, path) if kind == "enumeration" else data
    if kind == "boolean":
        if not isinstance(data, bool):
            raise ViewError(path, f"true or false is wanted, not {data!r:.60}")
        return data
    if not isinstance(data, int) or isinstance(data, bool):
        raise ViewError(path, f"an integer is wanted, not {data!r:.60}")
    return data
