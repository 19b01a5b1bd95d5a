"""What was seen in a lab, for scenarios that look at the wire: lists that grow as events come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from functools import cache
from typing import Any, NamedTuple

from msgspec import Struct

from pncsim.simulator.parameters import did_you_mean
from pncsim.wire.errors import LocalError
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import Action
from pncsim.wire.ocpp.frames import Call, Result
from pncsim.wire.trace import (
    Event,
    HttpExchange,
    Judged,
    OcppFrame,
    OcppSecured,
    Secured,
    ServiceCall,
    Trace,
    V2gMessage,
)
from pncsim.wire.v2g.iso2.secc_sequence import REQUESTS

_ASK_POOL = "/v1/ccp/signedContractData"
_GRANTED = "CSO-2"
V2G_NAMES = (*REQUESTS, *(name.removesuffix("Req") + "Res" for name in REQUESTS))
"""What V2G messages are called."""


@cache
def _actions() -> frozenset[str]:
    """The actions of OCPP 2.0.1."""
    return frozenset(one.name for one in vars(v201).values() if isinstance(one, Action))


def _known(what: str, words: Iterable[str], known: Collection[str]) -> None:
    """What nobody sends is never seen: a check that nothing came would hold for a slip of the pen."""
    for word in words:
        if word not in known:
            raise LocalError(f"No {what} is called {word!r}.", advice=did_you_mean(word, known))


class Watch(Struct, frozen=True):
    """Looks at ``trace`` from the moment it is asked to; nobody pays for what nobody asks for."""

    trace: Trace

    def exchanges(self) -> list[HttpExchange]:
        """The HTTP exchanges from now on, as they come."""
        seen = list[HttpExchange]()
        self.trace.subscribe(lambda event: seen.append(event) if isinstance(event, HttpExchange) else None)
        return seen

    def handshakes(self) -> list[Secured]:
        """The TLS handshakes between vehicles and stations from now on, as each side saw them."""
        seen = list[Secured]()
        self.trace.subscribe(lambda event: seen.append(event) if isinstance(event, Secured) else None)
        return seen

    def messages(self, role: str = "", *names: str) -> list[V2gMessage]:
        """The V2G messages from now on, as the vehicles ("EV") or the stations ("SECC"), or both ends, saw them.

        ``names``: those alone, if any is given. Raises LocalError for a role or a name that nobody has.
        """
        _known("end of a V2G session", (role,), ("", "EV", "SECC"))
        _known("V2G message", names, V2G_NAMES)
        seen = list[V2gMessage]()

        def see(event: Event) -> None:
            if isinstance(event, V2gMessage) and role in ("", event.role) and (not names or event.name in names):
                seen.append(event)

        self.trace.subscribe(see)
        return seen

    def frames(self, role: str = "CSMS", action: str = "") -> list[OcppFrame]:
        """The OCPP frames from now on, as the CSMSs saw them, the stations ("CS"), or both ("").

        ``action``: those of one kind of call and its answers alone. Raises LocalError for a role or an action that
        nobody has.
        """
        _known("end of OCPP", (role,), ("", "CSMS", "CS"))
        _known("OCPP action", (action,), ("", *_actions()))
        seen = list[OcppFrame]()

        def see(event: Event) -> None:
            if isinstance(event, OcppFrame) and role in ("", event.role) and action in ("", event.action):
                seen.append(event)

        self.trace.subscribe(see)
        return seen

    def grants(self) -> list[Judged]:
        """Whether each contract that a CSMS asks about from now on may charge, and why.

        The mobility operator says so itself or, where it is elsewhere, the CSMS that has asked it.
        """
        seen = list[Judged]()

        def see(event: Event) -> None:
            if isinstance(event, Judged) and event.role in ("MO", "CSMS") and event.clause == _GRANTED:
                seen.append(event)

        self.trace.subscribe(see)
        return seen

    def links(self) -> list[OcppSecured]:
        """The TLS handshakes between stations and CSMSs from now on, as each side saw them."""
        seen = list[OcppSecured]()
        self.trace.subscribe(lambda event: seen.append(event) if isinstance(event, OcppSecured) else None)
        return seen

    def calls(self) -> list[ServiceCall]:
        """The calls between services from now on, and how each ended."""
        seen = list[ServiceCall]()
        self.trace.subscribe(lambda event: seen.append(event) if isinstance(event, ServiceCall) else None)
        return seen

    def contracts_asked(self) -> Callable[[], list[bool]]:
        """Whether each vehicle got a contract for which a CSMS has asked the contract pool from now on.

        The pool says so itself or, where it is elsewhere, the exchange with it.
        """
        calls, exchanges = self.calls(), self.exchanges()

        def so_far() -> list[bool]:
            served = [one.ok for one in calls if (one.role, one.operation) == ("CCP", "provide contract")]
            return served or [one.status == 200 for one in exchanges if one.url.endswith(_ASK_POOL)]

        return so_far

    def said(self, name: str) -> asyncio.Future[None]:
        """Done once a vehicle has sent or received the next V2G message ``name``."""
        _known("V2G message", (name,), V2G_NAMES)
        done = asyncio.get_running_loop().create_future()

        def see(event: Event) -> None:
            if isinstance(event, V2gMessage) and (event.role, event.name) == ("EV", name) and not done.done():
                done.set_result(None)

        self.trace.subscribe(see)
        return done

    def answered(self, action: str) -> asyncio.Future[None]:
        """Done once a CSMS has been given the next answer to its OCPP call ``action``."""
        _known("OCPP action", (action,), _actions())
        done = asyncio.get_running_loop().create_future()

        def see(event: Event) -> None:
            if not isinstance(event, OcppFrame) or (event.role, event.action) != ("CSMS", action):
                return
            if isinstance(event.content, Result) and not done.done():
                done.set_result(None)

        self.trace.subscribe(see)
        return done


def answers(frames: Iterable[OcppFrame], action: str) -> list[Any]:
    """What calls of ``action`` were answered with, as the CSMS has seen or said it: payloads, not errors."""
    seen = [frame.content for frame in frames if (frame.role, frame.action) == ("CSMS", action)]
    return [content.payload for content in seen if isinstance(content, Result)]


class CallAsked(NamedTuple):
    """A call: when, and what it said."""

    time: float
    payload: Any


def asked(frames: Iterable[OcppFrame], action: str) -> list[CallAsked]:
    """The calls of ``action`` as the CSMS has seen or made them."""
    seen = [(one.time, one.content) for one in frames if (one.role, one.action) == ("CSMS", action)]
    return [CallAsked(time, content.payload) for time, content in seen if isinstance(content, Call)]
