"""Stations with a device model that is wrong: one rule, handler or variable replaced."""

from __future__ import annotations

from typing import Any

from pncsim.secc.station import station
from pncsim.secc.station.blocks import BLOCKS, reporting
from pncsim.secc.station.context import StationContext
from pncsim.secc.station.variables import DeviceModel
from pncsim.simulator.conformance.put import wrong
from pncsim.simulator.conformance.station.wrong import answering, declaring, ids
from pncsim.wire.ocpp import v201

_got, _set, _find, _reported_all = DeviceModel._got, DeviceModel._set, DeviceModel._find, DeviceModel.report


def _first_got(model: DeviceModel, wanted: Any) -> Any:
    return [_got(model, wanted[0])]


def _first_set(model: DeviceModel, wanted: Any) -> Any:
    return [_set(model, wanted[0])]


def _without_value(model: DeviceModel, item: Any) -> Any:
    result = _got(model, item)
    result.pop("attributeValue", None)
    return result


def _written_nowhere(model: DeviceModel, item: Any) -> Any:
    result = _set(model, item)
    model._written.clear()
    return result


def _found_as(instead: str, unlike: str) -> Any:
    def find(model: DeviceModel, item: Any) -> Any:
        found = _find(model, item)
        return instead if found == unlike else found

    return find


def _whatever_attribute(model: DeviceModel, item: Any) -> Any:
    actual: Any = {key: value for key, value in item.items() if key != "attributeType"}
    return _find(model, actual)


def _all_of_it(model: DeviceModel, *, configuration_only: bool) -> Any:
    return _reported_all(model, configuration_only=False)


def _without_heartbeats(model: DeviceModel, *, configuration_only: bool) -> Any:
    rows = _reported_all(model, configuration_only=configuration_only)
    return [row for row in rows if row["component"]["name"] != "OCPPCommCtrlr"]


async def _numbered_from_one(context: StationContext, request_id: int, rows: Any) -> None:
    part: Any = {"requestId": request_id, "generatedAt": "2026-01-01T00:00:00Z", "seqNo": 1, "reportData": rows[:1]}
    await context.ask(v201.NotifyReport(part), triggered=True)


WRONG = wrong(
    ("first-read", "of several variables it reads the first", DeviceModel, "get_variables", _first_got, ids("B_07")),
    (
        "first-written",
        "of several variables it writes the first",
        DeviceModel,
        "set_variables",
        _first_set,
        ids("B_10"),
    ),
    (
        "no-values",
        "variables are read without their value",
        DeviceModel,
        "_got",
        _without_value,
        ids("B_06 B_07 B_09 B_10"),
    ),
    ("no-memory", "what is written is forgotten", DeviceModel, "_set", _written_nowhere, ids("B_09 B_10")),
    (
        "knows-components",
        "it knows every component",
        DeviceModel,
        "_find",
        _found_as("UnknownVariable", "UnknownComponent"),
        ids("B_32 B_35"),
    ),
    (
        "knows-no-component",
        "a component whose variable it lacks is unknown to it",
        DeviceModel,
        "_find",
        _found_as("UnknownComponent", "UnknownVariable"),
        ids("B_33 B_36"),
    ),
    ("any-attribute", "every attribute is Actual", DeviceModel, "_find", _whatever_attribute, ids("B_34 B_37")),
    (
        "any-value",
        "variables take whatever is written",
        station,
        "BLOCKS",
        tuple(
            block._replace(
                variables=tuple(row._replace(kind="string", limits=None, options=()) for row in block.variables)
            )
            for block in BLOCKS
        ),
        ids("B_11 A_10"),
    ),
    (
        "profile-written",
        "SecurityProfile can be written",
        station,
        "BLOCKS",
        declaring("SecurityCtrlr", "SecurityProfile", access="ReadWrite"),
        ids("B_39"),
    ),
    ("reports-all", "the ConfigurationInventory is the FullInventory", DeviceModel, "report", _all_of_it, ids("B_12")),
    (
        "reports-less",
        "a controller is left out of reports",
        DeviceModel,
        "report",
        _without_heartbeats,
        ids("B_13 B_53"),
    ),
    (
        "without-clock",
        "it has no ClockCtrlr",
        station,
        "BLOCKS",
        tuple(
            block._replace(variables=tuple(row for row in block.variables if row.component != "ClockCtrlr"))
            for block in BLOCKS
        ),
        ids("B_53"),
    ),
    (
        "reports-from-1",
        "reports begin with the seqNo 1",
        reporting,
        "_report",
        _numbered_from_one,
        ids("B_12 B_13 B_53"),
    ),
    (
        "any-report",
        "it accepts every report base",
        station,
        "BLOCKS",
        answering("GetBaseReport", lambda _, payload: {"status": "Accepted"}),
        ids("B_15 B_12 B_13 B_53"),
    ),
)
