"""The catalogue of faults: what is disturbed, and what the standard answers to it."""

from __future__ import annotations

from pncsim.simulator.faults import deeds
from pncsim.simulator.faults.answers import Alerts, Ocpp, Reports, Responds, Tolerates
from pncsim.simulator.faults.changes import (
    NOISE,
    body,
    finished,
    malformed,
    no_signature,
    nonsense,
    signed_by,
    to,
    wrong_challenge,
    wrong_emaid,
    wrong_key,
    wrong_signature,
)
from pncsim.simulator.faults.fault import Chosen, Fault, Observations, read_fault
from pncsim.tls_certs.bad import certificates as wrong
from pncsim.tls_certs.bad.staples import STAPLE_FLAWS
from pncsim.tls_certs.chain_error import ANSWERS, BAD_STATUS_RESPONSE
from pncsim.wire.errors import Kind
from pncsim.wire.gate import Tolerance
from pncsim.wire.v2g.iso2.codes import answer

_CERTIFICATE = ("CertificateInstallationRes", "CertificateUpdateRes")


_NO_SUITE = frozenset({"no-digital-signature", "rsa-key", "p384-key"})
"""Certificates a station cannot show: no cipher suite of V2G goes with their keys (V2G2-602)."""

_NOT_STAPLED = frozenset({"other-certificate", "garbage"})
"""What OpenSSL (seen: 4.0.3) leaves out of the handshake without a word: no CertificateStatus is sent."""


def _bad_certificate(name: str, of: str) -> Observations:
    """What a right verifier answers (:data:`tls_certs.bad.certificates.FLAWS`), on the link where it sees the chain."""
    kind = wrong.FLAWS[name].kind
    if of == "station":
        if name in _NO_SUITE:
            return Alerts(40), Reports("EV", "refused")
        return Alerts(ANSWERS[kind].alert), Reports("EV", kind)
    if of == "contract":
        return Responds("PaymentDetailsRes", answer(kind, "PaymentDetailsRes")), Reports("SECC", kind)
    code = answer(kind, "CertificateInstallationRes")
    return Responds("CertificateInstallationRes", code), Reports("EV", "refused")


def _bad_staple(name: str) -> Observations:
    kind: Kind = "staple missing" if name in _NOT_STAPLED else STAPLE_FLAWS[name].kind
    return Alerts(BAD_STATUS_RESPONSE), Reports("EV", kind)


def _raw_value(message: str, field: str, value: str) -> Observations:
    codes = (Tolerance.EXI_LENGTH, Tolerance.EXI_RANGE, Tolerance.EXI_ENUMERATION)
    return (Tolerates("SECC" if message.endswith("Req") else "EV", codes),)


_TABLE = (
    # What the vehicle sends
    Fault(
        name="wrong-challenge",
        title="the vehicle signs another challenge than the one it was given",
        answer=(Responds("AuthorizationRes", "FAILED_ChallengeInvalid"), Reports("SECC", "challenge")),
        deed=deeds.vehicle_sends("AuthorizationReq", body(wrong_challenge)),
    ),
    Fault(
        name="wrong-signature",
        title="the vehicle's signature over the challenge has a wrong bit",
        answer=(Responds("AuthorizationRes", "FAILED_SignatureError"), Reports("SECC", "signature")),
        deed=deeds.vehicle_sends("AuthorizationReq", finished(wrong_signature)),
    ),
    Fault(
        name="no-signature",
        title="the vehicle does not sign the challenge",
        answer=(Responds("AuthorizationRes", "FAILED_SignatureError"), Reports("SECC", "signature")),
        deed=deeds.vehicle_sends("AuthorizationReq", finished(no_signature)),
    ),
    Fault(
        name="wrong-emaid",
        title="the vehicle names another EMAID than its contract certificate does",
        answer=(Responds("PaymentDetailsRes", "FAILED_CertChainError"), Reports("SECC", "wrong EMAID")),
        deed=deeds.vehicle_sends("PaymentDetailsReq", body(wrong_emaid)),
    ),
    Fault(
        name="raw-value",
        title="the {field} of {message} is {value}, whatever the schema allows",
        answer=_raw_value,
        survived=True,
        deed=deeds.raw_value,
    ),
    Fault(
        name="unknown-mo-root",
        title="the contract certificate chains to a root the station does not know",
        answer=(Responds("PaymentDetailsRes", "FAILED_CertChainError"), Reports("SECC", "no anchor")),
        deed=deeds.shows_contract(deeds.foreign),
    ),
    Fault(
        name="contract-expired",
        title="the contract certificate has expired",
        answer=(Responds("PaymentDetailsRes", "FAILED_CertificateExpired"), Reports("SECC", "expired")),
        deed=deeds.shows_contract(deeds.expired),
    ),
    Fault(
        name="wrong-receipt",
        title="the vehicle's signature over the metering receipt has a wrong bit",
        answer=(
            Responds("MeteringReceiptRes", "FAILED_MeteringSignatureNotValid"),
            Reports("SECC", "receipt signature"),
        ),
        deed=deeds.vehicle_sends("MeteringReceiptReq", finished(wrong_signature)),
    ),
    Fault(
        name="wrong-install-signature",
        title="the vehicle's signature over CertificateInstallationReq has a wrong bit",
        answer=(
            Responds("CertificateInstallationRes", "FAILED_SignatureError"),
            Reports("EV", "refused"),
        ),
        scenario="install-contract",
        deed=deeds.vehicle_sends("CertificateInstallationReq", finished(wrong_signature)),
    ),
    Fault(
        name="provisioning-revoked",
        title="the vehicle's provisioning certificate is revoked",
        answer=(
            Responds("CertificateInstallationRes", "FAILED_CertificateRevoked"),
            Reports("EV", "refused"),
        ),
        scenario="install-contract",
        deed=deeds.beforehand("vehicle", deeds.provisioning_revoked),
    ),
    Fault(
        name="garbled-vehicle",
        title="the vehicle sends bytes that are no EXI message",
        answer=(Reports("SECC", "malformed"), Reports("EV", "closed")),
        deed=deeds.vehicle_sends("ServiceDiscoveryReq", lambda message: NOISE),
    ),
    Fault(
        name="lost-request",
        title="the vehicle's {request} never arrives",
        answer=(Reports("EV", "silent"), Reports("SECC", "closed")),
        deed=deeds.lost_request,
    ),
    # What the station shows and sends
    Fault(
        name="no-staple",
        title="the station staples no OCSP response",
        answer=(Alerts(113), Reports("EV", "staple missing")),
        deed=deeds.beforehand("station", deeds.staple_missing),
    ),
    Fault(
        name="stale-staple",
        title="the station staples an OCSP response that has run out",
        answer=(Alerts(113), Reports("EV", "status stale")),
        deed=deeds.beforehand("station", deeds.staple_stale),
    ),
    Fault(
        name="foreign-root",
        title="the station's certificate chains to a V2G root the vehicle does not know",
        answer=(Alerts(48), Reports("EV", "no anchor")),
        deed=deeds.beforehand("station", deeds.station_foreign),
    ),
    Fault(
        name="expired-station",
        title="the station's certificate has expired",
        answer=(Alerts(45), Reports("EV", "expired")),
        deed=deeds.beforehand("station", deeds.station_expired),
    ),
    Fault(
        name="forged-station",
        title="the signature of the station's certificate has a wrong bit",
        answer=(Alerts(42), Reports("EV", "wrong signature")),
        deed=deeds.beforehand("station", deeds.station_forged),
    ),
    Fault(
        name="bad-certificate",
        title="the {of} certificate chain is bad: {name}",
        answer=_bad_certificate,
        scenario=lambda name, of: "install-contract" if of == "provisioning" else "pnc-ac",
        deed=deeds.bad_certificate,
    ),
    Fault(
        name="bad-staple",
        title="the station staples a bad OCSP response: {name}",
        answer=_bad_staple,
        deed=deeds.bad_staple,
    ),
    Fault(
        name="silent-station",
        title="the station never sends {response}",
        answer=(Reports("EV", "silent"),),
        deed=deeds.silent_station,
    ),
    Fault(
        name="garbled-station",
        title="the station answers ServiceDiscoveryReq with bytes that are no EXI message",
        answer=(Reports("EV", "malformed"),),
        deed=deeds.station_sends("ServiceDiscoveryRes", lambda message: NOISE),
    ),
    # The contract and its pool
    Fault(
        name="no-bundle",
        title="no contract lies ready for the vehicle",
        answer=(
            Responds("CertificateInstallationRes", "FAILED_NoCertificateAvailable"),
            Reports("EV", "refused"),
        ),
        scenario="install-contract",
        deed=deeds.beforehand("vehicle", deeds.pool_empty),
    ),
    Fault(
        name="dead-pool",
        title="the contract pool is down",
        answer=(Responds(_CERTIFICATE, "FAILED_NoCertificateAvailable"), Reports("SECC", "no contract")),
        scenario="install-contract",
        deed=deeds.service(deeds.pool_dead),
    ),
    Fault(
        name="slow-pool",
        title="the contract pool answers after {seconds:g} s; the vehicle waits for 5 s",
        answer=(Responds(_CERTIFICATE, "FAILED_NoCertificateAvailable"), Reports("SECC", "no contract")),
        scenario="install-contract",
        deed=deeds.pool_slow,
    ),
    Fault(
        name="tampered-bundle",
        title="the encrypted contract key is altered between pool and vehicle",
        answer=(Reports("EV", "signature"),),
        scenario="install-contract",
        deed=deeds.bundle(lambda plug_in: wrong_key),
    ),
    Fault(
        name="wrong-bundle-signature",
        title="the provisioning service's signature over the contract has a wrong bit",
        answer=(Reports("EV", "signature"),),
        scenario="install-contract",
        deed=deeds.bundle(lambda plug_in: wrong_signature),
    ),
    Fault(
        name="foreign-cps",
        title="the contract is signed by a provisioning service under a V2G root the vehicle does not know",
        answer=(Reports("EV", "no anchor"),),
        scenario="install-contract",
        deed=deeds.bundle(lambda plug_in: signed_by(deeds.foreign(plug_in, "cps_leaf"))),
    ),
    # Authorisation behind the station
    Fault(
        name="contract-blocked",
        title="the mobility operator has blocked the contract",
        answer=(
            Ocpp("Authorize", "certificateStatus", "ContractCancelled"),
            Responds("AuthorizationRes", "FAILED"),
            Reports("SECC", "contract cancelled"),
        ),
        deed=deeds.beforehand("vehicle", deeds.contract_blocked),
    ),
    Fault(
        name="contract-unknown",
        title="the mobility operator does not know the contract",
        answer=(
            Ocpp("Authorize", "certificateStatus", "ContractCancelled"),
            Responds("AuthorizationRes", "FAILED"),
            Reports("SECC", "contract cancelled"),
        ),
        deed=deeds.service(deeds.contract_unknown),
    ),
    Fault(
        name="contract-revoked",
        title="the contract certificate is revoked",
        answer=(
            Ocpp("Authorize", "certificateStatus", "CertificateRevoked"),
            Responds("AuthorizationRes", "FAILED_CertificateRevoked"),
            Reports("SECC", "revoked"),
        ),
        deed=deeds.beforehand("vehicle", deeds.contract_revoked),
    ),
    Fault(
        name="dead-responder",
        title="the OCSP responder is down while the contract is authorised",
        answer=(
            Ocpp("Authorize", "certificateStatus", "CertChainError"),
            Responds("AuthorizationRes", "FAILED"),
            Reports("SECC", "chain"),
        ),
        deed=deeds.service(deeds.responder_dead),
    ),
    Fault(
        name="slow-responder",
        title="the OCSP responder answers after {seconds:g} s",
        answer=(
            Ocpp("Authorize", "certificateStatus", "CertChainError"),
            Responds("AuthorizationRes", "FAILED"),
            Reports("SECC", "chain"),
        ),
        deed=deeds.responder_slow,
    ),
    Fault(
        name="card-refused",
        title="the CSMS does not know the driver's card",
        answer=(
            Ocpp("Authorize", "status", "Unknown"),
            Responds("AuthorizationRes", "FAILED"),
            Reports("SECC", "not authorised"),
        ),
        scenario="eim-ac",
        deed=deeds.service(deeds.card_unknown),
    ),
    # The CSMS itself
    Fault(
        name="dead-csms",
        title="the CSMS goes away before the vehicle is plugged in",
        answer=(Reports("CS", "closed"), Reports("EV", "payment selection")),
        deed=deeds.beforehand("csms", deeds.csms_dead),
    ),
    Fault(
        name="silent-csms",
        title="the CSMS does not answer Authorize",
        answer=(Responds("AuthorizationRes", "FAILED"), Reports("SECC", "not authorised")),
        deed=deeds.csms_answers(to("Authorize", lambda frame: None)),
    ),
    Fault(
        name="garbled-csms",
        title="the CSMS answers Authorize with what is no JSON",
        answer=(Responds("AuthorizationRes", "FAILED"), Reports("CS", "malformed")),
        deed=deeds.csms_answers(to("Authorize", nonsense)),
    ),
    Fault(
        name="malformed-csms",
        title="the CSMS answers Authorize with what its schema does not allow",
        answer=(Responds("AuthorizationRes", "FAILED"), Reports("SECC", "not authorised")),
        deed=deeds.csms_answers(to("Authorize", malformed)),
    ),
    Fault(
        name="csms-away",
        title="the connection to the CSMS is lost for {seconds:g} s while energy flows",
        answer=(Reports("CS", "closed"),),
        survived=True,
        deed=deeds.csms_away,
    ),
    Fault(
        name="csms-dies",
        title="the CSMS goes away for good while energy flows",
        answer=(Reports("CS", "closed"), Reports("CS", "unreachable")),
        survived=True,
        deed=deeds.csms_dies,
    ),
)

FAULTS = {fault.name: fault for fault in _TABLE}
"""Every fault by name."""


def find_fault(text: str) -> Chosen:
    """The fault that a person has named, see :mod:`simulator.faults.fault`. Raises LocalError."""
    return read_fault(text, FAULTS)
