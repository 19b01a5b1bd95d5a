"""The root pool: what may become a trust anchor, and how it is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from backend_world import DAY, NOW, World, open_world, unrelated
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.events.facts import RootRemoved
from pncsim.backend.rcp import RootKind
from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import key_usage
from pncsim.tls_certs.pki import create_pki
from pncsim.wire.gate import STRICT, Tolerance
from pncsim.wire.trace import Tolerated


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


@pytest.mark.rule("RCP-6")
@pytest.mark.parametrize("told", [False, True], ids=["at once", "by the next cleansing"])
async def test_a_root_of_our_own_leaves_once_it_is_revoked_and_a_restart_does_not_bring_it_back(told: bool) -> None:
    world = await open_world()
    removed: list[RootRemoved] = []

    async def hear(fact: RootRemoved) -> None:
        removed.append(fact)

    world.eco.bus.listen(RootRemoved, hear)
    root = world.pki.certificate("oem_root")
    if told:  # by another process, whose facts do not come here
        world.pki.authority("oem_root").revoke(root, NOW, "ca_compromise")
        assert await world.eco.roots.cleanse() == 1
        assert await world.eco.roots.cleanse() == 0
    else:
        await world.eco.ca.revoke("oem_root", "ca_compromise")
    await world.eco.bus.settled()
    assert [(fact.why, fact.certificate) for fact in removed] == [("revoked", reading.der(root))]
    for again in (world.pki, world.pki):
        restarted = Ecosystem(world.clock, world.trace, store=world.eco.store)
        await restarted.add_pki(again)
        assert await restarted.roots.anchors(RootKind.OEM) == []
        assert len(await restarted.roots.roots()) == 2


async def test_a_root_an_administrator_removed_stays_out_when_its_pki_is_opened_again_until_it_is_added(
    world: World,
) -> None:
    (oem,) = await world.eco.roots.roots(RootKind.OEM)
    await world.eco.roots.remove(oem.id, by="admin")
    for there in (False, True):
        restarted = Ecosystem(world.clock, world.trace, store=world.eco.store)
        await restarted.add_pki(world.pki)
        assert bool(await restarted.roots.roots(RootKind.OEM)) is there
        await restarted.roots.add(reading.der(oem.certificate), RootKind.OEM, by="admin")


def self_signed(
    key: ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey | rsa.RSAPrivateKey,
    *,
    usage: str = "key_cert_sign",
    named: bool = True,
) -> bytes:
    """A root (DER) with this key; without ``usage`` it has no key usage, with ``named`` a key identifier."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A root")])
    begins = datetime.fromtimestamp(NOW - 60, UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 7, begins, begins + timedelta(days=9)
    ).add_extension(x509.BasicConstraints(True, None), critical=True)
    if usage:
        builder = builder.add_extension(key_usage(frozenset({usage})), critical=True)
    if named:
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    algorithm = None if isinstance(key, ed448.Ed448PrivateKey) else hashes.SHA512()
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


@pytest.mark.rule("RCP-4", "PKI-12")
async def test_a_root_has_a_key_that_either_edition_of_the_standard_knows(world: World) -> None:
    keys = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP521R1())
    for key in (*keys, ed448.Ed448PrivateKey.generate()):
        await world.eco.roots.add(self_signed(key), RootKind.PE)
    assert len(await world.eco.roots.roots(RootKind.PE)) == 3
    for unknown in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
        with pytest.raises(Refused, match=r"roots of ISO 15118 have P-256, P-521, Ed448") as caught:
            await world.eco.roots.add(self_signed(unknown), RootKind.PE)
        assert (caught.value.clause, caught.value.http_status) == ("RCP-4", 400)


@pytest.mark.rule("RCP-4")
@pytest.mark.parametrize(("usage", "named"), [("", True), ("key_cert_sign", False)])
async def test_a_root_that_says_less_of_itself_than_the_profile_is_told_and_a_strict_pool_refuses_it(
    usage: str, named: bool
) -> None:
    root = self_signed(ec.generate_private_key(ec.SECP256R1()), usage=usage, named=named)
    world = await open_world()
    await world.eco.roots.add(root, RootKind.PE)
    assert [event.code for event in world.events if isinstance(event, Tolerated)] == [Tolerance.ROOT_PROFILE]
    strict = await open_world(refuses=STRICT)
    with pytest.raises(Refused, match="has no key"):
        await strict.eco.roots.add(root, RootKind.PE)


@pytest.mark.rule("RCP-4")
async def test_a_root_whose_key_may_not_sign_certificates_is_none(world: World) -> None:
    root = self_signed(ec.generate_private_key(ec.SECP256R1()), usage="digital_signature")
    with pytest.raises(Refused, match="does not allow it to sign"):
        await world.eco.roots.add(root, RootKind.V2G)


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
