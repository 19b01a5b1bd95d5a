"""What tests ask of an operator's back end: contracts for customers, and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from backend_world import PCID, World, leaf_of
from face_world import Answer, Faces

from pncsim.backend.regularly import DAILY
from pncsim.wire.trace import ServiceCall

MO, OTHER = "/v1/mo/contracts", "PNCSIMVEHICLE00002"
NOT_FOUND = "The OEM provisioning certificate with given PCID is not found."


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def conclude(faces: Faces, who: str = "mo", **more: Any) -> Answer:
    return await faces.call(who, "POST", MO, {"customer": "Ada", "pcid": PCID, "somethingElse": 1, **more})


async def concluded(world: World, faces: Faces, **more: Any) -> str:
    """A contract for a published vehicle, as its operator made it; the EMAID."""
    if await world.eco.vehicles.find(more.get("pcid", PCID)) is None:
        await world.eco.oem.publish(
            world.vehicle if more.get("pcid", PCID) == PCID else leaf_of(world, "oem_leaf", more["pcid"])
        )
    answer = await conclude(faces, **more)
    assert answer.status == 201, answer.body
    emaid: str = answer.body["emaid"]
    return emaid


async def may_charge(faces: Faces, emaid: str) -> str:
    answer = await faces.call("cpo", "POST", "/v1/mo/authorize", {"emaid": emaid})
    assert answer.status == 200, answer.body
    assert set(answer.body) == {"emaid", "status"}
    status: str = answer.body["status"]
    return status


async def told(faces: Faces, customer: str = "Ada", who: str = "mo") -> list[str]:
    answer = await faces.call(who, "GET", f"/v1/mo/customers/{customer}/notices")
    return [notice["subject"] for notice in answer.body["notices"]]


def issued(world: World) -> int:
    calls = [e for e in world.events if isinstance(e, ServiceCall) and e.operation.startswith("issue contract")]
    return len(calls)


async def ocsp(world: World, certificate: Any, issuer: str = "mo_sub2") -> str:
    return (await world.eco.ocsp.of(certificate, world.pki.certificate(issuer))).status


async def days_pass(world: World, days: int) -> None:
    """What the services do once a day."""
    for _ in range(days):
        world.clock.jump(DAILY)
        await world.eco.renew_signers()
        await world.eco.desks.look_after()
