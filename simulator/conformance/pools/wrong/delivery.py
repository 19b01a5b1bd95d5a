"""Contract pools of ours that hand vehicles what is wrong in one point."""

from __future__ import annotations

from collections.abc import Iterable

from pncsim.backend.bundle import NO_SESSION, SignedContractData
from pncsim.backend.ccp import delivery, responses, service, steps
from pncsim.backend.ccp.delivery import BundleDelivery
from pncsim.backend.ccp.responses import ContractRequest
from pncsim.backend.ccp.store import StoredContract
from pncsim.simulator.conformance.put import comes_to, gives, wrong
from pncsim.tls_certs import reading
from pncsim.tls_certs.validation import Use
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import codec
from pncsim.wire.values import replace

_right_order = delivery._ordered


def _unsigned(request: ContractRequest, session_id: bytes, bundle: SignedContractData) -> bytes:
    message = bundle.installation_response(session_id)
    bare = iso2.V2G_Message(Header=iso2.MessageHeaderType(SessionID=session_id), Body=message.Body)
    return codec("iso2").encode(bare)


def _changed(request: ContractRequest, session_id: bytes, bundle: SignedContractData) -> bytes:
    emaid = replace(bundle.emaid, Id="id9")
    return responses.positive(request, session_id, replace(bundle, emaid=emaid))


def _in_no_session(request: ContractRequest, session_id: bytes, bundle: SignedContractData) -> bytes:
    return responses.positive(request, NO_SESSION, bundle)


async def _all_roots(pool: BundleDelivery, ids: Iterable[object]) -> tuple[str, ...]:
    return tuple(reading.fingerprint(reading.der(root)) for root in await pool._verifier.anchors(Use.CPS))


def _latest_first(contracts: list[StoredContract], policy: object) -> list[StoredContract]:
    return _right_order(contracts, "most-recent")


WRONG = wrong(
    (
        "any-signature",
        "the signature of a vehicle's request is not checked",
        BundleDelivery,
        "_check_signature",
        gives(None),
        ("CCP-GET-2",),
    ),
    (
        "unsigned-contracts",
        "vehicles get contracts without their signature",
        service,
        "positive",
        _unsigned,
        ("CCP-GET-1", "CPS-12"),
    ),
    (
        "changed-on-delivery",
        "a signed part is changed when a vehicle is answered",
        service,
        "positive",
        _changed,
        ("CPS-12", "CCP-GET-1"),
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
        comes_to(None),
        ("CCP-GET-6",),
    ),
)
