"""Whole sessions, read as protocol traces."""

from __future__ import annotations

from typing import Any

import pytest
from secc_paths import (
    EMAID,
    YES,
    at,
    chain,
    config,
    delivery,
    details,
    installation,
    pki,
    receipt,
    signed_authorization,
)
from secc_playbook import (
    ISO2,
    Playbook,
    ac_parameters,
    cable,
    dc_parameters,
    demand,
    hello,
    power,
    precharge,
    select,
    setup,
    stop,
    welding,
)

from pncsim.secc import notices
from pncsim.secc.config import ReceiptPolicy, ServiceOffer
from pncsim.secc.questions import ContractAuthorization, ContractCertificateAnswer
from pncsim.wire import trace
from pncsim.wire.errors import LocalError
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State as S
from pncsim.wire.v2g.registry import ISO2_NAMESPACE, codec
from pncsim.wire.values import replace


def test_from_connection_to_payment() -> None:
    p = Playbook(config(), tls=False)
    p.ev(hello())
    p.ev(setup())
    p.ev(iso2.ServiceDiscoveryReq())
    p.ev(iso2.ServiceDetailReq(ServiceID=1))
    p.ev(select())
    assert p.take() == [
        "EV SupportedAppProtocolReq",
        "SE SupportedAppProtocolRes OK_SuccessfulNegotiation",
        "!! ProtocolAnswered",
        "EV SessionSetupReq",
        "!! SessionStarted",
        "SE SessionSetupRes OK_NewSessionEstablished",
        "EV ServiceDiscoveryReq",
        "SE ServiceDiscoveryRes OK",
        "EV ServiceDetailReq",
        "SE ServiceDetailRes OK",
        "EV PaymentServiceSelectionReq",
        "SE PaymentServiceSelectionRes OK",
    ]
    assert [event.state for event in p.seen(trace.StateEntered)] == [
        "connected",
        "protocol negotiated",
        "session set up",
        "services discovered",
        "services discovered",
        "external payment selected",
    ]


def test_eim_ac_trace() -> None:
    p = at(S.EXTERNAL, receipts=ReceiptPolicy(first=1))
    p.ev(iso2.AuthorizationReq())
    assert p.answer(YES).EVSEProcessing == "Finished"
    p.ev(ac_parameters())
    p.ev(power("Start", profile=[(0, 11_000)]))
    p.wait(0.2)
    for _ in range(3):
        response = p.ev(iso2.ChargingStatusReq())
        p.now += 30
    p.ev(power("Stop"))
    p.ev(stop())
    assert p.take() == [
        "EV AuthorizationReq",
        "?? ExternalAuthorization",
        "!! Authorized",
        "SE AuthorizationRes OK",
        "EV ChargeParameterDiscoveryReq",
        "SE ChargeParameterDiscoveryRes OK",
        "EV PowerDeliveryReq",
        "!! ChargingStarted",
        "SE PowerDeliveryRes OK",
        "EV ChargingStatusReq",
        "!! MeterSample",
        "SE ChargingStatusRes OK",
        "EV ChargingStatusReq",
        "!! MeterSample",
        "SE ChargingStatusRes OK",
        "EV ChargingStatusReq",
        "!! MeterSample",
        "SE ChargingStatusRes OK",
        "EV PowerDeliveryReq",
        "!! MeterSample",
        "!! ChargingStopped",
        "SE PowerDeliveryRes OK",
        "EV SessionStopReq",
        "SE SessionStopRes OK",
        "!! SessionEnded",
        "-- close",
    ]
    # under EIM: the current limit is told, no receipt is asked (V2G2-691)
    assert iso2.amount(response.EVSEMaxCurrent) == 32
    assert response.ReceiptRequired is False
    ended = p.notices[-1]
    assert (ended.kind, ended.stopped_by) == ("ended", "vehicle")
    assert ended.energy_wh == pytest.approx(11_000 * 90 / 3600)
    assert p.power.reading(p.now) == ended.register_wh == 275


@pytest.mark.rule("EV-4")
def test_plug_and_charge_with_installation_and_receipts() -> None:
    p = at(S.CONTRACT)
    p.ev(installation())
    question = p.question
    assert (question.action, question.schema) == ("Install", ISO2_NAMESPACE)
    exi = delivery(p.session)
    p.answer(ContractCertificateAnswer(exi=exi))
    assert p.frames[-1] is not exi and p.frames[-1] == exi, "handed on byte for byte"
    challenge = p.ev(details()).GenChallenge
    assert len(challenge) == 16 and any(challenge)
    signed_authorization(p, challenge)
    asked = p.question
    assert isinstance(asked, ContractAuthorization)
    assert (asked.emaid, asked.chain, asked.validated) == (EMAID, pki().credentials("contract_leaf").chain, True)
    p.answer(YES)
    p.ev(ac_parameters())
    p.ev(power("Start"))
    p.wait(0.2)
    first = p.ev(iso2.ChargingStatusReq())
    p.now += 60
    second = p.ev(iso2.ChargingStatusReq())
    assert (first.ReceiptRequired, second.ReceiptRequired) == (False, True)
    assert second.EVSEMaxCurrent is None, "left out under Contract"
    p.take()
    p.ev(receipt(p, second), sign=pki().credentials("contract_leaf"))
    p.ev(iso2.ChargingStatusReq())
    p.ev(power("Stop"))
    p.ev(stop())
    assert p.take() == [
        "EV MeteringReceiptReq",
        "!! ReceiptVerified",
        "SE MeteringReceiptRes OK",
        "EV ChargingStatusReq",
        "SE ChargingStatusRes OK",
        "EV PowerDeliveryReq",
        "!! MeterSample",
        "!! ChargingStopped",
        "SE PowerDeliveryRes OK",
        "EV SessionStopReq",
        "SE SessionStopRes OK",
        "!! SessionEnded",
        "-- close",
    ]
    verified = next(n for n in p.notices if isinstance(n, notices.ReceiptVerified))
    assert verified.register_wh == second.MeterInfo.MeterReading == 368
    assert codec("iso2").decode(verified.exi).Body.BodyElement.MeterInfo == second.MeterInfo
    assert [event.ok for event in p.seen(trace.Judged)] == [True, True, True]
    assert not p.problems


def test_the_request_is_forwarded_as_received() -> None:
    p = at(S.CONTRACT)
    p.ev(installation())
    received = [event.payload for event in p.seen(trace.V2gMessage) if event.direction == "received"][-1]
    assert p.question.exi == received


def test_dc_from_cable_check_to_welding_detection() -> None:
    p = at(S.AUTHORIZED)
    parameters = p.ev(dc_parameters(volts=1000, amperes=500))
    assert parameters.EVSEChargeParameter.DC_EVSEStatus.EVSEStatusCode == "EVSE_NotReady"
    p.ev(cable())
    checked = p.wait(1)
    assert (checked.EVSEProcessing, checked.DC_EVSEStatus.EVSEIsolationStatus) == ("Finished", "Valid")
    assert checked.DC_EVSEStatus.EVSEStatusCode == "EVSE_Ready"
    p.ev(precharge(400))
    charged = p.wait(0.5)
    assert iso2.amount(charged.EVSEPresentVoltage) == 400
    p.ev(power("Start"))
    p.now += 0.1
    response = p.ev(demand(400, 100))
    assert (iso2.amount(response.EVSEPresentVoltage), iso2.amount(response.EVSEPresentCurrent)) == (400, 100)
    assert not (
        response.EVSECurrentLimitAchieved or response.EVSEVoltageLimitAchieved or response.EVSEPowerLimitAchieved
    )
    p.now += 36
    response = p.ev(demand(950, 400))
    assert response.EVSECurrentLimitAchieved and response.EVSEVoltageLimitAchieved and response.EVSEPowerLimitAchieved
    assert iso2.amount(response.EVSEPresentVoltage) == 920
    assert iso2.amount(response.EVSEPresentCurrent) == pytest.approx(163, abs=0.1)
    assert response.MeterInfo.MeterReading == 400
    assert response.ReceiptRequired is True
    p.ev(receipt(p, response), sign=pki().credentials("contract_leaf"))
    p.ev(power("Stop"))
    falling = []
    for _ in range(3):
        response = p.ev(welding()) or p.wait(0.5)
        falling.append(iso2.amount(response.EVSEPresentVoltage))
    assert falling == [520, 120, 0]
    p.ev(stop())
    assert p.log[-1] == "-- close"
    sample = next(n for n in p.notices if isinstance(n, notices.MeterSample))
    assert (sample.watts, sample.volts, sample.amperes, sample.soc) == (40_000, 400, 100, 41)


def test_sap_takes_the_vehicles_best_priority_that_is_served() -> None:
    p = Playbook()
    response = p.ev(hello(("urn:din:70121:2012:MsgDef", 2, 0), (ISO2, 2, 0)))
    assert (response.ResponseCode, response.SchemaID) == ("OK_SuccessfulNegotiation", 8)


def test_sap_with_another_minor_version() -> None:
    response = Playbook().ev(hello((ISO2, 2, 7)))
    assert response.ResponseCode == "OK_SuccessfulNegotiationWithMinorDeviation"


def test_sap_without_common_protocol_ends() -> None:
    p = Playbook()
    response = p.ev(hello(("urn:din:70121:2012:MsgDef", 2, 0), (ISO2, 1, 0)))
    assert (response.ResponseCode, response.SchemaID) == ("Failed_NoNegotiation", None)
    assert p.take()[-2:] == ["!! SessionEnded", "-- close after failure"]
    assert "urn:din:70121:2012:MsgDef 2.0" in p.problems


def test_contract_is_offered_inside_tls_only() -> None:
    def offered(*, tls: bool, **changes: Any) -> tuple[list[str], list[int]]:
        p = Playbook(config(**changes), tls=tls)
        p.ev(hello())
        p.ev(setup())
        response = p.ev(iso2.ServiceDiscoveryReq())
        services = response.ServiceList.Service if response.ServiceList else []
        return list(response.PaymentOptionList.PaymentOption), [service.ServiceID for service in services]

    assert offered(tls=True) == (["Contract", "ExternalPayment"], [2])
    assert offered(tls=False) == (["ExternalPayment"], [])
    assert offered(tls=True, contract=False) == (["ExternalPayment"], [])
    assert offered(tls=True, certificate_service=False) == (["Contract", "ExternalPayment"], [])


def test_value_added_services_are_listed_filtered_and_detailed() -> None:
    internet = ServiceOffer(
        service_id=3,
        category="Internet",
        name="InternetAccess",
        scope="ftp",
        parameter_sets=((1, (("Port", 20), ("On", True))),),
    )
    p = at(S.SESSION, services=(internet,))
    everything = p.ev(iso2.ServiceDiscoveryReq())
    assert [s.ServiceID for s in everything.ServiceList.Service] == [2, 3]
    assert everything.ChargeService.ServiceID == 1
    detail = p.ev(iso2.ServiceDetailReq(ServiceID=3))
    assert [q.intValue for q in detail.ServiceParameterList.ParameterSet[0].Parameter] == [20, None]
    certificate = p.ev(iso2.ServiceDetailReq(ServiceID=2)).ServiceParameterList.ParameterSet
    assert [(s.ParameterSetID, s.Parameter[0].stringValue) for s in certificate] == [(1, "Installation"), (2, "Update")]
    assert p.ev(iso2.ServiceDetailReq(ServiceID=1)).ServiceParameterList is None
    q = at(S.SESSION, services=(internet,))
    only = q.ev(iso2.ServiceDiscoveryReq(ServiceCategory=iso2.ServiceCategoryType.Internet))
    assert [s.ServiceID for s in only.ServiceList.Service] == [3]
    r = at(S.SESSION, services=(internet,))
    assert r.ev(iso2.ServiceDiscoveryReq(ServiceScope="nothing")).ServiceList is None


def test_session_ids() -> None:
    p = at(S.NEGOTIATED)
    response = p.ev(setup(), session=b"\x00")  # real vehicles send a zero of one byte
    assert response.ResponseCode == "OK_NewSessionEstablished"
    assert any(p.session) and len(p.session) == 8
    assert response.EVSEID == "DE*PNC*E00001"
    q = at(S.NEGOTIATED)
    assert q.ev(setup(), session=bytes.fromhex("0102030405060708")).ResponseCode == "OK_NewSessionEstablished"
    assert q.session != bytes.fromhex("0102030405060708")
    assert q.ev(iso2.ServiceDiscoveryReq(), session=q.session.lstrip(b"\0")).ResponseCode == "OK"


def test_renegotiation_asked_by_the_station_ac() -> None:
    p = at(S.LOOP_AC)
    p.station("request_renegotiation")
    assert p.ev(iso2.ChargingStatusReq()).AC_EVSEStatus.EVSENotification == "ReNegotiation"
    assert p.ev(power("Renegotiate")).EVSEStatus.EVSENotification == "None"
    schedule = p.ev(ac_parameters()).SASchedules.SAScheduleTuple[0]
    assert schedule.SAScheduleTupleID == 2, "ids are unique within the session (V2G2-773)"
    assert p.power.contactor_closed(p.now), "the contactor stays closed"
    assert p.ev(power("Start", 2)).ResponseCode == "OK"
    assert p.ev(iso2.ChargingStatusReq()).AC_EVSEStatus.EVSENotification == "None"
    assert sum(isinstance(n, notices.ChargingStarted) for n in p.notices) == 1


def test_renegotiation_offers_what_the_station_now_has() -> None:
    p = at(S.LOOP_AC)
    p._do(p.engine.request_renegotiation(p.now, ((0, 4_000.0),)))
    p.ev(power("Renegotiate"))
    (entry,) = p.ev(ac_parameters()).SASchedules.SAScheduleTuple[0].PMaxSchedule.PMaxScheduleEntry
    assert iso2.amount(entry.PMax) == 4_000


def test_the_current_limit_follows_the_schedule_under_eim() -> None:
    p = at(S.EXTERNAL, schedule=((0, 6_900.0),))
    p.ev(iso2.AuthorizationReq())
    p.answer(YES)
    p.ev(ac_parameters())
    p.ev(power("Start"))
    p.wait(0.2)
    assert iso2.amount(p.ev(iso2.ChargingStatusReq()).EVSEMaxCurrent) == 10


def test_renegotiation_in_dc_takes_the_full_way() -> None:
    p = at(S.READY_AGAIN_DC)
    p.ev(cable())
    assert [type(notice) for notice in p.notices[-1:]] == [notices.ChargingStopped]
    p.wait(1)
    p.ev(precharge())
    p.wait(0.5)
    assert p.ev(power("Start", 2)).ResponseCode == "OK"
    assert p.notices[-1].resumed is True
    assert not p.liberties


def test_stop_asked_by_the_station() -> None:
    p = at(S.LOOP_DC)
    p.station("request_stop")
    p.now += 4
    status = p.ev(demand()).DC_EVSEStatus
    assert (status.EVSENotification, status.NotificationMaxDelay) == ("StopCharging", 6)
    assert status.EVSEStatusCode == "EVSE_Shutdown"
    p.ev(power("Stop"))
    p.ev(stop())
    assert p.notices[-1].stopped_by == "station"


def test_a_vehicle_that_ignores_the_stop_is_cut_off() -> None:
    p = at(S.LOOP_AC, receipts=ReceiptPolicy(first=0))
    p.station("request_stop")
    for _ in range(6):
        assert p.ev(iso2.ChargingStatusReq()).ResponseCode == "OK"
        p.now += 10
    assert p.ev(iso2.ChargingStatusReq()).ResponseCode == "OK"
    p.now += 1
    assert p.ev(iso2.ChargingStatusReq()).ResponseCode == "FAILED"
    assert "V2G2-679" in str(p.end.error)  # type: ignore[union-attr]


def test_the_station_may_end_at_once() -> None:
    p = at(S.LOOP_AC)
    p.station("abort", LocalError("The cable was pulled out."))
    assert p.take()[-2:] == ["!! SessionEnded", "-- close after failure"]
    assert p.notices[-1].stopped_by == "station"
    assert p.ev(iso2.ChargingStatusReq()) is None


def test_second_charge_after_a_stop_in_dc() -> None:
    """V2G2-601: ChargeParameterDiscoveryReq instead of the end."""
    p = at(S.STOPPED_DC)
    assert p.ev(dc_parameters()).SASchedules.SAScheduleTuple[0].SAScheduleTupleID == 2
    assert p.engine.state == S.READY_DC


def test_receipts_are_asked_by_policy_and_not_in_every_turn() -> None:
    p = at(S.LOOP_AC, receipts=ReceiptPolicy(first=3, every=2))
    asked = []
    for _ in range(8):
        response = p.ev(iso2.ChargingStatusReq())
        asked.append(response.ReceiptRequired)
        if response.ReceiptRequired:
            p.ev(receipt(p, response), sign=pki().credentials("contract_leaf"))
    assert asked == [False, False, True, False, True, False, True, False]
    once = at(S.LOOP_AC, receipts=ReceiptPolicy(first=1, every=0))
    response = once.ev(iso2.ChargingStatusReq())
    once.ev(receipt(once, response), sign=pki().credentials("contract_leaf"))
    assert [once.ev(iso2.ChargingStatusReq()).ReceiptRequired for _ in range(20)] == [False] * 20


def test_a_certificate_that_ends_soon_is_told() -> None:
    p = at(S.CONTRACT, expires_soon_days=5000)
    assert p.ev(details()).ResponseCode == "OK_CertificateExpiresSoon"


def test_emaids_are_compared_without_hyphens_and_case() -> None:
    hyphens = f"{EMAID[:2]}{EMAID[2:]}".lower()
    assert at(S.CONTRACT).ev(details(hyphens)).ResponseCode == "OK"


def test_a_chain_of_an_unknown_root_may_go_to_the_back_end() -> None:
    p = at(S.CONTRACT, contract_anchors=(), central_validation=True)
    challenge = p.ev(details()).GenChallenge
    signed_authorization(p, challenge)
    assert p.question.validated is False


def test_liberties_of_vehicles_are_told() -> None:
    p = at(S.SERVICES)
    p.ev(select("Contract", (1, None), (2, None)))
    p.ev(installation())
    assert "without a ParameterSetID" in p.liberties
    q = at(S.SERVICES)
    q.ev(select("Contract"))
    q.ev(installation())
    assert "without having selected" in q.liberties
    r = at(S.SERVICES)
    assert r.ev(stop()).ResponseCode == "OK"
    assert "before PowerDelivery(Stop)" in r.liberties and r.log[-1] == "-- close"


def test_faults_change_or_withhold_what_is_sent() -> None:
    def alter(name: str, message: Any) -> Any:
        if name == "ServiceDiscoveryRes":
            return None
        if name == "SessionSetupRes":
            message = replace(message, Header=iso2.MessageHeaderType(SessionID=b"\x66"))
        return message

    p = Playbook(config(alter=alter))
    p.ev(hello())
    p.ev(setup())
    assert p.session == b"\x66"
    assert p.engine.session_id != b"\x66"
    assert p.ev(iso2.ServiceDiscoveryReq(), session=p.engine.session_id) is None
    assert p.engine.state == S.SERVICES


def test_an_altered_delivery_is_written_anew_and_an_unaltered_one_is_not() -> None:
    p = at(S.CONTRACT, alter=lambda name, message: message)
    p.ev(installation())
    exi = delivery(p.session)
    p.answer(ContractCertificateAnswer(exi=exi))
    assert p.frames[-1] == exi


def test_the_profile_and_the_schedule_bound_the_power() -> None:
    p = at(S.READY_AC, schedule=((0, 11_000.0), (600, 4_000.0)))
    p.ev(power("Start", profile=[(0, 7_000), (300, 11_000), (600, 3_000)]))
    p.wait(0.2)
    watts = []
    for _ in range(3):
        p.ev(iso2.ChargingStatusReq())
        watts.append(p.power.watts)
        p.engine.session.loops = 0
        p.now += 301
    assert watts == [7_000, 11_000, 3_000]
    p.power.load_watts = 1_234.0
    p.ev(iso2.ChargingStatusReq())
    assert p.power.watts == 1_234.0


def test_a_profile_that_overlooks_a_step_is_clamped() -> None:
    p = at(S.READY_AC, schedule=((0, 11_000.0), (600, 4_000.0)), receipts=ReceiptPolicy(first=0))
    p.ev(power("Start", profile=[(0, 9_000)]))
    assert p.wait(0.2).ResponseCode == "OK"
    watts = []
    for _ in range(2):
        p.ev(iso2.ChargingStatusReq())
        watts.append(p.power.watts)
        p.now += 600
    assert watts == [9_000, 4_000]
    assert "PMax is 4000 W from 600 s on" in p.liberties


def test_chain_helper_is_leaf_first() -> None:
    assert chain().Certificate == pki().credentials("contract_leaf").chain_der[0]
