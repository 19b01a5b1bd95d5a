"""What a case of a suite is: a short declaration, and the verdicts it can come to.

The words of a case are for people; ``how`` is what its suite makes of it: data of the suite's own, which its driver
reads. A device declares what it is and does (:mod:`simulator.conformance.pics`); a case whose conditions do not hold
for it is not applicable.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from msgspec import Struct

from pncsim.simulator.conformance.said import Uttered


class CaseVerdict(StrEnum):
    """What a case came to.

    ``INCONCLUSIVE``: the device was not brought to where the case begins. ``ERROR``: the case could not be run, as
    where the device cannot be reached; never a pass. ``EXPECTED``: it failed, as the PICS file says with a reason.
    ``FLAKY``: it passed, but not at the first attempt.
    """

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    NOT_APPLICABLE = "not applicable"
    EXPECTED = "expected failure"
    FLAKY = "flaky"


class Condition(Struct, frozen=True):
    """A case applies if the device has declared ``value``, among others, for ``name``; ``unlike``: if it has not."""

    name: str
    value: str
    unlike: bool = False

    def __str__(self) -> str:
        return f"{self.name} is {'not ' if self.unlike else ''}{self.value}"


class Case(Struct, frozen=True, kw_only=True):
    """One case. ``id`` is its published one where it has one; ``group`` what it is reported under.

    ``source``: what demands it. ``precondition``, ``stimulus``, ``expectation``: how far the device is brought, what it
    is given then, what it has to do. ``unsuited``: why nobody can run it from here; empty for nearly all.
    """

    id: str
    title: str
    group: str
    source: str
    precondition: str
    stimulus: str
    expectation: str
    when: tuple[Condition, ...] = ()
    how: Any = None
    unsuited: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """What it can be selected by."""
        return (self.id, self.group, self.title, *map(str, self.when))


class Finding(Struct, frozen=True):
    """What one attempt has shown: a verdict, and why, with what was seen, as a sentence.

    ``unreached``: the device did not answer at all, so that no other case needs to be tried. ``evidence``: the folder
    of its bundle, empty where none was kept. ``since``: lab time at which the step of the case was taken, None where
    there is none or it has not come to that. ``said``: what was said then (:mod:`simulator.conformance.said`).
    """

    verdict: CaseVerdict
    why: str = ""
    unreached: bool = False
    evidence: str = ""
    since: float | None = None
    said: tuple[Uttered, ...] = ()


class Mutant(Struct, frozen=True, kw_only=True):
    """A device of ours that is wrong in one point. ``kills``: the ids of the cases it makes fail.

    ``made`` is what the suite's driver puts in the place of the right thing.
    """

    name: str
    title: str
    kills: tuple[str, ...]
    made: Callable[..., Any]
