"""What was seen of services: answers, calls to the tester, messages to a vehicle, and whether they are as demanded."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from msgspec import Struct, field

from pncsim.backend.rest.client import HttpReply
from pncsim.simulator.conformance.unlike import Unlike
from pncsim.simulator.lab.elsewhere.callers import PATIENCE
from pncsim.tls_certs import reading
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import refuse
from pncsim.wire.v2g import iso2, signature
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.registry import codec


class Answered(Struct, frozen=True):
    """What came back to ``asked``."""

    asked: str
    reply: HttpReply

    @property
    def status(self) -> int:
        return self.reply.status

    @property
    def members(self) -> dict[str, Any]:
        """The members of the JSON object that was answered."""
        return self.reply.json_object()

    def __str__(self) -> str:
        said = self.members.get("errorMessages")
        why = f" ({str(said[0])[:200]})" if isinstance(said, list) and said else ""
        return f"{self.asked} was answered with HTTP {self.status}{why}"

    def has(self, *statuses: int) -> Answered:
        """Itself. Raises Unlike unless its status is one of these."""
        if self.status not in statuses:
            raise Unlike(f"{self}, not with {' or '.join(map(str, statuses))}.")
        return self

    def given(self) -> Answered:
        """Itself. Raises PeerError where the services did not do what a case begins with."""
        if self.status not in (200, 201):
            raise PeerError(f"{self}: the case cannot begin.", kind="refused")
        return self


class Received(Struct, frozen=True):
    """A request somebody sent to the tester."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]


def naming(*words: str) -> Callable[[Received], bool]:
    """Whether a call's body has all of these words."""
    return lambda call: all(word.encode() in call.body for word in words)


class Listening(Struct, frozen=True):
    """What has come to the tester at ``url``."""

    url: str
    heard: list[Received]
    changed: asyncio.Event
    secret: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    async def number(self, number: int) -> None:
        """Come back when so many calls have come. Raises Unlike if they do not in time."""
        await self.until(lambda _: len(self.heard) >= number, f"call {number}")

    async def until(self, wanted: Callable[[Received], bool], what: str) -> Received:
        """The first call that is ``wanted``. Raises Unlike if it does not come in time."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    found = next(filter(wanted, self.heard), None)
                    if found is not None:
                        return found
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise Unlike(f"Within {PATIENCE:g} s {what} did not come; {len(self.heard)} other calls did.") from None


def listed(answer: Answered) -> list[dict[str, Any]]:
    """The roots of an answer."""
    collection = answer.members.get("RootCertificateCollection")
    found = collection.get("rootCertificates") if isinstance(collection, Mapping) else None
    if not isinstance(found, list):
        raise Unlike(f"{answer.asked} holds no RootCertificateCollection with rootCertificates.")
    return found


def certificate(text: str) -> x509.Certificate:
    """A certificate from base64. Raises Unlike for what is none."""
    try:
        return reading.load(base64.b64decode(text, validate=True))
    except (ValueError, PeerError) as error:
        raise Unlike(f"Where a certificate has to stand there is none: {error}") from error


class Delivered(Struct, frozen=True):
    """What a vehicle is answered: the session that is named, the body, and the signature over its parts."""

    session: bytes
    body: iso2.CertificateInstallationRes
    signature: ds.SignatureType | None

    @property
    def code(self) -> str:
        """The ResponseCode."""
        return str(self.body.ResponseCode)

    @property
    def emaid(self) -> str:
        return self.body.eMAID.value

    def verified(self) -> int:
        """How many parts are signed by the signer's chain. Raises Unlike where they are not."""
        body = self.body
        key = reading.p256_key(reading.load(body.SAProvisioningCertificateChain.Certificate))
        parts = [
            ("ContractSignatureCertChain", body.ContractSignatureCertChain),
            ("ContractSignatureEncryptedPrivateKey", body.ContractSignatureEncryptedPrivateKey),
            ("DHpublickey", body.DHpublickey),
            ("eMAID", body.eMAID),
        ]
        try:
            signature.verify(self.signature, parts, key, gate=refuse)
        except PeerError as error:
            raise Unlike(f"The vehicle would refuse what it is answered: {error.sentence}") from error
        assert self.signature is not None, "what has verified is there"
        return len(self.signature.SignedInfo.Reference)


def installed(answer: Answered) -> Delivered:
    """The message to the vehicle in the contract pool's answer to its operator. Raises Unlike where there is none."""
    try:
        item = answer.members["CCPResponse"]["emaidContent"][0]["messageDef"]
        octets = base64.b64decode(item["certificateInstallationRes"], validate=True)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise Unlike(f"{answer}, and holds no message to the vehicle: {type(error).__name__} {error}.") from error
    return message_in(octets)


def message_in(octets: bytes) -> Delivered:
    """The answer to a vehicle. Raises Unlike for another message."""
    decoded = codec("iso2").decode(octets, gate=refuse)
    body = decoded.Body.BodyElement if isinstance(decoded, iso2.V2G_Message) else None
    if not isinstance(decoded, iso2.V2G_Message) or not isinstance(body, iso2.CertificateInstallationRes):
        raise Unlike(f"The message to the vehicle is a {type(body or decoded).__name__}.")
    return Delivered(decoded.Header.SessionID, body, decoded.Header.Signature)
