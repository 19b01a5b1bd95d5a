"""What services are asked before they are tested."""

from __future__ import annotations

from pncsim.simulator.conformance.case import Condition
from pncsim.simulator.conformance.pics import Declaration

DECLARATIONS = (
    Declaration(
        name="Administration",
        asks="Do they have the administrator's paths of pnc serve (clients, revocation, cleansing), or others (none)?",
        values=("pncsim", "none"),
        usual=("pncsim",),
    ),
    Declaration(
        name="Clock",
        asks="May the tester move their time (pnc serve --test-controls), or not (fixed)?",
        values=("moves", "fixed"),
        usual=("moves",),
    ),
    Declaration(
        name="RootMayGo",
        asks="May the tester remove the root of the manufacturers for a moment, with whatever is below it?",
        values=("true", "false"),
        usual=("true",),
    ),
    Declaration(
        name="Receiver",
        asks="Can they send events to the machine the tester runs on?",
        values=("true", "false"),
        usual=("true",),
    ),
)

ADMINISTERED = (Condition("Administration", "pncsim"),)
MOVED = (*ADMINISTERED, Condition("Clock", "moves"))
UPROOTED = (*ADMINISTERED, Condition("RootMayGo", "true"))
RECEIVED = (Condition("Receiver", "true"),)
