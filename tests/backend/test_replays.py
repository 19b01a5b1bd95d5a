"""A request for installation that was seen before is answered, recorded as a replay, and told."""

from __future__ import annotations

import pytest
from backend_world import PCID, SCHEMA, World
from vehicle_requests import SESSION, installation_request

from pncsim.backend.ccp import SEEN_REQUESTS, SeenRequest
from pncsim.backend.ccp.replays import KEPT
from pncsim.backend.events.facts import RequestReplayed
from pncsim.backend.pcp import vehicle_key
from pncsim.backend.store import every
from pncsim.wire.trace import Warned
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import codec
from pncsim.wire.values import replace

OTHER = bytes.fromhex("a1a2a3a4a5a6a7a8")
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the points of P-256."""


def in_session(exi: bytes, session: bytes) -> iso2.V2G_Message:
    """The same signed request in another session."""
    message = codec("iso2").decode(exi)
    assert isinstance(message, iso2.V2G_Message)
    return replace(message, Header=replace(message.Header, SessionID=session))


async def seen(world: World) -> list[SeenRequest]:
    of_vehicle = ("vehicle", vehicle_key(PCID))
    return [one async for one in every(world.eco.store.of(SEEN_REQUESTS), of_vehicle)]


@pytest.mark.rule("CCP-GET-2", "CCP-GET-5")
async def test_a_request_that_comes_again_in_another_session_is_answered_recorded_and_told(world: World) -> None:
    facts: list[RequestReplayed] = []

    async def hear(fact: RequestReplayed) -> None:
        facts.append(fact)

    world.eco.bus.listen(RequestReplayed, hear)
    await world.subscribed()
    exi = installation_request(world.vehicle, world.pki.anchors("v2g_root"))
    assert (await world.eco.pool.provide(exi, SCHEMA)).response_code == "OK"
    world.clock.jump(60)
    answer = await world.eco.pool.provide(codec("iso2").encode(in_session(exi, OTHER)), SCHEMA)
    assert answer.response_code == "OK" and answer.exi is not None
    response = codec("iso2").decode(answer.exi)
    assert isinstance(response, iso2.V2G_Message) and response.Header.SessionID == OTHER
    (fact,) = facts
    assert (fact.pcid, fact.session, fact.first_session) == (PCID, OTHER.hex(), SESSION.hex())
    assert 60 <= fact.time - fact.first_seen < 90
    (kept,) = await seen(world)
    assert (kept.session, kept.replays, kept.replayed_at) == (SESSION.hex(), 1, fact.time)
    (told,) = [event for event in world.events if isinstance(event, Warned)]
    assert PCID in told.text and OTHER.hex() in told.text and SESSION.hex() in told.text


async def test_asking_again_in_the_same_session_is_no_replay(world: World) -> None:
    await world.subscribed()
    exi = installation_request(world.vehicle, world.pki.anchors("v2g_root"))
    for _ in range(2):
        assert (await world.eco.pool.provide(exi, SCHEMA)).response_code == "OK"
    assert [one.replays for one in await seen(world)] == [0]
    assert world.of(Warned) == []


async def test_the_other_signature_value_that_verifies_as_well_is_a_replay_too(world: World) -> None:
    """Of an ECDSA signature (r, s) everybody can make (r, -s)."""
    await world.subscribed()
    exi = installation_request(world.vehicle, world.pki.anchors("v2g_root"))
    await world.eco.pool.provide(exi, SCHEMA)
    message = in_session(exi, OTHER)
    assert message.Header.Signature is not None
    value = message.Header.Signature.SignatureValue
    other = (ORDER - int.from_bytes(value.value[32:])).to_bytes(32)
    changed = replace(message.Header.Signature, SignatureValue=replace(value, value=value.value[:32] + other))
    again = replace(message, Header=replace(message.Header, Signature=changed))
    assert (await world.eco.pool.provide(codec("iso2").encode(again), SCHEMA)).response_code == "OK"
    assert [one.replays for one in await seen(world)] == [1]


async def test_what_is_not_the_vehicles_is_not_remembered(world: World) -> None:
    await world.subscribed()
    forged = installation_request(world.vehicle, world.pki.anchors("v2g_root"), key=world.pki.key("contract_leaf"))
    assert (await world.eco.pool.provide(forged, SCHEMA)).response_code == "FAILED_SignatureError"
    assert await seen(world) == []


async def test_so_many_requests_of_a_vehicle_are_remembered_and_none_once_it_is_gone(world: World) -> None:
    await world.subscribed()
    roots = world.pki.anchors("v2g_root")
    for count in range(KEPT + 3):
        await world.eco.pool.provide(installation_request(world.vehicle, roots * (1 + count % 20)), SCHEMA)
    assert 0 < len(await seen(world)) <= KEPT
    await world.eco.vehicles.delete(PCID)
    assert await seen(world) == []
