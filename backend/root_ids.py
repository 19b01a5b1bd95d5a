"""Matching a vehicle's ListOfRootCertificateIDs with roots: names arrive in as many spellings as there are stacks.

An entry is an issuer name in text and a serial number. The text may be in the order of RFC 4514 or the reverse, with or
without blanks, or in OpenSSL's slash form; so names are compared as sets of (attribute, value).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from cryptography import x509

from pncsim.wire.v2g import xmldsig as ds

Match = Literal["exact", "name", "serial"]
Attributes = frozenset[tuple[str, str]]

_ALIASES = {
    "COMMONNAME": "CN",
    "ORGANIZATIONNAME": "O",
    "ORGANIZATIONALUNITNAME": "OU",
    "COUNTRYNAME": "C",
    "DOMAINCOMPONENT": "DC",
    "LOCALITYNAME": "L",
    "S": "ST",
    "STATEORPROVINCENAME": "ST",
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
}
_SEPARATOR = re.compile(r"(?<!\\)[,+;]")
_ATTRIBUTE = re.compile(r"[A-Z][A-Z0-9-]*|[0-9]+(\.[0-9]+)+")
_SLASH = re.compile(r"(?<!\\)/(?=[A-Za-z0-9.]+=)")
_ESCAPE = re.compile(r"\\([0-9A-Fa-f]{2}|.)")


def attributes(text: str) -> Attributes:
    """The attributes of a name in text, in no order; what has no ``=`` is kept under an empty attribute."""
    parts = _SLASH.split(text)[1:] if text.startswith("/") else _SEPARATOR.split(text)
    found = set()
    for part in parts:
        key, equals, value = part.partition("=")
        if equals:
            key = key.strip().upper().removeprefix("OID.")
            found.add((_ALIASES.get(key, key), _plain(value)))
        elif part.strip():
            found.add(("", _plain(part)))
    return frozenset(found)


def name_attributes(name: x509.Name) -> Attributes:
    """The attributes of an encoded name, in the same form."""
    return frozenset((attribute.rfc4514_attribute_name, _folded(str(attribute.value))) for attribute in name)


def match(ids: Iterable[ds.X509IssuerSerialType], root: x509.Certificate) -> Match | None:
    """Whether ``root`` is among ``ids``: by name and serial number ("exact"), else by name alone, else None.

    A widespread vehicle stack writes ``<Name(CN=…)>``, which is no distinguished name; such an entry counts by its
    serial number alone.
    """
    issuer = name_attributes(root.issuer)
    best: Match | None = None
    for entry in ids:
        named, same_serial = attributes(entry.X509IssuerName), entry.X509SerialNumber == root.serial_number
        if named == issuer:
            if same_serial:
                return "exact"
            best = "name"
        elif same_serial and best is None and not _is_distinguished_name(named):
            best = "serial"
    return best


def _is_distinguished_name(named: Attributes) -> bool:
    return bool(named) and all(_ATTRIBUTE.fullmatch(key) for key, _ in named)


def _plain(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return _folded(_ESCAPE.sub(lambda m: m[1] if len(m[1]) == 1 else chr(int(m[1], 16)), value))


def _folded(value: str) -> str:
    """Case and runs of blanks do not count (RFC 5280 7.1)."""
    return " ".join(value.split()).casefold()
