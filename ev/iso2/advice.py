"""What to look at when a station answers with a FAILED code: one sentence per code of the schema."""

from __future__ import annotations

ADVICE: dict[str, str] = {
    "FAILED": "The code is unspecific: read the station's own log at this moment.",
    "FAILED_SequenceError": "The station did not expect this request now: compare the last messages with its table.",
    "FAILED_ServiceIDInvalid": "The ServiceID asked about was not in the station's ServiceDiscoveryRes.",
    "FAILED_UnknownSession": "The SessionID in the header is not the one in SessionSetupRes, or the session ended.",
    "FAILED_ServiceSelectionInvalid": "A selected service or parameter set was not offered.",
    "FAILED_PaymentSelectionInvalid": "The payment option was not offered; Contract needs TLS (V2G2-634).",
    "FAILED_CertificateExpired": "A certificate of the vehicle has ended or not begun: compare both clocks.",
    "FAILED_SignatureError": "The station could not verify the vehicle's signature: check key, Id and EXI fragment.",
    "FAILED_NoCertificateAvailable": (
        "No contract came: there is none for this vehicle (PCID, subscription), or the pool did not answer in time."
    ),
    "FAILED_CertChainError": "The chain leads to no root the station knows, or the EMAID is not the leaf's name.",
    "FAILED_ChallengeInvalid": "GenChallenge in AuthorizationReq is not the one from PaymentDetailsRes.",
    "FAILED_ContractCanceled": "The mobility operator has ended this contract: install another one.",
    "FAILED_WrongChargeParameter": "The vehicle's limits do not suit the station's or the energy transfer mode.",
    "FAILED_PowerDeliveryNotApplied": "The station cannot deliver energy now: look at its status code.",
    "FAILED_TariffSelectionInvalid": "The SAScheduleTupleID was not in the last ChargeParameterDiscoveryRes.",
    "FAILED_ChargingProfileInvalid": "The announced profile exceeds PMax at some time.",
    "FAILED_MeteringSignatureNotValid": "The receipt's signature or reading differs from what the station sent.",
    "FAILED_NoChargeServiceSelected": "The charge service is missing in SelectedServiceList.",
    "FAILED_WrongEnergyTransferMode": "The requested energy transfer mode was not offered.",
    "FAILED_ContactorError": "The station's contactor did not close in time or is stuck.",
    "FAILED_CertificateNotAllowedAtThisEVSE": "This station does not accept contracts of this PKI or operator.",
    "FAILED_CertificateRevoked": "A certificate of the vehicle was revoked: ask its issuer.",
    "Failed_NoNegotiation": "The station speaks none of the protocols offered: look at the namespaces it supports.",
}
