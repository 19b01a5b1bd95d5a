"""Vehicles with an identity of their own: name, PCID, MAC address, provisioning key and contract."""

from __future__ import annotations

import math
import re
from typing import Any

from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.mo import MobilityOperator
from pncsim.ev.battery import Battery
from pncsim.ev.config import AC_MODES, DC_MODES, VehicleConfig
from pncsim.ev.contracts import Contract, ContractStore
from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.parameters import check_wishes
from pncsim.simulator.scenario import Energy
from pncsim.tls_certs.pki import Pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.reading import common_name
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError
from pncsim.wire.identifiers import with_check_character

LOOP_INTERVAL: dict[Energy, float] = {"ac": 30.0, "dc": 5.0}
"""Process seconds between two loop messages of a lab's vehicle: slow, so that a charge takes some ten messages."""

DAY = 86_400.0

FIRST_EVCCID = VehicleConfig().evccid
"""The MAC address of the first vehicle; the others have those that follow."""

SAID = ("energy", "kwh", "contract", "contract_days", "name", "operator", "pki")
"""What a scenario says of a vehicle that is no field of its configuration."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


def make_vehicle(
    name: str,
    number: int,
    ecosystem: Ecosystem,
    pki: Pki,
    now: float,
    config: VehicleConfig,
) -> Vehicle:
    """Vehicle ``number`` of a lab, without a contract; the first one has the provisioning certificate of the PKI."""
    everywhere = ecosystem.pkis.values()
    return Vehicle(
        name=name,
        config=config,
        battery=Battery(),
        v2g_roots=tuple(root for one in everywhere for root in one.anchors("v2g_root")),
        contract_roots=tuple(root for one in everywhere for root in one.anchors("mo_root")),
        provisioning=_provisioning(pki, number, now),
        contracts=ContractStore([]),
    )


def check_name(name: str) -> None:
    """Names go into addresses of faults and names of files. Raises LocalError for one that cannot."""
    if not _NAME.fullmatch(name):
        raise LocalError(f"{name!r} is no name for a vehicle: letters, digits, dots and hyphens are, as in EV-2.")


def configure(energy: Energy, kwh: float, number: int, **wishes: Any) -> VehicleConfig:
    """What vehicle ``number`` of a lab is like; ``wishes`` are fields of the configuration and win.

    Raises LocalError for a wish that is no field, or for values that make no sense.
    """
    check_wishes("A vehicle", wishes, VehicleConfig, SAID)
    if not isinstance(kwh, int | float) or not 0 < kwh < math.inf:
        raise LocalError(f"No vehicle can wish for {kwh!r} kWh.")
    if energy not in LOOP_INTERVAL:
        raise LocalError(f"{energy!r} is neither ac nor dc.")
    usual: dict[str, Any] = {
        "evccid": (int.from_bytes(FIRST_EVCCID) + number - 1).to_bytes(6),
        "energy_modes": AC_MODES if energy == "ac" else DC_MODES,
        "energy_wish": kwh * 1000,
        "loop_interval": LOOP_INTERVAL[energy],
        "tls": "require",
        "ocsp": "require",
    }
    return VehicleConfig(**usual | wishes)


async def sell_contract(
    vehicle: Vehicle, number: int, operator: MobilityOperator, pki: Pki, now: float, days: float | None
) -> None:
    """A contract of ``operator`` lies in the vehicle already; ``days``: what remains of it, default all of a year.

    The first vehicle has the contract of the PKI, if that is one of the operator.
    """
    own = pki.certificates.get("contract_leaf")
    emaid = common_name(own[0]) if own else ""
    if number == 1 and days is None and emaid.startswith(operator.provider):
        credentials = pki.credentials("contract_leaf")
    else:
        if number != 1 or not emaid.startswith(operator.provider):
            emaid = with_check_character(f"{operator.provider}C{number:08}")
        ends = None if days is None else now + days * DAY
        credentials = pki.authority("mo_sub2").credentials(PROFILES["contract_leaf"], emaid, now, not_after=ends)
    await operator.register("the driver", credentials.leaf)
    vehicle.contracts.install(Contract(emaid, credentials))


def _provisioning(pki: Pki, number: int, now: float) -> Credentials | None:
    """None where the PKI folder has none that can be used: who installs no contract does without."""
    if number == 1:
        try:
            return pki.credentials("oem_leaf")
        except LocalError:
            return None
    pcid = common_name(pki.certificate("oem_leaf"))
    if number > 99_999:
        raise LocalError(f"A lab makes 99999 vehicles at most, not {number}.")
    return pki.authority("oem_sub2").credentials(PROFILES["oem_leaf"], f"{pcid[:12]}{number:05}{pcid[17:]}", now)
