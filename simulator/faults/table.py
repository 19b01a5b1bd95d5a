"""Faults a run can be given by name, as data: what is disturbed, and what the standard answers to it.

A fault changes what an actor sends (``vehicle``, ``station``, ``csms``) or the state of the ecosystem, before the plug
goes in (``before``) or while energy flows (``charging``). ``answer`` is looked for in the run's events: the same thing
is the text for people and the check.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pncsim.simulator.faults import deeds
from pncsim.simulator.faults.answers import Alerts, Answer, Ocpp, Responds, Says
from pncsim.simulator.faults.disturbances import (
    NOISE,
    Alter,
    Frames,
    body,
    finished,
    malformed,
    no_signature,
    nonsense,
    on,
    to,
    wrong_challenge,
    wrong_emaid,
    wrong_signature,
)
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

Deed = Callable[["Lab"], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One named disturbance; see the module's text.

    ``scenario`` is one that meets it. ``survived``: the session still ends in order, so the run may pass.
    """

    name: str
    title: str
    answer: tuple[Answer, ...]
    scenario: str = "pnc-ac"
    survived: bool = False
    vehicle: Alter | None = None
    station: Alter | None = None
    csms: Frames | None = None
    before: Deed | None = None
    charging: Deed | None = None

    @property
    def answer_text(self) -> str:
        """What has to be seen, for people."""
        return "; ".join(map(str, self.answer))


def find_fault(name: str) -> Fault:
    """The fault called ``name``. Raises LocalError naming what there is."""
    fault = FAULTS.get(name)
    if fault is None:
        raise LocalError(f"There is no fault {name!r}.", advice="`pnc list --faults` names them.")
    return fault


_CERTIFICATE = ("CertificateInstallationRes", "CertificateUpdateRes")

_TABLE = (
    # What the vehicle sends
    Fault(
        name="wrong-challenge",
        title="the vehicle signs another challenge than the one it was given",
        answer=(Responds("AuthorizationRes", "FAILED_ChallengeInvalid"), Says("SECC", "the station had issued")),
        vehicle=on("AuthorizationReq", body(wrong_challenge)),
    ),
    Fault(
        name="wrong-signature",
        title="the vehicle's signature over the challenge has a wrong bit",
        answer=(Responds("AuthorizationRes", "FAILED_SignatureError"), Says("SECC", "was not made with the key")),
        vehicle=on("AuthorizationReq", finished(wrong_signature)),
    ),
    Fault(
        name="no-signature",
        title="the vehicle does not sign the challenge",
        answer=(Responds("AuthorizationRes", "FAILED_SignatureError"), Says("SECC", "came without a signature")),
        vehicle=on("AuthorizationReq", finished(no_signature)),
    ),
    Fault(
        name="wrong-emaid",
        title="the vehicle names another EMAID than its contract certificate does",
        answer=(Responds("PaymentDetailsRes", "FAILED_CertChainError"), Says("SECC", "DEXXXC00000000")),
        vehicle=on("PaymentDetailsReq", body(wrong_emaid)),
    ),
    Fault(
        name="unknown-mo-root",
        title="the contract certificate chains to a root the station does not know",
        answer=(Responds("PaymentDetailsRes", "FAILED_CertChainError"), Says("SECC", "the trusted root of that name")),
        before=deeds.contract_foreign,
    ),
    Fault(
        name="contract-expired",
        title="the contract certificate has expired",
        answer=(Responds("PaymentDetailsRes", "FAILED_CertificateExpired"), Says("SECC", "expired on")),
        before=deeds.contract_expired,
    ),
    Fault(
        name="wrong-receipt",
        title="the vehicle's signature over the metering receipt has a wrong bit",
        answer=(Responds("MeteringReceiptRes", "FAILED_MeteringSignatureNotValid"), Says("SECC", "MeteringReceiptReq")),
        vehicle=on("MeteringReceiptReq", finished(wrong_signature)),
    ),
    Fault(
        name="wrong-install-signature",
        title="the vehicle's signature over CertificateInstallationReq has a wrong bit",
        answer=(
            Responds("CertificateInstallationRes", "FAILED_SignatureError"),
            Says("EV", "CertificateInstallationReq with FAILED_SignatureError"),
        ),
        scenario="install-contract",
        vehicle=on("CertificateInstallationReq", finished(wrong_signature)),
    ),
    Fault(
        name="provisioning-revoked",
        title="the vehicle's provisioning certificate is revoked",
        answer=(
            Responds("CertificateInstallationRes", "FAILED_CertificateRevoked"),
            Says("EV", "CertificateInstallationReq with FAILED_CertificateRevoked"),
        ),
        scenario="install-contract",
        before=deeds.provisioning_revoked,
    ),
    Fault(
        name="garbled-vehicle",
        title="the vehicle sends bytes that are no EXI message",
        answer=(Says("SECC", "that are no message of ISO 15118-2"), Says("EV", "The station closed the connection")),
        vehicle=on("ServiceDiscoveryReq", lambda message: NOISE),
    ),
    Fault(
        name="lost-request",
        title="the vehicle's PaymentServiceSelectionReq never arrives",
        answer=(Says("EV", "did not answer PaymentServiceSelectionReq"), Says("SECC", "closed the connection")),
        vehicle=on("PaymentServiceSelectionReq", lambda message: None),
    ),
    # What the station shows and sends
    Fault(
        name="no-staple",
        title="the station staples no OCSP response",
        answer=(Alerts(113), Says("EV", "did not staple an OCSP response")),
        before=deeds.staple_missing,
    ),
    Fault(
        name="stale-staple",
        title="the station staples an OCSP response that has run out",
        answer=(Alerts(113), Says("EV", "The OCSP response is stale")),
        before=deeds.staple_stale,
    ),
    Fault(
        name="foreign-root",
        title="the station's certificate chains to a V2G root the vehicle does not know",
        answer=(Alerts(48), Says("EV", "the trusted root of that name has another key")),
        before=deeds.station_foreign,
    ),
    Fault(
        name="expired-station",
        title="the station's certificate has expired",
        answer=(Alerts(45), Says("EV", "expired on")),
        before=deeds.station_expired,
    ),
    Fault(
        name="forged-station",
        title="the signature of the station's certificate has a wrong bit",
        answer=(Alerts(42), Says("EV", "signature")),
        before=deeds.station_forged,
    ),
    Fault(
        name="silent-station",
        title="the station does not answer ServiceDiscoveryReq",
        answer=(Says("EV", "did not answer ServiceDiscoveryReq within 2 s"),),
        station=on("ServiceDiscoveryRes", lambda message: None),
    ),
    Fault(
        name="garbled-station",
        title="the station answers ServiceDiscoveryReq with bytes that are no EXI message",
        answer=(Says("EV", "The station's answer to ServiceDiscoveryReq cannot be read"),),
        station=on("ServiceDiscoveryRes", lambda message: NOISE),
    ),
    # The contract and its pool
    Fault(
        name="no-bundle",
        title="no contract lies ready for the vehicle",
        answer=(
            Responds("CertificateInstallationRes", "FAILED_NoCertificateAvailable"),
            Says("EV", "with FAILED_NoCertificateAvailable"),
        ),
        scenario="install-contract",
        before=deeds.pool_empty,
    ),
    Fault(
        name="dead-pool",
        title="the contract pool is down",
        answer=(Responds(_CERTIFICATE, "FAILED_NoCertificateAvailable"), Says("SECC", "did not accept the connection")),
        scenario="install-contract",
        before=deeds.pool_dead,
    ),
    Fault(
        name="slow-pool",
        title="the contract pool answers after 30 s; the vehicle waits for 5 s",
        answer=(Responds(_CERTIFICATE, "FAILED_NoCertificateAvailable"), Says("SECC", "did not answer within 3.5 s")),
        scenario="install-contract",
        before=deeds.pool_slow,
    ),
    Fault(
        name="tampered-bundle",
        title="the encrypted contract key is altered between pool and vehicle",
        answer=(Says("EV", "ContractSignatureEncryptedPrivateKey"),),
        scenario="install-contract",
        before=deeds.bundle_key,
    ),
    Fault(
        name="wrong-bundle-signature",
        title="the provisioning service's signature over the contract has a wrong bit",
        answer=(Says("EV", "was not made with the key"),),
        scenario="install-contract",
        before=deeds.bundle_signature,
    ),
    Fault(
        name="foreign-cps",
        title="the contract is signed by a provisioning service under a V2G root the vehicle does not know",
        answer=(Says("EV", "the trusted root of that name has another key"),),
        scenario="install-contract",
        before=deeds.bundle_foreign,
    ),
    # Authorisation behind the station
    Fault(
        name="contract-blocked",
        title="the mobility operator has blocked the contract",
        answer=(
            Ocpp("Authorize", "certificateStatus", "ContractCancelled"),
            Responds("AuthorizationRes", "FAILED"),
            Says("SECC", "is blocked"),
        ),
        before=deeds.contract_blocked,
    ),
    Fault(
        name="contract-unknown",
        title="the mobility operator does not know the contract",
        answer=(
            Ocpp("Authorize", "certificateStatus", "ContractCancelled"),
            Responds("AuthorizationRes", "FAILED"),
            Says("SECC", "The operator has no contract"),
        ),
        before=deeds.contract_unknown,
    ),
    Fault(
        name="contract-revoked",
        title="the contract certificate is revoked",
        answer=(
            Ocpp("Authorize", "certificateStatus", "CertificateRevoked"),
            Responds("AuthorizationRes", "FAILED_CertificateRevoked"),
            Says("SECC", "is revoked"),
        ),
        before=deeds.contract_revoked,
    ),
    Fault(
        name="dead-responder",
        title="the OCSP responder is down while the contract is authorised",
        answer=(
            Ocpp("Authorize", "certificateStatus", "CertChainError"),
            Responds("AuthorizationRes", "FAILED"),
            Says("SECC", "The OCSP responder did not accept the connection"),
        ),
        before=deeds.responder_dead,
    ),
    Fault(
        name="slow-responder",
        title="the OCSP responder answers after 30 s",
        answer=(
            Ocpp("Authorize", "certificateStatus", "CertChainError"),
            Responds("AuthorizationRes", "FAILED"),
            Says("SECC", "did not answer within 2 s"),
        ),
        before=deeds.responder_slow,
    ),
    Fault(
        name="card-refused",
        title="the CSMS does not know the driver's card",
        answer=(
            Ocpp("Authorize", "status", "Unknown"),
            Responds("AuthorizationRes", "FAILED"),
            Says("SECC", "is unknown"),
        ),
        scenario="eim-ac",
        before=deeds.card_unknown,
    ),
    # The CSMS itself
    Fault(
        name="dead-csms",
        title="the CSMS goes away before the vehicle is plugged in",
        answer=(Says("CS", "The CSMS closed the connection"), Says("EV", "The station offers payment by")),
        before=deeds.csms_dead,
    ),
    Fault(
        name="silent-csms",
        title="the CSMS does not answer Authorize",
        answer=(Responds("AuthorizationRes", "FAILED"), Says("SECC", "did not answer Authorize")),
        csms=to("Authorize", lambda frame: None),
    ),
    Fault(
        name="garbled-csms",
        title="the CSMS answers Authorize with what is no JSON",
        answer=(Responds("AuthorizationRes", "FAILED"), Says("SECC", "did not answer Authorize")),
        csms=to("Authorize", nonsense),
    ),
    Fault(
        name="malformed-csms",
        title="the CSMS answers Authorize with what its schema does not allow",
        answer=(Responds("AuthorizationRes", "FAILED"), Says("SECC", "idTokenInfo")),
        csms=to("Authorize", malformed),
    ),
    Fault(
        name="csms-away",
        title="the connection to the CSMS is lost for a minute while energy flows",
        answer=(Says("CS", "The CSMS closed the connection"),),
        survived=True,
        charging=deeds.csms_away,
    ),
    Fault(
        name="csms-dies",
        title="the CSMS goes away for good while energy flows",
        answer=(Says("CS", "The CSMS closed the connection"), Says("CS", "wait for the CSMS")),
        survived=True,
        charging=deeds.csms_dead,
    ),
)

FAULTS = {fault.name: fault for fault in _TABLE}
"""Every fault by name."""
