"""The tester: a station of ours up to the step under test, and what is seen of the vehicle from there on."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.evcc.step import AnswerStep, NextRequest
from pncsim.wire.clock import Clock
from pncsim.wire.pilot import READY, STEADY, Pilot, PilotState
from pncsim.wire.trace import Event, Problem, V2gMessage


class TestingStation:
    """Does ``step`` once. ``pilot``: None until the station stands, and where no wire leads to the vehicle."""

    __test__ = False  # no test of pytest's

    def __init__(self, step: AnswerStep, clock: Clock) -> None:
        self.step, self._clock = step, clock
        self.pilot: Pilot | None = None
        self.struck_at: float | None = None
        """When the step was taken; None: it has not come to that."""
        self.answer: Any = None
        """The station's own answer, before it was changed."""
        self.asked: list[NextRequest] = []
        """What the vehicle asked from then on."""
        self.closed_at: float | None = None
        """When the vehicle closed the connection; None: it did not."""
        self.ready_at: float | None = None
        """When the pilot came to state C or D last."""
        self.due = f"{step.at.removesuffix('Res')}Req"
        """The request that the step is the answer to."""
        self._answered, self._heard = 0, list[float]()

    def alter(self, name: str, message: Any) -> Any:
        """As :data:`wire.session.outputs.Alter`: what the station sends."""
        step = self.step
        if name != step.at:
            return message
        if self.struck_at is not None:
            return step.change(message) if step.change is not None and step.again else message
        self._answered += 1
        if step.follows and _ongoing(message):
            return message
        self.struck_at, self.answer = self._clock.now(), message
        if step.oscillator == "off" and self.pilot is not None:
            self.pilot.offer(STEADY)
        return message if step.change is None else step.change(message)

    @property
    def since(self) -> float:
        """When the request came that the step was the answer to: the vehicle's limits begin there."""
        return self._heard[self._answered - 1]

    def watch(self, pilot: Pilot) -> None:
        """See what becomes of the vehicle's end of the wire."""
        self.pilot = pilot
        pilot.subscribe(self._switched)

    def _switched(self, before: PilotState, now: PilotState) -> None:
        if now in READY:
            self.ready_at = self._clock.now()

    def __call__(self, event: Event) -> None:
        """A reader of the trace."""
        if event.role != "SECC":
            return
        if isinstance(event, V2gMessage) and event.direction == "received":
            # The stream may tell of a request only once it has been answered: that one came before the step.
            if event.name == self.due:
                self._heard.append(event.time)
            if self.struck_at is not None and (event.name != self.due or len(self._heard) > self._answered):
                self.asked.append(_asked(event))
        elif self.struck_at is None:
            return
        elif isinstance(event, Problem) and event.kind == "closed" and self.closed_at is None:
            self.closed_at = event.time


def _ongoing(message: Any) -> bool:
    processing = getattr(_body(message), "EVSEProcessing", None)
    return processing is not None and str(processing) != "Finished"


def _body(message: Any) -> Any:
    body = getattr(message, "Body", None)
    return message if body is None else body.BodyElement


def _asked(event: V2gMessage) -> NextRequest:
    message: Any = event.value
    header = getattr(message, "Header", None)
    return NextRequest(event.name, b"" if header is None else header.SessionID, _body(message), event.time)
