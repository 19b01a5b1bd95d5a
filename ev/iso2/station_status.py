"""What a station says of itself in every response that carries its status, and what the vehicle makes of it.

A wish to stop or a fault holds wherever it is said, not only in the charging loop; a wish to renegotiate counts in the
loop alone (V2G2-679, -680, -841).
"""

from __future__ import annotations

from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.wire.errors import PeerError
from pncsim.wire.v2g import iso2

_CODES = iso2.DC_EVSEStatusCodeType
_FAULTS = (_CODES.EVSE_EmergencyShutdown, _CODES.EVSE_Malfunction)
_SHUTDOWNS = (_CODES.EVSE_Shutdown, _CODES.EVSE_UtilityInterruptEvent)


def end(s: Iso2VehicleSession, reason: str, error: PeerError | None = None) -> None:
    """Remember the first reason to stop; a fault outranks a wish."""
    if not s.ending or (error is not None and s.ending_error is None):
        s.ending = reason
        if error is not None:
            s.ending_error = error
            s.pausing = False


def note_status(s: Iso2VehicleSession, status: object) -> None:
    """Take up what the station reports of itself: that charging is to stop, or a fault.

    A status of neither current is none, and says nothing.
    """
    if not isinstance(status, (iso2.AC_EVSEStatusType, iso2.DC_EVSEStatusType)):
        return
    if status.EVSENotification == iso2.EVSENotificationType.StopCharging:
        end(s, "the station asked to stop")
    if isinstance(status, iso2.AC_EVSEStatusType):
        if status.RCD:
            end(
                s,
                "the station's residual current device has tripped",
                PeerError(
                    "The station reports that its residual current device has tripped.",
                    advice="Check cable and vehicle for a leak before the next charge.",
                ),
            )
        return
    code = status.EVSEStatusCode
    if code in _SHUTDOWNS:
        end(s, f"the station reports {code}")
    elif code in _FAULTS:
        end(
            s,
            f"the station reports {code}",
            PeerError(
                f"The station reports {code} in {s.received.name}.",
                advice="Look at the station: emergency button, isolation, power electronics, its fault memory.",
            ),
        )


def called_off(s: Iso2VehicleSession, status: object) -> bool:
    """Whether the station will not have this charge go on, said in a response outside the loop.

    Before energy has flowed that is no orderly end: nobody has got what was asked for.
    """
    note_status(s, status)
    if s.ending and s.charging_since is None and s.ending_error is None:
        s.ending_error = PeerError(
            f"Before charging had begun {s.ending} (in {s.received.name}).",
            clause="V2G2-679",
            advice="Look at why the station does not want to charge now: its back end, its operator, its power.",
        )
    return bool(s.ending)
