"""What faults do: changes to messages, services that fail, a CSMS connection that goes wrong.

Each is a small thing of its own; :mod:`simulator.faults.table` says which fault is made of which.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pncsim.wire.errors import PeerError
from pncsim.wire.v2g import iso2

if TYPE_CHECKING:
    from pncsim.backend.answers import PoolAnswer, TokenStatus
    from pncsim.simulator.lab.lab import Lab
    from pncsim.wire.credentials import Credentials
    from pncsim.wire.ocpp.channel import Connector, FrameChannel
    from pncsim.wire.ocpp.versions import OcppVersion

Alter = Callable[[str, Any], Any]
"""``alter(name, message)`` answers what to send instead: a message, bytes as they are, or None for nothing."""

Frames = Callable[[str, str], str | None]
"""``frames(action, frame)`` answers what arrives instead of the CSMS's answer to a call, None for nothing."""

NOISE = b"\xff" * 20
"""Octets that are no message in any of the schemas."""


# Messages


def on(name: str, change: Callable[[Any], Any]) -> Alter:
    """Alter the message ``name``, before it is signed and again when it is finished; pass all others."""

    def alter(sent: str, message: Any) -> Any:
        return change(message) if sent == name else message

    return alter


def body(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Change the body before it is signed; leave the finished message alone."""
    return lambda message: message if isinstance(message, iso2.V2G_Message) else change(message)


def finished(change: Callable[[iso2.V2G_Message], Any]) -> Callable[[Any], Any]:
    """Change the finished message, signature included; leave the body alone before that."""
    return lambda message: change(message) if isinstance(message, iso2.V2G_Message) else message


def flip(octets: bytes) -> bytes:
    """``octets`` with the last bit turned."""
    return octets[:-1] + bytes([octets[-1] ^ 1])


def forged(credentials: Credentials) -> Credentials:
    """The same chain and key, but the leaf's signature has a wrong bit."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from pncsim.wire.credentials import Credentials

    leaf = x509.load_der_x509_certificate(flip(credentials.leaf.public_bytes(Encoding.DER)))
    return Credentials((leaf, *credentials.chain[1:]), credentials.key)


def wrong_signature(message: iso2.V2G_Message) -> iso2.V2G_Message:
    """One bit of the signature is wrong; a message without one passes."""
    signature = message.Header.Signature
    if signature is None:
        return message
    value = dataclasses.replace(signature.SignatureValue, value=flip(signature.SignatureValue.value))
    header = dataclasses.replace(message.Header, Signature=dataclasses.replace(signature, SignatureValue=value))
    return dataclasses.replace(message, Header=header)


def no_signature(message: iso2.V2G_Message) -> iso2.V2G_Message:
    """The signature is left out."""
    return dataclasses.replace(message, Header=dataclasses.replace(message.Header, Signature=None))


def wrong_challenge(message: iso2.AuthorizationReq) -> iso2.AuthorizationReq:
    """Another challenge than the station's."""
    return dataclasses.replace(message, GenChallenge=bytes(16)) if message.GenChallenge else message


def wrong_emaid(message: iso2.PaymentDetailsReq) -> iso2.PaymentDetailsReq:
    """Another EMAID than the certificate's."""
    return dataclasses.replace(message, eMAID="DEXXXC00000000")


def other_contract(credentials: Credentials) -> Callable[[Any], Any]:
    """The chain of ``credentials`` where the vehicle shows its contract."""
    from pncsim.ev.iso2.contract import chain_type

    return lambda message: dataclasses.replace(message, ContractSignatureCertChain=chain_type(credentials))


# Services behind the CSMS


class DeadPool:
    """A contract pool nobody answers at."""

    async def provide(self, exi: bytes, schema: str) -> PoolAnswer:
        """As backend.csms.ports.ContractPool."""
        raise PeerError("The contract pool did not accept the connection.", http_status=503)


@dataclass(frozen=True, slots=True)
class SlowPool:
    """A contract pool that answers after ``seconds``."""

    pool: Any
    lab: Lab
    seconds: float

    async def provide(self, exi: bytes, schema: str) -> PoolAnswer:
        """As backend.csms.ports.ContractPool."""
        await self.lab.clock.sleep(self.seconds)
        answer: PoolAnswer = await self.pool.provide(exi, schema)
        return answer


@dataclass(frozen=True, slots=True)
class TamperingPool:
    """A contract pool whose answers pass through ``change`` on the way."""

    pool: Any
    change: Callable[[iso2.V2G_Message], iso2.V2G_Message]

    async def provide(self, exi: bytes, schema: str) -> PoolAnswer:
        """As backend.csms.ports.ContractPool."""
        from pncsim.wire.v2g.registry import codec

        answer: PoolAnswer = await self.pool.provide(exi, schema)
        assert answer.exi is not None
        message: Any = codec("iso2").decode(answer.exi)
        return dataclasses.replace(answer, exi=codec("iso2").encode(self.change(message)))


def wrong_key(message: iso2.V2G_Message) -> iso2.V2G_Message:
    """One bit of the encrypted contract key is wrong."""
    response: Any = message.Body.BodyElement
    response.ContractSignatureEncryptedPrivateKey.value = flip(response.ContractSignatureEncryptedPrivateKey.value)
    return message


def signed_by(signer: Credentials) -> Callable[[iso2.V2G_Message], iso2.V2G_Message]:
    """The same contract, signed by another provisioning service."""
    from pncsim.ev.iso2.contract import chain_type
    from pncsim.wire.v2g.signature import sign

    names = ("ContractSignatureCertChain", "ContractSignatureEncryptedPrivateKey", "DHpublickey", "eMAID")

    def change(message: iso2.V2G_Message) -> iso2.V2G_Message:
        response: Any = message.Body.BodyElement
        response.SAProvisioningCertificateChain = chain_type(signer)
        signature = sign([(name, getattr(response, name)) for name in names], signer.signer)
        return dataclasses.replace(message, Header=dataclasses.replace(message.Header, Signature=signature))

    return change


class DeadResponder:
    """An OCSP responder nobody answers at."""

    async def status(self, hash_data: object) -> Any:
        """As backend.csms.ports.Revocation."""
        raise PeerError("The OCSP responder did not accept the connection.", http_status=503)

    async def fetch(self, hash_data: object) -> bytes:
        """As backend.csms.ports.Revocation."""
        raise PeerError("The OCSP responder did not accept the connection.", http_status=503)


@dataclass(frozen=True, slots=True)
class SlowResponder:
    """An OCSP responder that answers after ``seconds``."""

    responder: Any
    lab: Lab
    seconds: float

    async def status(self, hash_data: object) -> Any:
        """As backend.csms.ports.Revocation."""
        await self.lab.clock.sleep(self.seconds)
        return await self.responder.status(hash_data)

    async def fetch(self, hash_data: object) -> bytes:
        """As backend.csms.ports.Revocation."""
        await self.lab.clock.sleep(self.seconds)
        answer: bytes = await self.responder.fetch(hash_data)
        return answer


class Stranger:
    """A mobility operator that has never heard of the contract."""

    async def authorize(self, emaid: str) -> TokenStatus:
        """As backend.csms.ports.MobilityOperator."""
        from pncsim.backend.answers import TokenStatus

        return TokenStatus("Unknown", f"The operator has no contract {emaid}.")


# The connection to the CSMS


def to(action: str, instead: Callable[[str], str | None]) -> Frames:
    """Let ``instead(frame)`` arrive as the answer to ``action``."""
    return lambda answered, frame: instead(frame) if answered == action else frame


def nonsense(frame: str) -> str:
    """What is no JSON."""
    return "\x00\x01 this is no OCPP frame"


def malformed(frame: str) -> str:
    """An answer to the right call that breaks the schema."""
    kind, call, _ = json.loads(frame)
    return json.dumps([kind, call, {"idTokenInfo": 17}])


def disturbed(connect: Connector, changes: Sequence[Frames]) -> Connector:
    """A connector whose channels pass the CSMS's answers through ``changes``."""
    if not changes:
        return connect

    async def open_channel(identity: str, password: str | None) -> FrameChannel:
        return DisturbedChannel(await connect(identity, password), changes)

    return open_channel


@dataclass(slots=True)
class DisturbedChannel:
    """A channel between station and CSMS, seen from the station; remembers which answer belongs to which call."""

    channel: FrameChannel
    changes: Sequence[Frames]
    close_code: int | None = None
    close_reason: str = ""
    _calls: dict[str, str] = field(default_factory=dict)

    @property
    def version(self) -> OcppVersion:
        """As wire.ocpp.channel.FrameChannel."""
        return self.channel.version

    async def send(self, text: str) -> None:
        """As wire.ocpp.channel.FrameChannel."""
        kind, call, *rest = json.loads(text)
        if kind == 2:
            self._calls[call] = rest[0]
        await self.channel.send(text)

    async def receive(self) -> str | None:
        """As wire.ocpp.channel.FrameChannel."""
        while (text := await self.channel.receive()) is not None:
            kind, call, *_ = json.loads(text)
            action = self._calls.pop(call, "") if kind != 2 else ""
            changed = self._changed(action, text) if action else text
            if changed is not None:
                return changed
        self.close_code, self.close_reason = self.channel.close_code, self.channel.close_reason
        return None

    def _changed(self, action: str, frame: str) -> str | None:
        for change in self.changes:
            altered = change(action, frame)
            if altered is None:
                return None
            frame = altered
        return frame

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """As wire.ocpp.channel.FrameChannel."""
        await self.channel.close(code, reason)
