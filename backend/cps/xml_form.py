"""The XML form of a signed bundle (``signedData``, ``signedContractDataXML``): a V2G_Message without SessionID.

The signature covers EXI fragments, not this text, so the text may be written anew as long as no value changes.
"""

from __future__ import annotations

import re

from pncsim.backend.bundle import NO_SESSION, SignedContractData
from pncsim.backend.refusal import Refused
from pncsim.wire.errors import PncError
from pncsim.wire.v2g import iso2

MAX_XML = 65_536

_SESSION_ID = re.compile(r"<([\w.-]+:)?SessionID(?:\s[^>]*)?(?:/>|>[^<]*</\1?SessionID\s*>)")
_HEADER = re.compile(r"<([\w.-]+:)?Header((?:\s[^>]*)?)>")
_HEADER_NAMESPACE = "urn:iso:15118:2:2013:MsgHeader"


def to_xml(bundle: SignedContractData) -> str:
    """The bundle as text; the SessionID is left to whoever answers a vehicle."""
    from pncsim.wire.exi.views import to_xml as written
    from pncsim.wire.v2g.registry import codec

    return _SESSION_ID.sub("", written(codec("iso2"), bundle.installation_response()), count=1)


def from_xml(text: str) -> SignedContractData:
    """The bundle in the text of any provisioning service. Raises Refused (400), naming what is wrong."""
    from pncsim.wire.exi.views import from_xml as read
    from pncsim.wire.v2g.registry import codec

    if len(text) > MAX_XML:
        raise _unreadable(f"it has {len(text)} characters, allowed are {MAX_XML}")
    if "<!" in text.replace("<!--", ""):
        raise _unreadable("it has a document type or a CDATA section, neither is allowed")
    if not _SESSION_ID.search(text):
        session = f'<SessionID xmlns="{_HEADER_NAMESPACE}">{NO_SESSION.hex()}</SessionID>'
        text = _HEADER.sub(lambda header: header[0] + session, text, count=1)
    try:
        message = read(codec("iso2"), text)
    except PncError as error:
        raise _unreadable(error.sentence) from None
    body = message.Body.BodyElement if isinstance(message, iso2.V2G_Message) else None
    if not isinstance(message, iso2.V2G_Message) or not isinstance(body, iso2.CertificateInstallationRes):
        raise _unreadable(f"it holds a {type(body).__name__}, not a CertificateInstallationRes")
    if message.Header.Signature is None:
        raise _unreadable("its header has no Signature")
    return SignedContractData.from_response(body, message.Header.Signature)


def _unreadable(why: str) -> Refused:
    return Refused(f"The signed contract data cannot be read: {why}.", clause="OPCP signedContractDataXML")
