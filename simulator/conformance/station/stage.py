"""Tester and station brought together for one case: ours in a lab, somebody else's at the tester's address."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pncsim.simulator.conformance.at_desk import found
from pncsim.simulator.conformance.case import Case, CaseVerdict, Finding
from pncsim.simulator.conformance.in_lab import in_lab
from pncsim.simulator.conformance.octt import Playing
from pncsim.simulator.conformance.said import AT_THE_DESK
from pncsim.simulator.conformance.station.desk import CsmsDesk
from pncsim.simulator.conformance.station.doors import MemoryDoor, SocketDoor
from pncsim.simulator.conformance.station.hands import LabHand, NotToBeHad, SomebodysHand
from pncsim.simulator.conformance.station.options import StationAtCsms, listening_at
from pncsim.simulator.conformance.suite import Bench
from pncsim.simulator.plan import CsmsPlan, Plan, SecurityProfile, StationPlan

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

SETTLES = 0.5
"""Seconds somebody else's station has for what it does when it has connected."""
AS_USUAL: Mapping[str, Any] = MappingProxyType({})


class Staged(Struct, frozen=True, kw_only=True):
    """What a case does, and what a station of ours is like for it; somebody else's is as it is.

    ``boots``: the case begins before the station does. ``profile``: by which security profile it comes in. ``evses``:
    how many it has. ``wishes``: fields of :class:`secc.config.SeccConfig`. ``commissioned``: it has its certificate.
    """

    play: Playing
    boots: bool = False
    profile: SecurityProfile | None = None
    evses: int = 1
    wishes: Mapping[str, Any] = AS_USUAL

    async def __call__(self, desk: CsmsDesk) -> None:
        """Do it."""
        await self.play(desk)


async def run_at_desk(case: Case, bench: Bench) -> Finding:
    """The case against the station of ``bench``. Raises LocalError for what cannot be done here."""
    options = bench.options
    assert isinstance(options, StationAtCsms)
    staged = case.how if isinstance(case.how, Staged) else Staged(play=case.how)

    async def play(lab: Lab) -> Finding:
        desk = await (_at_target if bench.target else _at_ours)(lab, bench, options, staged)
        lab.trace.subscribe(desk)
        try:
            return await found(lambda: _played(desk, staged))
        except NotToBeHad as nobody:
            return Finding(CaseVerdict.NOT_APPLICABLE, str(nobody))
        finally:
            await desk.hand.away()
            await desk.leave()

    return await in_lab(case, bench, _plan(bench, staged), options.pki, play, AT_THE_DESK)


def _plan(bench: Bench, staged: Staged) -> Plan:
    if bench.target:
        return Plan(stations=(StationPlan(identity=listening_at(bench.target).identity, foreign=True),))
    return Plan(csmss=(CsmsPlan(security_profile=staged.profile),), stations=(StationPlan(evses=staged.evses),))


async def _played(desk: CsmsDesk, staged: Staged) -> None:
    if isinstance(desk.hand, LabHand):
        if not staged.boots:
            await desk.hand.up()
    else:
        await desk.arrived(desk.options.wait)
        await desk.clock.sleep(SETTLES)  # one that comes for the first time boots, and tells of its connectors
    desk.mark()
    await staged.play(desk)


async def _at_ours(lab: Lab, bench: Bench, options: StationAtCsms, staged: Staged) -> CsmsDesk:
    back, identity = await lab.region.back_end(), lab.plan.stations[0].identity
    profile = staged.profile or 2
    serving = trusted = shown = None
    if staged.profile is not None and staged.profile > 1:
        entrance = back.entrance
        serving, trusted = entrance.pki.credentials("csms_server"), entrance.root
        shown = entrance.stations.get(identity)
    door = MemoryDoor(back.csms, identity, profile, serving, trusted, shown)
    back.connect = door.connect
    await back.csms.register.booted(identity, "Accepted")
    hand = LabHand(lab, identity, dict(staged.wishes))
    return CsmsDesk(door, hand, lab.clock, options, bench.pics, pki=back.pki, services=back.services, foreign=False)


async def _at_target(lab: Lab, bench: Bench, options: StationAtCsms, staged: Staged) -> CsmsDesk:
    at, back = listening_at(bench.target), await lab.region.back_end()
    await back.csms.register.add(at.identity, options.secret)
    await back.csms.register.booted(at.identity, "Accepted")
    serving = back.pki.credentials("csms_server") if at.secured else None
    below = back.pki.anchors("csms_root") if at.secured and options.password is None else ()
    door = SocketDoor(back.csms, at, serving, below)
    hand = SomebodysHand(options)
    desk = CsmsDesk(door, hand, lab.clock, options, bench.pics, pki=back.pki, services=back.services, foreign=True)
    await door.open()
    return desk
