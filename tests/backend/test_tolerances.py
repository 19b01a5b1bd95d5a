"""What a back end lets pass it tells, as everybody else does; a strict one refuses it with the answer it is owed."""

from __future__ import annotations

import pytest
from backend_world import NOW, SCHEMA, World, open_world
from vehicle_requests import install, installation_request, message, received

from pncsim.backend.refusal import Refused
from pncsim.tls_certs.chain_element import chain_element
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.validation import ChainError, Use
from pncsim.wire.gate import LENIENT, STRICT, Tolerance, refuse
from pncsim.wire.trace import Tolerated
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

Rows = frozenset[Tolerance]


def told(world: World) -> list[tuple[str, str]]:
    return [(event.role, event.code) for event in world.events if isinstance(event, Tolerated)]


@pytest.mark.parametrize(("refuses", "code"), [(LENIENT, "OK"), (STRICT, "FAILED_CertChainError")])
async def test_inverted_sub_cas_in_an_update_request_are_told_by_the_pool_or_refused(refuses: Rows, code: str) -> None:
    world = await open_world(refuses=refuses)
    contract = await world.subscribed()
    old = (await install(world))[0].contract(world.vehicle.key)
    leaf, *subs = old.chain_der
    body = iso2.CertificateUpdateReq(
        Id="id1",
        ContractSignatureCertChain=chain_element([leaf, *reversed(subs)]),
        eMAID=contract.emaid,
        ListOfRootCertificateIDs=_roots(world),
    )
    answer = received(await world.eco.pool.provide(message(body, "CertificateUpdateReq", old.key), SCHEMA))
    assert answer.code == code
    assert told(world) == ([("CCP", Tolerance.CHAIN_ORDER)] if refuses is LENIENT else [])


def _roots(world: World) -> iso2.ListOfRootCertificateIDsType:
    from vehicle_requests import ids_of

    return ids_of(world.pki.anchors("v2g_root"))


async def test_octets_after_a_request_are_told_by_the_pool_or_refused() -> None:
    for refuses in (LENIENT, STRICT):
        world = await open_world(refuses=refuses)
        await world.subscribed()
        request = installation_request(world.vehicle, world.pki.anchors("v2g_root")) + bytes(3)
        if refuses is LENIENT:
            assert received(await world.eco.pool.provide(request, SCHEMA)).code == "OK"
            assert told(world) == [("CCP", Tolerance.EXI_REST)]
        else:
            with pytest.raises(Refused, match="3 octets follow"):
                await world.eco.pool.provide(request, SCHEMA)


@pytest.mark.parametrize(("role", "use"), [("contract_leaf", Use.CONTRACT), ("oem_leaf", Use.PROVISIONING)])
@pytest.mark.parametrize("domain", ["CPO", "CPS", "MO", "OEM"])
async def test_a_leaf_whose_dc_names_another_role_is_found(role: str, use: Use, domain: str) -> None:
    world = await open_world()
    profile = PROFILES[role]
    assert profile.issuer is not None
    name = "DEPNCC00000001A" if use is Use.CONTRACT else "PNCSIMVEHICLE00002"
    leaf = world.pki.authority(profile.issuer).credentials(replace(profile, domain=domain), name, NOW)
    if domain == profile.domain:
        assert await world.eco.verifier.chain(leaf.chain, use, gate=refuse)
    else:
        with pytest.raises(ChainError, match=f"has DC={domain}, which is a certificate of another kind"):
            await world.eco.verifier.chain(leaf.chain, use, gate=refuse)
