"""Actors that are killed or fall silent in the middle of a session, and what the tables of the grid expect of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.faults.answers import Reports
from pncsim.simulator.faults.fault import Fault, FaultPlace, Observations
from pncsim.simulator.lab.lives.life import RESTART, SILENCE, How, Strike
from pncsim.simulator.parameters import Bounds, did_you_mean
from pncsim.wire.errors import Kind, LocalError

if TYPE_CHECKING:
    from pncsim.simulator.faults.deeds import DeedForm
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.lab.plug_in import PlugIn

Who = Annotated[str, "Who: EV, SECC (the station), CSMS, CCP, MO, or OCSP (the responder)."]
AtMessage = Annotated[str, "As it is about to be sent for the first time; docs/grid.md names them."]
Away = Annotated[float, "Seconds until it is there again.", Bounds(0.0, 86_400.0)]


def _killed(
    lab: Lab,
    where: str,
    /,
    *,
    actor: Who = "SECC",
    message: AtMessage = "AuthorizationReq",
    seconds: Away = RESTART,
) -> None:
    """It loses its memory and its connections, and begins anew with what it had stored."""
    _strike(lab, where, "killed", actor, message, seconds)


def _silent(
    lab: Lab,
    where: str,
    /,
    *,
    actor: Who = "SECC",
    message: AtMessage = "AuthorizationReq",
    seconds: Away = SILENCE,
) -> None:
    """It says nothing any more."""
    _strike(lab, where, "silent", actor, message, seconds)


def _strike(lab: Lab, where: str, how: How, actor: str, message: str, seconds: float) -> None:
    from pncsim.simulator.grid.expected import ACTORS
    from pncsim.simulator.grid.tables import AT

    who = next((one for one in ACTORS if one == actor), None)
    if who is None:
        raise LocalError(f"No actor is called {actor!r} here.", advice=did_you_mean(actor, ACTORS))
    if message not in AT:
        raise LocalError(f"No message is called {message!r} here.", advice=did_you_mean(message, AT))
    if where:
        raise LocalError(f"{how} names its actor itself, and has no address.", advice="Leave out @….")
    if len(lab.plan.stations) != 1 or lab.plan.several:
        raise LocalError(f"{how} is for one vehicle at one station; {len(lab.plan.stations)} are planned here.")
    if lab.settings.transport != "memory":
        raise LocalError(
            "Actors are killed and silenced in memory alone: on sockets all of them are one process.",
            advice="Say --transport memory.",
            kind="elsewhere",
        )

    async def forget(plug_in: PlugIn) -> None:
        plug_in.back.ecosystem.ocsp.forget()

    if who == "OCSP":  # or it would not be asked within the hour
        lab.hooks.once("csms", "", forget)
    lab.lives.arm(Strike(who, how, message, 1, seconds))
    before = lab.through
    lab.through = lambda network: lab.lives.on(before(network))


def _answered(how: How, actor: str, message: str) -> Observations:
    from pncsim.simulator.grid.expected import ACTORS, expected
    from pncsim.simulator.grid.tables import AT

    who = next((one for one in ACTORS if one == actor), None)
    problem = expected(message, who, how).problem if who is not None and message in AT else None
    return () if problem is None else (Reports(*problem, _CLAUSES[problem]),)


_CLAUSES: dict[tuple[str, Kind], str] = {
    ("EV", "silent"): "Table 109",
    ("SECC", "silent"): "V2G2-443",
    ("EV", "closed"): "RFC 9293 3.5.2",
    ("SECC", "closed"): "RFC 9293 3.5.2",
    ("EV", "payment selection"): "OCPP ContractValidationOffline",
    ("EV", "unspecific"): "OCPP StopTxOnInvalidId",
    ("SECC", "no contract"): "Table 112",
    ("SECC", "not authorised"): "OCPP ContractValidationOffline",
    ("SECC", "contract cancelled"): "C07.FR.14",
    ("SECC", "refused"): "CCP-GET-2",
}
"""What demands that somebody notices, by who does and what."""

_PLACES: dict[str, FaultPlace] = {
    "EV": "vehicle",
    "SECC": "station",
    "CSMS": "CSMS",
    "CCP": "pool",
    "MO": "operator",
    "OCSP": "responder",
}


def _place(actor: str, message: str, seconds: float) -> FaultPlace:
    return _PLACES.get(actor, "any")


def _met_by(actor: str, message: str, seconds: float) -> str:
    from pncsim.simulator.grid.tables import AT

    here = AT.get(message, 0)
    installs = AT["CertificateInstallationReq"] <= here <= AT["CertificateInstallationRes"]
    return "install-contract" if installs or actor in ("CCP", "OCSP") else "pnc-ac"


def _taken(how: How, deed: DeedForm, title: str) -> Fault:
    def answer(actor: str, message: str, seconds: float) -> Observations:
        return _answered(how, actor, message)

    return Fault(name=how, title=title, group="process", place=_place, answer=answer, scenario=_met_by, deed=deed)


ROWS = (
    _taken(
        "killed", _killed, "as {message} is about to be sent, {actor} is killed, and begins anew {seconds:g} s later"
    ),
    _taken("silent", _silent, "from {message} on {actor} says nothing for {seconds:g} s"),
)
