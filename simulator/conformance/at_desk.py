"""A case that is played step by step at a tester's desk: the verdict, and the evidence of what was said there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pncsim.backend.refusal import Refused
from pncsim.simulator.conformance.case import Case, CaseVerdict, Finding
from pncsim.simulator.conformance.said import AT_THE_DESK, Ear
from pncsim.simulator.conformance.suite import Bench
from pncsim.simulator.conformance.unlike import Unlike
from pncsim.simulator.result import Check, RunResult
from pncsim.simulator.settings import Transport
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.trace import Trace
from pncsim.wire.values import replace


async def at_desk(
    case: Case, bench: Bench, clock: Clock, trace: Trace, transport: Transport, play: Callable[[], Awaitable[None]]
) -> Finding:
    """What ``play`` comes to; with a folder for it (``bench.evidence``), what ``trace`` told meanwhile is kept there.

    Raises LocalError for what cannot be done here.
    """
    ear = Ear(AT_THE_DESK)
    if bench.target:
        trace.subscribe(ear)
    if bench.evidence is None:
        return replace(await found(play), said=ear.told(None))
    from pncsim.simulator.evidence.folder import Recorder

    began = clock.now()
    recorder = Recorder(bench.evidence, case.id, began, in_process=transport == "memory", live=transport != "memory")
    recorder.listen(trace)
    result = RunResult(case.id, transport)
    try:
        finding = await found(play)
        passed = finding.verdict is CaseVerdict.PASS
        result.checks.append(Check(case.expectation, passed, finding.why, id=case.id, clause=case.source))
        result.lab_seconds = clock.now() - began
        folder = recorder.finish(result, ended=clock.now(), options={}, clauses=(case.source,))
    finally:
        recorder.close()
    return replace(finding, evidence="" if folder is None else str(folder), said=ear.told(None))


async def found(play: Callable[[], Awaitable[None]]) -> Finding:
    """What ``play`` comes to, by what it raises. Raises LocalError for what cannot be done here."""
    try:
        await play()
    except Unlike as unlike:
        return Finding(CaseVerdict.FAIL, str(unlike))
    except PeerError as error:
        # A service that says 502 was reached; nobody else was, whom it needs.
        if error.kind == "unreachable" and not isinstance(error, Refused):
            return Finding(CaseVerdict.ERROR, str(error), unreached=True)
        return Finding(CaseVerdict.INCONCLUSIVE, str(error))
    return Finding(CaseVerdict.PASS)
