"""What comes before any message: SDP, its V2GTP header, and for how long a station that was plugged in is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from pncsim.simulator.conformance.case import CaseVerdict, Finding
from pncsim.simulator.conformance.secc.step import SETUP_TIMEOUT, Setting, joined
from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.network import SdpError, SeccAddress
from pncsim.wire.v2g.sdp import WAIT, Security, Wish
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.simulator.conformance.secc.rig import Rig

SDP_TIMEOUT = 1.25
"""Seconds a tester waits for an answer to SDP (par_EVCC_SDP_Timeout)."""
LATE = SETUP_TIMEOUT + 4.0
"""Seconds after plug-in at which nothing is to be found any more: 18 to 20 s, and some."""

_KINDS = {Security.TLS: "TLS", Security.NONE: "no TLS"}


class Search(Struct, frozen=True, kw_only=True):
    """A vehicle is plugged in and asks by SDP. ``wish``: for what, or with which octets.

    ``answer``: the kind of connection that has to be answered, be it any; None: nothing. ``late``: it asks only when
    a session should have been set up by then; a station that answers in time is asked again.
    """

    stimulus: str
    wish: Wish
    answer: Security | Literal["any"] | None = None
    late: bool = False
    setting: Setting = Setting()

    @property
    def precondition(self) -> str:
        """For people."""
        return "The vehicle is plugged in, and nothing was sent yet."

    @property
    def expectation(self) -> str:
        """For people."""
        if self.answer is None:
            return f"No answer within {SDP_TIMEOUT:g} s; a right request is answered."
        said = "" if self.answer == "any" else f", that says {_KINDS[self.answer]}"
        return f"An SDP response with a V2GTP header as it has to be{said}."

    def within(self, *settings: Setting) -> Search:
        """As :class:`simulator.conformance.secc.step.CaseStep`."""
        return replace(self, setting=joined(self.setting, *settings))

    async def play(self, rig: Rig, vehicle: Vehicle) -> Finding:
        """Ask."""
        await rig.plug_in()
        right = Security.NONE if isinstance(self.wish, bytes) or self.answer is Security.NONE else Security.TLS
        if self.answer is not None:
            return self._judged(await found(rig, self.wish))
        there = await found(rig, self.wish if self.late else right)
        if there is None:
            return rig.unfound("No station answers by SDP.")
        if self.late:
            await rig.lab.clock.sleep(LATE)
        again = await found(rig, self.wish)
        if again is not None:
            return Finding(CaseVerdict.FAIL, f"It answered: {_KINDS[again.security]} at port {again.port}.")
        return Finding(CaseVerdict.PASS, "no answer")

    def _judged(self, there: SeccAddress | None) -> Finding:
        if there is None:
            return Finding(CaseVerdict.FAIL, f"It did not answer within {SDP_TIMEOUT:g} s.")
        said = _KINDS[there.security]
        good = self.answer in ("any", there.security)
        return Finding(CaseVerdict.PASS if good else CaseVerdict.FAIL, f"The answer says {said}.")


class LateConnection(Struct, frozen=True, kw_only=True):
    """A vehicle that has found the station connects only when a session should have been set up by then."""

    setting: Setting = Setting()
    stimulus: str = f"a connection {LATE:g} s after plug-in"
    precondition: str = "The vehicle is plugged in and has found the station by SDP."
    expectation: str = "The connection is refused, or closed without a word."

    def within(self, *settings: Setting) -> LateConnection:
        """As :class:`simulator.conformance.secc.step.CaseStep`."""
        return LateConnection(setting=joined(self.setting, *settings))

    async def play(self, rig: Rig, vehicle: Vehicle) -> Finding:
        """Connect too late."""
        await rig.plug_in()
        there = await found(rig, Security.NONE if vehicle.config.tls == "off" else Security.TLS)
        if there is None:
            return rig.unfound("No station answers by SDP.")
        await rig.lab.clock.sleep(LATE)
        try:
            stream = await rig.network.connect(there, rig.voice(vehicle))
        except PeerError as error:
            return Finding(CaseVerdict.PASS, error.sentence)
        try:
            async with rig.lab.clock.timeout(SDP_TIMEOUT):
                said = await stream.read()
        except TimeoutError:
            return Finding(CaseVerdict.FAIL, "It took the connection and keeps it open.")
        except PncError as error:
            return Finding(CaseVerdict.PASS, error.sentence)
        finally:
            stream.abort()
        return Finding(CaseVerdict.FAIL if said else CaseVerdict.PASS, "It closed the connection.")


LATE_CONNECTION = LateConnection()


async def found(rig: Rig, wish: Wish) -> SeccAddress | None:
    """What answers by SDP in the tester's time; None for nobody."""
    try:
        return await rig.network.find(wish, rig.voice(), attempts=round(SDP_TIMEOUT / WAIT))
    except SdpError:
        return None
