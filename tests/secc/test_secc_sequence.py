"""The SECC's sequence table: total, reachable, and obeyed by the engine."""

from __future__ import annotations

import re
from typing import Any

import pytest
from secc_paths import at, details, installation, receipt, update
from secc_playbook import (
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

from pncsim.secc.iso2 import ISO2, MOVES
from pncsim.secc.iso2.failed import failed
from pncsim.wire.gate import STRICT, Tolerance
from pncsim.wire.session.responder import Reply
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2 import codes
from pncsim.wire.v2g.iso2.secc_sequence import REQUESTS, SECC_SEQUENCE, State

SAMPLE: dict[str, Any] = {
    "SupportedAppProtocolReq": hello,
    "SessionSetupReq": setup,
    "ServiceDiscoveryReq": iso2.ServiceDiscoveryReq,
    "ServiceDetailReq": lambda: iso2.ServiceDetailReq(ServiceID=2),
    "PaymentServiceSelectionReq": select,
    "CertificateInstallationReq": installation,
    "CertificateUpdateReq": update,
    "PaymentDetailsReq": details,
    "AuthorizationReq": iso2.AuthorizationReq,
    "ChargeParameterDiscoveryReq": ac_parameters,
    "PowerDeliveryReq": lambda: power("Stop"),
    "ChargingStatusReq": iso2.ChargingStatusReq,
    "MeteringReceiptReq": lambda: iso2.MeteringReceiptReq(
        Id="id1", SessionID=b"\1", MeterInfo=iso2.MeterInfoType(MeterID="M")
    ),
    "CableCheckReq": cable,
    "PreChargeReq": precharge,
    "CurrentDemandReq": demand,
    "WeldingDetectionReq": welding,
    "SessionStopReq": stop,
}


def test_every_state_has_a_row_and_every_row_names_known_things() -> None:
    assert {*SECC_SEQUENCE.states, State.ENDED} == set(State)
    assert set(REQUESTS) == set(SAMPLE) == {"SupportedAppProtocolReq", *MOVES}
    for row in SECC_SEQUENCE:
        assert row.event in REQUESTS
        assert row.outcomes and set(row.outcomes) <= set(State), row
        assert row.clause, row


def test_every_state_but_failed_is_reachable_and_every_request_is_allowed_somewhere() -> None:
    reached, todo = {State.CONNECTED, State.FAILED}, [State.CONNECTED]
    while todo:
        for row in SECC_SEQUENCE.of(todo.pop()):
            todo += [state for state in map(State, row.outcomes) if state not in reached]
            reached |= set(map(State, row.outcomes))
    assert reached == set(State)
    assert {row.event for row in SECC_SEQUENCE} == set(REQUESTS)


def test_every_state_leads_to_the_end() -> None:
    ends: set[str] = {State.ENDED}
    while more := {row.state for row in SECC_SEQUENCE if set(row.outcomes) & ends} - ends:
        ends |= more
    assert ends == set(State)


def test_strict_stations_leave_the_liberties_out() -> None:
    assert SECC_SEQUENCE.events(State.SERVICES) == ("ServiceDetailReq", "PaymentServiceSelectionReq")
    assert "SessionStopReq" in SECC_SEQUENCE.events(State.SERVICES, {Tolerance.EARLY_STOP})
    assert SECC_SEQUENCE.events(State.READY_AGAIN_DC) == ("CableCheckReq",)


def test_a_liberty_names_the_requirement_it_deviates_from() -> None:
    for row in SECC_SEQUENCE:
        assert re.fullmatch(r"V2G2-\d+((, | to )V2G2-\d+)*", row.clause), row


def test_the_table_can_be_printed() -> None:
    printed = SECC_SEQUENCE.printed().splitlines()
    assert len(printed) == 2 + len(SECC_SEQUENCE)
    assert all(line.count("|") == 6 for line in printed)


@pytest.mark.parametrize("state", [state for state in State if state is not State.ENDED], ids=lambda s: s.name)
def test_the_engine_obeys_the_table(state: State) -> None:
    """Every request in every state: its own response type, and FAILED_SequenceError exactly where there is no row."""
    for name in REQUESTS:
        p = at(state)
        request = receipt(p, p.responses[-1]) if name == "MeteringReceiptReq" and "receipt" in state else SAMPLE[name]()
        response = p.ev(request) or p.wait(5)
        assert type(response).__name__ == name[:-3] + "Res", p.log
        if (state, name) in SECC_SEQUENCE.rows:
            assert response.ResponseCode != "FAILED_SequenceError", (state, name)
        elif name == "SupportedAppProtocolReq":
            assert response.ResponseCode == "Failed_NoNegotiation"
            assert p.end is not None
        else:
            assert response.ResponseCode == "FAILED_SequenceError", (state, name)
            assert p.end is not None and p.end.error is not None
            assert p.end.error.clause.startswith("V2G2-538")


def test_an_answer_against_the_table_is_a_defect() -> None:
    response = iso2.AuthorizationRes(
        ResponseCode=iso2.ResponseCodeType.OK, EVSEProcessing=iso2.EVSEProcessingType.Finished
    )
    mutant = ISO2.with_move("AuthorizationReq", lambda s, request: Reply(response, State.ENDED))
    with pytest.raises(RuntimeError, match="does not lead from external payment selected over AuthorizationRes to end"):
        at(State.EXTERNAL, dialects=(mutant,)).ev(iso2.AuthorizationReq())


@pytest.mark.parametrize("state", [State.RENEGOTIATING_DC, State.READY_AGAIN_DC], ids=lambda s: s.name)
def test_short_renegotiation_is_a_liberty(state: State) -> None:
    p = at(state)
    if state is State.RENEGOTIATING_DC:
        p.ev(dc_parameters())
    assert p.ev(power("Start", 2)).ResponseCode == "OK"
    assert Tolerance.SHORT_RENEGOTIATION.meaning in p.liberties
    strict = at(State.READY_AGAIN_DC, refuses=STRICT)
    assert strict.ev(power("Start", 2)).ResponseCode == "FAILED_SequenceError"


def test_every_request_has_a_failed_response_for_every_code_it_may_carry() -> None:
    s = at(State.LOOP_DC).engine.session
    for name in MOVES:
        for code in [*codes.ALWAYS, *codes.ALLOWED[f"{name[:-3]}Res"]]:
            message = failed(SAMPLE[name](), code, s)
            assert type(message).__name__ == name[:-3] + "Res"
            assert message.ResponseCode is code  # type: ignore[attr-defined]


@pytest.mark.parametrize(("state", "turn"), [(State.RECEIPT_AC, iso2.ChargingStatusReq), (State.RECEIPT_DC, demand)])
def test_a_vehicle_that_signs_no_receipts_charges_on_and_is_not_asked_again(state: State, turn: Any) -> None:
    p = at(state)
    assert p.responses[-1].ReceiptRequired
    assert [p.ev(turn()).ReceiptRequired for _ in range(30)] == [False] * 30
    assert p.ev(power("Stop")).ResponseCode == "OK"
    name = turn.__name__ if state is State.RECEIPT_AC else "CurrentDemandReq"
    said = f"metering receipt asked for and not sent ({name} in state '{state}')."
    assert p.liberties == f"The vehicle took a liberty: {said}"
    strict = at(state, refuses=STRICT)
    assert strict.ev(turn()).ResponseCode == "FAILED_SequenceError"
    assert "allowed was MeteringReceiptReq." in strict.problems


@pytest.mark.parametrize("state", [State.RECEIPT_AC, State.RECEIPT_DC], ids=lambda s: s.name)
@pytest.mark.parametrize("progress", ["Stop", "Renegotiate", "Start"])
def test_power_delivery_instead_of_a_receipt(state: State, progress: str) -> None:
    p = at(state)
    assert p.ev(power(progress)).ResponseCode == ("FAILED" if progress == "Start" else "OK")
    assert Tolerance.RECEIPT_SKIPPED.meaning in p.liberties
