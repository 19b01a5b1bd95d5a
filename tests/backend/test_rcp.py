"""The root pool: what may become a trust anchor, and how it is found."""

from __future__ import annotations

import pytest
from backend_world import DAY, World, unrelated

from pncsim.backend.rcp import RootKind
from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import create_pki


async def test_roots_are_found_by_kind_and_by_id(world: World) -> None:
    (v2g,) = await world.eco.roots.roots(RootKind.V2G)
    assert v2g.certificate == world.pki.certificate("v2g_root")
    assert v2g.fingerprint == reading.fingerprint(reading.der(v2g.certificate))
    assert await world.eco.roots.get(v2g.id) == v2g
    assert {root.kind for root in await world.eco.roots.roots()} == {RootKind.V2G, RootKind.MO, RootKind.OEM}
    assert await world.eco.roots.anchors(RootKind.OEM, RootKind.MO) == [
        world.pki.certificate("mo_root"),
        world.pki.certificate("oem_root"),
    ]


async def test_the_same_root_again_keeps_its_id(world: World) -> None:
    (before,) = await world.eco.roots.roots(RootKind.V2G)
    again = await world.eco.roots.add(reading.der(before.certificate), RootKind.V2G)
    assert again.id == before.id
    assert len(await world.eco.roots.roots()) == 3


async def test_a_fingerprint_confirmed_elsewhere_must_match(world: World) -> None:
    root = reading.der(create_pki(world.clock.now()).certificate("v2g_root"))
    with pytest.raises(Refused) as caught:
        await world.eco.roots.add(root, RootKind.V2G, expected_fingerprint="00" * 32)
    assert caught.value.clause == "RCP-3"
    confirmed = reading.fingerprint(root).upper()
    await world.eco.roots.add(root, RootKind.V2G, expected_fingerprint=confirmed)


@pytest.mark.parametrize(("role", "clause"), [("oem_sub1", "RCP-4"), ("oem_leaf", "RCP-4")], ids=["a Sub-CA", "a leaf"])
async def test_only_self_signed_authorities_become_roots(world: World, role: str, clause: str) -> None:
    with pytest.raises(Refused) as caught:
        await world.eco.roots.add(reading.der(unrelated(role).leaf), RootKind.OEM)
    assert caught.value.clause == clause
    assert caught.value.http_status == 400


async def test_octets_that_are_no_certificate_are_refused_in_the_published_words(world: World) -> None:
    with pytest.raises(Refused) as caught:
        await world.eco.roots.add(b"\x30\x03\x02\x01\x00", RootKind.OEM)
    assert caught.value.message == "Invalid certificate format on caCertificate"


async def test_a_root_with_a_broken_signature_is_refused(world: World) -> None:
    octets = bytearray(reading.der(world.pki.certificate("v2g_root")))
    octets[-1] ^= 1
    with pytest.raises(Refused, match="not signed with its own key"):
        await world.eco.roots.add(bytes(octets), RootKind.V2G)


async def test_expired_roots_are_not_listed_and_go_when_cleansed(world: World) -> None:
    world.clock.jump(41 * 365 * DAY)
    assert await world.eco.roots.roots() == []
    assert await world.eco.roots.cleanse() == 3
    assert await world.eco.roots.cleanse() == 0


async def test_an_expired_root_cannot_be_added(world: World) -> None:
    root = reading.der(create_pki(world.clock.now()).certificate("v2g_root"))
    world.clock.jump(41 * 365 * DAY)
    with pytest.raises(Refused) as caught:
        await world.eco.roots.add(root, RootKind.V2G)
    assert caught.value.clause == "RCP-6"


async def test_a_removed_root_is_unknown_and_ends_trust_in_what_it_signed(world: World) -> None:
    await world.published()
    (oem,) = await world.eco.roots.roots(RootKind.OEM)
    await world.eco.roots.remove(oem.id)
    with pytest.raises(Refused) as caught:
        await world.eco.roots.get(oem.id)
    assert (caught.value.http_status, caught.value.message) == (
        404,
        "Root certificate with the given ID is not found",
    )
    with pytest.raises(Refused) as caught:
        await world.eco.vehicles.get("PNCSIMVEHICLE00001")
    assert caught.value.clause == "PCP-PUB-4"
