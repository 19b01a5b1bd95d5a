"""Stations that keep their connection, their secrets and their queue wrongly."""

from __future__ import annotations

import asyncio
import itertools
import ssl
from typing import Any

from pncsim.secc.station import identity, link, station, upkeep
from pncsim.secc.station.context import StationContext
from pncsim.secc.station.delivery import EventDelivery
from pncsim.secc.station.link import Link
from pncsim.secc.station.upkeep import Upkeep
from pncsim.simulator.conformance.put import wrong
from pncsim.simulator.conformance.station import doors
from pncsim.simulator.conformance.station.wrong import ids
from pncsim.wire.errors import PeerClosed, PncError
from pncsim.wire.ocpp.tls import client_context

# Registration


async def _no_beat(self: Link) -> None:
    await asyncio.get_running_loop().create_future()


async def _announces_nothing(self: StationContext, *, everything: bool) -> None:
    self.announced = True
    self.changes.open()


_link_restart = Link.restart


async def _powered_up(self: Link, reason: Any) -> None:
    await _link_restart(self, "PowerUp")


async def _registered_still(self: Link, reason: Any) -> None:
    await self.reconnect("the station restarts")


# Passwords and TLS

_made = station.Station.__init__
_client = client_context


def _another_password(self: Any, *arguments: Any, **more: Any) -> None:
    _made(self, *arguments, **(more | {"password": "somebody-elses-password"}))


_variable_written = StationContext._variable_written


def _old_password(self: StationContext, key: Any, value: str) -> None:
    if key.name != "BasicAuthPassword":
        _variable_written(self, key, value)


def _trusting(*arguments: Any, **more: Any) -> ssl.SSLContext:
    context = _client(*arguments, **more)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _old_fashioned(*arguments: Any, **more: Any) -> ssl.SSLContext:
    context = _client(*arguments, **more)
    doors.outdate(context, newest=ssl.TLSVersion.TLSv1_3)
    return context


def _outdated(*arguments: Any, **more: Any) -> ssl.SSLContext:
    context = _client(*arguments, **more)
    doors.outdate(context, newest=ssl.TLSVersion.TLSv1_1)
    return context


def _showing_nothing(anchors: Any, credentials: Any = None, **more: Any) -> ssl.SSLContext:
    return _client(anchors, None, **more)


def _no_event(self: StationContext, kind: str, text: str = "") -> None:
    return


# Its certificate

_request = identity.request


def _for_somebody(common_name: str, *more: Any) -> Any:
    return _request("SOMEBODY", *more)


def _asks_on(self: Upkeep, sentence: str, clause: str) -> None:
    self._clock.call_at(self._clock.now() + 2.0, self.renew)


_refresh = Upkeep._refresh


async def _for_the_first(self: Upkeep) -> None:
    if not self._own._staples:
        await _refresh(self)


# Its queue


async def _endlessly(self: EventDelivery, event: Any) -> None:
    while True:
        try:
            self._delivered(event, await self._send(event))
            return
        except PeerClosed:
            raise
        except PncError:
            await self._clock.sleep(1.0)


async def _only_once(self: EventDelivery, event: Any) -> None:
    try:
        self._delivered(event, await self._send(event))
    except PeerClosed:
        raise
    except PncError as error:
        self._given_up(event, error)


WRONG = wrong(
    ("no-heartbeat", "it sends no heartbeats", Link, "_beat", _no_beat, ids("B_01")),
    (
        "no-announcement",
        "it does not tell how its connectors are",
        StationContext,
        "_announce",
        _announces_nothing,
        ids("B_01 B_02 B_03 B_20 B_21 B_22 B_41 B_51 B_52 C_32"),
    ),
    (
        "boots-early",
        "it waits for a second at most until it boots again",
        link,
        "LONGEST_INTERVAL",
        1,
        ids("B_03 B_02"),
    ),
    ("powers-up", "a reset looks like a power-up", Link, "restart", _powered_up, ids("B_20 B_21 B_22 B_41")),
    ("no-boot", "a reset is a new connection", Link, "restart", _registered_still, ids("B_20 B_21 B_22 B_41 C_32")),
    (
        "never-long-away",
        "OfflineThreshold is never over",
        StationContext,
        "_long_away",
        lambda self: False,
        ids("B_51"),
    ),
    (
        "always-long-away",
        "OfflineThreshold is always over",
        StationContext,
        "_long_away",
        lambda self: True,
        ids("B_52"),
    ),
    ("at-once", "it comes back after a second", link, "reconnect_waits", lambda *_: itertools.repeat(1.0), ids("B_57")),
    (
        "another-password",
        "it comes with another password",
        station.Station,
        "__init__",
        _another_password,
        ids("A_01 A_04 B_01 B_02 B_03 B_30"),
    ),
    (
        "old-password",
        "it accepts a new password and keeps the old one",
        StationContext,
        "_variable_written",
        _old_password,
        ids("A_09"),
    ),
    ("trusts-anybody", "it trusts every certificate of a CSMS", doors, "client_context", _trusting, ids("A_05")),
    ("old-fashioned", "it speaks TLS 1.0, too", doors, "client_context", _old_fashioned, ids("A_06")),
    ("outdated", "it speaks TLS 1.1 at most", doors, "client_context", _outdated, ids("A_04 A_07")),
    ("shows-nothing", "it shows no certificate of its own", doors, "client_context", _showing_nothing, ids("A_07")),
    (
        "no-events",
        "it tells of nothing that concerns security",
        StationContext,
        "security_event",
        _no_event,
        ids("A_05 A_06 A_14"),
    ),
    ("wrong-name", "its certificate requests name somebody else", identity, "request", _for_somebody, ids("A_12")),
    ("asks-on", "it asks again after a refusal", Upkeep, "_give_up", _asks_on, ids("A_15")),
    (
        "no-doubling",
        "it asks again in even intervals",
        upkeep,
        "signing_waits",
        lambda minimum, repeats: [minimum] * 9,
        ids("A_23"),
    ),
    (
        "no-staples",
        "it asks nobody whether a new certificate is good",
        Upkeep,
        "_refresh",
        _for_the_first,
        ids("M_24 M_25"),
    ),
    ("endless", "it sends an event again without end", EventDelivery, "_deliver", _endlessly, ids("E_41 E_50 E_51")),
    ("only-once", "it sends an event once", EventDelivery, "_deliver", _only_once, ids("E_41 E_42 E_50 E_51")),
)
