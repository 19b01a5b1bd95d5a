"""PowerDelivery: what its answer leads to depends on what was asked for (8.4.2.9)."""

from __future__ import annotations

from pncsim.ev.iso2.ending import stop_in_order, stop_request
from pncsim.ev.iso2.parameters import request_parameters
from pncsim.ev.iso2.requests import loop_request, welding_request
from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.ev.iso2.station_status import called_off, note_status
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.initiator import Decision, Say
from pncsim.wire.v2g import iso2


def power_delivery_done(s: Iso2VehicleSession, res: iso2.PowerDeliveryRes) -> Decision:
    """Enter the loop, renegotiate, or leave. A ReNegotiation notification does not count here (V2G2-680)."""
    s.settle()
    wanted = iso2.DC_EVSEStatusType if s.is_dc else iso2.AC_EVSEStatusType
    if not isinstance(res.EVSEStatus, wanted):
        s.tolerate(
            Tolerance.STATUS_UNFIT(
                f"PowerDeliveryRes carries {type(res.EVSEStatus).__name__} in a session with {s.mode}."
            )
        )
    progress = iso2.ChargeProgressType
    if s.progress == progress.Start and called_off(s, res.EVSEStatus):
        return stop_in_order(s)
    if s.progress == progress.Start:
        again = s.charging_since is not None or s.outcome.resumed
        if s.charging_since is None:
            s.charging_since = s.talk.now
        s.last_energy_at = s.talk.now
        s.voice.story(f"Charging {'goes on' if again else 'begins'} at {s.vehicle.battery.soc:.1f} %.")
        return Say("DC started" if s.is_dc else "AC started", loop_request(s))
    if s.progress == progress.Renegotiate:
        note_status(s, res.EVSEStatus)  # to be acted on in the answer to the only request that may come now
        return Say("renegotiating", request_parameters(s))
    if s.charging_since is not None:
        s.outcome.charging_seconds = s.talk.now - s.charging_since
    if s.is_dc and s.vehicle.config.dc.welding_detection:
        return Say("DC stopped", welding_request(s))
    if s.pausing:
        return Say("stopped for a pause", stop_request(iso2.ChargingSessionType.Pause))
    return Say("stopped", stop_request(iso2.ChargingSessionType.Terminate))
