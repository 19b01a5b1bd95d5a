"""What a fault is, how a person names one, and how it is applied to a lab and judged.

``NAME``, ``NAME:value,...`` (its parameters in order) or ``NAME:parameter=value,...``; ``NAME@EV-2:...`` addresses one
vehicle, station or CSMS by what it is called in the lab. Without an address a fault meets every one of its kind. Each
is met once in a run, however often a vehicle is plugged in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from pncsim.simulator.faults.answers import Observation
from pncsim.simulator.faults.deeds import DeedForm
from pncsim.simulator.meant import meant
from pncsim.simulator.parameters import Parameter, parameters_of
from pncsim.simulator.result import Check, check_name
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab
    from pncsim.wire.trace import Event

Observations = tuple[Observation, ...]

FaultGroup = Literal[
    "certificates", "OCSP", "TLS", "EXI and V2GTP", "messages", "contract delivery", "OCPP", "HTTP", "process"
]
FaultPlace = Literal["vehicle", "station", "CSMS", "pool", "responder", "operator", "caller", "any"]
"""Who does, or suffers, what is wrong."""


class Fault(Struct, frozen=True, kw_only=True):
    """One row of the catalogue: what is disturbed, and what the standard answers to it.

    ``title`` may name parameters in braces. ``group``: what it is about; ``place``: at whom. ``deed`` does it;
    ``answer`` is what has to be seen, or a function of the parameters that says so. ``scenario`` is one that meets it,
    likewise. ``survived``: the session still ends in order, so the run may pass.
    """

    name: str
    title: str
    group: FaultGroup
    place: FaultPlace | Callable[..., FaultPlace]
    answer: Observations | Callable[..., Observations]
    deed: DeedForm
    scenario: str | Callable[..., str] = "pnc-ac"
    survived: bool = False

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What can be chosen."""
        return parameters_of(self.deed, {"Lab": object})

    def chosen(self, where: str = "", **values: Any) -> Chosen:
        """This fault with ``values`` for its parameters, the others as declared."""
        return Chosen(self, where, {p.name: p.default for p in self.parameters} | values)


class Chosen(Struct, frozen=True):
    """A fault of a run: where it strikes ("" everywhere) and with which values of its parameters."""

    fault: Fault
    where: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        changed = [f"{p.name}={self.values[p.name]}" for p in self.fault.parameters if self.values[p.name] != p.default]
        where = f"@{self.where}" if self.where else ""
        return self.fault.name + where + (f":{','.join(changed)}" if changed else "")

    @property
    def title(self) -> str:
        """What is disturbed."""
        return self.fault.title.format(**self.values)

    @property
    def answer(self) -> Observations:
        """What has to be seen."""
        answer = self.fault.answer
        return answer if isinstance(answer, tuple) else answer(**self.values)

    @property
    def place(self) -> FaultPlace:
        """At whom it strikes."""
        place = self.fault.place
        return place if isinstance(place, str) else place(**self.values)

    @property
    def clause(self) -> str:
        """What demands the answer: clauses, each once."""
        return ", ".join(dict.fromkeys(answer.clause for answer in self.answer if answer.clause))

    @property
    def answer_text(self) -> str:
        """What has to be seen, for people."""
        return "; ".join(map(str, self.answer))

    @property
    def scenario(self) -> str:
        """The name of a scenario that meets it."""
        scenario = self.fault.scenario
        return scenario if isinstance(scenario, str) else scenario(**self.values)

    def apply(self, lab: Lab) -> None:
        """Disturb ``lab``, which has not begun yet. To be called once."""
        self.fault.deed(lab, self.where, **self.values)


class FaultJudge:
    """A reader of the trace that looks for what the standard answers to ``faults``."""

    def __init__(self, faults: Iterable[Chosen]) -> None:
        self._wanted = [(fault, answer) for fault in faults for answer in fault.answer]
        self._seen = [False] * len(self._wanted)
        self._units: set[str] = set()

    def __call__(self, event: Event) -> None:
        """See whether ``event`` is an answer that was not seen yet."""
        self._units.add(event.unit)
        for number, (_, answer) in enumerate(self._wanted):
            if not self._seen[number] and answer.met(event):
                self._seen[number] = True

    def checks(self) -> list[Check]:
        """One for each answer, in the order of the faults."""
        return [
            Check(
                f"{fault} is answered: {answer}",
                seen,
                "" if seen else self._missed(fault),
                str(fault),
                id=f"{fault.fault.name}/{check_name(str(answer))}",
                clause=answer.clause or fault.clause,
            )
            for (fault, answer), seen in zip(self._wanted, self._seen, strict=True)
        ]

    def _missed(self, fault: Chosen) -> str:
        if fault.where and fault.where not in self._units:
            return f"nobody called {fault.where} took part"
        return f"no such thing; {fault.scenario} meets it"


def read_fault(text: str, table: Mapping[str, Fault]) -> Chosen:
    """The fault that a person has named. Raises LocalError saying what there is instead."""
    called, _, said = text.partition(":")
    name, _, where = called.partition("@")
    fault = table.get(name)
    if fault is None:
        advice = f"{meant(name, table)} `pnc list --faults` names them.".lstrip()
        raise LocalError(f"There is no fault {name!r}.", advice=advice)
    values = {}
    for number, part in enumerate(said.split(",") if said else ()):
        key, given, value = part.partition("=")
        if not given and number < len(fault.parameters):
            key, value = fault.parameters[number].name, part
        parameter = next((p for p in fault.parameters if p.name == key), None)
        if parameter is None:
            known = ", ".join(p.name for p in fault.parameters) or "none"
            raise LocalError(f"The fault {name} has no parameter {key!r}; it has {known}.")
        try:
            values[key] = parameter.read(value)
        except ValueError as error:
            raise LocalError(f"The fault {name} cannot have that {key}: {error}.") from None
    return fault.chosen(where, **values)
