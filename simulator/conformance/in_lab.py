"""A case that is played in a lab: each attempt is a run (:mod:`simulator.runs.run`), whose evidence is that of any."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pncsim.simulator.conformance.case import Case, CaseVerdict, Finding
from pncsim.simulator.conformance.said import ON_THE_LINK, Ear
from pncsim.simulator.conformance.suite import Bench, ahead_for_ours
from pncsim.simulator.plan import OtherSide, Plan
from pncsim.simulator.result import Check
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings
from pncsim.tls_certs.pki import load_pki
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


async def in_lab(
    case: Case,
    bench: Bench,
    plan: Plan,
    pki: Path | None,
    play: Callable[[Lab], Awaitable[Finding]],
    hears: tuple[type[Event], ...] = ON_THE_LINK,
) -> Finding:
    """What ``play`` finds in a lab of ``plan`` and the PKI folder ``pki``.

    ``hears``: what of that is worth keeping of somebody else's device.
    Time runs ahead for a device of ours; somebody else's takes its own. Raises LocalError for what cannot be done here.
    """
    found: list[Finding] = []
    ear = Ear(hears)

    async def story(lab: Lab) -> None:
        if bench.target:
            lab.trace.subscribe(ear)
        finding = await play(lab)
        found.append(finding)
        run.result.checks.append(
            Check(case.expectation, finding.verdict is CaseVerdict.PASS, finding.why, id=case.id, clause=case.source)
        )

    run = Run(
        Scenario(case.id, case.title, (case.source,), story, plan=plan),
        settings=RunSettings(
            transport=ahead_for_ours(bench),
            pki=pki,
            evidence=bench.evidence,
            seed=None if bench.target else bench.seed,
        ),
    )
    result = await run.done()
    if not found:
        raise LocalError(result.error or "The case came to no end.")
    kept = "" if result.evidence is None else str(result.evidence)
    return replace(found[0], evidence=kept, said=ear.told(found[0].since))


def check_lab(link: OtherSide | None, pki: Path | None) -> None:
    """Raise LocalError where the interface of ``link`` or the PKI folder is not there."""
    if link is not None and link.interface is not None:
        from pncsim.wire.network.interface import interface_index

        interface_index(link.interface)
    if pki is not None:
        load_pki(pki)


def untrusted(device: str) -> str:
    """What follows where no PKI folder is given, behind another sentence."""
    return f" No PKI folder is given (--pki DIR): no {device} can trust the certificates that are made for each case."
