"""A charge point with several EVSEs, vehicles for it, and what the CSMS and the wire saw of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ocpp_lab import IDENTITY, PASSWORD, Lab, books

from pncsim.backend.csms.transactions import Transaction
from pncsim.ev.battery import Battery
from pncsim.ev.config import AC_MODES, VehicleConfig
from pncsim.ev.contracts import Contract, ContractStore
from pncsim.ev.outcome import SessionOutcome
from pncsim.ev.shell import charge
from pncsim.ev.vehicle import Vehicle
from pncsim.secc.charge_point import ChargePoint, trusted_roots
from pncsim.secc.config import SeccConfig
from pncsim.secc.evse import EvsePlan
from pncsim.secc.station.config import StationConfig
from pncsim.tls_certs.reading import common_name
from pncsim.wire.network.memory import MemoryNetwork
from pncsim.wire.trace import OcppFrame
from pncsim.wire.values import replace

if TYPE_CHECKING:
    pass

PLAIN = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False)
TWO = replace(PLAIN, connectors=(1, 2))
CARD, OTHER_CARD = "04A1B2C3", "04FFFFFF"


@asynccontextmanager
async def charge_point(
    lab: Lab, connectors: tuple[int, ...] = (1, 1), *, modes: tuple[str, ...] = AC_MODES, **more: Any
) -> AsyncIterator[ChargePoint]:
    """A charge point whose EVSEs are on links of their own, in memory."""
    config = SeccConfig(energy_modes=modes)
    plans = [
        EvsePlan(
            config=replace(config, evse_id=f"DE*PNC*E00000{number}"),
            network=MemoryNetwork(lab.clock),
            connectors=count,
            **more,
        )
        for number, count in enumerate(connectors, 1)
    ]
    point = ChargePoint(
        lab.clock,
        lab.trace,
        PLAIN,
        plans,
        connect=lab.connector(),
        source=lab.source,
        password=PASSWORD,
        roots=trusted_roots(lab.pki),
        credentials=lab.pki.credentials("secc_leaf"),
    )
    await point.open()
    try:
        yield point
    finally:
        await point.close()


def vehicle(lab: Lab, *, contract: bool = False, **wishes: Any) -> Vehicle:
    """A vehicle that pays by contract, which the operator knows, or by its driver's card."""
    held = []
    if contract:
        credentials = lab.pki.credentials("contract_leaf")
        emaid = common_name(credentials.leaf)
        lab.operator.known[emaid] = "Accepted"
        held.append(Contract(emaid, credentials))
    wishes = {"energy_modes": AC_MODES, "energy_wish": 3000.0, "loop_interval": 30.0, **wishes}
    return Vehicle(
        config=VehicleConfig(
            payment="contract" if contract else "external",
            tls="require",
            ocsp="off",
            **wishes,
        ),
        battery=Battery(),
        v2g_roots=lab.pki.anchors("v2g_root"),
        contract_roots=lab.pki.anchors("mo_root"),
        provisioning=None,
        contracts=ContractStore(held),
    )


def charging(lab: Lab, point: ChargePoint, evse: int, car: Vehicle) -> asyncio.Task[SessionOutcome]:
    """``car`` charges at an EVSE."""
    here = point.evse(evse)
    return asyncio.create_task(charge(here.network, car, lab.clock, lab.trace, pilot=here.pilot))


def by_evse(lab: Lab) -> dict[int, Transaction]:
    """The CSMS's transactions by EVSE."""
    return {t.evse: t for t in books(lab.csms) if t.evse is not None}


def statuses(lab: Lab) -> list[tuple[int, int, str]]:
    """The StatusNotifications the station has sent."""
    frames = [json.loads(e.frame) for e in lab.events if isinstance(e, OcppFrame) and e.role == "CS"]
    sent = [f[3] for f in frames if f[0] == 2 and f[2] == "StatusNotification"]
    return [(p["evseId"], p["connectorId"], p["connectorStatus"]) for p in sent]
