"""The step of a case as data: before which answer, what is sent in its place, what the vehicle has to do then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from pncsim.simulator.conformance.secc.step import Setting
from pncsim.wire.values import replace

ANSWERS_WITHIN = 40.0
"""Seconds a vehicle may take for its next request (V2G_EVCC_Sequence_Performance_Time)."""
CLOSES_WITHIN = 5.0
"""Seconds it has to close the connection (par_CMN_TCP_Connection_Termination_Timeout)."""


class NextRequest(Struct, frozen=True):
    """A request of the vehicle: its name, SessionID (empty where there is none) and body, and when it came."""

    name: str
    session_id: bytes
    body: Any
    at: float


Look = Callable[[NextRequest, Any], str]
"""A further look at the next request and the answer before it: what is wrong, as a sentence; empty for nothing."""


class AnswerStep(Struct, frozen=True, kw_only=True):
    """What is done with the answer ``at``; where it may be Ongoing and the vehicle goes on, with the finished one.

    ``change``: makes of the finished message what is sent, None for nothing; without one the answer is right.
    ``again``: the same is done with each further answer of that name. ``follows``: the requests of which one has to
    come next; none: the vehicle has to end the session, not before ``not_before`` seconds, and may repeat the request
    ``repeats`` until then. ``look``: at the next request, ``looks`` says what for. ``ready``: the pilot is in C or D
    before the charging loop. ``oscillator``: "off" stops it first. ``card``: whether the driver shows one.
    ``stimulus``: for people.
    """

    at: str
    stimulus: str
    change: Callable[[Any], Any] | None = None
    follows: tuple[str, ...] = ()
    not_before: float = 0.0
    repeats: str = ""
    again: bool = False
    look: Look | None = None
    looks: str = ""
    ready: bool = False
    oscillator: Literal["on", "off"] = "on"
    card: bool = True
    setting: Setting = Setting()

    def within(self, *settings: Setting) -> AnswerStep:
        """This step, with tester and vehicle like that."""
        setting = self.setting
        for one in settings:
            setting = setting | one
        return replace(self, setting=setting)

    @property
    def latest(self) -> float:
        """Seconds after the step by which the connection has to be closed."""
        return self.not_before + CLOSES_WITHIN

    @property
    def expectation(self) -> str:
        """What the vehicle has to do, for people."""
        if self.follows:
            pilot = ", and the pilot in state C or D" if self.ready else ""
            return f"{' or '.join(self.follows)} comes next{self.looks}{pilot}."
        until = (
            f" between {self.not_before:g} and {self.latest:g} s" if self.not_before else f" within {self.latest:g} s"
        )
        repeated = f"{self.repeats} may be repeated; " if self.repeats else ""
        return (
            f"{repeated}no further request but what stops the session in order; the pilot is back in state B and the "
            f"connection closed{until}."
        )
