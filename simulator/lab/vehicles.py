"""Vehicles with an identity of their own: name, PCID, MAC address, provisioning key and contract."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pncsim.ev.battery import Battery
from pncsim.ev.config import AC_MODES, DC_MODES, VehicleConfig
from pncsim.ev.contracts import ContractStore
from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.lab.traits import merged
from pncsim.simulator.parameters import check_wishes
from pncsim.simulator.plan import Policies, VehiclePlan
from pncsim.simulator.scenario import Energy
from pncsim.tls_certs.pki import Pki
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.simulator.cars.profile import VehicleProfile

LOOP_INTERVAL: dict[Energy, float] = {"ac": 30.0, "dc": 5.0}
"""Process seconds between two loop messages of a lab's vehicle: slow, so that a charge takes some ten messages."""

FIRST_EVCCID = VehicleConfig().evccid
"""The MAC address of the first vehicle; the others have those that follow."""

SAID = ("energy", "kwh", "contract", "contract_days", "name", "operator", "pki", "profile")
"""What a scenario says of a vehicle that is no field of its configuration."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


def make_vehicle(
    name: str, provisioning: Credentials | None, everywhere: Iterable[Pki], config: VehicleConfig
) -> Vehicle:
    """A vehicle without a contract; it trusts the roots of the PKIs ``everywhere``."""
    known = tuple(everywhere)
    return Vehicle(
        name=name,
        config=config,
        battery=Battery(),
        v2g_roots=tuple(root for one in known for root in one.anchors("v2g_root")),
        contract_roots=tuple(root for one in known for root in one.anchors("mo_root")),
        provisioning=provisioning,
        contracts=ContractStore([]),
    )


def check_name(name: str) -> None:
    """Names go into addresses of faults and names of files. Raises LocalError for one that cannot."""
    if not _NAME.fullmatch(name):
        raise LocalError(f"{name!r} is no name for a vehicle: letters, digits, dots and hyphens are, as in EV-2.")


def planned(plan: VehiclePlan, policies: Policies, wishes: Mapping[str, Any]) -> dict[str, Any]:
    """``wishes`` of a scenario, and for what they leave open the policies and the traits of its plan, which count more.

    Raises LocalError for values that do not go together.
    """
    of_all: dict[str, Any] = {"refuses": policies.refuses, "algorithms": policies.algorithms}
    if policies.ocsp is not None:
        of_all["ocsp"] = policies.ocsp
    return of_all | merged(VehicleConfig(), plan.traits) | dict(wishes)


def profile_of(name: str) -> VehicleProfile | None:
    """The car that is meant; None for none. Raises LocalError for one that is not known."""
    if not name:
        return None
    from pncsim.simulator.cars.profile import find_profile

    return find_profile(name)


def configure(
    energy: Energy, kwh: float, number: int, car: VehicleProfile | None = None, **wishes: Any
) -> VehicleConfig:
    """What vehicle ``number`` of a lab is like; what ``car`` decides comes before what is usual, and ``wishes``, which
    are fields of the configuration, win.

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
    if car is not None:
        usual |= car.wishes(energy)
        if not car.tls and wishes.get("payment") == "external":
            usual["tls"] = "off"
    return VehicleConfig(**usual | wishes)
