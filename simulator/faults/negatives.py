"""The negative cases: a scenario that is disturbed, and has to end as the sources demand.

What a case demands is what its fault must be answered with (:attr:`simulator.faults.fault.Chosen.answer`). Run it as
``pnc run SCENARIO --fault FAULT --expect-fault``: exit code 0 if every answer was seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from pncsim.simulator.faults.table import find_fault

if TYPE_CHECKING:
    from pncsim.simulator.faults.fault import Chosen


class Negative(Struct, frozen=True, kw_only=True):
    """One case: ``fault`` as a person names it, in ``scenario`` run with ``options``.

    ``defence``: what keeps the fault from doing harm, where somebody checks something for security's sake; with it
    switched off the case fails (tests/lab/test_lab_defences.py).
    """

    fault: str
    scenario: str
    options: Mapping[str, Any] = field(default_factory=dict)
    defence: str = ""

    @property
    def name(self) -> str:
        """What it is called in reports: ``pnc-ac!wrong-challenge``."""
        said = "".join(f",{name}={value}" for name, value in self.options.items())
        return f"{self.scenario}{said}!{self.fault}"

    @property
    def chosen(self) -> Chosen:
        """Its fault, with what has to be seen."""
        return find_fault(self.fault)


def _cases(scenario: str, *faults: tuple[str, str], **options: Any) -> tuple[Negative, ...]:
    """Faults, each with the defence it tries, in one scenario."""
    return tuple(Negative(fault=fault, scenario=scenario, options=options, defence=what) for fault, what in faults)


NEGATIVES: tuple[Negative, ...] = (
    *_cases(
        "pnc-ac",
        ("wrong-challenge", "challenge"),
        ("wrong-signature", "signature"),
        ("no-signature", "signature"),
        ("wrong-emaid", "emaid"),
        ("unknown-mo-root", "contract chain"),
        ("contract-expired", "contract dates"),
        ("wrong-receipt", "receipt"),
    ),
)
"""All of them; ``pnc run --all`` runs them after the scenarios."""
