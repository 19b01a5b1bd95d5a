"""What the suite for stations can be told besides what every suite can."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from msgspec import Struct

from pncsim.ev.config import AcLimits, DcLimits
from pncsim.simulator.parameters import AtTarget, Bounds, Flag, Shown
from pncsim.simulator.plan import SDP_PORT, OtherSide, port
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace


class StationUnderTest(Struct, frozen=True, kw_only=True):
    """``pki``: with whose certificates the tester comes; the station has to trust its roots.

    ``max_voltage``, ``max_current``, ``max_power``: what the tester says it can take at most (V, A per phase or of the
    direct current, W); it never asks for more, and cases that would have to are left out. ``patience``: as
    :class:`ev.config.VehicleConfig`; a station that is slow is brought to the step all the same, and its answers count
    as in time.
    """

    pki: Annotated[Path | None, "PKI folder of the tester, whose roots the station trusts", Shown("DIR")] = None
    max_voltage: Annotated[float | None, "volts the tester asks for at most", Shown("V")] = None
    max_current: Annotated[float | None, "amperes the tester asks for at most", Shown("A")] = None
    max_power: Annotated[float | None, "watts the tester asks for at most", Shown("W")] = None
    cp_command: Annotated[
        str | None, "moves a real control pilot: run with A, B, C, D or wake behind it", Shown("COMMAND"), AtTarget()
    ] = None
    patience: Annotated[
        float,
        "wait so many times as long for answers as the standard says, on the way to the step",
        Bounds(1.0, 100.0),
        AtTarget(),
    ] = 1.0
    manual: Annotated[
        bool, "ask a person to plug the vehicle in anew before each case", Flag("--manual"), AtTarget()
    ] = False

    @property
    def bounded(self) -> bool:
        """Whether there is anything the tester must not ask for."""
        return any(limit is not None for limit in (self.max_voltage, self.max_current, self.max_power))

    def limits(self, ac: AcLimits, dc: DcLimits) -> dict[str, Any]:
        """What a tester that is usually like that may ask for, as fields of its configuration. Raises LocalError."""
        volts, amperes, watts = (_given(limit) for limit in (self.max_voltage, self.max_current, self.max_power))
        per_phase = min(ac.max_current, amperes, watts / (ac.phases * 230.0))
        if per_phase < ac.min_current:
            ac = replace(ac, min_current=per_phase)
        return {
            "ac": replace(ac, max_current=per_phase, max_voltage=min(ac.max_voltage, volts)),
            "dc": replace(
                dc,
                max_current=min(dc.max_current, amperes),
                max_voltage=min(dc.max_voltage, volts),
                max_power=min(dc.max_power, watts),
            ),
        }

    @staticmethod
    def link(target: str) -> OtherSide:
        """Where a target is: ``eth0``, an interface of this machine; ``loopback`` or ``loopback:PORT`` (of its SDP).

        Raises LocalError for a port that is none.
        """
        name, _, number = target.partition(":")
        if name != "loopback":
            return OtherSide(interface=target)
        try:
            return OtherSide(sdp_port=port(number) if number else SDP_PORT)
        except ValueError as error:
            raise LocalError(f"There is no target {target!r}: {error}.") from None


def _given(limit: float | None) -> float:
    return float("inf") if limit is None else limit
