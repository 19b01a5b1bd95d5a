"""The step of a case as data: which request, what is sent in its place, what has to come, what the tester is like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from pncsim.simulator.conformance.case import Condition
from pncsim.wire.session.outputs import Alter
from pncsim.wire.values import replace

if TYPE_CHECKING:
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


Sends = Other | Literal["silence"] | Alter | None


class Setting(Struct, frozen=True, kw_only=True):
    """What tester and station are like in a case. Several are put together by ``|``; the later one counts.

    ``when``: what the station has to have declared for it. ``payment``: "" is whatever the station has declared.
    ``contract``: the vehicle holds one; ``delivery``: it is to get one through the station. ``vehicle``: fields of its
    configuration; ``station``: of a station of ours, which somebody else's has to be brought to by its owner.
    """

    when: tuple[Condition, ...] = ()
    energy: Energy | Literal[""] = ""
    payment: Literal["", "external", "contract"] = ""
    delivery: Literal["", "install", "update"] = ""
    vehicle: Mapping[str, Any] = NOTHING
    station: Mapping[str, Any] = NOTHING

    def __or__(self, other: Setting) -> Setting:
        return Setting(
            when=(*self.when, *(one for one in other.when if one not in self.when)),
            energy=other.energy or self.energy,
            payment=other.payment or self.payment,
            delivery=other.delivery or self.delivery,
            vehicle={**self.vehicle, **other.vehicle},
            station={**self.station, **other.station},
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


Also = Callable[[Heard], str]
"""A further look at an answer: what is wrong with it, as a sentence; empty for nothing."""


class CaseStep(Struct, frozen=True, kw_only=True):
    """What is done at the ``nth`` request ``at`` (``PowerDeliveryReq(Start)``, or without its mode any of them).

    ``sends``: what goes in its place; None: the request itself. ``goes_on``: the tester then charges on as a vehicle
    would; otherwise it listens for ``patience`` seconds. ``answer``: the response that has to come, "" for none, with
    one of ``codes``. ``closes``: the station has to close the connection then, where nothing was answered not before
    ``not_before`` seconds. ``stimulus``: for people.
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
    also: tuple[Also, ...] = ()
    setting: Setting = Setting()

    def within(self, *settings: Setting) -> CaseStep:
        """This step, with tester and station like that."""
        setting = self.setting
        for one in settings:
            setting = setting | one
        return replace(self, setting=setting)

    @property
    def expectation(self) -> str:
        """What has to come, for people."""
        answered = f"{self.answer} with {' or '.join(self.codes)}" if self.answer else "no answer"
        if not self.closes:
            return f"{answered}{'; the exchange goes on' if self.goes_on else ''}."
        if self.answer:
            return f"{answered}, then the connection is closed within 5 s."
        return f"{answered}, and the connection is closed between {self.not_before:g} and {self.patience:g} s."
