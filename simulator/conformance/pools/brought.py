"""What a tester brings: vehicles with their certificates, and an operator with an authority of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from pncsim.backend.rest.bodies import base64_text
from pncsim.tls_certs.pki import Pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.credentials import Credentials, KeySigner
from pncsim.wire.identifiers import emaid_check_character
from pncsim.wire.source import SYSTEM
from pncsim.wire.v2g import iso2, signature
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.key_transport import wrap
from pncsim.wire.v2g.registry import ISO2_NAMESPACE, codec

SESSION = bytes.fromhex("C0FFEE0102030405")
"""The session in whose name a tester's vehicles ask."""


class TestVehicle(Struct, frozen=True):
    """A vehicle of the tester's: its PCID, its certificate with key, and what is published of it."""

    pcid: str
    credentials: Credentials

    def published(self, **more: Any) -> dict[str, Any]:
        """The body that publishes it."""
        leaf, *above = map(base64_text, self.credentials.chain_der)
        return {
            "vehicleCertificate": leaf,
            "subCA1Certificate": above[-1],
            **({"subCA2Certificate": above[0]} if len(above) > 1 else {}),
            "xsdMsgDefNamespace": ISO2_NAMESPACE,
            **more,
        }

    def installation(self, roots: Sequence[x509.Certificate], *, signer: Credentials | None = None) -> dict[str, Any]:
        """The body by which a station's operator hands on its CertificateInstallationReq, signed by ``signer``."""
        body = iso2.CertificateInstallationReq(
            Id="id1",
            OEMProvisioningCert=self.credentials.chain_der[0],
            ListOfRootCertificateIDs=iso2.ListOfRootCertificateIDsType(
                RootCertificateID=[
                    ds.X509IssuerSerialType(
                        X509IssuerName=root.issuer.rfc4514_string(), X509SerialNumber=root.serial_number
                    )
                    for root in roots
                ]
            ),
        )
        key = (signer or self.credentials).key
        signed = signature.sign([("CertificateInstallationReq", body)], KeySigner(key))
        header = iso2.MessageHeaderType(SessionID=SESSION, Signature=signed)
        octets = codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=body)))
        return {"certificateInstallationReq": base64_text(octets), "xsdMsgDefNamespace": ISO2_NAMESPACE}


class OwnOperator(Struct, frozen=True):
    """A mobility operator that makes its contract certificates itself."""

    pki: Pki
    provider: str

    def emaid(self) -> str:
        """An EMAID of its nobody has."""
        return a_new_emaid(self.provider)

    def contract(self, emaid: str, now: float, *, ends: float = 30.0) -> Credentials:
        """A contract certificate, good from yesterday for so many days."""
        return self.pki.authority("mo_sub2").credentials(
            PROFILES["contract_leaf"], emaid, now - 2 * 86_400, not_after=now + ends * 86_400
        )

    def data(self, contract: Credentials, vehicle: TestVehicle, **more: Any) -> dict[str, Any]:
        """The body by which the contract data of a vehicle are handed over to be signed."""
        key = vehicle.credentials.leaf.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        wrapped = wrap(contract.key, key)
        leaf, sub2, sub1 = map(base64_text, contract.chain_der)
        return {
            "contractData": {
                "contractCertificate": leaf,
                "contractSubCa1Certificate": sub1,
                "contractSubCa2Certificate": sub2,
                "contractSignatureEncryptedPrivateKey": base64_text(wrapped.encrypted),
                "dHpublickey": base64_text(wrapped.dh_public),
            },
            "xsdMsgDefNamespace": ISO2_NAMESPACE,
            **more,
        }


def a_new_emaid(provider: str) -> str:
    """An EMAID of that provider with its check character, which nobody has."""
    text = f"{provider}C{''.join(SYSTEM.choice('0123456789') for _ in range(8))}"
    return text + emaid_check_character(text)
