"""Payment details and authorization (8.4.2.6, 8.4.2.7)."""

from __future__ import annotations

from pncsim.ev.iso2.contract import SIGNED_ID
from pncsim.ev.iso2.parameters import request_parameters
from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.initiator import Decision, Later, Say
from pncsim.wire.session.outputs import Wait
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2 import timing

CHALLENGE_BYTES = 16  # V2G2-697


def payment_details(s: Iso2VehicleSession, res: iso2.PaymentDetailsRes) -> Decision:
    """The station knows the contract and challenges the vehicle to prove that it holds the key."""
    if len(res.GenChallenge) != CHALLENGE_BYTES:
        raise PeerError(
            f"GenChallenge in PaymentDetailsRes has {len(res.GenChallenge)} bytes, 16 are required.", clause="V2G2-697"
        )
    assert s.contract is not None
    if res.ResponseCode == iso2.ResponseCodeType.OK_CertificateExpiresSoon:
        s.outcome.contract_expires_soon = True
        s.voice.story(
            f"The station says that contract {s.contract.emaid} expires soon; the next session will renew it."
        )
    request = iso2.AuthorizationReq(Id=SIGNED_ID, GenChallenge=res.GenChallenge)
    return Say("challenged", request, s.contract.credentials.signer)


def authorization(s: Iso2VehicleSession, res: iso2.AuthorizationRes) -> Decision:
    """Authorized, or ask again with an empty request: up to 60 s, without limit while a driver is waited for."""
    processing = iso2.EVSEProcessingType
    if res.EVSEProcessing == processing.Finished:
        s.end_phase()
        s.voice.story(f"The station authorized the vehicle ({s.payment}).")
        return Say("authorized", request_parameters(s))
    waiting = res.EVSEProcessing == processing.Ongoing_WaitingForCustomerInteraction
    if waiting and s.payment == iso2.PaymentOptionType.Contract:
        s.tolerate(
            Tolerance.WRONG_WAITING(
                "The station waits for a customer although the vehicle pays by contract.", "V2G2-854"
            )
        )
        waiting = False
    if waiting:
        if s.talk.phase is None or s.talk.phase.name != "the driver":
            s.end_phase()
            s.talk.begin_phase("the driver", None)
            s.voice.story("The station waits for the driver to identify.")
        return _again(s, "waiting for the customer")
    s.begin_phase(
        "authorization",
        timing.EVCC_ONGOING,
        "V2G2-710",
        "Look at the station's back end and the link to it.",
        performance=timing.SECC_ONGOING,
    )
    return _again(s, "undecided")


def _again(s: Iso2VehicleSession, condition: str) -> Decision:
    """Ask again after a while, with an empty request (V2G2-684)."""
    return Later(Wait(s.vehicle.config.poll_interval), lambda s, _: Say(condition, iso2.AuthorizationReq()))
