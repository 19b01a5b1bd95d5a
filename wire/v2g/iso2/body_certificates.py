"""The messages that install and update contract certificates (8.4.3)."""

from __future__ import annotations

from pncsim.wire.exi import xs
from pncsim.wire.exi.declare import Attribute
from pncsim.wire.v2g.iso2.body_common import BodyElement
from pncsim.wire.v2g.iso2.datatypes import (
    CertificateChainType,
    ContractSignatureEncryptedPrivateKeyType,
    DiffieHellmanPublickeyType,
    EMAIDType,
    ListOfRootCertificateIDsType,
)
from pncsim.wire.v2g.iso2.enumerations import (
    ResponseCodeType,
)
from pncsim.wire.v2g.iso2.simple import (
    certificateType,
    eMAIDType,
)


class CertificateUpdateReq(BodyElement, element="CertificateUpdateReq"):
    """Asks for a new contract certificate in place of one that will expire, signed with the old key."""

    Id: Attribute[xs.ID]
    ContractSignatureCertChain: CertificateChainType
    eMAID: eMAIDType
    ListOfRootCertificateIDs: ListOfRootCertificateIDsType


class CertificateUpdateRes(BodyElement, element="CertificateUpdateRes"):
    """The new contract chain with its encrypted key, signed by the provisioning service; RetryCounter is in days."""

    ResponseCode: ResponseCodeType
    SAProvisioningCertificateChain: CertificateChainType
    ContractSignatureCertChain: CertificateChainType
    ContractSignatureEncryptedPrivateKey: ContractSignatureEncryptedPrivateKeyType
    DHpublickey: DiffieHellmanPublickeyType
    eMAID: EMAIDType
    RetryCounter: xs.short | None = None


class CertificateInstallationReq(BodyElement, element="CertificateInstallationReq"):
    """Asks for a contract certificate by the provisioning certificate of the vehicle's maker."""

    Id: Attribute[xs.ID]
    OEMProvisioningCert: certificateType
    ListOfRootCertificateIDs: ListOfRootCertificateIDsType


class CertificateInstallationRes(BodyElement, element="CertificateInstallationRes"):
    """The contract chain with its encrypted key, signed by the provisioning service."""

    ResponseCode: ResponseCodeType
    SAProvisioningCertificateChain: CertificateChainType
    ContractSignatureCertChain: CertificateChainType
    ContractSignatureEncryptedPrivateKey: ContractSignatureEncryptedPrivateKeyType
    DHpublickey: DiffieHellmanPublickeyType
    eMAID: EMAIDType
