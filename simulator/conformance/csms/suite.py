"""The suite for management systems: cases of the OCPP Compliance Testing Tool that a station can hold a CSMS to."""

from __future__ import annotations

from contextlib import nullcontext

from pncsim.simulator.conformance.case import Case, CaseVerdict, Finding
from pncsim.simulator.conformance.csms.declared import DECLARATIONS, PENDING
from pncsim.simulator.conformance.csms.desk import stationed
from pncsim.simulator.conformance.csms.mutants import WRONG
from pncsim.simulator.conformance.csms.options import CsmsUnderTest
from pncsim.simulator.conformance.csms.rows import contracts, door, messages, transactions
from pncsim.simulator.conformance.pools.seen import Unlike
from pncsim.simulator.conformance.suite import Bench, Suite
from pncsim.simulator.settings import Transport
from pncsim.wire.errors import PeerError
from pncsim.wire.source import SYSTEM, Seeded


async def drive(case: Case, bench: Bench) -> Finding:
    """As :class:`simulator.conformance.suite.Suite`."""
    assert isinstance(bench.options, CsmsUnderTest)
    pending = case.when == PENDING  # ours can be either; somebody's is as its operator has set it
    source = SYSTEM if bench.seed is None or bench.target else Seeded(bench.seed)
    wrong = WRONG[bench.mutant].made() if bench.mutant else nullcontext()
    with wrong:
        async with stationed(bench.target, bench.options, pending=pending, source=source) as desk:
            try:
                await case.how(desk)
            except Unlike as unlike:
                return Finding(CaseVerdict.FAIL, str(unlike))
            except PeerError as error:
                if error.kind != "unreachable":
                    raise
                return Finding(CaseVerdict.ERROR, error.sentence, unreached=True)
    return Finding(CaseVerdict.PASS)


def transport(bench: Bench) -> Transport:
    """Our own is met in memory, somebody's over a WebSocket."""
    return "loopback" if bench.target else "memory"


CSMS = Suite(
    name="csms",
    title="OCPP 2.0.1: management systems, as the OCPP Compliance Testing Tool holds them to it",
    cases=tuple(case for rows in (door, messages, transactions, contracts) for case in rows.CASES),
    declarations=DECLARATIONS,
    drive=drive,
    transport=transport,
    own="a CSMS of ours, in memory",
    targets="ws(s)://HOST[:PORT]/PATH/ID, where ID is the station the tester plays",
    options=CsmsUnderTest,
    mutants=WRONG,
)
