"""Cards of one group, and those of the master pass: who ends whose transaction."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.station.declared import has
from pncsim.simulator.conformance.station.desk import PATIENCE, CsmsDesk
from pncsim.simulator.conformance.station.doing import charging, not_charging, over
from pncsim.simulator.conformance.station.rows.authorization import CACHED, GOES_ON, comes_with_card, prepared, says
from pncsim.simulator.conformance.unlike import must

GROUPS = OcttCases("groups of cards", "CS")
CASES = GROUPS.cases

GROUP: dict[str, Any] = {"groupIdToken": {"idToken": "GROUP-1", "type": "Central"}}
MASTER: dict[str, Any] = {"groupIdToken": {"idToken": "MASTER-1", "type": "Central"}}


async def _same_group(desk: CsmsDesk) -> None:
    desk.answer("Authorize", says("Accepted", **GROUP))
    transaction = await charging(desk)
    await desk.hand.show(desk.options.other_card)
    await over(desk, transaction, reason="StopAuthorized", stopped="Local")


async def _cached(desk: CsmsDesk, other: str) -> str:
    """The cache knows two cards of one group, the other one with that status, and the first one charges: its
    transaction."""
    await prepared(desk)
    desk.answer("Authorize", says(other, **GROUP))
    await desk.hand.show(desk.options.other_card)
    await desk.expect("Authorize", what="of the other card")
    if other == "Accepted":
        timeout = await desk.variable("TxCtrlr", "EVConnectionTimeOut")
        await desk.clock.sleep(float(timeout.get("attributeValue", PATIENCE)) + 2.0)  # the card counts no more
    desk.mark()
    desk.answer("Authorize", says("Accepted", **GROUP))
    transaction = await charging(desk)
    desk.answer("Authorize", says(other, **GROUP))
    desk.mark()
    return transaction


async def _invalid_of_group(desk: CsmsDesk) -> None:
    await _cached(desk, "Invalid")
    await desk.hand.show(desk.options.other_card)
    await desk.never("TransactionEvent", lambda said: said["eventType"] == "Ended", within=GOES_ON, what="(Ended)")


async def _same_group_offline(desk: CsmsDesk) -> None:
    await desk.configured("AuthCtrlr", "LocalAuthorizeOffline", "true")
    transaction = await _cached(desk, "Accepted")
    async with desk.away():
        await desk.hand.show(desk.options.other_card)
        await desk.clock.sleep(GOES_ON)
    event = await over(desk, transaction, reason="StopAuthorized", stopped="Local", within=PATIENCE * 2)
    must(event.get("offline", False), "The Ended event does not say that it is from offline.")


async def _master(desk: CsmsDesk) -> None:
    await desk.configured("AuthCtrlr", "MasterPassGroupId", "MASTER-1")
    transaction = await charging(desk)
    desk.answer("Authorize", says("Accepted", **MASTER))
    await desk.hand.show(desk.options.other_card)
    await over(desk, transaction, reason="StopAuthorized", stopped="MasterPass")


async def _master_starts_nothing(desk: CsmsDesk) -> None:
    await desk.configured("AuthCtrlr", "MasterPassGroupId", "MASTER-1")
    desk.answer("Authorize", says("Accepted", **MASTER))
    await comes_with_card(desk)
    await not_charging(desk)


_TOGETHER = (*CACHED, *has("Groups"), *has("Cards"))

for _number, _title, _play, _use, _given, _does, _expects, _when in (
    *(
        (
            number,
            title,
            _same_group,
            "C09",
            "a vehicle charges on a card of a group",
            "another card of that group is shown",
            "TransactionEvent (Ended, StopAuthorized) for Local",
            has("Groups"),
        )
        for number, title in (
            ("C_39", "Authorization by Groupld: Success"),
            ("C_41", "Authorization by Groupld: Success with Authorization Cache"),
        )
    ),
    (
        "C_44",
        "Authorization by Groupld: Invalid status with Authorization Cache",
        _invalid_of_group,
        "C09, C12",
        "the cache knows two cards of one group, one as Invalid; a vehicle charges on the other one",
        "the Invalid one is shown",
        "the transaction is not ended",
        _TOGETHER,
    ),
    (
        "E_45",
        "Offline Behaviour: Stop transaction during offline period - Same Groupld",
        _same_group_offline,
        "E08, C09",
        "the cache knows two cards of one group; a vehicle charges on one",
        "the CSMS cannot be reached; the other card is shown",
        "TransactionEvent (Ended, StopAuthorized) for Local with offline true",
        _TOGETHER,
    ),
    *(
        (
            number,
            title,
            _master,
            "C16",
            "a vehicle charges",
            "a card of the master pass group is shown",
            "TransactionEvent (Ended, StopAuthorized) for MasterPass",
            has("MasterPass"),
        )
        for number, title in (
            ("C_47", "Stop Transaction with a Master Pass: With UI - All transactions"),
            ("C_48", "Stop Transaction with a Master Pass: With UI - With UI - Specific transactions"),
            ("C_49", "Stop Transaction with a Master Pass: Without UI"),
        )
    ),
    (
        "C_45",
        "Authorization by Groupld: Master pass - Not able to start transaction + groupld",
        _master_starts_nothing,
        "C09",
        "MasterPassGroupId is set",
        "a vehicle comes with a card of that group",
        "no energy flows",
        has("MasterPass"),
    ),
):
    GROUPS.add(_number, _title, _play, use_case=_use, given=_given, does=_does, expects=_expects, when=_when)
