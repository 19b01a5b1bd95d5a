"""What both charging loops share: the vehicle's obedience, and signed metering receipts (8.4.3.13)."""

from __future__ import annotations

from pncsim.secc import notices
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.wire.amounts import shown_energy
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.responder import Reply
from pncsim.wire.v2g import iso2, signature
from pncsim.wire.v2g.iso2.secc_sequence import State


def loop_turn(s: Iso2StationSession) -> None:
    """Count a turn of the loop. Raises PeerError once a vehicle has ignored StopCharging for too long (V2G2-679), or
    when the EVSE has failed meanwhile."""
    s.loops += 1
    if s.receipt_sent is not None:
        # The vehicle has passed over ReceiptRequired, which only a liberty allows: asking again would be in vain.
        s.receipt_sent, s.receipt_due = None, 0
    if fault := s.fault:
        raise PeerError(f"The station cannot go on delivering power: {fault}.")
    if s.wishes.stop_at is not None and s.talk.now - s.wishes.stop_at > s.config.stop_patience:
        raise PeerError(
            f"The vehicle has gone on charging for {s.talk.now - s.wishes.stop_at:.0f} s after the station asked it to "
            f"stop within {s.config.notification_delay} s.",
            clause="V2G2-679",
        )


def receipt_required(s: Iso2StationSession, meter: iso2.MeterInfoType) -> bool:
    """Whether this turn asks for a receipt over ``meter``: only under Contract, and not in every turn (V2G2-691)."""
    if not s.is_contract or not s.receipt_due or s.loops < s.receipt_due:
        return False
    every = s.config.receipts.every
    s.receipt_due = s.loops + every if every else 0
    s.receipt_sent = meter
    return True


def metering_receipt(s: Iso2StationSession, request: iso2.MeteringReceiptReq) -> Reply:
    """Check that the vehicle signed what it was sent (V2G2-481, -903, -904)."""
    clause = "V2G2-481, V2G2-903"
    what = "signed metering receipt"
    try:
        _check(s, request)
    except PeerError as error:
        s.voice.judged(what, False, error.sentence, clause)
        if s.config.receipts.required:
            raise PeerError(error.sentence, clause=clause, kind="receipt signature") from error
        s.tolerate(Tolerance.RECEIPT_WRONG(f"A metering receipt was let pass: {error.sentence}", "V2G2-904"))
    else:
        reading = request.MeterInfo.MeterReading or 0
        s.voice.judged(what, True, f"the vehicle signed {shown_energy(reading)} with its contract key", clause)
        s.notice(notices.ReceiptVerified(time=s.talk.now, register_wh=reading, exi=s.payload))
    s.receipt_sent = None
    status = s.dc_status(loop=True) if s.is_dc else s.ac_status(loop=True)
    return Reply(
        iso2.MeteringReceiptRes(ResponseCode=iso2.ResponseCodeType.OK, EVSEStatus=status),
        State.LOOP_DC if s.is_dc else State.LOOP_AC,
    )


def _check(s: Iso2StationSession, request: iso2.MeteringReceiptReq) -> None:
    assert s.schedule is not None and s.contract is not None
    if int.from_bytes(request.SessionID, "big") != int.from_bytes(s.id, "big"):
        raise PeerError(f"The receipt is for session {request.SessionID.hex().upper()}, not {s.id.hex().upper()}.")
    if request.SAScheduleTupleID not in (None, s.schedule.tuple_id):
        raise PeerError(f"The receipt is for schedule {request.SAScheduleTupleID}, not {s.schedule.tuple_id}.")
    if request.MeterInfo != s.receipt_sent:
        raise PeerError(f"The receipt says {_shown(request.MeterInfo)}; the station had sent {_shown(s.receipt_sent)}.")
    signed, rules = [("MeteringReceiptReq", request)], signature.iso2_rules(s.config.algorithms)
    signature.verify(s.received.signature, signed, s.contract.key, rules=rules, gate=s.tolerate)


def _shown(meter: iso2.MeterInfoType | None) -> str:
    return f"{meter.MeterReading} Wh of meter {meter.MeterID} at {meter.TMeter}" if meter else "nothing"
