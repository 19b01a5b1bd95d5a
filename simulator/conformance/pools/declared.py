"""What services are asked before they are tested."""

from __future__ import annotations

from pncsim.simulator.conformance.case import Condition
from pncsim.simulator.conformance.pics import whether, which

DECLARATIONS = (
    which(
        "Administration",
        "Do they have the administrator's paths of pnc serve (clients, revocation, cleansing), or others (none)?",
        "pncsim",
        "none",
        ours=("pncsim",),
    ),
    which(
        "Clock",
        "May the tester move their time (pnc serve --test-controls), or not (fixed)?",
        "moves",
        "fixed",
        ours=("moves",),
    ),
    whether(
        "RootMayGo",
        "May the tester remove the root of the manufacturers for a moment, with whatever is below it?",
        ours=True,
    ),
    whether("Receiver", "Can they send events to the machine the tester runs on?", ours=True),
)

ADMINISTERED = (Condition("Administration", "pncsim"),)
MOVED = (*ADMINISTERED, Condition("Clock", "moves"))
UPROOTED = (*ADMINISTERED, Condition("RootMayGo", "true"))
RECEIVED = (Condition("Receiver", "true"),)
