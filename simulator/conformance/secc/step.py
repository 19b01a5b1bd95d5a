"""The step of a case as data: which request, what is sent in its place, what has to come, what the tester is like."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from pncsim.simulator.conformance.case import Condition
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.outputs import Alter
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.scenario import Energy

NOTHING: Mapping[str, Any] = MappingProxyType({})

SEQUENCE_TIMEOUT = 60.0
"""V2G_SECC_Sequence_Timeout (ISO 15118-2, Table 111)."""
SETUP_TIMEOUT = 18.0
"""V2G_SECC_CommunicationSetup_Performance_Time: nobody who has not set up a session by then is served."""
ANSWERS = 60.0
"""Seconds in which any answer has to come, if none is more exact: the longest message timeout is 5 s."""

SILENCE: Literal["silence"] = "silence"
"""Nothing is sent any more."""


class Other(Struct, frozen=True):
    """Another request, unsigned, in place of the one that is due."""

    body: Callable[[], Any]


class Prepared(Struct, frozen=True):
    """A change that is made of what is in the lab: ``make(lab, vehicle)``, before the vehicle is plugged in."""

    make: Callable[[Lab, Vehicle], Awaitable[Alter]]


class AtStep(Struct, frozen=True):
    """A change that is made of what the session has come to: ``make(session)``, as the step is taken."""

    make: Callable[[Any], Alter]


Sends = Other | Prepared | AtStep | Literal["silence"] | Alter | None


class Setting(Struct, frozen=True, kw_only=True):
    """What tester and station are like in a case. Several are put together by ``|``; the later one counts.

    ``when``: what the station has to have declared for it. ``payment``: "" is whatever the station has declared.
    ``delivery``: the vehicle is to get a contract through the station. ``details``: services whose details it asks for.
    ``pause``: the step is in a session that was paused before, and who ended the pause. ``state``: which the vehicle
    signals when it is ready (B: none at all); ``stuck``: it does not go back to B. ``card``: seconds after plug-in at
    which the driver is identified. ``asks_too_much``: it asks for more power than there is, which a tester that is
    bounded does not. ``vehicle``: fields of its configuration.

    What concerns a station of ours alone, and somebody else's has to be brought to by its owner: ``station``, fields of
    its configuration; ``slow``: its CSMS takes its time to authorise; ``tariffs``: it has schedules with prices;
    ``plain``: it has no TLS; ``refuses``: it and what is behind it let these deviations not pass.
    """

    when: tuple[Condition, ...] = ()
    energy: Energy | Literal[""] = ""
    payment: Literal["", "external", "contract"] = ""
    delivery: Literal["", "install", "update"] = ""
    details: tuple[int, ...] = ()
    pause: Literal["", "vehicle", "station"] = ""
    state: Literal["B", "C", "D"] = "C"
    stuck: bool = False
    card: float = 0.0
    vehicle: Mapping[str, Any] = NOTHING
    station: Mapping[str, Any] = NOTHING
    slow: bool = False
    tariffs: bool = False
    plain: bool = False
    asks_too_much: bool = False
    refuses: frozenset[Tolerance] = frozenset()

    def __or__(self, other: Setting) -> Setting:
        return Setting(
            when=(*self.when, *(one for one in other.when if one not in self.when)),
            energy=other.energy or self.energy,
            payment=other.payment or self.payment,
            delivery=other.delivery or self.delivery,
            details=other.details or self.details,
            pause=other.pause or self.pause,
            state=other.state if other.state != "C" else self.state,
            stuck=other.stuck or self.stuck,
            card=other.card or self.card,
            vehicle={**self.vehicle, **other.vehicle},
            station={**self.station, **other.station},
            slow=other.slow or self.slow,
            tariffs=other.tariffs or self.tariffs,
            plain=other.plain or self.plain,
            asks_too_much=other.asks_too_much or self.asks_too_much,
            refuses=other.refuses | self.refuses,
        )


class Heard(Struct):
    """An answer: its name, ResponseCode, SessionID and body, and when it came (lab time).

    ``accepted``: the vehicle went on after it.
    """

    name: str
    code: str
    session_id: bytes
    body: Any
    at: float
    accepted: bool = False


def joined(first: Setting, *others: Setting) -> Setting:
    """All of them, put together in order."""
    for one in others:
        first = first | one
    return first


Also = Callable[[Heard, Any], str]
"""A further look at an answer, with the vehicle's session at hand: what is wrong, as a sentence; empty for nothing."""


class CaseStep(Struct, frozen=True, kw_only=True):
    """What is done at the ``nth`` request ``at`` (``PowerDeliveryReq(Start)``, or without its mode any of them).

    ``sends``: what goes in its place; None: the request itself. ``goes_on``: the tester then charges on as a vehicle
    would; otherwise it listens for ``patience`` seconds. ``answer``: the response that has to come, "" for none, with
    one of ``codes``. ``closes``: the station has to close the connection then, where nothing was answered not before
    ``not_before`` seconds. ``ongoing``: the station has to be undecided at first. ``stimulus``: for people.
    """

    at: str
    stimulus: str
    nth: int = 1
    sends: Sends = None
    goes_on: bool = False
    patience: float = ANSWERS
    answer: str = ""
    codes: tuple[str, ...] = ()
    closes: bool = False
    not_before: float = 0.0
    ongoing: bool = False
    also: tuple[Also, ...] = ()
    setting: Setting = Setting()

    def within(self, *settings: Setting) -> CaseStep:
        """This step, with tester and station like that."""
        return replace(self, setting=joined(self.setting, *settings))

    @property
    def precondition(self) -> str:
        """How far the exchange has come, for people."""
        times = f" for the {self.nth}. time" if self.nth > 1 else ""
        return f"The exchange has come to {self.at}{times}."

    @property
    def expectation(self) -> str:
        """What has to come, for people."""
        answered = f"{self.answer} with {' or '.join(self.codes)}" if self.answer else "no answer"
        if not self.closes:
            return f"{answered}{'; the exchange goes on' if self.goes_on else ''}."
        if self.answer:
            return f"{answered}, then the connection is closed within 5 s."
        return f"{answered}, and the connection is closed between {self.not_before:g} and {self.patience:g} s."
