"""The first and the last moment of a run: an interrupt during the imports, a tear-down that fails half-way."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from pncsim.simulator import entry
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.result import RunResult
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.settings import RunSettings
from pncsim.wire.clock import Clock
from pncsim.wire.trace import Trace


class Interrupted(ModuleType):
    """A module during whose import somebody presses Ctrl-C."""

    def __getattr__(self, name: str) -> object:
        raise KeyboardInterrupt


def test_an_interrupt_before_the_command_is_there_ends_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pncsim.simulator.commands.main", Interrupted("pncsim.simulator.commands.main"))
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == 130


def test_the_back_end_is_closed_even_if_the_station_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> list[str]:
        lab = Lab(RunSettings(transport="memory"), Clock(), Trace(), RunResult("ends", "memory"), installed=True)
        closed: list[str] = []
        with pytest.raises(OSError, match="stuck"):
            async with lab:
                await lab.station()
                close_station, close_back = lab.site.close, lab.region.close

                async def stuck(*_: object) -> None:
                    await close_station()
                    raise OSError("stuck")

                async def noted(*_: object) -> None:
                    closed.append("back end")
                    await close_back()

                monkeypatch.setattr(type(lab.site), "close", stuck)
                monkeypatch.setattr(type(lab.region), "close", noted)
        return closed

    assert run_on_loop("memory", main) == ["back end"]
