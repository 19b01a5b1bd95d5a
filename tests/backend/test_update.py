"""CertificateUpdateReq: the old contract signs, the operator renews, the new key travels wrapped for the old one."""

from __future__ import annotations

import pytest
from backend_world import DAY, NOW, PCID, SCHEMA, World, leaf_of, unrelated
from cryptography.hazmat.primitives.asymmetric import ec
from vehicle_requests import Received, install, received, update_request

from pncsim.backend.mo import Subscription
from pncsim.backend.rcp import RootKind
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.credentials import Credentials
from pncsim.wire.v2g import iso2


async def installed(world: World) -> tuple[Subscription, Credentials]:
    """A contract and what the vehicle holds of it."""
    contract = await world.subscribed()
    response, _ = await install(world)
    return contract, response.contract(world.vehicle.key)


async def ask(world: World, exi: bytes) -> Received:
    response = received(await world.eco.pool.provide(exi, SCHEMA))
    assert isinstance(response.body, iso2.CertificateUpdateRes)
    return response


async def refused(world: World, exi: bytes) -> str:
    """The ResponseCode of a refusal; RetryCounter 0 means: in the next session."""
    response = await ask(world, exi)
    assert isinstance(response.body, iso2.CertificateUpdateRes)
    assert response.body.RetryCounter == 0
    assert response.message.Header.Signature is None
    return response.code


async def test_a_contract_near_its_end_is_renewed(world: World) -> None:
    contract, old = await installed(world)
    world.clock.jump(350 * DAY)
    # The provisioning service's own certificates lasted 90 days: it has new ones by now.
    await renew_signers(world)
    response = await ask(world, update_request(old, contract.emaid, world.pki.anchors("v2g_root")))
    assert response.code == "OK"
    assert response.body.RetryCounter is None  # type: ignore[union-attr]
    new = response.contract(old.key)
    assert reading.common_name(new.leaf) == contract.emaid
    assert new.leaf.public_key() != old.leaf.public_key()
    assert reading.not_after(new.leaf) > reading.not_after(old.leaf)
    validate_chain(new.chain, world.pki.anchors("mo_root"), Use.CONTRACT, world.clock.now())
    assert (await world.eco.mo.subscription(contract.emaid)).certificate == new.leaf


async def renew_signers(world: World) -> None:
    """A new CPS leaf and OCSP signers, as their operators keep them."""
    from pncsim.backend.cps import CpsSigner
    from pncsim.tls_certs.profiles import PROFILES

    authority = world.pki.authority("cps_sub2")
    fresh = authority.credentials(PROFILES["cps_leaf"], "CPS 2", world.clock.now())
    world.eco.signing.replace_signers([CpsSigner(fresh, world.pki.root("cps_leaf"))])


async def test_the_pool_then_holds_the_renewed_contract_for_a_new_installation(world: World) -> None:
    contract, old = await installed(world)
    response = await ask(world, update_request(old, contract.emaid, world.pki.anchors("v2g_root")))
    again, answer = await install(world)
    assert answer.emaid == contract.emaid
    assert again.contract(world.vehicle.key).leaf == response.contract(old.key).leaf
    assert [entry.default for entry in await world.eco.pool.contracts(PCID)] == [True]


async def test_an_update_works_for_a_vehicle_the_provisioning_pool_lost(world: World) -> None:
    contract, old = await installed(world)
    (oem,) = await world.eco.roots.roots(RootKind.OEM)
    await world.eco.roots.remove(oem.id)
    assert (await ask(world, update_request(old, contract.emaid, world.pki.anchors("v2g_root")))).code == "OK"


async def test_the_old_contract_must_have_signed(world: World) -> None:
    contract, old = await installed(world)
    roots = world.pki.anchors("v2g_root")
    for key in (world.vehicle.key, ec.generate_private_key(ec.SECP256R1())):
        assert await refused(world, update_request(old, contract.emaid, roots, key=key)) == "FAILED_SignatureError"


@pytest.mark.parametrize(("chain_id", "code"), [("id1", "FAILED_SignatureError"), ("id2", "OK")])
async def test_an_id_stands_in_a_signed_request_once(world: World, chain_id: str, code: str) -> None:
    contract, old = await installed(world)
    request = update_request(old, contract.emaid, world.pki.anchors("v2g_root"), chain_id=chain_id)
    assert (await ask(world, request)).code == code


@pytest.mark.parametrize("foreign", ["leaf", "sub-CA 2", "whole chain"])
async def test_contracts_of_another_pki_are_refused(world: World, foreign: str) -> None:
    contract, old = await installed(world)
    other = unrelated("contract_leaf", emaid=contract.emaid)
    mixed = {
        "leaf": Credentials((other.leaf, *old.chain[1:]), other.key),
        "sub-CA 2": Credentials((old.leaf, other.chain[1], old.chain[2]), old.key),
        "whole chain": other,
    }[foreign]
    request = update_request(mixed, contract.emaid, world.pki.anchors("v2g_root"))
    assert await refused(world, request) == "FAILED_CertChainError"


async def test_expired_and_revoked_contracts_are_named_so(world: World) -> None:
    contract, old = await installed(world)
    request = update_request(old, contract.emaid, world.pki.anchors("v2g_root"))
    await world.eco.ca.revoke_certificate(old.leaf, "key_compromise")
    assert await refused(world, request) == "FAILED_CertificateRevoked"
    world.clock.jump(366 * DAY)
    assert await refused(world, request) == "FAILED_CertificateExpired"


@pytest.mark.parametrize("emaid", ["DEPNCC99999999X", "12345678901234"], ids=["another", "malformed"])
async def test_the_emaid_must_be_the_certificates(world: World, emaid: str) -> None:
    _, old = await installed(world)
    request = update_request(old, emaid, world.pki.anchors("v2g_root"))
    assert await refused(world, request) == "FAILED_NoCertificateAvailable"


async def test_the_key_of_one_contract_does_not_renew_another(world: World) -> None:
    _, old = await installed(world)
    other = await world.eco.mo.register("Bob", world.pki.certificate("contract_leaf"))
    request = update_request(old, other.emaid, world.pki.anchors("v2g_root"))
    assert await refused(world, request) == "FAILED_NoCertificateAvailable"
    assert await world.eco.mo.subscription(other.emaid) == other


async def test_an_emaid_without_hyphens_and_in_small_letters_is_the_same(world: World) -> None:
    contract, old = await installed(world)
    request = update_request(old, contract.emaid.lower(), world.pki.anchors("v2g_root"))
    assert (await ask(world, request)).code == "OK"


async def test_a_contract_the_operator_does_not_know_gets_none(world: World) -> None:
    stranger = leaf_of(world, "contract_leaf", "DEPNCC12345678")
    request = update_request(stranger, "DEPNCC12345678", world.pki.anchors("v2g_root"))
    assert await refused(world, request) == "FAILED_NoCertificateAvailable"


async def test_blocked_and_cancelled_contracts_get_none(world: World) -> None:
    contract, old = await installed(world)
    request = update_request(old, contract.emaid, world.pki.anchors("v2g_root"))
    await world.eco.mo.block(contract.emaid)
    assert await refused(world, request) == "FAILED_NoCertificateAvailable"
    await world.eco.mo.unblock(contract.emaid)
    assert (await ask(world, request)).code == "OK"
    await world.eco.mo.cancel(contract.emaid)
    # The old certificate itself was superseded, not revoked: the operator's word decides.
    assert await refused(world, request) == "FAILED_ContractCanceled"


async def test_a_cancelled_contracts_own_certificate_is_revoked(world: World) -> None:
    contract, old = await installed(world)
    await world.eco.mo.cancel(contract.emaid)
    request = update_request(old, contract.emaid, world.pki.anchors("v2g_root"))
    assert await refused(world, request) == "FAILED_CertificateRevoked"


async def test_roots_the_vehicle_does_not_hold_get_none(world: World) -> None:
    contract, old = await installed(world)
    elsewhere = create_pki(NOW, organization="Elsewhere").anchors("v2g_root")
    assert await refused(world, update_request(old, contract.emaid, elsewhere)) == "FAILED_NoCertificateAvailable"


async def test_a_registered_contract_without_vehicle_is_renewed_too(world: World) -> None:
    old = world.pki.credentials("contract_leaf")
    contract = await world.eco.mo.register("Bob", old.leaf)
    response = await ask(world, update_request(old, contract.emaid, world.pki.anchors("v2g_root")))
    assert response.code == "OK"
    assert reading.common_name(response.contract(old.key).leaf) == contract.emaid
