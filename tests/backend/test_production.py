"""Making vehicles: keys made in them, EST over mutual TLS below the manufacturer's own root, and publication."""

from __future__ import annotations

import asyncio
import base64
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from backend_world import DAY, World, leaf_of, unrelated
from fleet_world import FLEET, PCID, VIN, FleetWorld, open_fleet

from pncsim.backend.events.facts import ContractDeleted, Fact, VehicleDeleted, VehiclePublished, VehicleReplaced
from pncsim.backend.rcp import RootKind
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import build_request
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.signed_data import open_signed, sign_content
from pncsim.wire.errors import PeerError

POOL = "/v1/oem/provCerts"
PROGRAMS = ("openssl", "curl")


@pytest_asyncio.fixture
async def fleet(world: World) -> AsyncIterator[FleetWorld]:
    async with open_fleet(world) as fleet:
        yield fleet


def heard_of(world: World) -> list[Fact]:
    heard: list[Fact] = []

    async def hear(fact: Fact) -> None:
        heard.append(fact)

    world.eco.bus.listen(Fact, hear)
    return heard


@pytest.mark.rule("OEM-1", "OEM-3", "EV-1", "ACC-9", "PKI-1", "PKI-2", "PCP-PUB-8")
async def test_a_vehicle_is_made_with_a_key_of_its_own_and_published_with_the_roots_it_holds(fleet: FleetWorld) -> None:
    """CharIN 2.1.1.2.1 and 2.1.1.2.2."""
    world = fleet.world
    heard = heard_of(world)
    unit, _ = await fleet.built()
    held = unit.vehicle.provisioning
    assert held is not None and reading.common_name(held.leaf) == PCID
    assert unit.vehicle.v2g_roots == (world.pki.root("v2g_root"),)
    assert unit.oem_roots == (world.pki.root("oem_root"),)
    told = (await fleet.faces.call("mo", "GET", f"{POOL}/{PCID}")).body["OEMMessage"]
    assert told["vehicleCertificate"] == base64.b64encode(held.chain_der[0]).decode()
    assert told["v2gRootAuthorityKeyIdentifiers"] == [reading.key_identifier(world.pki.root("v2g_root"))]
    assert [type(fact) for fact in heard] == [VehiclePublished]
    mine = (await fleet.faces.call("oem", "GET", f"{FLEET}/{VIN}")).body
    assert (mine["pcid"], mine["published"], "previousPcid" in mine) == (PCID, True, False)


@pytest.mark.rule("ACC-9", "PKI-4")
async def test_who_shows_no_certificate_or_anothers_gets_nothing(fleet: FleetWorld) -> None:
    unit = await fleet.ordered()
    with pytest.raises(PeerError) as refused:
        await fleet.call_of(unit, anonymous=True)("GET", "/v1/manufacturer/telematics/roots")
    assert refused.value.kind == "unreachable"  # no handshake without a certificate
    stranger = await fleet.ordered("PNC00000000000002", "PNCFLEET0000000002")
    stranger.credentials = leaf_of(fleet.world, "secc_leaf", "DEPNCE1")
    with pytest.raises(PeerError):
        await fleet.call_of(stranger)("GET", "/v1/manufacturer/telematics/roots")
    line = fleet.call_of(unit)
    csr = build_request(fleet.world.vehicle.key, PROFILES["oem_leaf"], "PNCFLEET0000000002")
    status, body = await line("POST", "/.well-known/est/simpleenroll", csr)
    assert status == 403 and b"PKI-4" in body


@pytest.mark.rule("ACC-9")
async def test_a_telematics_certificate_counts_until_another_one_is_given_or_it_ends_by_the_labs_clock(
    fleet: FleetWorld,
) -> None:
    unit, line = await fleet.built()
    again = await fleet.faces.call("oem", "POST", f"{FLEET}/{VIN}/telematics", unit.request())
    assert (await line("GET", "/v1/manufacturer/telematics/roots"))[0] == 403
    unit.equip(reading.load_all(again.body["telematicsCertificate"])[0])
    newer = fleet.call_of(unit)
    assert (await newer("GET", "/v1/manufacturer/telematics/roots"))[0] == 200
    fleet.world.clock.jump(15 * 365 * DAY + 60)
    assert (await newer("GET", "/v1/manufacturer/telematics/roots"))[0] == 403


@pytest.mark.rule("OEM-3")
async def test_vin_pcid_and_key_are_one_vehicles_alone(fleet: FleetWorld) -> None:
    await fleet.ordered()
    call = fleet.faces.call
    assert (await call("oem", "PUT", f"{FLEET}/{VIN}", {"pcid": "PNCFLEET0000000009"})).status == 409
    assert (await call("oem", "PUT", f"{FLEET}/PNC00000000000002", {"pcid": PCID.lower()})).status == 409
    unit, _ = await fleet.built("PNC00000000000003", "PNCFLEET0000000003")
    _, others_line = await fleet.built("PNC00000000000004", "PNCFLEET0000000004")
    assert unit.vehicle.provisioning is not None
    copied = build_request(unit.vehicle.provisioning.key, PROFILES["oem_leaf"], "PNCFLEET0000000004")
    status, body = await others_line("POST", "/.well-known/est/oem/simplereenroll", copied)
    assert status == 409 and b"OEM-3" in body


@pytest.mark.rule("ACC-2", "ACC-3", "ACC-5")
@pytest.mark.parametrize("who", [None, "mo", "mo-v2g", "cpo", "cps", "admin", "other-oem"])
async def test_a_fleet_is_its_manufacturers_alone(fleet: FleetWorld, who: str | None) -> None:
    await fleet.built()
    refused = 401 if who is None else 403
    for method, path, body in (
        ("PUT", f"{FLEET}/{VIN}", {"pcid": PCID}),
        ("GET", f"{FLEET}/{VIN}", None),
        ("GET", f"{FLEET}/PNC99999999999999", None),
        ("DELETE", f"{FLEET}/{VIN}", None),
        ("POST", f"{FLEET}/{VIN}/telematics", b""),
        ("POST", f"{FLEET}/{VIN}/renewal", None),
        ("POST", f"{FLEET}/{VIN}/revocation", None),
        ("POST", f"{FLEET}/{VIN}/factoryReset", None),
        ("GET", f"{FLEET}/{VIN}/errands", None),
    ):
        assert (await fleet.faces.call(who, method, path, body)).status == refused, (method, path)


@pytest.mark.rule("RCP-1", "EV-1")
async def test_a_vehicle_gets_five_v2g_roots_at_most_and_the_private_ones(fleet: FleetWorld) -> None:
    unit, line = await fleet.built()
    for number in range(6):
        other = unrelated("v2g_root").leaf
        kind = RootKind.V2G if number else RootKind.PE
        await fleet.world.eco.roots.add(reading.der(other), kind)
    await unit.fetch_roots(line)
    assert (len(unit.vehicle.v2g_roots), len(unit.private_roots)) == (5, 1)


async def test_a_list_of_roots_that_somebody_else_has_signed_stops_production(fleet: FleetWorld) -> None:
    world = fleet.world
    unit = await fleet.ordered()

    async def others() -> bytes:
        mine = open_signed(await world.eco.trust_lists.octets()).content
        return sign_content(mine, unrelated("cps_leaf"), world.clock.now())

    world.eco.fleet.roots._fetch = others
    with pytest.raises(PeerError) as refused:
        await unit.produce(fleet.call_of(unit))
    assert (refused.value.http_status, unit.vehicle.provisioning) == (502, None)


# Renewal


@pytest.mark.rule("PCP-UPD-2", "PCP-UPD-3", "PCP-UPD-4", "PKI-9")
@pytest.mark.parametrize("new_key", [True, False])
async def test_a_renewal_for_the_same_pcid_replaces_the_certificate_and_costs_contracts_only_with_a_new_key(
    fleet: FleetWorld, new_key: bool
) -> None:
    """CharIN 2.1.1.2.3, and 2.1.1.2.4 (a)."""
    world = fleet.world
    unit, line = await fleet.built()
    old = unit.vehicle.provisioning
    await world.eco.mo.subscribe("Ada", PCID)
    heard = heard_of(world)
    asked = await fleet.faces.call("oem", "POST", f"{FLEET}/{VIN}/renewal", {"newKey": new_key})
    assert asked.status == 201
    assert await unit.visit(line) == [("renew", True)]
    assert old is not None and unit.vehicle.provisioning is not None
    assert unit.vehicle.provisioning.leaf != old.leaf
    assert (unit.vehicle.provisioning.key == old.key) is not new_key
    told = (await fleet.faces.call("mo", "GET", f"{POOL}/{PCID}")).body["OEMMessage"]
    assert told["vehicleCertificate"] == base64.b64encode(unit.vehicle.provisioning.chain_der[0]).decode()
    assert [fact.new_key for fact in heard if isinstance(fact, VehicleReplaced)] == [new_key]
    assert [fact.why for fact in heard if isinstance(fact, ContractDeleted)] == ["vehicle key changed"] * new_key
    # The old one is good until somebody says otherwise (later), and then it is not.
    issuer = world.pki.certificate("oem_sub2")
    assert (await world.eco.ocsp.of(old.leaf, issuer)).status == "good"
    assert (await fleet.faces.call("oem", "POST", f"{FLEET}/{VIN}/revocation")).status == 200
    assert (await world.eco.ocsp.of(old.leaf, issuer)).status == "revoked"
    assert (await fleet.faces.call("mo", "GET", f"{POOL}/{PCID}")).status == 200


@pytest.mark.rule("PCP-UPD-5", "OEM-1")
@pytest.mark.parametrize("when", ["now", "later"])
async def test_a_renewal_for_another_pcid_says_which_it_had_and_the_old_one_goes_when_it_is_revoked(
    fleet: FleetWorld, when: str
) -> None:
    """CharIN 2.1.1.2.4 (b), the old certificate revoked at once or later."""
    world, newer = fleet.world, "PNCFLEET0000000101"
    unit, line = await fleet.built()
    old = unit.vehicle.provisioning
    assert old is not None
    await fleet.faces.call("oem", "POST", f"{FLEET}/{VIN}/renewal", {"pcid": newer, "revoke": when})
    assert await unit.visit(line) == [("renew", True)]
    told = (await fleet.faces.call("mo", "GET", f"{POOL}/{newer}")).body["OEMMessage"]
    assert told["previousPcid"] == PCID
    issuer = world.pki.certificate("oem_sub2")
    before = (await fleet.faces.call("mo", "GET", f"{POOL}/{PCID}")).status
    assert ((await world.eco.ocsp.of(old.leaf, issuer)).status, before) == (
        ("revoked", 404) if when == "now" else ("good", 200)
    )
    mine = (await fleet.faces.call("oem", "POST", f"{FLEET}/{VIN}/revocation")).body
    assert (mine["pcid"], "predecessors" in mine) == (newer, False)
    assert (await fleet.faces.call("mo", "GET", f"{POOL}/{PCID}")).status == 404
    assert (await world.eco.mo.subscribe("Ada", newer)).pcid == newer


async def test_a_renewal_for_a_pcid_of_another_vehicle_or_manufacturer_is_refused(fleet: FleetWorld) -> None:
    await fleet.built()
    await fleet.ordered("PNC00000000000002", "PNCFLEET0000000002")
    ask = f"{FLEET}/{VIN}/renewal"
    assert (await fleet.faces.call("oem", "POST", ask, {"pcid": "PNCFLEET0000000002"})).status == 409
    assert (await fleet.faces.call("oem", "POST", ask, {"pcid": "WMIFLEET0000000002"})).status == 403
    assert (await fleet.faces.call("oem", "POST", ask, {"pcid": "short"})).status == 403
    assert (await fleet.faces.call("oem", "POST", ask, {"revoke": "never"})).status == 400


# Leaving


@pytest.mark.rule("MO-3", "PCP-DEL-1", "PCP-DEL-2")
async def test_after_a_factory_reset_the_contracts_are_gone_everywhere_and_the_vehicle_is_there_again(
    fleet: FleetWorld,
) -> None:
    world = fleet.world
    unit, line = await fleet.built()
    subscription = await world.eco.mo.subscribe("Ada", PCID)
    heard = heard_of(world)
    assert (await fleet.faces.call("oem", "POST", f"{FLEET}/{VIN}/factoryReset")).status == 200
    assert [fact.why for fact in heard if isinstance(fact, VehicleDeleted)] == ["factory reset"]
    assert (await fleet.faces.call("mo", "GET", f"/v1/ccp/lookupContract/{subscription.emaid}")).status == 404
    assert (await fleet.faces.call("mo", "GET", f"{POOL}/{PCID}")).status == 404
    assert await unit.visit(line) == [("reset", True)]
    assert unit.vehicle.contracts.all == ()
    assert (await fleet.faces.call("mo", "GET", f"{POOL}/{PCID}")).status == 200
    assert (await fleet.faces.call("mo", "GET", f"/v1/ccp/lookupContract/{subscription.emaid}")).status == 404


@pytest.mark.rule("PCP-DEL-1", "ACC-9")
async def test_a_vehicle_that_is_no_more_is_published_no_more_and_cannot_call(fleet: FleetWorld) -> None:
    unit, line = await fleet.built()
    assert unit.vehicle.provisioning is not None
    assert (await fleet.faces.call("oem", "DELETE", f"{FLEET}/{VIN}")).status == 200
    assert (await fleet.faces.call("mo", "GET", f"{POOL}/{PCID}")).status == 404
    assert (await line("GET", "/v1/manufacturer/telematics/roots"))[0] == 403
    issuer = fleet.world.pki.certificate("oem_sub2")
    assert (await fleet.world.eco.ocsp.of(unit.vehicle.provisioning.leaf, issuer)).status == "revoked"
    assert (await fleet.faces.call("oem", "GET", f"{FLEET}/{VIN}")).status == 404


# A foreign vehicle


@pytest.mark.skipif(any(shutil.which(name) is None for name in PROGRAMS), reason=f"needs {', '.join(PROGRAMS)}")
@pytest.mark.rule("ACC-9", "PKI-3")
async def test_a_vehicle_made_of_curl_and_openssl_enrols_over_mutual_tls(fleet: FleetWorld, tmp_path: Path) -> None:
    """Both keys are made by openssl, and curl shows the certificate."""
    (tmp_path / "root.pem").write_text(reading.pem([fleet.root]))
    await fleet.faces.call("oem", "PUT", f"{FLEET}/{VIN}", {"pcid": PCID})
    key = "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    await shell(tmp_path, f"{key} -keyout tele_key.pem -out tele.csr -subj /O=Example/CN={VIN}")
    csr = (tmp_path / "tele.csr").read_bytes()
    answer = await fleet.faces.call("oem", "POST", f"{FLEET}/{VIN}/telematics", csr)
    (tmp_path / "tele.pem").write_text(answer.body["telematicsCertificate"])
    await shell(tmp_path, f"{key} -keyout key.pem -out prov.csr -outform DER -subj /O=Example/CN={PCID}")
    curl = "curl -sSf --cacert root.pem --cert tele.pem --key tele_key.pem"
    await shell(
        tmp_path, f"base64 -w64 prov.csr | {curl} --data-binary @- {fleet.line}/.well-known/est/simpleenroll >p7"
    )
    await shell(tmp_path, "base64 -d p7 | openssl pkcs7 -inform DER -print_certs -out chain.pem")
    await shell(tmp_path, f"{curl} {fleet.line}/.well-known/est/oem/cacerts | base64 -d >ca.p7")
    await shell(tmp_path, "openssl pkcs7 -inform DER -in ca.p7 -print_certs -out ca.pem")
    said = await shell(tmp_path, "openssl verify -CAfile ca.pem -untrusted chain.pem chain.pem")
    assert said == "chain.pem: OK\n"
    assert f"CN = {PCID}" in await shell(tmp_path, "openssl x509 -in chain.pem -noout -subject")


async def shell(place: Path, command: str) -> str:
    """What a shell command says; it has to succeed."""
    process = await asyncio.create_subprocess_shell(
        f"set -o pipefail; {command}",
        cwd=place,
        executable="/bin/bash",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    said, complaint = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, complaint.decode()
    return said.decode()
