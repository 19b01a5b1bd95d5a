"""ChargeParameterDiscovery: with and without what a vehicle may say and a station may offer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pncsim.simulator.conformance.secc.looks import has_tariff, offers_the_choice_of_before, within
from pncsim.simulator.conformance.secc.step import AtStep, CaseStep, Setting
from pncsim.simulator.conformance.secc.stimuli import foreign_session, good, out_of_turn, silence, wrong
from pncsim.simulator.conformance.secc.table import AC, DC, RENEGOTIATED, RESUMED, WOKEN, Area, declared, table
from pncsim.simulator.faults.changes import body, on
from pncsim.wire.errors import PeerError
from pncsim.wire.session.outputs import Alter
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

AT = "ChargeParameterDiscoveryReq"
MOST, DEPARTURE = 4, 14_400
"""Entries a vehicle takes in a schedule, and seconds until it leaves, where it says so."""

ALLOWED = {
    "m": Setting(when=declared("MaxEntriesSAScheduleTuple", "true")),
    "d": Setting(when=declared("DepartureTime", "true")),
    "t": Setting(tariffs=True, station={"smart_charging": True}, when=declared("SalesTariff", "salesTariff")),
    "r": RENEGOTIATED,
    "p": RESUMED,
    "s": WOKEN,
}
WORDS = {
    "m": "MaxEntriesSAScheduleTuple",
    "d": "DepartureTime",
    "t": "a SalesTariff is offered",
    "r": "after a renegotiation",
    "p": "after a pause that the vehicle has ended",
    "s": "after a pause that the station has ended",
}
"""What the letters below stand for: an element of the request, an offer, or what was before."""

_ANYWHERE = {
    "": {6: "d", 8: "t", 10: "dt", 12: "m", 13: "mt", 15: "mdt", 16: "md"},
    "r": {9: "t", 23: "d", 24: "dt", 25: "m", 26: "mt", 27: "mdt", 28: "md"},
    "p": {7: "", 11: "t", 17: "d", 18: "dt", 19: "m", 21: "mdt", 22: "md"},
    "s": {29: "", 30: "t", 31: "d", 32: "dt", 33: "m", 34: "mt", 35: "mdt", 36: "md"},
}
_SAME = {number: letters + before for before, rows in _ANYWHERE.items() for number, letters in rows.items()}
GOOD: dict[Area, dict[int, str]] = {"AC": {1: "", 2: "r", **_SAME}, "DC": {1: "", 5: "r", 20: "mtp", **_SAME}}
"""The number of each good case, and what there is in it."""

THINKING = 5.0
"""Seconds a station of ours takes to find a schedule, where that is to take long."""


def _said(letters: str) -> Callable[[Any], Any]:
    """The request with what the letters say, and without what they do not."""

    def change(request: iso2.ChargeParameterDiscoveryReq) -> iso2.ChargeParameterDiscoveryReq:
        limits = replace(request.EVChargeParameter, DepartureTime=DEPARTURE if "d" in letters else None)
        most = MOST if "m" in letters else None
        return replace(request, EVChargeParameter=limits, MaxEntriesSAScheduleTuple=most)

    return body(change)


def _good(letters: str) -> CaseStep:
    says = ", ".join(WORDS[letter] for letter in letters) or "nothing that may be left out"
    also = [
        *([within(MOST)] if "m" in letters else []),
        *([has_tariff] if "t" in letters and not {"p", "s"} & set(letters) else []),
        *([offers_the_choice_of_before] if {"p", "s"} & set(letters) else []),
    ]
    settings = [ALLOWED[letter] for letter in letters]
    return good(AT, *settings, says=says, also=tuple(also), nth=2 if "r" in letters else 1, change=_said(letters))


def _another_mode(session: Any) -> Alter:
    """An energy transfer mode that this station has not offered, of the kind that is charged with."""
    offered = session.discovery.ChargeService.SupportedEnergyTransferMode.EnergyTransferMode
    mode = next((one for one in iso2.EnergyTransferModeType if one not in offered), None)
    if mode is None:
        raise PeerError("The station offers every energy transfer mode there is.", kind="energy mode")
    return on(AT, body(lambda request: replace(request, RequestedEnergyTransferMode=mode)))


_SOME_MODES = Setting(when=declared("OffersEveryMode", "false"))
_BACKWARDS = iso2.PhysicalValueType(Multiplier=0, Unit=iso2.UnitSymbolType.A, Value=-100)


def _backwards(field: str) -> Callable[[Any], Any]:
    def change(request: iso2.ChargeParameterDiscoveryReq) -> iso2.ChargeParameterDiscoveryReq:
        return replace(request, EVChargeParameter=replace(request.EVChargeParameter, **{field: _BACKWARDS}))

    return body(change)


def _cases(area: Area, mode: int, current: int, session: int, field: str, setting: Setting) -> Iterator[Any]:
    """All of one kind of current; ``mode``, ``current`` and ``session`` are the numbers of the wrong ones."""
    slow = Setting(station={"schedule_seconds": THINKING}, when=declared("ChargeParameterDiscoveryOngoing", "ongoing"))
    rows = {number: _good(letters) for number, letters in GOOD[area].items()} | {
        session: foreign_session(AT),
        mode: wrong(
            AT, f"{AT} with a mode not offered", AtStep(_another_mode), "FAILED_WrongEnergyTransferMode", _SOME_MODES
        ),
        current: wrong(AT, f"{AT} with -100 A at most", _backwards(field), "FAILED_WrongChargeParameter"),
        14: good(AT, slow, says="while the station plans", ongoing=True),
    }
    yield from table(area, "ChargeParameterDiscovery", dict(sorted(rows.items())), setting)


CASES = (
    *_cases("AC", 4, 5, 3, "EVMaxCurrent", AC),
    *_cases("DC", 3, 4, 2, "EVMaximumCurrentLimit", DC),
    *table("CMN", "ChargeParameterDiscovery", {1: out_of_turn(AT), 2: silence(AT)}, DC),
)
