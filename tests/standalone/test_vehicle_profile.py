"""A lone vehicle that speaks as a car does, against a lone station on loopback."""

from __future__ import annotations

from typing import Any

import pytest
from alone_lab import charge

from pncsim.simulator.alone.options import StationOptions, VehicleOptions
from pncsim.wire.trace import Event, Secured, V2gMessage
from pncsim.wire.v2g.registry import codec


def said(events: list[Event]) -> dict[str, Any]:
    """The last request of each name, as the station read it."""
    return {
        event.name: codec("app" if event.name == "SupportedAppProtocolReq" else "iso2").decode(event.payload)
        for event in events
        if isinstance(event, V2gMessage) and event.role == "SECC" and event.direction == "received"
    }


async def test_a_lone_vehicle_speaks_as_the_car_it_is_like() -> None:
    vehicle = VehicleOptions(vehicle_profile="xpeng-p7", payment="eim", loops=3)
    stood, code, events = await charge(StationOptions(), vehicle, leaps=True)
    assert (stood, code) == (0, 0)
    told = said(events)
    assert [one.Priority for one in told["SupportedAppProtocolReq"].AppProtocol] == [1, 5]
    assert told["SessionSetupReq"].Header.SessionID == bytes(8)
    limit = told["ChargeParameterDiscoveryReq"].Body.BodyElement.EVChargeParameter.EVMaximumVoltageLimit
    assert (limit.Value, limit.Multiplier) == (4276, -1), "it was seen in DC only, and so charges with DC"
    assert not any(isinstance(event, Secured) for event in events), "its SDP request does not ask for TLS"


@pytest.mark.parametrize("interval", [None, 30.0])
async def test_an_option_comes_before_what_the_car_would_do(interval: float | None) -> None:
    vehicle = VehicleOptions(vehicle_profile="subaru-solterra", payment="eim", current="dc", loops=2, interval=interval)
    _, code, events = await charge(StationOptions(), vehicle, leaps=True)
    assert code == 0
    first, second = (
        event.time
        for event in events
        if isinstance(event, V2gMessage)
        and (event.role, event.direction, event.name) == ("EV", "sent", "CurrentDemandReq")
    )
    assert (second - first >= 30.0) is (interval is not None)
