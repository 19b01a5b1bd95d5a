"""The sessions of a lab: whose each was, and what station and CSMS know of it besides what its vehicle says."""

from __future__ import annotations

from msgspec import Struct, field

from pncsim.ev.outcome import SessionOutcome
from pncsim.secc import notices
from pncsim.secc.evse import Evse
from pncsim.secc.station.transactions import TransactionBook


class LabSession(Struct, kw_only=True):
    """One session. ``number`` counts from 1 as vehicles are plugged in; a session that is joined again keeps its own.

    ``transactions``: ids that were open at the EVSE meanwhile. ``receipts``: metering receipts the station verified.
    ``told``: it is named even if it is the first. ``station_seen``, ``csms_seen``, ``vehicle_seen``: they are ours, and
    can be asked.
    """

    number: int
    told: bool = False
    vehicle: str = ""
    outcome: SessionOutcome | None = None
    transactions: tuple[str, ...] = ()
    receipts: int = 0
    station_seen: bool = True
    csms_seen: bool = True
    vehicle_seen: bool = True

    @property
    def label(self) -> str:
        """What it is called; empty for the first one of a lab that has one vehicle at a time."""
        if self.number == 1 and not self.told:
            return ""
        return f"session {self.number}{f' ({self.vehicle})' if self.vehicle else ''}"


class LabSessions(Struct):
    """All of them, in the order in which vehicles were plugged in. ``several``: more than one at a time."""

    several: bool = False
    _all: list[LabSession] = field(default_factory=list)
    _highest: int = 0  # of their numbers

    def begin(self, vehicle: str = "") -> LabSession:
        """The session of a vehicle that is plugged in now."""
        self._highest += 1
        session = LabSession(number=self._highest, vehicle=vehicle, told=self.several)
        self._all.append(session)
        return session

    def end(self, session: LabSession, outcome: SessionOutcome) -> None:
        """How it ended; one that joined a paused session is that session."""
        session.outcome = outcome
        if outcome.resumed:
            earlier = self._all[: next(at for at, one in enumerate(self._all) if one is session)]
            session.number = next((o.number for o in reversed(earlier) if o.vehicle == session.vehicle), session.number)
            self._highest = max(one.number for one in self._all)

    def of(self, outcome: SessionOutcome) -> LabSession:
        """The session that ended so; one nobody has begun here (at somebody else's station) is taken in."""
        for session in reversed(self._all):
            if session.outcome is outcome:
                return session
        session = self.begin()
        self.end(session, outcome)
        return session


class SessionWatch:
    """Sees what an EVSE does while one vehicle is plugged in, for :meth:`tell`."""

    def __init__(self, evse: Evse, book: TransactionBook) -> None:
        self._evse, self._book, self._before = evse, book, evse.receipts
        self._open: dict[str, None] = {}
        evse.on_notice = self._note

    def tell(self, session: LabSession) -> None:
        """Write down what was seen."""
        if self._book.open is not None:
            self._open[self._book.open.id] = None
        self._evse.on_notice = None
        session.transactions, session.receipts = tuple(self._open), self._evse.receipts - self._before

    def _note(self, notice: object) -> None:
        if type(notice) is notices.SessionStarted:
            # What was open before is this session's only if it goes on: a paused one may be somebody else's.
            self._open.clear()
        elif self._book.open is not None:
            self._open[self._book.open.id] = None
