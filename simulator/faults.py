"""The catalogue of faults: what can be disturbed on purpose, by name, as data.

A fault changes what an actor sends (``vehicle``, ``station``) or the state of the ecosystem before the plug goes in
(``before``). What the standard answers to it is in ``answer``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wire.errors import LocalError, PeerError
from wire.v2g import iso2

if TYPE_CHECKING:
    from backend.csms.ports import PoolAnswer, TokenStatus
    from simulator.lab import Lab

Alter = Callable[[str, Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One named disturbance; see the module's text. ``answer`` is what has to be seen in a session that meets it."""

    name: str
    title: str
    answer: str
    vehicle: Alter | None = None
    station: Alter | None = None
    before: Callable[[Lab], Awaitable[None]] | None = None


def find_fault(name: str) -> Fault:
    """The fault called ``name``. Raises LocalError naming what there is."""
    fault = FAULTS.get(name)
    if fault is None:
        raise LocalError(f"There is no fault {name!r}.", advice=f"Known: {', '.join(FAULTS)}.")
    return fault


def on(name: str, change: Callable[[Any], Any]) -> Alter:
    """Alter the message ``name``, before it is signed and again when it is finished; pass all others."""

    def alter(sent: str, message: Any) -> Any:
        return change(message) if sent == name else message

    return alter


def _body(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Change the body before it is signed; leave the finished message alone."""
    return lambda message: message if isinstance(message, iso2.V2G_Message) else change(message)


def _finished(change: Callable[[iso2.V2G_Message], Any]) -> Callable[[Any], Any]:
    """Change the finished message, signature included; leave the body alone before that."""
    return lambda message: change(message) if isinstance(message, iso2.V2G_Message) else message


def _flip(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 1])


def _wrong_signature(message: iso2.V2G_Message) -> iso2.V2G_Message:
    signature = message.Header.Signature
    assert signature is not None
    value = dataclasses.replace(signature.SignatureValue, value=_flip(signature.SignatureValue.value))
    header = dataclasses.replace(message.Header, Signature=dataclasses.replace(signature, SignatureValue=value))
    return dataclasses.replace(message, Header=header)


def _no_signature(message: iso2.V2G_Message) -> iso2.V2G_Message:
    return dataclasses.replace(message, Header=dataclasses.replace(message.Header, Signature=None))


def _wrong_challenge(message: iso2.AuthorizationReq) -> iso2.AuthorizationReq:
    return dataclasses.replace(message, GenChallenge=bytes(16)) if message.GenChallenge else message


def _wrong_emaid(message: iso2.PaymentDetailsReq) -> iso2.PaymentDetailsReq:
    return dataclasses.replace(message, eMAID="DEXXXC00000000")


class _DeadPool:
    """A contract pool nobody answers at."""

    async def provide(self, exi: bytes, schema: str) -> PoolAnswer:
        raise PeerError("The contract pool did not accept the connection.", http_status=503)


@dataclass(frozen=True, slots=True)
class _SlowPool:
    """A contract pool that answers after ``seconds``."""

    pool: Any
    lab: Lab
    seconds: float

    async def provide(self, exi: bytes, schema: str) -> PoolAnswer:
        await self.lab.clock.sleep(self.seconds)
        answer: PoolAnswer = await self.pool.provide(exi, schema)
        return answer


@dataclass(frozen=True, slots=True)
class _TamperingPool:
    """A contract pool whose answers are altered on the way."""

    pool: Any

    async def provide(self, exi: bytes, schema: str) -> PoolAnswer:
        from wire.exi import codec

        answer: PoolAnswer = await self.pool.provide(exi, schema)
        assert answer.exi is not None
        message: Any = codec("iso2").decode(answer.exi)
        response = message.Body.BodyElement
        key = response.ContractSignatureEncryptedPrivateKey
        key.value = _flip(key.value)
        return dataclasses.replace(answer, exi=codec("iso2").encode(message))


class _DeadResponder:
    """An OCSP responder nobody answers at."""

    async def status(self, hash_data: object) -> Any:
        raise PeerError("The OCSP responder did not accept the connection.", http_status=503)

    async def fetch(self, hash_data: object) -> bytes:
        raise PeerError("The OCSP responder did not accept the connection.", http_status=503)


class _Stranger:
    """A mobility operator that has never heard of the contract."""

    async def authorize(self, emaid: str) -> TokenStatus:
        from backend.csms.ports import TokenStatus

        return TokenStatus("Unknown", f"The operator has no contract {emaid}.")


async def _dead_csms(lab: Lab) -> None:
    await lab.stop_csms()


async def _dead_pool(lab: Lab) -> None:
    lab.services.pool = _DeadPool()


async def _slow_pool(lab: Lab) -> None:
    lab.services.pool = _SlowPool(lab.services.pool, lab, 30.0)


async def _tampering_pool(lab: Lab) -> None:
    lab.services.pool = _TamperingPool(lab.services.pool)


async def _dead_responder(lab: Lab) -> None:
    lab.services.revocation = _DeadResponder()


async def _block_contract(lab: Lab) -> None:
    await lab.block_contract()


async def _forget_contract(lab: Lab) -> None:
    lab.services.operator = _Stranger()


async def _revoke_contract(lab: Lab) -> None:
    await lab.revoke_contract()


async def _no_staple(lab: Lab) -> None:
    lab.station_presents(staples=())


async def _stale_staple(lab: Lab) -> None:
    lab.station_presents(staples=lab.old_staples())


async def _foreign_root(lab: Lab) -> None:
    lab.station_presents(credentials=lab.foreign_station())


async def _expired_station(lab: Lab) -> None:
    lab.station_presents(credentials=lab.expired_station(), staples=())


FAULTS = {
    fault.name: fault
    for fault in (
        Fault(
            name="wrong-challenge",
            title="the vehicle signs another challenge than the one it was given",
            answer="AuthorizationRes FAILED_ChallengeInvalid",
            vehicle=on("AuthorizationReq", _body(_wrong_challenge)),
        ),
        Fault(
            name="wrong-signature",
            title="the vehicle's signature over the challenge has a wrong bit",
            answer="AuthorizationRes FAILED_SignatureError",
            vehicle=on("AuthorizationReq", _finished(_wrong_signature)),
        ),
        Fault(
            name="no-signature",
            title="the vehicle does not sign the challenge",
            answer="AuthorizationRes FAILED_SignatureError",
            vehicle=on("AuthorizationReq", _finished(_no_signature)),
        ),
        Fault(
            name="wrong-emaid",
            title="the vehicle names another EMAID than its contract certificate does",
            answer="PaymentDetailsRes FAILED_CertChainError",
            vehicle=on("PaymentDetailsReq", _body(_wrong_emaid)),
        ),
        Fault(
            name="wrong-receipt",
            title="the vehicle's signature over the metering receipt has a wrong bit",
            answer="MeteringReceiptRes FAILED_MeteringSignatureNotValid",
            vehicle=on("MeteringReceiptReq", _finished(_wrong_signature)),
        ),
        Fault(
            name="wrong-install-signature",
            title="the vehicle's signature over CertificateInstallationReq has a wrong bit",
            answer="CertificateInstallationRes FAILED_SignatureError",
            vehicle=on("CertificateInstallationReq", _finished(_wrong_signature)),
        ),
        Fault(
            name="silent-station",
            title="the station does not answer ServiceDiscoveryReq",
            answer="the vehicle gives up after 2 s",
            station=on("ServiceDiscoveryRes", lambda message: None),
        ),
        Fault(
            name="garbled-vehicle",
            title="the vehicle sends bytes that are no EXI message",
            answer="the station closes",
            vehicle=on("ServiceDiscoveryReq", lambda message: b"\x80\x9a" + bytes(20)),
        ),
        Fault(
            name="dead-pool",
            title="the contract pool is down",
            answer="CertificateInstallationRes FAILED_NoCertificateAvailable or FAILED",
            before=_dead_pool,
        ),
        Fault(
            name="slow-pool",
            title="the contract pool answers after 30 s",
            answer="CertificateInstallationRes FAILED_NoCertificateAvailable or FAILED, in time",
            before=_slow_pool,
        ),
        Fault(
            name="tampered-bundle",
            title="the encrypted contract key is altered between pool and vehicle",
            answer="the vehicle refuses the bundle and stores nothing",
            before=_tampering_pool,
        ),
        Fault(
            name="dead-responder",
            title="the OCSP responder is down while the contract is authorised",
            answer="certificateStatus CertChainError, AuthorizationRes FAILED",
            before=_dead_responder,
        ),
        Fault(
            name="dead-csms",
            title="the CSMS goes away before the vehicle is plugged in",
            answer="the station offers no contract payment",
            before=_dead_csms,
        ),
        Fault(
            name="contract-blocked",
            title="the mobility operator has blocked the contract",
            answer="ContractCancelled, AuthorizationRes FAILED",
            before=_block_contract,
        ),
        Fault(
            name="contract-unknown",
            title="the mobility operator does not know the contract",
            answer="ContractCancelled, AuthorizationRes FAILED",
            before=_forget_contract,
        ),
        Fault(
            name="contract-revoked",
            title="the contract certificate is revoked",
            answer="CertificateRevoked, AuthorizationRes FAILED_CertificateRevoked",
            before=_revoke_contract,
        ),
        Fault(
            name="no-staple",
            title="the station staples no OCSP response",
            answer="TLS alert 113 bad_certificate_status_response",
            before=_no_staple,
        ),
        Fault(
            name="stale-staple",
            title="the station staples an OCSP response that has run out",
            answer="TLS alert 113 bad_certificate_status_response",
            before=_stale_staple,
        ),
        Fault(
            name="foreign-root",
            title="the station's certificate chains to a V2G root the vehicle does not know",
            answer="TLS alert 48 unknown_ca",
            before=_foreign_root,
        ),
        Fault(
            name="expired-station",
            title="the station's certificate has expired",
            answer="TLS alert 45 certificate_expired",
            before=_expired_station,
        ),
    )
}
