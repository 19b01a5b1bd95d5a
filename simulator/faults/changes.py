"""Changes to what is sent: messages between vehicle and station, frames from the CSMS, parts of credentials."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pncsim.wire.errors import LocalError
from pncsim.wire.exi.beyond import Unlisted, beyond
from pncsim.wire.session.outputs import Alter
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.wire.credentials import Credentials

NOISE = b"\xff" * 20
"""RawOctets that are no message in any of the schemas."""


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


def in_body(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Change the body of the finished message."""
    return finished(lambda m: replace(m, Body=replace(m.Body, BodyElement=change(m.Body.BodyElement))))


def flip(octets: bytes) -> bytes:
    """``octets`` with the last bit turned."""
    return octets[:-1] + bytes([octets[-1] ^ 1])


def forged(credentials: Credentials) -> Credentials:
    """The same chain and key, but the leaf's signature has a wrong bit."""
    from pncsim.tls_certs.reading import load
    from pncsim.wire.credentials import Credentials

    leaf = load(flip(credentials.chain_der[0]))
    return Credentials((leaf, *credentials.chain[1:]), credentials.key)


def wrong_signature(message: iso2.V2G_Message) -> iso2.V2G_Message:
    """One bit of the signature is wrong; a message without one passes."""
    signature = message.Header.Signature
    if signature is None:
        return message
    value = replace(signature.SignatureValue, value=flip(signature.SignatureValue.value))
    header = replace(message.Header, Signature=replace(signature, SignatureValue=value))
    return replace(message, Header=header)


def no_signature(message: iso2.V2G_Message) -> iso2.V2G_Message:
    """The signature is left out."""
    return replace(message, Header=replace(message.Header, Signature=None))


def wrong_challenge(message: iso2.AuthorizationReq) -> iso2.AuthorizationReq:
    """Another challenge than the station's."""
    return replace(message, GenChallenge=bytes(16)) if message.GenChallenge else message


def wrong_emaid(message: iso2.PaymentDetailsReq) -> iso2.PaymentDetailsReq:
    """Another EMAID than the certificate's."""
    return replace(message, eMAID="DEXXXC00000000")


def other_contract(credentials: Credentials) -> Callable[[Any], Any]:
    """The chain of ``credentials`` where the vehicle shows its contract."""
    from pncsim.tls_certs.chain_element import chain_element

    return lambda message: replace(message, ContractSignatureCertChain=chain_element(credentials.chain_der))


def shuffled(message: iso2.PaymentDetailsReq) -> iso2.PaymentDetailsReq:
    """The Sub-CAs of the contract the other way round."""
    chain = message.ContractSignatureCertChain
    if chain.SubCertificates is None:
        return message
    others = replace(chain.SubCertificates, Certificate=chain.SubCertificates.Certificate[::-1])
    return replace(message, ContractSignatureCertChain=replace(chain, SubCertificates=others))


def other_session(id: bytes | None) -> Callable[[iso2.V2G_Message], iso2.V2G_Message]:
    """The session is called ``id``, by default by a number that is not its own."""
    return lambda message: replace(
        message, Header=replace(message.Header, SessionID=flip(message.Header.SessionID) if id is None else id)
    )


def no_protocol(message: Any) -> Any:
    """What the vehicle offers is spoken by nobody."""
    offered = [replace(one, ProtocolNamespace="urn:example:nobody") for one in message.AppProtocol]
    return replace(message, AppProtocol=offered)


def with_service(id: int) -> Callable[[iso2.PaymentServiceSelectionReq], iso2.PaymentServiceSelectionReq]:
    """The service ``id`` is selected, too."""

    def change(message: iso2.PaymentServiceSelectionReq) -> iso2.PaymentServiceSelectionReq:
        services = message.SelectedServiceList.SelectedService
        chosen = [*services, iso2.SelectedServiceType(ServiceID=id)]
        return replace(message, SelectedServiceList=iso2.SelectedServiceListType(SelectedService=chosen))

    return change


def no_charge_service(message: iso2.PaymentServiceSelectionReq) -> iso2.PaymentServiceSelectionReq:
    """Everything is selected but charging; certificates, if there was nothing else."""
    services = [one for one in message.SelectedServiceList.SelectedService if one.ServiceID != 1]
    chosen = services or [iso2.SelectedServiceType(ServiceID=2, ParameterSetID=1)]
    return replace(message, SelectedServiceList=iso2.SelectedServiceListType(SelectedService=chosen))


def with_profile(watts: int, multiplier: int) -> Callable[[iso2.PowerDeliveryReq], iso2.PowerDeliveryReq]:
    """The charging profile is one entry of ``watts`` times ten to the ``multiplier``."""
    power = iso2.PhysicalValueType(Multiplier=multiplier, Unit=iso2.UnitSymbolType.W, Value=watts)
    entry = iso2.ProfileEntryType(ChargingProfileEntryStart=0, ChargingProfileEntryMaxPower=power)
    return lambda message: replace(message, ChargingProfile=iso2.ChargingProfileType(ProfileEntry=[entry]))


def tampered(name: str) -> Callable[[iso2.V2G_Message], iso2.V2G_Message]:
    """The signed part of the message ``name`` is another than what was signed; one without signature passes."""

    def change(message: iso2.V2G_Message) -> iso2.V2G_Message:
        if message.Header.Signature is None:
            return message
        part: Any = message.Body.BodyElement
        return replace(message, Body=replace(message.Body, BodyElement=_TAMPERED[name](part)))

    return change


def _one_root_more(part: Any) -> Any:
    roots = part.ListOfRootCertificateIDs.RootCertificateID
    twice = replace(part.ListOfRootCertificateIDs, RootCertificateID=[*roots, roots[0]])
    return replace(part, ListOfRootCertificateIDs=twice)


_TAMPERED: dict[str, Callable[[Any], Any]] = {
    "AuthorizationReq": lambda part: replace(part, Id="id2"),
    "MeteringReceiptReq": lambda part: replace(part, SAScheduleTupleID=None),
    "CertificateInstallationReq": _one_root_more,
    "CertificateUpdateReq": _one_root_more,
}
"""What is altered in which message, that it would pass every check but that of the signature."""


def wrong_key(message: iso2.V2G_Message) -> iso2.V2G_Message:
    """One bit of the encrypted contract key is wrong."""
    response: Any = message.Body.BodyElement
    response.ContractSignatureEncryptedPrivateKey.value = flip(response.ContractSignatureEncryptedPrivateKey.value)
    return message


def signed_by(signer: Credentials) -> Callable[[iso2.V2G_Message], iso2.V2G_Message]:
    """The same contract, signed by another provisioning service."""
    from pncsim.tls_certs.chain_element import chain_element
    from pncsim.wire.v2g.signature import sign

    names = ("ContractSignatureCertChain", "ContractSignatureEncryptedPrivateKey", "DHpublickey", "eMAID")

    def change(message: iso2.V2G_Message) -> iso2.V2G_Message:
        response: Any = message.Body.BodyElement
        response.SAProvisioningCertificateChain = chain_element(signer.chain_der)
        signature = sign([(name, getattr(response, name)) for name in names], signer.signer)
        return replace(message, Header=replace(message.Header, Signature=signature))

    return change


def raw_value(field: str, value: str) -> Callable[[Any], Any]:
    """``value`` at ``field`` (``ChargingProfile/ProfileEntry/…``; in lists everywhere), whatever the schema allows.

    It is read as what is there: a number, octets in hexadecimal, text, or ``#3`` for a value no enumeration lists.
    """
    return lambda message: _set(message, tuple(field.split("/")), value)


def _set(held: Any, path: tuple[str, ...], value: str) -> Any:
    if isinstance(held, list):
        return [_set(one, path, value) for one in held]
    if not path:
        return _raw(held, value)
    if getattr(held, path[0], None) is None:
        raise LocalError(f"{type(held).__name__} has no {path[0]} here that a raw value could stand in for.")
    return replace(held, **{path[0]: _set(getattr(held, path[0]), path[1:], value)})


def _raw(held: Any, value: str) -> Any:
    try:
        if isinstance(held, StrEnum):
            return Unlisted(int(value[1:])) if value.startswith("#") else type(held)(value)
        if isinstance(held, bool) or not isinstance(held, int | str | bytes):
            raise LocalError(f"{type(held).__name__} has no raw value.", advice="Name a number, a text or octets.")
        read = bytes.fromhex(value) if isinstance(held, bytes) else int(value) if isinstance(held, int) else value
    except ValueError:
        raise LocalError(f"{value!r} cannot stand in for {held!r}.") from None
    return beyond(read)


# The connection to the CSMS


def nonsense(frame: str) -> str:
    """What is no JSON."""
    return "\x00\x01 this is no OCPP frame"


def malformed(frame: str) -> str:
    """An answer to the right call that breaks the schema."""
    kind, call, _ = json.loads(frame)
    return json.dumps([kind, call, {"idTokenInfo": 17}])
