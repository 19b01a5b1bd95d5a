"""Either side sends a value beyond the schema's facets: the other tells it, answers it, and nobody is surprised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from beyond_samples import beyond_in
from two_engines import Conversation, converse

from pncsim.ev.config import AC_MODES, DC_MODES
from pncsim.wire.gate import STRICT, Tolerance
from pncsim.wire.trace import Problem, Tolerated, V2gMessage
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import codec

FACETS = {Tolerance.EXI_LENGTH, Tolerance.EXI_RANGE, Tolerance.EXI_ENUMERATION}
MODES = {"AC": ("AC_three_phase_core", AC_MODES), "DC": ("DC_extended", DC_MODES)}
CHANGES = {"vehicle": "wishes", "station": "changes"}


class Once:
    """Changes the first message ``name`` in its ``number``-th way, keeping in ``path`` what was changed."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self.number, self.path = name, number, ""

    def __call__(self, name: str, message: Any) -> Any:
        if self.path or name != self.name or not isinstance(message, iso2.V2G_Message):
            return message
        self.path, changed = list(beyond_in(codec("iso2").schema, message))[self.number]
        return changed


def charge(mode: str, **given: dict[str, Any]) -> Conversation:
    offered, wanted = MODES[mode]
    return converse(
        wishes={"energy_modes": wanted, **given.get("wishes", {})},
        changes={"energy_modes": (offered,), **given.get("changes", {})},
    )


def ways(mode: str, side: str) -> list[tuple[str, int]]:
    """(message, number) of every way in which ``side`` could go beyond, the first message of each name counting."""
    role = {"vehicle": "EV", "station": "SECC"}[side]
    first: dict[str, Any] = {}
    for event in charge(mode).of(V2gMessage, role):
        if event.direction == "sent" and isinstance(event.value, iso2.V2G_Message):
            first.setdefault(event.name, event.value)
    return [
        (name, number)
        for name, message in first.items()
        for number, _ in enumerate(beyond_in(codec("iso2").schema, message))
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("side", CHANGES)
def test_every_value_beyond_its_facets_is_told_by_the_other_side_which_goes_on_or_refuses_in_order(
    mode: str, side: str
) -> None:
    other = {"vehicle": "SECC", "station": "EV"}[side]
    tried = ways(mode, side)
    assert len(tried) > 30
    for name, number in tried:
        change = Once(name, number)
        talk = charge(mode, **{CHANGES[side]: {"alter": change}})
        assert set(talk.ends) == {"EV", "SECC"}, (name, change.path)
        told = {event.code for event in talk.of(Tolerated, other)}
        assert told & FACETS, (name, change.path)
        assert not [event for event in talk.of(Problem) if event.kind in ("defect", "configuration")], change.path


def first(side: str, wanted: str) -> Callable[[str, Any], Any]:
    """The change of ``side`` whose path ends in ``wanted``."""
    for name, number in ways("AC", side):
        change = Once(name, number)
        charge("AC", **{CHANGES[side]: {"alter": change}})
        if wanted in change.path:
            return Once(name, number)
    raise AssertionError(wanted)


def test_a_station_answers_a_vehicle_beyond_the_facets_and_a_strict_one_refuses_it() -> None:
    lenient = charge("AC", wishes={"alter": first("vehicle", "EVCCID=")})
    assert lenient.ev.outcome.ok
    strict = charge("AC", wishes={"alter": first("vehicle", "EVCCID=")}, changes={"refuses": STRICT})
    assert strict.ev.outcome.response_codes[-1] == ("SessionSetupRes", "FAILED")
    assert [event.kind for event in strict.of(Problem, "SECC")] == ["malformed"]


def test_a_vehicle_goes_on_with_a_station_beyond_the_facets_and_a_strict_one_leaves() -> None:
    lenient = charge("AC", changes={"alter": first("station", "EVSEID=")})
    assert lenient.ev.outcome.ok
    strict = charge("AC", changes={"alter": first("station", "EVSEID=")}, wishes={"refuses": STRICT})
    assert strict.ev.outcome.error is not None and strict.ev.outcome.error.kind == "malformed"


def test_a_response_code_nobody_lists_is_no_consent() -> None:
    talk = charge("AC", changes={"alter": first("station", "ResponseCode=")})
    assert talk.ev.outcome.error is not None and talk.ev.outcome.error.kind == "unexpected answer"
