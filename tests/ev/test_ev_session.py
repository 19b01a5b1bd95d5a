"""Whole sessions as a vehicle leads them: external payment and contract, AC and DC, to an orderly end."""

from __future__ import annotations

from typing import Any

import ev_playbook as sn
import pytest
from ev_playbook import NOW, SESSION, Playbook, vehicle

from pncsim.ev.battery import Battery
from pncsim.ev.config import DcLimits
from pncsim.wire.credentials import KeySigner
from pncsim.wire.gate import STRICT
from pncsim.wire.session.outputs import PassTime, Wait
from pncsim.wire.trace import Power, V2gMessage
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.signature import sign, verify

AC = "AC_three_phase_core"
WELL_OFFERED = ("SupportedAppProtocolReq", "SessionSetupReq", "ServiceDiscoveryReq", "PaymentServiceSelectionReq")


def small(**changes: float) -> Battery:
    """A battery that lacks 100 Wh to its target."""
    return Battery(capacity=10_000, soc=49.0, target_soc=50.0, **changes)


def test_handshake_offers_iso2_and_a_session_without_number() -> None:
    play = Playbook(vehicle())
    (offer,) = play.request.AppProtocol
    assert (offer.ProtocolNamespace, offer.VersionNumberMajor) == ("urn:iso:15118:2:2013:MsgDef", 2)
    setup = play.hear(sn.agreed())
    assert play.vehicle.config.evccid == setup.EVCCID
    assert play.documents[-1].Header.SessionID == bytes(8)
    assert isinstance(play.hear(sn.session_setup()), iso2.ServiceDiscoveryReq)
    assert play.documents[-1].Header.SessionID == SESSION


def test_a_minor_deviation_of_the_protocol_is_accepted() -> None:
    play = Playbook(vehicle())
    code = app.ResponseCodeType.OK_SuccessfulNegotiationWithMinorDeviation
    assert isinstance(play.hear(sn.agreed(ResponseCode=code, SchemaID=None)), iso2.SessionSetupReq)
    assert len(play.tolerated) == 2


@pytest.mark.rule("EV-5")
def test_ac_with_external_payment_to_the_energy_wished_for() -> None:
    play = Playbook(vehicle(energy_wish=200.0, loop_interval=30.0))
    sn.to_charging_ac(play)
    begun = play.now
    while not play.close and isinstance(play.request, iso2.ChargingStatusReq):
        play.hear(sn.charging())
    assert play.request == iso2.PowerDeliveryReq(
        ChargeProgress=iso2.ChargeProgressType.Stop, SAScheduleTupleID=1, ChargingProfile=None
    )
    play.hear(sn.delivered())
    assert play.request.ChargingSession == iso2.ChargingSessionType.Terminate
    play.hear(sn.stopped())
    assert play.error is None
    outcome = play.engine.outcome
    assert outcome.ok
    assert outcome.reason == "the energy wished for has been delivered"
    assert outcome.energy_wh == pytest.approx(200.0, abs=0.1)
    # 11 kW for 200 Wh are 65 s: three intervals of at most 30 s, and the answers' 10 ms on top. The fourth answer
    # brings the meter's last reading.
    assert play.now - begun == pytest.approx(200 / 11_000 * 3600, abs=0.3)
    assert outcome.loops == 4
    assert tuple(play.names) == (
        *WELL_OFFERED, "AuthorizationReq", "ChargeParameterDiscoveryReq", "PowerDeliveryReq",
        *4 * ("ChargingStatusReq",), "PowerDeliveryReq", "SessionStopReq",
    )  # fmt: skip
    assert play.engine.deadline is None


def test_external_authorization_is_empty_and_waits_for_the_driver_without_limit() -> None:
    play = Playbook(vehicle())
    sn.to_services(play)
    first = play.until(sn.services(payment=("ExternalPayment",)), sn.selected())
    assert first == iso2.AuthorizationReq()
    for _ in range(3000):
        play.hear(sn.authorized("Ongoing_WaitingForCustomerInteraction"))
    assert play.now - NOW > 300
    assert play.questions[-1] == Wait(play.vehicle.config.poll_interval)
    assert isinstance(play.hear(sn.authorized()), iso2.ChargeParameterDiscoveryReq)


@pytest.mark.rule("EV-4")
def test_a_contract_is_shown_and_its_key_proven_once() -> None:
    play = Playbook(vehicle(contracts=(sn.contract(),)))
    sn.to_services(play)
    shown = play.until(sn.services(), sn.selected())
    assert shown.eMAID == sn.EMAID
    assert len(shown.ContractSignatureCertChain.SubCertificates.Certificate) == 2
    proof = play.hear(sn.details())
    assert proof.GenChallenge == sn.CHALLENGE
    key = sn.pki().certificate("contract_leaf").public_key()
    assert verify(play.documents[-1].Header.Signature, [("AuthorizationReq", proof)], key) == "xmldsig"
    again = play.hear(sn.authorized("Ongoing"))
    assert again == iso2.AuthorizationReq()
    assert play.documents[-1].Header.Signature is None


def test_receipts_are_signed_with_the_contract_key_and_copy_the_meter() -> None:
    play = Playbook(vehicle(contracts=(sn.contract(),), loop_interval=10.0))
    sn.to_contract_charging_ac(play)
    play.hear(sn.charging(reading=100))
    receipt = play.hear(sn.charging(reading=130, receipt=True))
    assert (receipt.SessionID, receipt.SAScheduleTupleID, receipt.MeterInfo) == (SESSION, 1, sn.meter(130))
    key = sn.pki().certificate("contract_leaf").public_key()
    verify(play.documents[-1].Header.Signature, [("MeteringReceiptReq", receipt)], key)
    assert isinstance(play.hear(sn.receipt_taken()), iso2.ChargingStatusReq)
    assert play.engine.outcome.receipts_signed == 1
    assert play.engine.outcome.meter_wh == 30


def test_a_receipt_asked_under_external_payment_is_not_given() -> None:
    play = Playbook(vehicle())
    sn.to_charging_ac(play)
    assert isinstance(play.hear(sn.charging(receipt=True)), iso2.ChargingStatusReq)
    assert "does not pay by contract" in play.tolerated[0]


def test_dc_from_cable_check_to_welding_detection() -> None:
    play = Playbook(vehicle(energy_modes=("DC_extended",), loop_interval=5.0), now=NOW)
    play.vehicle.battery = battery = small()
    sn.to_services(play)
    cable = play.until(
        sn.services("DC_extended", payment=("ExternalPayment",)), sn.selected(), sn.authorized(), sn.parameters(dc=True)
    )
    assert isinstance(cable, iso2.CableCheckReq)
    assert cable.DC_EVStatus.EVRESSSOC == 49
    assert isinstance(play.hear(sn.cable_checked("Ongoing", code="EVSE_IsolationMonitoringActive")), iso2.CableCheckReq)
    pre = play.hear(sn.cable_checked())
    assert iso2.amount(pre.EVTargetVoltage) == pytest.approx(battery.voltage, abs=0.1)
    assert isinstance(play.hear(sn.pre_charged(100)), iso2.PreChargeReq)
    start = play.hear(sn.pre_charged(battery.voltage - 3))
    assert start.ChargeProgress == iso2.ChargeProgressType.Start
    demand = play.hear(sn.delivered(dc=True))
    assert not demand.ChargingComplete
    while isinstance(play.request, iso2.CurrentDemandReq):
        wanted = iso2.amount(play.request.EVTargetVoltage), iso2.amount(play.request.EVTargetCurrent)
        assert wanted[0] * wanted[1] <= 50_100, "the station's power limit holds"
        assert play.request.ChargingComplete == (wanted[1] == 0)
        play.hear(sn.current(*wanted))
    assert play.request.EVPowerDeliveryParameter.ChargingComplete
    assert isinstance(play.hear(sn.delivered(dc=True)), iso2.WeldingDetectionReq)
    assert isinstance(play.hear(sn.welding(300)), iso2.WeldingDetectionReq)
    assert isinstance(play.hear(sn.welding(10)), iso2.SessionStopReq)
    play.hear(sn.stopped())
    assert play.engine.outcome.ok
    assert battery.soc == pytest.approx(50.0, abs=0.01)
    assert play.engine.outcome.energy_wh == pytest.approx(100, abs=0.1)


def test_power_events_show_what_flows() -> None:
    play = Playbook(vehicle())
    sn.to_charging_ac(play)
    play.until(sn.charging(), sn.charging())
    first, second = play.of(Power)
    assert (first.watts, first.volts, first.energy_wh) == (pytest.approx(11_000), 230, 0)
    assert second.energy_wh == pytest.approx(11_000 * 30.01 / 3600)
    assert second.soc == pytest.approx(40 + second.energy_wh / 60_000 * 100)


def test_the_profile_stays_within_pmax_and_its_steps_rise() -> None:
    play = Playbook(vehicle())
    sn.to_services(play)
    play.until(sn.services(payment=("ExternalPayment",)), sn.selected(), sn.authorized())
    start = play.hear(sn.parameters(sn.pmax((0, 7_000), (600, 20_000), (1200, 3_000))))
    entries = [
        (e.ChargingProfileEntryStart, iso2.amount(e.ChargingProfileEntryMaxPower))
        for e in start.ChargingProfile.ProfileEntry
    ]
    assert entries == [(0, 7_000), (600, 11_040), (1200, 3_000)]


def test_the_loop_follows_the_schedule() -> None:
    play = Playbook(vehicle())
    sn.to_services(play)
    play.until(sn.services(payment=("ExternalPayment",)), sn.selected(), sn.authorized())
    play.until(sn.parameters(sn.pmax((0, 6_900), (45, 1_000))), sn.delivered())
    play.until(sn.charging(), sn.charging(), sn.charging())
    # 1 kW on three phases is below the 6 A an on-board charger needs, so nothing flows then.
    assert [event.watts for event in play.of(Power)] == [pytest.approx(6_900), pytest.approx(6_900), 0]


def test_the_station_may_lower_the_current_in_the_loop() -> None:
    play = Playbook(vehicle())
    sn.to_charging_ac(play)
    res = sn.charging()
    res.EVSEMaxCurrent = iso2.physical(8, iso2.UnitSymbolType.A)
    play.hear(res)
    assert play.of(Power)[0].watts == pytest.approx(8 * 3 * 230)


def test_the_station_may_stop_the_charge() -> None:
    play = Playbook(vehicle())
    sn.to_charging_ac(play)
    stop = play.hear(sn.charging(notification="StopCharging"))
    assert stop.ChargeProgress == iso2.ChargeProgressType.Stop
    play.until(sn.delivered(), sn.stopped())
    assert play.engine.outcome.ok
    assert play.engine.outcome.reason == "the station asked to stop"


def test_departure_time_ends_the_charge_and_shrinks_in_the_request() -> None:
    play = Playbook(vehicle(departure=100.0))
    play.now += 15
    sn.to_services(play)
    asked = play.until(sn.services(payment=("ExternalPayment",)), sn.selected(), sn.authorized())
    assert asked.EVChargeParameter.DepartureTime == 84
    play.until(sn.parameters(), sn.delivered())
    for _ in range(10):
        if isinstance(play.request, iso2.PowerDeliveryReq):
            break
        play.hear(sn.charging())
    play.until(sn.delivered(), sn.stopped())
    assert play.engine.outcome.reason == "it is time to depart"
    assert play.now - NOW == pytest.approx(100, abs=0.1)


def test_renegotiation_on_the_stations_notification() -> None:
    play = Playbook(vehicle(energy_wish=1000.0))
    sn.to_charging_ac(play)
    play.hear(sn.charging())
    progress = play.hear(sn.charging(notification="ReNegotiation"))
    assert progress.ChargeProgress == iso2.ChargeProgressType.Renegotiate
    asked = play.hear(sn.delivered())
    assert iso2.amount(asked.EVChargeParameter.EAmount) == pytest.approx(1000 - 11_000 * 30.01 / 3600, abs=1)
    start = play.hear(sn.parameters(sn.pmax((0, 5_000), tuple_id=2)))
    assert (start.ChargeProgress, start.SAScheduleTupleID) == (iso2.ChargeProgressType.Start, 2)
    assert isinstance(play.hear(sn.delivered()), iso2.ChargingStatusReq)
    assert play.engine.outcome.renegotiations == 1


def test_renegotiation_is_ignored_in_answers_where_it_does_not_count() -> None:
    play = Playbook(vehicle())
    sn.to_services(play)
    play.until(sn.services(payment=("ExternalPayment",)), sn.selected(), sn.authorized(), sn.parameters())
    res = sn.delivered()
    res.EVSEStatus.EVSENotification = iso2.EVSENotificationType.ReNegotiation
    assert isinstance(play.hear(res), iso2.ChargingStatusReq)
    assert isinstance(play.hear(sn.charging()), iso2.ChargingStatusReq)


def test_the_vehicles_own_wish_renegotiates_once() -> None:
    play = Playbook(vehicle(renegotiate_after_loops=2))
    sn.to_charging_ac(play)
    play.hear(sn.charging())
    assert play.hear(sn.charging()).ChargeProgress == iso2.ChargeProgressType.Renegotiate
    play.until(sn.delivered(), sn.parameters(), sn.delivered())
    play.until(sn.charging(), sn.charging(), sn.charging())
    assert play.engine.outcome.renegotiations == 1


def test_renegotiation_without_end_is_not_followed() -> None:
    play = Playbook(vehicle(max_renegotiations=2))
    sn.to_charging_ac(play)
    for _ in range(2):
        play.until(sn.charging(notification="ReNegotiation"), sn.delivered(), sn.parameters(), sn.delivered())
    assert isinstance(play.hear(sn.charging(notification="ReNegotiation")), iso2.ChargingStatusReq)
    assert "the vehicle goes on" in play.tolerated[-1]


@pytest.mark.parametrize(("short", "expected"), [(False, iso2.CableCheckReq), (True, iso2.PowerDeliveryReq)])
def test_dc_renegotiation_by_the_full_or_the_short_path(short: bool, expected: type) -> None:
    from pncsim.ev.config import DcLimits

    play = Playbook(
        vehicle(energy_modes=("DC_extended",), renegotiate_after_loops=1, dc=DcLimits(short_renegotiation=short))
    )
    sn.to_charging_dc(play)
    play.until(sn.current(400, 50), sn.delivered(dc=True))
    assert isinstance(play.hear(sn.parameters(dc=True)), expected)


def test_loop_pacing_asks_for_process_time_and_polls_for_waiting() -> None:
    play = Playbook(vehicle(loop_interval=20.0, poll_interval=0.5))
    sn.to_services(play)
    play.until(sn.services(payment=("ExternalPayment",)), sn.selected(), sn.authorized())
    play.hear(sn.planning())
    assert play.questions == [Wait(0.5)]
    play.until(sn.parameters(), sn.delivered(), sn.charging())
    assert play.questions == [Wait(0.5), PassTime(20.0)]


def test_messages_are_reported_with_their_bytes() -> None:
    play = Playbook(vehicle())
    play.hear(sn.agreed())
    first, second, third = play.of(V2gMessage)
    assert [(e.direction, e.name) for e in (first, second, third)] == [
        ("sent", "SupportedAppProtocolReq"),
        ("received", "SupportedAppProtocolRes"),
        ("sent", "SessionSetupReq"),
    ]
    assert second.payload[:1] == b"\x80"
    assert play.vehicle.config.evccid == third.value.Body.BodyElement.EVCCID


def test_states_are_rows_of_the_table() -> None:
    play = Playbook(vehicle())
    sn.to_charging_ac(play)
    assert play.states[:3] == [
        "SupportedAppProtocolRes, agreed",
        "SessionSetupRes, new session",
        "ServiceDiscoveryRes, services chosen",
    ]


def stopped_dc(**limits: Any) -> Playbook:
    from pncsim.ev.config import DcLimits

    play = Playbook(vehicle(energy_modes=("DC_extended",), dc=DcLimits(**limits)))
    sn.to_charging_dc(play)
    play.until(sn.current(400, 50, notification="StopCharging"), sn.delivered(dc=True))
    return play


def test_welding_detection_may_be_left_out() -> None:
    assert isinstance(stopped_dc(welding_detection=False).request, iso2.SessionStopReq)


def test_welding_detection_is_not_repeated_without_end() -> None:
    play = stopped_dc()
    for _ in range(50):
        if isinstance(play.request, iso2.SessionStopReq):
            break
        play.hear(sn.welding(400))
    assert play.names.count("WeldingDetectionReq") == 21
    assert "400 V after 20 welding detections" in play.tolerated[0]


def priced(tuple_id: int, level: int) -> iso2.SAScheduleTupleType:
    offered = sn.pmax((0, 11_000), tuple_id=tuple_id)
    offered.SalesTariff = iso2.SalesTariffType(
        Id=f"t{tuple_id}",
        SalesTariffID=tuple_id,
        SalesTariffEntry=[
            iso2.SalesTariffEntryType(TimeInterval=iso2.RelativeTimeIntervalType(start=0), EPriceLevel=level)
        ],
    )
    return offered


@pytest.mark.parametrize(("signer", "chosen"), [("mo_sub2", 2), ("mo_sub1", 1), (None, 1)])
def test_the_cheapest_tariff_is_taken_if_the_operator_signed_it(signer: str | None, chosen: int) -> None:
    play = Playbook(vehicle(contracts=(sn.contract(),)))
    sn.to_services(play)
    play.until(sn.services(certificate=False), sn.selected(), sn.details(), sn.authorized())
    tuples = priced(1, 5), priced(2, 3)
    signature = None
    if signer is not None:
        signature = sign([("SalesTariff", t.SalesTariff) for t in tuples], KeySigner(sn.pki().key(signer)))
    start = play.hear(sn.parameters(*tuples), signature=signature)
    assert start.SAScheduleTupleID == chosen
    assert play.verdicts == [("signature of the sales tariffs", chosen == 2)]


def test_a_station_without_power_electronics_is_charged_at_on_wish() -> None:
    def offer() -> Any:
        res = sn.parameters(dc=True)
        forty = iso2.physical(40, iso2.UnitSymbolType.V)
        res.EVSEChargeParameter.EVSEMinimumVoltageLimit = res.EVSEChargeParameter.EVSEMaximumVoltageLimit = forty
        return res

    def before(**wishes: Any) -> Playbook:
        play = Playbook(vehicle(energy_modes=("DC_extended",), stop_after_loops=1, **wishes))
        sn.to_services(play)
        play.until(sn.services("DC_extended", payment=("ExternalPayment",)), sn.selected(), sn.authorized())
        return play

    careful = before()
    careful.hear(offer())
    assert "40 to 40 V" in str(careful.error)
    play = before(dc=DcLimits(check_voltage=False))
    play.until(offer(), sn.cable_checked())
    assert isinstance(play.hear(sn.pre_charged(0)), iso2.PowerDeliveryReq)
    assert len(play.tolerated) == 2
    assert "40 to 40 V" in play.tolerated[0]
    assert "to 0 V" in play.tolerated[1]
    play.until(sn.delivered(dc=True), sn.current(0, 0), sn.delivered(dc=True), sn.welding(0), sn.stopped())
    assert play.engine.outcome.ok
    strict = before(dc=DcLimits(check_voltage=False), refuses=STRICT)
    strict.hear(offer())
    assert "40 to 40 V" in str(strict.error)
