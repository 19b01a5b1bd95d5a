"""The end of a contract reaches everybody (CharIN 2.4.2.2): PKI, pool, stations, manufacturer and vehicle."""

from __future__ import annotations

import pytest
from backend_world import SCHEMA, World
from cryptography import x509
from event_receivers import receiver
from fleet_world import PCID, open_fleet
from test_delivery import owned, said, waiting
from vehicle_requests import installation_request, received
from webhook_world import sender_of, subscribed

from pncsim.tls_certs.pki import add_authorities
from pncsim.tls_certs.profiles import CONTRACT_SERVICE_PROFILES


@pytest.mark.rule("MO-5", "OEM-4", "POOL-1", "EVT-1", "PKI-6")
@pytest.mark.parametrize(
    ("who", "issuer"), [("mo", "mo_sub2"), ("mo-v2g", "v2g_mo_sub2")], ids=["own PKI", "contract service"]
)
async def test_an_unsubscription_is_the_end_of_it_everywhere(world: World, who: str, issuer: str) -> None:
    add_authorities(world.pki, CONTRACT_SERVICE_PROFILES, world.clock.now())
    async with open_fleet(world) as fleet, receiver() as manufacturer:
        faces, sender = fleet.faces, sender_of(world)
        await subscribed(faces, "oem", manufacturer.url, "oem.contract.created", "oem.contract.deleted")
        unit, line = await owned(fleet)
        emaid = (await faces.call(who, "POST", "/v1/mo/contracts", {"customer": "Ada", "pcid": PCID})).body["emaid"]
        (errand,) = await waiting(fleet)
        assert await said(fleet, errand, "approve") == 200
        assert await unit.visit(line) == [("install", True)]
        (held,) = unit.vehicle.contracts.all
        leaf = held.credentials.leaf

        ended = await faces.call(who, "DELETE", f"/v1/mo/contracts/{emaid}")
        assert (ended.status, ended.body["state"]) == (200, "cancelled")

        assert (await world.eco.ocsp.of(leaf, world.pki.certificate(issuer))).status == "revoked"
        async with faces.session.get(f"{faces.url}/crl/{issuer}.crl") as answer:
            listed = x509.load_der_x509_crl(await answer.read())
        assert listed.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None
        lookup = await faces.call(who, "GET", f"/v1/ccp/lookupContract/{emaid}")
        assert (lookup.status, lookup.messages[0]) == (404, "The contract for the given EMAID not found.")
        assert unit.vehicle.provisioning is not None
        request = installation_request(unit.vehicle.provisioning, world.pki.anchors("v2g_root"))
        assert received(await world.eco.pool.provide(request, SCHEMA)).code == "FAILED_NoCertificateAvailable"
        said_so = await faces.call("cpo", "POST", "/v1/mo/authorize", {"emaid": emaid})
        assert said_so.body["status"] == "Invalid"
        await sender.flush()
        assert manufacturer.taken() == ["oem.contract.created", "oem.contract.deleted"]
        assert await unit.visit(line) == [("remove", True)]
        assert unit.vehicle.contracts.all == ()
        await sender.close()
