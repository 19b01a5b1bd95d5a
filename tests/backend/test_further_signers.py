"""A provisioning service signs below V2G roots of others, too: it makes the keys, and their operators certify them."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from backend_world import DAY, NOW, PCID, World
from cryptography import x509
from face_world import Answer, Faces, b64, open_faces

from pncsim.backend.ccp.store import CONTRACTS
from pncsim.backend.cps.further import FURTHER_SIGNERS, MOST
from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.rcp import RootKind
from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import check_request
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.gate import refuse

SIGNERS = "/admin/signers"


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as opened:
        yield opened


@pytest_asyncio.fixture
async def other(world: World) -> Pki:
    """Somebody else's PKI, whose V2G root the pool has."""
    pki = create_pki(NOW, organization="other")
    await world.eco.roots.introduce(reading.der(pki.certificate("v2g_root")), RootKind.V2G)
    world.eco.responder.also_for(pki)
    return pki


def certified(pki: Pki, request: str, now: float, role: str = "cps_leaf") -> list[str]:
    """What who has a V2G root answers to a signer's certificate request."""
    profile = PROFILES[role]
    authority = pki.authority(profile.issuer or role)
    leaf = authority.issue_from_request(check_request(base64.b64decode(request)), profile, now)
    return [b64(reading.der(one)) for one in (leaf, *authority.chain)]


async def added(faces: Faces, pki: Pki, now: float = NOW) -> Answer:
    begun = await faces.call("admin", "POST", SIGNERS)
    assert begun.status == 201 and begun.body["chain"] == []
    chain = certified(pki, begun.body["certificateRequest"], now)
    return await faces.call("admin", "PUT", f"{SIGNERS}/{begun.body['id']}", {"chain": chain})


def fingerprint(root: x509.Certificate) -> str:
    return reading.fingerprint(reading.der(root))


@pytest.mark.rule("CPS-2", "CPS-3")
async def test_a_vehicle_that_knows_another_root_alone_gets_a_contract_signed_below_that(
    world: World, faces: Faces, other: Pki
) -> None:
    root = other.certificate("v2g_root")
    answer = await added(faces, other)
    assert (answer.status, answer.body["cpsV2GRootCertificateFingerprint"]) == (200, fingerprint(root))
    for path in ("/cps/signer", "/v1/cps/signer"):
        listed = (await faces.call("mo", "GET", path)).body["cpsCertificates"]
        assert [one["cpsV2GRootCertificateFingerprint"] for one in listed][-1] == fingerprint(root)
    await world.eco.oem.publish(world.vehicle, v2g_roots=[root])
    contract = await world.eco.mo.subscribe("Ada", PCID)
    (bundle,) = [one.bundle for one in (await world.eco.store.of(CONTRACTS).page()).values]
    assert bundle.emaid.value == contract.emaid
    signer = validate_chain(bundle.provisioning_certificates, [root], Use.CPS, NOW, gate=refuse)
    assert b64(reading.der(signer.leaf)) == answer.body["chain"][0]
    # Another process on the same store does so, too; and once it is removed nobody does.
    again = Ecosystem(world.clock, world.trace, store=world.eco.store)
    await again.add_pki(world.pki)
    assert fingerprint(root) in [one.fingerprint for one in await again.signing.all_signers()]
    assert (await faces.call("admin", "DELETE", f"{SIGNERS}/{answer.body['id']}")).status == 200
    assert fingerprint(root) not in [one.fingerprint for one in await again.signing.all_signers()]
    assert (await faces.call("admin", "GET", SIGNERS)).body == {"signers": []}


@pytest.mark.rule("CPS-1", "CPS-14", "PKI-3")
async def test_a_certificate_that_does_not_fit_is_refused_and_nothing_signs_with_it(
    world: World, faces: Faces, other: Pki
) -> None:
    begun = await faces.call("admin", "POST", SIGNERS)
    place, request = f"{SIGNERS}/{begun.body['id']}", begun.body["certificateRequest"]
    unknown = create_pki(NOW, organization="unknown")
    good = certified(other, request, NOW)
    wrong = {
        "another key's": [b64(reading.der(one)) for one in other.credentials("cps_leaf").chain],
        "below no root of the pool": certified(unknown, request, NOW),
        "no provisioning service's": certified(other, request, NOW, "secc_leaf"),
        "alone": good[:1],
        "no list": good[0],
        "no base64": ["=", "="],
        "no certificates": ["AAAA", "AAAA"],
    }
    for what, chain in wrong.items():
        refused = await faces.call("admin", "PUT", place, {"chain": chain})
        assert refused.status == 400, what
        assert len(await world.eco.signing.all_signers()) == len(world.eco.signing.signers), what
    assert (await faces.call("admin", "PUT", f"{SIGNERS}/nobody", {"chain": good})).status == 404
    assert (await faces.call("admin", "DELETE", f"{SIGNERS}/nobody")).status == 404
    assert (await faces.call("admin", "PUT", place, {"chain": good})).status == 200
    world.clock.jump(91 * DAY)
    with pytest.raises(Refused, match="does not hold"):
        await world.eco.further_signers.certify(begun.body["id"], [reading.load(base64.b64decode(one)) for one in good])


@pytest.mark.rule("ACC-2")
async def test_signers_are_an_administrators_alone_and_their_keys_are_nobodys(world: World, faces: Faces) -> None:
    said = []
    for method, path in (("GET", ""), ("POST", ""), ("PUT", "/a"), ("DELETE", "/a")):
        for who in ("oem", "mo", "mo-v2g", "cpo", "cps"):
            assert (await faces.call(who, method, SIGNERS + path, {})).status == 403
    for _ in range(MOST):
        said.append((await faces.call("admin", "POST", SIGNERS)).body)
    full = await faces.call("admin", "POST", SIGNERS)
    assert full.status == 409 and "remove one first" in str(full.body)
    said.append((await faces.call("admin", "GET", SIGNERS)).body)
    page = await world.eco.store.of(FURTHER_SIGNERS).page()
    assert len(page.values) == MOST
    for one in page.values:
        secret = one.key.private_numbers().private_value.to_bytes(32, "big")
        for form in (b64(one.private), secret.hex(), b64(secret)):
            assert form not in str(said)
        assert "private" not in repr(one) and str(one.private) not in repr(page)
