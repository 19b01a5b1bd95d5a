"""What the station consists of and how its parts are (use cases G)."""

from __future__ import annotations

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.variables import Tier
from pncsim.secc.station.variables import Variable as V
from pncsim.wire.ocpp.actions import Row

HANDLERS: tuple[Row[StationContext], ...] = ()


def _part(component: str, tier: Tier) -> tuple[V, ...]:
    return (
        V(component, "AvailabilityState", "OptionList", "ReadOnly", lambda o, e, c: o.availability(e, c), tier=tier),
        V(component, "Available", "boolean", "ReadOnly", "true", tier=tier),
        V(component, "SupplyPhases", "integer", "ReadOnly", "3", tier=tier),
    )


VARIABLES = (
    *_part("ChargingStation", "station"),
    V("ChargingStation", "VendorName", "string", "ReadOnly", lambda o, *_: o.config.vendor),
    V("ChargingStation", "Model", "string", "ReadOnly", lambda o, *_: o.config.model),
    V("ChargingStation", "SerialNumber", "string", "ReadOnly", lambda o, *_: o.config.serial_number),
    V("ChargingStation", "FirmwareVersion", "string", "ReadOnly", lambda o, *_: o.config.firmware),
    V("ChargingStation", "EvseCount", "integer", "ReadOnly", lambda o, *_: str(len(o.config.connectors))),
    *_part("EVSE", "evse"),
    V(
        "EVSE",
        "ConnectorCount",
        "integer",
        "ReadOnly",
        lambda o, evse, _: str(o.config.connectors[evse - 1]),
        tier="evse",
    ),
    V("EVSE", "Power", "decimal", "ReadOnly", lambda o, evse, _: f"{o.watts(evse):g}", "W", tier="evse"),
    *_part("Connector", "connector"),
)
