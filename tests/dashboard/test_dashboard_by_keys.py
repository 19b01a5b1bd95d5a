"""A person with nothing but the keys that stand on the screens and in their help does all there is to do."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from screens import Seen, dashboard
from second_terminal import free_port, second_terminal
from textual.binding import Binding
from textual.screen import ModalScreen
from textual.widgets import Input

from pncsim.simulator.dashboard.lab_process import LabProcess
from pncsim.simulator.dashboard.scene import Scene
from pncsim.simulator.dashboard.screens.scenarios import FaultGrid
from pncsim.simulator.result import Verdict
from pncsim.wire.trace import V2gMessage

IN_A_FIELD = {"tab", "enter", "escape"}
"""What a form says at its lower edge, and what ends typing."""


class Person:
    """Presses what is shown and nothing else, and looks at the screen until something has come true."""

    def __init__(self, seen: Seen, lab: LabProcess) -> None:
        self._seen, self._lab = seen, lab

    async def press(self, *keys: str) -> str:
        """The screen, after keys that are shown."""
        for key, again in groupby(keys):
            assert key in self._shown(), f"{key} stands neither on the screen nor in its help"
            await self._seen.press(*again)
        return self._seen.text

    async def type(self, text: str) -> None:
        """Type into the field one is in."""
        assert isinstance(self._seen.app.focused, Input)
        await self._seen.type(text)

    async def until(self, wanted: Callable[[Scene], object]) -> str:
        """The screen once that is so; the test's own limit ends a look in vain."""
        while not wanted(self._seen.app.scene):
            await asyncio.to_thread(self._lab.wait)
            await self._seen.tick()
        return self._seen.text

    async def see(self, text: str) -> str:
        """The screen once that stands on it."""
        return await self.until(lambda scene: text in self._seen.text)

    async def runs(self) -> str:
        """Run what is chosen to its end, and see how it went."""
        before = self._seen.app.scene.result
        await self.press("f5")
        await self.until(lambda scene: scene.result is not None and scene.result is not before)
        return await self.press("1")

    def _shown(self) -> set[str]:
        """The keys that the help of the screen tells, or the form that lies upon it."""
        app, view = self._seen.app, self._seen.app.view
        if isinstance(app.screen, ModalScreen):
            return IN_A_FIELD
        assert view is not None
        told: list[tuple[str, Binding]] = []
        for owner in (view, view.focused, app):
            if owner is not None:
                told += [(key, one) for key, all in owner._bindings.key_to_bindings.items() for one in all]
        in_a_field = IN_A_FIELD if isinstance(view.focused, Input) else set()
        return {key for key, one in told if one.description} | in_a_field


def scenario_in(folder: Path) -> str:
    """What was run, by the only packed evidence of a folder."""
    [packed] = folder.glob("*.zip")
    with zipfile.ZipFile(packed) as file:
        [manifest] = [name for name in file.namelist() if name.endswith("/manifest.json")]
        return str(json.loads(file.read(manifest))["scenario"])


async def test_a_person_runs_breaks_plays_by_hand_and_hands_over_the_evidence_by_shown_keys_alone(
    tmp_path: Path,
) -> None:
    lab = LabProcess()
    async with dashboard(lab, (120, 40), evidence=tmp_path) as seen:
        person, app = Person(seen, lab), seen.app

        # The main job: a contract is installed, and pays.
        await person.press("4", "slash")
        await person.type("install-contract")
        await person.press("enter", "down")
        assert "+ PASS" in await person.runs()

        # What was installed, and who signed it.
        await person.press("slash")
        await person.type("certificateinstallationres")
        await person.press("enter", "end", "enter")
        assert "+ #id1  ContractSignatureCertChain" in await person.press("s")
        assert "CPS" in await person.press("tab", "tab", "end"), "and who has signed it"

        # A fault is switched on; the check that caught it says why.
        await person.press("4", "f")
        faults = app.screen.query_one(FaultGrid)
        at = [row.fault.name for row in faults.rows].index("provisioning-revoked")
        assert "faults on: provisioning-revoked" in await person.press(*["down"] * at, "space")
        failed = await person.runs()
        assert "x FAIL" in failed
        why = await person.press("escape", "home", "n", "enter")
        assert "revoked" in why.lower()
        await person.press("4", "f", "space")

        # By hand, against a vehicle in a second terminal.
        port = free_port()
        await person.press("5", "O", *["tab"] * 5)
        await person.type("vehicle")
        await person.press("tab", "tab")
        await person.type(port)
        await person.press("enter", "f5")
        await person.see("Plug in, please.")
        await person.press("s")
        await person.see("is concluded for the vehicle")
        with second_terminal("ev", "--sdp-port", port, "--no-tls", "--eim", "--kwh", "50", "--no-evidence") as vehicle:
            await person.see("Show your card, please.")
            await person.press("h")
            await person.see("CHARGING")
            await person.press("b")
            said, _ = vehicle.communicate()
            assert "the station asked to stop" in said
        await person.see("Plug in, please.")
        await person.press("f8")
        await person.until(lambda scene: scene.result is not None)
        assert "+ PASS" in await person.press("1")

        # The evidence of it is handed over.
        await person.press("e")
        await app.workers.wait_for_complete()
        await seen.tick()
        assert "holds the evidence" in seen.last
        assert scenario_in(tmp_path) == "by-hand"


async def test_ctrl_c_lets_the_vehicle_stop_its_session_in_order_and_leaves_with_the_evidence_whole(
    tmp_path: Path,
) -> None:
    lab = LabProcess()
    async with dashboard(lab, (80, 24), evidence=tmp_path) as seen:
        person = Person(seen, lab)
        await person.press("5", "f5")
        await person.see("Plug in, please.")
        await person.press("p")
        await person.see("CHARGING")
        await person.press("ctrl+c")
        await person.until(lambda scene: scene.result is not None)
        result = seen.app.scene.result
        assert result is not None and result.verdict is Verdict.PASS and seen.app.return_code == 0
        store = seen.app.scene.store
        events = [store.event(place) for place in range(len(store))]
        names = [event.name for event in events if isinstance(event, V2gMessage)]
        assert names[-2:] == ["SessionStopRes", "SessionStopRes"] and result.evidence is not None
