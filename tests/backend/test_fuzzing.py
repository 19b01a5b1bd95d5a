"""Each service against its own document, with requests a foreign program makes up: right ones and wrong ones.

No answer may be a fault (5xx), and each has to be one the document has: status, media type, body. Bounded, and the same
requests each time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from backend_world import NOW, open_world
from face_world import CLIENTS, Faces, open_faces
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pncsim.backend.faces import FACES
from pncsim.tls_certs.pki import add_authorities
from pncsim.tls_certs.profiles import CONTRACT_SERVICE_PROFILES

EXAMPLES = 6
"""Requests of either kind for each operation; a service with many paths to the same operation gets fewer for each."""
MANY = 30
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CLIENT_OF = {role: who for who, (role, _, _) in reversed(CLIENTS.items())}


@schemathesis.serializer("application/pkcs10", "application/ocsp-request")
def octets(context: schemathesis.SerializationContext, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def faces() -> Iterator[Faces]:
    """Everything on one port, in a loop of its own: who makes requests up waits for each answer."""
    loop, ready, end = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    found: list[Faces] = []
    wrong: list[BaseException] = []

    async def serve() -> None:
        world = await open_world()
        add_authorities(world.pki, CONTRACT_SERVICE_PROFILES, NOW)
        await world.subscribed()
        async with open_faces(world) as faces:
            found.append(faces)
            ready.set()
            await end.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:
            wrong.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(30)
    yield found[0]
    loop.call_soon_threadsafe(end.set)
    thread.join(30)
    loop.close()
    for error in wrong:
        raise error


@pytest.mark.parametrize("service", tuple(FACES))
def test_no_request_made_up_from_the_document_is_answered_in_a_way_that_is_not_in_it(
    faces: Faces, service: str
) -> None:
    with requests.Session() as session:
        made = session.get(f"{faces.url}/openapi/{service}.json", timeout=10).json()
        found = list(schemathesis.openapi.from_dict(made).get_all_operations())
        operations = [one.ok() for one in found if isinstance(one, Ok)]
        assert operations and len(operations) == len(found)
        statuses: set[int] = set()
        for operation in operations:
            raw = operation.definition.raw
            who = CLIENT_OF[raw["x-roles"][0]] if "x-roles" in raw else None
            headers = {} if who is None else {"Authorization": f"Bearer {faces.tokens[who]}"}
            examples = EXAMPLES if len(operations) < MANY else 1
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                try_operation(operation, mode, examples, session, headers, faces.url, statuses)
        assert statuses


def try_operation(
    operation: schemathesis.APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    examples: int,
    session: requests.Session,
    headers: dict[str, str],
    url: str,
    statuses: set[int],
) -> None:
    """Send requests of one kind and judge the answers."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def judge(case: Case[Any]) -> None:
        response = case.call(base_url=url, session=session, headers=headers, timeout=10)
        case.validate_response(response, checks=CHECKS)
        statuses.add(response.status_code)

    try:
        judge()
    except Unsatisfiable:
        # Where everything is right nothing wrong can be sent.
        assert mode is GenerationMode.NEGATIVE, operation.label
