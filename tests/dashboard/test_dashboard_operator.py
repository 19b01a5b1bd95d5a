"""The operator's screen: what OCPP frames say of stations, transactions, the device model, and every call."""

from __future__ import annotations

import json
from typing import Any

import pytest
from accepted_screens import Accepted
from screens import SIZES, dashboard
from seen_runs import PlayedBack, events_of, recorded, reports_of

from pncsim.simulator.dashboard.form import records
from pncsim.simulator.dashboard.operations import Operations, status_of
from pncsim.simulator.dashboard.reports import DoInLab
from pncsim.simulator.dashboard.store import EventStore
from pncsim.wire.trace import Event, OcppFrame
from pncsim.wire.voice import Voice


def operations_of(events: list[Event] | tuple[Event, ...]) -> Operations:
    store = EventStore()
    store.take(records(events))
    operations = Operations(store)
    while operations.behind:
        operations.look(0.0)
    return operations


def spoken(*frames: tuple[str, list[Any]]) -> list[Event]:
    """Frames of station CS001 as its CSMS sees them: ("up", [2, ...])."""
    held: list[Event] = []
    voice = Voice("CSMS", "CSMS", lambda: float(len(held)), held.append)
    for way, frame in frames:
        action = next((one[2] for _, one in frames if one[0] == 2 and one[1] == frame[1]), "")
        voice.frame("received" if way == "up" else "sent", "CS001", action, json.dumps(frame))
    return held


@pytest.mark.parametrize("scenario", ["pnc-ac", "two-at-once"])
def test_every_call_is_told_once_with_its_answer(scenario: str) -> None:
    """Held against the frames as the CSMS alone saw them."""
    events, _, _ = events_of(scenario)
    frames = [json.loads(one.frame) for one in events if isinstance(one, OcppFrame) and one.role == "CSMS"]
    operations = operations_of(events)
    assert len(operations.calls) == sum(frame[0] == 2 for frame in frames) > 10
    assert all(one.answer > one.place and one.took is not None for one in operations.calls)
    answers = {frame[1]: frame[2] for frame in frames if frame[0] == 3}
    for one in operations.calls:
        event = operations.store.event(one.place)
        assert isinstance(event, OcppFrame)
        told = json.loads(event.frame)
        assert (told[2], told[1] in answers) == (one.name, True)
        assert one.said == status_of(answers[told[1]])


def test_a_transaction_has_its_token_its_energy_and_its_end() -> None:
    events, _, _ = events_of("two-at-once")
    operations = operations_of(events)
    told = [json.loads(one.frame) for one in events if isinstance(one, OcppFrame) and one.role == "CSMS"]
    ended = [one[3] for one in told if one[0] == 2 and one[2] == "TransactionEvent" and one[3]["eventType"] == "Ended"]
    assert {one.id for one in operations.transactions.values()} == {
        one["transactionInfo"]["transactionId"] for one in ended
    }
    for one in operations.transactions.values():
        assert one.token.startswith("DEPNCC") and one.ended is not None and one.reason == "StoppedByEV"
        assert one.wh == pytest.approx(1000, abs=1)
    assert {(one.station, one.evse) for one in operations.transactions.values()} == {("CS001", 1), ("CS001", 2)}
    [station] = operations.stations.values()
    assert station.registration == "Accepted" and "Simulated AC/DC" in station.plate and station.csms == "CSMS"
    assert {key: one.status for key, one in station.outlets.items()} == {(1, 1): "Available", (2, 1): "Available"}


def test_the_device_model_is_what_was_reported_read_and_set() -> None:
    security = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "SecurityProfile"}}
    interval = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
    outlet = {"component": {"name": "Connector", "evse": {"id": 2, "connectorId": 1}}}
    available = outlet | {"variable": {"name": "AvailabilityState"}}
    operations = operations_of(
        spoken(
            ("up", [2, "a", "NotifyReport", {"reportData": [security | {"variableAttribute": [{"value": "1"}]}]}]),
            ("down", [3, "a", {}]),
            ("down", [2, "b", "GetVariables", {"getVariableData": [security]}]),
            (
                "up",
                [
                    3,
                    "b",
                    {
                        "getVariableResult": [
                            security | {"attributeStatus": "Accepted", "attributeValue": "2"},
                            interval | {"attributeStatus": "UnknownVariable"},
                        ]
                    },
                ],
            ),
            ("down", [2, "c", "SetVariables", {"setVariableData": [interval | {"attributeValue": "60"}]}]),
            ("up", [3, "c", {"setVariableResult": [interval | {"attributeStatus": "Accepted"}]}]),
            ("down", [2, "d", "SetVariables", {"setVariableData": [security | {"attributeValue": "9"}]}]),
            ("up", [3, "d", {"setVariableResult": [security | {"attributeStatus": "Rejected"}]}]),
            ("up", [2, "e", "NotifyEvent", {"eventData": [available | {"actualValue": "Occupied"}]}]),
        )
    )
    [station] = operations.stations.values()
    assert {(one.component, one.variable): (one.value, one.source) for one in station.variables.values()} == {
        ("SecurityCtrlr", "SecurityProfile"): ("2", "read"),
        ("OCPPCommCtrlr", "HeartbeatInterval"): ("60", "set"),
        ("Connector 2.1", "AvailabilityState"): ("Occupied", "reported"),
    }
    assert station.outlets[2, 1].status == "Occupied"
    assert [(one.name, one.up, one.said, one.bad) for one in operations.calls] == [
        ("NotifyReport", True, "", False),
        ("GetVariables", False, "Accepted, UnknownVariable", False),
        ("SetVariables", False, "Accepted", False),
        ("SetVariables", False, "Rejected", True),
        ("NotifyEvent", True, "", False),
    ]
    assert operations.calls[-1].answer == -1, "nobody has answered it yet"


def test_a_refusal_is_told_as_one() -> None:
    calls = operations_of(
        spoken(("down", [2, "a", "Reset", {}]), ("up", [4, "a", "NotImplemented", "no such thing", {}]))
    ).calls
    assert [(one.said, one.bad) for one in calls] == [("NotImplemented no such thing", True)]


@pytest.mark.parametrize("odd", [None, 1, "x", [], [1], {}, {"a": 1}, {"id": "x"}, [{"name": []}], 10**40])
def test_whatever_a_peer_sends_is_no_trouble(odd: Any) -> None:
    names = [
        "evseId",
        "connectorId",
        "connectorStatus",
        "eventData",
        "reportData",
        "transactionInfo",
        "evse",
        "idToken",
        "meterValue",
    ]
    whole = {"transactionInfo": {"transactionId": "t", "chargingState": odd}, "evse": {"id": odd}, "idToken": odd}
    sampled = {"value": odd, "unitOfMeasure": {"unit": odd, "multiplier": odd}}
    energy = {"meterValue": [{"sampledValue": [sampled, {"value": 1, "unitOfMeasure": {"multiplier": odd}}]}]}
    actions = ["BootNotification", "StatusNotification", "NotifyEvent", "NotifyReport", "TransactionEvent"]
    frames: list[tuple[str, list[Any]]] = []
    for number, action in enumerate(actions):
        for shape, payload in enumerate((odd, dict.fromkeys(names, odd), whole | energy, {"chargingStation": odd})):
            frames += [("up", [2, f"{number}.{shape}", action, payload]), ("down", [3, f"{number}.{shape}", odd])]
    frames += [("down", [2, "g", "GetVariables", odd]), ("up", [3, "g", {"getVariableResult": odd}])]
    frames += [("down", [2, "s", "SetVariables", {"setVariableData": odd}]), ("up", [3, "s", odd])]
    assert len(operations_of(spoken(*frames)).calls) == len(frames) // 2


# The screen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_operator_screen_looks_as_it_was_accepted(size: tuple[int, int], accepted: Accepted) -> None:
    async with dashboard(PlayedBack(*recorded("charged")), size) as seen:
        await seen.press("7")
        accepted(f"operator-{size[0]}x{size[1]}", seen.text)


async def test_before_any_station_has_spoken_the_screen_says_what_to_do(accepted: Accepted) -> None:
    async with dashboard(PlayedBack(), (80, 24)) as seen:
        await seen.press("7", "d")
        accepted("operator-nothing-80x24", seen.text)


async def test_one_station_is_shown_alone_a_call_opened_and_the_device_model_asked_for() -> None:
    source = PlayedBack(*reports_of("station-secured"))
    async with dashboard(source) as seen:
        await seen.press("7")
        assert "CS002" in seen.text and "Calls: 9" in seen.text
        await seen.press("o")
        assert seen.last == "Only CS001." and "CS002" not in seen.text and "Calls of CS001: 5" in seen.text
        await seen.press("d")
        assert "BasicAuthPassword" in seen.text and "***" in seen.text
        await seen.press("r")
        assert source.asked == [DoInLab("report-variables", {"station": "CS001"}, id=1)]
        await seen.press("d", "up", "enter")
        assert seen.app.current_mode == "message" and "GetVariables" in seen.text
