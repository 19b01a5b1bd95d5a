"""What a scenario is: an async function over a lab, with a declaration.

A scenario reads like the use case it shows. It never scripts the message flow (the actors run their own state
machines); it says who takes part, what they hold, what is disturbed and what must be observed. Its keyword parameters
are the options a person sees (:mod:`simulator.parameters`).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Literal

from msgspec import Struct

from pncsim.simulator.parameters import Parameter, parameters_of
from pncsim.simulator.plan import USUAL, Plan
from pncsim.wire.errors import LocalError

Energy = Literal["ac", "dc"]

CHARIN = "CharIN, Plug & Charge PKI interoperability guide 1.0 (2023-04-30)"
OCPP = "OCPP 2.0.1, Part 2 edition 3"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class UseCase(Struct, frozen=True, kw_only=True):
    """The published use case a scenario shows: its ``id`` in ``source``, who acts, and what has to be so before.

    ``part``: one way through it, or one exception to it; what it demands as a whole another scenario shows.
    """

    id: str
    actors: tuple[str, ...]
    preconditions: tuple[str, ...] = ()
    source: str = CHARIN
    part: bool = False


class Scenario(Struct, frozen=True):
    """A declared scenario. ``clauses`` are requirement or use-case ids; ``run`` raises PncError if it cannot go on.

    ``fresh_station``: the station boots without a V2G certificate and requests one, even where a PKI folder has one.
    ``plan``: who takes part. ``use_case``: what it shows, where that is one somebody has published.
    """

    name: str
    title: str
    clauses: tuple[str, ...]
    run: Callable[..., Awaitable[None]]
    fresh_station: bool = False
    plan: Plan = USUAL
    use_case: UseCase | None = None

    @property
    def shown(self) -> str:
        """The id of the use case it shows as a whole; empty if there is none."""
        return self.use_case.id if self.use_case is not None and not self.use_case.part else ""

    @property
    def story(self) -> str:
        """The function's docstring: what happens and what must be seen."""
        return inspect.getdoc(self.run) or ""

    @property
    def options(self) -> tuple[Parameter, ...]:
        """The typed parameters after the lab, in declaration order."""
        # The lab's own type is imported for type checkers only: naming a scenario must not build the lab's modules.
        return parameters_of(self.run, {"Lab": object})


def scenario(
    name: str,
    *,
    title: str,
    clauses: tuple[str, ...] = (),
    fresh_station: bool = False,
    plan: Plan = USUAL,
    use_case: UseCase | None = None,
) -> Callable[[Callable[..., Awaitable[None]]], Scenario]:
    """Declare the decorated coroutine function as the scenario ``name``: letters, digits, dots and hyphens.

    Raises LocalError for a name that is none, which evidence and commands could not carry, and for another function.
    """
    if not _NAME.fullmatch(name):
        raise LocalError(f"{name!r} is no name for a scenario: letters, digits, dots and hyphens are, as in pnc-ac.")

    def declare(run: Callable[..., Awaitable[None]]) -> Scenario:
        if not inspect.iscoroutinefunction(run):
            raise LocalError(f"The scenario {name} is no coroutine function: write `async def`.")
        return Scenario(name, title, clauses, run, fresh_station, plan, use_case)

    return declare
