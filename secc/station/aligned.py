"""Meter values that keep to the clock: every so many seconds from midnight, whatever happens at the EVSEs (J01)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from pncsim.secc import notices
from pncsim.secc.station import metering
from pncsim.secc.station.outlet import Outlet
from pncsim.secc.station.variables import DeviceModel
from pncsim.wire.clock import Clock
from pncsim.wire.ocpp import v201

if TYPE_CHECKING:
    from pncsim.wire.ocpp.actions import Request
    from pncsim.wire.ocpp.types import v201 as types

DAY = 86_400
INTERVALS = ("Interval", "TxEndedInterval")


class AlignedReadings:
    """Reads the meters of ``outlets`` when AlignedDataCtrlr says so. :meth:`run` works while the station does.

    Within a transaction the values go to ``tell`` as TransactionEvents, or wait for its end (TxEndedInterval); without
    one they are sent by ``send``, and nobody keeps them while the CSMS is away.
    """

    def __init__(
        self,
        model: DeviceModel,
        clock: Clock,
        outlets: Iterable[Outlet],
        *,
        tell: Callable[[list[types.TransactionEventRequest]], None],
        send: Callable[[Request[types.MeterValuesResponse]], None],
    ) -> None:
        self._model, self._clock, self._outlets = model, clock, tuple(outlets)
        self._tell, self._send = tell, send
        self._otherwise = asyncio.Event()

    def look(self) -> None:
        """AlignedDataCtrlr says something else."""
        self._otherwise.set()

    async def run(self) -> None:
        """Read until cancelled."""
        at = 0.0
        while True:
            self._otherwise.clear()
            at = max(at, self._clock.now())  # a timer may be early by a little, and no turn comes twice
            turns = {name: _next(at, self._model.integer("AlignedDataCtrlr", name)) for name in INTERVALS}
            due = min((turn for turn in turns.values() if turn is not None), default=None)
            try:
                async with self._clock.timeout(None if due is None else due - self._clock.now()):
                    await self._otherwise.wait()
            except TimeoutError:
                assert due is not None
                at = due
                if turns["TxEndedInterval"] == due:
                    self._keep(due)
                if turns["Interval"] == due and not self._quiet():
                    self._say(due)

    def _quiet(self) -> bool:
        during_idle = self._model.flag("AlignedDataCtrlr", "SendDuringIdle")
        return during_idle and any(outlet.transaction is not None for outlet in self._outlets)

    def _keep(self, now: float) -> None:
        for outlet, sample in self._samples(now):
            outlet.book.keep_for_end(metering.aligned(self._model, "TxEndedMeasurands", sample))

    def _say(self, now: float) -> None:
        for outlet, sample in self._samples(now):
            values = metering.aligned(self._model, "Measurands", sample)
            if values and outlet.transaction is not None:
                self._tell(outlet.book.by_the_clock(now, values))
            elif values:
                self._send(v201.MeterValues({"evseId": outlet.number, "meterValue": values}))

    def _samples(self, now: float) -> Iterator[tuple[Outlet, notices.MeterSample]]:
        for outlet in self._outlets:
            sample = outlet.sample(now)
            if sample is not None:
                yield outlet, sample


def _next(now: float, every: int) -> float | None:
    """When it is time again for what comes ``every`` so many seconds of a day (UTC); 0: never."""
    if not every:
        return None
    since = now % DAY
    return now - since + min((since // every + 1) * every, DAY)
