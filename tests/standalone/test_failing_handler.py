"""A handler of ours that fails ends its session, is told, and leaves no lone side running for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from alone_lab import QUICK, charge

from pncsim.ev.iso2 import loop
from pncsim.secc.iso2 import payment
from pncsim.simulator.alone.options import StationOptions
from pncsim.wire.trace import Event, Problem
from pncsim.wire.values import replace


def fails(*_: object, **__: object) -> None:
    raise ZeroDivisionError("on purpose")


async def test_a_station_whose_handler_fails_ends_its_visit_and_tells_why(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(payment, "check_contract", fails)
    async with asyncio.timeout(60):
        station, vehicle, events = await charge(StationOptions(pki=folder), replace(QUICK, pki=folder))
    assert (station, vehicle) == (1, 1)
    told = [event for event in events if isinstance(event, Problem) and event.role == "SECC"]
    assert [(event.kind, "ZeroDivisionError" in event.text) for event in told] == [("defect", True)]
    assert "FAIL secc: A defect in the station ended the session: ZeroDivisionError" in capsys.readouterr().out


async def test_a_vehicle_whose_handler_fails_ends_its_session_and_tells_why(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "wanted_energy", fails)
    told: list[Event] = []
    async with asyncio.timeout(60):
        # The command says of it what it says of every defect, with an exit code of its own.
        with pytest.raises(ZeroDivisionError):
            await charge(StationOptions(pki=folder), replace(QUICK, pki=folder), also=told.append)
    assert [event.kind for event in told if isinstance(event, Problem) and event.role == "EV"] == ["defect"]
