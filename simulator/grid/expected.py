"""What must come of a cell, worked out from the tables: who notices, after how long, and how everything ends."""

from __future__ import annotations

from msgspec import Struct

from pncsim.simulator.grid.tables import (
    AT,
    EXCHANGES,
    ORDER,
    SDP_SECONDS,
    SEQUENCE,
    STATION_SETUP,
    VEHICLE_SETUP,
    Awaited,
    Follows,
)
from pncsim.simulator.lab.lives.life import How, Mortal
from pncsim.wire.errors import Kind

ACTORS: tuple[Mortal, ...] = ("EV", "SECC", "CSMS", "CCP", "MO", "OCSP")
HOWS: tuple[How, ...] = ("killed", "silent")

PLUGGED_IN = "plug-in"
LAST_RESPONSE = "the last response"
STRUCK = "the message"
ANY = ""

SECURED = AT["SupportedAppProtocolReq"]
OVER = AT["SessionStopRes"]


class Expected(Struct, frozen=True, kw_only=True):
    """``problem`` (role, kind) is reported ``after`` seconds from ``since``: a message, :data:`PLUGGED_IN`,
    :data:`LAST_RESPONSE` of the session, or :data:`STRUCK`. None: nobody but the station's OCPP side notices.

    ``vehicle``: how its session ends: ok, a kind of error, :data:`ANY` where nobody can see it. ``stopped``: why its
    transaction ends; empty: it goes on with the second session. ``held``: a contract is in the vehicle after it.
    """

    problem: tuple[str, Kind] | None
    after: float = 0.0
    since: str = STRUCK
    vehicle: str
    stopped: str
    held: bool

    def __str__(self) -> str:
        if self.problem is None:
            return _UNNOTICED.get(self.stopped, f"ends early: {self.stopped}")
        role, kind = self.problem
        when = "at once" if not self.after else f"{self.after:g} s"
        return f"{role} {kind}, {when}: {self.stopped or 'goes on'}"


_UNNOTICED = {"StoppedByEV": "charges", "": "goes on"}


def expected(message: str, actor: Mortal, how: How) -> Expected:
    """What must come of it that ``actor`` is ``how`` as ``message`` is about to be sent for the first time."""
    place = AT[message]
    if actor == "EV":
        return _vehicle(place, how)
    if actor == "SECC":
        return _station(place, how)
    return _behind(place, actor, how)


def _vehicle(place: int, how: How) -> Expected:
    """The station sees a reset, or waits for the next request (V2G2-443), before SessionSetup for 18 s (V2G2-714)."""
    if place > OVER or (place == OVER and how == "silent"):
        return _end(None, "ok", held=True)
    if how == "killed":
        held = place > AT["CertificateInstallationRes"]
        if place == OVER:  # the response is on its way, and for the station all is in order
            return _end(None, "closed", held=held)
        # Before it has asked for a session it is plugged in and nothing more: its transaction is the next one's.
        stopped = "Other" if place > AT["SessionSetupReq"] else ""
        problem: tuple[str, Kind] | None = ("SECC", "closed") if place else None
        return Expected(problem=problem, vehicle="closed", stopped=stopped, held=held)
    held = place > AT["CertificateInstallationReq"]
    if place <= AT["SessionSetupReq"]:
        seconds, since = STATION_SETUP.seconds, PLUGGED_IN
    else:
        seconds, since = SEQUENCE.seconds, LAST_RESPONSE
    stopped = "Timeout" if since == LAST_RESPONSE else ""
    return Expected(problem=("SECC", "silent"), after=seconds, since=since, vehicle=ANY, stopped=stopped, held=held)


def _station(place: int, how: How) -> Expected:
    """The vehicle sees a reset, or waits for the response (Table 109); before that for an answer by SDP or over TLS."""
    held = place > AT["CertificateInstallationRes"]
    if place > OVER:
        return _end(None, "ok", held=True)
    if not place:  # what it has opened for the vehicle is gone before that has found it
        stopped = "Reboot" if how == "killed" else ""
        silent: tuple[str, Kind] = ("EV", "silent")
        return Expected(
            problem=silent, after=SDP_SECONDS, since=PLUGGED_IN, vehicle="silent", stopped=stopped, held=False
        )
    if how == "killed":
        return Expected(problem=("EV", "closed"), vehicle="closed", stopped="Reboot", held=held)
    if place < SECURED:
        return Expected(
            problem=("EV", "silent"),
            after=VEHICLE_SETUP.seconds,
            since=PLUGGED_IN,
            vehicle="silent",
            stopped="",
            held=False,
        )
    exchange = _needed(place, "SECC")
    assert exchange is not None, "until the end of the session there is one"
    stopped = exchange.lost.stopped if place > AT["SupportedAppProtocolRes"] else ""
    return _lost(exchange, exchange.lost, exchange.limit, held=held, stopped=stopped)


def _behind(place: int, actor: Mortal, how: How) -> Expected:
    """Who asks gives up in time, at once where the connection ends or is refused; what nobody needs is not missed."""
    if actor == "CSMS" and how == "killed" and not place:
        # Offline before the vehicle is there: the station does not offer what it may not authorise.
        problem: tuple[str, Kind] = ("EV", "payment selection")
        return Expected(problem=problem, vehicle="payment selection", stopped="Other", held=False)
    exchange = _needed(place, actor)
    if exchange is None:
        return _end(None, "ok", held=True)
    held = AT[exchange.request] > AT["CertificateInstallationRes"]
    if how == "killed":
        return _lost(exchange, exchange.reset or exchange.lost, 0.0, held=held)
    return _lost(exchange, exchange.lost, exchange.limit, held=held)


def _needed(place: int, actor: Mortal) -> Awaited | None:
    """The first exchange in which ``actor`` still has to answer."""
    return next((one for one in EXCHANGES if one.answers == actor and AT[one.response] >= place), None)


def _lost(exchange: Awaited, follows: Follows, after: float, *, held: bool, stopped: str | None = None) -> Expected:
    return Expected(
        problem=follows.problem,
        after=after,
        since=exchange.within or exchange.request,
        vehicle=follows.vehicle,
        stopped=follows.stopped if stopped is None else stopped,
        held=held,
    )


def _end(problem: tuple[str, Kind] | None, vehicle: str, *, held: bool) -> Expected:
    return Expected(problem=problem, vehicle=vehicle, stopped="StoppedByEV", held=held)


def cells() -> list[tuple[str, Mortal, How]]:
    """Every cell of the grid."""
    return [(message, actor, how) for how in HOWS for actor in ACTORS for message in ORDER]
