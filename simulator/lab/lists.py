"""The root pool's signed lists, as somebody reads them, and as a thief of the signer's key makes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cryptography import x509

from pncsim.backend.oem.roots import VerifiedRoots
from pncsim.backend.rcp.trust_list import moment_text
from pncsim.backend.store import MemoryStore
from pncsim.tls_certs import reading
from pncsim.tls_certs.signed_data import open_signed, sign_content
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerError
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.simulator.lab.desk import Caller
    from pncsim.simulator.lab.lab import Lab

LIST = "/v1/root/ctl"
"""Where the root pool hands it out (Open Plug&Charge Protocol)."""


async def fetch_list(caller: Caller) -> bytes:
    """The list of now, as ``caller`` gets it (CMS SignedData, DER)."""
    return base64.b64decode((await caller.get(LIST)).body["CTL"]["signedData"])


def with_root(octets: bytes, root: x509.Certificate, signer: Credentials, now: float) -> bytes:
    """That list of now with one V2G root more, signed by ``signer``."""
    content = json.loads(open_signed(octets).content)
    entry = {"rootType": "V2G", "caCertificate": base64.b64encode(reading.der(root)).decode("ascii")}
    content["thisUpdate"] = moment_text(now)
    content["rootCertificates"].append(entry)
    return sign_content(json.dumps(content).encode(), signer, now)


async def believed(lab: Lab, octets: bytes, anchors: Sequence[x509.Certificate]) -> list[x509.Certificate] | str:
    """The V2G roots that a manufacturer who trusts ``anchors`` takes from a list, or the kind of what is wrong."""

    async def fetch() -> bytes:
        return octets

    async def known() -> Sequence[x509.Certificate]:
        return anchors

    reader = VerifiedRoots(lab.clock, Voice.on(lab.clock, lab.trace, "OEM"), MemoryStore(), fetch, known)
    try:
        return (await reader.for_vehicle())["v2gRoots"]
    except PeerError as error:
        return error.kind
