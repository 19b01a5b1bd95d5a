"""One EVSE as the station's OCPP side sees it: its connectors, its transactions, and who may charge there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pncsim.secc import notices
from pncsim.secc.questions import (
    BackEndAnswer,
    ContractAuthorization,
    ContractCertificateRequest,
    ExternalAuthorization,
    SchedulesWanted,
)
from pncsim.secc.station import metering
from pncsim.secc.station.authorization import Authorizer
from pncsim.secc.station.planning import SchedulePlanner
from pncsim.secc.station.tokens import ShownToken
from pncsim.secc.station.transactions import OpenTransaction, TransactionBook
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


class Outlet:
    """EVSE ``number``. ``told(outlet, notice)`` is called with everything :meth:`note` was.

    ``stop(sentence)`` has the EVSE end its session, ``restart()`` has it start anew, ``identified()`` tells it that a
    driver has identified, ``renegotiate()`` has it ask the vehicle for another plan; all are the EVSE's to set.
    """

    def __init__(
        self,
        number: int,
        connectors: int,
        book: TransactionBook,
        authorizer: Authorizer,
        planner: SchedulePlanner,
        told: Callable[[Outlet, object], None],
    ) -> None:
        self.number = number
        self.connectors = range(1, connectors + 1)
        self.book = book
        self.authorizer, self.planner = authorizer, planner
        self.stop: Callable[[str], None] | None = None
        self.restart: Callable[[], None] | None = None
        self.reading: Callable[[], int] | None = None
        self.identified: Callable[[], None] | None = None
        self.renegotiate: Callable[[], None] | None = None
        self.plugged = 0
        """The connector that is plugged in, 0 for none."""
        self.watts = 0.0
        self.reset_due = False
        self._renegotiated = ""
        self._told = told
        self._reported: dict[int, str] = {}

    def status(self, connector: int) -> types.ConnectorStatusEnumType:
        """ConnectorStatusEnumType of a connector."""
        return "Occupied" if connector == self.plugged else "Available"

    def reported(self, connector: int, status: str) -> None:
        """The CSMS is told; an empty ``status``: it was not."""
        self._reported[connector] = status

    def unreported(self) -> list[int]:
        """The connectors whose status the CSMS does not know."""
        return [c for c in self.connectors if self._reported.get(c) != self.status(c)]

    @property
    def transaction(self) -> OpenTransaction | None:
        """The transaction that is open here, if any."""
        return self.book.open

    @property
    def wants_card(self) -> bool:
        """A vehicle is plugged in and nobody has identified for it."""
        return bool(self.plugged) and (self.book.open is None or self.book.open.token is None)

    def present(self, shown: ShownToken) -> None:
        """A driver identifies here."""
        if shown.remote_start is not None:
            self.book.remote_started(shown.remote_start)
        self.authorizer.present(shown)
        if self.identified is not None:
            self.identified()

    async def answer(self, question: object) -> BackEndAnswer:
        """Answer a question of the SECC engine. What goes wrong is in the answer's text, not raised."""
        match question:
            case ContractAuthorization():
                return await self.authorizer.contract(question)
            case ExternalAuthorization():
                answer, self.book.token_kind = await self.authorizer.external()
                return answer
            case ContractCertificateRequest():
                return await self.authorizer.contract_certificate(question)
            case SchedulesWanted():
                return await self.planner.schedules(question, self.book.open.id if self.book.open is not None else "")
        raise LocalError(f"The station was asked {type(question).__name__}, which it does not know.")

    def note(self, notice: object) -> None:
        """Take note of what happened at the EVSE: TransactionEvents and connector status follow from it."""
        if type(notice) is notices.PluggedIn:
            self.plugged = notice.connector
            if self.authorizer.arrived() is None:
                self.book.remote_started(None)
        elif type(notice) is notices.Unplugged:
            self.plugged = 0
            self.authorizer.left()
        elif type(notice) is notices.MeterSample:
            self.watts = notice.watts
        elif type(notice) is notices.ChargingStopped:
            self.watts = 0.0
        self._told(self, notice)

    def sample(self, now: float) -> notices.MeterSample | None:
        """The meter now, with what flows as it was last told; None where nobody can read it."""
        if self.reading is None:
            return None
        last = None if self.book.open is None else self.book.open.sample
        if last is None or not self.watts:
            return metering.still(now, self.reading(), last)
        return replace(last, time=now, register_wh=self.reading())

    async def tell_plan(self, plan: notices.VehiclePlanned) -> None:
        """K15: what the CSMS has something against is negotiated again, once in a transaction."""
        if await self.planner.planned(plan) or self.book.open is None or self.renegotiate is None:
            return
        if self._renegotiated != self.book.open.id:
            self._renegotiated = self.book.open.id
            self.renegotiate()

    def end(self, trigger: types.TriggerReasonEnumType, reason: types.ReasonEnumType, sentence: str) -> bool:
        """Have the EVSE end its session; the transaction then ends for this triggerReason and stoppedReason."""
        if self.book.open is None or self.stop is None:
            return False
        self.book.stopping(trigger, reason)
        self.stop(sentence)
        return True
