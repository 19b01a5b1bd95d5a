"""Cases of the OCPP Compliance Testing Tool, by their published ids: words beside what is done, and calls that count.

What the suites for both ends of OCPP share: a call of the tester is answered as its schema has it, is refused with a
CALLERROR, or the device is not as it has to be.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal, TypeVar

from pncsim.simulator.conformance.case import Case, Condition
from pncsim.simulator.conformance.unlike import Unlike
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp.errors import CallError

A = TypeVar("A")

Playing = Callable[[Any], Awaitable[None]]
"""What a case does at its suite's desk. It raises Unlike for what is not as expected, PeerError for what it did not
come to."""


class OcttCases:
    """The cases of one ``group`` for one ``side``, in the order in which they are written down.

    ``when``: the conditions of all that name none.
    """

    def __init__(self, group: str, side: Literal["CS", "CSMS"] = "CSMS", when: Iterable[Condition] = ()) -> None:
        self._group, self._side, self._when = group, side, tuple(when)
        self.cases: list[Case] = []

    def add(
        self,
        number: str,
        title: str,
        play: Playing | None,
        *,
        use_case: str,
        does: str,
        expects: str,
        given: str = "the station is registered",
        when: Iterable[Condition] | None = None,
        unsuited: str = "",
    ) -> None:
        """The case ``TC_<number>_<side>`` of Part 6. What is done follows ``use_case`` of Part 2."""
        self.cases.append(
            Case(
                id=f"TC_{number}_{self._side}",
                title=title,
                group=self._group,
                source=f"OCPP 2.0.1 Part 2, {use_case} (id of Part 6)",
                precondition=given,
                stimulus=does,
                expectation=expects,
                when=self._when if when is None else tuple(when),
                how=play,
                unsuited=unsuited,
            )
        )


async def answered(action: str, answer: Awaitable[A]) -> A:
    """What a call of ``action`` comes to. Raises Unlike for whatever is not its response, as its schema has it."""
    try:
        return await answer
    except PeerError as error:
        raise Unlike(f"{action} was not answered as it has to be: {error.sentence}") from error


async def refused(action: str, answer: Awaitable[object]) -> str:
    """The code of the CALLERROR that answers a call of ``action``. Raises Unlike for any other answer, or none."""
    try:
        await answer
    except CallError as error:
        return error.code
    except PeerError as error:
        raise Unlike(f"{action} was answered neither yes nor no: {error.sentence}") from error
    raise Unlike(f"{action} was answered as if it were allowed, not with a CALLERROR.")
