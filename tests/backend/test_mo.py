"""The mobility operator: contracts are concluded only for verified vehicles, and who may charge is its word."""

from __future__ import annotations

import pytest
from backend_world import DAY, NOW, PCID, SCHEMA, World, leaf_of, unrelated
from vehicle_requests import received, update_request

from pncsim.backend.mo import MobilityOperator, SubscriptionState
from pncsim.backend.pcp import ProvisionedVehicle
from pncsim.backend.refusal import Refused
from pncsim.backend.store import MemoryStore
from pncsim.tls_certs import reading
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.validation import ChainError
from pncsim.wire.gate import refuse
from pncsim.wire.identifiers import check_emaid, judge_check_character
from pncsim.wire.trace import ServiceCall


async def refusal(world: World, **options: object) -> Refused:
    with pytest.raises(Refused) as caught:
        await world.eco.mo.subscribe("Ada", PCID, **options)  # type: ignore[arg-type]
    assert await world.eco.pool.contracts(PCID) == []
    return caught.value


@pytest.mark.rule("ID-1")
async def test_a_new_emaid_is_the_operators_own_with_a_right_check_character(world: World) -> None:
    contract = await world.subscribed()
    judge_check_character(check_emaid(contract.emaid), refuse)
    assert len(contract.emaid) == 15
    assert contract.emaid.startswith("DEPNCC")
    assert contract.pcid == PCID
    assert contract.driver == "Ada"


async def test_a_wanted_emaid_is_taken_if_it_is_the_operators(world: World) -> None:
    await world.published()
    contract = await world.eco.mo.subscribe("Ada", PCID, emaid="de-pnc-c1a2b3c4d")
    assert contract.emaid == "DEPNCC1A2B3C4D"
    assert (await refusal_of_emaid(world, "FRXYZ123456789")).http_status == 403
    assert (await refusal_of_emaid(world, "nonsense")).http_status == 400


async def refusal_of_emaid(world: World, emaid: str) -> Refused:
    with pytest.raises(Refused) as caught:
        await world.eco.mo.subscribe("Ada", PCID, emaid=emaid)
    return caught.value


async def test_a_contract_of_one_vehicle_cannot_be_had_for_another(world: World) -> None:
    contract = await world.subscribed()
    await world.eco.oem.publish(await world.eco.oem.build("PNCSIMVEHICLE00002"))
    with pytest.raises(Refused) as caught:
        await world.eco.mo.subscribe("Bob", "PNCSIMVEHICLE00002", emaid=contract.emaid)
    assert caught.value.message == "Invalid Tupple - EMAID is already used by other PCID."


async def test_an_unknown_vehicle_gets_no_contract(world: World) -> None:
    error = await refusal(world)
    assert error.http_status == 404


@pytest.mark.rule("ID-2")
async def test_a_malformed_pcid_is_refused_at_once(world: World) -> None:
    with pytest.raises(Refused) as caught:
        await world.eco.mo.subscribe("Ada", "not a pcid")
    assert (caught.value.http_status, caught.value.clause) == (400, "ID-2")


@pytest.mark.rule("MO-1")
async def test_a_revoked_vehicle_gets_no_contract(world: World) -> None:
    await world.published()
    await world.eco.ca.revoke("oem_leaf")
    assert "is not good" in (await refusal(world)).sentence


class CarelessPool:
    """Somebody's provisioning pool that hands out what it has, unverified."""

    def __init__(self, vehicle: ProvisionedVehicle) -> None:
        self.vehicle = vehicle

    async def get(self, pcid: str) -> ProvisionedVehicle:
        return self.vehicle


@pytest.mark.rule("MO-1")
async def test_the_operator_verifies_the_vehicle_itself(world: World) -> None:
    stranger = unrelated("oem_leaf", pcid=PCID)
    operator = MobilityOperator(
        world.clock,
        world.voice("MO"),
        MemoryStore(),
        provider="DEPNC",
        authority=world.eco.ca,
        verifier=world.eco.verifier,
        vehicles=CarelessPool(ProvisionedVehicle(pcid=PCID, chain=stranger.chain)),
        signing=world.eco.signing,
    )
    with pytest.raises(ChainError):
        await operator.subscribe("Mallory", PCID)
    issued = [e for e in world.events if isinstance(e, ServiceCall) and e.operation.startswith("issue")]
    assert issued == []


async def test_an_end_in_the_past_is_refused_in_the_published_words(world: World) -> None:
    await world.published()
    error = await refusal(world, ends=NOW - DAY)
    assert error.message == "The given contractEnds date is in the past."


@pytest.mark.rule("CPS-9")
async def test_the_certificate_ends_as_wished_but_never_after_the_vehicles(world: World) -> None:
    short = leaf_of(world, "oem_leaf", PCID, not_after=NOW + 100 * DAY)
    await world.eco.oem.publish(short)
    wished = await world.eco.mo.subscribe("Ada", PCID, ends=NOW + 30 * DAY)
    assert wished.ends == NOW + 30 * DAY
    clamped = await world.eco.mo.subscribe("Ada", PCID, ends=NOW + 300 * DAY)
    assert clamped.ends == reading.not_after(short.leaf)


async def test_the_certificate_never_outlives_its_issuer(world: World) -> None:
    await world.published()
    contract = await world.eco.mo.subscribe("Ada", PCID, ends=NOW + 9 * 365 * DAY)
    assert contract.ends == reading.not_after(world.pki.certificate("mo_sub2"))


@pytest.mark.rule("CSO-2")
async def test_who_may_charge(world: World) -> None:
    mo, emaid = world.eco.mo, (await world.subscribed()).emaid

    async def status() -> str:
        return (await mo.authorize(emaid)).status

    assert await status() == "Accepted"
    assert (await mo.authorize(f"{emaid[:2]}-{emaid[2:5]}-{emaid[5:14]}-{emaid[14]}".lower())).status == "Accepted"
    assert (await mo.authorize("DEPNCC0000000X")).status == "Unknown"
    assert (await mo.authorize("rubbish" * 100)).status == "Unknown"
    await mo.block(emaid)
    assert await status() == "Blocked"
    await mo.unblock(emaid)
    assert await status() == "Accepted"
    world.clock.jump(366 * DAY)
    assert await status() == "Expired"


async def test_cancelling_revokes_the_certificate_for_good(world: World) -> None:
    contract = await world.subscribed()
    await world.eco.mo.cancel(contract.emaid)
    assert (await world.eco.mo.authorize(contract.emaid)).status == "Invalid"
    assert (await world.eco.mo.subscription(contract.emaid)).state is SubscriptionState.CANCELLED
    state = await world.eco.ocsp.of(contract.certificate, world.pki.certificate("mo_sub2"))
    assert state.status == "revoked"
    with pytest.raises(Refused, match="cancelled for good"):
        await world.eco.mo.unblock(contract.emaid)


async def test_a_contract_from_a_folder_is_registered(world: World) -> None:
    contract = await world.eco.mo.register("Bob", world.pki.certificate("contract_leaf"))
    verdict = await world.eco.mo.authorize(contract.emaid)
    assert (verdict.status, verdict.text) == ("Accepted", f"Bob may charge with {contract.emaid}.")


async def test_a_certificate_without_emaid_cannot_be_registered(world: World) -> None:
    with pytest.raises(Refused):
        await world.eco.mo.register("Bob", world.pki.certificate("mo_sub2"))


@pytest.mark.parametrize("issuer", ["cpo_sub2", "cps_sub2"])
async def test_another_trusted_ca_cannot_have_a_contract_renewed(world: World, issuer: str) -> None:
    """The root pool trusts the issuer and the EMAID is right: the contract is still somebody else's."""
    contract = await world.subscribed()
    rogue = world.pki.authority(issuer).credentials(PROFILES["contract_leaf"], contract.emaid, NOW)
    request = update_request(rogue, contract.emaid, world.pki.anchors("v2g_root"))
    answer = received(await world.eco.pool.provide(request, SCHEMA))
    assert (answer.code, answer.message.Header.Signature) == ("FAILED_CertChainError", None)
    with pytest.raises(Refused, match="was not issued by this operator") as caught:
        await world.eco.mo.renew(contract.emaid, rogue.leaf)
    assert caught.value.kind == "wrong anchor"
    assert await world.eco.mo.subscription(contract.emaid) == contract
