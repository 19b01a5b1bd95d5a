"""Contract pools of ours that hand out what is wrong in one point, and events that are (see ``mutants``)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pncsim.backend.bundle import NO_SESSION, SignedContractData
from pncsim.backend.ccp import delivery, responses, service, steps
from pncsim.backend.ccp.delivery import BundleDelivery
from pncsim.backend.ccp.responses import ContractRequest
from pncsim.backend.ccp.store import StoredContract
from pncsim.backend.rest.access import Grant
from pncsim.backend.webhooks import outbox, payloads, sender
from pncsim.simulator.conformance.put import wrong
from pncsim.tls_certs import reading
from pncsim.tls_certs.validation import Use
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import codec

_right_order = delivery._ordered


def _unsigned(request: ContractRequest, session_id: bytes, bundle: SignedContractData) -> bytes:
    message = bundle.installation_response(session_id)
    bare = iso2.V2G_Message(Header=iso2.MessageHeaderType(SessionID=session_id), Body=message.Body)
    return codec("iso2").encode(bare)


def _in_no_session(request: ContractRequest, session_id: bytes, bundle: SignedContractData) -> bytes:
    return responses.positive(request, NO_SESSION, bundle)


async def _all_roots(pool: BundleDelivery, ids: Iterable[object]) -> tuple[str, ...]:
    return tuple(reading.fingerprint(reading.der(root)) for root in await pool._verifier.anchors(Use.CPS))


def _latest_first(contracts: list[StoredContract], policy: object) -> list[StoredContract]:
    return _right_order(contracts, "most-recent")


async def _untold(*args: object) -> None:
    return None


def _yes(*args: object) -> bool:
    return True


def _by_nobody(secret: str, body: bytes) -> dict[str, str]:
    return payloads.signatures("", body)


def _of_some_type(*args: Any) -> bytes:
    event = json.loads(payloads.body_of(*args))
    event["type"] = event.pop("eventType")
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


MUTANTS = wrong(
    (
        "unsigned-contracts",
        "vehicles get contracts without their signature",
        service,
        "positive",
        _unsigned,
        ("CCP-GET-1", "CPS-12"),
    ),
    (
        "unlisted-roots",
        "which roots a vehicle lists is not looked at",
        BundleDelivery,
        "_vehicle_roots",
        _all_roots,
        ("CCP-GET-3",),
    ),
    (
        "latest-contract",
        "a vehicle gets its latest contract, not its default",
        delivery,
        "_ordered",
        _latest_first,
        ("CCP-GET-4",),
    ),
    (
        "no-session",
        "messages to vehicles name no session",
        service,
        "positive",
        _in_no_session,
        ("CCP-GET-5",),
    ),
    (
        "untold-deliveries",
        "nobody hears that a contract was handed out",
        steps,
        "delivered",
        _untold,
        ("CCP-GET-6",),
    ),
    (
        "any-vehicle",
        "every manufacturer owns every vehicle of everybody",
        Grant,
        "owns_vehicle",
        _yes,
        ("EVT-1", "ACC-5"),
    ),
    (
        "unkeyed-events",
        "events are signed with no secret",
        sender,
        "signatures",
        _by_nobody,
        ("EVT-2",),
    ),
    (
        "untyped-events",
        "events have a type where their eventType is due",
        outbox,
        "body_of",
        _of_some_type,
        ("EVT-5",),
    ),
)
