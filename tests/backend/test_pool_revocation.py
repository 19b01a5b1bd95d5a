"""Whether a published vehicle was revoked: its responder, else its list, else nobody is told that it is good.

The manufacturer is somebody else: a PKI of its own, whose responder and lists are asked over HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import pytest
from aiohttp import web
from backend_world import NOW, SCHEMA, World
from face_world import Answer, Faces, b64, open_faces

from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.pki.fetch import DEADLINE, HttpFetch, HttpLists, own_first
from pncsim.backend.rcp import RootKind
from pncsim.tls_certs import reading
from pncsim.tls_certs.crl import build_crl
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.clock import Clock
from pncsim.wire.listener import HttpListener
from pncsim.wire.trace import Trace

PCID = "WMIELSEWHERE00001"
Responder = Literal["answers", "is out of order", "is silent", "says nonsense", "is not named"]
Lists = Literal["answer", "are out of order", "are not named"]


@dataclass
class Manufacturer:
    """A PKI elsewhere with its two servers; ``asked`` is what came."""

    responder: Responder
    lists: Lists
    pki: Pki = field(init=False)
    asked: list[str] = field(default_factory=list)
    silent: asyncio.Event = field(default_factory=asyncio.Event)

    def found(self, url: str) -> None:
        """Make the PKI, now that it is known where the servers are."""
        self.pki = create_pki(
            NOW,
            pcid=PCID,
            ocsp_url=None if self.responder == "is not named" else f"{url}/ocsp",
            crl_url=None if self.lists == "are not named" else f"{url}/crl",
        )

    async def ocsp(self, request: web.Request) -> web.Response:
        self.asked.append("ocsp")
        match self.responder:
            case "answers":
                return web.Response(body=self.pki.answer_ocsp(await request.read(), NOW))
            case "is silent":
                self.silent.set()
                await asyncio.Event().wait()
            case "says nonsense":
                return web.Response(body=b"good")
        return web.Response(status=503)

    async def crl(self, request: web.Request) -> web.Response:
        role = request.match_info["role"]
        self.asked.append(role)
        if self.lists != "answer":
            return web.Response(status=503)
        return web.Response(body=build_crl(self.pki.authority(role), NOW))


@asynccontextmanager
async def pool_for(manufacturer: Manufacturer) -> AsyncIterator[tuple[World, Faces]]:
    """A pool that trusts the manufacturer's root, as ``pnc serve`` makes it."""
    listener = HttpListener()
    app = web.Application()
    app.router.add_post("/ocsp", manufacturer.ocsp)
    app.router.add_get("/crl/{role}.crl", manufacturer.crl)
    await listener.start(app)
    manufacturer.found(listener.url)
    clock, trace = Clock(NOW), Trace()
    others, lists = HttpFetch(clock), HttpLists(clock)
    eco = Ecosystem(
        clock,
        trace,
        fetch=own_first(lambda: eco.responder, others),
        fetch_list=lists,
        patience=2 * DEADLINE,
    )
    world = World(clock, trace, eco)
    try:
        await eco.add_pki(create_pki(NOW))
        await eco.roots.add(reading.der(manufacturer.pki.certificate("oem_root")), RootKind.OEM)
        async with open_faces(world) as faces:
            yield world, faces
    finally:
        await others.close()
        await lists.close()
        await listener.stop()


async def publish(faces: Faces, manufacturer: Manufacturer) -> Answer:
    leaf, sub2, sub1 = map(b64, manufacturer.pki.credentials("oem_leaf").chain_der)
    body = {"vehicleCertificate": leaf, "subCA2Certificate": sub2, "subCA1Certificate": sub1}
    return await faces.call("other-oem", "PUT", "/v1/oem/provCerts", {**body, "xsdMsgDefNamespace": SCHEMA})


LISTED = ["oem_root", "oem_sub1", "oem_sub2"]


@pytest.mark.rule("PCP-PUB-3")
@pytest.mark.parametrize(
    ("responder", "lists", "revoked", "status", "asked"),
    [
        ("answers", "answer", False, 200, ["ocsp"] * 3),
        ("answers", "answer", True, 400, ["ocsp"] * 3),
        ("is out of order", "answer", False, 200, ["ocsp", "ocsp", "ocsp", *LISTED]),
        ("is out of order", "answer", True, 400, ["ocsp", "ocsp", "ocsp", *LISTED]),
        ("is not named", "answer", False, 200, LISTED),
        ("is not named", "answer", True, 400, LISTED),
        ("is out of order", "are out of order", False, 502, ["ocsp", "ocsp", "ocsp", *LISTED]),
        ("is out of order", "are not named", False, 502, ["ocsp"] * 3),
        ("is not named", "are not named", False, 502, []),
        ("says nonsense", "answer", False, 502, ["ocsp"] * 3),
    ],
)
async def test_the_responder_is_asked_then_the_list_and_without_either_nothing_is_stored(
    responder: Responder, lists: Lists, revoked: bool, status: int, asked: list[str]
) -> None:
    manufacturer = Manufacturer(responder, lists)
    async with pool_for(manufacturer) as (world, faces):
        if revoked:
            manufacturer.pki.authority("oem_sub2").revoke(manufacturer.pki.certificate("oem_leaf"), NOW)
        answer = await publish(faces, manufacturer)
        assert answer.status == status, answer.body
        assert sorted(manufacturer.asked) == asked
        if status != 200:
            assert answer.body["errorCode"] == "PCP-PUB-3"
        assert (await world.eco.vehicles.find(PCID) is not None) is (status == 200)


@pytest.mark.rule("PCP-PUB-3")
async def test_a_responder_that_keeps_silent_costs_bounded_time_before_the_list_is_asked() -> None:
    manufacturer = Manufacturer("is silent", "answer")
    async with pool_for(manufacturer) as (world, faces):
        publishing = asyncio.create_task(publish(faces, manufacturer))
        await manufacturer.silent.wait()
        world.clock.jump(DEADLINE)
        assert (await publishing).status == 200
        assert set(manufacturer.asked) == {"ocsp", *LISTED}


@pytest.mark.rule("RCP-6")
async def test_a_root_that_its_own_list_calls_revoked_leaves_with_the_next_cleansing_and_does_not_come_back() -> None:
    manufacturer = Manufacturer("answers", "answer")
    async with pool_for(manufacturer) as (world, faces):
        root = manufacturer.pki.certificate("oem_root")
        authority = manufacturer.pki.authority("oem_root")
        named = authority.issue_for(  # most roots name no list; this one's manufacturer has it do so
            PROFILES["oem_root"], root.subject, manufacturer.pki.key("oem_root").public_key(), NOW
        )
        added = {"caCertificate": b64(reading.der(named)), "rootType": "OEM"}
        assert (await faces.call("admin", "PUT", "/v1/root/rootCerts", added)).status == 200
        assert await world.eco.roots.cleanse() == 0
        authority.revoke(named, NOW, "key_compromise")
        world.clock.jump(3_601)  # what was heard before counts for an hour
        assert await world.eco.roots.cleanse() == 1
        left = await world.eco.roots.roots(RootKind.OEM)
        assert named not in [one.certificate for one in left] and root in [one.certificate for one in left]
        log = (await faces.call("admin", "GET", "/v1/root/activities")).body["activities"]
        assert (log[-1]["action"], log[-1]["fingerprint"]) == ("revoked", reading.fingerprint(reading.der(named)))
        again = await faces.call("admin", "PUT", "/v1/root/rootCerts", added)
        assert (again.status, again.body["errorCode"]) == (400, "RCP-6")
