"""An operator's back end of its own, at somebody else's pools; and a CSMS that asks it over the network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio
from backend_world import NOW, PCID, SCHEMA, World
from cryptography import x509
from face_world import Faces, open_faces
from msgspec import Struct
from vehicle_requests import installation_request, received
from webhook_world import sender_of, subscribed

from pncsim.backend.mo import MobilityOperator, Subscription, event_http
from pncsim.backend.mo.client import RemoteOperators
from pncsim.backend.mo.customers import Customers
from pncsim.backend.mo.desks import Desks
from pncsim.backend.mo.remote import RemotePools
from pncsim.backend.oem.remote import RemoteServices
from pncsim.backend.oem.roots import VerifiedRoots
from pncsim.backend.rcp import RootKind
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.routes import application
from pncsim.backend.store import MemoryStore
from pncsim.backend.verification import Verifier
from pncsim.backend.webhooks.payloads import signatures
from pncsim.backend.webhooks.sender import Sender
from pncsim.simulator.pool.client import ClientSecret, Participant
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import add_authorities, create_pki
from pncsim.tls_certs.profiles import CONTRACT_SERVICE_PROFILES
from pncsim.tls_certs.validation import ChainError
from pncsim.wire.errors import PeerError
from pncsim.wire.listener import HttpListener
from pncsim.wire.source import SYSTEM


async def nobody(facts: object) -> None:
    """A store without listeners."""


class Apart(Struct):
    """The pools at one side; the desks, with a store and a PKI of their own, at the other."""

    world: World
    faces: Faces
    desks: Desks
    sender: Sender
    events: str
    secrets: list[str]
    provider: str

    @property
    def by_service(self) -> bool:
        """Whether the contract service makes the contracts."""
        return self.provider == "DEV2G"

    @property
    def issuer(self) -> x509.Certificate:
        """The Sub-CA that issues its contracts."""
        if self.by_service:
            return self.world.pki.certificate("v2g_mo_sub2")
        return self.world.eco.pkis["operator"].certificate("mo_sub2")

    @property
    def desk(self) -> Customers:
        return self.desks.of(self.provider)

    async def concluded(self) -> Subscription:
        """A contract for the world's vehicle, which is published."""
        await self.world.published()
        return await self.desk.conclude("Ada", PCID, by_service=self.by_service)


@pytest_asyncio.fixture(params=["mo", "mo-v2g"])
async def apart(world: World, request: pytest.FixtureRequest) -> AsyncIterator[Apart]:
    """An operator that has a PKI of its own, and one that has none."""
    add_authorities(world.pki, CONTRACT_SERVICE_PROFILES, NOW)
    own = await world.eco.add_pki(create_pki(NOW, organization="Operator"), "operator")
    async with open_faces(world) as faces:
        client, provider = request.param, {"mo": "DEPNC", "mo-v2g": "DEV2G"}[request.param]
        secret = (await faces.clients.rotate(client)).secret
        calls = Participant(world.clock, ClientSecret(client, secret), faces.url)
        pools, voice, store = RemotePools(calls), world.voice("MO"), MemoryStore(nobody)
        roots = VerifiedRoots(
            world.clock, voice, store, RemoteServices(calls).trust_list, world.eco.trust_lists.anchors
        )
        operator = MobilityOperator(
            world.clock,
            voice,
            store,
            provider=provider,
            authority=own,
            verifier=Verifier(world.clock, roots, world.eco.revocation),
            vehicles=pools,
            signing=pools,
            contracts=lambda: pools,
            source=SYSTEM,
        )
        desks = Desks(world.clock, voice, store, lambda one: operator, pool=pools, revocation=own)
        secrets: list[str] = []
        hearing = HttpListener()
        await hearing.start(application(event_http.routes(desks, world.clock, lambda: secrets), voice, tokens=None))
        url, sender = hearing.url + event_http.PATH, sender_of(world)
        secrets.append((await subscribed(faces, client, url, *event_http.EVENTS))["secret"])
        try:
            yield Apart(world, faces, desks, sender, url, secrets, provider)
        finally:
            await sender.close()
            await hearing.stop()
            await calls.close()


@pytest.mark.rule("MO-1", "MO-2", "RCP-1", "CPS-4", "CPS-11")
async def test_a_contract_goes_to_the_pool_by_the_published_paths_and_the_vehicle_installs_it(apart: Apart) -> None:
    world = apart.world
    contract = await apart.concluded()
    assert reading.issued_by(contract.certificate, apart.issuer)
    request = installation_request(world.vehicle, world.pki.anchors("v2g_root"))
    answer = received(await world.eco.pool.provide(request, SCHEMA))
    assert answer.code == "OK"
    assert reading.common_name(answer.contract(world.vehicle.key).leaf) == contract.emaid
    assert (await world.eco.pool.lookup(contract.emaid)).certificate == contract.certificate
    renewed = await apart.desk.renew(contract.emaid)
    assert (await world.eco.pool.lookup(contract.emaid)).certificate == renewed.certificate != contract.certificate


@pytest.mark.rule("MO-5", "CCP-DEL-2")
async def test_its_end_takes_the_bundle_out_of_the_pool_and_is_in_what_responders_say(apart: Apart) -> None:
    world, contract = apart.world, await apart.concluded()
    ended = await apart.desk.unsubscribe(contract.emaid)
    assert ended.cleared
    assert await world.eco.pool.contracts(PCID) == []
    assert (await world.eco.ocsp.of(contract.certificate, apart.issuer)).status == "revoked"


@pytest.mark.rule("MO-1")
async def test_it_believes_the_signed_list_of_roots_and_not_the_pool(apart: Apart) -> None:
    world = apart.world
    await world.published()
    for root in await world.eco.roots.roots(RootKind.OEM):
        if root.certificate == world.pki.certificate("oem_root"):
            await world.eco.roots.remove(root.id)
    with pytest.raises((Refused, ChainError)):
        await apart.desk.conclude("Ada", PCID, by_service=apart.by_service)
    assert (await apart.desk.contracts()).values == ()


@pytest.mark.rule("MO-2", "PCP-GET-2")
async def test_an_unknown_vehicle_is_told_as_such(apart: Apart) -> None:
    with pytest.raises(Refused) as caught:
        await apart.desk.conclude("Ada", "PNCSIMVEHICLE99999", by_service=apart.by_service)
    assert caught.value.http_status == 404


@pytest.mark.rule("MO-3", "EVT-1", "EVT-2")
async def test_it_hears_by_events_what_became_of_the_vehicle(apart: Apart) -> None:
    world, contract = apart.world, await apart.concluded()
    await world.eco.oem.publish(await world.eco.oem.build(PCID))
    await apart.sender.flush()
    assert (await apart.desk.contract(contract.emaid)).vehicle_now == "new key"
    again = await apart.desk.renew(contract.emaid)
    assert again.vehicle_now == "there"
    assert [entry.emaid for entry in await world.eco.pool.contracts(PCID)] == [contract.emaid]
    await world.eco.vehicles.delete(PCID, factory_reset=True)
    await apart.sender.flush()
    assert (await apart.desk.contract(contract.emaid)).vehicle_now == "reset"
    with pytest.raises(Refused, match="reset"):
        await apart.desk.renew(contract.emaid)
    subjects = [notice.subject for notice in await apart.desk.notices("Ada")]
    assert subjects == ["concluded", "vehicle key changed", "renewed", "vehicle reset"]


@pytest.mark.rule("EVT-2")
@pytest.mark.parametrize("apart", ["mo"], indirect=True)
async def test_an_event_is_believed_for_its_signature_alone(apart: Apart) -> None:
    contract = await apart.concluded()
    event = f'{{"eventType": "mo.prov.cert.deleted", "payload": {{"emaid": "{contract.emaid}"}}}}'.encode()

    async def sent(body: bytes, signed: Mapping[str, str]) -> int:
        async with apart.faces.session.post(apart.events, data=body, headers=signed) as answer:
            return answer.status

    right = apart.secrets[0]
    for signed in ({}, signatures("wrong", event), {**signatures(right, event), "payload-signature": "\u00e9"}):
        assert await sent(event, signed) == 401
    assert (await apart.desk.contract(contract.emaid)).vehicle_now == "there"
    for body in (b"", b"[]", b"{}", b'{"eventType": 1, "payload": 2}', event.replace(b"DEPNC", b"?")):
        assert await sent(body, signatures(right, body)) == 400
    for body in (event.replace(b"cert.deleted", b"of.another.kind"), event.replace(b"DEPNC", b"FRXYZ"), event, event):
        assert await sent(body, signatures(right, body)) == 200
    assert (await apart.desk.contract(contract.emaid)).vehicle_now == "gone"
    assert [notice.subject for notice in await apart.desk.notices("Ada")] == ["concluded", "vehicle gone"]


# A CSMS asks operators


class Line:
    """Calls that can be cut."""

    def __init__(self, calls: Participant) -> None:
        self.calls, self.cut = calls, False
        self.answer: dict[str, Any] | None = None

    async def call(self, service: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if self.cut:
            raise PeerError("The operators cannot be reached.", kind="unreachable", http_status=502)
        return self.answer if self.answer is not None else await self.calls.call(service, method, path, body)

    async def get(self, service: str, path: str) -> bytes:
        return await self.calls.get(service, path)

    async def post(self, service: str, path: str, body: bytes, media_type: str) -> bytes:
        return await self.calls.post(service, path, body, media_type)


@pytest.mark.rule("CSO-2")
async def test_a_csms_asks_for_each_contract_and_goes_by_the_list_where_nobody_answers(world: World) -> None:
    contract = await world.subscribed()
    async with open_faces(world) as faces:
        secret = (await faces.clients.rotate("cpo")).secret
        line = Line(Participant(world.clock, ClientSecret("cpo", secret), faces.url))
        operators = RemoteOperators(world.clock, world.voice("CSMS"), line)
        assert (await operators.authorize(contract.emaid)).status == "Accepted"
        assert (await operators.authorize("FRXYZC00000001")).status == "Unknown"
        with pytest.raises(Refused, match="is not an EMAID"):
            await operators.authorize("rubbish")
        line.cut = True
        with pytest.raises(PeerError, match="cannot be reached"):
            await operators.authorize(contract.emaid)
        line.cut = False
        assert contract.emaid in (await operators.refresh()).contracts
        await world.eco.mo.block(contract.emaid)
        assert (await operators.authorize(contract.emaid)).status == "Blocked"
        line.cut = True
        assert (await operators.authorize(contract.emaid)).status == "Accepted"  # as of the list
        assert (await operators.authorize("FRXYZC00000001")).status == "Unknown"
        world.clock.jump(86_401)
        with pytest.raises(PeerError, match="cannot be reached"):
            await operators.authorize(contract.emaid)
        line.cut = False
        answers: tuple[dict[str, Any], ...] = ({}, {"status": "Fine"}, {"contracts": [{}]}, {"contracts": 7})
        for answer in answers:
            line.answer = answer
            with pytest.raises(PeerError):
                await operators.authorize(contract.emaid)
            with pytest.raises(PeerError):
                await operators.refresh()
        await line.calls.close()
