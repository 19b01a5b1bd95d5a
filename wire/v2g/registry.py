"""What the V2G protocols are called on the wire, in one place: message sets, namespaces and V2GTP payload types.

A message set is what one EXI grammar covers. Its catalogue is imported when its codec is first asked for: who only
speaks SupportedAppProtocol never loads the 34 messages of ISO 15118-2.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from msgspec import Struct

from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.wire.exi.coder import Codec

EXI = 0x8001
"""SupportedAppProtocol in every stack, and all messages of DIN SPEC 70121 and ISO 15118-2."""
SDP_REQUEST = 0x9000
SDP_RESPONSE = 0x9001

PAYLOAD_TYPES = {
    EXI: "EXI (SupportedAppProtocol, DIN 70121, ISO 15118-2)",
    0x8002: "ISO 15118-20 CommonMessages",
    0x8003: "ISO 15118-20 AC",
    0x8004: "ISO 15118-20 DC",
    0x8005: "ISO 15118-20 ACDP",
    0x8006: "ISO 15118-20 WPT",
    0x8101: "ISO 15118-20 schedule renegotiation",
    0x8102: "ISO 15118-20 metering confirmation",
    0x8103: "ISO 15118-20 ACDP system status",
    0x8104: "ISO 15118-20 parking status",
    SDP_REQUEST: "SDP request",
    SDP_RESPONSE: "SDP response",
    0x9002: "SDP request, wireless",
    0x9003: "SDP response, wireless",
}
"""Payload types of V2GTP and what travels under them."""

Modules = Callable[[], tuple[ModuleType, ...]]


class MessageSet(Struct, frozen=True):
    """One schema set: its target namespace and its catalogue, own module first; None while it is not built in."""

    namespace: str
    catalogue: Modules | None = None


def _app() -> tuple[ModuleType, ...]:
    from pncsim.wire.v2g import appprotocol

    return (appprotocol,)


def _iso2() -> tuple[ModuleType, ...]:
    from pncsim.wire.v2g import iso2, xmldsig

    return iso2, xmldsig


def _xmldsig() -> tuple[ModuleType, ...]:
    from pncsim.wire.v2g import xmldsig

    return (xmldsig,)


ISO2_NAMESPACE = "urn:iso:15118:2:2013:MsgDef"
"""How ISO 15118-2 is called in SupportedAppProtocol and in the back end's ``iso15118SchemaVersion``."""

SETS: dict[str, MessageSet] = {
    "app": MessageSet("urn:iso:15118:2:2010:AppProtocol", _app),
    "iso2": MessageSet(ISO2_NAMESPACE, _iso2),
    "xmldsig": MessageSet("http://www.w3.org/2000/09/xmldsig#", _xmldsig),
    "din": MessageSet("urn:din:70121:2012:MsgDef"),
    "iso20-common": MessageSet("urn:iso:std:iso:15118:-20:CommonMessages"),
    "iso20-ac": MessageSet("urn:iso:std:iso:15118:-20:AC"),
    "iso20-dc": MessageSet("urn:iso:std:iso:15118:-20:DC"),
    "iso20-acdp": MessageSet("urn:iso:std:iso:15118:-20:ACDP"),
    "iso20-wpt": MessageSet("urn:iso:std:iso:15118:-20:WPT"),
}
"""Every message set by the name it has on the command line."""


def built_in() -> tuple[str, ...]:
    """The names of the sets there is a catalogue for."""
    return tuple(name for name, one in SETS.items() if one.catalogue is not None)


@cache
def codec(name: str) -> Codec:
    """The codec of a message set, one per process. Raises LocalError for a set there is none for."""
    from pncsim.wire.exi.coder import Codec

    known = SETS.get(name)
    if known is None or known.catalogue is None:
        kind = "is unknown" if known is None else "is reserved for later"
        raise LocalError(f"The schema set {name!r} {kind}; there are {', '.join(built_in())}.", kind="unsupported")
    return Codec(name, known.catalogue())


def codec_of(value: object) -> Codec:
    """The codec of the set whose own catalogue declares the type of ``value``. Raises LocalError for other types."""
    return codec_of_class(type(value))


def codec_of_class(kind: type) -> Codec:
    """As :func:`codec_of`, of values of this class."""
    module = kind.__module__
    for name, one in SETS.items():
        if one.catalogue is not None:
            own = one.catalogue()[0].__name__
            if module == own or module.startswith(f"{own}."):
                return codec(name)
    raise LocalError(f"A {kind.__name__} belongs to no message set.", kind="unsupported")
