"""Who takes part, and how they stand: the last state, the last word, what went wrong, the power that flows."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from pncsim.wire.trace import (
    Event,
    OcppFrame,
    PilotChanged,
    Power,
    Problem,
    Secured,
    ServiceCall,
    StateEntered,
    Story,
    Tolerated,
    V2gMessage,
)

ORDER = ("EV", "SECC", "CS", "CSMS", "RCP", "PCP", "CCP", "CPS", "MO", "OEM", "PKI", "LAB")
MOST = 500
"""Actors that are told apart."""
SESSIONS = 100
"""Sessions of an actor that are remembered, the latest."""


class Actor(Struct):
    """One instance. ``messages``: V2G messages, frames and calls of it; ``at``: when it was last heard of.

    ``session``: the one it is in, or was last; ``sessions``: all of them. ``tls``: version, or how it failed;
    ``pilot``: state of the control pilot.
    """

    role: str
    unit: str
    state: str = ""
    said: str = ""
    session: str = ""
    sessions: list[str] = field(default_factory=list)
    at: float = 0.0
    messages: int = 0
    problems: int = 0
    liberties: int = 0
    tls: str = ""
    pilot: str = ""
    watts: float = 0.0
    energy_wh: float = 0.0
    soc: float | None = None

    @property
    def mark(self) -> str:
        """One sign for how it is, which says the same without colour."""
        return "x" if self.problems else "!" if self.liberties else "o"


class Actors:
    """All that have spoken, in the order of the chain from vehicle to PKI."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, str], Actor] = {}

    def __iter__(self) -> Iterator[Actor]:
        return iter(sorted(self._all.values(), key=lambda one: (_place(one.role), one.unit)))

    def __len__(self) -> int:
        return len(self._all)

    def of(self, role: str) -> list[Actor]:
        """Those of a role."""
        return [one for one in self if one.role == role]

    def see(self, event: Event) -> None:
        """Learn from an event how its unit stands."""
        key = event.role, event.unit or event.role
        actor = self._all.get(key)
        if actor is None:
            if len(self._all) >= MOST:
                return
            actor = self._all[key] = Actor(*key)
        actor.at = event.time
        if event.session and event.session != actor.session:
            actor.session = event.session
            if event.session not in actor.sessions:
                actor.sessions.append(event.session)
                del actor.sessions[:-SESSIONS]
        match event:
            case V2gMessage(name=name):
                actor.messages += 1
                if event.role == "EV":
                    actor.said = name
            case StateEntered(state=state):
                actor.state = state
            case Power(watts=watts, energy_wh=energy, soc=soc):
                actor.watts, actor.energy_wh, actor.soc = watts, energy, soc
            case PilotChanged(state=state):
                actor.pilot = state
            case Secured(ok=ok, version=version):
                actor.tls = version if ok else "TLS refused"
            case OcppFrame(action=action):
                actor.messages += 1
                actor.said = action
            case ServiceCall(operation=operation, ok=ok):
                actor.messages += 1
                actor.said = operation
                actor.problems += not ok
            case Problem():
                actor.problems += 1
            case Tolerated():
                actor.liberties += 1
            case Story(text=text):
                actor.said = text


def _place(role: str) -> int:
    return ORDER.index(role) if role in ORDER else len(ORDER)
