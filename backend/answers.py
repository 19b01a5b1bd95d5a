"""What back-end services answer each other: values, never exceptions, where the answer is a no.

Every method that gives one of these may also raise :class:`wire.errors.PncError`, which means that there is no answer.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from pncsim.tls_certs.hash_data import HashData

RevocationStatus = Literal["good", "revoked", "unknown"]
SigningUse = Literal["V2GCertificate", "ChargingStationCertificate", "Combined"]
"""OCPP CertificateSigningUseEnumType, and a certificate for both uses, which OCPP asks for by naming none."""

AuthorizationStatus = Literal[
    "Accepted",
    "Blocked",
    "ConcurrentTx",
    "Expired",
    "Invalid",
    "NoCredit",
    "NotAllowedTypeEVSE",
    "NotAtThisLocation",
    "NotAtThisTime",
    "Unknown",
]
"""OCPP AuthorizationStatusEnumType."""

CertificateStatus = Literal[
    "Accepted",
    "SignatureError",
    "CertificateExpired",
    "CertificateRevoked",
    "NoCertificateAvailable",
    "CertChainError",
    "ContractCancelled",
]
"""OCPP AuthorizeCertificateStatusEnumType."""


class PoolAnswer(Struct, frozen=True):
    """What the contract pool says to a CertificateInstallationReq or CertificateUpdateReq.

    ``exi``: the complete EXI V2G message with the response, or None if there is none to pass on. ``status`` Accepted
    means an EXI response is present, whatever it says (M01). ``text`` is one sentence for people. ``response_code`` is
    the message's own; ``emaid`` and ``root`` (fingerprint of the signer's V2G root) name the contract, if it holds one.
    """

    exi: bytes | None
    status: Literal["Accepted", "Failed"]
    text: str = ""
    response_code: str = ""
    emaid: str | None = None
    root: str | None = None


class TokenStatus(Struct, frozen=True):
    """Whether a contract or token may charge, and why (one sentence). ``group``: the GroupId it belongs to, if any.

    Tokens of one group may end each other's transactions (OCPP C09).
    """

    status: AuthorizationStatus
    text: str = ""
    group: str = ""


class ChainStatus(Struct, frozen=True):
    """What central validation says about a contract chain.

    ``status`` Accepted, or the certificateStatus that names the fault; ``hashes``: one entry for each certificate whose
    revocation must still be asked for.
    """

    status: CertificateStatus
    text: str = ""
    hashes: tuple[HashData, ...] = ()
