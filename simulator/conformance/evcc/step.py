"""The step of a case as data: before which answer, what is sent in its place, what the vehicle has to do then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from pncsim.simulator.conformance.secc.step import NOTHING, Setting, joined
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

ANSWERS_WITHIN = 40.0
"""Seconds a vehicle may take for its next request (V2G_EVCC_Sequence_Performance_Time)."""
CLOSES_WITHIN = 5.0
"""Seconds it has to close the connection (par_CMN_TCP_Connection_Termination_Timeout)."""
PILOT_FIRST = 0.5
"""Seconds between a change of the pilot and the answer that follows it."""


class NextRequest(Struct, frozen=True):
    """A request of the vehicle, and when it came.

    ``session_id``: empty where there is none. ``before``: the body of the last request of each name before it.
    """

    name: str
    session_id: bytes
    body: Any
    at: float
    signature: Any = None
    before: Mapping[str, Any] = NOTHING


class Meanwhile(Struct, frozen=True):
    """What the session has come to: the request that is answered, and the same answer in the session before this."""

    request: Any
    earlier: Any = None


class Remade(Struct, frozen=True):
    """A change that is made of keys of the lab: ``make(lab)`` before the vehicle comes, then of answer and session.

    ``anew``: nothing of the answer is used, so that it may be a refusal.
    """

    make: Callable[[Lab], Awaitable[Callable[[Any, Meanwhile], Any]]]
    anew: bool = False


AnswerChange = Callable[[Any], Any]
Look = Callable[[NextRequest, Any], str]
"""A further look at the next request and the answer before it: what is wrong, as a sentence; empty for nothing."""

AnswerFault = Literal[
    "",
    "refusal",
    "other message",
    "foreign session",
    "silence",
    "endless",
    "unreadable",
    "pilot",
    "content",
    "delivery",
]
"""What is wrong with the answer; "" for nothing."""


class AnswerStep(Struct, frozen=True, kw_only=True):
    """What is done with the ``nth`` answer ``at``; where it may be Ongoing and the vehicle goes on, with finished ones.

    ``change``: makes of the finished message what is sent, None for nothing; without one the answer is right.
    ``again``: the same is done with each further answer of that name. ``follows``: the requests of which one has to
    come next; none: the vehicle has to end the session, not before ``not_before`` seconds, and may repeat the request
    ``repeats`` until then, or go on with one of ``or_else``. ``look``: at the next request, ``looks`` says what for.
    ``ready``: the pilot is in C or D before the charging loop. ``leaves``: it then stops the session in order.
    ``pilot``: what becomes of it first, "off" for no oscillation. ``card``: whether the driver shows one. ``second``:
    the step is in a second session. ``stimulus``: for people.
    """

    at: str
    stimulus: str
    nth: int = 1
    change: AnswerChange | Remade | None = None
    fault: AnswerFault = ""
    follows: tuple[str, ...] = ()
    or_else: tuple[str, ...] = ()
    not_before: float = 0.0
    repeats: str = ""
    again: bool = False
    look: Look | None = None
    looks: str = ""
    ready: bool = False
    leaves: bool = False
    pilot: Literal["", "off", "F"] = ""
    card: bool = True
    second: bool = False
    setting: Setting = Setting()

    def within(self, *settings: Setting) -> AnswerStep:
        """This step, with tester and vehicle like that."""
        return replace(self, setting=joined(self.setting, *settings))

    @property
    def group(self) -> str:
        """What its case is reported under."""
        return self.at.removesuffix("Res")

    @property
    def precondition(self) -> str:
        """How far the exchange has come, for people."""
        times = f" for the {self.nth}. time" if self.nth > 1 else ""
        return f"The {'second ' if self.second else ''}exchange has come to {self.at}{times}."

    @property
    def latest(self) -> float:
        """Seconds after the step by which the connection has to be closed."""
        return self.not_before + CLOSES_WITHIN

    @property
    def expectation(self) -> str:
        """What the vehicle has to do, for people."""
        if self.follows:
            pilot = ", and the pilot in state C or D" if self.ready else ""
            stops = "; SessionStopReq ends the session, with the pilot in state B" if self.leaves else ""
            return f"{' or '.join(self.follows)} comes next{self.looks}{pilot}{stops}."
        until = (
            f" between {self.not_before:g} and {self.latest:g} s" if self.not_before else f" within {self.latest:g} s"
        )
        repeated = f"{self.repeats} may be repeated; " if self.repeats else ""
        instead = f"; or {' or '.join(self.or_else)} comes next{self.looks}" if self.or_else else ""
        return (
            f"{repeated}no further request but what stops the session in order; the pilot is back in state B and the "
            f"connection closed{until}{instead}."
        )


class HandshakeStep(Struct, frozen=True, kw_only=True):
    """What is wrong with what the station shows as TLS is set up: ``deed(lab)`` sees to it before the vehicle comes.

    ``fault``: whether that is the chain or the stapled OCSP answer. ``stimulus``: for people.
    """

    stimulus: str
    deed: Callable[[Lab], None]
    fault: Literal["chain", "staple"]
    setting: Setting = Setting()

    group = "TLS"
    precondition = "The vehicle has found the station and begins TLS."
    expectation = f"the handshake fails, or the connection is closed within {CLOSES_WITHIN:g} s; no request comes."

    def within(self, *settings: Setting) -> HandshakeStep:
        """This step, with tester and vehicle like that."""
        return replace(self, setting=joined(self.setting, *settings))
