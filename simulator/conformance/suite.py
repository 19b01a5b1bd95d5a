"""What a suite is, and what its cases are run against."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from msgspec import Struct, field

from pncsim.simulator.conformance.case import Case, Finding, Mutant
from pncsim.simulator.conformance.pics import Declaration, Pics, near, usual
from pncsim.simulator.parameters import AtTarget, parameters_of
from pncsim.simulator.settings import Transport
from pncsim.wire.errors import LocalError


class NoOptions(Struct, frozen=True, kw_only=True):
    """A suite that can be told nothing of its own."""


class Bench(Struct, frozen=True, kw_only=True):
    """What cases are run against: somebody's device at ``target``, or ours ("").

    ``options``: the suite's own, as its struct has them. ``evidence``: below which folder each case leaves a bundle.
    ``mutant``: the name of the wrong device of ours that takes the place of the right one. ``asks``: somebody reads on
    standard error what is to be done next at the device.
    """

    target: str = ""
    pics: Pics = field(default_factory=Pics)
    options: Struct = field(default_factory=NoOptions)
    evidence: Path | None = None
    seed: str | None = None
    mutant: str = ""
    asks: bool = False


def anything(bench: Bench) -> None:
    """No bench is refused."""


def ahead_for_ours(bench: Bench) -> Transport:
    """Time runs ahead for a device of ours, which is met in memory; somebody else's takes its own."""
    return "loopback" if bench.target else "memory"


def made_wrong(bench: Bench, mutants: Mapping[str, Mutant]) -> AbstractContextManager[None]:
    """While in the body our device is the wrong one that ``bench`` names, if it names one.

    For suites whose mutants' ``made`` makes a context, as those of :mod:`simulator.conformance.put` do.
    """
    return mutants[bench.mutant].made() if bench.mutant else nullcontext()


def nothing(bench: Bench) -> str:
    """Nobody is waited for, and nothing is missing."""
    return ""


class Suite(Struct, frozen=True, kw_only=True):
    """A suite: its cases, what it asks of a device, and how one of its cases is run.

    ``drive(case, bench)`` runs on a loop of the kind ``transport(bench)``; it brings the device to the precondition,
    gives the stimulus and says what it has found. It raises LocalError for what cannot be done here. ``options``: a
    struct whose annotated fields become options of the command (:mod:`simulator.parameters`). ``targets``: what a
    target is, for the help. ``check(bench)`` raises LocalError for a target or a file
    with which no case could be run. ``foretells(bench)``: what whoever brings a device to a target has to know before
    the first case, in sentences: for whom the tester waits, and what can come to nothing.
    ``own``: what the device of ours is called, which is run where no target is given.
    ``mutants``: wrong devices of ours by name; ``unkilled``: why none of them can fail a case, where that is so.
    """

    name: str
    title: str
    cases: tuple[Case, ...]
    declarations: tuple[Declaration, ...]
    drive: Callable[[Case, Bench], Awaitable[Finding]]
    own: str
    targets: str
    transport: Callable[[Bench], Transport] = ahead_for_ours
    options: type[Struct] = NoOptions
    mutants: Mapping[str, Mutant] = field(default_factory=dict)
    check: Callable[[Bench], None] = anything
    foretells: Callable[[Bench], str] = nothing
    unkilled: Mapping[str, str] = field(default_factory=dict)

    @property
    def usual(self) -> Pics:
        """What our own device declares."""
        return usual(self.declarations)

    def own_bench(self, *, mutant: str = "") -> Bench:
        """Our own device as it is, or one of its mutants."""
        return Bench(pics=self.usual, options=self.options(), mutant=mutant)

    def case(self, id: str) -> Case:
        """The case of that id. Raises LocalError if there is none."""
        for one in self.cases:
            if one.id == id:
                return one
        advice = near(id, [one.id for one in self.cases]) or f"`pnc conformance {self.name} --list` names them."
        raise LocalError(f"The suite {self.name} has no case {id!r}.", advice=advice)

    def misuse(self, bench: Bench) -> str:
        """What ``bench`` says that could mean nothing there, as a sentence; "" if all of it means something."""
        if bench.target and bench.seed is not None:
            return "--seed is for devices of ours: nobody can draw for somebody's"
        if bench.target:
            return "A wrong device of ours cannot stand in for that at a target." if bench.mutant else ""
        for one in parameters_of(self.options):
            if AtTarget() in one.words and getattr(bench.options, one.name) != one.default:
                name = one.name.replace("_", "-")
                return f"--{name} is about somebody's device: say by --target where that is"
        return ""
