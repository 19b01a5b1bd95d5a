"""Contracts on their way, as they are in the published interfaces: read from answers, put into requests, looked into.

What is read is what the vehicle will read; nothing is taken from whoever made it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.backend.bundle import NAMESPACE, SignedContractData
from pncsim.backend.cps import xml_form
from pncsim.ev.contracts import Contract
from pncsim.ev.iso2.unpacking import unpack_contract
from pncsim.simulator.lab.plant import response_in
from pncsim.tls_certs import reading
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PncError
from pncsim.wire.gate import refuse
from pncsim.wire.v2g import iso2, signature
from pncsim.wire.v2g.key_transport import WrappedKey, unwrap
from pncsim.wire.v2g.registry import codec
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.simulator.lab.desk import Answer
    from pncsim.wire.trace import ServiceCall, V2gMessage
    from pncsim.wire.voice import Voice

PROVIDED = "/v1/ccp/provideSignedContractData"
STORED = "/v1/ccp/signedContractData"
SIGNED = "/v1/cps/contractData/signed"
LOOKUP = "/v1/ccp/lookupContract"
CONTRACTS = "/v1/mo/contracts"
"""Where the contract pool hands out and keeps bundles, where they are signed, and where an operator's contracts are."""


def bundle_in(answer: Answer) -> SignedContractData:
    """The bundle the contract pool hands to a manufacturer. Raises PncError for what is none."""
    message = codec("iso2").decode(response_in(answer), gate=refuse)
    signed = message.Header.Signature
    assert signed is not None, "the pool hands out what it has verified"
    return SignedContractData.from_response(message.Body.BodyElement, signed)


def session_of(exi: bytes) -> bytes:
    """The SessionID of a V2G message."""
    message: iso2.V2G_Message = codec("iso2").decode(exi, gate=refuse)
    return message.Header.SessionID


def signed_in(answer: Answer) -> SignedContractData:
    """The bundle a provisioning service answers with. Raises Refused for what is none."""
    return xml_form.from_xml(base64.b64decode(answer.body["signedData"]).decode("utf-8"))


def signing_request(bundle: SignedContractData, *, root: str = "", pcid: str = "") -> dict[str, Any]:
    """What an operator sends to have these contract data signed; ``root``: the fingerprint of the V2G root it wants."""
    leaf, *sub_cas = map(_text, bundle.contract_certificates)
    data = {
        "contractCertificate": leaf,
        "contractSubCa1Certificate": sub_cas[-1],
        "contractSignatureEncryptedPrivateKey": _text(bundle.encrypted_key.value),
        "dHpublickey": _text(bundle.dh_public.value),
    }
    if len(sub_cas) > 1:
        data["contractSubCa2Certificate"] = sub_cas[0]
    wanted = {"cpsV2GRootCertificateFingerprint": root} if root else {}
    return {"xsdMsgDefNamespace": NAMESPACE, "contractData": data, **wanted, **({"pcid": pcid} if pcid else {})}


def storing_request(bundle: SignedContractData, pcid: str) -> dict[str, Any]:
    """What is sent to have the bundle wait in the contract pool."""
    text = xml_form.to_xml(bundle).encode()
    about = {"xsdMsgDefNamespace": NAMESPACE, "emaid": bundle.emaid.value, "pcid": pcid}
    return {**about, "signedContractDataXML": _text(text)}


def tampered(bundle: SignedContractData) -> dict[str, SignedContractData]:
    """The bundle with one bit turned in each of its parts that is not read before the signature is, and in that."""
    key, point, value = bundle.encrypted_key, bundle.dh_public, bundle.signature.SignatureValue
    flipped = replace(bundle.signature, SignatureValue=replace(value, value=_flipped(value.value)))
    return {
        "encrypted key": replace(bundle, encrypted_key=replace(key, value=_flipped(key.value))),
        "ephemeral key": replace(bundle, dh_public=replace(point, value=_flipped(point.value))),
        "signature": replace(bundle, signature=flipped),
    }


def signed_below(bundle: SignedContractData, root: x509.Certificate, now: float) -> bool:
    """Whether the signature was made by a provisioning service whose chain leads to that V2G root at ``now``."""
    try:
        signer = validate_chain(bundle.provisioning_certificates, [root], Use.CPS, now, gate=refuse).leaf
        signature.verify(bundle.signature, bundle.parts, signer.public_key(), gate=refuse)
    except PncError:
        return False
    return True


def unwrapped(bundle: SignedContractData, receiver: Credentials | None) -> ec.EllipticCurvePrivateKey | None:
    """The contract's key, if the receiver's opens the wrapped one and it is that of the contract certificate."""
    public = reading.p256_key(reading.load(bundle.contract_certificates[0]))
    if receiver is None or public is None:
        return None
    try:
        return unwrap(WrappedKey(bundle.encrypted_key.value, bundle.dh_public.value), receiver.key, public)
    except PncError:
        return None


def was_read(calls: Iterable[ServiceCall], bundle: SignedContractData, vehicle: Vehicle) -> tuple[bool, str]:
    """Whether who has made ``bundle`` has read the vehicle's certificate in the provisioning pool, and what shows it.

    A contract's key is wrapped for the one in that certificate, which an operator has from nowhere else. A pool that is
    in this process has told of it in ``calls`` besides.
    """
    asked = [one.ok for one in calls if (one.role, one.operation) == ("PCP", "get provisioning certificate")]
    key = unwrapped(bundle, vehicle.provisioning)
    fits = "opens" if key is not None else "does not open"
    return key is not None and all(asked), f"read {len(asked)} times here; the vehicle's key {fits} the contract's"


def opened(vehicle: Vehicle, bundle: SignedContractData, now: float, voice: Voice) -> Contract | PncError:
    """The contract as the vehicle gets it out of the bundle, which it keeps nothing of; or why it does not."""
    try:
        return unpack_contract(vehicle, codec("iso2").encode(bundle.installation_response()), now, voice)
    except PncError as error:
        return error


def certificates_listed(answer: Answer) -> list[x509.Certificate]:
    """The certificates of the contracts in a pool's list."""
    entries = answer.body.get("XMLContracts", ())
    return [reading.load(base64.b64decode(entry["contractCertificate"])) for entry in entries]


def body_of(message: V2gMessage) -> Any:
    """The request or response in a V2G message that could be read."""
    value: Any = message.value
    return value.Body.BodyElement


def contract_shown(message: V2gMessage) -> x509.Certificate:
    """The contract certificate in a PaymentDetailsReq."""
    return reading.load(body_of(message).ContractSignatureCertChain.Certificate)


def _flipped(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 1])


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
