"""How ISO 15118-2 answers what can go wrong: kinds of error to ResponseCodes, and which response may carry which code.

Two literal tables. Who refuses a message (a station, a contract pool) names the kind of error; the code follows from
both: :func:`answer`.
"""

from __future__ import annotations

from pncsim.wire.errors import Kind
from pncsim.wire.v2g.iso2.enumerations import ResponseCodeType as Code

CODES: dict[Kind, Code] = {
    # the conversation
    "sequence": Code.FAILED_SequenceError,
    "unknown session": Code.FAILED_UnknownSession,
    # services and payment
    "service unknown": Code.FAILED_ServiceIDInvalid,
    "service selection": Code.FAILED_ServiceSelectionInvalid,
    "no charge service": Code.FAILED_NoChargeServiceSelected,
    "payment selection": Code.FAILED_PaymentSelectionInvalid,
    # certificates
    "chain": Code.FAILED_CertChainError,
    "empty": Code.FAILED_CertChainError,
    "unparsable": Code.FAILED_CertChainError,
    "too big": Code.FAILED_CertChainError,
    "too long": Code.FAILED_CertChainError,
    "key type": Code.FAILED_CertChainError,
    "signature algorithm": Code.FAILED_CertChainError,
    "profile": Code.FAILED_CertChainError,
    "no anchor": Code.FAILED_CertChainError,
    "wrong anchor": Code.FAILED_CertChainError,
    "wrong signature": Code.FAILED_CertChainError,
    "key identifier": Code.FAILED_CertChainError,
    "not a CA": Code.FAILED_CertChainError,
    "path length": Code.FAILED_CertChainError,
    "critical extension": Code.FAILED_CertChainError,
    "wrong EMAID": Code.FAILED_CertChainError,
    # Not yet valid is answered like expired (V2G2-824).
    "not yet valid": Code.FAILED_CertificateExpired,
    "expired": Code.FAILED_CertificateExpired,
    "revoked": Code.FAILED_CertificateRevoked,
    "status unknown": Code.FAILED_CertChainError,
    "unknown certificate": Code.FAILED_NoCertificateAvailable,
    # certificate status
    "staple missing": Code.FAILED_CertChainError,
    "status stale": Code.FAILED_CertChainError,
    "status of another": Code.FAILED_CertChainError,
    "status signer": Code.FAILED_CertChainError,
    "status malformed": Code.FAILED_CertChainError,
    # signatures and challenges on messages
    "signature": Code.FAILED_SignatureError,
    "challenge": Code.FAILED_ChallengeInvalid,
    "receipt signature": Code.FAILED_MeteringSignatureNotValid,
    # contracts and their delivery
    "no contract": Code.FAILED_NoCertificateAvailable,
    "contract cancelled": Code.FAILED_ContractCanceled,
    "not allowed here": Code.FAILED_CertificateNotAllowedAtThisEVSE,
    # energy
    "energy mode": Code.FAILED_WrongEnergyTransferMode,
    "charge parameter": Code.FAILED_WrongChargeParameter,
    "tariff": Code.FAILED_TariffSelectionInvalid,
    "charging profile": Code.FAILED_ChargingProfileInvalid,
    "power delivery": Code.FAILED_PowerDeliveryNotApplied,
    "contactor": Code.FAILED_ContactorError,
}
"""The code that names a kind of error best; a kind without a row is plain FAILED."""

ALWAYS = frozenset({Code.FAILED, Code.FAILED_SequenceError, Code.FAILED_UnknownSession})
"""Codes every response may carry."""

ALLOWED: dict[str, frozenset[Code]] = {
    "SessionSetupRes": frozenset(),
    "ServiceDiscoveryRes": frozenset(),
    "ServiceDetailRes": frozenset({Code.FAILED_ServiceIDInvalid}),
    "PaymentServiceSelectionRes": frozenset(
        {
            Code.FAILED_ServiceSelectionInvalid,
            Code.FAILED_NoChargeServiceSelected,
            Code.FAILED_PaymentSelectionInvalid,
        }
    ),
    "CertificateInstallationRes": frozenset(
        {
            Code.FAILED_NoCertificateAvailable,
            Code.FAILED_CertificateExpired,
            Code.FAILED_SignatureError,
            Code.FAILED_CertificateRevoked,
        }
    ),
    "CertificateUpdateRes": frozenset(
        {
            Code.FAILED_SignatureError,
            Code.FAILED_CertChainError,
            Code.FAILED_CertificateExpired,
            Code.FAILED_NoCertificateAvailable,
            Code.FAILED_ContractCanceled,
            Code.FAILED_CertificateRevoked,
        }
    ),
    "PaymentDetailsRes": frozenset(
        {
            Code.FAILED_CertChainError,
            Code.FAILED_CertificateExpired,
            Code.FAILED_CertificateRevoked,
            Code.FAILED_NoCertificateAvailable,
            Code.FAILED_CertificateNotAllowedAtThisEVSE,
            Code.FAILED_ContractCanceled,
            Code.FAILED_SignatureError,
        }
    ),
    "AuthorizationRes": frozenset(
        {Code.FAILED_ChallengeInvalid, Code.FAILED_SignatureError, Code.FAILED_CertificateRevoked}
    ),
    "ChargeParameterDiscoveryRes": frozenset({Code.FAILED_WrongEnergyTransferMode, Code.FAILED_WrongChargeParameter}),
    "PowerDeliveryRes": frozenset(
        {
            Code.FAILED_PowerDeliveryNotApplied,
            Code.FAILED_TariffSelectionInvalid,
            Code.FAILED_ChargingProfileInvalid,
            Code.FAILED_ContactorError,
        }
    ),
    "ChargingStatusRes": frozenset(),
    "MeteringReceiptRes": frozenset({Code.FAILED_MeteringSignatureNotValid}),
    "CableCheckRes": frozenset(),
    "PreChargeRes": frozenset(),
    "CurrentDemandRes": frozenset(),
    "WeldingDetectionRes": frozenset(),
    "SessionStopRes": frozenset(),
}
"""Codes a response may carry besides those of ``ALWAYS`` (Table 112)."""


def answer(kind: Kind, response: str) -> Code:
    """The code with which ``response`` (``PaymentDetailsRes``) says that this kind of thing went wrong.

    Plain FAILED where the table allows no better one. Raises KeyError for a response that is none.
    """
    wanted = CODES.get(kind, Code.FAILED)
    return wanted if wanted in ALWAYS or wanted in ALLOWED[response] else Code.FAILED
