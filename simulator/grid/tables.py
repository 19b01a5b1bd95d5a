"""What the job consists of, who waits for whom and how long, and what follows when nothing comes.

Everything the grid expects is worked out from these tables (:mod:`simulator.grid.expected`); none of it is a record of
what was seen.
"""

from __future__ import annotations

from msgspec import Struct

from pncsim.backend.csms.authorization import Deadlines
from pncsim.backend.pki.revocation import WHOLE
from pncsim.secc.station.config import StationConfig
from pncsim.simulator.lab.lives.life import Mortal
from pncsim.wire.errors import Kind
from pncsim.wire.v2g.iso2.timing import MESSAGES, TIMERS
from pncsim.wire.v2g.sdp import ATTEMPTS, WAIT

ORDER = (
    "TransactionEventRequest.Started",
    "TransactionEventResponse.Started",
    "StatusNotificationRequest",
    "StatusNotificationResponse",
    "SupportedAppProtocolReq",
    "SupportedAppProtocolRes",
    "SessionSetupReq",
    "SessionSetupRes",
    "ServiceDiscoveryReq",
    "ServiceDiscoveryRes",
    "ServiceDetailReq",
    "ServiceDetailRes",
    "PaymentServiceSelectionReq",
    "PaymentServiceSelectionRes",
    "CertificateInstallationReq",
    "Get15118EVCertificateRequest",
    "CCP-request",
    "OCSP-request",
    "OCSP-response",
    "CCP-response",
    "Get15118EVCertificateResponse",
    "CertificateInstallationRes",
    "PaymentDetailsReq",
    "PaymentDetailsRes",
    "AuthorizationReq",
    "AuthorizeRequest",
    "MO-request",
    "MO-response",
    "AuthorizeResponse",
    "AuthorizationRes",
    "TransactionEventRequest.Updated",
    "ChargeParameterDiscoveryReq",
    "ChargeParameterDiscoveryRes",
    "PowerDeliveryReq.Start",
    "TransactionEventResponse.Updated",
    "PowerDeliveryRes.Start",
    "ChargingStatusReq",
    "ChargingStatusRes",
    "MeteringReceiptReq",
    "MeteringReceiptRes",
    "PowerDeliveryReq.Stop",
    "PowerDeliveryRes.Stop",
    "SessionStopReq",
    "SessionStopRes",
    "TransactionEventRequest.Ended",
    "TransactionEventResponse.Ended",
)
"""The messages of the job from plug-in on, each where it is first sent. V2G messages go over the link, OCPP's between
station and CSMS; ``CCP``, ``OCSP`` and ``MO`` are requests of the CSMS (of the pool, for OCSP), and their answers."""

AT = {message: place for place, message in enumerate(ORDER)}


class Follows(Struct, frozen=True, kw_only=True):
    """What follows: who reports what, how the vehicle's session ends, why its transaction ends (OCPP stoppedReason)."""

    problem: tuple[str, Kind] | None = None
    vehicle: str = "ok"
    stopped: str = "StoppedByEV"


class Awaited(Struct, frozen=True, kw_only=True):
    """``asks`` waits ``limit`` seconds for the answer of ``answers`` (``source`` says so). ``lost``: what follows when
    it does not come in time; ``reset``: when the connection ends, which is the same at once where nothing is said.
    ``within``: the V2G request that cannot be answered meanwhile, from which on it is waited for."""

    request: str
    response: str
    asks: Mortal
    answers: Mortal
    limit: float
    source: str
    lost: Follows
    reset: Follows | None = None
    within: str = ""


_LEFT = "Other"
"""The vehicle closes the connection, or it fails: EVCommunicationLost."""


def _v2g(name: str, stopped: str = _LEFT, step: str = "") -> Awaited:
    return Awaited(
        request=f"{name}Req{step}",
        response=f"{name}Res{step}",
        asks="EV",
        answers="SECC",
        limit=MESSAGES[name].timeout,
        source=f"V2G_EVCC_Msg_Timeout, {MESSAGES[name].source}",
        lost=Follows(problem=("EV", "silent"), vehicle="silent", stopped=stopped),
    )


_NO_CONTRACT = Follows(problem=("SECC", "no contract"), vehicle="refused", stopped=_LEFT)
_NOT_AUTHORISED = Follows(problem=("SECC", "not authorised"), vehicle="refused", stopped="DeAuthorized")
_CANCELLED = Follows(problem=("SECC", "contract cancelled"), vehicle="refused", stopped="DeAuthorized")
_UNVERIFIED = Follows(problem=("SECC", "refused"), vehicle="refused", stopped=_LEFT)
_WITHDRAWN = Follows(vehicle="ok", stopped="DeAuthorized")

_STATION, _CSMS = StationConfig(), Deadlines()

EXCHANGES = (
    _v2g("SupportedAppProtocol"),
    _v2g("SessionSetup"),
    _v2g("ServiceDiscovery"),
    _v2g("ServiceDetail"),
    _v2g("PaymentServiceSelection"),
    _v2g("CertificateInstallation"),
    Awaited(
        request="Get15118EVCertificateRequest",
        within="CertificateInstallationReq",
        response="Get15118EVCertificateResponse",
        asks="SECC",
        answers="CSMS",
        limit=_STATION.certificate_timeout,
        source="below the 4.5 s the SECC has for CertificateInstallationRes (Table 109)",
        lost=_NO_CONTRACT,
    ),
    Awaited(
        request="CCP-request",
        within="CertificateInstallationReq",
        response="CCP-response",
        asks="CSMS",
        answers="CCP",
        limit=_CSMS.pool,
        source="below the station's 4 s",
        lost=_NO_CONTRACT,
    ),
    Awaited(
        request="OCSP-request",
        within="CertificateInstallationReq",
        response="OCSP-response",
        asks="CCP",
        answers="OCSP",
        limit=WHOLE,
        source="CCP-GET-2: revocation unknown is no contract; below the pool's 3.5 s",
        lost=_UNVERIFIED,
    ),
    _v2g("PaymentDetails"),
    _v2g("Authorization"),
    Awaited(
        request="AuthorizeRequest",
        within="AuthorizationReq",
        response="AuthorizeResponse",
        asks="SECC",
        answers="CSMS",
        limit=_STATION.authorize_timeout,
        source="C07, offline without ContractValidationOffline; EVSEProcessing Ongoing meanwhile (V2G2-855)",
        lost=_NOT_AUTHORISED,
    ),
    Awaited(
        request="MO-request",
        within="AuthorizationReq",
        response="MO-response",
        asks="CSMS",
        answers="MO",
        limit=_CSMS.operator,
        source="C07.FR.14: who cannot be asked accepts nothing",
        lost=_CANCELLED,
    ),
    Awaited(
        request="TransactionEventRequest.Updated",
        response="PowerDeliveryReq.Start",  # the answer to this second request, which has no name here, comes next
        asks="CSMS",
        answers="MO",
        limit=_CSMS.operator,
        source="E05, StopTxOnInvalidId: the token is asked about once more",
        lost=_WITHDRAWN,
        reset=Follows(problem=("EV", "unspecific"), vehicle="unspecific", stopped="DeAuthorized"),
    ),
    _v2g("ChargeParameterDiscovery"),
    _v2g("PowerDelivery", step=".Start"),
    _v2g("ChargingStatus"),
    _v2g("MeteringReceipt"),
    _v2g("PowerDelivery", step=".Stop"),
    _v2g("SessionStop", "StoppedByEV"),
)
"""Everybody who waits for an answer without which the job does not go on. Answers to TransactionEvents and
StatusNotifications are not among them: they are asked for again (OCPP E13), and the session goes on meanwhile."""

SEQUENCE = TIMERS["V2G_SECC_Sequence_Timeout"]
STATION_SETUP = TIMERS["V2G_SECC_CommunicationSetup_Performance_Time"]
VEHICLE_SETUP = TIMERS["V2G_EVCC_CommunicationSetup_Timeout"]
SDP_SECONDS = ATTEMPTS * WAIT
"""Seconds a vehicle asks by SDP (V2G2-159, V2G2-161)."""
