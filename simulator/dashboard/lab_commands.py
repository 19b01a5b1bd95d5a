"""What can be asked of a lab while it runs, by name: a row is an async function of the lab with typed parameters.

A dashboard shows them as commands with fields; whoever adds a row here has it in the palette, and over a socket.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Struct

from pncsim.simulator.parameters import Bounds, Parameter, did_you_mean, parameters_of
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

Doing = Callable[..., Awaitable[object]]


class LabCommand(Struct, frozen=True):
    """``title`` says what it does; ``do(lab, **values)`` does it and answers what a person is told, or None."""

    title: str
    do: Doing

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What can be chosen."""
        return parameters_of(self.do, {"Lab": object})


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
    lab: Lab, *, hours: Annotated[float, "hours of lab time that are to pass at once", Bounds(0, 24 * 3660)] = 1.0
) -> str:
    lab.clock.jump(hours * 3600)
    return f"It is {lab.clock.utc():%Y-%m-%d %H:%M} UTC in the lab."


COMMANDS: dict[str, LabCommand] = {
    "stop-charging": LabCommand("Let every station ask its vehicle to stop", stop_charging),
    "move-clock": LabCommand("Move the lab's clock forward", _move_clock),
}
"""Every command by name."""


async def command_on(lab: Lab, name: str, arguments: Mapping[str, str]) -> object:
    """Do a command. Raises LocalError for one there is none of, for arguments it cannot take, and what it raises."""
    command = COMMANDS.get(name)
    if command is None:
        raise LocalError(f"A lab knows no command {name!r}.", advice=did_you_mean(name, COMMANDS))
    return await command.do(lab, **values_of(name, command.parameters, arguments))


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
