"""A contract on its way to a vehicle: what the mobility operator prepares and what the provisioning service signs.

One signed bundle serves both messages, CertificateInstallationRes and CertificateUpdateRes: the signature covers the
four elements they share, not the message around them (V2G2-771).
"""

from __future__ import annotations

from msgspec import Struct

from pncsim.tls_certs.chain_element import chain_octets
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.key_transport import WrappedKey
from pncsim.wire.v2g.registry import ISO2_NAMESPACE
from pncsim.wire.v2g.signature import Part

NAMESPACE = ISO2_NAMESPACE
"""The one schema the pools serve (``xsdMsgDefNamespace``)."""

NO_SESSION = b"\x00"
"""SessionID of a response made outside a charging session."""


class ContractData(Struct, frozen=True, kw_only=True):
    """What a mobility operator hands over for signing. ``chain``: DER, contract leaf first, without root."""

    emaid: str
    chain: tuple[bytes, ...]
    wrapped: WrappedKey


class SignedContractData(Struct, frozen=True, kw_only=True):
    """The four signed elements (Ids id1 to id4), the signer's chain, which is not signed itself, and the signature."""

    provisioning_chain: iso2.CertificateChainType
    contract_chain: iso2.CertificateChainType
    encrypted_key: iso2.ContractSignatureEncryptedPrivateKeyType
    dh_public: iso2.DiffieHellmanPublickeyType
    emaid: iso2.EMAIDType
    signature: ds.SignatureType

    @property
    def parts(self) -> list[Part]:
        """The signed elements under their names (CPS-12)."""
        return [
            ("ContractSignatureCertChain", self.contract_chain),
            ("ContractSignatureEncryptedPrivateKey", self.encrypted_key),
            ("DHpublickey", self.dh_public),
            ("eMAID", self.emaid),
        ]

    @property
    def contract_certificates(self) -> tuple[bytes, ...]:
        """The contract chain as DER, leaf first."""
        return chain_octets(self.contract_chain)

    @property
    def provisioning_certificates(self) -> tuple[bytes, ...]:
        """The signer's chain as DER, leaf first."""
        return chain_octets(self.provisioning_chain)

    def installation_response(self, session_id: bytes = NO_SESSION) -> iso2.V2G_Message:
        """The positive CertificateInstallationRes."""
        return self._response(iso2.CertificateInstallationRes, session_id)

    def update_response(self, session_id: bytes = NO_SESSION) -> iso2.V2G_Message:
        """The positive CertificateUpdateRes."""
        return self._response(iso2.CertificateUpdateRes, session_id)

    def _response(
        self, kind: type[iso2.CertificateInstallationRes | iso2.CertificateUpdateRes], session_id: bytes
    ) -> iso2.V2G_Message:
        body = kind(
            ResponseCode=iso2.ResponseCodeType.OK,
            SAProvisioningCertificateChain=self.provisioning_chain,
            ContractSignatureCertChain=self.contract_chain,
            ContractSignatureEncryptedPrivateKey=self.encrypted_key,
            DHpublickey=self.dh_public,
            eMAID=self.emaid,
        )
        return iso2.V2G_Message(
            Header=iso2.MessageHeaderType(SessionID=session_id, Signature=self.signature),
            Body=iso2.BodyType(BodyElement=body),
        )

    @classmethod
    def from_response(
        cls, response: iso2.CertificateInstallationRes | iso2.CertificateUpdateRes, signature: ds.SignatureType
    ) -> SignedContractData:
        """The bundle in a positive response."""
        return cls(
            provisioning_chain=response.SAProvisioningCertificateChain,
            contract_chain=response.ContractSignatureCertChain,
            encrypted_key=response.ContractSignatureEncryptedPrivateKey,
            dh_public=response.DHpublickey,
            emaid=response.eMAID,
            signature=signature,
        )
