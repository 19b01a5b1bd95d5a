"""Cases of the OCPP Compliance Testing Tool, by their published ids: words beside what is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from pncsim.simulator.conformance.case import Case, Condition
from pncsim.simulator.conformance.csms.declared import AT_ONCE

if TYPE_CHECKING:
    from pncsim.simulator.conformance.csms.desk import StationDesk

Playing = Callable[["StationDesk"], Awaitable[None]]
"""What a case does. It raises Unlike for what is not as expected, PeerError for what it did not come to."""


class OcttCases:
    """The cases of one ``group``, in the order in which they are written down."""

    def __init__(self, group: str) -> None:
        self._group = group
        self.cases: list[Case] = []

    def add(
        self,
        number: str,
        title: str,
        play: Playing,
        *,
        use_case: str,
        does: str,
        expects: str,
        given: str = "the station is registered",
        when: Iterable[Condition] = AT_ONCE,
    ) -> None:
        """The case ``TC_<number>_CSMS`` of Part 6. What is done follows ``use_case`` of Part 2."""
        self.cases.append(
            Case(
                id=f"TC_{number}_CSMS",
                title=title,
                group=self._group,
                source=f"OCPP 2.0.1 Part 2, {use_case} (id of Part 6)",
                precondition=given,
                stimulus=does,
                expectation=expects,
                when=tuple(when),
                how=play,
            )
        )
