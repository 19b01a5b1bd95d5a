"""The suites for services: the requirements of Open Plug&Charge, of the pools and back ends, and of the PKI."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from pncsim.simulator.conformance.case import Case, CaseVerdict, Finding
from pncsim.simulator.conformance.pools.declared import DECLARATIONS
from pncsim.simulator.conformance.pools.desk import seated
from pncsim.simulator.conformance.pools.mutants import MUTANTS
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
from pncsim.simulator.conformance.pools.seen import Unlike
from pncsim.simulator.conformance.suite import Bench, Suite
from pncsim.simulator.settings import Transport
from pncsim.wire.errors import PeerError


async def drive(case: Case, bench: Bench) -> Finding:
    """As :class:`simulator.conformance.suite.Suite`."""
    assert isinstance(bench.options, ServicesUnderTest)
    wrong = MUTANTS[bench.mutant].made() if bench.mutant else nullcontext()
    with wrong:
        return await _held(case, bench.target, bench.options.credentials)


async def _held(case: Case, target: str, credentials: Path | None) -> Finding:
    async with seated(target, credentials) as desk:
        try:
            await desk.who("ADMIN").token()
        except PeerError as error:
            return Finding(CaseVerdict.ERROR, error.sentence, unreached=error.kind in ("unreachable", "silent"))
        try:
            await case.how(desk)
        except Unlike as unlike:
            return Finding(CaseVerdict.FAIL, str(unlike))
    return Finding(CaseVerdict.PASS)


def transport(bench: Bench) -> Transport:
    """Services are called over HTTP, ours on this machine."""
    return "loopback"


TARGETS = "ready file of pnc serve ecosystem, or base URL of the services"

_ROWS = (access, root_pool, vehicle_pool, contract_service, contract_pool, events)

POOLS = Suite(
    name="pools",
    title="Open Plug&Charge: pools, certificate provisioning, back ends and events",
    cases=tuple(
        case
        for rows in (access, root_pool, vehicle_pool, contract_service, contract_pool, events)
        for case in rows.CASES
    ),
    declarations=DECLARATIONS,
    drive=drive,
    transport=transport,
    own="services of ours, on this machine",
    targets=TARGETS,
    options=ServicesUnderTest,
    mutants=MUTANTS,
)

PKI = Suite(
    name="pki",
    title="Open Plug&Charge: enrolment, OCSP and revocation lists",
    cases=tuple(pki.CASES),
    declarations=DECLARATIONS,
    drive=drive,
    transport=transport,
    own="services of ours, on this machine",
    targets=TARGETS,
    options=ServicesUnderTest,
    mutants=MUTANTS,
)
