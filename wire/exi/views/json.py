"""The JSON view: ``{"V2G_Message": {"Header": {...}, "Body": {"SessionSetupReq": {...}}}}``.

Keys are element and attribute names, in schema order; a member of a substitution group goes by its own name.
hexBinary is hexadecimal, base64Binary base64, integers and booleans are JSON's. Text beside attributes is ``value``;
the free content of some XML signature types is ``items``, a list of one-key objects. Absent elements are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, ref

from pncsim.wire.exi.coder import Codec
from pncsim.wire.exi.declare import ComplexType
from pncsim.wire.exi.schema import AttributeUse, Element, Group, Model, SchemaSet, Type, Value, elements_in
from pncsim.wire.exi.views.common import ViewError, fragment_of, member_of, octets_from, root_of, text_of

Writer = Callable[[Any], Any]

_WRITERS: WeakKeyDictionary[SchemaSet, _Writers] = WeakKeyDictionary()


def to_json(coder: Codec, value: Any, name: str | None = None) -> dict[str, Any]:
    """``{element name: content}``, ready for ``json.dumps``.

    ``name`` is needed for a fragment whose type is no root element's (``eMAID``).
    """
    schema = coder.schema
    if name is None:
        name = type(value).__element__ if isinstance(value, ComplexType) else None
        if name is None:
            raise ViewError("", f"a {type(value).__name__} has no element of its own; say which element it is")
    type_: Type = type(value) if isinstance(value, ComplexType) else fragment_of(schema, name, has_children=False)
    return {name: _writer(schema, type_)(value)}


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


def _writer(schema: SchemaSet, type_: Type) -> Writer:
    """What makes JSON of values of a type; made once, for every message of a run passes here."""
    known = _WRITERS.get(schema)
    if known is None:
        known = _WRITERS[schema] = _Writers(schema)
    return known[type_]


class _Writers(dict[Any, Writer]):
    """The writers of a set; one that is not there yet is made."""

    def __init__(self, schema: SchemaSet) -> None:
        super().__init__()
        # The set is the key these are kept by: it goes when nobody else has it.
        self._schema = ref(schema)

    def __missing__(self, type_: Type) -> Writer:
        schema = self._schema()
        assert schema is not None, "whoever asks has it"
        made = self[type_] = _simple_writer(type_) if isinstance(type_, Value) else _complex_writer(schema, type_, self)
        return made


def _simple_writer(type_: Value) -> Writer:
    if type_.kind == "binary":
        return bytes.hex if type_.form == "hex" else partial(text_of, type_)
    return str if type_.kind in ("enumeration", "string") else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _complex_writer(schema: SchemaSet, type_: type[ComplexType], of: _Writers) -> Writer:
    model = schema.model(type_)
    attributes = [(use.field, use.type) for use in model.attributes]
    elements = list(elements_in(model.content))
    plain = [(e.field, e.qname[0], e.type) for e in elements if not isinstance(e.type, type)]
    of_class: dict[str, dict[type, str]] = {}
    for element in elements:
        if isinstance(element.type, type):
            of_class.setdefault(element.field, {})[element.type] = element.qname[0]
    # In schema order. Members of a choice or a substitution group share a field: the value's class says which it is.
    order = list(dict.fromkeys(e.field for e in elements))
    fields = [
        (field, [(name, of[inner]) for one, name, inner in plain if one == field], of_class.get(field))
        for field in order
    ]

    def write(value: Any) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for field, inner in attributes:
            if (held := getattr(value, field, None)) is not None:
                shown[field] = of[inner](held)
        if model.text is not None:
            shown["value"] = of[model.text](value.value)
            return shown
        if not model.regular:
            by_name = {e.qname[0]: e.type for e in elements}
            if value.items:
                shown["items"] = [{name: of[by_name[name]](held)} for name, held in value.items]
            return shown
        for field, simple, classes in fields:
            held = getattr(value, field, None)
            if held is None or field in shown:
                continue
            many = isinstance(held, list)
            for name, make in simple:
                if not many:
                    shown[name] = make(held)
                elif held:
                    shown[name] = [make(one) for one in held]
            if classes is None:
                continue
            if not many:
                if (found := classes.get(type(held))) is not None:
                    shown[found] = of[type(held)](held)
            elif held:
                for each, name in classes.items():
                    make = of[each]
                    shown[name] = [make(one) for one in held]
        return shown

    return write


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
