"""A manufacturer's back end of its own, at somebody else's pools: everything by the published paths and events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from backend_world import World, unrelated
from event_receivers import receiver
from face_world import Faces, open_faces
from msgspec import Struct
from vehicle_requests import installation_request, received
from webhook_world import sender_of, subscribed

from pncsim.backend.oem import event_http
from pncsim.backend.oem.fleet import Fleet, bind_line, serve_line
from pncsim.backend.oem.remote import RemoteServices
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.routes import application
from pncsim.backend.store import MemoryStore
from pncsim.backend.webhooks.payloads import signatures
from pncsim.backend.webhooks.sender import Sender
from pncsim.ev.iso2.unpacking import unpack_contract
from pncsim.ev.telematics import Telematics
from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.lab.vehicle_line import HttpLine
from pncsim.simulator.pool.client import ClientSecret, Participant
from pncsim.tls_certs import reading
from pncsim.tls_certs.pkcs7 import certificates_in
from pncsim.wire.errors import PeerError
from pncsim.wire.listener import HttpListener

VIN, PCID = "PNC00000000000001", "PNCFLEET0000000001"


async def nobody(facts: object) -> None:
    """A store without listeners."""


class Apart(Struct):
    """The pools at one side, the back end with its own store at the other."""

    world: World
    faces: Faces
    fleet: Fleet
    sender: Sender
    events: str
    line: str

    async def built(self) -> tuple[Telematics, HttpLine]:
        """A vehicle that is made and published."""
        await self.fleet.production.order(VIN, PCID)
        unit = Telematics(Vehicle(name=VIN), VIN, self.world.clock, self.world.voice("EV"), unpack=unpack_contract)
        leaf, root = await self.fleet.production.equip(VIN, unit.request())
        unit.equip(leaf)
        line = HttpLine(self.world.clock, self.line, unit.credentials, root)
        await unit.produce(line)
        return unit, line


@pytest_asyncio.fixture
async def apart(world: World) -> AsyncIterator[Apart]:
    async with open_faces(world) as faces:
        secret = (await faces.clients.rotate("oem")).secret
        calls = Participant(world.clock, ClientSecret("oem", secret), faces.url)
        services, voice = RemoteServices(calls), world.voice("OEM")
        fleet = Fleet(
            world.clock,
            voice,
            MemoryStore(nobody),
            enrolment=services,
            pool=services,
            contracts=services,
            revocation=services,
            status=world.eco.revocation,
            trust_list=services.trust_list,
            operator_roots=world.eco.trust_lists.anchors,
        )
        secrets: list[str] = []
        hearing = HttpListener()
        await hearing.start(application(event_http.routes(fleet, world.clock, lambda: secrets), voice, tokens=None))
        url = hearing.url + event_http.PATH
        secrets.append((await subscribed(faces, "oem", url, *event_http.EVENTS))["secret"])
        line, sender = await bind_line(fleet, voice), sender_of(world)
        await serve_line(fleet, voice, line)
        try:
            yield Apart(world, faces, fleet, sender, url, line.url)
        finally:
            await sender.close()
            await line.stop()
            await hearing.stop()
            await calls.close()


@pytest.mark.rule("OEM-1", "OEM-2", "OEM-3", "RCP-1", "CCP-OEM-1", "EVT-2")
async def test_a_vehicle_is_made_published_and_given_a_contract_and_loses_it_when_that_is_revoked(apart: Apart) -> None:
    world, fleet = apart.world, apart.fleet
    unit, line = await apart.built()
    assert (await apart.faces.call("mo", "GET", f"/v1/oem/provCerts/lookupVehicle/{PCID}")).status == 200
    await fleet.owners.add("ada")
    await fleet.give(VIN, "ada")
    subscription = await world.eco.mo.subscribe("Ada", PCID)
    assert await fleet.deliveries.of_vehicle(VIN) == []
    await apart.sender.flush()
    (errand,) = await fleet.deliveries.of_vehicle(VIN)
    assert (errand.emaid, errand.state) == (subscription.emaid, "waiting")
    assert await unit.visit(line) == []
    await fleet.deliveries.decide("ada", errand.id, approved=True)
    assert await unit.visit(line) == [("install", True)]
    second = await world.eco.mo.subscribe("Ada", PCID)
    await fleet.deliveries.visit(await fleet.production.vehicle(VIN), (), second.emaid)
    assert [one.emaid for one in await world.eco.pool.contracts(PCID) if one.default] == [second.emaid]
    await world.eco.mo.cancel(subscription.emaid)
    await apart.sender.flush()
    assert await unit.visit(line) == [("remove", True)]
    assert unit.vehicle.contracts.all == ()
    await line.close()


async def test_a_renewal_and_a_factory_reset_go_by_the_published_paths_and_nobody_here_revokes(apart: Apart) -> None:
    unit, line = await apart.built()
    before = unit.vehicle.provisioning
    await apart.fleet.production.renew(VIN, revoke=True)
    assert await unit.visit(line) == [("renew", True)]
    assert unit.vehicle.provisioning != before
    told = (await apart.faces.call("mo", "GET", f"/v1/oem/provCerts/{PCID}")).body["OEMMessage"]
    assert unit.vehicle.provisioning is not None
    assert told["fingerprint"] == reading.fingerprint(unit.vehicle.provisioning.chain_der[0])
    with pytest.raises(Refused) as refused:
        await apart.fleet.production.revoke_predecessors(VIN)
    assert refused.value.http_status == 501
    await apart.fleet.reset(VIN)
    assert (await apart.faces.call("mo", "GET", f"/v1/oem/provCerts/{PCID}")).status == 404
    await apart.fleet.reset(VIN)  # it is not there any more, and that is all right
    await apart.fleet.production.withdraw(VIN)
    await line.close()


@pytest.mark.rule("MO-3", "EVT-1")
async def test_the_operator_hears_of_a_factory_reset_and_not_of_a_contract_that_just_went(apart: Apart) -> None:
    _, line = await apart.built()
    async with receiver() as mo:
        await subscribed(apart.faces, "mo", mo.url, "mo.prov.cert.factory.reset", "mo.prov.cert.deleted")
        subscription = await apart.world.eco.mo.subscribe("Ada", PCID)
        await apart.fleet.reset(VIN)
        await apart.sender.flush()
        assert [(one.type, one.event["payload"]["emaid"]) for one in mo.got] == [
            ("mo.prov.cert.factory.reset", subscription.emaid)
        ]
    await line.close()


@pytest.mark.rule("EV-7b")
async def test_what_a_vehicle_signs_with_the_key_made_in_it_is_believed_and_nothing_else(apart: Apart) -> None:
    unit, line = await apart.built()
    subscription = await apart.world.eco.mo.subscribe("Ada", PCID)
    held = unit.vehicle.provisioning
    assert held is not None
    for key, code in ((None, "OK"), (unrelated("oem_leaf").key, "FAILED_SignatureError")):
        request = installation_request(held, unit.vehicle.v2g_roots, key=key)
        answer = await apart.world.eco.pool.provide(request)
        assert received(answer).code == code
        assert answer.emaid == (subscription.emaid if key is None else None)
    await line.close()


@pytest.mark.rule("EVT-2")
async def test_an_event_that_is_not_signed_or_makes_no_sense_changes_nothing(apart: Apart) -> None:
    _, line = await apart.built()
    session, fleet = apart.faces.session, apart.fleet

    async def sent(body: bytes, headers: dict[str, str]) -> int:
        async with session.post(apart.events, data=body, headers=headers) as answer:
            return answer.status

    good = b'{"eventType": "root.cert.added", "payload": {}}'
    (endpoint,) = (await apart.faces.call("oem", "GET", "/v1/webhook/endpoints")).body
    secret = (await apart.faces.call("oem", "GET", f"/v1/webhook/endpoints/{endpoint['id']}")).body["secret"]
    assert await sent(good, {}) == 401
    assert await sent(good, signatures("guessed", good)) == 401
    assert await sent(good + b" ", signatures(secret, good)) == 401
    assert await sent(good, {"payload-signature": "é"}) == 401
    assert await sent(good, signatures(secret, good)) == 200
    for body in (
        b"[]",
        b"{",
        b'{"eventType": "oem.contract.created", "payload": {}}',
        b'{"eventType": "oem.contract.created", "payload": {"emaid": "x", "pcid": "y"}}',
        b'{"eventType": "oem.contract.created", "payload": 1}',
    ):
        assert await sent(body, signatures(secret, body)) == 400
    unknown = b'{"eventType": "something.else", "payload": {}}'
    assert await sent(unknown, signatures(secret, unknown)) == 200
    assert await fleet.deliveries.of_vehicle(VIN) == []
    await line.close()


class Told:
    """Services that answer with what they are told to."""

    def __init__(self, answer: dict[str, Any], octets: bytes = b"") -> None:
        self._answer, self._octets = answer, octets

    async def call(self, *asked: object) -> dict[str, Any]:
        return self._answer

    async def get(self, *asked: object) -> bytes:
        return self._octets

    async def post(self, *asked: object) -> bytes:
        return self._octets


async def test_services_that_answer_nonsense_are_named_and_nothing_is_kept() -> None:
    chain = unrelated("oem_leaf").chain_der
    for services, method, arguments in (
        (Told({}), "trust_list", ()),
        (Told({"CTL": {"signedData": 1}}), "trust_list", ()),
        (Told({}, b"not base64!"), "enrol", (b"",)),
        (Told({}, b"MAA="), "enrol", (b"",)),
        (Told({}), "provide_to_oem", ("DEPNCC000000011", PCID)),
        (Told({"vehicleCertificate": "bm9uZQ=="}), "publish", (chain,)),
    ):
        with pytest.raises(PeerError):
            await getattr(RemoteServices(services), method)(*arguments)


@pytest.mark.parametrize("octets", [b"", b"0", b"\x30\x00", b"\x30\x80", bytes(20)])
def test_what_is_no_bag_of_certificates_is_refused(octets: bytes) -> None:
    with pytest.raises(reading.Unreadable):
        certificates_in(octets)
