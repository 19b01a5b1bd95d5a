"""Authorities are certified again in time, with their keys: what they issued and revoked before stays what it was."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from backend_world import DAY, NOW, World, open_world
from cryptography import x509

from pncsim.backend.ccp.store import CONTRACTS
from pncsim.backend.ecosystem import AUTHORITY_LASTS, SIGNER_LASTS, Ecosystem
from pncsim.backend.events.facts import ContractFact, Fact, RootAdded
from pncsim.backend.rcp import RootKind
from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading
from pncsim.tls_certs.crl import build_crl, verify_crl
from pncsim.tls_certs.issue import build_request
from pncsim.tls_certs.pki import create_pki, load_pki, write_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.revocation import Status
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.source import SYSTEM
from pncsim.wire.v2g import signature

YEAR = 365 * DAY


async def enrolled(world: World) -> list[str]:
    """A station enrols: its chain verifies now, to a root of the pool, and is good at its responders; the chain's
    serial numbers."""
    csr = build_request(SYSTEM.key(), PROFILES["secc_leaf"], "DEPNCE100002")
    chain = await world.eco.ca.enrol(csr, "secc_leaf", lambda name: True)
    anchors = await world.eco.roots.anchors(RootKind.V2G)
    validated = validate_chain(chain, anchors, Use.SECC, world.clock.now())
    await world.eco.verifier.status(validated.issuers)
    return [f"{one.serial_number:x}" for one in (*chain[1:], validated.anchor)]


@pytest.mark.rule("PKI-11", "PKI-12")
async def test_sub_cas_are_certified_again_a_month_before_they_end_and_what_they_issue_lasts(world: World) -> None:
    first = await enrolled(world)
    world.clock.jump(2 * YEAR - AUTHORITY_LASTS - DAY)
    await world.eco.renew_certificates()
    assert await enrolled(world) == first
    world.clock.jump(DAY + 60)
    await world.eco.renew_certificates()
    second = await enrolled(world)
    assert second[0] != first[0] and second[1:] == first[1:]
    assert reading.same_key(*world.pki.certificates["cpo_sub2"])
    world.clock.jump(YEAR)
    assert await enrolled(world) == second
    await world.eco.renew_certificates()
    vehicle = await world.published()
    contract = await world.eco.mo.subscribe("Ada", reading.common_name(vehicle.leaf))
    assert reading.not_after(contract.certificate) > world.clock.now() + YEAR - DAY


@pytest.mark.rule("PKI-11")
async def test_two_who_renew_at_once_make_one_successor_of_a_signer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = world.eco.ca.revoked

    async def asked(certificate: x509.Certificate) -> bool:
        await asyncio.sleep(0)  # as a store does that is a database
        return await known(certificate)

    monkeypatch.setattr(world.eco.ca, "revoked", asked)
    world.clock.jump(YEAR)
    old = world.pki.certificate("cps_leaf")
    made: list[bytes] = []
    await asyncio.gather(*(_renewed(world, made) for _ in range(2)))
    assert len(set(made)) == 1 and made[0] != reading.der(old)


async def _renewed(world: World, made: list[bytes]) -> None:
    await world.eco.renew_certificates()
    made.append(reading.der(world.pki.certificate("cps_leaf")))


@pytest.mark.rule("PKI-11", "RCP-11")
async def test_two_services_with_one_folder_certify_an_authority_again_once(tmp_path: Path) -> None:
    write_pki(create_pki(NOW), tmp_path / "pki")
    world = await open_world()
    services = [Ecosystem(world.clock, world.trace, store=world.eco.store) for _ in range(2)]
    for service in services:
        await service.add_pki(load_pki(tmp_path / "pki"))
    old = services[0].pki.certificate("cpo_sub2")
    world.clock.jump(2 * YEAR - AUTHORITY_LASTS + 60)
    await asyncio.gather(*(service.renew_certificates() for service in services))
    made = {service.pki.certificate("cpo_sub2") for service in services}
    assert made == {load_pki(tmp_path / "pki").certificate("cpo_sub2")} != {old}
    for service in services:
        assert service.pki.certificates["cpo_sub2"] == (*made, old)
        assert service.pki.authority("cpo_sub2").certificate in made


@pytest.mark.rule("PKI-11", "RCP-7", "RCP-11", "RCP-12")
async def test_a_root_is_renewed_with_its_key_and_stands_beside_the_old_one_until_that_ends(world: World) -> None:
    added: list[RootAdded] = []

    async def hear(fact: RootAdded) -> None:
        added.append(fact)

    world.eco.bus.listen(RootAdded, hear)
    old = world.pki.certificate("v2g_root")
    world.clock.jump(reading.not_after(old) - NOW - AUTHORITY_LASTS + 60)
    await world.eco.renew_certificates()
    await world.eco.bus.settled()
    new = world.pki.certificate("v2g_root")
    assert new != old and reading.same_key(new, old)
    assert await world.eco.roots.anchors(RootKind.V2G) == [old, new]
    assert {fact.kind for fact in added} == {"V2G", "MO", "OEM"}
    await enrolled(world)
    world.clock.jump(AUTHORITY_LASTS)
    assert await world.eco.roots.cleanse() == 3
    assert await world.eco.roots.anchors(RootKind.V2G) == [new]
    assert (await enrolled(world))[-1] == f"{new.serial_number:x}"


@pytest.mark.rule("PKI-5", "PKI-6")
async def test_what_an_authority_revoked_before_it_was_certified_again_stays_revoked_after_a_restart_too(
    tmp_path: Path,
) -> None:
    write_pki(create_pki(NOW), tmp_path / "pki")
    world = await open_world()
    world.eco = Ecosystem(world.clock, world.trace)
    await world.eco.add_pki(load_pki(tmp_path / "pki"))
    kept, *_ = await world.eco.ca.issue_contract("DEPNCC00000009", SYSTEM.key().public_key(), NOW + YEAR)
    contract = world.pki.certificate("contract_leaf")
    await world.eco.ca.revoke_certificate(contract, "superseded")
    world.clock.jump(4 * YEAR - AUTHORITY_LASTS / 2)
    await world.eco.renew_certificates()
    folder = load_pki(tmp_path / "pki")
    assert folder.certificate("mo_sub2") == world.pki.certificate("mo_sub2") != world.pki.certificates["mo_sub2"][1]
    restarted = Ecosystem(world.clock, world.trace, store=world.eco.store)
    await restarted.add_pki(folder)
    for eco in (world.eco, restarted):
        for issuer in world.pki.certificates["mo_sub2"]:
            assert (await eco.ocsp.of(contract, issuer)).status == "revoked"
            assert (await eco.ocsp.of(kept, issuer)).status == "good"
    authority = restarted.pki.authority("mo_sub2")
    listed = verify_crl(build_crl(authority, world.clock.now()), contract, authority.certificate, world.clock.now())
    assert listed.status is Status.REVOKED


@pytest.mark.rule("PKI-11")
@pytest.mark.parametrize("revoked", [False, True])
async def test_what_waits_under_a_signer_that_is_renewed_or_revoked_is_signed_again_and_nobody_is_told(
    world: World, revoked: bool
) -> None:
    vehicle = await world.published()
    contract = await world.eco.mo.subscribe("Ada", reading.common_name(vehicle.leaf))
    before = await world.eco.store.of(CONTRACTS).get(contract.emaid)
    old = world.pki.credentials("cps_leaf")
    heard: list[Fact] = []

    async def hear(fact: Fact) -> None:
        heard.append(fact)

    if revoked:
        await world.eco.ca.revoke_certificate(old.leaf, "key_compromise")
        with pytest.raises(Refused) as refused:
            await world.eco.mo.subscribe("Bob", reading.common_name(vehicle.leaf))
        assert refused.value.clause == "CPS-3"
    else:
        world.clock.jump(reading.not_after(old.leaf) - NOW - SIGNER_LASTS + 60)
    world.eco.bus.listen(ContractFact, hear)
    await world.eco.renew_certificates()
    await world.eco.bus.settled()
    new = world.pki.credentials("cps_leaf")
    assert reading.same_key(new.leaf, old.leaf) is not revoked
    after = await world.eco.store.of(CONTRACTS).get(contract.emaid)
    assert before is not None and after is not None and heard == []
    assert (after.entry, after.stored_at) == (before.entry, before.stored_at)
    assert after.bundle.provisioning_certificates[0] == reading.der(new.leaf)
    assert after.bundle.contract_certificates == before.bundle.contract_certificates
    key = reading.p256_key(new.leaf)
    assert key is not None
    signature.verify(after.bundle.signature, after.bundle.parts, key)
    again = await world.eco.mo.subscribe("Bob", reading.common_name(vehicle.leaf))
    assert again.emaid != contract.emaid
    await world.eco.renew_certificates()
    assert world.pki.credentials("cps_leaf").leaf == new.leaf
