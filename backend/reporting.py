"""How services report to the event stream: each call with its outcome, each judgement with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.trace import Judged, ServiceCall, Tolerated, Trace


@dataclass(slots=True)
class Call:
    """One call in progress; the service fills in ``text``, one sentence saying what came of it.

    ``ok`` False marks an answer that says no without being an error of the call.
    """

    text: str = ""
    ok: bool = True


@dataclass(slots=True, frozen=True)
class Reporter:
    """Speaks for one actor (a key of :data:`wire.trace.ROLES`)."""

    actor: str
    clock: Clock
    trace: Trace

    @contextmanager
    def call(self, operation: str) -> Iterator[Call]:
        """Report the body as one service call: ended as :class:`Call` says, or refused with the error's sentence."""
        call = Call()
        try:
            yield call
        except PncError as error:
            self._emit(operation, False, str(error))
            raise
        self._emit(operation, call.ok, call.text)

    def judged(self, what: str, ok: bool, reason: str, clause: str = "") -> None:
        """Something was verified."""
        self.trace.emit(Judged(time=self.clock.now(), role=self.actor, what=what, ok=ok, reason=reason, clause=clause))

    def tolerated(self, what: str, clause: str = "") -> None:
        """A liberty of the peer was let pass."""
        self.trace.emit(Tolerated(time=self.clock.now(), role=self.actor, what=what, clause=clause))

    def _emit(self, operation: str, ok: bool, text: str) -> None:
        self.trace.emit(
            ServiceCall(
                time=self.clock.now(), role=self.actor, service=self.actor, operation=operation, ok=ok, text=text
            )
        )
