"""Reports on the device model (use cases B07 and B08)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.variables import Variable as V
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import AndThen, Reply, Row, row
from pncsim.wire.ocpp.when import timestamp

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types

ROWS_PER_REPORT = 20


def _get_base_report(
    station: StationContext, payload: types.GetBaseReportRequest
) -> Reply[types.GetBaseReportResponse]:
    if payload["reportBase"] == "SummaryInventory":
        return {"status": "NotSupported"}
    rows = station.model.report(configuration_only=payload["reportBase"] == "ConfigurationInventory")
    return AndThen({"status": "Accepted"}, lambda: _report(station, payload["requestId"], rows))


def _get_report(station: StationContext, payload: types.GetReportRequest) -> Reply[types.GetReportResponse]:
    wanted = payload.get("componentVariable")
    rows = station.model.report(configuration_only=False) if wanted is None else station.model.report_on(wanted)
    if not rows:
        return {"status": "EmptyResultSet"}
    return AndThen({"status": "Accepted"}, lambda: _report(station, payload["requestId"], rows))


async def _report(station: StationContext, request_id: int, rows: list[types.ReportDataType]) -> None:
    """NotifyReport in parts, seqNo from 0, ``tbc`` true except in the last (B07)."""
    moment = timestamp(station.clock.now())
    for number, start in enumerate(range(0, len(rows), ROWS_PER_REPORT)):
        part: types.NotifyReportRequest = {
            "requestId": request_id,
            "generatedAt": moment,
            "seqNo": number,
            "tbc": start + ROWS_PER_REPORT < len(rows),
            "reportData": rows[start : start + ROWS_PER_REPORT],
        }
        await station.ask(v201.NotifyReport(part), triggered=True)


HANDLERS: tuple[Row[StationContext], ...] = (
    row(v201.GetBaseReport, _get_base_report),
    row(v201.GetReport, _get_report),
)

VARIABLES = (
    V("DeviceDataCtrlr", "ItemsPerMessage", "integer", "ReadOnly", "50", "", "GetReport"),
    V("DeviceDataCtrlr", "BytesPerMessage", "integer", "ReadOnly", "65536", "", "GetReport"),
)
