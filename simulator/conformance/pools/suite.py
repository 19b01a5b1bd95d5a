"""The suites for services: the requirements of Open Plug&Charge, of the pools and back ends, and of the PKI."""

from __future__ import annotations

from types import ModuleType

from pncsim.simulator.conformance.at_desk import at_desk
from pncsim.simulator.conformance.case import Case, Finding
from pncsim.simulator.conformance.pools.declared import DECLARATIONS
from pncsim.simulator.conformance.pools.desk import TestDesk, seated
from pncsim.simulator.conformance.pools.mutants import UNKILLED, WRONG
from pncsim.simulator.conformance.pools.options import ServicesUnderTest
from pncsim.simulator.conformance.pools.rows import (
    access,
    contract_pool,
    contract_service,
    events,
    pki,
    root_pool,
    vehicle_pool,
)
from pncsim.simulator.conformance.suite import Bench, Suite, made_wrong
from pncsim.simulator.lab.elsewhere.callers import known_services
from pncsim.simulator.settings import Transport
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.values import replace


async def drive(case: Case, bench: Bench) -> Finding:
    """As :class:`simulator.conformance.suite.Suite`."""
    assert isinstance(bench.options, ServicesUnderTest)
    with made_wrong(bench, WRONG):
        async with seated(bench.target, bench.options.credentials) as desk:

            async def play() -> None:
                await _let_in(desk)
                await case.how(desk)

            return await at_desk(case, bench, desk.clock, desk.trace, "loopback", play)


async def _let_in(desk: TestDesk) -> None:
    """Whether anybody is there who lets the tester in. Without that no case says anything: raises PeerError."""
    try:
        await desk.who("ADMIN").token()
    except PeerError as error:
        advice = "Are the address and --credentials right?"
        raise PeerError(error.sentence, kind="unreachable", advice=advice) from error


def check(bench: Bench) -> None:
    """As :class:`simulator.conformance.suite.Suite`."""
    assert isinstance(bench.options, ServicesUnderTest)
    if "://" in bench.target and "@" in bench.target.partition("://")[2].partition("/")[0]:
        raise LocalError("Who calls is not said in the address of the services.", advice="Give --credentials FILE.")
    if bench.target:
        known_services(bench.target, bench.options.credentials)


def transport(bench: Bench) -> Transport:
    """Services are called over HTTP, ours on this machine."""
    return "loopback"


def _suite(name: str, title: str, *rows: ModuleType) -> Suite:
    cases = tuple(case for part in rows for case in part.CASES)
    ids = {case.id for case in cases}
    seen = {name: replace(one, kills=tuple(id for id in one.kills if id in ids)) for name, one in WRONG.items()}
    return Suite(
        name=name,
        title=title,
        cases=cases,
        declarations=DECLARATIONS,
        drive=drive,
        transport=transport,
        own="services of ours, on this machine",
        targets="ready file of pnc serve ecosystem, or base URL of the services",
        options=ServicesUnderTest,
        check=check,
        mutants={name: one for name, one in seen.items() if one.kills},
        unkilled={id: why for id, why in UNKILLED.items() if id in ids},
    )


POOLS = _suite(
    "pools",
    "Open Plug&Charge: pools, certificate provisioning, back ends and events",
    access,
    root_pool,
    vehicle_pool,
    contract_service,
    contract_pool,
    events,
)
PKI = _suite("pki", "Open Plug&Charge: enrolment, OCSP and revocation lists", pki)
