"""What a vehicle of ours asks a CSMS of ours for: contract certificates, in messages of ISO 15118-2 it has signed."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509

from pncsim.tls_certs.chain_element import chain_element
from pncsim.wire.credentials import Credentials, KeySigner
from pncsim.wire.v2g import iso2, signature
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.registry import codec

SESSION = bytes.fromhex("C0FFEE0102030405")


def installation(vehicle: Credentials, roots: Sequence[x509.Certificate]) -> bytes:
    """CertificateInstallationReq of who has this provisioning certificate and knows these roots, as EXI."""
    body = iso2.CertificateInstallationReq(
        Id="id1", OEMProvisioningCert=vehicle.chain_der[0], ListOfRootCertificateIDs=_listed(roots)
    )
    return _signed(body, vehicle)


def update(contract: Credentials, emaid: str, roots: Sequence[x509.Certificate]) -> bytes:
    """CertificateUpdateReq of who has this contract, as EXI."""
    body = iso2.CertificateUpdateReq(
        Id="id1",
        ContractSignatureCertChain=chain_element(contract.chain_der),
        eMAID=emaid,
        ListOfRootCertificateIDs=_listed(roots),
    )
    return _signed(body, contract)


def _listed(roots: Sequence[x509.Certificate]) -> iso2.ListOfRootCertificateIDsType:
    return iso2.ListOfRootCertificateIDsType(
        RootCertificateID=[
            ds.X509IssuerSerialType(X509IssuerName=one.issuer.rfc4514_string(), X509SerialNumber=one.serial_number)
            for one in roots
        ]
    )


def _signed(body: iso2.BodyElement, holder: Credentials) -> bytes:
    made = signature.sign([(type(body).__name__, body)], KeySigner(holder.key))
    header = iso2.MessageHeaderType(SessionID=SESSION, Signature=made)
    return codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=body)))
