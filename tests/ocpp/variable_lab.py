"""What tests of the station's variables need: a station that is ready, a vehicle that charges, proofs by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from ocpp_lab import IDENTITY, PASSWORD, Lab, books, running

from pncsim.secc import notices
from pncsim.secc.charge_point import ChargePoint
from pncsim.secc.config import SeccConfig
from pncsim.secc.evse import EvsePlan
from pncsim.secc.questions import AuthorizationAnswer, ExternalAuthorization
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.station import Station
from pncsim.wire.network.memory import MemoryNetwork

PLAIN = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False)
CARD = "04A1B2C3"
EMAID = "DEPNCC00000001A"

Proof = Callable[[], Awaitable[None]]


class Proofs(dict[tuple[str, str], Proof]):
    """Tests of variables, by component and name."""

    def __call__(self, component: str, *names: str) -> Callable[[Proof], Proof]:
        """The test of one variable, or of several that only work together."""

        def keep(proof: Proof) -> Proof:
            self.update({(component, name): proof for name in names})
            return proof

        return keep


def write(station: Station, component: str, name: str, value: str, *, evse: int = 0) -> None:
    """Write it as SetVariables does."""
    where: dict[str, Any] = {"name": component, **({"evse": {"id": evse}} if evse else {})}
    instances = {"MessageAttempts": "TransactionEvent", "MessageAttemptInterval": "TransactionEvent"}
    variable = {"name": name, **({"instance": instances[name]} if name in instances else {})}
    item: Any = {"component": where, "variable": variable, "attributeValue": value}
    [result] = station.model.set_variables([item])
    assert result["attributeStatus"] == "Accepted", result


@asynccontextmanager
async def ready(lab: Lab, config: StationConfig = PLAIN) -> AsyncIterator[Station]:
    async with running(lab.station(config=config)) as station:
        await station.wait_ready()
        yield station


@asynccontextmanager
async def charge_point(lab: Lab) -> AsyncIterator[ChargePoint]:
    """A charge point with one EVSE on a link in memory."""
    pki = lab.pki
    point = ChargePoint(
        lab.clock,
        lab.trace,
        PLAIN,
        [EvsePlan(config=SeccConfig(), network=MemoryNetwork(lab.clock))],
        connect=lab.connector(),
        source=lab.source,
        password=PASSWORD,
        credentials=pki.credentials("secc_leaf"),
    )
    await point.open()
    try:
        yield point
    finally:
        await point.close()


async def by_card(station: Station) -> AuthorizationAnswer:
    """What a vehicle is told when its driver shows the card."""
    station.present(CARD)
    answer = await station.outlet().answer(ExternalAuthorization())
    assert isinstance(answer, AuthorizationAnswer)
    return answer


def plug_in(station: Station, lab: Lab, register: int | None = None) -> None:
    station.outlet().note(notices.PluggedIn(time=lab.clock.now(), register_wh=register))


def charging(station: Station, lab: Lab, samples: int = 0, every: float = 10.0) -> None:
    """A vehicle charges for ``samples`` times ``every`` seconds and stops."""
    start, outlet = lab.clock.now(), station.outlet()
    plug_in(station, lab, 1000)
    outlet.note(notices.SessionStarted(time=start, session_id=b"12345678", evccid="0A", resumed=False))
    outlet.note(notices.Authorized(time=start, emaid=EMAID))
    outlet.note(notices.ChargingStarted(time=start, register_wh=1000))
    for step in range(1, samples + 1):
        power: dict[str, Any] = {"watts": 7200.0, "volts": 230.0, "amperes": 16.0, "soc": 50}
        energy: dict[str, Any] = {"energy_wh": 20.0 * step, "register_wh": 1000 + 20 * step}
        outlet.note(notices.MeterSample(time=start + every * step, **power, **energy))
    end: dict[str, Any] = {"energy_wh": 20.0 * samples, "register_wh": 1000 + 20 * samples}
    outlet.note(notices.SessionEnded(time=start + every * samples, kind="ended", reason="done", **end))


async def measured(lab: Lab, station: Station, samples: int = 12) -> dict[str, list[Any]]:
    """The measurands of a charge by event type: for each event, those of each of its meter values."""
    charging(station, lab, samples)
    await station.settled()
    [transaction] = books(lab.csms)
    found: dict[str, list[Any]] = {"Started": [], "Updated": [], "Ended": []}
    for _, event in sorted(transaction.events.items()):
        if "meterValue" in event:
            values = [[v["measurand"] for v in m["sampledValue"]] for m in event["meterValue"]]
            found[event["eventType"]].append(values)
    return found
