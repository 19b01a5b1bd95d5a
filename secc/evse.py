"""An outlet that serves one vehicle after the other over whatever stream they come."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from pncsim.secc.config import PowerSchedule, SeccConfig
from pncsim.secc.engine import SeccEngine
from pncsim.secc.power import EvsePower
from pncsim.secc.shell import Answer, Connection, Tell
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.session.outputs import Close, Output
from pncsim.wire.streams import ByteStream
from pncsim.wire.trace import Problem, Trace


class Evse:
    """An outlet. ``serve`` is the handler for connections; ``config`` may be replaced between sessions.

    ``answer(question)`` decides what secc.questions asks; a PncError it raises becomes the refusal's sentence.
    ``tell(notice)`` hears secc.notices. ``random(n)`` gives n random bytes.
    """

    def __init__(
        self,
        config: SeccConfig,
        *,
        clock: Clock,
        trace: Trace,
        answer: Answer,
        tell: Tell = lambda notice: None,
        power: EvsePower | None = None,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.config = config
        self.power = power or EvsePower()
        self._clock, self._trace, self._answer, self._tell, self._random = clock, trace, answer, tell, random
        self._session: Connection | None = None

    @property
    def engine(self) -> SeccEngine | None:
        """The engine of the session that is running, if any."""
        return self._session.engine if self._session else None

    async def serve(self, stream: ByteStream, *, tls: bool) -> Close:
        """Run one session on ``stream`` to its end, and close it. A second vehicle at a time is refused."""
        if self._session is not None:
            error = LocalError(
                f"A second vehicle connected from {stream.peer} while the EVSE was serving another one.",
                advice="One vehicle per EVSE; wait for the session to end.",
            )
            self._trace.emit(
                Problem(time=self._clock.now(), role=self.config.actor, text=error.sentence, advice=error.advice)
            )
            await stream.close()
            return Close(error.sentence, error)
        engine = SeccEngine(self.config, power=self.power, tls=tls, random=self._random)
        self._session = Connection(engine, stream, self._clock, self._trace, self._answer, self._tell)
        try:
            return await self._session.run()
        finally:
            self._session = None

    def request_stop(self) -> None:
        """Ask the vehicle to stop charging."""
        self._command(lambda engine, now: engine.request_stop(now))

    def request_renegotiation(self, schedule: PowerSchedule | None = None) -> None:
        """Ask the vehicle to renegotiate, to be offered ``schedule`` if given."""
        self._command(lambda engine, now: engine.request_renegotiation(now, schedule))

    def abort(self, reason: str) -> None:
        """End the session at once, without a word to the vehicle."""
        self._command(lambda engine, now: engine.abort(reason, now))

    def _command(self, command: Callable[[SeccEngine, float], list[Output]]) -> None:
        if self._session is not None:
            self._session.act(command(self._session.engine, self._clock.now()))
