"""Cards: who may charge, and what the station remembers of it."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.station.declared import has
from pncsim.simulator.conformance.station.desk import PATIENCE, CsmsDesk
from pncsim.simulator.conformance.station.doing import CHARGES_WITHIN, charging, not_charging, over
from pncsim.simulator.conformance.unlike import must
from pncsim.wire.ocpp import v201

AUTHORIZATION = OcttCases("authorization", "CS", when=has("Cards"))
CASES = AUTHORIZATION.cases

CACHED = has("Cache")
GOES_ON = 15.0
"""Seconds a case watches that nothing happens."""
WATT_HOURS, FLOWS_WITHIN = 100, 600.0
"""What may still flow where a card has turned out to be invalid, and seconds in which even a slow vehicle has it."""


def says(status: str, **more: Any) -> Any:
    """An answer to Authorize or TransactionEvent: idTokenInfo with this status."""
    return lambda payload: {"idTokenInfo": {"status": status, **more}} if "idToken" in payload else {}


async def comes_with_card(desk: CsmsDesk) -> None:
    await desk.hand.drive()
    await desk.hand.show(desk.options.card)


def _not_with(status: str) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        desk.answer("Authorize", says(status))
        await comes_with_card(desk)
        await desk.expect("Authorize", within=CHARGES_WITHIN)
        await not_charging(desk, within=GOES_ON)

    return play


async def prepared(desk: CsmsDesk, *, local: bool = True) -> None:
    """The cache is on and empty, and counts before the CSMS is asked, or does not."""
    await desk.configured("AuthCacheCtrlr", "Enabled", "true")
    await desk.configured("AuthCtrlr", "LocalPreAuthorize", str(local).lower())
    await desk.status(v201.ClearCache({}), "Accepted")


async def known(desk: CsmsDesk, status: str = "Accepted") -> None:
    """A vehicle has come with the card and is gone again: the CSMS has said ``status`` about it."""
    desk.answer("Authorize", says(status))
    if status == "Accepted":
        transaction = await charging(desk)
        await desk.hand.unplug()
        await over(desk, transaction)
    else:
        await comes_with_card(desk)
        await desk.expect("Authorize", within=CHARGES_WITHIN)
        await desk.clock.sleep(2.0)
        await desk.hand.unplug()
        await desk.clock.sleep(2.0)
    desk.answer("Authorize", None)
    desk.mark()


async def _asked(desk: CsmsDesk, *, asked: bool) -> None:
    """A vehicle comes with the card; Authorize is sent, or is not. Raises Unlike."""
    await comes_with_card(desk)
    await desk.event(state="Charging", within=CHARGES_WITHIN)
    said = bool(desk.said("Authorize"))
    must(said == asked, f"The CSMS was {'' if said else 'not '}asked about the card.")


def _again(*, local: bool = True, asked: bool) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        await prepared(desk, local=local)
        await known(desk)
        await _asked(desk, asked=asked)

    return play


async def _card_then_cable(desk: CsmsDesk) -> None:
    await prepared(desk)
    await known(desk)
    await desk.hand.show(desk.options.card)
    await desk.clock.sleep(2.0)
    await desk.hand.drive()
    await desk.event(state="Charging", within=CHARGES_WITHIN)
    must(not desk.said("Authorize"), "The CSMS was asked about the card that the cache knows.")


async def _after_reset(desk: CsmsDesk) -> None:
    await prepared(desk)
    await known(desk)
    reset: Any = {"type": "OnIdle"}
    await desk.status(v201.Reset(reset), "Accepted")
    await desk.expect("StatusNotification", within=desk.options.wait, what="after the reset")
    await desk.clock.sleep(2.0)
    desk.mark()
    await _asked(desk, asked=False)


async def _lives(desk: CsmsDesk) -> None:
    await prepared(desk)
    await desk.configured("AuthCacheCtrlr", "LifeTime", "5")
    await known(desk)
    await desk.clock.sleep(10.0)
    await _asked(desk, asked=True)


def _asked_again(first: str, then: str) -> Playing:
    """The cache says ``first`` of the card: the CSMS is asked, and what it says counts."""

    async def play(desk: CsmsDesk) -> None:
        await prepared(desk)
        await known(desk, first)
        desk.answer("Authorize", says(then))
        await comes_with_card(desk)
        await desk.expect("Authorize", what="though the cache knows the card", within=CHARGES_WITHIN)
        if then == "Accepted":
            await desk.event(state="Charging", within=CHARGES_WITHIN)
        else:
            await not_charging(desk, within=GOES_ON)

    return play


async def _alone(desk: CsmsDesk) -> None:
    await prepared(desk)
    await known(desk, "Invalid")
    await desk.configured("AuthCacheCtrlr", "DisablePostAuthorize", "true")
    desk.mark()
    await comes_with_card(desk)
    await desk.never("Authorize", within=GOES_ON, what="though DisablePostAuthorize is true")
    await not_charging(desk, within=GOES_ON)


async def _from_event(desk: CsmsDesk) -> None:
    await prepared(desk)
    await known(desk)
    desk.answer("TransactionEvent", says("Blocked"))
    await desk.configured("TxCtrlr", "StopTxOnInvalidId", "true")
    await comes_with_card(desk)
    await desk.event("Ended", within=CHARGES_WITHIN)
    await desk.hand.unplug()
    await desk.clock.sleep(2.0)
    desk.answer("TransactionEvent", None)
    desk.mark()
    await _asked(desk, asked=True)


def _invalid_meanwhile(*, stops: bool) -> Playing:
    """The cache lets the card charge, and the CSMS says in its answer to the event that it is invalid."""

    async def play(desk: CsmsDesk) -> None:
        await prepared(desk)
        await desk.configured("TxCtrlr", "StopTxOnInvalidId", str(stops).lower())
        await known(desk)
        desk.answer("TransactionEvent", says("Invalid"))
        await comes_with_card(desk)
        if stops:
            await _deauthorized(desk)
            return
        await desk.event(within=CHARGES_WITHIN)
        await desk.never("TransactionEvent", lambda said: said["eventType"] == "Ended", within=GOES_ON, what="(Ended)")

    return play


def _invalid_after_some_energy(*, stops: bool) -> Playing:
    """As :func:`_invalid_meanwhile`, where so much energy may flow all the same: before the station stops offering any,
    not before it ends a transaction that it has to end (E05.FR.03)."""

    async def play(desk: CsmsDesk) -> None:
        await prepared(desk)
        await desk.configured("TxCtrlr", "StopTxOnInvalidId", str(stops).lower())
        await desk.configured("TxCtrlr", "MaxEnergyOnInvalidId", str(WATT_HOURS))
        await known(desk)
        desk.answer("TransactionEvent", says("Invalid"))
        await comes_with_card(desk)
        if stops:
            await _deauthorized(desk)
            return
        await desk.event(state="Charging", within=CHARGES_WITHIN)
        await desk.event("Updated", state="SuspendedEVSE", within=FLOWS_WITHIN)
        await desk.never("TransactionEvent", lambda said: said["eventType"] == "Ended", within=GOES_ON, what="(Ended)")

    return play


async def _deauthorized(desk: CsmsDesk) -> None:
    event = await desk.event("Ended", within=CHARGES_WITHIN)
    said = event["triggerReason"], event["transactionInfo"].get("stoppedReason")
    must(said == ("Deauthorized", "DeAuthorized"), f"The transaction has ended by {said[0]} for {said[1]}.")


async def _cleared(desk: CsmsDesk) -> None:
    await prepared(desk)
    await known(desk)
    await desk.status(v201.ClearCache({}), "Accepted")
    await _asked(desk, asked=True)


async def _nothing_to_clear(desk: CsmsDesk) -> None:
    await desk.configured("AuthCacheCtrlr", "Enabled", "false")
    await desk.status(v201.ClearCache({}), "Rejected")


async def _unknown_offline(desk: CsmsDesk) -> None:
    await desk.configured("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
    await desk.configured("AuthCtrlr", "LocalAuthorizeOffline", "true")
    desk.answer("Authorize", says("Unknown"))
    desk.mark()
    async with desk.away():
        await desk.hand.show(desk.options.other_card)
        await desk.hand.drive()
        await desk.clock.sleep(GOES_ON)
    event = await desk.event(state="Charging", within=PATIENCE * 2)
    must(event.get("offline", False), "The event from offline does not say that it is from offline.")


async def _nobody_asked(desk: CsmsDesk) -> None:
    await desk.configured("AuthCtrlr", "DisableRemoteAuthorization", "true")
    await comes_with_card(desk)
    await desk.never("Authorize", within=GOES_ON, what="though DisableRemoteAuthorization is true")


_CARD_KNOWN = "the cache knows a card from a vehicle before"

for _number, _title, _play, _use, _given, _does, _expects, _when in (
    *(
        (
            number,
            title,
            _not_with(status),
            "C01",
            "the station is registered",
            f"a vehicle comes with a card; Authorize is answered {status}",
            "no energy flows",
            has("Cards"),
        )
        for number, title, status in (
            ("C_02", "Local start transaction: Authorization Invalid/Unknown", "Invalid"),
            ("C_05", "Local start transaction: Authorization invalid - Cable lock", "Invalid"),
            ("C_06", "Local start transaction: Authorization Restricted", "NotAllowedTypeEVSE"),
            ("C_07", "Local start transaction: Authorization Expired", "Expired"),
            ("C_56", "Local start transaction: Authorization Unknown", "Unknown"),
        )
    ),
    (
        "C_08",
        "Authorization through authorization cache: Accepted",
        _again(asked=False),
        "C12",
        _CARD_KNOWN,
        "a vehicle comes with it",
        "energy flows, and Authorize is not sent",
        CACHED,
    ),
    (
        "C_33",
        "Store Authorization Data in the Authorization Cache: Update onauthorizeResponse",
        _again(asked=False),
        "C10",
        "the cache is empty",
        "a card is accepted, and comes again",
        "the second time Authorize is not sent",
        CACHED,
    ),
    (
        "C_36",
        "Store Authorization Data in the Authorization Cache: AuthCacheCtrl.LocalPreAuthorize = false",
        _again(local=False, asked=True),
        "C10",
        "LocalPreAuthorize is false",
        "a card is accepted, and comes again",
        "Authorize is sent again",
        CACHED,
    ),
    (
        "C_13",
        "Authorization through authorization cache: Accepted but cable not connected yet.",
        _card_then_cable,
        "C12",
        _CARD_KNOWN,
        "it is shown, then a vehicle is plugged in",
        "energy flows, and Authorize is not sent",
        CACHED,
    ),
    (
        "C_32",
        "Store Authorization Data in the Authorization Cache: Persistent over reboot",
        _after_reset,
        "C10",
        _CARD_KNOWN,
        "the station is reset; a vehicle comes with it",
        "energy flows, and Authorize is not sent",
        (*CACHED, *has("CachePersists")),
    ),
    (
        "C_46",
        "Store Authorization Data in the Authorization Cache: AuthCacheLifeTime",
        _lives,
        "C10",
        _CARD_KNOWN,
        "AuthCacheCtrlr.LifeTime is over; a vehicle comes with it",
        "Authorize is sent",
        CACHED,
    ),
    *(
        (
            number,
            title,
            _asked_again(first, then),
            "C12",
            f"the cache knows that a card is {first}",
            f"a vehicle comes with it; Authorize is answered {then}",
            "Authorize is sent, and what it is answered counts",
            CACHED,
        )
        for number, title, first, then in (
            ("C_09", "Authorization through authorization cache: Invalid & Not Accepted", "Invalid", "Invalid"),
            ("C_12", "Authorization through authorization cache: Invalid & Accepted", "Invalid", "Accepted"),
            ("C_10", "Authorization through authorization cache: Blocked", "Blocked", "Blocked"),
            ("C_11", "Authorization through authorization cache: Expired", "Expired", "Expired"),
        )
    ),
    (
        "C_57",
        "Authorization through authorization cache: AuthCacheDisablePostAuthorize",
        _alone,
        "C12",
        "the cache knows that a card is Invalid; DisablePostAuthorize is true",
        "a vehicle comes with it",
        "Authorize is not sent, and no energy flows",
        (*CACHED, *has("CacheDisablePostAuthorize")),
    ),
    (
        "C_34",
        "Store Authorization Data in the Authorization Cache: Update on TransactionResponse",
        _from_event,
        "C10",
        _CARD_KNOWN,
        "TransactionEvent is answered that it is blocked; later a vehicle comes with it",
        "Authorize is sent",
        (*CACHED, *has("StopOnInvalidIdIsSet"), *has("CacheFromEvents")),
    ),
    (
        "C_16",
        "Authorization through authorization cache: StopTxOnInvalidld = true",
        _invalid_meanwhile(stops=True),
        "C12",
        f"{_CARD_KNOWN}; StopTxOnInvalidId is true",
        "a vehicle comes with it; TransactionEvent is answered Invalid",
        "TransactionEvent (Ended, Deauthorized) for DeAuthorized",
        (*CACHED, *has("StopOnInvalidIdIsSet")),
    ),
    (
        "C_17",
        "Authorization through authorization cache: StopTxOnInvalidld = false",
        _invalid_meanwhile(stops=False),
        "C12",
        f"{_CARD_KNOWN}; StopTxOnInvalidId is false",
        "a vehicle comes with it; TransactionEvent is answered Invalid",
        "the transaction is not ended",
        (*CACHED, *has("StopOnInvalidIdIsSet")),
    ),
    *(
        (
            number,
            f"Authorization through authorization cache: StopTxOnInvalidld = {word}, MaxEnergyOnInvalidld > 0",
            _invalid_after_some_energy(stops=stops),
            "C12, E05",
            f"{_CARD_KNOWN}; StopTxOnInvalidId is {word}, MaxEnergyOnInvalidId {WATT_HOURS} Wh",
            "a vehicle comes with it; TransactionEvent is answered Invalid",
            expects,
            (*CACHED, *has("StopOnInvalidIdIsSet"), *has("MaxEnergyOnInvalidId")),
        )
        for number, word, stops, expects in (
            ("C_15", "false", False, "energy flows at first; then chargingState SuspendedEVSE, and no end"),
            ("C_18", "true", True, "TransactionEvent (Ended, Deauthorized) for DeAuthorized"),
        )
    ),
    (
        "C_37",
        "Clear Authorization Data in Authorization Cache: Accepted",
        _cleared,
        "C11",
        _CARD_KNOWN,
        "ClearCache; a vehicle comes with it",
        "status Accepted, and Authorize is sent",
        CACHED,
    ),
    (
        "C_38",
        "Clear Authorization Data in Authorization Cache: Rejected",
        _nothing_to_clear,
        "C11",
        "AuthCacheCtrlr.Enabled is false",
        "ClearCache",
        "status Rejected",
        CACHED,
    ),
    (
        "C_26",
        "Offline Authorization: Unknown Id",
        _unknown_offline,
        "C15",
        "OfflineTxForUnknownIdEnabled is true",
        "the CSMS cannot be reached; a vehicle comes with a card nobody has seen",
        "energy flows; the events follow with offline true",
        has("OfflineUnknownId"),
    ),
    (
        "E_52",
        "Local start transaction - Authorization first: DisableRemoteAuthorization",
        _nobody_asked,
        "E03, C01",
        "DisableRemoteAuthorization is true",
        "a vehicle comes with a card",
        "Authorize is not sent",
        has("DisableRemoteAuthorization"),
    ),
):
    AUTHORIZATION.add(_number, _title, _play, use_case=_use, given=_given, does=_does, expects=_expects, when=_when)
