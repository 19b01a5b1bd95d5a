"""The event bus: when facts are told, in which order, and what a listener that fails can do."""

from __future__ import annotations

import asyncio

import pytest
from backend_world import NOW, PCID, World, leaf_of

from pncsim.backend.events.bus import Bus
from pncsim.backend.events.facts import (
    CertificateRevoked,
    ContractAdded,
    ContractDeleted,
    ContractDelivered,
    ContractFact,
    ContractReplaced,
    Fact,
    RootAdded,
    RootRemoved,
    VehicleDeleted,
    VehiclePublished,
)
from pncsim.backend.pki.store import ISSUED
from pncsim.backend.rcp import RootKind
from pncsim.backend.refusal import Refused
from pncsim.backend.store import every
from pncsim.tls_certs import reading
from pncsim.tls_certs.chain_error import ChainError
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.validation import Use
from pncsim.wire.clock import Clock
from pncsim.wire.gate import refuse
from pncsim.wire.trace import Event, Problem, Trace
from pncsim.wire.voice import Voice


def a_bus() -> tuple[Bus, list[Event]]:
    events: list[Event] = []
    return Bus(Voice.on(Clock(NOW), Trace([events.append]), "LAB", "events")), events


def published(pcid: str = PCID) -> VehiclePublished:
    return VehiclePublished(time=NOW, pcid=pcid)


async def test_facts_are_told_in_order_and_listeners_in_the_order_they_came() -> None:
    bus, _ = a_bus()
    heard: list[tuple[str, str]] = []

    async def slow(fact: VehiclePublished) -> None:
        await asyncio.sleep(0)
        heard.append(("slow", fact.pcid))

    async def quick(fact: VehiclePublished) -> None:
        heard.append(("quick", fact.pcid))

    bus.listen(VehiclePublished, slow)
    bus.listen(VehiclePublished, quick)
    await bus.tell([published("1"), published("2")])
    assert heard == [("slow", "1"), ("quick", "1"), ("slow", "2"), ("quick", "2")]


async def test_a_listener_hears_its_kind_and_what_is_derived_from_it_only() -> None:
    bus, _ = a_bus()
    heard: list[Fact] = []

    async def hear(fact: Fact) -> None:
        heard.append(fact)

    bus.listen(ContractFact, hear)
    added = ContractAdded(time=NOW, emaid="DEPNCC00000001", pcid=PCID, certificate=b"", root="")
    await bus.tell([published(), added])
    assert heard == [added]


async def test_what_a_listener_does_in_turn_is_told_before_the_next_listener_hears() -> None:
    bus, _ = a_bus()
    heard: list[str] = []

    async def cascade(fact: VehiclePublished) -> None:
        heard.append("vehicle, first listener")
        await bus.tell([VehicleDeleted(time=NOW, pcid=fact.pcid, why="cleansed")])

    async def second(fact: Fact) -> None:
        heard.append(f"{type(fact).__name__}, second listener")

    bus.listen(VehiclePublished, cascade)
    bus.listen(Fact, second)
    await bus.tell([published()])
    assert heard == ["vehicle, first listener", "VehicleDeleted, second listener", "VehiclePublished, second listener"]


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (Refused("The webhook is full.", clause="EVT-3", http_status=503), "unspecific", "The webhook is full."),
        (ZeroDivisionError("by zero"), "defect", "ZeroDivisionError in a listener to VehiclePublished: by zero"),
    ],
    ids=["refusal", "defect"],
)
async def test_a_listener_that_fails_is_a_problem_and_the_others_are_told(
    error: Exception, kind: str, says: str
) -> None:
    bus, events = a_bus()
    heard: list[Fact] = []

    async def fail(fact: Fact) -> None:
        raise error

    async def hear(fact: Fact) -> None:
        heard.append(fact)

    bus.listen(VehiclePublished, fail)
    bus.listen(VehiclePublished, hear)
    await bus.tell([published()])
    assert heard == [published()]
    (problem,) = events
    assert isinstance(problem, Problem)
    assert (problem.text, problem.kind, problem.unit) == (says, kind, "events")


async def test_a_change_stands_whatever_its_listeners_do(world: World) -> None:
    async def fail(fact: Fact) -> None:
        raise Refused("The outbox is full.", clause="EVT-3", http_status=503)

    world.eco.bus.listen(VehiclePublished, fail)
    await world.published()
    assert (await world.eco.vehicles.get(PCID)).chain_der == world.vehicle.chain_der
    assert [event.text for event in world.of(Problem) if isinstance(event, Problem)] == ["The outbox is full."]


async def test_who_is_cancelled_meanwhile_has_told_everybody_all_the_same() -> None:
    bus, _ = a_bus()
    entered, go_on, heard = asyncio.Event(), asyncio.Event(), []

    async def slow(fact: VehiclePublished) -> None:
        entered.set()
        await go_on.wait()

    async def second(fact: VehiclePublished) -> None:
        heard.append(fact)

    bus.listen(VehiclePublished, slow)
    bus.listen(VehiclePublished, second)
    telling = asyncio.create_task(bus.tell([published()]))
    await entered.wait()
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
    go_on.set()
    await bus.settled()
    assert heard == [published()]


def facts_of(world: World) -> list[Fact]:
    """Everything told from now on."""
    heard: list[Fact] = []

    async def hear(fact: Fact) -> None:
        heard.append(fact)

    world.eco.bus.listen(Fact, hear)
    return heard


async def test_a_vehicle_that_goes_takes_its_contracts_along_and_everybody_hears_of_both(world: World) -> None:
    contract = await world.subscribed()
    heard = facts_of(world)
    await world.eco.vehicles.delete(PCID)
    # The pool of contracts listens before this test does: what it does comes first.
    assert [type(fact) for fact in heard] == [CertificateRevoked, ContractDeleted, VehicleDeleted]
    deleted = heard[1]
    assert isinstance(deleted, ContractDeleted)
    assert (deleted.emaid, deleted.pcid, deleted.why) == (contract.emaid, PCID, "vehicle deleted")


async def test_cleansing_a_vehicle_cascades_like_deleting_it(world: World) -> None:
    await world.subscribed()
    heard = facts_of(world)
    await world.eco.ca.revoke("oem_leaf")
    assert await world.eco.vehicles.cleanse() == [PCID]
    assert [(type(fact), getattr(fact, "why", "")) for fact in heard] == [
        (CertificateRevoked, ""),
        (CertificateRevoked, ""),
        (ContractDeleted, "vehicle deleted"),
        (VehicleDeleted, "cleansed"),
    ]
    assert await world.eco.pool.contracts(PCID) == []


@pytest.mark.rule("CCP-GET-6")
async def test_a_contract_is_told_when_it_comes_changes_is_handed_out_and_goes(world: World) -> None:
    await world.published()
    heard = facts_of(world)
    contract = await world.eco.mo.subscribe("Ada", PCID)
    await world.eco.mo.subscribe("Ada", PCID, emaid=contract.emaid)
    await world.eco.pool.provide_to_oem(contract.emaid, PCID)
    await world.eco.pool.delete(contract.emaid, skip_revocation=True)
    assert [type(fact) for fact in heard] == [ContractAdded, ContractReplaced, ContractDelivered, ContractDeleted]
    assert {fact.emaid for fact in heard if isinstance(fact, ContractFact)} == {contract.emaid}


async def test_a_revocation_is_told_once_and_known_at_the_responder_when_it_is(world: World) -> None:
    heard = []

    async def ask(fact: CertificateRevoked) -> None:
        heard.append((fact.serial, (await world.eco.ocsp.of(certificate, issuer)).status))

    credentials = leaf_of(world, "contract_leaf", "DEPNCC12345678")
    certificate, issuer = credentials.chain[0], credentials.chain[1]
    assert (await world.eco.ocsp.of(certificate, issuer)).status == "good"
    world.eco.bus.listen(CertificateRevoked, ask)
    await world.eco.ca.revoke_certificate(certificate, "key_compromise")
    await world.eco.ca.revoke_certificate(certificate, "superseded")
    assert heard == [(f"{certificate.serial_number:x}", "revoked")]
    revoked = [one async for one in every(world.eco.store.of(ISSUED)) if one.revoked_at is not None]
    assert [(one.certificate, one.reason) for one in revoked] == [(certificate, "key_compromise")]


async def test_a_responder_says_revoked_of_what_another_process_has_revoked(world: World) -> None:
    certificate = world.vehicle.leaf
    await world.eco.ca.revoke_certificate(certificate)
    world.pki.authority("oem_sub2").registry.revoked.clear()  # as it would be in a process that starts later
    assert (await world.eco.ocsp.of(certificate, world.vehicle.chain[1])).status == "revoked"


async def test_roots_are_told_when_they_come_and_go(world: World) -> None:
    heard = facts_of(world)
    other = create_pki(NOW).certificate("v2g_root")
    der = reading.der(other)
    root = await world.eco.roots.add(der, RootKind.V2G)
    await world.eco.roots.add(der, RootKind.V2G)
    await world.eco.roots.remove(root.id)
    assert [type(fact) for fact in heard] == [RootAdded, RootRemoved]
    removed = heard[1]
    assert isinstance(removed, RootRemoved)
    assert (removed.certificate, removed.kind, removed.why) == (der, "V2G", "withdrawn")


async def test_what_leads_to_a_root_that_has_gone_verifies_no_longer(world: World) -> None:
    await world.published()
    chain = world.vehicle.chain
    assert (await world.eco.verifier.chain(chain, Use.PROVISIONING, gate=refuse)).leaf == chain[0]
    for kind in (RootKind.OEM, RootKind.V2G):
        for root in await world.eco.roots.roots(kind):
            await world.eco.roots.remove(root.id)
    with pytest.raises(ChainError) as refused:
        await world.eco.verifier.chain(chain, Use.PROVISIONING, gate=refuse)
    assert refused.value.kind == "no anchor"
