"""The tester: a station of ours up to the step under test, and what is seen of the vehicle from there on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pncsim.simulator.conformance.evcc.step import PILOT_FIRST, AnswerStep, Meanwhile, NextRequest, Remade
from pncsim.wire.clock import Clock
from pncsim.wire.pilot import READY, STEADY, Pilot, PilotState
from pncsim.wire.session.outputs import RawOctets
from pncsim.wire.trace import Event, Problem, Secured, V2gMessage
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import EXI, codec
from pncsim.wire.v2g.v2gtp import pack


class TestingStation:
    """Does ``step`` once, with ``change`` made of what the lab has, if the step's own is not enough.

    ``pilot``: None until the station stands, and where no wire leads to the vehicle. ``armed``: this is the session.
    """

    __test__ = False  # no test of pytest's

    def __init__(self, step: AnswerStep, clock: Clock, change: Callable[[Any, Meanwhile], Any] | None = None) -> None:
        self.step, self._clock, self._change = step, clock, change
        self.armed = not step.second
        self.pilot: Pilot | None = None
        self.struck_at: float | None = None
        """When the step was taken; None: it has not come to that."""
        self.answer: Any = None
        """What was answered: the station's own, where something else was sent that is no message of its kind."""
        self.refused = ""
        """Why the answer was none the step could begin with, as a sentence."""
        self.asked: list[NextRequest] = []
        """What the vehicle asked from then on."""
        self.closed_at: float | None = None
        """When the vehicle closed the connection; None: it did not."""
        self.ready_at: float | None = None
        """When the pilot came to state C or D last."""
        self.due = f"{step.at.removesuffix('Res')}Req"
        """The request that the step is the answer to."""
        self._answered, self._heard, self._met = 0, list[float](), 0
        self._earlier: Any = None
        self._before: dict[str, Any] = {}

    def alter(self, name: str, message: Any) -> Any:
        """As :data:`wire.session.outputs.Alter`: what the station sends."""
        step = self.step
        if name != step.at:
            return message
        if self.struck_at is not None:
            return self._changed(message) if step.again else message
        self._answered += 1
        if not self.armed:
            self._earlier = message
            return message
        if step.follows and _ongoing(message):
            return message
        if not (isinstance(step.change, Remade) and step.change.anew) and (code := _refusal(message)):
            self.refused = f"The tester had to answer {self.due} with {code}."
            return message
        self._met += 1
        if self._met < step.nth:
            return message
        self.struck_at = self._clock.now()
        sent = self._changed(message)
        self.answer = sent if type(sent) is type(message) else message
        return self._after_the_pilot(sent)

    def _changed(self, message: Any) -> Any:
        if self._change is not None:
            return self._change(message, Meanwhile(self._before.get(self.due), self._earlier))
        change = self.step.change
        return change(message) if callable(change) else message

    def _after_the_pilot(self, message: Any) -> Any:
        """Do what the step wants done to the pilot; what is sent then."""
        if self.pilot is None or not self.step.pilot:
            return message
        if self.step.pilot == "off":
            self.pilot.offer(STEADY)
            return message
        self.pilot.fail(PilotState(self.step.pilot))
        assert isinstance(message, iso2.V2G_Message), "the answer is a right one"
        return RawOctets((pack(EXI, codec("iso2").encode(message)),), after=PILOT_FIRST)

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
                self.asked.append(_asked(event, dict(self._before)))
            self._before[event.name] = _body(event.value)
        elif self.struck_at is None:
            return
        elif isinstance(event, Problem) and event.kind == "closed" and self.closed_at is None:
            self.closed_at = event.time


def _refusal(message: Any) -> str:
    """The code of an answer that says no: what a vehicle does then, no step is about; empty for others."""
    code = str(_body(message).ResponseCode)
    return code if code.casefold().startswith("failed") else ""


def _ongoing(message: Any) -> bool:
    processing = getattr(_body(message), "EVSEProcessing", None)
    return processing is not None and str(processing) != "Finished"


def _body(message: Any) -> Any:
    body = getattr(message, "Body", None)
    return message if body is None else body.BodyElement


def _asked(event: V2gMessage, before: dict[str, Any]) -> NextRequest:
    message: Any = event.value
    header = getattr(message, "Header", None)
    session_id, signature = (b"", None) if header is None else (header.SessionID, header.Signature)
    return NextRequest(event.name, session_id, _body(message), event.time, signature, before)


class HandshakeWatch:
    """What a station sees of a vehicle to which it shows what is not to be believed. A reader of the trace."""

    def __init__(self) -> None:
        self.secured: Secured | None = None
        """How the handshake went; None: there was none."""
        self.asked = ""
        """The first request that came all the same."""
        self.closed_at: float | None = None

    def __call__(self, event: Event) -> None:
        """A reader of the trace."""
        if event.role != "SECC":
            return
        if isinstance(event, Secured) and self.secured is None:
            self.secured = event
        elif isinstance(event, V2gMessage) and event.direction == "received" and not self.asked:
            self.asked = event.name
        elif isinstance(event, Problem) and self.secured is not None and self.closed_at is None:
            self.closed_at = event.time
