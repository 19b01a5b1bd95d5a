"""A station that a person plays in the dashboard, by the keys on the screen, for a vehicle at an interface.

    python tests/interop/played_by_hand.py INTERFACE EVIDENCE_DIR

Ends with exit code 0 once a vehicle has been let in by card, has charged and has left.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "dashboard"))

from screens import dashboard
from test_dashboard_by_keys import Person

from pncsim.simulator.dashboard.lab_process import LabProcess


async def play(interface: str, evidence: Path) -> int:
    """Open, wait for the vehicle, hold a card, and close; 1 if the run does not end well."""
    lab = LabProcess()
    async with dashboard(lab, (120, 40), evidence=evidence) as seen:
        person = Person(seen, lab)
        await person.press("5", "O", *["tab"] * 5)
        await person.type("vehicle")
        await person.press("tab")
        await person.type(interface)
        await person.press("enter", "f5")
        for sees, then in (("Plug in, please.", ""), ("Show your card, please.", "h"), ("CHARGING", "")):
            await person.see(sees)
            print(sees, flush=True)
            if then:
                await person.press(then)
        await person.see("Plug in, please.")
        await person.press("f8")
        await person.until(lambda scene: scene.result is not None)
        told = await person.press("1")
        print(told, flush=True)
        return 0 if "+ PASS" in told else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(asyncio.run(play(sys.argv[1], Path(sys.argv[2]))))
