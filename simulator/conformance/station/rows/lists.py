"""The local authorization list: what a CSMS does to it, and who charges because of it."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.station.declared import has
from pncsim.simulator.conformance.station.desk import PATIENCE, CsmsDesk
from pncsim.simulator.conformance.station.doing import CHARGES_WITHIN, charging, not_charging, over
from pncsim.simulator.conformance.station.rows.authorization import GOES_ON, comes_with_card, prepared, says
from pncsim.simulator.conformance.station.rows.groups import GROUP
from pncsim.simulator.conformance.unlike import must
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp import v201

LISTS = OcttCases("local authorization list", "CS", when=has("LocalList"))
CASES = LISTS.cases

FIRST = 11
"""The version of the list a case begins with."""


def _entry(card: str, status: str = "Accepted", **more: Any) -> dict[str, Any]:
    """``status``: "" where the card is to be taken off the list."""
    token = {"idToken": {"idToken": card, "type": "ISO14443"}}
    return token | ({"idTokenInfo": {"status": status, **more}} if status else {})


async def _send(desk: CsmsDesk, kind: str, version: int, *entries: Any, allowed: str = "Accepted") -> None:
    desk.afterwards(lambda: desk.ask(v201.SendLocalList({"versionNumber": version + 1000, "updateType": "Full"})))
    request: Any = {"versionNumber": version, "updateType": kind}
    if entries:
        request["localAuthorizationList"] = list(entries)
    await desk.status(v201.SendLocalList(request), allowed)


async def _version(desk: CsmsDesk, *allowed: int) -> None:
    answer = await desk.ask(v201.GetLocalListVersion({}))
    found = answer["versionNumber"]
    must(found in allowed, f"The version of the list is {found}, not {' or '.join(map(str, allowed))}.")


async def _listed(desk: CsmsDesk, status: str = "Accepted") -> None:
    """The list is on, and holds the card with that status. Raises PeerError where it does not come to that."""
    await desk.configured("LocalAuthListCtrlr", "Enabled", "true")
    await _send(desk, "Full", FIRST, _entry(desk.options.card, status))


def _updates(*sent: tuple[str, bool, str], versions: tuple[int, ...]) -> Playing:
    """After a first list come those ``sent``: kind, whether of a card, its status; the version is one of those then."""

    async def play(desk: CsmsDesk) -> None:
        await _listed(desk)
        for number, (kind, of_a_card, status) in enumerate(sent, FIRST + 1):
            card = desk.options.other_card if status else desk.options.card
            await _send(desk, kind, number, *([_entry(card, status)] if of_a_card else ()))
        await _version(desk, *versions)

    return play


async def _taken_off(desk: CsmsDesk) -> None:
    await _before_the_csms(desk)
    await _send(desk, "Differential", FIRST + 1, _entry(desk.options.card, ""))
    await _version(desk, FIRST + 1)
    await _asked(desk, asked=True)


async def _emptied(desk: CsmsDesk) -> None:
    await _before_the_csms(desk)
    await _send(desk, "Full", FIRST + 1)
    await _version(desk, 0, FIRST + 1)
    await _asked(desk, asked=True)


async def _mismatch(desk: CsmsDesk) -> None:
    await _listed(desk)
    await _send(desk, "Differential", FIRST, _entry(desk.options.other_card), allowed="VersionMismatch")
    await _version(desk, FIRST)


async def _outlives(desk: CsmsDesk) -> None:
    await _listed(desk)
    await desk.status(v201.Reset({"type": "OnIdle"}), "Accepted")
    await desk.expect("BootNotification", within=desk.options.wait)
    await desk.expect("StatusNotification", within=desk.options.wait)
    await _version(desk, FIRST)


async def _disabled(desk: CsmsDesk) -> None:
    await _listed(desk)
    await desk.configured("LocalAuthListCtrlr", "Enabled", "false")
    await _version(desk, 0)


# Who charges


async def _before_the_csms(desk: CsmsDesk, status: str = "Accepted") -> None:
    """The list counts before the CSMS is asked, and says that of the card."""
    await desk.configured("AuthCtrlr", "LocalPreAuthorize", "true")
    await _listed(desk, status)
    desk.mark()


async def _asked(desk: CsmsDesk, *, asked: bool) -> None:
    await comes_with_card(desk)
    await desk.event(state="Charging", within=CHARGES_WITHIN)
    said = bool(desk.said("Authorize"))
    must(said == asked, f"The CSMS was {'' if said else 'not '}asked about the card.")


async def _online(desk: CsmsDesk) -> None:
    await _before_the_csms(desk)
    await _asked(desk, asked=False)


def _asked_all_the_same(status: str, then: str) -> Playing:
    """The list says ``status`` of the card: the CSMS is asked, and what it says counts."""

    async def play(desk: CsmsDesk) -> None:
        await _before_the_csms(desk, status)
        desk.answer("Authorize", says(then))
        await comes_with_card(desk)
        await desk.expect("Authorize", what="though the list does not let the card charge", within=CHARGES_WITHIN)
        if then == "Accepted":
            await desk.event(state="Charging", within=CHARGES_WITHIN)
        else:
            await not_charging(desk, within=GOES_ON)

    return play


async def _asked_nobody(desk: CsmsDesk) -> None:
    await desk.configured("LocalAuthListCtrlr", "DisablePostAuthorize", "true")
    await _before_the_csms(desk, "Invalid")
    await comes_with_card(desk)
    await desk.never("Authorize", within=GOES_ON, what="though DisablePostAuthorize is true")
    await not_charging(desk, within=GOES_ON)


def _offline(status: str, *, cached: bool = False) -> Playing:
    """The CSMS cannot be reached, and the list says that of the card; ``cached``: the cache says Accepted."""

    async def play(desk: CsmsDesk) -> None:
        await desk.configured("AuthCtrlr", "LocalAuthorizeOffline", "true")
        await desk.configured("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "false")
        if cached:
            await prepared(desk)
            transaction = await charging(desk)
            await desk.hand.unplug()
            await over(desk, transaction)
        await _listed(desk, status)
        desk.mark()
        async with desk.away():
            await comes_with_card(desk)
            await desk.clock.sleep(GOES_ON)
        if status != "Accepted":
            await not_charging(desk, within=GOES_ON)
            return
        event = await desk.event(state="Charging", within=PATIENCE * 2)
        must(event.get("offline", False), "The event from offline does not say that it is from offline.")

    return play


def _of_one_group(second: str) -> Playing:
    """Two cards of one group are on the list, the other one with the status ``second``; it is shown to stop."""

    async def play(desk: CsmsDesk) -> None:
        await _before_the_csms(desk)
        mine, other = _entry(desk.options.card, **GROUP), _entry(desk.options.other_card, second, **GROUP)
        await _send(desk, "Full", FIRST + 1, mine, other)
        desk.mark()
        await comes_with_card(desk)
        event = await desk.event(state="Charging", within=CHARGES_WITHIN)
        if desk.said("Authorize"):
            raise PeerError("The CSMS was asked about a card of the list: the case cannot begin.", kind="refused")
        desk.answer("Authorize", says(second, **GROUP))
        await desk.hand.show(desk.options.other_card)
        if second == "Accepted":
            await over(desk, event["transactionInfo"]["transactionId"], reason="StopAuthorized", stopped="Local")
            must(not desk.said("Authorize"), "The CSMS was asked about a card of the list.")
        else:
            await desk.never("TransactionEvent", _ended, within=GOES_ON, what="(Ended)")

    return play


def _ended(said: Any) -> bool:
    return bool(said["eventType"] == "Ended")


_SEND, _GET, _CARD = "Send Local Authorization List", "Get Local List Version", (*has("LocalList"), *has("Cards"))
_GIVEN = "a list of one card has been sent"

for _number, _title, _play, _use, _does, _expects, _when in (
    (
        "D_01",
        f"{_SEND}: Full",
        _updates(versions=(FIRST,)),
        "D01",
        "GetLocalListVersion",
        "the version of the list",
        has("LocalList"),
    ),
    (
        "D_02",
        f"{_SEND}: Differential Update",
        _updates(("Differential", True, "Accepted"), versions=(FIRST + 1,)),
        "D01",
        "SendLocalList (Differential) with another card, then GetLocalListVersion",
        "status Accepted; the version of the second one",
        has("LocalList"),
    ),
    (
        "D_03",
        f"{_SEND}: Differential Remove",
        _taken_off,
        "D01",
        "SendLocalList (Differential) that takes the card off; then a vehicle comes with it",
        "status Accepted; the version of the second one; Authorize is sent",
        _CARD,
    ),
    (
        "D_04",
        f"{_SEND}: Full with empty list",
        _emptied,
        "D01",
        "SendLocalList (Full) without cards; then a vehicle comes with the card",
        "status Accepted; the version of the second one, or 0; Authorize is sent",
        _CARD,
    ),
    (
        "D_05",
        f"{_SEND}: Differential with empty list",
        _updates(("Differential", False, ""), versions=(FIRST + 1,)),
        "D01",
        "SendLocalList (Differential) without cards, then GetLocalListVersion",
        "status Accepted; the version of the second one",
        has("LocalList"),
    ),
    (
        "D_06",
        f"{_SEND}: VersionMismatch",
        _mismatch,
        "D01",
        "SendLocalList (Differential) with the same version, then GetLocalListVersion",
        "status VersionMismatch; the version of the first one",
        has("LocalList"),
    ),
    (
        "D_07",
        f"{_SEND}: Persistent over reboot",
        _outlives,
        "D01",
        "Reset, then GetLocalListVersion",
        "the version of the list",
        has("LocalList"),
    ),
    (
        "D_08",
        f"{_GET}: Success",
        _updates(("Full", True, "Accepted"), versions=(FIRST + 1,)),
        "D02",
        "SendLocalList (Full) with another card, then GetLocalListVersion",
        "the version of the second one",
        has("LocalList"),
    ),
    (
        "D_10",
        f"{_GET}: Function disabled",
        _disabled,
        "D02",
        "LocalAuthListCtrlr.Enabled is set to false; then GetLocalListVersion",
        "the version 0",
        has("LocalList"),
    ),
    (
        "C_27",
        "Online authorization through local authorization list: Accepted",
        _online,
        "C14",
        "a vehicle comes with the card",
        "energy flows, and Authorize is not sent",
        _CARD,
    ),
    *(
        (
            number,
            f"Online authorization through local authorization list: {title}",
            _asked_all_the_same(status, then),
            "C14",
            f"the card is {status} there; a vehicle comes with it; Authorize is answered {then}",
            "Authorize is sent, and what it is answered counts",
            _CARD,
        )
        for number, title, status, then in (
            ("C_28", "Invalid & Not Accepted", "Invalid", "Invalid"),
            ("C_31", "Invalid & Accepted", "Invalid", "Accepted"),
            ("C_29", "Blocked", "Blocked", "Blocked"),
            ("C_30", "Expired", "Expired", "Expired"),
        )
    ),
    (
        "C_58",
        "Online authorization through local authorization list: LocalAuthListDisablePostAuthorize",
        _asked_nobody,
        "C14",
        "DisablePostAuthorize is true, the card is Invalid there; a vehicle comes with it",
        "Authorize is not sent, and no energy flows",
        (*_CARD, *has("ListDisablePostAuthorize")),
    ),
    *(
        (
            number,
            f"Offline authorization through local authorization list: {title}",
            _offline(status, cached=cached),
            "C13",
            f"the card is {status} there{' and Accepted in the cache' if cached else ''}; the CSMS cannot be reached; "
            "a vehicle comes with it",
            "energy flows; the events follow with offline true" if status == "Accepted" else "no energy flows",
            (*_CARD, *(has("Cache") if cached else ())),
        )
        for number, title, status, cached in (
            ("C_21", "Accepted", "Accepted", False),
            ("C_22", "Invalid", "Invalid", False),
            ("C_23", "Blocked", "Blocked", False),
            ("C_24", "Expired", "Expired", False),
            ("C_25", "Local Authorization List > Authorization Cache", "Invalid", True),
        )
    ),
    *(
        (
            number,
            f"Authorization by GroupId: {title} with Local Authorization List",
            _of_one_group(second),
            "C09, C13",
            f"two cards of one group are there, the second one {second}; a vehicle charges on the first, and the "
            "second one is shown",
            expects,
            (*_CARD, *has("Groups")),
        )
        for number, title, second, expects in (
            ("C_40", "Success", "Accepted", "TransactionEvent (Ended, StopAuthorized) for Local; no Authorize"),
            ("C_43", "Invalid status", "Invalid", "the transaction is not ended"),
        )
    ),
):
    LISTS.add(_number, _title, _play, use_case=_use, given=_GIVEN, does=_does, expects=_expects, when=_when)
