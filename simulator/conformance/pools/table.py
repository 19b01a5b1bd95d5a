"""Requirements become cases: the id is the requirement's own, and the words stand beside what is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from pncsim.simulator.conformance.case import Case, Condition

if TYPE_CHECKING:
    from pncsim.simulator.conformance.pools.desk import TestDesk

SOURCE = "Open Plug&Charge 1.0.0"
CHARIN = "CharIN PKI interoperability guide 1.0"

Testing = Callable[["TestDesk"], Awaitable[None]]
"""What a case does at its desk. It raises Unlike for what is not as demanded, PeerError for what it did not come to."""


class Requirements:
    """The cases of one part (``group``) of the list of requirements, in the order in which they are written down."""

    def __init__(self, group: str) -> None:
        self._group = group
        self.cases: list[Case] = []

    def demands(
        self,
        id: str,
        expectation: str,
        *,
        given: str,
        does: str,
        source: str = SOURCE,
        when: Iterable[Condition] = (),
    ) -> Callable[[Testing], Testing]:
        """A case of the requirement ``id``: ``given`` this, the tester ``does`` that, and ``expectation`` is seen."""

        def row(play: Testing) -> Testing:
            self.cases.append(
                Case(
                    id=id,
                    title=expectation,
                    group=self._group,
                    source=source,
                    precondition=given,
                    stimulus=does,
                    expectation=expectation,
                    when=tuple(when),
                    how=play,
                )
            )
            return play

        return row

    def unseen(self, why: str, **titles: str) -> None:
        """Requirements that nobody can see from outside, for the same reason; ``PCP_PUB_7`` names PCP-PUB-7."""
        for name, title in titles.items():
            self.cases.append(
                Case(
                    id=name.replace("_", "-"),
                    title=title,
                    group=self._group,
                    source=SOURCE,
                    precondition="",
                    stimulus="",
                    expectation=title,
                    unsuited=why,
                )
            )
