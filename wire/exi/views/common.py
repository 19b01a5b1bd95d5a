"""What both views need: where an element's type is found, and how simple values are written."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from pncsim.wire.errors import LocalError
from pncsim.wire.exi.beyond import Unlisted
from pncsim.wire.exi.schema import SchemaSet, Type, Value

_INTEGER = re.compile(r"[+-]?[0-9]{1,200}", re.ASCII)


class ViewError(LocalError):
    """JSON or XML that is no message of the set; ``path`` names the place."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"{path or 'The document'}: {what}.")
        self.path = path


def root_of(schema: SchemaSet, name: str, path: str = "") -> Type:
    """The type of a global element."""
    found = next((t for (local, _), t in schema.documents if local == name), None)
    if found is None:
        raise ViewError(path, f"{name!r} is not a root element of the set {schema.name!r}")
    return found


def fragment_of(schema: SchemaSet, name: str, has_children: bool) -> Type:
    """The type of an element anywhere in the set; of two declared, the one with children or attributes if wanted."""
    types = [t for (local, _), found in schema.fragments if local == name for t in found]
    if not types:
        raise ViewError("", f"{name!r} is not an element of the set {schema.name!r}")
    return next((t for t in types if isinstance(t, type) == has_children), types[0])


def text_of(type_: Value, value: Any) -> str:
    """The XML form of a simple value."""
    if type_.kind == "boolean":
        return "true" if value else "false"
    if type_.kind == "binary":
        return value.hex().upper() if type_.form == "hex" else base64.b64encode(value).decode()
    return str(value)


def octets_from(type_: Value, text: str, path: str) -> bytes:
    """Octets from their hexadecimal or base64 form."""
    try:
        packed = "".join(text.split())
        return bytes.fromhex(packed) if type_.form == "hex" else base64.b64decode(packed, validate=True)
    except (ValueError, binascii.Error):
        raise ViewError(path, f"{_short(text)} is not {'hexadecimal' if type_.form == 'hex' else 'base64'}") from None


def value_from(type_: Value, text: str, path: str) -> Any:
    """A simple value from its XML form. Facets are the encoder's business."""
    if type_.kind == "string":
        return text
    if type_.kind == "binary":
        return octets_from(type_, text, path)
    text = text.strip()
    if type_.kind == "boolean":
        if text not in ("true", "false", "0", "1"):
            raise ViewError(path, f"{_short(text)} is neither true nor false")
        return text in ("true", "1")
    if type_.kind == "enumeration":
        return member_of(type_, text, path)
    if not _INTEGER.fullmatch(text):
        raise ViewError(path, f"{_short(text)} is not an integer")
    return int(text)


def member_of(type_: Value, text: str, path: str) -> Any:
    """The enumeration member of this name, or the value past its last one that ``#31`` stands for."""
    members = {str(m): m for m in type_.members or ()}
    if re.fullmatch(r"#[0-9]{1,5}", text):
        return Unlisted(int(text[1:]))
    if text not in members:
        raise ViewError(path, f"{_short(text)} is not one of {', '.join(members)}")
    return members[text]


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
