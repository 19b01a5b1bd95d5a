"""Performance times: nobody is cut off for missing one, and a missed one is told, one's own as well as the peer's."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from two_engines import converse

from pncsim.secc.config import AcSupply, DcSupply
from pncsim.secc.iso2 import ISO2 as SECC_ISO2
from pncsim.wire.gate import STRICT
from pncsim.wire.session.responder import Until
from pncsim.wire.trace import Judged, Tolerated
from pncsim.wire.v2g.iso2 import timing

ROOT = Path(__file__).parents[2]
AC = (
    "SessionSetup", "ServiceDiscovery", "PaymentServiceSelection", "PaymentDetails", "Authorization",
    "ChargeParameterDiscovery", "PowerDelivery", "ChargingStatus", "MeteringReceipt", "SessionStop",
)  # fmt: skip
DC = {"energy_modes": ("DC_extended",)}


def holding(name: str, seconds: float) -> Any:
    """A station that holds every answer to ``name`` back for so long."""
    known = SECC_ISO2.moves[f"{name}Req"]

    def held(s: Any, request: Any) -> Any:
        yield Until(s.talk.now + seconds)
        answer = known(s, request)
        return answer if not hasattr(answer, "send") else (yield from answer)

    return SECC_ISO2.with_move(f"{name}Req", held)


@pytest.mark.parametrize("name", AC)
def test_a_station_says_of_itself_that_it_answered_late(name: str) -> None:
    times = timing.MESSAGES[name]
    slow = (times.performance + times.timeout) / 2
    talk = converse(secc=(holding(name, slow),), changes={"ac": AcSupply(contactor_seconds=0.0)})
    assert talk.ev.outcome.ok, talk.ev.outcome.error
    (own, *_) = [event for event in talk.of(Judged, "SECC") if event.what == f"{name}Res in time"]
    assert (own.ok, own.clause) == (False, "Table 109")
    assert own.reason == f"it took the station {slow:.1f} s; it should take {times.performance:g} s at most"
    peers = [event for event in talk.of(Tolerated, "EV") if f"for {name}Res; it should take" in event.what]
    assert peers and {event.clause for event in peers} == {"Table 109"}


def test_a_station_in_time_says_nothing_of_it() -> None:
    talk = converse(secc=(holding("PowerDelivery", 4.3),), changes={"ac": AcSupply(contactor_seconds=0.0)})
    assert talk.ev.outcome.ok
    assert not [event for event in talk.of(Judged) if "in time" in event.what]
    assert not [event for event in talk.of(Tolerated) if "should take" in event.what]


def test_a_strict_vehicle_notes_slowness_too_and_ends_nothing_for_it() -> None:
    talk = converse(slow={"ServiceDiscoveryRes": 1.8}, wishes={"refuses": STRICT})
    assert talk.ev.outcome.ok, talk.ev.outcome.error
    (told,) = talk.of(Tolerated, "EV")
    assert told.what == "The station took 1.81 s for ServiceDiscoveryRes; it should take 1.5 s at most."


def test_a_vehicle_that_asks_on_late_is_told_by_both_sides() -> None:
    talk = converse(slow={"SessionSetupReq": 0.01}, wishes={"poll_interval": 45.0}, changes={"schedule_seconds": 30.0})
    (peer,) = [event for event in talk.of(Tolerated, "SECC") if "for its next request" in event.what]
    assert peer.clause == "V2G2-485"
    (own,) = [event for event in talk.of(Judged, "EV") if event.what == "ChargeParameterDiscoveryReq in time"]
    assert (own.ok, own.clause) == (False, "V2G2-485")
    assert own.reason == "it took the vehicle 45.0 s; it should take 40 s at most"


@pytest.mark.parametrize(
    ("changes", "phase", "limit", "clause"),
    [
        ({"schedule_seconds": 57.0, "ongoing_seconds": 59.0}, "charge parameters", 55, "V2G2-711"),
        ({"dc": DcSupply(isolation_seconds=39.0)}, "cable check", 38, "Table 111"),
        ({"dc": DcSupply(volts_per_second=62.0)}, "pre-charge", 5, "V2G2-704"),
    ],
)
def test_a_phase_that_takes_longer_than_the_stations_share_is_noted(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], phase: str, limit: float, clause: str
) -> None:
    """The station's share of a phase is less than what the vehicle waits for."""
    monkeypatch.setattr("pncsim.secc.iso2.charging_dc.SECC_CABLE_CHECK", 50.0)
    wishes: dict[str, Any] = DC if "dc" in changes else {}
    station = {**changes, **({"energy_modes": ("DC_extended",)} if "dc" in changes else {})}
    talk = converse(wishes=wishes, changes=station)
    assert talk.ev.outcome.ok, talk.ev.outcome.error
    (told,) = [event for event in talk.of(Tolerated, "EV") if f"for the {phase};" in event.what]
    assert told.clause == clause and told.what.endswith(f"it should take {limit} s at most.")
    own = [event for event in talk.of(Judged, "SECC") if event.what == "pre-charge in time"]
    assert [event.ok for event in own] == ([False] if phase == "pre-charge" else [])


def test_every_row_of_the_table_has_a_reader() -> None:
    """A time nobody obeys or observes would be decoration: each name made from a row is read by code outside it."""
    rows = {
        node.targets[0].id
        for node in ast.parse(Path(timing.__file__).read_text()).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper()
    } - {"TIMERS", "MESSAGES", "TIMES"}
    named = {
        key.value
        for node in ast.walk(ast.parse(Path(timing.__file__).read_text()))
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "TIMERS"
        for key in [node.slice]
        if isinstance(key, ast.Constant)
    }
    assert named == set(timing.TIMERS), "every row has a name in the module or a place in TIMES"
    read: set[str] = set()
    fields = {"sequence_timeout", "sequence_performance", "vehicle_setup", "station_setup", "messages"}
    unread = set(fields)
    for room in ("wire", "ev", "secc"):
        for path in (ROOT / room).rglob("*.py"):
            if path == Path(timing.__file__).resolve() or path.name == "timing.py":
                continue
            tree = ast.parse(path.read_text())
            read |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            read |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            unread -= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert rows <= read, rows - read
    assert not unread
