"""A station that calls a charge off in the middle of its way: both sides end as their tables have it."""

from __future__ import annotations

from typing import Any

import pytest
from two_engines import converse

from pncsim.ev.config import AC_MODES, DC_MODES, DcLimits
from pncsim.wire.errors import PeerClosed
from pncsim.wire.trace import Power
from pncsim.wire.v2g import iso2

STOP = iso2.EVSENotificationType.StopCharging
ORDERLY = [
    (AC_MODES, "ChargeParameterDiscoveryRes"),
    (AC_MODES, "PowerDeliveryRes"),
    (AC_MODES, "MeteringReceiptRes"),
    (DC_MODES, "PreChargeRes"),
    (DC_MODES, "PowerDeliveryRes"),
    (DC_MODES, "CurrentDemandRes"),
]
ABRUPT = [(DC_MODES, "ChargeParameterDiscoveryRes"), (DC_MODES, "CableCheckRes")]


def status(body: Any) -> Any:
    """The station's status in a response, wherever it stands."""
    if isinstance(body, iso2.ChargeParameterDiscoveryRes):
        body = body.EVSEChargeParameter
    for name in ("EVSEStatus", "AC_EVSEStatus", "DC_EVSEStatus"):
        if hasattr(body, name):
            return getattr(body, name)
    return None


def calling_off(response: str) -> Any:
    """A station whose ``response`` asks to stop."""

    def alter(name: str, message: Any) -> Any:
        if name == response and isinstance(message, iso2.V2G_Message):
            status(message.Body.BodyElement).EVSENotification = STOP
        return message

    return alter


def converse_with(modes: tuple[str, ...], response: str, **wishes: Any) -> Any:
    return converse(
        wishes={"energy_modes": modes, **wishes}, changes={"energy_modes": modes, "alter": calling_off(response)}
    )


@pytest.mark.parametrize(("modes", "response"), ORDERLY, ids=str)
def test_where_the_tables_let_it_the_vehicle_stops_in_order(modes: tuple[str, ...], response: str) -> None:
    talk = converse_with(modes, response)
    assert talk.ends["SECC"].error is None, "for the station the session ended in order"
    codes = talk.ev.outcome.response_codes
    assert codes[-1] == ("SessionStopRes", "OK")
    assert not [code for _, code in codes if code.startswith("FAILED")]
    assert "asked to stop" in talk.ev.outcome.reason
    charged = response in ("CurrentDemandRes", "MeteringReceiptRes")
    assert (talk.ev.outcome.error is None) is charged
    assert charged or not any(sample.watts for sample in talk.of(Power))


@pytest.mark.parametrize(("modes", "response"), ABRUPT, ids=str)
def test_elsewhere_it_hangs_up_and_says_why(modes: tuple[str, ...], response: str) -> None:
    talk = converse_with(modes, response)
    assert isinstance(talk.ends["SECC"].error, PeerClosed)
    assert "asked to stop" in talk.ev.outcome.reason
    assert talk.ev.outcome.error is not None


@pytest.mark.parametrize("response", ["ChargeParameterDiscoveryRes", "PowerDeliveryRes"])
def test_a_stop_during_a_renegotiation_is_no_failure(response: str) -> None:
    """Only the second of each counts: the first belongs to the beginning of the charge."""
    seen: list[str] = []

    def alter(name: str, message: Any) -> Any:
        if name == response and isinstance(message, iso2.V2G_Message):
            seen.append(name)
            if len(seen) == 2:
                status(message.Body.BodyElement).EVSENotification = STOP
        return message

    for modes in (AC_MODES, DC_MODES):
        seen.clear()
        talk = converse(
            wishes={"energy_modes": modes, "renegotiate_after_loops": 2, "dc": DcLimits(short_renegotiation=True)},
            changes={"energy_modes": modes, "alter": alter},
        )
        assert [end.error for end in talk.ends.values()] == [None, None]
        assert talk.ev.outcome.ok
        assert talk.ev.outcome.energy_wh > 0
