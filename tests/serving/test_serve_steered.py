"""What a dashboard that has attached can ask of services."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import pytest
from serving_world import options

from pncsim.backend.store import MemoryStore
from pncsim.backend.webhooks.store import DELIVERIES, Delivery, DeliveryState
from pncsim.simulator.attach.entrance import Entrance
from pncsim.simulator.attach.side import Handle, WatchedSide
from pncsim.simulator.attach.steering import ONLY_WATCHED, steering_of
from pncsim.simulator.dashboard.lab_commands import command_on, hello_of
from pncsim.simulator.dashboard.pools_told import MOST, DeliveryLog
from pncsim.simulator.dashboard.reports import (
    AroundTold,
    DoInLab,
    FrameCutter,
    LabHello,
    LabReport,
    RequestDone,
    RunEnded,
    frame,
    report_of,
)
from pncsim.simulator.result import RunResult
from pncsim.simulator.runs.journal import Journal
from pncsim.simulator.serving.standing import served
from pncsim.tls_certs.reading import der, fingerprint
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.trace import Trace
from pncsim.wire.values import replace

R = TypeVar("R", bound=LabReport)


async def test_certificates_are_asked_about_revoked_and_renewed_and_time_moves_where_it_may(tmp_path: Path) -> None:
    commands = steering_of("serve-ecosystem").commands
    async with served(options(tmp_path, test_controls=True), Clock(), Trace()) as house:

        async def done(name: str, **arguments: str) -> str:
            return str(await command_on(house, name, arguments, commands))

        assert (await done("ocsp-status")).endswith("contract_leaf: good.")
        assert "superseded" in await done("revoke", reason="superseded")
        assert (await done("ocsp-status")).endswith("contract_leaf: revoked.")
        assert "renewed" in await done("renew-authorities")
        assert "signs with a new certificate" in await done("renew")
        assert "mo_sub2 is certified anew" in await done("renew", whose="mo_sub2")
        with pytest.raises(LocalError, match="cannot be certified anew"):
            await done("renew", whose="contract_leaf")
        print = fingerprint(der(house.ecosystem.pki.root("contract_leaf")))
        assert "no longer in the root pool. What" in await done("remove-root", whose=print[:12], purge="yes")
        with pytest.raises(PncError, match="has no contract"):
            await done("end-contract", emaid="DEPNCC12345678")
        with pytest.raises(LocalError, match="Did you mean mo_sub2"):
            await done("revoke", whose="mo_sub")
        assert "UTC here" in await done("move-clock", hours="2")
        assert "cpo_sub2 has expired: it is 20" in await done("expire", whose="cpo_sub2")
        with pytest.raises(LocalError, match="expired already"):
            await done("expire", whose="cpo_sub2")
        house.clock = None
        with pytest.raises(LocalError, match="--test-controls"):
            await done("move-clock")


async def test_who_has_attached_is_told_the_pki_and_what_is_kept_again_when_something_has_happened(
    tmp_path: Path,
) -> None:
    clock, trace, journal = Clock(), Trace(), Journal()
    trace.subscribe(journal)
    async with served(options(tmp_path, test_controls=True), clock, trace) as house:
        side = WatchedSide(
            kind="serve-ecosystem",
            options={},
            clock=clock,
            started=clock.now(),
            handle=Handle(house),
            journal=journal,
            end=lambda: None,
        )
        entrance, (ours, theirs) = Entrance(side), socket.socketpair()
        entrance.admit(theirs)
        reports = _reports(ours)
        hello, around = await anext(reports), await _next(reports, AroundTold)
        assert isinstance(hello, LabHello) and hello.around and "revoke" in hello.commands
        assert [line.about for line in around.pools if line.pool == "RCP"] == ["V2G root", "MO root", "OEM root"]
        assert {"v2g_root", "cps_leaf", "contract_leaf"} <= {one.role for one in around.certificates}

        ours.setblocking(True)
        ours.sendall(frame(DoInLab("remove-root", {"whose": "oem_root"}, id=1)))
        ours.setblocking(False)
        again = await _next(reports, AroundTold)
        assert [line.about for line in again.pools if line.pool == "RCP"] == ["V2G root", "MO root"]
        assert (await _next(reports, RequestDone)).error == "", "what it brought about is told ahead of it"
        for number in range(MOST + 3):
            await house.ecosystem.store.of(DELIVERIES).add(_delivery(number))
        ours.setblocking(True)
        ours.sendall(frame(DoInLab("ocsp-status", id=2)))
        ours.setblocking(False)
        full = await _next(reports, AroundTold)
        assert full.more["events"] == 3 and [one.about for one in full.deliveries[:1]] == ["EMAID3"]
        entrance.close(RunResult("serve-ecosystem", "alone"))
        assert await _next(reports, RunEnded)
        ours.close()


async def test_of_a_long_log_of_deliveries_the_last_are_told_and_it_is_walked_once() -> None:
    store, log = MemoryStore(), DeliveryLog()
    assert await log.last(store) == ([], 0)
    for number in range(3 * MOST + 10):
        await store.of(DELIVERIES).add(_delivery(number))
    last, before = await log.last(store)
    assert (len(last), before) == (MOST, 2 * MOST + 10) and last[-1].emaid == f"EMAID{3 * MOST + 9}"
    await store.of(DELIVERIES).put(replace(last[0], state=DeliveryState.FAILED))
    await store.of(DELIVERIES).add(_delivery(3 * MOST + 10))
    last, before = await log.last(store)
    assert (len(last), before, last[0].emaid) == (MOST, 2 * MOST + 11, f"EMAID{2 * MOST + 11}")
    anew = MemoryStore()
    await anew.of(DELIVERIES).add(_delivery(1))
    assert [one.emaid for one in (await log.last(anew))[0]] == ["EMAID1"], "a store that has begun anew"


def _delivery(number: int) -> Delivery:
    return Delivery(
        event_id=str(number),
        type="oem.contract.created",
        endpoint="1",
        created_at=1.0,
        emaid=f"EMAID{number}",
        pcid="",
        body=b"{}",
        state=DeliveryState.DELIVERED,
    )


async def _reports(line: socket.socket) -> AsyncIterator[LabReport]:
    line.setblocking(False)
    frames = FrameCutter()
    while octets := await asyncio.get_running_loop().sock_recv(line, 1 << 16):
        for one in frames.feed(octets):
            yield report_of(one)


async def _next(reports: AsyncIterator[LabReport], kind: type[R]) -> R:
    """The next of a kind; the test's own limit ends a wait in vain."""
    async for report in reports:
        if isinstance(report, kind):
            return report
    raise AssertionError(f"no {kind.__name__} has come")


def test_what_is_served_says_what_it_understands() -> None:
    pools = hello_of("serve", "1", steering_of("serve-pools").commands)
    assert set(pools.fields) == {"remove-root", "move-clock", "expire"}
    assert steering_of("serve-operator") is ONLY_WATCHED
