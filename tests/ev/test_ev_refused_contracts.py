"""A contract that counts no more is replaced, not shown for ever; sales tariffs that are left aside are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ev_playbook as sn
import pytest
from ev_playbook import EMAID, Playbook, vehicle

from pncsim.ev.contract_files import open_contract_folder
from pncsim.ev.contracts import Contract, ContractStore
from pncsim.ev.shell import _remember
from pncsim.ev.vehicle import Vehicle
from pncsim.wire.credentials import KeySigner
from pncsim.wire.gate import STRICT
from pncsim.wire.trace import Judged, Story, Tolerated
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.signature import sign

REVOKED, CANCELLED, EXPIRED = "FAILED_CertificateRevoked", "FAILED_ContractCanceled", "FAILED_CertificateExpired"
WHERE = [("PaymentDetailsRes", REVOKED), ("PaymentDetailsRes", CANCELLED), ("AuthorizationRes", REVOKED)]


def stories(play: Playbook) -> str:
    return "\n".join(event.text for event in play.of(Story))


def refused(car: Vehicle, where: str, code: str) -> Playbook:
    """A session in which the station refuses the contract; the vehicle remembers what outlives it."""
    play = Playbook(car)
    sn.to_services(play)
    play.hear(sn.services())
    if isinstance(play.request, iso2.ServiceDetailReq):
        play.hear(sn.detail(Installation=1, Update=2))
    play.hear(sn.selected())
    if where == "CertificateUpdateRes":
        res = sn.bundle(iso2.CertificateUpdateRes, code=code)
        play.until(res, sn.details(code))
    elif where == "PaymentDetailsRes":
        play.hear(sn.details(code))
    else:
        play.until(sn.details(), sn.authorized(code=code))
    assert play.error.response_code == code
    _remember(car, play.engine.outcome)
    return play


def next_request(car: Vehicle, *answers: Any) -> Any:
    play = Playbook(car)
    sn.to_services(play)
    return play.until(*answers)


@pytest.mark.parametrize(("where", "code"), [*WHERE, ("CertificateUpdateRes", REVOKED)])
def test_a_contract_refused_as_revoked_is_replaced_at_the_next_plug_in(where: str, code: str) -> None:
    update = "always" if where == "CertificateUpdateRes" else "if-needed"
    car = vehicle(contracts=(sn.contract(),), update=update)
    refused(car, where, code)
    play = Playbook(car)
    sn.to_services(play)
    asked = play.until(sn.services(), sn.detail(Installation=1, Update=2), sn.selected())
    assert isinstance(asked, iso2.CertificateInstallationReq)
    assert f"contract {EMAID} was refused earlier with {code}" in stories(play)
    bundle = sn.bundle()
    assert isinstance(play.hear(bundle, signature=sn.signed(bundle)), iso2.PaymentDetailsReq)
    held = car.contracts.default
    assert held is not None and held.refused == "", "the new one has not been refused"


def test_a_refused_contract_is_not_shown_where_none_can_be_installed() -> None:
    car = vehicle(contracts=(sn.contract(),), payment="contract")
    refused(car, *WHERE[0])
    play = Playbook(car)
    sn.to_services(play)
    play.hear(sn.services(certificate=False))
    assert f"contract {EMAID} was refused earlier with {REVOKED} and none can be installed here" in play.error.sentence
    assert "PaymentDetailsReq" not in play.names


def test_a_refused_contract_leaves_the_driver_to_pay_where_that_is_possible() -> None:
    car = vehicle(contracts=(sn.contract(),))
    refused(car, *WHERE[0])
    chosen = next_request(car, sn.services(certificate=False))
    assert chosen.SelectedPaymentOption == iso2.PaymentOptionType.ExternalPayment


@pytest.mark.rule("EV-6")
def test_a_vehicle_that_may_install_nothing_asks_again_with_what_it_has() -> None:
    car = vehicle(contracts=(sn.contract(),), install="never")
    refused(car, *WHERE[0])
    assert isinstance(next_request(car, sn.services(), sn.selected()), iso2.PaymentDetailsReq)


def test_a_contract_that_is_accepted_after_all_is_not_held_to_be_refused() -> None:
    car = vehicle(contracts=(sn.contract(),), install="never")
    refused(car, *WHERE[0])
    play = Playbook(car)
    sn.to_contract_charging_ac(play)
    _remember(car, play.engine.outcome)
    held = car.contracts.default
    assert held is not None and held.refused == ""


def test_one_of_disputed_age_is_replaced_but_still_shown_where_that_cannot_be_done() -> None:
    car = vehicle(contracts=(sn.contract(),))
    play = refused(car, "PaymentDetailsRes", EXPIRED)
    assert f"contract {EMAID} counts from 20" in stories(play)
    assert "the vehicle's clock says 2026-11-18" in stories(play)
    shown = next_request(car, sn.services(certificate=False), sn.selected())
    assert isinstance(shown, iso2.PaymentDetailsReq)
    asked = next_request(car, sn.services(), sn.detail(Installation=1), sn.selected())
    assert isinstance(asked, iso2.CertificateInstallationReq)


@pytest.mark.parametrize("code", ["FAILED", "FAILED_SignatureError", "FAILED_CertificateNotAllowedAtThisEVSE"])
def test_a_refusal_that_says_nothing_of_the_contract_itself_is_not_held_against_it(code: str) -> None:
    car = vehicle(contracts=(sn.contract(),))
    refused(car, "PaymentDetailsRes", code)
    held = car.contracts.default
    assert held is not None and held.refused == ""
    assert isinstance(next_request(car, sn.services(), sn.selected()), iso2.PaymentDetailsReq)


def test_a_contract_folder_remembers_the_refusal_from_one_run_to_the_next(tmp_path: Path) -> None:
    car = vehicle()
    car.contracts = open_contract_folder(tmp_path / "contracts")
    car.contracts.install(sn.contract())
    refused(car, *WHERE[2])
    held = open_contract_folder(tmp_path / "contracts").default
    assert held is not None and held.refused == REVOKED


def test_a_contract_folder_of_an_earlier_version_holds_no_refusals(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    open_contract_folder(folder).install(sn.contract())
    manifest = folder / "contracts.json"
    rows = [
        {name: value for name, value in row.items() if name != "refused"} for row in json.loads(manifest.read_text())
    ]
    manifest.write_text(json.dumps(rows))
    held = open_contract_folder(folder).default
    assert held is not None and held.refused == ""


def utc(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


@pytest.mark.parametrize(
    ("now", "when"),
    [
        (sn.contract().not_after + 3600, f"ended at {utc(sn.contract().not_after)}"),
        (sn.contract().not_before - 7200, f"begins at {utc(sn.contract().not_before)}"),
    ],
    ids=["expired", "not yet valid"],
)
@pytest.mark.parametrize(
    ("policy", "certificate"), [("contract", False), ("prefer-contract", False), ("prefer-contract", True)]
)
def test_a_contract_out_of_its_time_is_named_with_date_and_clock(
    now: float, when: str, policy: str, certificate: bool
) -> None:
    play = Playbook(vehicle(contracts=(sn.contract(),), payment=policy), now=now)
    sn.to_services(play)
    play.hear(sn.services(certificate=certificate))
    told = stories(play) + (play.error.sentence if play.close else "")
    assert f"contract {EMAID} {when}; the vehicle's clock says {utc(play.now)}" in told


# Sales tariffs ---------------------------------------------------------------------------------------------------


def priced(tuple_id: int, level: int | None) -> iso2.SAScheduleTupleType:
    offered = sn.pmax((0, 11_000), tuple_id=tuple_id)
    interval = iso2.RelativeTimeIntervalType(start=0)
    offered.SalesTariff = iso2.SalesTariffType(
        Id=f"t{tuple_id}",
        SalesTariffID=tuple_id,
        SalesTariffEntry=[iso2.SalesTariffEntryType(TimeInterval=interval, EPriceLevel=level)],
    )
    return offered


def offered(*tuples: iso2.SAScheduleTupleType, signer: str | None, **wishes: Any) -> Playbook:
    play = Playbook(vehicle(contracts=(sn.contract(),), **wishes))
    sn.to_services(play)
    play.until(sn.services(certificate=False), sn.selected(), sn.details(), sn.authorized())
    tariffs = [("SalesTariff", t.SalesTariff) for t in tuples if t.SalesTariff is not None]
    signature = None if signer is None else sign(tariffs, KeySigner(sn.pki().key(signer)))
    play.hear(sn.parameters(*tuples), signature=signature)
    return play


@pytest.mark.parametrize("signer", [None, "mo_sub1"], ids=["unsigned", "signed by another"])
def test_a_tariff_whose_signature_fails_is_told_and_refused_by_a_strict_vehicle(signer: str | None) -> None:
    play = offered(priced(1, 5), priced(2, 3), signer=signer)
    assert play.request.SAScheduleTupleID == 1
    assert [judged.ok for judged in play.of(Judged)] == [False]
    assert [event.what[:43] for event in play.of(Tolerated)] == ["The station's sales tariffs are left aside:"]
    strict = offered(priced(1, 5), priced(2, 3), signer=signer, refuses=STRICT)
    assert "sales tariffs are left aside" in strict.error.sentence


@pytest.mark.parametrize(
    ("tuples", "why"),
    [
        ((priced(1, 5),), "no other schedule"),
        ((priced(1, 5), sn.pmax((0, 11_000), tuple_id=2)), "not every schedule"),
        ((priced(1, 5), priced(2, None)), "not every schedule"),
    ],
    ids=["only one", "one without", "without level"],
)
def test_a_tariff_that_cannot_be_compared_is_told(tuples: tuple[iso2.SAScheduleTupleType, ...], why: str) -> None:
    play = offered(*tuples, signer="mo_sub2")
    assert play.request.SAScheduleTupleID == 1
    assert [event.text for event in play.of(Story) if "tariff" in event.text and why in event.text]
    assert not play.of(Tolerated), "that is no liberty of the station"


def test_a_contract_without_its_issuer_says_why_tariffs_do_not_count() -> None:
    alone = sn.contract()
    leaf_only = type(alone.credentials)(alone.credentials.chain[:1], alone.credentials.key)
    play = Playbook(vehicle())
    play.vehicle.contracts = ContractStore([Contract(EMAID, leaf_only)])
    sn.to_services(play)
    play.until(sn.services(certificate=False), sn.selected(), sn.details(), sn.authorized())
    play.hear(sn.parameters(priced(1, 5), priced(2, 3)))
    assert play.request.SAScheduleTupleID == 1
    assert "no issuer to verify them" in stories(play)
