"""What was acknowledged is there after a kill at any point, and so is every event: a ledger is compared by entries.

Eight kinds of kill come at exact points, in transactions, between commit and delivery, and around a request to an
endpoint; one comes when it comes. Each happens while several clients write.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import doomed
import pytest
from event_receivers import Receiver, receiver
from ledger import Ledger, Unanswered
from msgspec import Struct

KILLS = 32
"""That count: with writes in flight."""
WRITERS = 3
"""Of each kind."""
PATIENCE = 60.0

SUBSCRIPTIONS = {
    "demo-cpo": ("root.cert.added", "root.cert.revoked"),
    "demo-oem": ("oem.contract.created", "oem.contract.deleted"),
    "demo-mo-v2g": ("mo.contract.created.sent.to.oem", "mo.contract.deleted.sent.to.oem", "mo.prov.cert.deleted"),
}


class Services(Struct):
    """The services, started again and again by one program (:mod:`doomed`)."""

    program: asyncio.subprocess.Process
    data: Path
    database: str | None
    port: int
    pid: int = 0

    async def start(self, place: str, count: int) -> dict[str, Any]:
        order = {"data": str(self.data), "database": self.database, "port": self.port, "retry": 0.2}
        assert self.program.stdin is not None
        self.program.stdin.write(json.dumps({**order, "place": place, "count": count}).encode() + b"\n")
        said = await self.said()
        assert "ready" in said, said
        self.pid = said["pid"]
        ready: dict[str, Any] = said["ready"]
        return ready

    def arm(self) -> None:
        os.kill(self.pid, signal.SIGUSR1)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):  # it was quicker
            os.kill(self.pid, signal.SIGKILL)

    async def said(self) -> Any:
        assert self.program.stdout is not None
        return json.loads(await asyncio.wait_for(self.program.stdout.readline(), PATIENCE))


@asynccontextmanager
async def services(data: Path, database: str | None) -> AsyncIterator[Services]:
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec(sys.executable, doomed.__file__, stdin=pipe, stdout=pipe)
    found = Services(program, data, database, _free_port())
    try:
        assert await found.said() == "imported"
        yield found
    finally:
        if found.pid:
            found.kill()
        assert program.stdin is not None
        program.stdin.close()
        await program.wait()


def _free_port() -> int:
    """The same for each start, so that addresses and tokens stay good."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Forgetful(Receiver):
    """Fails the first time with every fifth event: its retry is in hand when the next kill comes."""

    def status_of(self, body: bytes) -> int:
        known = sum(one.body == body for one in self.got) > 1
        return 200 if known or int(json.loads(body)["eventId"][:8], 16) % 5 else 503


async def subscribe(ledger: Ledger, receivers: dict[str, Receiver]) -> None:
    for who, events in SUBSCRIPTIONS.items():
        body = {"url": receivers[who].url, "enabledEvents": list(events)}
        await ledger.done(who, "POST", "/v1/webhook/endpoints", body)


async def load_until_killed(services: Services, ledger: Ledger, place: str, random: Random) -> int:
    """How many writes were in flight."""
    services.arm()
    writers = [ledger.roots_come_and_go() for _ in range(WRITERS)]
    writers += [ledger.vehicles_come_and_go() for _ in range(WRITERS - 1)]
    writers.append(ledger.a_vehicle_leaves() if place == "cascade" else ledger.vehicles_come_and_go())
    writing = [asyncio.ensure_future(one) for one in writers]
    ended = asyncio.ensure_future(services.said())
    if place == "clock":
        enough = asyncio.ensure_future(ledger.steps(random.randint(2, 8)))
        await asyncio.wait([enough, ended], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        enough.cancel()
    await asyncio.wait([ended], timeout=random.uniform(0.0, 0.05) if place == "clock" else 5.0)
    services.kill()
    assert await ended == {"ended": -signal.SIGKILL}
    endings = await asyncio.gather(*writing, return_exceptions=True)
    assert all(isinstance(one, Unanswered) for one in endings), endings
    return ledger.open


def heard(receivers: dict[str, Receiver]) -> dict[str, dict[tuple[str, str], set[str]]]:
    """What each client has heard, and under which event ids."""
    found: dict[str, dict[tuple[str, str], set[str]]] = {who: {} for who in receivers}
    for who, one in receivers.items():
        for came in one.got:
            payload = came.event["payload"]
            subject = payload.get("emaid") or payload["rootCertificateId"]
            found[who].setdefault((came.type, subject), set()).add(came.event["eventId"])
    return found


async def everything_told(ledger: Ledger, receivers: dict[str, Receiver]) -> None:
    """Let the services' time pass until all has come that has to."""
    async with asyncio.timeout(PATIENCE):
        while any(wanted - heard(receivers)[who].keys() for who, wanted in ledger.events().items()):
            for one in receivers.values():
                one.came.clear()
            coming = [asyncio.ensure_future(one.came.wait()) for one in receivers.values()]
            came, waiting = await asyncio.wait(coming, timeout=0.3, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            if not came:
                await ledger.done("demo-admin", "POST", "/admin/clock/advance", {"seconds": 31})
                for vehicle in ledger.vehicles:  # what a cascade had not reached
                    if vehicle.published.there is False and vehicle.contract.there:
                        vehicle.contract.there = None
                await ledger.look()


@pytest.mark.rule("EVT-3", "EVT-4", "PCP-DEL-1")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_what_was_acknowledged_outlives_any_kill_with_its_events(
    tmp_path: Path, request: pytest.FixtureRequest, database: str
) -> None:
    random = Random(f"kills of {database}")
    url = request.getfixturevalue("postgresql_url") if database == "postgresql" else None
    counted: dict[str, int] = dict.fromkeys(doomed.PLACES, 0)
    async with AsyncExitStack() as stack:
        doomed_services = await stack.enter_async_context(services(tmp_path / "data", url))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        receivers = {who: await stack.enter_async_context(receiver(kind=Forgetful)) for who in SUBSCRIPTIONS}
        ledger = Ledger(session, "", random)
        for number in range(KILLS + 18):
            place = doomed.PLACES[number % len(doomed.PLACES)]
            ready = await doomed_services.start(place, random.randint(1, doomed.OFTEN.get(place, 12)))
            if not ledger.base:
                ledger.base = ready["services"]["rcp"]
                await ledger.log_in(ready["clients"])
                await subscribe(ledger, receivers)
            await ledger.look()
            place = "clock" if place == "cascade" and not ledger.one_may_leave() else place
            in_flight = await load_until_killed(doomed_services, ledger, place, random)
            counted[place] += in_flight > 0
            if sum(counted.values()) == KILLS:
                break
        assert sum(counted.values()) == KILLS and min(counted.values()) > 1, counted
        await doomed_services.start("clock", 0)
        await ledger.look()
        await everything_told(ledger, receivers)
        await ledger.look(everything=True)
        assert len(ledger.roots) > 2 * KILLS and all(ledger.events().values())
        for who, events in heard(receivers).items():
            assert events.keys() == ledger.events()[who]
            assert {len(ids) for ids in events.values()} == {1}
