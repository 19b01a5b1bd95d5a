"""Contracts arrive verified and whole: installation, update, every check that can fail, and what happens then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ev_playbook as sn
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from ev_playbook import NOW, Playbook, vehicle

from pncsim.ev.contracts import ContractStore, Held
from pncsim.tls_certs.chain_element import chain_element
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.gate import LENIENT, STRICT, Tolerance
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.key_transport import wrap
from pncsim.wire.v2g.signature import verify
from pncsim.wire.values import replace

DAY = 86400.0


def to_installation(play: Playbook) -> Any:
    sn.to_services(play)
    return play.until(sn.services(), sn.detail(Installation=1, Update=2), sn.selected())


@pytest.mark.rule("EV-3", "EV-7b")
def test_installation_is_asked_signed_and_installed() -> None:
    play = Playbook(vehicle())
    sn.to_services(play)
    asked = play.hear(sn.services())
    assert asked == iso2.ServiceDetailReq(ServiceID=2)
    selection = play.hear(sn.detail(Update=7, Installation=5))
    assert [(x.ServiceID, x.ParameterSetID) for x in selection.SelectedServiceList.SelectedService] == [
        (1, None),
        (2, 5),
    ]
    request = play.hear(sn.selected())
    assert request.OEMProvisioningCert == sn.pki().credentials("oem_leaf").chain_der[0]
    (root,) = request.ListOfRootCertificateIDs.RootCertificateID
    assert root.X509SerialNumber == sn.pki().certificate("v2g_root").serial_number
    key = sn.pki().certificate("oem_leaf").public_key()
    verify(play.documents[-1].Header.Signature, [("CertificateInstallationReq", request)], key)
    assert play.engine.deadline == pytest.approx(play.now + 5)
    res = sn.bundle()
    details = play.hear(res, signature=sn.signed(res))
    assert details.eMAID == sn.EMAID
    kept = play.vehicle.contracts.default
    assert kept is not None
    assert kept.credentials.key.private_numbers() == sn.pki().key("contract_leaf").private_numbers()
    assert [what.partition(" in ")[0] for what, ok in play.verdicts if ok] == [
        "provisioning service chain",
        "signature of CertificateInstallationRes",
        "contract chain",
        "EMAID",
        "contract key",
    ]
    installed = play.engine.outcome.installed
    assert installed is not None
    assert (installed.emaid, installed.by_update) == (sn.EMAID, False)
    assert "MO" in installed.issuer
    assert installed.not_after > NOW
    proof = play.hear(sn.details())
    verify(play.documents[-1].Header.Signature, [("AuthorizationReq", proof)], kept.credentials.leaf.public_key())


@pytest.mark.rule("EV-3")
def test_a_contract_is_kept_with_the_path_that_was_verified_whatever_order_it_came_in() -> None:
    play = Playbook(vehicle())
    to_installation(play)
    res = sn.bundle()
    subs = res.ContractSignatureCertChain.SubCertificates.Certificate
    subs.reverse()
    play.hear(res, signature=sn.signed(res))
    kept = play.vehicle.contracts.default
    assert kept is not None and kept.credentials.chain == sn.pki().credentials("contract_leaf").chain
    assert list(kept.credentials.chain_der[1:]) == list(reversed(subs))


def altered_key(res: Any) -> None:
    value = res.ContractSignatureEncryptedPrivateKey.value
    res.ContractSignatureEncryptedPrivateKey.value = value[:-1] + bytes([value[-1] ^ 1])


def short_key(res: Any) -> None:
    res.ContractSignatureEncryptedPrivateKey.value = res.ContractSignatureEncryptedPrivateKey.value[:47]


def bad_point(res: Any) -> None:
    res.DHpublickey.value = b"\x04" + bytes(64)


def other_emaid(res: Any) -> None:
    res.eMAID.value = "DEABCC999ZZZ99"


def broken_contract_chain(res: Any) -> None:
    sub = sn.pki().credentials("oem_leaf").chain_der[1]
    res.ContractSignatureCertChain.SubCertificates.Certificate[0] = sub


def garbage_contract(res: Any) -> None:
    res.ContractSignatureCertChain.Certificate = b"\x30\x03\x02\x01\x01"


def foreign_cps(res: Any) -> None:
    res.SAProvisioningCertificateChain = sn.chain("contract_leaf")


def no_cps_subs(res: Any) -> None:
    res.SAProvisioningCertificateChain.SubCertificates = None


CASES: list[tuple[Callable[[Any], None], str]] = [
    (altered_key, "contract key"),
    (short_key, "contract key"),
    (bad_point, "contract key"),
    (other_emaid, "EMAID"),
    (broken_contract_chain, "contract chain"),
    (foreign_cps, "provisioning service chain"),
    (no_cps_subs, "provisioning service chain"),
]


@pytest.mark.rule("EV-3")
@pytest.mark.parametrize(("alter", "failing"), CASES)
def test_a_bad_bundle_ends_the_session_and_leaves_nothing(alter: Callable[[Any], None], failing: str) -> None:
    play = Playbook(vehicle())
    to_installation(play)
    res = sn.bundle()
    alter(res)
    play.hear(res, signature=sn.signed(res))
    assert isinstance(play.error, PeerError)
    last, ok = play.verdicts[-1]
    assert (last, ok) == (f"{failing} in CertificateInstallationRes", False)
    assert play.vehicle.contracts.all == ()
    assert play.engine.outcome.installed is None
    assert "PaymentDetailsReq" not in play.names


def test_a_delivery_in_which_two_elements_have_one_id_is_refused() -> None:
    """The chain of the provisioning service is no signed part; with the Id of one it could stand in its place."""
    play = Playbook(vehicle())
    to_installation(play)
    res = sn.bundle()
    res.SAProvisioningCertificateChain.Id = res.ContractSignatureCertChain.Id
    play.hear(res, signature=sn.signed(res))
    assert play.verdicts[-1] == ("signature of CertificateInstallationRes", False)
    assert isinstance(play.error, PeerError) and play.error.kind == "signature"
    assert play.vehicle.contracts.all == ()


def test_a_contract_that_is_no_certificate_is_refused() -> None:
    play = Playbook(vehicle())
    to_installation(play)
    res = sn.bundle()
    garbage_contract(res)
    play.hear(res, signature=sn.signed(res))
    assert "certificate of the contract chain in CertificateInstallationRes cannot be read" in str(play.error)
    assert play.vehicle.contracts.all == ()


@pytest.mark.rule("EV-3")
@pytest.mark.parametrize("signer", [None, "contract_leaf", "altered after signing"])
def test_a_bundle_without_the_right_signature_is_refused(signer: str | None) -> None:
    play = Playbook(vehicle())
    to_installation(play)
    res = sn.bundle()
    signature = None if signer is None else sn.signed(res, "cps_leaf" if " " in signer else signer)
    if signer == "altered after signing":
        res.eMAID.value = "DEABCC123ABC57"
    play.hear(res, signature=signature)
    assert play.verdicts[-1] == ("signature of CertificateInstallationRes", False)
    assert play.vehicle.contracts.all == ()


@pytest.mark.rule("EV-3")
def test_a_key_wrapped_for_another_vehicle_is_refused() -> None:
    play = Playbook(vehicle())
    to_installation(play)
    res = sn.bundle(receiver=ec.generate_private_key(ec.SECP256R1()).public_key())
    play.hear(res, signature=sn.signed(res))
    assert "does not belong to the contract certificate" in str(play.error)


def test_a_refusal_without_a_contract_ends_the_session() -> None:
    play = Playbook(vehicle())
    to_installation(play)
    play.hear(sn.bundle(code="FAILED_NoCertificateAvailable"))
    assert play.error.response_code == "FAILED_NoCertificateAvailable"
    assert "PCID" in play.error.advice


def test_a_refusal_with_another_contract_goes_on_and_says_so() -> None:
    play = Playbook(vehicle(contracts=(sn.contract(),), install="always"))
    to_installation(play)
    details = play.hear(sn.bundle(code="FAILED_NoCertificateAvailable"))
    assert details.eMAID == sn.EMAID
    assert "FAILED_NoCertificateAvailable" in play.problems[0]
    assert play.engine.outcome.problems


def test_a_store_that_cannot_keep_the_contract_ends_the_session() -> None:
    class Full:
        def change(self, change: Callable[[Held], Held]) -> Held:
            raise LocalError("The disk is full.")

    car = vehicle()
    car.contracts = ContractStore(keeper=Full())
    play = Playbook(car)
    to_installation(play)
    res = sn.bundle()
    play.hear(res, signature=sn.signed(res))
    assert "disk is full" in str(play.error)
    assert car.contracts.all == ()
    assert play.engine.outcome.installed is None


def test_without_the_roots_of_the_mobility_operator_the_chain_must_be_consistent() -> None:
    car = vehicle()
    car.contract_roots = ()
    play = Playbook(car)
    to_installation(play)
    res = sn.bundle()
    play.hear(res, signature=sn.signed(res))
    assert car.contracts.default is not None
    other = vehicle()
    other.contract_roots = ()
    play = Playbook(other)
    to_installation(play)
    broken_contract_chain(res)
    play.hear(res, signature=sn.signed(res))
    assert "was not issued by" in str(play.error)


def test_a_contract_for_no_emaid_is_refused_although_all_else_fits() -> None:
    """The eMAID names the contract's folder: one that is none must not get there, even if its certificate agrees."""
    name = "../../CONTRACTS"
    odd = sn.pki().authority("mo_sub2").credentials(PROFILES["contract_leaf"], name, NOW)
    leaf, *subs = odd.chain_der
    wrapped = wrap(odd.key, sn.pki().credentials("oem_leaf").key.public_key())
    res = sn.bundle()
    res.ContractSignatureCertChain.Certificate = leaf
    res.ContractSignatureCertChain.SubCertificates.Certificate = subs
    res.ContractSignatureEncryptedPrivateKey.value = wrapped.encrypted
    res.DHpublickey.value = wrapped.dh_public
    res.eMAID.value = name
    car = vehicle()
    car.contract_roots = ()
    play = Playbook(car)
    to_installation(play)
    play.hear(res, signature=sn.signed(res))
    assert play.verdicts[-1] == ("EMAID in CertificateInstallationRes", False)
    assert f"'{name}' is not an EMAID" in str(play.error)
    assert car.contracts.all == ()
    assert play.engine.outcome.installed is None


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("roots", [True, False], ids=["MO roots known", "no MO roots"])
def test_a_contract_whose_check_character_is_wrong_is_told_and_refused_by_a_strict_vehicle(
    roots: bool, strict: bool
) -> None:
    emaid = f"{sn.EMAID}Z"
    odd = sn.pki().authority("mo_sub2").credentials(PROFILES["contract_leaf"], emaid, NOW)
    wrapped = wrap(odd.key, sn.pki().credentials("oem_leaf").key.public_key())
    res = sn.bundle()
    res.ContractSignatureCertChain = chain_element(odd.chain_der, id=res.ContractSignatureCertChain.Id)
    res.ContractSignatureEncryptedPrivateKey.value = wrapped.encrypted
    res.DHpublickey.value = wrapped.dh_public
    res.eMAID.value = emaid
    car = vehicle(refuses=STRICT if strict else LENIENT)
    if not roots:
        car.contract_roots = ()
    play = Playbook(car)
    to_installation(play)
    play.hear(res, signature=sn.signed(res))
    assert (play.engine.outcome.installed is None) is strict
    told = [one for one in play.engine.outcome.tolerated if one.tolerance is Tolerance.EMAID_CHECK]
    assert len(told) == (0 if strict else 1)


def near_end() -> Any:
    """A car whose contract has 20 days left at the time it answers."""
    contract = sn.contract()
    return vehicle(contracts=(contract,)), contract.not_after - 20 * DAY


def test_an_update_is_signed_and_unwrapped_with_the_old_key() -> None:
    car, later = near_end()
    play = Playbook(car, now=later)
    play.now = later
    request = to_installation(play)
    assert isinstance(request, iso2.CertificateUpdateReq)
    assert request.eMAID == sn.EMAID
    key = sn.pki().certificate("contract_leaf").public_key()
    verify(play.documents[-1].Header.Signature, [("CertificateUpdateReq", request)], key)


def test_an_updated_contract_replaces_the_old_one() -> None:
    play = Playbook(vehicle(contracts=(sn.contract(renew=True),)))
    assert isinstance(to_installation(play), iso2.CertificateUpdateReq)
    res = sn.bundle(iso2.CertificateUpdateRes, receiver=sn.pki().certificate("contract_leaf").public_key())
    assert isinstance(play.hear(res, signature=sn.signed(res)), iso2.PaymentDetailsReq)
    (kept,) = play.vehicle.contracts.all
    assert not kept.renew
    assert play.engine.outcome.installed is not None
    assert play.engine.outcome.installed.by_update


def test_an_update_wrapped_for_the_provisioning_key_is_refused_and_the_old_contract_used() -> None:
    play = Playbook(vehicle(contracts=(sn.contract(renew=True),)))
    to_installation(play)
    res = sn.bundle(iso2.CertificateUpdateRes)
    assert isinstance(play.hear(res, signature=sn.signed(res)), iso2.PaymentDetailsReq)
    assert play.verdicts[-1] == ("contract key in CertificateUpdateRes", False)
    (kept,) = play.vehicle.contracts.all
    assert kept is play.vehicle.contracts.default
    assert kept.renew


def test_a_refused_update_tells_when_to_try_again() -> None:
    play = Playbook(vehicle(contracts=(sn.contract(renew=True),)))
    to_installation(play)
    res = replace(sn.bundle(iso2.CertificateUpdateRes, code="FAILED_NoCertificateAvailable"), RetryCounter=3)
    assert isinstance(play.hear(res), iso2.PaymentDetailsReq)
    assert play.engine.outcome.retry_update_after == 3


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({}, iso2.PaymentServiceSelectionReq),
        ({"update": "always"}, iso2.ServiceDetailReq),
        ({"install": "always"}, iso2.ServiceDetailReq),
    ],
)
@pytest.mark.rule("EV-6")
def test_a_good_contract_is_replaced_only_on_wish(wishes: dict[str, Any], expected: type) -> None:
    play = Playbook(vehicle(contracts=(sn.contract(),), **wishes))
    sn.to_services(play)
    assert isinstance(play.hear(sn.services()), expected)


@pytest.mark.rule("EV-1", "CCP-GET-3")
def test_a_vehicle_lists_each_of_five_v2g_roots() -> None:
    car = vehicle()
    car.v2g_roots = (*car.v2g_roots, *(create_pki(sn.NOW).root("v2g_root") for _ in range(4)))
    play = Playbook(car)
    sn.to_services(play)
    play.until(sn.services(), sn.detail(Installation=1), sn.selected())
    listed = play.request.ListOfRootCertificateIDs.RootCertificateID
    assert [one.X509SerialNumber for one in listed] == [root.serial_number for root in car.v2g_roots]
    assert len(listed) == 5


def test_an_expiring_contract_is_noted_for_the_next_session() -> None:
    play = Playbook(vehicle(contracts=(sn.contract(),)))
    sn.to_services(play)
    play.until(sn.services(certificate=False), sn.selected(), sn.details("OK_CertificateExpiresSoon"))
    assert play.engine.outcome.contract_expires_soon
    assert isinstance(play.request, iso2.AuthorizationReq)


def test_an_expired_contract_is_not_used() -> None:
    expired = sn.contract()
    play = Playbook(vehicle(contracts=(expired,), install="never"), now=expired.not_after + DAY)
    sn.to_services(play)
    chosen = play.hear(sn.services())
    assert chosen.SelectedPaymentOption == iso2.PaymentOptionType.ExternalPayment


def test_a_certificate_service_without_parameter_sets_is_tolerated() -> None:
    play = Playbook(vehicle())
    sn.to_services(play)
    selection = play.until(sn.services(), sn.detail())
    assert selection.SelectedServiceList.SelectedService[1].ParameterSetID == 1
    assert "names no parameter sets" in play.tolerated[0]


def test_a_service_that_cannot_install_falls_back_to_external_payment() -> None:
    play = Playbook(vehicle())
    sn.to_services(play)
    selection = play.until(sn.services(), sn.detail(Update=2))
    assert selection.SelectedPaymentOption == iso2.PaymentOptionType.ExternalPayment
    assert len(selection.SelectedServiceList.SelectedService) == 1
    contract_only = Playbook(vehicle(payment="contract"))
    sn.to_services(contract_only)
    contract_only.hear(sn.services())
    contract_only.hear(sn.detail(Update=2))
    assert "set to contract" in str(contract_only.error)


def test_no_key_material_is_in_the_events() -> None:
    play = Playbook(vehicle())
    to_installation(play)
    res = sn.bundle()
    play.hear(res, signature=sn.signed(res))
    secret = sn.pki().key("contract_leaf").private_numbers().private_value
    shown = repr(play.events)
    assert f"{secret:x}" not in shown
    assert str(secret) not in shown
