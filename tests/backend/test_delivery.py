"""Contracts by telematics: nothing without the owner's word, nothing that was revoked, and out again when it is."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from backend_world import DAY, World, leaf_of
from fleet_world import FLEET, PCID, VIN, FleetWorld, open_fleet

from pncsim.backend.ccp.service import ContractPool
from pncsim.backend.events.facts import ContractAdded, ContractDelivered, Fact
from pncsim.ev.contracts import Contract
from pncsim.ev.telematics import Telematics
from pncsim.simulator.lab.vehicle_line import HttpLine
from pncsim.tls_certs import reading
from pncsim.wire.errors import PeerSilent

MY = "/v1/manufacturer/my"
PASSWORD = "a good password"


@pytest_asyncio.fixture
async def fleet(world: World) -> AsyncIterator[FleetWorld]:
    async with open_fleet(world) as fleet:
        yield fleet


async def owned(fleet: FleetWorld, vin: str = VIN, pcid: str = PCID) -> tuple[Telematics, HttpLine]:
    """A published vehicle that is Ada's."""
    unit, line = await fleet.built(vin, pcid)
    await fleet.faces.call("oem", "PUT", "/v1/manufacturer/owners/ada", {"password": PASSWORD})
    given = await fleet.faces.call("oem", "PUT", f"{FLEET}/{vin}/owner", {"owner": "ada"})
    assert (given.status, given.body["owner"]) == (200, "ada")
    return unit, line


async def my(fleet: FleetWorld, method: str, path: str, *, name: str = "ada", password: str = PASSWORD) -> Any:
    headers = {"Authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}
    async with fleet.faces.session.request(method, fleet.faces.url + MY + path, headers=headers) as answer:
        return answer.status, await answer.json()


async def waiting(fleet: FleetWorld) -> list[dict[str, Any]]:
    """The contracts Ada is asked about, and what has become of them."""
    status, body = await my(fleet, "GET", "/contracts")
    assert status == 200
    found: list[dict[str, Any]] = body["contracts"]
    return found


async def said(fleet: FleetWorld, contract: dict[str, Any], decision: str) -> int:
    status, _ = await my(fleet, "POST", f"/contracts/{contract['id']}/{decision}")
    assert isinstance(status, int)
    return status


@pytest.mark.rule("OEM-1", "OEM-2", "CCP-OEM-1", "CCP-GET-6", "EV-3")
async def test_a_contract_comes_to_the_vehicle_once_its_owner_has_approved_and_not_before(fleet: FleetWorld) -> None:
    """CharIN 2.1.3.1 and 2.4.1.4."""
    world, delivered = fleet.world, list[Fact]()

    async def hear(fact: ContractDelivered) -> None:
        delivered.append(fact)

    world.eco.bus.listen(ContractDelivered, hear)
    unit, line = await owned(fleet)
    assert (await my(fleet, "GET", "/vehicles"))[1]["vehicles"] == [{"vin": VIN, "pcid": PCID, "published": True}]
    subscription = await world.eco.mo.subscribe("Ada", PCID)
    (contract,) = await waiting(fleet)
    assert (contract["emaid"], contract["state"]) == (subscription.emaid, "waiting")
    assert await unit.visit(line) == []
    path = f"/v1/manufacturer/telematics/errands/{contract['id']}/contract"
    assert (await line("GET", path))[0] == 409
    assert (unit.vehicle.contracts.all, delivered) == ((), [])

    assert await said(fleet, contract, "approve") == 200
    assert await unit.visit(line) == [("install", True)]
    held = unit.vehicle.contracts.default
    assert held is not None and held.emaid == subscription.emaid
    assert held.credentials.leaf == subscription.certificate
    public = held.credentials.key.public_key().public_numbers()
    key = reading.p256_key(held.credentials.leaf)
    assert key is not None and key.public_numbers() == public
    assert [(fact.emaid, fact.to) for fact in delivered if isinstance(fact, ContractDelivered)] == [
        (subscription.emaid, "manufacturer")
    ]
    assert [one["state"] for one in await waiting(fleet)] == ["done"]
    assert await unit.visit(line) == []
    assert (await line("GET", path))[0] == 409  # it is done


@pytest.mark.rule("OEM-2")
async def test_a_contract_the_owner_refuses_is_never_installed(fleet: FleetWorld) -> None:
    unit, line = await owned(fleet)
    await fleet.world.eco.mo.subscribe("Mallory", PCID)
    (contract,) = await waiting(fleet)
    assert await said(fleet, contract, "refuse") == 200
    assert await unit.visit(line) == []
    assert await said(fleet, contract, "approve") == 409
    assert unit.vehicle.contracts.all == ()


@pytest.mark.rule("OEM-2")
async def test_only_the_owner_decides_and_only_by_his_password(fleet: FleetWorld) -> None:
    await owned(fleet)
    await fleet.world.eco.mo.subscribe("Ada", PCID)
    (contract,) = await waiting(fleet)
    path = f"/contracts/{contract['id']}/approve"
    await fleet.faces.call("oem", "PUT", "/v1/manufacturer/owners/bob", {"password": "another password"})
    assert (await my(fleet, "POST", path, name="bob", password="another password"))[0] == 404
    assert (await my(fleet, "GET", "/contracts", name="bob", password="another password"))[1] == {"contracts": []}
    for name, password in (("ada", "wrong"), ("ada", ""), ("nobody", PASSWORD), ("", "")):
        assert (await my(fleet, "POST", path, name=name, password=password))[0] == 401
    assert [one["state"] for one in await waiting(fleet)] == ["waiting"]
    async with fleet.faces.session.get(f"{fleet.faces.url}{MY}/vehicles") as answer:
        assert (answer.status, answer.headers["WWW-Authenticate"].partition(" ")[0]) == (401, "Basic")
    assert (await fleet.faces.call("other-oem", "PUT", "/v1/manufacturer/owners/ada", {})).status == 409
    assert (await fleet.faces.call("oem", "PUT", "/v1/manufacturer/owners/eve", {"password": "short"})).status == 400


async def test_passwords_cannot_be_found_by_trying(fleet: FleetWorld) -> None:
    await owned(fleet)
    for _ in range(10):
        assert (await my(fleet, "GET", "/vehicles", password="wrong"))[0] == 401
    assert (await my(fleet, "GET", "/vehicles"))[0] == 429
    fleet.world.clock.jump(3_601)
    assert (await my(fleet, "GET", "/vehicles"))[0] == 200


@pytest.mark.rule("OEM-4", "MO-5")
async def test_a_contract_that_ends_goes_out_of_the_vehicle_without_asking(fleet: FleetWorld) -> None:
    """CharIN 2.4.2.2."""
    world = fleet.world
    unit, line = await owned(fleet)
    subscription = await world.eco.mo.subscribe("Ada", PCID)
    (contract,) = await waiting(fleet)
    await said(fleet, contract, "approve")
    await unit.visit(line)
    await world.eco.pool.delete(subscription.emaid)
    assert await unit.visit(line) == [("remove", True)]
    assert unit.vehicle.contracts.all == ()
    assert await unit.visit(line) == []
    mine = (await fleet.faces.call("oem", "GET", f"{FLEET}/{VIN}/errands")).body["errands"]
    assert [(one["deed"], one["state"]) for one in mine] == [("install", "done"), ("remove", "done")]


@pytest.mark.rule("OEM-4")
async def test_a_revoked_contract_goes_however_it_came_and_a_good_one_stays(fleet: FleetWorld) -> None:
    """It came by a charging station: neither the pool nor the manufacturer knows of it."""
    world = fleet.world
    unit, line = await owned(fleet)
    good, revoked = (leaf_of(world, "contract_leaf", f"DEPNCC0000000{number}") for number in (11, 12))
    for credentials in (good, revoked):
        emaid = reading.common_name(credentials.leaf)
        unit.vehicle.contracts.install(Contract(emaid, credentials))
    assert await unit.visit(line) == []
    await world.eco.ca.revoke_certificate(revoked.leaf, "cessation_of_operation")
    assert await unit.visit(line) == [("remove", True)]
    assert [one.emaid for one in unit.vehicle.contracts.all] == ["DEPNCC000000011"]
    world.clock.jump(366 * DAY)
    assert await unit.visit(line) == [("remove", True)]  # it has ended


@pytest.mark.rule("OEM-4")
async def test_a_status_that_cannot_be_had_costs_nobody_a_contract(
    fleet: FleetWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit, line = await owned(fleet)
    credentials = leaf_of(fleet.world, "contract_leaf", "DEPNCC000000011")
    unit.vehicle.contracts.install(Contract("DEPNCC000000011", credentials))

    async def silent(*pair: object) -> None:
        raise PeerSilent("The OCSP responder does not answer.", http_status=502)

    monkeypatch.setattr(fleet.world.eco.revocation, "of", silent)
    monkeypatch.setattr(fleet.world.eco.revocation, "known", lambda *pair: None)
    assert await unit.visit(line) == []
    assert len(unit.vehicle.contracts.all) == 1


@pytest.mark.rule("CCP-OEM-1")
async def test_what_the_pool_hands_out_unjudged_the_manufacturer_judges(fleet: FleetWorld) -> None:
    world = fleet.world
    unit, line = await owned(fleet)
    await world.eco.mo.subscribe("Ada", PCID)
    (contract,) = await waiting(fleet)
    await said(fleet, contract, "approve")
    await world.eco.ca.revoke("cps_leaf")
    assert await unit.visit(line) == [("install", False)]
    assert unit.vehicle.contracts.all == ()
    assert [one["state"] for one in await waiting(fleet)] == ["failed"]


@pytest.mark.rule("CCP-OEM-1")
async def test_a_contract_whose_status_cannot_be_had_is_fetched_again_with_the_next_visit(
    fleet: FleetWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit, line = await owned(fleet)
    await fleet.world.eco.mo.subscribe("Ada", PCID)
    (contract,) = await waiting(fleet)
    await said(fleet, contract, "approve")

    async def silent(*pair: object) -> None:
        raise PeerSilent("The OCSP responder does not answer.", http_status=502)

    with monkeypatch.context() as patch:
        patch.setattr(fleet.world.eco.revocation, "of", silent)
        patch.setattr(fleet.world.eco.revocation, "known", lambda *pair: None)
        assert await unit.visit(line) == [("install", False)]
    assert [one["state"] for one in await waiting(fleet)] == ["ready"]
    assert await unit.visit(line) == [("install", True)]


@pytest.mark.rule("OEM-2", "MO-4")
async def test_a_renewed_contract_is_asked_about_anew_and_a_fact_told_twice_asks_once(fleet: FleetWorld) -> None:
    world = fleet.world
    unit, line = await owned(fleet)
    subscription = await world.eco.mo.subscribe("Ada", PCID)
    entry = await world.eco.pool.lookup(subscription.emaid)
    told = ContractAdded(
        time=world.clock.now(),
        emaid=entry.emaid,
        pcid=entry.pcid,
        certificate=reading.der(entry.certificate),
        root=entry.root,
    )
    await world.eco.bus.tell([told])
    assert [one["state"] for one in await waiting(fleet)] == ["waiting"]
    await world.eco.mo.renew(subscription.emaid, subscription.certificate)
    assert [one["state"] for one in await waiting(fleet)] == ["void", "waiting"]
    newer = (await waiting(fleet))[1]
    await said(fleet, newer, "approve")
    assert await unit.visit(line) == [("install", True)]


@pytest.mark.rule("OEM-2", "MO-3")
@pytest.mark.parametrize("how", ["sold", "reset"])
async def test_what_the_former_owner_approved_the_next_one_does_not_get(fleet: FleetWorld, how: str) -> None:
    world = fleet.world
    unit, line = await owned(fleet)
    await world.eco.mo.subscribe("Ada", PCID)
    (contract,) = await waiting(fleet)
    await said(fleet, contract, "approve")
    if how == "sold":
        assert (await fleet.faces.call("oem", "DELETE", f"{FLEET}/{VIN}/owner")).status == 200
    else:
        assert (await fleet.faces.call("oem", "POST", f"{FLEET}/{VIN}/factoryReset")).status == 200
    assert ("install", True) not in await unit.visit(line)
    assert unit.vehicle.contracts.all == ()
    assert await waiting(fleet) == []


async def test_what_a_vehicle_says_is_bounded_and_has_a_form(fleet: FleetWorld) -> None:
    _, line = await owned(fleet)
    chain = [base64.b64encode(der).decode() for der in fleet.world.vehicle.chain_der]
    for body in (
        b"[]",
        b"{",
        {"contracts": 1},
        {"contracts": [{"emaid": "DEPNCC000000011", "contractChain": []}]},
        {"contracts": [{"emaid": "DEPNCC000000011", "contractChain": ["!"]}]},
        {"contracts": [{"emaid": "DEPNCC000000011", "contractChain": [None]}]},
        {"contracts": [{"emaid": "no EMAID", "contractChain": chain}]},
        {"contracts": [{"emaid": "DEPNCC000000011", "contractChain": chain}] * 17},
        {"contracts": [], "provisioningCertificate": "00" * 32},
        {"contracts": [], "provisioningCertificate": 1},
        {"contracts": [], "provisioningCertificate": "00", "v2gRootAuthorityKeyIdentifiers": [1]},
    ):
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        assert (await line("POST", "/v1/manufacturer/telematics/visit", octets))[0] == 400, body
    for deed in (b"{}", b'{"done": 1}', b'{"done": true, "text": 1}'):
        assert (await line("PUT", "/v1/manufacturer/telematics/errands/x", deed))[0] == 400
    for id in ("x", "%00", "%FF", "x" * 100):
        assert (await line("PUT", f"/v1/manufacturer/telematics/errands/{id}", b'{"done": true}'))[0] == 404
        assert (await my(fleet, "POST", f"/contracts/{id}/approve"))[0] == 404
        assert (await my(fleet, "DELETE", f"/consents/{id}"))[0] == 404


async def test_what_a_vehicle_says_of_a_failure_is_kept_as_far_as_it_can_be_read(fleet: FleetWorld) -> None:
    _, line = await owned(fleet)
    await fleet.faces.call("oem", "POST", f"{FLEET}/{VIN}/renewal")
    (errand,) = (await fleet.faces.call("oem", "GET", f"{FLEET}/{VIN}/errands")).body["errands"]
    said = json.dumps({"done": False, "text": "no \ud800" + "!" * 300}).encode()
    status, body = await line("PUT", f"/v1/manufacturer/telematics/errands/{errand['id']}", said)
    assert (status, len(json.loads(body)["text"]), json.loads(body)["text"][:4]) == (200, 200, "no ?")


@pytest.mark.rule("EV-7", "CCP-DEF-1")
async def test_the_contract_a_driver_chooses_is_the_pools_default_from_the_next_visit_on(fleet: FleetWorld) -> None:
    """CharIN 2.4.1.3."""
    unit, line = await owned(fleet)
    pool, contracts = fleet.world.eco.pool, unit.vehicle.contracts
    emaids = [(await fleet.world.eco.mo.subscribe("Ada", PCID)).emaid for _ in range(2)]
    for contract in await waiting(fleet):
        await said(fleet, contract, "approve")
    await unit.visit(line)
    assert [(one.emaid, one.default) for one in await pool.contracts(PCID)] == [(emaids[0], True), (emaids[1], False)]
    contracts.prefer(emaids[1])
    await unit.visit(line)
    assert [(one.emaid, one.default) for one in await pool.contracts(PCID)] == [(emaids[0], False), (emaids[1], True)]
    assert (await fleet.faces.call("oem", "GET", f"{FLEET}/{VIN}")).body["defaultContract"] == emaids[1]

    await pool.delete(emaids[0], skip_revocation=True)
    contracts.prefer(emaids[0])
    await unit.visit(line)  # the pool does not have that one: it stays as it is
    assert [(one.emaid, one.default) for one in await pool.contracts(PCID)] == [(emaids[1], True)]


async def test_a_pool_that_is_away_hears_of_the_chosen_contract_at_the_next_visit(
    fleet: FleetWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit, line = await owned(fleet)
    pool = fleet.world.eco.pool
    emaids = [(await fleet.world.eco.mo.subscribe("Ada", PCID)).emaid for _ in range(2)]
    for contract in await waiting(fleet):
        await said(fleet, contract, "approve")
    await unit.visit(line)
    unit.vehicle.contracts.prefer(emaids[1])

    async def away(self: ContractPool, pcid: str, emaid: str) -> None:
        raise PeerSilent("Nobody answers.")

    with monkeypatch.context() as patched:
        patched.setattr(ContractPool, "set_default", away)
        await unit.visit(line)
    assert [one.default for one in await pool.contracts(PCID)] == [True, False]
    await unit.visit(line)
    assert [one.default for one in await pool.contracts(PCID)] == [False, True]


async def test_a_default_contract_that_is_not_among_those_held_is_refused(fleet: FleetWorld) -> None:
    _, line = await owned(fleet)
    body = json.dumps({"contracts": [], "defaultContract": "DEPNCC000000011"}).encode()
    assert (await line("POST", "/v1/manufacturer/telematics/visit", body))[0] == 400
