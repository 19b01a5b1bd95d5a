"""What can be asked of a lab while it runs, by name: a row is an async function of the lab with typed parameters.

A dashboard shows them as commands with fields; whoever adds a row here has it in the palette, and over a socket.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Struct

from pncsim.simulator.dashboard.ecosystem_commands import (
    conclude_contract,
    end_contract,
    hear_events,
    publish_vehicle,
    renew_contract,
)
from pncsim.simulator.dashboard.pki_commands import (
    ask_responder,
    expire,
    remove_root,
    renew_authorities,
    renew_by_hand,
    revoke_by_hand,
)
from pncsim.simulator.dashboard.reports import FieldTold, LabHello
from pncsim.simulator.parameters import Bounds, Parameter, Secret, did_you_mean, parameters_of
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.backend.csms.csms import Csms
    from pncsim.simulator.lab.lab import Lab

Doing = Callable[..., Awaitable[object]]


class LabCommand(Struct, frozen=True):
    """``title`` says what it does; ``do(lab, **values)`` does it and answers what a person is told, or None.

    Some are asked of the hand that plays instead (:mod:`simulator.by_hand`).
    """

    title: str
    do: Doing

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What can be chosen."""
        return parameters_of(self.do, dict.fromkeys(("Lab", "Hand", "ChargePoint", "Wheel", "Served"), object))


async def stop_charging(lab: Lab) -> str:
    """Every station that has a vehicle in a session asks it to stop, as at the push of its button; what was asked."""
    told = []
    for identity, station in lab.stations.items():
        for evse in station.evses:
            if evse.engine is not None:
                evse.request_stop()
                told.append(f"{identity}/{evse.number}")
    return f"Asked to stop: {', '.join(told)}." if told else ""


async def _move_clock(
    lab: Lab, *, hours: Annotated[float, "Hours of lab time that are to pass at once.", Bounds(0, 24 * 3660)] = 1.0
) -> str:
    lab.clock.jump(hours * 3600)
    return f"It is {lab.clock.utc():%Y-%m-%d %H:%M} UTC in the lab."


_STATION = "The station's identity; empty for the first."


async def _csms(lab: Lab, station: str) -> tuple[Csms, str]:
    """The lab's CSMS of a station, and its identity. Raises LocalError where that is somebody else's."""
    known = {plan.identity: plan for plan in lab.plan.stations if plan.identity in lab.stations}
    identity = station or next(iter(known), "")
    if identity not in known:
        raise LocalError(f"This lab has no station {station!r} now.", advice=did_you_mean(station, known))
    return (await lab.region.back_end(known[identity].csms)).csms, identity


async def _call_station(
    lab: Lab,
    *,
    action: Annotated[str, "The call, as OCPP 2.0.1 names it: TriggerMessage, GetVariables, Reset."] = "TriggerMessage",
    payload: Annotated[str, "What it carries, as JSON."] = '{"requestedMessage": "StatusNotification"}',
    station: Annotated[str, _STATION] = "",
) -> str:
    try:
        carried = msgspec.json.decode(payload or "{}", type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise LocalError(f"The payload of {action} is no JSON object: {error}.") from None
    csms, identity = await _csms(lab, station)
    answer = await csms.call(identity, action, carried)
    return f"{identity} answers {action}: {msgspec.json.encode(answer).decode()[:200]}"


async def _report_variables(lab: Lab, *, station: Annotated[str, _STATION] = "") -> str:
    csms, identity = await _csms(lab, station)
    return f"{identity} is asked for its device model: {await csms.base_report(identity)}."


COMMANDS: dict[str, LabCommand] = {
    "stop-charging": LabCommand("Let every station ask its vehicle to stop", stop_charging),
    "move-clock": LabCommand("Move the lab's clock forward", _move_clock),
    "revoke": LabCommand("Revoke a certificate of the lab's own PKI", revoke_by_hand),
    "expire": LabCommand("Move the lab's clock past the end of a certificate", expire),
    "renew": LabCommand("Have a certificate renewed: a station's, a vehicle's, an authority's", renew_by_hand),
    "remove-root": LabCommand("Take a root out of the root pool", remove_root),
    "ocsp-status": LabCommand("Ask the lab's OCSP responder about a certificate", ask_responder),
    "publish-vehicle": LabCommand("Publish a vehicle in the provisioning pool", publish_vehicle),
    "conclude-contract": LabCommand("Conclude a contract for a vehicle, and have it issued", conclude_contract),
    "renew-contract": LabCommand("Have a contract issued anew", renew_contract),
    "end-contract": LabCommand("End a contract: revoked, refused, out of the pool", end_contract),
    "hear-events": LabCommand("Ask for the events that concern a party", hear_events),
    "call-station": LabCommand("Have the CSMS call a station by any OCPP action", _call_station),
    "report-variables": LabCommand("Have a station report its device model to the CSMS", _report_variables),
    "renew-authorities": LabCommand("Renew the authorities and signers that end within their time", renew_authorities),
}
"""Every command by name."""


async def command_on(
    lab: Any, name: str, arguments: Mapping[str, str], commands: Mapping[str, LabCommand] = COMMANDS
) -> object:
    """Do one of ``commands`` to a lab, or to what they are for. Raises LocalError for one there is none of, for
    arguments it cannot take, and what it raises."""
    command = commands.get(name)
    if command is None:
        known = did_you_mean(name, commands) if commands else "There are none."
        raise LocalError(f"Nobody here knows a command {name!r}.", advice=known)
    return await command.do(lab, **values_of(name, command.parameters, arguments))


def hello_of(name: str, release: str, commands: Mapping[str, LabCommand], *, around: bool = True) -> LabHello:
    """Who speaks, of which release of ours, what can be asked of it, and whether it tells of PKI and services."""
    return LabHello(
        name,
        release,
        commands={name: command.title for name, command in commands.items()},
        fields={name: told for name, command in commands.items() if (told := fields_of(command.parameters))},
        around=around,
    )


def fields_of(parameters: tuple[Parameter, ...]) -> tuple[FieldTold, ...]:
    """Parameters as fields a person types in."""
    return tuple(
        FieldTold(one.name, one.help, shown_default(one), one.choices, any(isinstance(w, Secret) for w in one.words))
        for one in parameters
    )


def shown_default(parameter: Parameter) -> str:
    """The default as it would be typed."""
    value = parameter.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def values_of(of: str, parameters: tuple[Parameter, ...], typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed for parameters, read. Raises LocalError naming the one that is wrong."""
    known = {parameter.name: parameter for parameter in parameters}
    values = {}
    for name, text in typed.items():
        if name not in known:
            raise LocalError(f"{of} has no parameter {name!r}.", advice=did_you_mean(name, known) if known else "")
        try:
            values[name] = known[name].read(text)
        except ValueError as error:
            raise LocalError(f"{of} cannot have that {name}: {error}.") from None
    return values
