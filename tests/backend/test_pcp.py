"""The provisioning pool: four numbered checks, the first that fails decides; no list; deletion cascades."""

from __future__ import annotations

import pytest
from backend_world import DAY, NOW, PCID, World, leaf_of, open_world, unrelated

from pncsim.backend.events.facts import Fact, VehicleDeleted, VehiclePublished, VehicleReplaced
from pncsim.backend.pki.fetch import Fetch
from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerSilent


async def refused(world: World, vehicle: Credentials, wmis: list[str] | None = None) -> Refused:
    """The refusal of a publication, which leaves nothing behind."""
    with pytest.raises(Refused) as caught:
        await world.eco.vehicles.publish(vehicle.chain_der, wmis=wmis)
    assert await world.eco.vehicles.find(reading.common_name(vehicle.leaf)) is None
    return caught.value


async def test_a_published_vehicle_is_read_by_its_pcid_in_any_case(world: World) -> None:
    await world.published()
    for pcid in (PCID, PCID.lower()):
        entry = await world.eco.vehicles.get(pcid)
        assert entry.chain_der == world.vehicle.chain_der
        assert entry.pcid == PCID
    await world.eco.vehicles.lookup(PCID)
    assert entry.v2g_roots == (reading.key_identifier(world.pki.certificate("v2g_root")),)


async def test_unknown_and_malformed_pcids_are_told_apart(world: World) -> None:
    with pytest.raises(Refused) as caught:
        await world.eco.vehicles.get("WMI45678901234567")
    assert caught.value.http_status == 404
    assert caught.value.message == "The OEM provisioning certificate with given PCID is not found."
    with pytest.raises(Refused) as caught:
        await world.eco.vehicles.lookup("too short")
    assert caught.value.http_status == 400
    assert caught.value.message == 'pcid : must match "^[a-zA-Z0-9]{17,18}$"'


async def test_the_common_name_must_be_a_pcid(world: World) -> None:
    error = await refused(world, leaf_of(world, "oem_leaf", "NOT-A-PCID"))
    assert error.clause == "PCP-PUB-6"


async def test_check_1_the_manufacturer_code_must_be_the_callers(world: World) -> None:
    error = await refused(world, world.vehicle, wmis=["ABC"])
    assert (error.clause, error.http_status) == ("PCP-PUB-1", 403)
    await world.eco.vehicles.publish(world.vehicle.chain_der, wmis=["abc", "pnc"])


async def test_check_2_every_certificate_must_be_valid_now(world: World) -> None:
    error = await refused(world, leaf_of(world, "oem_leaf", PCID, now=NOW + 30 * DAY))
    assert error.clause == "PCP-PUB-2"
    world.clock.jump(21 * 365 * DAY)  # past Sub-CA 2 and the leaf
    error = await refused(world, world.vehicle)
    assert error.clause == "PCP-PUB-2"


@pytest.mark.parametrize("role", ["oem_leaf", "oem_sub2", "oem_sub1"])
async def test_check_3_nothing_in_the_chain_may_be_revoked(world: World, role: str) -> None:
    await world.eco.ca.revoke(role, "key_compromise")
    error = await refused(world, world.vehicle)
    assert (error.clause, error.kind) == ("PCP-PUB-3", "revoked")


async def test_check_4_the_chain_must_lead_to_a_root_of_the_pool(world: World) -> None:
    world.pki.authority("oem_sub2").registry.complete = False  # calls good whatever has its name and key
    stranger = unrelated("oem_leaf", pcid=PCID)
    error = await refused(world, Credentials((stranger.leaf, *world.vehicle.chain[1:]), stranger.key))
    assert (error.clause, error.http_status) == ("PCP-PUB-4", 400)


async def test_a_chain_of_another_pki_is_refused(world: World) -> None:
    error = await refused(world, unrelated("oem_leaf", pcid=PCID))
    assert error.clause == "PCP-PUB-3"  # nobody here can say whether it was revoked


async def test_the_first_failing_check_decides_and_no_responder_is_asked_before_its_turn() -> None:
    asked: list[str] = []

    def counting(clock: Clock) -> Fetch:
        async def fetch(url: str, request: bytes) -> bytes:
            asked.append(url)
            raise PeerSilent("The OCSP responder does not answer.", http_status=502)

        return fetch

    world = await open_world(fetch=counting)
    assert (await refused(world, world.vehicle, wmis=["ABC"])).clause == "PCP-PUB-1"
    assert (await refused(world, leaf_of(world, "oem_leaf", PCID, now=NOW + DAY))).clause == "PCP-PUB-2"
    assert asked == []
    error = await refused(world, world.vehicle)
    assert (error.clause, error.http_status) == ("PCP-PUB-3", 502)
    assert asked


async def test_a_refused_publication_leaves_the_previous_entry(world: World) -> None:
    await world.published()
    newer = leaf_of(world, "oem_leaf", PCID)
    await world.eco.ca.revoke_certificate(newer.leaf)
    with pytest.raises(Refused):
        await world.eco.vehicles.publish(newer.chain_der)
    assert (await world.eco.vehicles.get(PCID)).leaf == world.vehicle.leaf


@pytest.mark.parametrize("count", [0, 1, 4])
async def test_a_chain_has_a_leaf_and_one_or_two_sub_cas(world: World, count: int) -> None:
    chain = (*world.vehicle.chain_der, reading.der(world.pki.certificate("oem_root")))[:count]
    with pytest.raises(Refused) as caught:
        await world.eco.vehicles.publish(chain)
    assert caught.value.clause == "PKI-7"


async def test_an_unreadable_certificate_is_named_by_its_field(world: World) -> None:
    leaf, sub2, _ = world.vehicle.chain_der
    with pytest.raises(Refused) as caught:
        await world.eco.vehicles.publish((leaf, sub2, b"no certificate"))
    assert caught.value.message == "Invalid certificate format on subCa1Certificate"


async def test_the_pool_tells_of_each_change_and_whether_the_key_is_new(world: World) -> None:
    heard: list[Fact] = []

    async def hear(fact: Fact) -> None:
        heard.append(fact)

    for kind in (VehiclePublished, VehicleReplaced, VehicleDeleted):
        world.eco.bus.listen(kind, hear)
    await world.published()
    await world.published()
    await world.eco.vehicles.publish(leaf_of(world, "oem_leaf", PCID).chain_der)
    await world.eco.vehicles.delete(PCID)
    published, same, changed, deleted = heard
    assert isinstance(published, VehiclePublished)
    assert isinstance(same, VehicleReplaced) and not same.new_key
    assert isinstance(changed, VehicleReplaced) and changed.new_key
    assert isinstance(deleted, VehicleDeleted) and deleted.why == "withdrawn"
    assert {fact.pcid for fact in (published, same, changed, deleted)} == {PCID}


async def test_reading_verifies_anew(world: World) -> None:
    await world.published()
    await world.eco.ca.revoke("oem_sub2")
    with pytest.raises(Refused) as caught:
        await world.eco.vehicles.get(PCID)
    assert caught.value.clause == "PCP-PUB-3"


async def test_only_the_owner_deletes(world: World) -> None:
    await world.published()
    with pytest.raises(Refused) as caught:
        await world.eco.vehicles.delete(PCID, wmis=["ABC"])
    assert caught.value.http_status == 403
    await world.eco.vehicles.delete(PCID, wmis=["PNC"])
    with pytest.raises(Refused) as caught:
        await world.eco.vehicles.delete(PCID)
    assert caught.value.http_status == 404


async def test_cleansing_removes_revoked_and_expired_entries_only(world: World) -> None:
    await world.published()
    other = leaf_of(world, "oem_leaf", "PNCSIMVEHICLE00002", not_after=NOW + DAY)
    await world.eco.vehicles.publish(other.chain_der)
    assert await world.eco.vehicles.cleanse() == []
    world.clock.jump(2 * DAY)
    assert await world.eco.vehicles.cleanse() == ["PNCSIMVEHICLE00002"]
    await world.eco.ca.revoke("oem_leaf")
    assert await world.eco.vehicles.cleanse() == [PCID]


async def test_a_vehicle_is_kept_with_the_path_that_was_verified_whatever_order_it_came_in(world: World) -> None:
    leaf, sub2, sub1 = world.vehicle.chain_der
    vehicle = await world.eco.vehicles.publish((leaf, sub1, sub2))
    assert vehicle.chain_der == (leaf, sub2, sub1)
    kept = await world.eco.vehicles.find(PCID)
    assert kept is not None and kept.chain_der == (leaf, sub2, sub1)
    assert await world.eco.vehicles.cleanse() == []
