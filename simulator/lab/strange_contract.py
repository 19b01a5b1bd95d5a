"""A contract with a good certificate that its operator's books do not know, as after a restore from an old backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.ev.contracts import Contract
from pncsim.simulator.lab.around import named
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.identifiers import with_check_character

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.simulator.lab.lab import Lab

INSTANCE = "C99999999"
"""The part of its EMAID that no contract of a lab has."""


async def install_strange_contract(lab: Lab, vehicle: Vehicle, *, provider: str = "DEPNC") -> str:
    """Let such a contract lie in ``vehicle``; its EMAID. Raises LocalError where the operator's CA is not here."""
    pki = named((await lab.region.parties()).pkis, "")
    emaid = with_check_character(f"{provider}{INSTANCE}")
    issued = pki.authority("mo_sub2").credentials(PROFILES["contract_leaf"], emaid, lab.clock.now())
    vehicle.contracts.install(Contract(emaid, issued))
    return emaid
