"""What the suite for vehicles can be told besides what every suite can."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Struct

from pncsim.secc.config import SeccConfig
from pncsim.simulator.parameters import AtTarget, Bounds, Shown
from pncsim.simulator.plan import WAIT
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

_ANY = float("inf")


class VehicleUnderTest(Struct, frozen=True, kw_only=True):
    """``pki``: with whose certificates the tester comes; the vehicle has to trust its V2G root.

    ``max_voltage``, ``max_current``, ``max_power``: what the tester offers at most (V, A per phase or of the direct
    current, W), whatever a case is about.
    """

    pki: Annotated[Path | None, "PKI folder of the tester, whose V2G root the vehicle trusts", Shown("DIR")] = None
    ev_command: Annotated[
        str | None,
        "starts the vehicle for each case; behind it ac or dc, external or contract, and perhaps install or update",
        Shown("COMMAND"),
        AtTarget(),
    ] = None
    wait: Annotated[float, "seconds the vehicle is waited for in each case", Bounds(1.0, 86_400.0), AtTarget()] = WAIT
    max_voltage: Annotated[float | None, "volts the tester offers at most", Bounds(1.0, 2_000.0), Shown("V")] = None
    max_current: Annotated[float | None, "amperes the tester offers at most", Bounds(0.1, 2_000.0), Shown("A")] = None
    max_power: Annotated[float | None, "watts the tester offers at most", Bounds(1.0, 2e6), Shown("W")] = None

    def within(self, config: SeccConfig) -> SeccConfig:
        """A station that is otherwise like that, and offers no more. Raises LocalError where it then has nothing."""
        volts, amperes, watts = (
            _ANY if limit is None else limit for limit in (self.max_voltage, self.max_current, self.max_power)
        )
        ac, dc = config.ac, config.dc
        least = {"AC": ac.voltage, "DC": dc.min_voltage}
        modes = tuple(one for one in config.energy_modes if least[one[:2]] <= volts)
        if not modes:
            raise LocalError(
                f"A station that offers {volts:g} V at most has nothing for a vehicle: alternating current has "
                f"{ac.voltage:g} V, direct current {dc.min_voltage:g} V at least.",
                advice="Allow more by --max-voltage.",
            )
        phases = 3
        if watts < 3 * ac.voltage * ac.min_current:
            # Less than any vehicle takes on three phases may be enough for one.
            phases, modes = 1, tuple(one for one in modes if one != "AC_three_phase_core")
        per_phase = min(ac.max_current, amperes, watts / (phases * ac.voltage))
        direct = min(dc.max_current, amperes)
        return replace(
            config,
            energy_modes=modes,
            ac=replace(ac, max_current=per_phase, min_current=min(ac.min_current, per_phase)),
            dc=replace(
                dc,
                max_voltage=min(dc.max_voltage, volts),
                max_current=direct,
                min_current=min(dc.min_current, direct),
                max_power=min(dc.max_power, watts),
            ),
        )
