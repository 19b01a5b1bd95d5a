"""Plug & Charge: contracts, how vehicles get them, and schedules."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.station.declared import has
from pncsim.simulator.conformance.station.desk import PATIENCE, CsmsDesk
from pncsim.simulator.conformance.station.doing import CHARGES_WITHIN, not_charging
from pncsim.simulator.conformance.station.signing import delete, installed
from pncsim.simulator.conformance.station.stage import Staged
from pncsim.simulator.conformance.unlike import must
from pncsim.wire.ocpp import v201

CONTRACTS = OcttCases("contracts", "CS", when=has("Contracts"))
CASES = CONTRACTS.cases

AWAY = 40.0
GOES_ON = 20.0


def _says(token: str, certificate: str) -> Any:
    return lambda payload: {"idTokenInfo": {"status": token}, "certificateStatus": certificate}


async def _authorized(desk: CsmsDesk) -> Any:
    """The Authorize that a vehicle with a contract leads to. Raises Unlike where it is about something else."""
    await desk.hand.drive(contract="valid")
    asked = await desk.expect("Authorize", within=CHARGES_WITHIN)
    kind = asked["idToken"]["type"]
    must(kind == "eMAID", f"The idToken of a contract is of the type {kind}, not eMAID.")
    return asked


def _by_hashes(desk: CsmsDesk, asked: Any) -> None:
    hashes = asked.get("iso15118CertificateHashData", [])
    must(hashes, "Authorize has no iso15118CertificateHashData, though the station has validated the chain.")
    must("certificate" not in asked, "Authorize has the certificate, though the station has validated the chain.")
    must(all(one["responderURL"] for one in hashes), "A certificate in iso15118CertificateHashData has no responder.")


async def _good_contract(desk: CsmsDesk) -> None:
    desk.answer("Authorize", _says("Accepted", "Accepted"))
    _by_hashes(desk, await _authorized(desk))
    await desk.event(state="Charging", within=CHARGES_WITHIN)


async def _revoked_contract(desk: CsmsDesk) -> None:
    desk.answer("Authorize", _says("Invalid", "CertificateRevoked"))
    _by_hashes(desk, await _authorized(desk))
    await not_charging(desk, within=GOES_ON)


def _central(*, good: bool) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        await desk.configured("ISO15118Ctrlr", "CentralContractValidationAllowed", "true")
        if not desk.foreign:
            # Somebody else's lacks the root of the contract that its vehicle brings, as its owner declares.
            for one in await installed(desk, "MORootCertificate") or ():
                await delete(desk, one["certificateHashData"])
        desk.answer("Authorize", _says("Accepted", "Accepted") if good else _says("Invalid", "CertChainError"))
        asked = await _authorized(desk)
        must("certificate" in asked, "Authorize has no certificate, though the station has no root for the contract.")
        if good:
            await desk.event(state="Charging", within=CHARGES_WITHIN)
        else:
            await not_charging(desk, within=GOES_ON)

    return play


def _offline(*, allowed: bool) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        await desk.configured("ISO15118Ctrlr", "ContractValidationOffline", str(allowed).lower())
        await desk.configured("AuthCtrlr", "LocalAuthorizeOffline", "true")
        if desk.pics.has("OfflineUnknownId", "true"):
            await desk.configured("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
        desk.mark()
        async with desk.away():
            await desk.hand.drive(contract="valid")
            await desk.clock.sleep(AWAY)
        if not allowed:
            await not_charging(desk, within=GOES_ON)
            return
        event = await desk.event(state="Charging", within=PATIENCE * 2)
        must(event.get("offline", False), "The event from offline does not say that it is from offline.")

    return play


# Certificates of vehicles


def _delivered(action: str, wish: str, *, good: bool) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        if not good:
            desk.answer("Get15118EVCertificate", lambda payload: {"status": "Failed", "exiResponse": ""})
        await desk.hand.drive(contract=wish)
        asked = await desk.expect("Get15118EVCertificate", within=CHARGES_WITHIN)
        must(asked["action"] == action, f"Get15118EVCertificate has the action {asked['action']}, not {action}.")
        must(asked["exiRequest"], "Get15118EVCertificate has an empty exiRequest.")
        must(
            asked["iso15118SchemaVersion"].startswith("urn:iso:15118:"),
            f"iso15118SchemaVersion is {asked['iso15118SchemaVersion']!a}: no namespace of ISO 15118.",
        )
        if good:
            await desk.expect("Authorize", lambda said: said["idToken"]["type"] == "eMAID", within=CHARGES_WITHIN)
            await desk.event(state="Charging", within=CHARGES_WITHIN)
        elif action == "Install":
            await not_charging(desk, within=GOES_ON)
        else:
            await desk.trigger("Heartbeat")
            await desk.expect("Heartbeat", what="from a station whose vehicle got nothing")

    return play


# Schedules


WATTS = 7000.0
SCHEDULE = 4
"""What is offered where a case looks at what is made of it, and its id."""


def profile_for(transaction: str, *, watts: float = 7000.0, number: int = 1) -> Any:
    """A TxProfile with one schedule of that id."""
    schedule = {"id": number, "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": watts}]}
    return {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "transactionId": transaction,
        "chargingSchedule": [schedule],
    }


async def _needs(desk: CsmsDesk, status: str, **wishes: Any) -> str:
    """A vehicle says what it needs; the id of its transaction."""
    desk.answer("Authorize", _says("Accepted", "Accepted"))
    desk.answer("NotifyEVChargingNeeds", lambda payload: {"status": status})
    await desk.hand.drive(contract="valid", **wishes)
    event = await desk.event(within=CHARGES_WITHIN)
    needs = await desk.expect("NotifyEVChargingNeeds", within=CHARGES_WITHIN)
    must(needs["evseId"] == 1, f"NotifyEVChargingNeeds is of EVSE {needs['evseId']}, not 1.")
    transfer = needs["chargingNeeds"]["requestedEnergyTransfer"]
    wanted = "dcChargingParameters" if transfer == "DC" else "acChargingParameters"
    must(wanted in needs["chargingNeeds"], f"NotifyEVChargingNeeds for {transfer} has no {wanted}.")
    transaction: str = event["transactionInfo"]["transactionId"]
    return transaction


async def _leveled(desk: CsmsDesk) -> None:
    transaction = await _needs(desk, "Accepted")
    profile = profile_for(transaction, watts=WATTS, number=SCHEDULE)
    await desk.status(v201.SetChargingProfile({"evseId": 1, "chargingProfile": profile}), "Accepted")
    if desk.pics.has("ScheduleTold", "true"):
        await _plan(desk, SCHEDULE, WATTS)
    await desk.event(state="Charging", within=CHARGES_WITHIN)


async def _plan(desk: CsmsDesk, number: int, watts: float) -> None:
    """The CSMS is told of a plan within what it has offered as ``number``."""
    told = await desk.expect("NotifyEVChargingSchedule", within=CHARGES_WITHIN)
    must(told["evseId"] == 1, f"NotifyEVChargingSchedule is of EVSE {told['evseId']}, not 1.")
    planned = told["chargingSchedule"]
    must(planned["id"] == number, f"The vehicle's schedule has the id {planned['id']}, not {number}.")
    most = max(period["limit"] for period in planned["chargingSchedulePeriod"])
    in_watts = planned["chargingRateUnit"] == "W"
    must(not in_watts or most <= watts, f"The vehicle is said to take {most:g} W where {watts:g} W were offered.")


async def _no_schedule(desk: CsmsDesk) -> None:
    await _needs(desk, "Rejected")
    await desk.event(state="Charging", within=CHARGES_WITHIN)


async def _renegotiated(desk: CsmsDesk) -> None:
    transaction = await _needs(desk, "Rejected")
    await desk.event(state="Charging", within=CHARGES_WITHIN)
    desk.mark()
    profile = profile_for(transaction, watts=4000.0, number=SCHEDULE)
    await desk.status(v201.SetChargingProfile({"evseId": 1, "chargingProfile": profile}), "Accepted")
    await _plan(desk, SCHEDULE, 4000.0)


async def _needs_again(desk: CsmsDesk) -> None:
    await _needs(desk, "Rejected", renegotiate_after_loops=3)
    await desk.event(state="Charging", within=CHARGES_WITHIN)
    await desk.expect("NotifyEVChargingNeeds", within=CHARGES_WITHIN, what="once more")


async def _leveled_offline(desk: CsmsDesk) -> None:
    await desk.configured("ISO15118Ctrlr", "ContractValidationOffline", "true")
    await desk.configured("AuthCtrlr", "LocalAuthorizeOffline", "true")
    await desk.configured("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
    desk.mark()
    async with desk.away():
        await desk.hand.drive(contract="valid")
        await desk.clock.sleep(AWAY)
    await desk.event(state="Charging", within=PATIENCE * 2)
    must(not desk.said("NotifyEVChargingNeeds"), "NotifyEVChargingNeeds of a vehicle from offline comes afterwards.")


_LEVELS = (*has("Contracts"), *has("LoadLeveling"))
_SMART = {"smart_charging": True}

for _number, _title, _play, _use, _does, _expects, _when in (
    (
        "C_50",
        "Authorization using Contract Certificates 15118: Online - Local contract certificate validation - Accepted",
        _good_contract,
        "C07",
        "a vehicle with a contract comes; Authorize is Accepted",
        "Authorize with the EMAID and hash data, without the certificate; energy flows",
        has("Contracts"),
    ),
    (
        "C_51",
        "Authorization using Contract Certificates 15118: Online - Local contract certificate validation - Rejected",
        _revoked_contract,
        "C07",
        "a vehicle with a contract comes; Authorize is answered Invalid, CertificateRevoked",
        "Authorize with the EMAID and hash data; no energy flows",
        has("Contracts"),
    ),
    (
        "C_52",
        "Authorization using Contract Certificates 15118: Online - Central contract certificate validation - Accepted",
        _central(good=True),
        "C07",
        "a vehicle comes whose contract's root the station lacks; Authorize is Accepted",
        "Authorize with the certificate; energy flows",
        (*has("Contracts"), *has("CentralValidation")),
    ),
    (
        "C_53",
        "Authorization using Contract Certificates 15118: Online - Central contract validation fails",
        _central(good=False),
        "C07",
        "a vehicle comes whose contract's root the station lacks; Authorize is answered CertChainError",
        "Authorize with the certificate; no energy flows",
        (*has("Contracts"), *has("CentralValidation")),
    ),
    (
        "C_54",
        "Authorization using Contract Certificates 15118: Offline - ContractValidationOffline is true",
        _offline(allowed=True),
        "C07",
        "the CSMS cannot be reached, and ContractValidationOffline is true; a vehicle with a contract comes",
        "energy flows; the events follow with offline true",
        (*has("Contracts"), *has("OfflineUnknownId")),
    ),
    (
        "C_55",
        "Authorization using Contract Certificates 15118: Offline - ContractValidationOffline is false",
        _offline(allowed=False),
        "C07",
        "the CSMS cannot be reached, and ContractValidationOffline is false; a vehicle with a contract comes",
        "no energy flows",
        has("Contracts"),
    ),
    *(
        (
            number,
            title,
            _delivered(action, wish, good=good),
            use,
            f"a vehicle asks for its contract ({action}); "
            + ("what the pool has is delivered" if good else "Get15118EVCertificate is answered Failed"),
            "Get15118EVCertificate with action, namespace and request; "
            + ("the contract then authorises" if good else "the station goes on, without authorising anybody"),
            (*has("Contracts"), *has("ContractInstallation")),
        )
        for number, title, action, wish, good, use in (
            ("M_26", "Certificate Installation EV: Success", "Install", "install", True, "M01"),
            ("M_27", "Certificate Installation EV: Failed", "Install", "install", False, "M01"),
            ("M_28", "Certificate Update EV: Success", "Update", "update", True, "M02"),
            ("M_29", "Certificate Update EV: Failed", "Update", "update", False, "M02"),
        )
    ),
):
    CONTRACTS.add(_number, _title, _play, use_case=_use, does=_does, expects=_expects, when=_when)

for _number, _title, _play, _use, _does, _expects, _when in (
    (
        "K_53",
        "Charging with load leveling based on High Level Communication: Success",
        _leveled,
        "K15",
        "NotifyEVChargingNeeds is Accepted, and SetChargingProfile follows",
        "the profile is Accepted, NotifyEVChargingSchedule follows where it is sent at all, and energy flows",
        _LEVELS,
    ),
    (
        "K_54",
        "Charging with load leveling based on High Level Communication: No SASchedule (rejected)",
        _no_schedule,
        "K15",
        "NotifyEVChargingNeeds is answered Rejected",
        "energy flows, by the station's own schedule",
        _LEVELS,
    ),
    (
        "K_56",
        "Charging with load leveling based on High Level Communication: Offline",
        _leveled_offline,
        "K15",
        "the CSMS cannot be reached; a vehicle with a contract that is good offline comes",
        "energy flows, by the station's own schedule",
        (*_LEVELS, *has("OfflineUnknownId")),
    ),
    (
        "K_57",
        "Renegotiating a Charging Schedule: Initiated by EV",
        _needs_again,
        "K17",
        "a vehicle charges and has its schedule negotiated again",
        "NotifyEVChargingNeeds once more",
        (*_LEVELS, *has("Renegotiation")),
    ),
    (
        "K_58",
        "Renegotiating a Charging Schedule: Initiated by CSMS",
        _renegotiated,
        "K16",
        "a vehicle charges; SetChargingProfile for its transaction",
        "the profile is Accepted, and NotifyEVChargingSchedule follows",
        (*_LEVELS, *has("Renegotiation")),
    ),
):
    _smart = Staged(play=_play, wishes=_SMART)
    CONTRACTS.add(_number, _title, _smart, use_case=_use, does=_does, expects=_expects, when=_when)
