"""The device model: reading and writing variables, and reports."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.station.declared import has, lacks
from pncsim.simulator.conformance.station.desk import CsmsDesk
from pncsim.simulator.conformance.station.required import REQUIRED
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.wire.ocpp import v201

VARIABLES = OcttCases("device model", "CS")
CASES = VARIABLES.cases

REPORT_WITHIN = 60.0


class AskedVariable(NamedTuple):
    """A variable that is read, or (``value``) written, and what has to be said about it."""

    component: str
    variable: str
    status: str = "Accepted"
    value: str = ""
    attribute: str = ""


OF_NOBODY = "NoComponentOfAnybody"
RETRIES = ("OCPPCommCtrlr", "OfflineThreshold")

_READ: Sequence[tuple[str, str, tuple[AskedVariable, ...]]] = (
    ("B_06", "Get Variables: single value", (AskedVariable(*RETRIES),)),
    (
        "B_07",
        "Get Variables: multiple values",
        (AskedVariable(*RETRIES), AskedVariable("AuthCtrlr", "AuthorizeRemoteStart")),
    ),
    ("B_32", "Get Variables: Unknown component", (AskedVariable(OF_NOBODY, "OfflineThreshold", "UnknownComponent"),)),
    ("B_33", "Get Variables: Unknown variable", (AskedVariable("OCPPCommCtrlr", "NoVariable", "UnknownVariable"),)),
    (
        "B_34",
        "Get Variables: Not supported attribute type",
        (AskedVariable(*RETRIES, "NotSupportedAttributeType", attribute="Target"),),
    ),
)
_WRITTEN: Sequence[tuple[str, str, tuple[AskedVariable, ...]]] = (
    ("B_09", "Set Variables: single value", (AskedVariable(*RETRIES, value="123"),)),
    (
        "B_10",
        "Set Variables: multiple values",
        (AskedVariable(*RETRIES, value="123"), AskedVariable("AuthCtrlr", "AuthorizeRemoteStart", value="true")),
    ),
    (
        "B_35",
        "Set Variables: Unknown component",
        (AskedVariable(OF_NOBODY, "OfflineThreshold", "UnknownComponent", "123"),),
    ),
    (
        "B_36",
        "Set Variables: Unknown variable",
        (AskedVariable("OCPPCommCtrlr", "NoVariable", "UnknownVariable", "123"),),
    ),
    (
        "B_37",
        "Set Variables: Not supported attribute type",
        (AskedVariable(*RETRIES, "NotSupportedAttributeType", "123", "Target"),),
    ),
    ("B_11", "Set Variables: invalidly formatted values", (AskedVariable(*RETRIES, "Rejected", "no number"),)),
    ("B_39", "Set Variables: Read-only", (AskedVariable("SecurityCtrlr", "SecurityProfile", "Rejected", "1"),)),
)


def _item(asked: AskedVariable) -> Any:
    item: dict[str, Any] = {"component": {"name": asked.component}, "variable": {"name": asked.variable}}
    if asked.attribute:
        item["attributeType"] = asked.attribute
    if asked.value:
        item["attributeValue"] = asked.value
    return item


def _agree(asked: Sequence[AskedVariable], found: Sequence[Any]) -> None:
    """One result for each, and each as it has to be. Raises Unlike."""
    must(len(found) == len(asked), f"{len(asked)} variables are answered with {len(found)} results.")
    for one in asked:
        name = f"{one.component}.{one.variable}"
        result = next(
            (
                r
                for r in found
                if (r["component"]["name"], r["variable"]["name"]) == (one.component, one.variable)
                and r.get("attributeType", "Actual") == (one.attribute or "Actual")
            ),
            None,
        )
        if result is None:
            raise Unlike(f"There is no result for {name}.")
        status = result["attributeStatus"]
        must(status == one.status, f"{name} is answered {status}, not {one.status}.")


def _reads(asked: tuple[AskedVariable, ...]) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        answer: Any = await desk.ask(v201.GetVariables({"getVariableData": [_item(one) for one in asked]}))
        _agree(asked, answer["getVariableResult"])
        for result in answer["getVariableResult"]:
            told = "attributeValue" in result
            must(
                told == (result["attributeStatus"] == "Accepted"),
                f"A result that is {result['attributeStatus']} has {'a' if told else 'no'} value.",
            )

    return play


def _writes(asked: tuple[AskedVariable, ...]) -> Playing:
    good = [one for one in asked if one.status == "Accepted"]

    async def play(desk: CsmsDesk) -> None:
        before = [(one, (await desk.variable(one.component, one.variable)).get("attributeValue")) for one in good]
        answer: Any = await desk.ask(v201.SetVariables({"setVariableData": [_item(one) for one in asked]}))
        for one, had in before:
            if had is not None:
                desk.afterwards(partial(desk.set, one.component, one.variable, had))
        _agree(asked, answer["setVariableResult"])
        for one in good:
            now = (await desk.variable(one.component, one.variable)).get("attributeValue")
            must(now == one.value, f"{one.component}.{one.variable} was set to {one.value} and is {now}.")

    return play


async def report(desk: CsmsDesk, base: str) -> list[Any]:
    """What GetBaseReport brings: reportData of all its parts. Raises Unlike where they do not fit together."""
    request: Any = {"requestId": 4711, "reportBase": base}
    await desk.status(v201.GetBaseReport(request), "Accepted")
    rows: list[Any] = []
    number, more = 0, True
    while more:
        part = await desk.expect("NotifyReport", within=REPORT_WITHIN, what=f"(part {number})")
        must(part["requestId"] == 4711, f"NotifyReport has the requestId {part['requestId']}, not that of the request.")
        must(part["seqNo"] == number, f"Part {number} of the report has the seqNo {part['seqNo']}.")
        rows += part.get("reportData", [])
        number, more = number + 1, part.get("tbc", False)
    return rows


async def _configuration(desk: CsmsDesk) -> None:
    rows = await report(desk, "ConfigurationInventory")
    must(rows, "The ConfigurationInventory is empty.")
    fixed = [
        f"{row['component']['name']}.{row['variable']['name']}"
        for row in rows
        if all(one.get("mutability") == "ReadOnly" for one in row["variableAttribute"])
    ]
    must(not fixed, f"{', '.join(fixed[:3])} cannot be written, and {'is' if len(fixed) == 1 else 'are'} in it.")


async def _full(desk: CsmsDesk) -> None:
    names = {(row["component"]["name"], row["variable"]["name"]) for row in await report(desk, "FullInventory")}
    missed = [one for one in (RETRIES, ("SecurityCtrlr", "SecurityProfile")) if one not in names]
    must(not missed, f"The FullInventory lacks {'.'.join(missed[0] if missed else ())}.")


async def _not_supported(desk: CsmsDesk) -> None:
    request: Any = {"requestId": 4712, "reportBase": "SummaryInventory"}
    await desk.status(v201.GetBaseReport(request), "NotSupported")
    await desk.never("NotifyReport", within=5.0, what="after it had declined")


async def _every_required(desk: CsmsDesk) -> None:
    rows = await report(desk, "FullInventory")
    names = {(row["component"]["name"], row["variable"]["name"], row["variable"].get("instance", "")) for row in rows}
    missed = [one for one in REQUIRED if one not in names]
    shown = ", ".join(f"{c}.{v}{f'[{i}]' if i else ''}" for c, v, i in missed[:8])
    must(not missed, f"Of the {len(REQUIRED)} variables that are required {len(missed)} are missing: {shown}.")


def _words(asked: Sequence[AskedVariable]) -> str:
    return ", ".join(
        f"{one.component}.{one.variable}{f' = {one.value}' if one.value else ''}"
        f"{f' ({one.attribute})' if one.attribute else ''}"
        for one in asked
    )


for _number, _title, _asked in _READ:
    VARIABLES.add(
        _number,
        _title,
        _reads(_asked),
        use_case="B06",
        does=f"GetVariables: {_words(_asked)}",
        expects=f"{', '.join(one.status for one in _asked)}; a value with Accepted alone",
    )
for _number, _title, _asked in _WRITTEN:
    VARIABLES.add(
        _number,
        _title,
        _writes(_asked),
        use_case="B05",
        does=f"SetVariables: {_words(_asked)}",
        expects=f"{', '.join(one.status for one in _asked)}; what was accepted is read back",
    )

VARIABLES.add(
    "B_12",
    "Get Base Report: ConfigurationInventory",
    _configuration,
    use_case="B07",
    does="GetBaseReport for the ConfigurationInventory",
    expects="NotifyReport in parts with seqNo from 0, with nothing that cannot be written",
)
VARIABLES.add(
    "B_13",
    "Get Base Report: FullInventory",
    _full,
    use_case="B07",
    does="GetBaseReport for the FullInventory",
    expects="NotifyReport in parts with seqNo from 0, with what can be read or written",
)
VARIABLES.add(
    "B_15",
    "Get Base Report: Not Supported base report",
    _not_supported,
    use_case="B07",
    does="GetBaseReport for the SummaryInventory",
    expects="status NotSupported, and no report",
    when=lacks("SummaryInventory"),
)
VARIABLES.add(
    "B_53",
    "Get Base Report: Test mandatory DM variables via FullInventory",
    _every_required,
    use_case="B07",
    does="GetBaseReport for the FullInventory",
    expects="every variable that Core requires is in it",
    when=has("MandatoryVariables"),
)
