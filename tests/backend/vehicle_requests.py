"""Requests as vehicles make them: EXI messages signed with the provisioning or the contract key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend_world import SCHEMA, World
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.backend.answers import PoolAnswer
from pncsim.backend.bundle import SignedContractData
from pncsim.tls_certs.chain_element import chain_element
from pncsim.wire.credentials import Credentials, KeySigner
from pncsim.wire.v2g import iso2, signature
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.key_transport import WrappedKey, unwrap
from pncsim.wire.v2g.registry import codec
from pncsim.wire.values import replace

SESSION = bytes.fromhex("0102030405060708")


def ids_of(roots: Sequence[x509.Certificate]) -> iso2.ListOfRootCertificateIDsType:
    """The roots a vehicle holds, as it lists them."""
    return iso2.ListOfRootCertificateIDsType(
        RootCertificateID=[
            ds.X509IssuerSerialType(X509IssuerName=root.issuer.rfc4514_string(), X509SerialNumber=root.serial_number)
            for root in roots
        ]
    )


def message(body: iso2.BodyElement, name: str, key: ec.EllipticCurvePrivateKey | None) -> bytes:
    """The EXI message with ``body``, signed with ``key``."""
    signed = signature.sign([(name, body)], KeySigner(key)) if key is not None else None
    header = iso2.MessageHeaderType(SessionID=SESSION, Signature=signed)
    return codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=body)))


def installation_request(
    vehicle: Credentials,
    roots: Sequence[x509.Certificate],
    *,
    key: ec.EllipticCurvePrivateKey | None = None,
    signed: bool = True,
) -> bytes:
    """A CertificateInstallationReq; ``key`` signs instead of the vehicle's own."""
    body = iso2.CertificateInstallationReq(
        Id="id1", OEMProvisioningCert=vehicle.chain_der[0], ListOfRootCertificateIDs=ids_of(roots)
    )
    return message(body, "CertificateInstallationReq", (key or vehicle.key) if signed else None)


def update_request(
    contract: Credentials,
    emaid: str,
    roots: Sequence[x509.Certificate],
    *,
    key: ec.EllipticCurvePrivateKey | None = None,
    chain_id: str | None = None,
) -> bytes:
    """A CertificateUpdateReq (Id ``id1``); ``key`` signs instead of the contract's own."""
    body = iso2.CertificateUpdateReq(
        Id="id1",
        ContractSignatureCertChain=chain_element(contract.chain_der, id=chain_id),
        eMAID=emaid,
        ListOfRootCertificateIDs=ids_of(roots),
    )
    return message(body, "CertificateUpdateReq", key or contract.key)


@dataclass(slots=True)
class Received:
    """A response as the vehicle reads it from the EXI."""

    message: iso2.V2G_Message
    body: iso2.CertificateInstallationRes | iso2.CertificateUpdateRes

    @property
    def code(self) -> str:
        return str(self.body.ResponseCode)

    def contract(self, receiver: ec.EllipticCurvePrivateKey) -> Credentials:
        """What the vehicle keeps, after it verified the signature and unwrapped the key."""
        assert self.message.Header.Signature is not None
        bundle = SignedContractData.from_response(self.body, self.message.Header.Signature)
        signer = x509.load_der_x509_certificate(bundle.provisioning_certificates[0]).public_key()
        assert isinstance(signer, ec.EllipticCurvePublicKey)
        signature.verify(bundle.signature, bundle.parts, signer)
        chain = tuple(map(x509.load_der_x509_certificate, bundle.contract_certificates))
        public = chain[0].public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        wrapped = WrappedKey(bundle.encrypted_key.value, bundle.dh_public.value)
        return Credentials(chain, unwrap(wrapped, receiver, public))


def received(answer: PoolAnswer) -> Received:
    """Decode the pool's answer; it repeats the request's SessionID."""
    assert answer.exi is not None
    decoded = codec("iso2").decode(answer.exi)
    assert isinstance(decoded, iso2.V2G_Message)
    assert decoded.Header.SessionID == SESSION
    body = decoded.Body.BodyElement
    assert isinstance(body, iso2.CertificateInstallationRes | iso2.CertificateUpdateRes)
    assert answer.response_code == body.ResponseCode
    return Received(decoded, body)


async def install(world: World, vehicle: Credentials | None = None) -> tuple[Received, PoolAnswer]:
    """The vehicle asks for its contract."""
    vehicle = vehicle or world.vehicle
    answer = await world.eco.pool.provide(installation_request(vehicle, world.pki.anchors("v2g_root")), SCHEMA)
    return received(answer), answer


def tampered(bundle: SignedContractData, part: str) -> SignedContractData:
    """The bundle with one signed element changed after signing."""
    flipped = bytes([bundle.encrypted_key.value[0] ^ 1]) + bundle.encrypted_key.value[1:]
    changes = {
        "key": {"encrypted_key": iso2.ContractSignatureEncryptedPrivateKeyType(Id="id2", value=flipped)},
        "point": {
            "dh_public": iso2.DiffieHellmanPublickeyType(Id="id3", value=bundle.dh_public.value[::-1]),
        },
        "id": {"emaid": iso2.EMAIDType(Id="id5", value=bundle.emaid.value)},
        "chain": {"contract_chain": chain_element(bundle.contract_certificates[:2], id="id1")},
        "signature": {
            "signature": ds.SignatureType(
                SignedInfo=bundle.signature.SignedInfo,
                SignatureValue=ds.SignatureValueType(value=bundle.signature.SignatureValue.value[::-1]),
            )
        },
    }
    return replace(bundle, **changes[part])  # type: ignore[arg-type]
