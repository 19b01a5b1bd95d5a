"""The XML form of a signed bundle (``signedData``, ``signedContractDataXML``): a V2G_Message without SessionID.

The signature covers EXI fragments, not this text, so the text may be written anew as long as no value changes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pncsim.backend.bundle import NO_SESSION, SignedContractData
from pncsim.backend.refusal import Refused
from pncsim.wire.errors import PncError
from pncsim.wire.v2g import iso2

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_XML = 65_536

_WRITTEN = re.compile(r"<(\w+):SessionID>\w*</\1:SessionID>")
_HEADER_NAMESPACE = "urn:iso:15118:2:2013:MsgHeader"


def to_xml(bundle: SignedContractData) -> str:
    """The bundle as text; the SessionID is left to whoever answers a vehicle."""
    from pncsim.wire.exi.views import to_xml as written
    from pncsim.wire.v2g.registry import codec

    return _WRITTEN.sub("", written(codec("iso2"), bundle.installation_response()), count=1)


def from_xml(text: str) -> SignedContractData:
    """The bundle in the text of any provisioning service. Raises Refused (400), naming what is wrong."""
    from pncsim.wire.exi.views.xml import from_tree, parse_xml
    from pncsim.wire.v2g.registry import codec

    if len(text) > MAX_XML:
        raise _unreadable(f"it has {len(text)} characters, allowed are {MAX_XML}")
    if "<!" in text.replace("<!--", ""):
        raise _unreadable("it has a document type or a CDATA section, neither is allowed")
    try:
        root = parse_xml(text)
        _complete(root)
        message = from_tree(codec("iso2"), root)
    except PncError as error:
        raise _unreadable(error.sentence) from None
    body = message.Body.BodyElement if isinstance(message, iso2.V2G_Message) else None
    if not isinstance(message, iso2.V2G_Message) or not isinstance(body, iso2.CertificateInstallationRes):
        raise _unreadable(f"it holds a {type(body).__name__}, not a CertificateInstallationRes")
    if message.Header.Signature is None:
        raise _unreadable("its header has no Signature")
    return SignedContractData.from_response(body, message.Header.Signature)


def _complete(root: Element) -> None:
    """Give the header the SessionID it has to have: before it has been with a vehicle it has none."""
    from xml.etree.ElementTree import Element

    from pncsim.wire.exi.views.xml import local_name

    for header in root:
        if local_name(header) == "Header" and all(local_name(child) != "SessionID" for child in header):
            session = Element(f"{{{_HEADER_NAMESPACE}}}SessionID")
            session.text = NO_SESSION.hex()
            header.insert(0, session)


def _unreadable(why: str) -> Refused:
    return Refused(f"The signed contract data cannot be read: {why}.", clause="OPCP signedContractDataXML")
