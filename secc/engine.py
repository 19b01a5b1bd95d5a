"""The charging station's side of one session: bytes, answers and the time in; frames and observations out.

This is what a station adds in every dialect: it notices vehicles, has wishes of its own, and switches power off at the
end. The sequence, the timers and the SessionID are kept by :class:`wire.session.responder.Responder`; what a request
means is a move of the dialect that was agreed on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pncsim.secc import notices
from pncsim.secc.config import PowerSchedule, SeccConfig
from pncsim.secc.iso2 import ISO2
from pncsim.secc.negotiation import agree
from pncsim.secc.power import EvsePower
from pncsim.secc.session import Wishes
from pncsim.wire.errors import LocalError, PeerError, PeerSilent, PncError
from pncsim.wire.session.dialect import Dialect
from pncsim.wire.session.outputs import Close, Notice, Output
from pncsim.wire.session.responder import HowEnded, Responder
from pncsim.wire.session.sequence import CONNECTED, ENDED
from pncsim.wire.v2g import appprotocol as app

DIALECTS = (ISO2,)
"""What a station speaks, best first."""


class SeccEngine(Responder):
    """One connection of one vehicle. ``power`` is the EVSE's and outlives the engine; ``random(n)`` gives n bytes.

    ``tls`` tells whether the connection is a TLS one. ``set_up_by``: lab time by which a session is to be set up, if
    the vehicle was plugged in before it connected. All methods return what to do, in order, and raise nothing but
    defects; after a :class:`~wire.session.outputs.Close` they return nothing more.
    """

    def __init__(
        self,
        config: SeccConfig,
        *,
        power: EvsePower,
        tls: bool,
        random: Callable[[int], bytes],
        unit: str = "",
        dialects: tuple[Dialect, ...] = DIALECTS,
        set_up_by: float | None = None,
    ) -> None:
        super().__init__(
            dialects,
            role="SECC",
            unit=unit,
            alter=config.alter,
            refuses=config.refuses,
            after_failed=config.after_failed,
        )
        self.config, self.power, self.tls, self._set_up_by = config, power, tls, set_up_by
        self.wishes = Wishes(config.schedule)
        self._random = random
        self.session = self._new_session()

    def _new_session(self) -> Any:
        return self.dialect.session(self, self.config, self.power, self.tls, self._random, self.wishes)

    @property
    def session_id(self) -> bytes:
        """Zero before the session is set up."""
        return bytes(self.session.id)

    # ---- events from outside -------------------------------------------------------------------------------------

    def start(self, now: float) -> list[Output]:
        """The connection is open; the vehicle has some seconds to set up a session."""
        return self._work(now, self._connected)

    def request_stop(self, now: float) -> list[Output]:
        """The station wants the vehicle to stop, and says so in its next responses."""
        return self._work(now, self._want_stop)

    def request_renegotiation(self, now: float, schedule: PowerSchedule | None = None) -> list[Output]:
        """The station wants new schedules, and says so in its next loop responses.

        ``schedule`` replaces that of the configuration for the rest of the session.
        """
        return self._work(now, self._want_renegotiation, schedule)

    def identified(self) -> None:
        """A driver has identified: Contract is not offered or taken any more, unless it is selected already."""
        self.wishes.by_card = True

    def abort(self, error: LocalError, now: float) -> list[Output]:
        """The station ends the session at once because of ``error``, without a word to the vehicle."""
        return self._work(now, self._break, error)

    def give_way(self, now: float) -> list[Output]:
        """Nothing was said here, and a vehicle that has come by another connection speaks."""
        return self._work(now, self._break, PeerSilent("Nothing was said on this connection; another vehicle speaks."))

    def _connected(self) -> None:
        limit = self.dialect.times.station_setup
        since = "connecting" if self._set_up_by is None else "being plugged in"
        silent = PeerSilent(
            f"The vehicle has not set up a session within {limit.seconds:g} s of {since}.", clause=limit.source
        )
        seconds = limit.seconds if self._set_up_by is None else max(0.0, self._set_up_by - self.now)
        self.begin_phase("communication setup", seconds, silent)
        self.session.start_wh = self.power.energy(self.now)
        self._enter(CONNECTED)

    def _want_stop(self) -> None:
        if self.wishes.stop_at is None:
            self.wishes.stop_at = self.now
            self.voice.story(f"The station asks the vehicle to stop within {self.config.notification_delay} s.")

    def _want_renegotiation(self, schedule: PowerSchedule | None) -> None:
        if schedule is not None:
            self.wishes.schedule = schedule
        self.wishes.renegotiation = True
        self.voice.story("The station asks the vehicle to renegotiate.")

    # ---- what the conversation asks ------------------------------------------------------------------------------

    def _choose(self, request: app.SupportedAppProtocolReq) -> tuple[app.SupportedAppProtocolRes, Dialect | None]:
        return agree(request, self.dialects)

    def _handshaken(self, agreed: bool) -> None:
        self.out.append(Notice(notices.ProtocolAnswered(time=self.now, agreed=agreed)))

    def _session_failed(self) -> None:
        self.session.stop_charging("the session has failed")

    def _ended(self, end: HowEnded) -> None:
        wanted = self.wishes.stop_at is not None
        reason = f"The vehicle has {end} the session{', as the station asked' if wanted else ''}."
        self._finish(end, reason, None, "station" if wanted else "vehicle")

    def _refused(self, error: PncError, code: str) -> None:
        self._finish("failed", error.sentence, error, "station", code)

    def _break(self, error: PncError) -> None:
        """Mostly the station will not go on with this vehicle; a silent or vanished one has ended it itself."""
        by: notices.StoppedBy = "station"
        if isinstance(error, PeerError):
            by = "silence" if error.kind == "silent" else "vehicle" if error.kind == "closed" else "station"
        self._finish("failed", error.sentence, error, by)

    def _finish(
        self,
        kind: notices.EndKind,
        reason: str,
        error: PncError | None,
        stopped_by: notices.StoppedBy,
        code: str | None = None,
    ) -> None:
        session, power = self.session, self.power
        self._stop()
        session.stop_charging("the session is over")
        power.hold(0.0, self.now)
        if error is not None:
            self.voice.problem(error, response_code=code)
        if self.state != ENDED:
            self._enter(ENDED)
        if error is None:
            self.voice.story(reason)
        ended = notices.SessionEnded(
            time=self.now,
            kind=kind,
            reason=reason,
            energy_wh=session.energy_wh,
            register_wh=power.reading(self.now),
            stopped_by=stopped_by,
            state=str(self.reached),
        )
        self.out.append(Notice(ended))
        self.out.append(Close(reason, error))
