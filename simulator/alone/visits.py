"""The visits at a lone station: one verdict for each, and one for all."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from pncsim.secc.charge_point import ChargePoint
from pncsim.secc.reception import Reception, Visit
from pncsim.simulator.alone.options import StationOptions
from pncsim.simulator.alone.verdicts import first_sentence
from pncsim.simulator.result import Verdict
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PncError

SayVerdict = Callable[[str, Verdict, str], int]
"""Prints the verdict on somebody; the exit code."""


class VisitVerdict(Struct, frozen=True):
    """A verdict, what it rests on, and the energy that was delivered."""

    verdict: Verdict
    said: str
    energy_wh: float = 0.0


def judged(visit: Visit) -> VisitVerdict:
    """The verdict on one visit: that on the connection that counts; handshakes that failed before it are told."""
    visitor = visit.visitor
    if visit.left_without_charging:
        said = f"the vehicle left without charging (state: {visitor.state})"
    else:
        why = first_sentence(visitor.error.sentence if visitor.error else visitor.reason)
        said = f"{why}; {visitor.energy_wh / 1000:.3f} kWh delivered"
    if visit.refused:
        first = visit.refused[0]
        why = first_sentence(first.error.sentence if first.error else first.reason)
        said = f"{said}; a TLS handshake had failed before: {why}"
    failed = visitor.error is not None or visit.left_without_charging
    return VisitVerdict(Verdict.FAIL if failed else Verdict.PASS, said, visitor.energy_wh)


class Visits:
    """Serves vehicles at ``site`` until as many have come as ``options`` say, or none comes any more.

    ``say`` is called for each visit as soon as it is over, where more than one is waited for, and by :meth:`conclude`.
    """

    def __init__(self, site: ChargePoint, options: StationOptions, clock: Clock, say: SayVerdict) -> None:
        self._site, self._options, self._say = site, options, say
        self._wanted = None if options.forever else options.sessions
        self._reception = Reception(site.evse(), clock)
        self._so_far: list[VisitVerdict] = []
        self._ended: VisitVerdict | None = None

    async def serve(self) -> None:
        """Open the station and see to its vehicles."""
        try:
            await self._site.open(lenient=self._options.ocsp != "require")
        except LocalError as error:
            self._ended = VisitVerdict(Verdict.ERROR, str(error))  # nobody has told it yet
            return
        except PncError as error:
            self._ended = VisitVerdict(Verdict.FAIL, first_sentence(error.sentence))
            return
        self._await_vehicle("a")
        while self._wanted is None or len(self._so_far) < self._wanted:
            visit = await self._reception.visit(self._options.wait)
            if visit is None:
                self._ended = VisitVerdict(Verdict.FAIL, f"no vehicle came within {self._options.wait:g} s")
                return
            try:
                await self._site.heard()
            finally:
                self._add(visit)
            if self._wanted is None or len(self._so_far) < self._wanted:
                self._await_vehicle("the next")

    def conclude(self, *, broken_off: bool = False) -> int:
        """Say the verdict on all visits; the exit code. ``broken_off``: somebody has ended the station meanwhile."""
        for visit in self._reception.untaken if broken_off else ():
            self._add(visit)
        whole = self._whole()
        return 0 if whole is None else self._say("secc", whole.verdict, whole.said)

    def _whole(self) -> VisitVerdict | None:
        """The verdict on all visits; None where somebody has ended the station before there was any."""
        if self._wanted == 1 or not self._so_far:
            return self._ended or next(iter(self._so_far), None)
        passed = sum(one.verdict is Verdict.PASS for one in self._so_far)
        energy = sum(one.energy_wh for one in self._so_far)
        said = f"{passed} of {len(self._so_far)} visits passed; {energy / 1000:.3f} kWh delivered"
        good = passed == len(self._so_far)
        if self._ended is not None:
            said = f"{said}; then {self._ended.said}"
            # Who serves for ever has served all there were to serve.
            good = good and self._wanted is None
        return VisitVerdict(Verdict.PASS if good else Verdict.FAIL, said, energy)

    def _add(self, visit: Visit) -> None:
        one = judged(visit)
        self._so_far.append(one)
        if self._wanted != 1:
            self._say(f"secc visit {len(self._so_far)}", one.verdict, one.said)

    def _await_vehicle(self, which: str) -> None:
        evse = self._site.evse()
        evse.voice.story(f"Waiting for {which} vehicle at {' and '.join(evse.where)}.")
