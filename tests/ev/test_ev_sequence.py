"""The vehicle's table is total, reachable and about real messages; every decision of the steps is in it."""

from __future__ import annotations

import ast
import inspect

import pytest
from ev_playbook import Playbook, agreed, vehicle

from pncsim.ev.engine import EvccEngine
from pncsim.ev.iso2 import ISO2, MOVES
from pncsim.ev.negotiation import chosen
from pncsim.wire.session.initiator import End, Say
from pncsim.wire.session.sequence import CONNECTED, Row, Sequence
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2 import timing
from pncsim.wire.v2g.iso2.evcc_sequence import EVCC_SEQUENCE, response_to

MODES = {
    "PowerDeliveryReq": {f"({mode})" for mode in iso2.ChargeProgressType},
    "SessionStopReq": {f"({mode})" for mode in iso2.ChargingSessionType},
}


def test_every_response_has_rows_and_a_step() -> None:
    responses = {f"{name}Res" for name in timing.MESSAGES}
    assert {entry.state for entry in EVCC_SEQUENCE} == responses | {CONNECTED}
    assert set(MOVES) == responses


def test_every_request_exists_with_its_mode() -> None:
    for request in {request for entry in EVCC_SEQUENCE for request in entry.outcomes}:
        name, bracket, mode = request.partition("(")
        assert name.removesuffix("Req") in timing.MESSAGES
        assert (bracket + mode) in MODES.get(name, {""})


def test_every_row_is_reachable_and_every_request_is_sent_somewhere() -> None:
    reached, open_ends = {CONNECTED}, [CONNECTED]
    while open_ends:
        received = open_ends.pop()
        for entry in EVCC_SEQUENCE:
            for request in entry.outcomes if entry.state == received else ():
                if (response := response_to(request)) not in reached:
                    reached.add(response)
                    open_ends.append(response)
    assert reached == {entry.state for entry in EVCC_SEQUENCE}


def test_conditions_are_unique_and_every_row_has_a_clause() -> None:
    with pytest.raises(ValueError, match="two rows for SessionStopRes"):
        Sequence(EVCC_SEQUENCE.headings, [*EVCC_SEQUENCE, Row("SessionStopRes", "", (), "V2G2-571")])
    assert all(entry.clause for entry in EVCC_SEQUENCE)
    assert ("SessionStopRes", "goes on") not in EVCC_SEQUENCE.rows


def test_power_flows_only_between_start_and_stop() -> None:
    """SessionStop never follows a loop response directly: PowerDelivery(Stop) comes first (clause 8.4.1)."""
    for entry in EVCC_SEQUENCE:
        if entry.state in ("ChargingStatusRes", "CurrentDemandRes", "MeteringReceiptRes"):
            assert not any(request.startswith("SessionStop") for request in entry.outcomes)


def test_the_vehicle_takes_no_liberty_the_station_would_have_to_tolerate() -> None:
    """SessionStop(Terminate) comes after PowerDelivery(Stop) only; before that the vehicle hangs up."""
    stopping = {entry.state for entry in EVCC_SEQUENCE if "SessionStopReq(Terminate)" in entry.outcomes}
    assert stopping == {"PowerDeliveryRes", "WeldingDetectionRes"}


def test_pause_follows_only_a_stop() -> None:
    pausing = {entry.state for entry in EVCC_SEQUENCE if "SessionStopReq(Pause)" in entry.outcomes}
    assert pausing == {"PowerDeliveryRes", "WeldingDetectionRes"}


def test_the_steps_use_every_condition_of_the_table() -> None:
    """A condition that no step names would be a row nobody can take."""
    modules = {inspect.getmodule(step) for step in (*MOVES.values(), EvccEngine, chosen)}
    texts = {
        node.value
        for module in filter(None, modules)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {entry.event for entry in EVCC_SEQUENCE} <= texts


def test_a_decision_against_the_table_is_a_defect_not_a_message() -> None:
    answers = iter([Say("agreed", iso2.AuthorizationReq()), End("agreed", "it is over")])
    mutant = ISO2.with_move("SupportedAppProtocolRes", lambda s, res: next(answers))
    with pytest.raises(RuntimeError, match="does not lead from SupportedAppProtocolRes, agreed to AuthorizationReq"):
        Playbook(vehicle(), dialects=(mutant,)).hear(agreed())
    with pytest.raises(RuntimeError, match="does not end the session after SupportedAppProtocolRes, agreed"):
        Playbook(vehicle(), dialects=(mutant,)).hear(agreed())


def test_the_table_prints() -> None:
    lines = EVCC_SEQUENCE.printed().splitlines()
    assert len(lines) == 2 + len(EVCC_SEQUENCE)
    assert any("SessionStopRes" in line and "close" in line for line in lines)
