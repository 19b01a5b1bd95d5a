"""The XML view: the same message as the schema's XML, with its namespaces.

Attributes of ISO 15118-2 types are qualified, those of XML signature are not. Reading refuses DOCTYPE (so no entity is
ever expanded), more than 16 MiB and nesting deeper than any message.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from pncsim.wire.exi.coder import Codec
from pncsim.wire.exi.declare import ComplexType
from pncsim.wire.exi.grammar import END, enter
from pncsim.wire.exi.members import QName
from pncsim.wire.exi.schema import Element, Type, Value, Wild
from pncsim.wire.exi.views.common import ViewError, fragment_of, root_of, text_of, value_from

_LONGEST = 1 << 24
_DEEPEST = 32
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# ---- writing -----------------------------------------------------------------------------------------------------


def to_xml(coder: Codec, value: Any, name: str | None = None) -> str:
    """One line of XML. ``name`` is needed for a fragment whose type is no root element's (``eMAID``)."""
    if name is None:
        name = type(value).__element__ if isinstance(value, ComplexType) else None
        if name is None:
            raise ViewError("", f"a {type(value).__name__} has no element of its own; say which element it is")
    spaces = {c.__namespace__.uri: c.__namespace__.prefix for c in coder.schema.classes.values()}
    qname = _qname_of(coder, name, value)
    type_: Type = type(value) if isinstance(value, ComplexType) else fragment_of(coder.schema, name, has_children=False)
    parts: list[str] = []
    _write(coder, spaces, parts, qname, type_, value)
    text = "".join(parts)
    used = [(prefix, uri) for uri, prefix in spaces.items() if f"<{prefix}:" in text or f" {prefix}:" in text]
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in used)
    return re.sub(r"^<[^\s/>]+", lambda m: m[0] + declared, text, count=1)


def _qname_of(coder: Codec, name: str, value: Any) -> QName:
    roots = [q for q, t in coder.schema.documents if q[0] == name and t is type(value)]
    if roots:
        return roots[0]
    named = [(q, types) for q, types in coder.schema.fragments if q[0] == name]
    if not named:
        raise ViewError("", f"{name!r} is not an element of the set {coder.name!r}")
    return next((q for q, types in named if type(value) in types), named[0][0])


def _write(coder: Codec, spaces: dict[str, str], parts: list[str], qname: QName, type_: Type, value: Any) -> None:
    tag = f"{spaces[qname[1]]}:{qname[0]}" if qname[1] else qname[0]
    if isinstance(type_, Value):
        parts.append(f"<{tag}>{_escape(text_of(type_, value), qname[0])}</{tag}>")
        return
    model = coder.schema.model(type_)
    parts.append(f"<{tag}")
    for use in model.attributes:
        if (held := getattr(value, use.field, None)) is not None:
            prefix = f"{spaces[use.qname[1]]}:" if use.qname[1] else ""
            parts.append(f' {prefix}{use.qname[0]}="{_escape(text_of(use.type, held), use.field)}"')
    parts.append(">")
    if model.text is not None:
        parts.append(_escape(text_of(model.text, value.value), qname[0]))
    elif not model.regular:
        by_name = {e.qname[0]: e for e in _elements(model.content)}
        for name, held in value.items:
            _write(coder, spaces, parts, by_name[name].qname, by_name[name].type, held)
    else:
        for part in model.content.parts:
            for element in (part,) if isinstance(part, Element | Wild) else part.parts:
                if isinstance(element, Element):
                    _write_field(coder, spaces, parts, element, getattr(value, element.field, None))
    parts.append(f"</{tag}>")


def _write_field(coder: Codec, spaces: dict[str, str], parts: list[str], element: Element, held: Any) -> None:
    for one in held if isinstance(held, list) else [held]:
        if one is not None and (isinstance(element.type, Value) or element.type is type(one)):
            _write(coder, spaces, parts, element.qname, element.type, one)


def _elements(particle: Any) -> list[Element]:
    if isinstance(particle, Element):
        return [particle]
    return [e for part in getattr(particle, "parts", ()) for e in _elements(part)]


def _escape(text: str, path: str) -> str:
    if _FORBIDDEN.search(text):
        raise ViewError(path, "the text holds a character that XML cannot carry")
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return text.replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#9;")


# ---- reading -----------------------------------------------------------------------------------------------------


class _Tree(ElementTree.TreeBuilder):
    """Builds the tree of a document without DOCTYPE and within bounds."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, *_: Any) -> None:
        raise ViewError("", "a DOCTYPE is not accepted")

    def start(self, tag: Any, attrs: Any) -> Any:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ViewError("", f"elements are nested more than {_DEEPEST} deep")
        return super().start(tag, attrs)

    def end(self, tag: Any) -> Any:
        self._depth -= 1
        return super().end(tag)


def from_xml(coder: Codec, text: str | bytes) -> Any:
    """The message an XML document stands for. Raises ViewError naming the element that is wrong."""
    return from_tree(coder, parse_xml(text))


def from_tree(coder: Codec, root: ElementTree.Element) -> Any:
    """As :func:`from_xml`, of a document that has been parsed (:func:`parse_xml`)."""
    name = local_name(root)
    return _read(coder, root, root_of(coder.schema, name), name)


def fragment_from_xml(coder: Codec, text: str | bytes) -> tuple[str, Any]:
    """Element name and value of a fragment's XML."""
    root = parse_xml(text)
    name = local_name(root)
    return name, _read(coder, root, fragment_of(coder.schema, name, bool(len(root) or root.attrib)), name)


def parse_xml(text: str | bytes) -> ElementTree.Element:
    """The elements of a document without DOCTYPE and within bounds. Raises ViewError."""
    if len(text) > _LONGEST:
        raise ViewError("", f"XML of more than {_LONGEST} characters is not read")
    parser = ElementTree.XMLParser(target=_Tree())
    try:
        parser.feed(text)
        root: ElementTree.Element = parser.close()
    except ElementTree.ParseError as error:
        raise ViewError("", f"this is not well-formed XML: {error}") from None
    return root


def local_name(node: ElementTree.Element) -> str:
    """The name of an element without its namespace."""
    return _local(node.tag)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _tag(qname: QName) -> str:
    return f"{{{qname[1]}}}{qname[0]}" if qname[1] else qname[0]


def _read(coder: Codec, node: ElementTree.Element, type_: Type, path: str) -> Any:
    if isinstance(type_, Value):
        if len(node):
            raise ViewError(path, f"text is wanted, not the element {_local(node[0].tag)}")
        return value_from(type_, node.text or "", path)
    if type_.__abstract__:
        raise ViewError(path, "this element is abstract, one of its substitutes is wanted")
    model = coder.schema.model(type_)
    made: dict[str, Any] = {n: [] if n in model.lists else None for n in type_.__defaults__}
    left = {k: v for k, v in node.attrib.items() if not k.startswith(_XSI)}
    for use in model.attributes:
        # Many documents in the field leave the attribute's namespace out.
        found = left.pop(_tag(use.qname), None) or left.pop(use.qname[0], None)
        if found is not None:
            made[use.field] = value_from(use.type, found, f"{path}/@{use.field}")
        elif use.required:
            raise ViewError(path, f"the attribute {use.qname[0]} is missing")
    if left:
        raise ViewError(path, f"the attribute {_local(next(iter(left)))} is unknown here")
    if model.text is not None:
        if len(node):
            raise ViewError(path, f"text is wanted, not the element {_local(node[0].tag)}")
        made["value"] = value_from(model.text, node.text or "", path)
        return type_(**made)
    state = coder.grammars.start(model, len(model.attributes), first=not model.attributes)
    for child in node:
        production = next(
            (p for p in state.productions if isinstance(p.event, Element) and _tag(p.event.qname) == child.tag), None
        )
        if production is None:
            space, _, name = child.tag.lstrip("{").rpartition("}")
            raise ViewError(path, f"{name} of namespace {space!r} is not allowed here, the schema wants {state}")
        element = production.event
        value = _read(coder, child, element.type, f"{path}/{_local(child.tag)}")
        if element.field == "items":
            made["items"].append((element.qname[0], value))
        elif element.field in model.lists:
            made[element.field].append(value)
        else:
            made[element.field] = value
        state = enter(production.next)
    if not any(p.event == END for p in state.productions):
        raise ViewError(path, f"the element ends where the schema wants {state}")
    if any((t or "").strip() for t in (node.text, *(c.tail for c in node))):
        raise ViewError(path, "text between elements is not supported")
    return type_(**made)
